//! What other units of work commit between a staged flush and the commit.

use musher::prelude::*;

use super::{memory, stored};
use crate::support::*;

/// What another unit of work commits meanwhile.
fn meanwhile(
    orm: &Orm,
    work: impl FnOnce(&mut EntityManager) -> musher::Result<()>,
) -> musher::Result<()> {
    let mut rival = orm.em();
    work(&mut rival)?;
    rival.flush()
}

#[test]
fn a_unique_value_taken_meanwhile_fails_the_commit_and_rolls_back() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        em.flush()?;
        let before = memory(&em);
        let error = refused(em.transactional(|em| {
            user(em, "bob");
            em[ann].bio = "changed".into();
            em.flush()?;
            meanwhile(orm, |rival| {
                user(rival, "bob");
                Ok(())
            })
        }));
        assert!(matches!(
            error,
            Error::UniqueViolation {
                property: "email",
                ..
            }
        ));
        assert_eq!(memory(&em), before);
        assert_eq!(orm.em().find::<User>().count()?, 2);
        assert_eq!(em.statistics().commits, 1);
        Ok(())
    });
}

#[test]
fn a_row_removed_meanwhile_fails_the_commit() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let label = tag(&mut em, "rust");
        em.flush()?;
        let error = refused(em.transactional(|em| {
            em[label].name = "changed".into();
            em.flush()?;
            meanwhile(orm, |rival| {
                rival.remove(label);
                Ok(())
            })
        }));
        assert!(matches!(error, Error::RowGone { .. }));
        assert_eq!(em[label].name, "rust");
        assert_eq!(stored(orm)?, [""; 0]);
        Ok(())
    });
}

#[test]
fn a_reference_to_what_is_removed_meanwhile_fails_the_commit() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let label = tag(&mut em, "rust");
        let written = article(&mut em, "one", ann);
        let bob = user(&mut em, "bob");
        em.flush()?;
        let error = refused(em.transactional(|em| {
            article(em, "two", bob);
            em.flush()?;
            meanwhile(orm, |rival| {
                rival.remove(bob);
                Ok(())
            })
        }));
        assert!(matches!(error, Error::ForeignKeyViolation { .. }));
        let error = refused(em.transactional(|em| {
            em.edit(written).tags().add(label);
            em.flush()?;
            meanwhile(orm, |rival| {
                rival.remove(label);
                Ok(())
            })
        }));
        assert!(matches!(error, Error::ForeignKeyViolation { .. }));
        assert_eq!(em[written].tags.ids(), []);
        Ok(())
    });
}

#[test]
fn r14_other_properties_changed_meanwhile_are_merged_and_come_to_memory() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        em.flush()?;
        em.transactional(|em| {
            em[ann].bio = "mine".into();
            em.flush()?;
            em[ann].bio = "mine too".into();
            em.flush()?;
            meanwhile(orm, |rival| {
                rival.find_one(ann).or_fail()?;
                rival[ann].age = Some(30);
                rival[ann].bio = "theirs".into();
                Ok(())
            })?;
            assert_eq!(em[ann].age, None);
            Ok(())
        })?;
        assert_eq!((&*em[ann].bio, em[ann].age), ("mine too", Some(30)));
        let mut other = orm.em();
        other.find_one(ann).or_fail()?;
        assert_eq!((&*other[ann].bio, other[ann].age), ("mine too", Some(30)));
        em.flush()?;
        assert_eq!(em.statistics().commits, 2, "what was merged is clean");
        Ok(())
    });
}

#[test]
fn rows_that_refer_to_a_removed_one_since_follow_the_rule_at_the_commit() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let written = article(&mut em, "one", ann);
        let first = em.create(Comment::build().text("first").article(written));
        em.flush()?;
        em.transactional(|em| {
            em.remove(written);
            em.flush()?;
            assert!(!em.is_managed(first));
            meanwhile(orm, |rival| {
                rival.create(Comment::build().text("late").article(written));
                Ok(())
            })
        })?;
        assert_eq!(orm.em().find::<Comment>().count()?, 0);
        Ok(())
    });
}

#[test]
fn a_reference_set_to_null_by_a_staged_removal_that_no_longer_concerns_it_is_as_stored() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, bob) = (user(&mut em, "ann"), user(&mut em, "bob"));
        let profile = em.create(Profile::build().text("me").user(ann));
        em.flush()?;
        em.transactional(|em| {
            em.remove(ann);
            em.flush()?;
            assert_eq!(em[profile].user, None);
            meanwhile(orm, |rival| {
                rival.find_one(profile).or_fail()?;
                rival.edit(profile).set_user(Some(bob));
                Ok(())
            })
        })?;
        assert_eq!(em[profile].user, Some(bob), "memory follows the row");
        assert_eq!(em[bob].profile.get(), Some(profile));
        em.flush()?;
        assert_eq!(em.statistics().commits, 2);
        Ok(())
    });
}

#[test]
fn a_row_that_began_to_refer_to_a_removed_one_is_given_up_in_memory_too() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let (one, two) = (article(&mut em, "one", ann), article(&mut em, "two", ann));
        let comment = em.create(Comment::build().text("moved").article(one));
        em.flush()?;
        em.transactional(|em| {
            em.remove(two);
            em.flush()?;
            meanwhile(orm, |rival| {
                rival.find_one(comment).or_fail()?;
                rival.edit(comment).set_article(two);
                Ok(())
            })
        })?;
        assert!(!em.is_managed(comment));
        assert_eq!(em[one].comments.ids(), []);
        assert_eq!(orm.em().find::<Comment>().count()?, 0);
        Ok(())
    });
}

#[test]
fn links_made_meanwhile_stay_or_go_with_what_the_transaction_wants() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let written = article(&mut em, "one", ann);
        let [a, b, c] = ["a", "b", "c"].map(|name| tag(&mut em, name));
        em.edit(written).tags().add(a);
        em.flush()?;
        em.transactional(|em| {
            em.edit(written).tags().add(b);
            em.flush()?;
            em.remove(c);
            em.flush()?;
            meanwhile(orm, |rival| {
                rival.find_one(written).or_fail()?;
                rival.edit(written).tags().add([b, c]).remove(a);
                Ok(())
            })
        })?;
        let mut other = orm.em();
        other.find_one(written).populate(|w| w.tags()).or_fail()?;
        assert_eq!(other[written].tags.ids(), [b]);
        Ok(())
    });
}

#[test]
fn two_transactions_over_different_rows_both_succeed() {
    on_both_stores::<House>(|orm| {
        let (mut one, mut two) = (orm.em(), orm.em());
        one.begin();
        two.begin();
        let ann = user(&mut one, "ann");
        let bob = user(&mut two, "bob");
        one.flush()?;
        two.flush()?;
        assert_eq!(one.find::<User>().all()?, [ann]);
        two.commit()?;
        assert_eq!(one.find::<User>().all()?, [ann, bob]);
        one.commit()?;
        assert_eq!(orm.em().find::<User>().count()?, 2);
        Ok(())
    });
}

#[test]
fn a_failed_commit_is_over_and_the_same_work_can_be_tried_again() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        em.begin();
        let ann = user(&mut em, "ann");
        em.flush()?;
        meanwhile(orm, |rival| {
            user(rival, "ann");
            Ok(())
        })?;
        refused(em.commit());
        assert!(!em.is_in_transaction());
        assert!(!em.is_managed(ann));
        em.rollback();
        em.begin();
        user(&mut em, "bob");
        em.commit()?;
        assert_eq!(orm.em().find::<User>().count()?, 2);
        Ok(())
    });
}
