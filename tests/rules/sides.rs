//! R12: whichever side of a relation is edited, the other follows; raw writes are reconciled at the
//! next flush or query.

use musher::prelude::*;

use crate::support::*;

#[test]
fn r12_setting_an_owner_moves_the_item_between_the_loaded_collections() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, bob) = (user(&mut em, "ann"), user(&mut em, "bob"));
        let written = article(&mut em, "one", ann);
        assert_eq!(em[ann].articles.ids(), [written]);
        em.flush()?;
        em.edit(written).set_author(bob);
        assert_eq!(em[ann].articles.ids(), []);
        assert_eq!(em[bob].articles.ids(), [written]);
        assert!(em[ann].articles.is_dirty() && em[bob].articles.is_dirty());
        em.flush()?;
        assert!(!em[ann].articles.is_dirty() && !em[bob].articles.is_dirty());
        Ok(())
    });
}

#[test]
fn r12_adding_to_a_collection_sets_the_owner_and_leaves_the_old_collection() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, bob) = (user(&mut em, "ann"), user(&mut em, "bob"));
        let written = article(&mut em, "one", ann);
        em.flush()?;
        em.edit(bob).articles().add(written);
        assert_eq!(em[written].author, bob);
        assert_eq!(em[ann].articles.ids(), []);
        em.flush()?;
        em.clear();
        em.find_one(bob).populate(|u| u.articles()).or_fail()?;
        assert_eq!(em[bob].articles.ids(), [written]);
        Ok(())
    });
}

#[test]
fn r12_taking_out_of_a_collection_sets_an_optional_owner_to_none() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let gold = badge(&mut em, "gold");
        let owned = page(&mut em, "/a");
        em.edit(gold).pages().add(owned.clone());
        em.flush()?;
        assert_eq!(em[owned.clone()].owner, Some(gold));
        em.edit(gold).pages().remove(owned.clone());
        assert_eq!(em[owned.clone()].owner, None);
        em.flush()?;
        em.clear();
        em.find_one(owned.clone()).or_fail()?;
        assert_eq!(em[owned].owner, None);
        Ok(())
    });
}

#[test]
fn r12_a_many_to_many_follows_from_both_sides() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let (one, two) = (article(&mut em, "one", ann), article(&mut em, "two", ann));
        let (a, b) = (tag(&mut em, "a"), tag(&mut em, "b"));
        em.edit(one).tags().add([a, b]);
        em.edit(a).articles().add(two);
        em.edit(b).articles().remove(one);
        assert_eq!(em[one].tags.ids(), [a]);
        assert_eq!(em[two].tags.ids(), [a]);
        assert_eq!(em[a].articles.ids(), [one, two]);
        assert_eq!(em[b].articles.ids(), []);
        em.flush()?;
        em.clear();
        em.find_one(one).populate(|a| a.tags()).or_fail()?;
        em.find_one(a).populate(|t| t.articles()).or_fail()?;
        em.find_one(b).populate(|t| t.articles()).or_fail()?;
        assert_eq!(em[one].tags.ids(), [a]);
        assert_eq!(em[a].articles.ids(), [one, two]);
        assert_eq!(em[b].articles.ids(), []);
        Ok(())
    });
}

#[test]
fn r12_a_one_to_one_releases_the_old_partner_from_the_owning_side() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, bob) = (user(&mut em, "ann"), user(&mut em, "bob"));
        let old = em.create(Profile::build().text("old").user(ann));
        let new = em.create(Profile::build().text("new").user(bob));
        em.flush()?;
        em.edit(new).set_user(Some(ann));
        assert_eq!(em[ann].profile.get(), Some(new));
        assert_eq!(em[bob].profile.get(), None);
        assert_eq!(em[old].user, None);
        em.flush()?;
        em.clear();
        em.find_one(ann).populate(|u| u.profile()).or_fail()?;
        em.find_one(bob).populate(|u| u.profile()).or_fail()?;
        assert_eq!(em[ann].profile.get(), Some(new));
        assert_eq!(em[bob].profile.get(), None);
        Ok(())
    });
}

