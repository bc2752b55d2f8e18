//! A transaction inside a transaction is a savepoint.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{give_up, memory, stored};
use crate::support::*;

#[test]
fn an_inner_rollback_keeps_what_the_outer_one_flushed() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        em.flush()?;
        em.transactional(|em| {
            em[ann].bio = "outer".into();
            let written = article(em, "outer", ann);
            em.flush()?;
            em[ann].age = Some(1);
            let before = memory(em);
            refused(em.transactional(|em| {
                em[ann].bio = "inner".into();
                em.remove(written);
                article(em, "inner", ann);
                em.flush()?;
                assert_eq!(em.find::<Article>().count()?, 1);
                give_up::<()>()
            }));
            assert_eq!(memory(em), before);
            assert_eq!(
                em.find::<Article>()
                    .filter(|a| a.slug().eq("inner"))
                    .one()?,
                None
            );
            assert_eq!(em.find::<Article>().all()?, [written]);
            Ok(())
        })?;
        let mut other = orm.em();
        other.find_one(ann).populate(|u| u.articles()).or_fail()?;
        assert_eq!((&*other[ann].bio, other[ann].age), ("outer", Some(1)));
        assert_eq!(other[ann].articles.len(), 1);
        assert_eq!(em.statistics().commits, 2);
        Ok(())
    });
}

#[test]
fn an_inner_commit_goes_with_the_outer_rollback() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        em.flush()?;
        let before = (stored(orm)?, memory(&em));
        refused(em.transactional(|em| {
            em[ann].bio = "outer".into();
            em.transactional(|em| {
                em[ann].bio = "inner".into();
                article(em, "inner", ann);
                em.transactional(|em| {
                    tag(em, "innermost");
                    em[ann].age = Some(1);
                    Ok(())
                })
            })?;
            assert_eq!(em.statistics().commits, 1);
            assert_eq!(em.find::<Article>().count()?, 1);
            give_up::<()>()
        }));
        assert_eq!((stored(orm)?, memory(&em)), before);
        Ok(())
    });
}

#[test]
fn savepoints_over_savepoints_read_the_last_word() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let label = tag(&mut em, "0");
        em.flush()?;
        em.begin();
        for depth in 1..=4 {
            em.begin();
            em[label].name = depth.to_string();
            em.flush()?;
            em.clear();
            em.find_one(label).or_fail()?;
            assert_eq!(em[label].name, depth.to_string());
        }
        em.rollback();
        assert_eq!(em[label].name, "3");
        em.commit()?;
        em.rollback();
        assert_eq!(em[label].name, "1");
        em.clear();
        em.find_one(label).or_fail()?;
        assert_eq!(em[label].name, "1");
        em.commit()?;
        em.commit()?;
        assert!(!em.is_in_transaction());
        let mut other = orm.em();
        other.find_one(label).or_fail()?;
        assert_eq!(other[label].name, "1");
        Ok(())
    });
}

#[test]
fn an_inner_panic_that_is_caught_keeps_the_outer_one() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        em.transactional(|em| {
            tag(em, "outer");
            em.flush()?;
            let unwound = catch_unwind(AssertUnwindSafe(|| {
                em.transactional::<()>(|em| {
                    tag(em, "inner");
                    em.flush()?;
                    panic!("inside")
                })
            }));
            assert!(unwound.is_err());
            Ok(())
        })?;
        assert_eq!(orm.em().find::<Tag>().count()?, 1);
        Ok(())
    });
}

#[test]
fn after_hooks_of_an_inner_rollback_never_run() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        events();
        em.transactional(|em| {
            let kept = task(em, "");
            em.flush()?;
            refused(em.transactional(|em| {
                task(em, "");
                em[kept].order = "inner".into();
                em.flush()?;
                give_up::<()>()
            }));
            Ok(())
        })?;
        let after: Vec<_> = events()
            .into_iter()
            .filter(|line| line.starts_with("after_"))
            .collect();
        assert_eq!(after, ["after_create 1 [order code hooks stamp parent]"]);
        Ok(())
    });
}
