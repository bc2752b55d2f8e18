//! R14, and what may go to other threads: units of work beside each other over one database.

mod support;

#[path = "threads/races.rs"]
mod races;
#[path = "threads/soak.rs"]
mod soak;

use std::sync::Barrier;

use musher::prelude::*;
use support::*;

const fn is_send<T: Send>() {}
const fn is_sync<T: Sync>() {}
const fn is_shared<T: Send + Sync + Clone + 'static>() {}

#[test]
fn a_database_is_shared_and_a_unit_of_work_can_be_sent() {
    is_shared::<Orm>();
    is_send::<EntityManager>();
    is_shared::<Id<Article>>();
    is_send::<Error>();
    is_sync::<Error>();
}

#[test]
fn r14_changes_of_disjoint_properties_merge() {
    on_both_stores::<House>(|orm| {
        let (mut first, mut second) = (orm.em(), orm.em());
        let ann = user(&mut first, "ann");
        first.flush()?;
        second.find_one(ann).or_fail()?;
        first[ann].bio = "of the first".into();
        second[ann].age = Some(30);
        second[ann].password = "of the second".into();
        first.flush()?;
        second.flush()?;
        assert_eq!(second[ann].bio, "of the first", "memory follows the row");
        let mut third = orm.em();
        third.find_one(ann).populate(|u| u.password()).or_fail()?;
        assert_eq!(third[ann].bio, "of the first");
        assert_eq!(third[ann].age, Some(30));
        assert_eq!(third[ann].password.get().unwrap(), "hashed of the second");
        second.flush()?;
        assert_eq!(second.statistics().commits, 1, "what was merged is clean");
        Ok(())
    });
}

#[test]
fn r14_the_last_word_counts_for_one_property() {
    on_both_stores::<House>(|orm| {
        let (mut first, mut second) = (orm.em(), orm.em());
        let label = tag(&mut first, "rust");
        first.flush()?;
        second.find_one(label).or_fail()?;
        first[label].name = "first".into();
        second[label].name = "second".into();
        second.flush()?;
        first.flush()?;
        second.refresh(label)?;
        assert_eq!(second[label].name, "first");
        Ok(())
    });
}

#[test]
fn r14_links_of_both_merge() {
    on_both_stores::<House>(|orm| {
        let (mut first, mut second) = (orm.em(), orm.em());
        let ann = user(&mut first, "ann");
        let written = article(&mut first, "one", ann);
        let (a, b, c) = (
            tag(&mut first, "a"),
            tag(&mut first, "b"),
            tag(&mut first, "c"),
        );
        first.edit(written).tags().add(c);
        first.flush()?;
        second.find_one(written).populate(|a| a.tags()).or_fail()?;
        first.edit(written).tags().add(a);
        second.edit(written).tags().add([a, b]).remove(c);
        first.flush()?;
        second.flush()?;
        let mut third = orm.em();
        third.find_one(written).populate(|a| a.tags()).or_fail()?;
        assert_eq!(third[written].tags.ids(), [a, b]);
        Ok(())
    });
}

#[test]
fn r14_a_row_removed_meanwhile_is_an_error_and_nothing_is_written() {
    on_both_stores::<House>(|orm| {
        let (mut first, mut second) = (orm.em(), orm.em());
        let (label, other) = (tag(&mut first, "rust"), tag(&mut first, "other"));
        first.flush()?;
        second.find_one(label).or_fail()?;
        second.find_one(other).or_fail()?;
        first.remove(label);
        first.flush()?;
        second[label].name = "changed".into();
        second[other].name = "changed too".into();
        let error = refused(second.flush());
        assert!(matches!(error, Error::RowGone { entity: "Tag", .. }));
        first.refresh(other)?;
        assert_eq!(first[other].name, "other");
        second.detach(label);
        second.remove(label);
        assert!(matches!(refused(second.flush()), Error::RowGone { .. }));
        second.detach(label);
        second.flush()
    });
}

#[test]
fn r14_a_reference_to_a_row_removed_meanwhile_is_refused() {
    on_both_stores::<House>(|orm| {
        let (mut first, mut second) = (orm.em(), orm.em());
        let ann = user(&mut first, "ann");
        first.flush()?;
        second.find_one(ann).or_fail()?;
        article(&mut second, "one", ann);
        first.remove(ann);
        first.flush()?;
        assert!(matches!(
            refused(second.flush()),
            Error::ForeignKeyViolation { .. }
        ));
        Ok(())
    });
}