#[test]
fn r12_a_one_to_one_releases_the_old_partner_from_the_inverse_side() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, bob) = (user(&mut em, "ann"), user(&mut em, "bob"));
        let old = em.create(Profile::build().text("old").user(ann));
        let new = em.create(Profile::build().text("new").user(bob));
        em.flush()?;
        em.edit(ann).set_profile(Some(new));
        assert_eq!((em[old].user, em[new].user), (None, Some(ann)));
        assert_eq!(em[bob].profile.get(), None);
        em.flush()?;
        em.edit(ann).set_profile(None);
        assert_eq!(em[new].user, None);
        em.flush()?;
        em.edit(ann).set_profile(Some(old));
        em.edit(bob).set_profile(Some(new));
        em.flush()?;
        em.edit(old).set_user(Some(bob));
        em.edit(new).set_user(Some(ann));
        em.flush()?;
        em.clear();
        em.find_one(ann).populate(|u| u.profile()).or_fail()?;
        em.find_one(bob).populate(|u| u.profile()).or_fail()?;
        assert_eq!(em[ann].profile.get(), Some(new));
        assert_eq!(em[bob].profile.get(), Some(old));
        Ok(())
    });
}

#[test]
fn r12_a_one_to_one_releases_a_loaded_partner_though_the_inverse_side_is_not_initialized() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let old = em.create(Profile::build().text("old").user(ann));
        let new = em.create(Profile::build().text("new"));
        em.flush()?;
        for from_the_owner in [true, false] {
            em.clear();
            let (ann, old, new) = (
                em.find_one(ann).or_fail()?,
                em.find_one(old).or_fail()?,
                em.find_one(new).or_fail()?,
            );
            if from_the_owner {
                em.edit(new).set_user(Some(ann));
            } else {
                em.edit(ann).set_profile(Some(old));
            }
            em.flush()?;
            let (kept, lost) = if from_the_owner {
                (new, old)
            } else {
                (old, new)
            };
            assert_eq!((em[kept].user, em[lost].user), (Some(ann), None));
        }
        Ok(())
    });
}

#[test]
fn r12_a_raw_reference_is_reconciled_at_the_flush() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, bob) = (user(&mut em, "ann"), user(&mut em, "bob"));
        let written = article(&mut em, "one", ann);
        em.flush()?;
        em[written].author = bob;
        em.flush()?;
        assert_eq!(em[ann].articles.ids(), []);
        assert_eq!(em[bob].articles.ids(), [written]);
        em.clear();
        em.find_one(bob).populate(|u| u.articles()).or_fail()?;
        assert_eq!(em[bob].articles.ids(), [written]);
        Ok(())
    });
}

#[test]
fn r12_a_raw_reference_is_reconciled_at_a_query() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        em.set_flush_mode(FlushMode::Commit);
        let (ann, bob) = (user(&mut em, "ann"), user(&mut em, "bob"));
        let written = article(&mut em, "one", ann);
        let about = em.create(Profile::build().text("about").user(ann));
        em.flush()?;
        em[written].author = bob;
        em[about].user = Some(bob);
        em.find::<Tag>().all()?;
        assert_eq!(em[bob].articles.ids(), [written]);
        assert_eq!(em[bob].profile.get(), Some(about));
        assert_eq!(em[ann].profile.get(), None);
        em[written].author = ann;
        em.find_one(ann).or_fail()?;
        assert_eq!(em[ann].articles.ids(), [written]);
        em.clear();
        em.find_one(written).or_fail()?;
        assert_eq!(em[written].author, ann);
        Ok(())
    });
}

#[test]
fn r12_a_raw_collection_becomes_what_the_relation_is() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let written = article(&mut em, "one", ann);
        let (a, b, c) = (tag(&mut em, "a"), tag(&mut em, "b"), tag(&mut em, "c"));
        em.edit(written).tags().add([a, b]);
        em.flush()?;
        for loaded in [true, false] {
            em[written].tags = [b, c].into_iter().collect();
            em.flush()?;
            assert!(!em[written].tags.is_dirty());
            if loaded {
                assert_eq!(em[c].articles.ids(), [written]);
                assert_eq!(em[a].articles.ids(), []);
            }
            em.clear();
            em.find_one(written).populate(|a| a.tags()).or_fail()?;
            assert_eq!(em[written].tags.ids(), [b, c]);
            em[written].tags = [a, b].into_iter().collect();
            em.flush()?;
            em.clear();
            em.find_one(written).or_fail()?;
        }
        Ok(())
    });
}

