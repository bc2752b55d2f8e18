//! An error or a panic takes back everything: the store has seen nothing, and memory is as it was.

use std::panic::{AssertUnwindSafe, catch_unwind};

use musher::prelude::*;

use super::{give_up, memory, stored};
use crate::support::*;

/// Much of what can be done to a house: rows created, changed and removed, links both ways.
fn turn_over(
    em: &mut EntityManager,
    ann: Id<User>,
    written: Id<Article>,
    old: Id<Tag>,
) -> musher::Result<()> {
    em[ann].bio = "changed".into();
    em[ann].password = "new".into();
    em.flush()?;
    let bob = user(em, "bob");
    let new = tag(em, "new");
    em.edit(written).tags().remove(old).add(new);
    em.edit(written).set_author(bob);
    em[written].text = "changed".into();
    em.flush()?;
    em.remove(old);
    em.create(Comment::build().text("staged").article(written));
    em.flush()?;
    em[bob].age = Some(7);
    Ok(())
}

fn house(em: &mut EntityManager) -> musher::Result<(Id<User>, Id<Article>, Id<Tag>)> {
    let ann = user(em, "ann");
    let written = article(em, "one", ann);
    let old = tag(em, "old");
    em.edit(written).tags().add(old);
    em.flush()?;
    Ok((ann, written, old))
}

#[test]
fn an_error_leaves_store_and_memory_as_they_were() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, written, old) = house(&mut em)?;
        let before = (stored(orm)?, memory(&em));
        for _ in 0..2 {
            let error = refused(em.transactional(|em| {
                turn_over(em, ann, written, old)?;
                give_up::<()>()
            }));
            assert_eq!(error.to_string(), "the transaction is given up");
            assert_eq!((stored(orm)?, memory(&em)), before);
            assert!(!em.is_in_transaction());
        }
        em.flush()?;
        assert_eq!(em.statistics().commits, 1, "nothing is pending");
        em.transactional(|em| turn_over(em, ann, written, old))?;
        assert_eq!(em[ann].password.get().unwrap(), "hashed new");
        assert_eq!(em[written].tags.len(), 1);
        Ok(())
    });
}

#[test]
fn a_panic_leaves_store_and_memory_as_they_were() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, written, old) = house(&mut em)?;
        let before = (stored(orm)?, memory(&em));
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            em.transactional(|em| {
                turn_over(em, ann, written, old)?;
                em.begin();
                em.with(ann, |ann, _| {
                    ann.bio = "half".into();
                    assert_ne!(ann.bio, "half", "in the middle of it");
                });
                Ok(())
            })
        }));
        assert!(unwound.is_err());
        assert!(!em.is_in_transaction());
        assert_eq!((stored(orm)?, memory(&em)), before);
        em[ann].bio = "usable".into();
        em.flush()?;
        assert_eq!(em.statistics().commits, 2);
        Ok(())
    });
}

#[test]
fn what_was_loaded_inside_is_given_up_and_can_be_found_again() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, written, _) = house(&mut em)?;
        em.clear();
        em.find_one(ann).or_fail()?;
        let before = memory(&em);
        refused(em.transactional(|em| {
            em.find_one(ann)
                .populate(|u| (u.password(), u.articles().tags()))
                .or_fail()?;
            assert!(em.is_initialized(written));
            give_up::<()>()
        }));
        assert_eq!(memory(&em), before);
        assert!(!em.is_managed(written));
        assert!(matches!(em.try_get(written), Err(Error::NotLoaded { .. })));
        assert!(!em[ann].articles.is_initialized() && !em[ann].password.is_loaded());
        em.find_one(ann)
            .populate(|u| (u.password(), u.articles().tags()))
            .or_fail()?;
        assert_eq!(em[ann].articles.ids(), [written]);
        Ok(())
    });
}

