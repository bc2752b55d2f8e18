//! R8: a query refreshes what was not changed here, and keeps what was.

use musher::prelude::*;

use crate::support::*;

/// Another unit of work changes a user and commits.
fn meanwhile(orm: &Orm, id: Id<User>, change: impl FnOnce(&mut User)) -> musher::Result<()> {
    let mut rival = orm.em();
    rival.find_one(id).populate(|u| u.password()).or_fail()?;
    change(&mut rival[id]);
    rival.flush()
}

#[test]
fn r8_find_refreshes_clean_properties_to_none_too() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        em[ann].age = Some(30);
        em.flush()?;
        meanwhile(orm, ann, |ann| {
            ann.age = None;
            ann.bio = "of the rival".into();
        })?;
        em.find_one(ann).or_fail()?;
        assert_eq!(em[ann].age, Some(30), "by key nothing is read");
        em.find::<User>().all()?;
        assert_eq!(em[ann].age, None);
        assert_eq!(em[ann].bio, "of the rival");
        em.flush()?;
        assert_eq!(em.statistics().commits, 1, "what was taken over is clean");
        Ok(())
    });
}

#[test]
fn r8_find_keeps_changed_properties_and_refreshes_the_others() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        em.flush()?;
        meanwhile(orm, ann, |ann| {
            ann.age = Some(31);
            ann.bio = "of the rival".into();
        })?;
        em.set_flush_mode(FlushMode::Commit);
        em[ann].bio = "of mine".into();
        em.find::<User>().all()?;
        assert_eq!(em[ann].bio, "of mine");
        assert_eq!(em[ann].age, Some(31));
        em.flush()?;
        em.clear();
        em.find_one(ann).or_fail()?;
        assert_eq!((em[ann].bio.as_str(), em[ann].age), ("of mine", Some(31)));
        Ok(())
    });
}

#[test]
fn r8_a_property_changed_back_to_the_old_value_is_clean() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        em.flush()?;
        meanwhile(orm, ann, |ann| ann.bio = "of the rival".into())?;
        em.set_flush_mode(FlushMode::Commit);
        em[ann].bio = "changed".into();
        em[ann].bio = String::new();
        em.find::<User>().all()?;
        assert_eq!(em[ann].bio, "of the rival");
        Ok(())
    });
}

#[test]
fn r8_find_refreshes_references_and_the_loaded_collections_follow() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, bob) = (user(&mut em, "ann"), user(&mut em, "bob"));
        let written = article(&mut em, "one", ann);
        em[written].editor = Some(bob);
        em.flush()?;
        let mut rival = orm.em();
        rival.find_one(written).or_fail()?;
        rival[written].author = bob;
        rival[written].editor = None;
        rival.flush()?;
        em.find::<Article>().all()?;
        assert_eq!(em[written].author, bob);
        assert_eq!(em[written].editor, None);
        assert_eq!(em[ann].articles.ids(), []);
        assert_eq!(em[bob].articles.ids(), [written]);
        em.flush()?;
        assert_eq!(em.statistics().commits, 1);
        Ok(())
    });
}

#[test]
fn r8_a_changed_reference_is_kept_by_find() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, bob, cid) = (
            user(&mut em, "ann"),
            user(&mut em, "bob"),
            user(&mut em, "cid"),
        );
        let written = article(&mut em, "one", ann);
        em.flush()?;
        let mut rival = orm.em();
        rival.find_one(written).or_fail()?;
        rival[written].author = bob;
        rival.flush()?;
        em.set_flush_mode(FlushMode::Commit);
        em.edit(written).set_author(cid);
        em.find::<Article>().all()?;
        assert_eq!(em[written].author, cid);
        assert_eq!(em[cid].articles.ids(), [written]);
        em.flush()?;
        em.clear();
        em.find_one(written).or_fail()?;
        assert_eq!(em[written].author, cid);
        Ok(())
    });
}

#[test]
fn r8_refresh_overwrites_what_was_changed() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, bob) = (user(&mut em, "ann"), user(&mut em, "bob"));
        let written = article(&mut em, "one", ann);
        em.flush()?;
        meanwhile(orm, ann, |ann| ann.age = Some(31))?;
        em[ann].bio = "changed".into();
        em.refresh(ann)?;
        assert_eq!((em[ann].bio.as_str(), em[ann].age), ("", Some(31)));
        em.edit(written).set_author(bob);
        em.refresh(written)?;
        assert_eq!(em[written].author, ann);
        assert_eq!(em[ann].articles.ids(), [written]);
        assert_eq!(em[bob].articles.ids(), []);
        em[written].author = bob;
        em.refresh(written)?;
        assert_eq!(em[ann].articles.ids(), [written]);
        em.flush()?;
        assert_eq!(em.statistics().commits, 1);
        Ok(())
    });
}

#[test]
fn r8_refresh_overwrites_lazy_properties_that_are_loaded() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        em.flush()?;
        em[ann].password = "changed".into();
        em.refresh(ann)?;
        assert_eq!(em[ann].password.get().unwrap(), "hashed secret");
        meanwhile(orm, ann, |ann| ann.password = "of the rival".into())?;
        em.refresh(ann)?;
        assert_eq!(em[ann].password.get().unwrap(), "hashed of the rival");
        em.flush()?;
        assert_eq!(em.statistics().commits, 1);
        em.clear();
        em.find_one(ann).or_fail()?;
        em.refresh(ann)?;
        assert!(
            !em[ann].password.is_loaded(),
            "what was not loaded stays so"
        );
        Ok(())
    });
}

#[test]
fn r8_refresh_of_a_row_that_is_gone_is_not_found_and_gives_the_instance_up() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let label = tag(&mut em, "rust");
        em.flush()?;
        let mut rival = orm.em();
        rival.remove(label);
        rival.flush()?;
        assert!(matches!(refused(em.refresh(label)), Error::NotFound { .. }));
        assert!(!em.is_managed(label));
        em.flush()
    });
}

#[test]
fn r8_refresh_brings_a_row_that_was_not_loaded() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let label = tag(&mut em, "rust");
        em.flush()?;
        em.clear();
        em.refresh(label)?;
        assert_eq!(em[label].name, "rust");
        Ok(())
    });
}

#[test]
fn r8_refresh_forgets_that_an_item_was_taken_out_of_its_collection() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let shelf = em.create(Folder::build().name("shelf"));
        let note = em.create(Note::build().text("keep me").folder(shelf));
        em.flush()?;
        em.edit(shelf).notes().remove(note);
        em.refresh(note)?;
        assert_eq!(em[shelf].notes.ids(), [note]);
        em.flush()?;
        em.clear();
        assert_eq!(em.find::<Note>().all()?, [note]);
        Ok(())
    });
}

#[test]
fn r8_a_flush_over_a_row_that_others_have_written_does_not_keep_their_lazy_values_out() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        em.flush()?;
        let told = |em: &EntityManager| em[ann].password.get().cloned();
        for in_transaction in [false, true] {
            let text = format!("changed {in_transaction}");
            if in_transaction {
                em.begin();
            }
            em[ann].bio = format!("mine {in_transaction}");
            if in_transaction {
                em.flush()?;
            }
            meanwhile(orm, ann, |ann| ann.password = text.clone().into())?;
            if in_transaction {
                em.commit()?;
            } else {
                em.flush()?;
            }
            em.find::<User>().all()?;
            assert_eq!(told(&em), Some(format!("hashed {text}")));
        }
        Ok(())
    });
}