#[test]
fn r12_a_raw_collection_of_items_that_hold_the_key_moves_them() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (gold, silver) = (badge(&mut em, "gold"), badge(&mut em, "silver"));
        let all: Vec<_> = ["/a", "/b", "/c"].map(|path| page(&mut em, path)).into();
        em.edit(gold).pages().add(&all[..2]);
        em.flush()?;
        em.clear();
        em.find_one(gold).or_fail()?;
        em[gold].pages = all[1..].iter().cloned().collect();
        em.flush()?;
        em.clear();
        em.find_one(gold).populate(|b| b.pages()).or_fail()?;
        em.find_one(silver).populate(|b| b.pages()).or_fail()?;
        assert_eq!(em[gold].pages.ids(), all[1..]);
        em[silver].pages = all.iter().cloned().collect();
        em.find::<Tag>().all()?;
        assert_eq!(em[gold].pages.ids(), []);
        assert_eq!(em[all[2].clone()].owner, Some(silver));
        em.flush()
    });
}

#[test]
fn r12_a_raw_inverse_becomes_what_the_relation_is() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let old = em.create(Profile::build().text("old").user(ann));
        let new = em.create(Profile::build().text("new"));
        em.flush()?;
        em[ann].profile = Inverse::from(new);
        em.flush()?;
        assert_eq!((em[old].user, em[new].user), (None, Some(ann)));
        em.clear();
        em.find_one(ann).or_fail()?;
        em[ann].profile = Inverse::from(old);
        em.flush()?;
        em.find_one(new).or_fail()?;
        assert_eq!((em[old].user, em[new].user), (Some(ann), None));
        Ok(())
    });
}

#[test]
fn r12_a_copy_of_another_entitys_collection_is_a_raw_collection_like_any_other() {
    // The copy carried the mark of a managed collection, so that nothing was written, and memory
    // said otherwise.
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let (one, two) = (article(&mut em, "one", ann), article(&mut em, "two", ann));
        let (a, b) = (tag(&mut em, "a"), tag(&mut em, "b"));
        em.edit(one).tags().add([a, b]);
        em.flush()?;
        em[two].tags = em[one].tags.clone();
        em.flush()?;
        assert_eq!(em[a].articles.ids(), [one, two]);
        em.clear();
        em.find_one(two).populate(|a| a.tags()).or_fail()?;
        assert_eq!(em[two].tags.ids(), [a, b]);
        Ok(())
    });
}

#[test]
fn r12_a_copy_of_an_entity_under_a_new_key_has_the_links_too() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let one = article(&mut em, "one", ann);
        let a = tag(&mut em, "a");
        em.edit(one).tags().add(a);
        em.flush()?;
        let mut copy = em[one].clone();
        copy.id = Pk::unset();
        copy.slug = "copy".into();
        copy.comments = Collection::new();
        let copy = em.persist(copy);
        em.flush()?;
        assert_eq!(em[copy].tags.ids(), [a]);
        assert_eq!(em[ann].articles.ids(), [one, copy]);
        em.clear();
        em.find_one(copy).populate(|a| a.tags()).or_fail()?;
        assert_eq!(em[copy].tags.ids(), [a]);
        Ok(())
    });
}

#[test]
fn r12_collections_given_to_a_constructor_become_links() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let a = tag(&mut em, "a");
        em.flush()?;
        em.clear();
        let one = em.create(Article::build().slug("one").author(ann).tags([a]));
        let b = em.create(Tag::build().name("b").articles([one]));
        assert_eq!(em[one].tags.ids(), [a, b]);
        em.flush()?;
        em.clear();
        em.find_one(one).populate(|a| a.tags()).or_fail()?;
        assert_eq!(em[one].tags.ids(), [a, b]);
        Ok(())
    });
}

#[test]
fn r12_a_new_owner_follows_though_the_old_one_was_never_loaded() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, bob) = (user(&mut em, "ann"), user(&mut em, "bob"));
        let (one, two) = (article(&mut em, "one", ann), article(&mut em, "two", bob));
        em.flush()?;
        em.clear();
        em.find_one(one).or_fail()?;
        em.find_one(bob).or_fail()?;
        em.edit(one).set_author(bob);
        em.populate(bob, |u| u.articles())?;
        assert_eq!(em[bob].articles.ids(), [two, one]);
        em.find_one(ann).populate(|u| u.articles()).or_fail()?;
        assert_eq!(em[ann].articles.ids(), [], "the pending move is seen");
        em.flush()
    });
}