#[test]
fn pending_work_is_pending_again() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, written, old) = house(&mut em)?;
        em.clear();
        em.find_one(ann).or_fail()?;
        em.find_one(written).or_fail()?;
        em[ann].bio = "pending".into();
        let new = tag(&mut em, "pending");
        em.edit(written).tags().add(new).remove(old);
        let doomed = article(&mut em, "doomed", ann);
        em.flush()?;
        em.remove(doomed);
        em[ann].bio = "pending again".into();
        em.edit(written).tags().add(old);
        let unborn = article(&mut em, "unborn", ann);
        let before = (stored(orm)?, memory(&em));
        refused(em.transactional(|em| {
            em.flush()?;
            assert!(!em.is_managed(doomed));
            em[unborn].slug = "born".into();
            give_up::<()>()
        }));
        assert_eq!((stored(orm)?, memory(&em)), before);
        em.flush()?;
        let mut other = orm.em();
        other.find_one(ann).populate(|u| u.articles()).or_fail()?;
        other.populate(written, |a| a.tags())?;
        assert_eq!(other[ann].bio, "pending again");
        assert_eq!(other[ann].articles.ids(), [written, unborn]);
        assert_eq!(other[unborn].slug, "unborn");
        assert_eq!(other[written].tags.ids(), [old, new]);
        Ok(())
    });
}

#[test]
fn keys_that_were_given_are_burnt() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let mut burnt = None;
        refused(em.transactional(|em| {
            burnt = Some(tag(em, "burnt"));
            em.flush()?;
            give_up::<()>()
        }));
        let next = tag(&mut em, "next");
        assert_eq!((burnt, next), (Some(Id::new(1)), Id::new(2)));
        em.flush()?;
        Ok(())
    });
}

#[test]
fn what_hooks_and_on_update_did_is_taken_back_and_after_hooks_never_run() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let watched = task(&mut em, "");
        let ann = user(&mut em, "ann");
        em.flush()?;
        events();
        refused(em.transactional(|em| {
            em[watched].order = "code x".into();
            em[ann].password = "new".into();
            em.flush()?;
            assert_eq!(em[watched].code.as_deref(), Some("x"));
            assert_eq!(em[ann].password.get().unwrap(), "hashed new");
            give_up::<()>()
        }));
        let task = &em[watched];
        assert_eq!(
            (task.hooks, task.stamp, &task.code, &*task.order),
            (0, 0, &None, "")
        );
        assert_eq!(em[ann].password.get().unwrap(), "hashed secret");
        assert_eq!(em[ann].updates, 0);
        assert!(events().iter().all(|line| line.starts_with("before_")));
        Ok(())
    });
}

#[test]
fn an_inner_flush_that_fails_can_be_mended_inside() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        user(&mut em, "ann");
        em.flush()?;
        em.transactional(|em| {
            let second = user(em, "bob");
            em.flush()?;
            em[second].email = "ann@house.org".into();
            for _ in 0..2 {
                let error = refused(em.flush());
                assert!(matches!(error, Error::UniqueViolation { .. }));
                assert_eq!(em[second].updates, 0, "a failed flush changes nothing (R5)");
            }
            assert_eq!(em.fork().find::<User>().count()?, 1);
            em[second].email = "cat@house.org".into();
            em.flush()?;
            assert_eq!(em[second].updates, 1);
            Ok(())
        })?;
        assert_eq!(orm.em().find::<User>().count()?, 2);
        Ok(())
    });
}

#[test]
fn a_flush_at_the_end_that_fails_rolls_back() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        user(&mut em, "ann");
        em.flush()?;
        let before = (stored(orm)?, memory(&em));
        let error = refused(em.transactional(|em| {
            tag(em, "staged");
            em.flush()?;
            user(em, "ann");
            Ok(())
        }));
        assert!(matches!(error, Error::UniqueViolation { .. }));
        assert_eq!((stored(orm)?, memory(&em)), before);
        Ok(())
    });
}

#[test]
fn a_refused_second_instance_is_told_once_whatever_becomes_of_the_transaction() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        page(&mut em, "/a");
        em.flush()?;
        page(&mut em, "/a");
        let error = refused(em.transactional(|em| {
            page(em, "/a");
            Ok(())
        }));
        assert!(matches!(error, Error::AlreadyManaged { .. }));
        em.transactional(|em| {
            page(em, "/b");
            Ok(())
        })?;
        assert_eq!(orm.em().find::<Page>().count()?, 2);
        Ok(())
    });
}
