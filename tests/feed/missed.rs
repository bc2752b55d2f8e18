//! A reader that is too slow holds up nobody, and is told what it missed.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

/// Commits `count` new tags, each on its own.
fn commit_tags(orm: &Orm, count: usize) -> musher::Result<()> {
    let mut em = orm.em();
    (0..count).try_for_each(|_| {
        tag(&mut em, "a");
        em.flush()
    })
}

/// The ids that were told, and how many changes each gap counts, in their places.
fn told(feed: &Receiver<FeedItem<Tag>>) -> Vec<Result<u64, u64>> {
    feed.try_iter().map(read).collect()
}

fn read(item: FeedItem<Tag>) -> Result<u64, u64> {
    match item {
        FeedItem::Change(change) => Ok(*change.id().key()),
        FeedItem::Missed(missed) => Err(missed.changes()),
    }
}

#[test]
fn a_reader_that_never_reads_holds_up_nobody() -> musher::Result<()> {
    let orm = Orm::builder().entities::<House>().in_memory()?;
    let feed = orm.subscribe::<Tag>();
    commit_tags(&orm, 1500)?;
    let told = told(&feed);
    let expected = (1..=1024).map(Ok).chain([Err(476)]);
    assert!(told.into_iter().eq(expected));
    Ok(())
}

#[test]
fn a_gap_is_told_in_its_place_though_nothing_follows() -> musher::Result<()> {
    let orm = Orm::builder().entities::<House>().in_memory()?;
    let feed = orm.subscribe_with_capacity::<Tag>(3);
    commit_tags(&orm, 5)?;
    assert_eq!(told(&feed), [Ok(1), Ok(2), Ok(3), Err(2)]);
    commit_tags(&orm, 2)?;
    assert_eq!(told(&feed), [Ok(6), Ok(7)]);
    Ok(())
}

#[test]
fn changes_are_told_again_when_there_is_room_behind_the_gap() -> musher::Result<()> {
    let orm = Orm::builder().entities::<House>().in_memory()?;
    let feed = orm.subscribe_with_capacity::<Tag>(2);
    commit_tags(&orm, 4)?;
    let read = || feed.try_recv().map(read).unwrap();
    assert_eq!((read(), read()), (Ok(1), Ok(2)));
    commit_tags(&orm, 3)?;
    assert_eq!((read(), read(), read()), (Err(2), Ok(5), Err(2)));
    Ok(())
}

#[test]
fn a_commit_larger_than_the_room_is_told_as_far_as_it_goes() -> musher::Result<()> {
    let orm = Orm::builder().entities::<House>().in_memory()?;
    let feed = orm.subscribe_with_capacity::<Tag>(3);
    let mut em = orm.em();
    for _ in 0..10 {
        tag(&mut em, "a");
    }
    em.flush()?;
    assert_eq!(told(&feed), [Ok(1), Ok(2), Ok(3), Err(7)]);
    Ok(())
}

#[test]
fn without_any_room_only_the_gap_is_told() -> musher::Result<()> {
    let orm = Orm::builder().entities::<House>().in_memory()?;
    let feed = orm.subscribe_with_capacity::<Tag>(0);
    commit_tags(&orm, 5)?;
    assert_eq!(told(&feed), [Err(5)]);
    commit_tags(&orm, 1)?;
    assert_eq!(told(&feed), [Err(1)]);
    Ok(())
}

#[test]
fn looking_at_a_gap_closes_it() -> musher::Result<()> {
    let orm = Orm::builder().entities::<House>().in_memory()?;
    let feed = orm.subscribe_with_capacity::<Tag>(0);
    commit_tags(&orm, 2)?;
    let Ok(FeedItem::Missed(first)) = feed.try_recv() else {
        panic!("there was no room")
    };
    // It was taken out, and not looked at: it still counts.
    commit_tags(&orm, 3)?;
    assert_eq!(format!("{first:?}"), "Missed { changes: 5 }");
    commit_tags(&orm, 1)?;
    assert_eq!(first.changes(), 6);
    commit_tags(&orm, 4)?;
    assert_eq!(first.changes(), 6);
    assert_eq!(told(&feed), [Err(4)]);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the room and the reader do, each change is told once or counted once, in its place.
    #[test]
    fn each_change_is_told_or_counted(
        capacity in 0..5_usize,
        steps in proptest::collection::vec((0..4_usize, 0..4_usize), 0..20),
    ) {
        let orm = Orm::builder().entities::<House>().in_memory().unwrap();
        let feed = orm.subscribe_with_capacity::<Tag>(capacity);
        let mut told = VecDeque::new();
        let mut committed = 0;
        for (commits, reads) in steps {
            commit_tags(&orm, commits).unwrap();
            committed += commits as u64;
            prop_assert!(feed.len() <= capacity + 1);
            told.extend(feed.try_iter().take(reads).map(read));
        }
        told.extend(feed.try_iter().map(read));
        let mut last = 0;
        for item in told {
            match item {
                Ok(id) => {
                    prop_assert_eq!(id, last + 1);
                    last = id;
                }
                Err(missed) => {
                    prop_assert!(missed > 0);
                    last += missed;
                }
            }
        }
        prop_assert_eq!(last, committed);
    }
}