#[test]
fn r14_a_removal_sees_the_rows_that_came_meanwhile() {
    on_both_stores::<House>(|orm| {
        let (mut first, mut second) = (orm.em(), orm.em());
        let ann = user(&mut first, "ann");
        let written = article(&mut first, "one", ann);
        first.flush()?;
        second
            .find_one(written)
            .populate(|a| (a.comments(), a.tags()))
            .or_fail()?;
        first.create(Comment::build().text("new").article(written));
        let label = tag(&mut first, "new");
        first.edit(written).tags().add(label);
        first.flush()?;
        second.remove(written);
        second.flush()?;
        let mut third = orm.em();
        assert_eq!(third.find::<Comment>().count()?, 0);
        third.find_one(label).populate(|t| t.articles()).or_fail()?;
        assert_eq!(third[label].articles.ids(), []);
        Ok(())
    });
}

#[test]
fn r14_two_units_of_work_take_no_unique_value_both() {
    on_both_stores::<House>(|orm| {
        let (mut first, mut second) = (orm.em(), orm.em());
        user(&mut first, "ann");
        let clash = user(&mut second, "ann");
        first.flush()?;
        assert!(matches!(
            refused(second.flush()),
            Error::UniqueViolation { .. }
        ));
        second[clash].email = "other".into();
        second.flush()
    });
}

#[test]
fn threads_get_keys_of_their_own_and_lose_no_commit() {
    const THREADS: usize = 4;
    const ROUNDS: usize = 25;
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let shared = user(&mut em, "shared");
        em.flush()?;
        let start = Barrier::new(THREADS);
        let made: Vec<Vec<Id<Article>>> = std::thread::scope(|scope| {
            let work = |thread: usize| {
                let (orm, start) = (orm.clone(), &start);
                scope.spawn(move || {
                    start.wait();
                    let mut em = orm.em();
                    let mut made = Vec::new();
                    for round in 0..ROUNDS {
                        let written = article(&mut em, &format!("{thread}-{round}"), shared);
                        let label = tag(&mut em, "of a thread");
                        em.edit(written).tags().add(label);
                        em.flush()?;
                        made.push(written);
                        if round % 5 == 0 {
                            em.clear();
                        }
                    }
                    Ok::<_, Error>(made)
                })
            };
            let threads: Vec<_> = (0..THREADS).map(work).collect();
            let made = threads
                .into_iter()
                .map(|thread| thread.join().expect("no thread panics"));
            made.collect::<musher::Result<_>>()
        })?;
        let mut all: Vec<_> = made.into_iter().flatten().collect();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), THREADS * ROUNDS);
        let mut em = orm.em();
        em.find_one(shared)
            .populate(|u| u.articles().tags())
            .or_fail()?;
        assert_eq!(em[shared].articles.ids(), all);
        for id in all {
            assert_eq!(em[id].tags.len(), 1);
        }
        Ok(())
    });
}

#[test]
fn threads_that_change_disjoint_properties_of_one_row_lose_none() {
    const ROUNDS: u32 = 50;
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let shared = user(&mut em, "shared");
        em.flush()?;
        let start = Barrier::new(2);
        std::thread::scope(|scope| {
            let (start, of_bio, of_age) = (&start, orm.clone(), orm.clone());
            let bio = scope.spawn(move || {
                let mut em = of_bio.em();
                em.find_one(shared).or_fail()?;
                start.wait();
                for round in 1..=ROUNDS {
                    em[shared].bio = round.to_string();
                    em.flush()?;
                }
                Ok::<_, Error>(())
            });
            let age = scope.spawn(move || {
                let mut em = of_age.em();
                em.find_one(shared).or_fail()?;
                start.wait();
                for round in 1..=ROUNDS {
                    em[shared].age = Some(round);
                    em.flush()?;
                }
                Ok::<_, Error>(())
            });
            bio.join().expect("no thread panics")?;
            age.join().expect("no thread panics")
        })?;
        em.refresh(shared)?;
        assert_eq!(em[shared].bio, ROUNDS.to_string());
        assert_eq!(em[shared].age, Some(ROUNDS));
        Ok(())
    });
}

#[test]
fn a_unit_of_work_begun_here_may_be_flushed_there() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let label = tag(&mut em, "rust");
        let mut em = std::thread::spawn(move || em.flush().map(|()| em))
            .join()
            .expect("no thread panics")?;
        assert_eq!(em.find::<Tag>().all()?, [label]);
        Ok(())
    });
}
