//! Memory after a rollback: instances, snapshots, both ends of every kind of relation.

use musher::prelude::*;

use super::{give_up, memory, stored};
use crate::support::*;

/// Runs `work` in a transaction that is given up, with and without a flush, by itself and inside
/// another one, and compares store and memory each time.
fn leaves_no_trace(
    orm: &Orm,
    em: &mut EntityManager,
    work: impl Fn(&mut EntityManager) -> musher::Result<()>,
) -> musher::Result<()> {
    let before = (stored(orm)?, memory(em));
    for flushed in [false, true] {
        let attempt = |em: &mut EntityManager| {
            em.transactional(|em| {
                work(em)?;
                if flushed {
                    em.flush()?;
                }
                give_up::<()>()
            })
        };
        assert_eq!(
            refused(attempt(em)).to_string(),
            "the transaction is given up"
        );
        assert_eq!((stored(orm)?, memory(em)), before);
        em.begin();
        assert_eq!(
            refused(attempt(em)).to_string(),
            "the transaction is given up"
        );
        assert_eq!(memory(em), before.1);
        em.rollback();
        assert_eq!((stored(orm)?, memory(em)), before);
    }
    Ok(())
}

#[test]
fn removed_entities_come_back_with_their_relations() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let profile = em.create(Profile::build().text("me").user(ann));
        let written = article(&mut em, "one", ann);
        let label = tag(&mut em, "rust");
        em.edit(written).tags().add(label);
        em.create(Comment::build().text("first").article(written));
        em.flush()?;
        leaves_no_trace(orm, &mut em, |em| {
            em.remove(written);
            em.flush()?;
            em.remove(ann);
            em.flush()?;
            assert!(!em.is_managed(ann));
            assert_eq!(em[profile].user, None, "set to null by the rule");
            user(em, "ann");
            Ok(())
        })
    });
}

#[test]
fn collections_that_were_replaced_filled_or_emptied_are_as_before() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let (first, second) = (
            article(&mut em, "first", ann),
            article(&mut em, "second", ann),
        );
        let (a, b) = (tag(&mut em, "a"), tag(&mut em, "b"));
        em.edit(first).tags().add([a, b]);
        em.flush()?;
        leaves_no_trace(orm, &mut em, |em| {
            em[first].tags = [b].into_iter().collect();
            em.edit(second).tags().set([a, b])?;
            em.flush()?;
            em.edit(first).tags().remove_all()?;
            let bob = user(em, "bob");
            em.edit(bob).articles().add([first, second]);
            em.flush()?;
            assert_eq!(em[ann].articles.ids(), []);
            Ok(())
        })
    });
}

#[test]
fn links_of_what_is_not_loaded_are_not_pending_afterwards() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, bob) = (user(&mut em, "ann"), user(&mut em, "bob"));
        let written = article(&mut em, "one", ann);
        let label = tag(&mut em, "rust");
        em.flush()?;
        em.clear();
        em.find_one(bob).or_fail()?;
        em.find_one(label).or_fail()?;
        leaves_no_trace(orm, &mut em, |em| {
            em.edit(bob).articles().add(written);
            em.edit(label).articles().add(written);
            Ok(())
        })?;
        em.edit(label).articles().add(written);
        leaves_no_trace(orm, &mut em, |em| {
            em.edit(label).articles().remove_all()?;
            em.flush()?;
            em.edit(bob).articles().set([written])?;
            Ok(())
        })?;
        Ok(())
    });
}

#[test]
fn one_to_one_partners_and_orphans_are_as_before() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, bob) = (user(&mut em, "ann"), user(&mut em, "bob"));
        let profile = em.create(Profile::build().text("me").user(ann));
        let home = page(&mut em, "/a");
        let cover = em.create(Cover::build().color("red").page(home.clone()));
        let folder = em.create(Folder::build().name("in"));
        let note = em.create(Note::build().text("keep").folder(folder));
        em.flush()?;
        leaves_no_trace(orm, &mut em, |em| {
            em.edit(profile).set_user(Some(bob));
            em.create(Cover::build().color("blue").page(home.clone()));
            em.flush()?;
            assert!(!em.is_managed(cover), "the page has another one");
            em.edit(folder).notes().remove(note);
            em.flush()?;
            assert!(!em.is_managed(note), "an orphan");
            Ok(())
        })
    });
}

#[test]
fn a_row_removed_unseen_is_not_managed_afterwards() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let label = tag(&mut em, "rust");
        em.flush()?;
        em.clear();
        leaves_no_trace(orm, &mut em, |em| {
            em.remove(label);
            assert!(em.is_managed(label));
            Ok(())
        })?;
        em.remove(label);
        leaves_no_trace(orm, &mut em, |em| {
            em.flush()?;
            assert!(!em.is_managed(label));
            Ok(())
        })?;
        em.flush()?;
        assert_eq!(stored(orm)?, [""; 0]);
        Ok(())
    });
}

#[test]
fn clear_and_detach_are_taken_back() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let written = article(&mut em, "one", ann);
        em.flush()?;
        em[ann].bio = "pending".into();
        let unborn = article(&mut em, "two", ann);
        leaves_no_trace(orm, &mut em, |em| {
            em.clear();
            em.find_one(written).populate(|a| a.author()).or_fail()?;
            assert_eq!(em[ann].bio, "");
            Ok(())
        })?;
        leaves_no_trace(orm, &mut em, |em| {
            em.detach(ann);
            em.detach(unborn);
            em.find_one(ann).or_fail().map(drop)
        })?;
        em.flush()?;
        em.refresh(ann)?;
        assert_eq!(em[ann].bio, "pending");
        Ok(())
    });
}

#[test]
fn addresses_mean_the_same_instances_after_much_coming_and_going() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let tags: Vec<_> = (0..6).map(|at| tag(&mut em, &at.to_string())).collect();
        em.flush()?;
        leaves_no_trace(orm, &mut em, |em| {
            for id in &tags[..3] {
                em.detach(*id);
            }
            let one = tag(em, "x");
            em.flush()?;
            refused(em.transactional(|em| {
                em.remove(one);
                em.find_one(tags[0]).or_fail()?;
                em.remove(tags[5]);
                tag(em, "y");
                em.flush()?;
                give_up::<()>()
            }));
            assert_eq!(em[one].name, "x");
            assert!(!em.is_managed(tags[0]));
            assert_eq!(em[tags[5]].name, "5");
            tag(em, "z");
            Ok(())
        })
    });
}

#[test]
fn what_was_read_anew_inside_is_as_it_was_read_before() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        em.flush()?;
        let mut rival = orm.em();
        rival.find_one(ann).or_fail()?;
        rival[ann].bio = "of the rival".into();
        rival.flush()?;
        leaves_no_trace(orm, &mut em, |em| {
            em.find::<User>().all()?;
            assert_eq!(em[ann].bio, "of the rival");
            Ok(())
        })?;
        em[ann].age = Some(5);
        em.flush()?;
        assert_eq!(em[ann].bio, "of the rival");
        Ok(())
    });
}
