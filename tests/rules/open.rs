//! Corners in which two rules meet.

use musher::prelude::*;

use crate::support::*;

#[test]
fn r18_both_ends_agree_when_another_unit_of_work_moved_an_item_that_is_loaded() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, bob) = (user(&mut em, "ann"), user(&mut em, "bob"));
        let one = article(&mut em, "one", ann);
        em.flush()?;
        em.clear();
        em.find_one(one).or_fail()?;
        let mut rival = orm.em();
        rival.find_one(one).or_fail()?;
        rival[one].author = bob;
        rival.flush()?;
        em.find_one(bob).populate(|u| u.articles()).or_fail()?;
        assert_eq!(em[bob].articles.ids(), [one]);
        assert_eq!(em[one].author, bob);
        Ok(())
    });
}

#[test]
fn r17_auto_flushes_a_removal_whose_cascade_reaches_what_is_queried() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let one = article(&mut em, "one", ann);
        em.create(Comment::build().text("goes too").article(one));
        em.flush()?;
        em.clear();
        em.remove(one);
        assert_eq!(em.find::<Comment>().count()?, 0);
        Ok(())
    });
}

#[test]
fn r12_a_one_to_one_releases_a_partner_that_is_not_loaded() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let old = em.create(Profile::build().text("old").user(ann));
        let new = em.create(Profile::build().text("new"));
        em.flush()?;
        em.clear();
        em.find_one(new).or_fail()?;
        em.edit(new).set_user(Some(ann));
        em.flush()?;
        em.find_one(old).or_fail()?;
        assert_eq!(em[old].user, None);
        Ok(())
    });
}

#[test]
fn r12_a_collection_taken_from_another_entity_is_a_raw_collection_like_any_other() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let (one, two) = (article(&mut em, "one", ann), article(&mut em, "two", ann));
        let label = tag(&mut em, "a");
        em.edit(one).tags().add(label);
        em.flush()?;
        let taken = std::mem::take(&mut em[one].tags);
        em[two].tags = taken;
        em.flush()?;
        assert_eq!(em[label].articles.ids(), [two]);
        Ok(())
    });
}

#[test]
fn r1_a_key_never_changes() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let label = tag(&mut em, "a");
        em.flush()?;
        em[label].id = Pk::from(7);
        assert!(em.flush().is_err() || em[label].id == Pk::from(1));
        Ok(())
    });
}
