//! `begin`, `commit` and `rollback` as calls of their own.

use musher::prelude::*;

use super::{memory, stored};
use crate::support::*;

#[test]
fn begin_and_commit_store_all_flushes_at_once() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        em.begin();
        tag(&mut em, "one");
        em.flush()?;
        tag(&mut em, "pending");
        assert_eq!(orm.em().find::<Tag>().count()?, 0);
        em.commit()?;
        assert_eq!(em.statistics().commits, 1);
        assert_eq!(orm.em().find::<Tag>().count()?, 2);
        Ok(())
    });
}

#[test]
fn rollback_takes_back_store_and_memory_and_is_nothing_without_a_transaction() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let label = tag(&mut em, "one");
        em.flush()?;
        em.rollback();
        em.begin();
        em[label].name = "two".into();
        em.flush()?;
        em.rollback();
        assert_eq!(em[label].name, "one");
        assert!(!em.is_in_transaction());
        em.rollback();
        assert_eq!(em[label].name, "one");
        Ok(())
    });
}

#[test]
fn a_commit_without_begin_is_an_error() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        tag(&mut em, "pending");
        let error = refused(em.commit());
        assert_eq!(
            error.to_string(),
            "there is no transaction to commit; call `em.begin()` first, and `em.commit()` once for each"
        );
        assert_eq!(orm.em().find::<Tag>().count()?, 0, "it has not flushed");
        let error = refused(em.transactional(EntityManager::commit));
        assert_eq!(
            error.to_string(),
            "`em.commit()` inside `em.transactional(..)` has no `em.begin()` of its own; the closure's end commits"
        );
        assert!(matches!(error, Error::Transaction { .. }));
        Ok(())
    });
}

#[test]
fn dropping_a_unit_of_work_rolls_back() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        em.begin();
        tag(&mut em, "lost");
        em.flush()?;
        drop(em);
        assert_eq!(stored(orm)?, [""; 0]);
        Ok(())
    });
}

#[test]
fn a_begin_that_a_closure_leaves_open_rolls_everything_back() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let error = refused(em.transactional(|em| {
            em.begin();
            tag(em, "lost");
            em.flush()
        }));
        assert!(
            error
                .to_string()
                .contains("ended neither by `em.commit()` nor by `em.rollback()`")
        );
        assert_eq!((stored(orm)?, memory(&em)), (vec![], vec![]));
        assert!(!em.is_in_transaction());
        Ok(())
    });
}

#[test]
fn a_rollback_inside_a_closure_takes_back_what_it_has_done_so_far() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        em.transactional(|em| {
            tag(em, "lost");
            em.flush()?;
            em.rollback();
            assert!(em.is_in_transaction());
            tag(em, "kept");
            Ok(())
        })?;
        let mut other = orm.em();
        let tags = other.find::<Tag>().all()?;
        assert_eq!(tags.len(), 1);
        assert_eq!(other[tags[0]].name, "kept");
        Ok(())
    });
}

#[test]
fn a_closure_that_puts_another_unit_of_work_in_the_place_of_its_own_is_refused() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let error = refused(em.transactional(|em| {
            tag(em, "lost");
            em.flush()?;
            *em = orm.em();
            Ok(())
        }));
        assert!(matches!(error, Error::Transaction { .. }));
        assert_eq!(stored(orm)?, [""; 0]);
        Ok(())
    });
}
