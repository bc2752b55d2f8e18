//! The order of commits, whoever makes them and however they overlap.

use std::collections::BTreeMap;
use std::sync::Barrier;
use std::thread::ScopedJoinHandle;

use musher::{CommitPath, Durability};

use super::*;

const WRITERS: usize = 8;
const COMMITS: usize = 40;

/// Databases of all kinds: in memory, and on disk by both commit paths and both durabilities.
fn on_all_kinds(test: impl Fn(&Orm)) {
    let builder = || Orm::builder().entities::<House>();
    test(&builder().in_memory().expect("the schema is valid"));
    for commit_path in [CommitPath::Direct, CommitPath::Journal] {
        for durability in [Durability::Immediate, Durability::Os] {
            let directory = tempfile::tempdir().expect("there is room for a directory");
            let builder = builder().durability(durability).commit_path(commit_path);
            test(
                &builder
                    .open(directory.path())
                    .expect("the directory is new"),
            );
        }
    }
}

/// Commits changes of the same few rows, and a row of its own with each.
fn write(orm: &Orm, writer: usize) -> musher::Result<()> {
    let mut em = orm.em();
    let shared = em.find::<Tag>().limit(3).all()?;
    for turn in 0..COMMITS {
        let id = shared[turn % shared.len()];
        em[id].name = format!("{writer} {turn}");
        tag(&mut em, &format!("of {writer}"));
        em.flush()?;
    }
    Ok(())
}

/// Applies changes to the names of tags.
fn apply(names: &mut BTreeMap<Id<Tag>, String>, change: &RowChange<Tag>) {
    match change.kind() {
        ChangeKind::Create | ChangeKind::Update => {
            let name = change.payload().name().expect("it has changed").clone();
            let before = names.insert(change.id(), name);
            assert_eq!(before.as_ref(), change.original().name());
        }
        ChangeKind::Delete => panic!("nobody deletes"),
    }
}

fn stored(orm: &Orm) -> BTreeMap<Id<Tag>, String> {
    let mut em = orm.em();
    let ids = em.find::<Tag>().all().expect("the database can be read");
    ids.into_iter()
        .map(|id| (id, em[id].name.clone()))
        .collect()
}

#[test]
fn commits_of_many_threads_are_told_in_their_order() {
    on_all_kinds(|orm| {
        let mut em = orm.em();
        for _ in 0..3 {
            tag(&mut em, "shared");
        }
        em.flush().expect("nothing forbids it");
        let mut names = stored(orm);
        let feed = orm.subscribe_with_capacity::<Tag>(2 * WRITERS * COMMITS);
        let start = Barrier::new(WRITERS);
        std::thread::scope(|scope| {
            for writer in 0..WRITERS {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    write(orm, writer).expect("nothing forbids it");
                });
            }
        });
        // All flushes have returned, so everything is told.
        let changes = waiting(&feed);
        assert_eq!(changes.len(), 2 * WRITERS * COMMITS);
        assert!(changes.is_sorted_by_key(RowChange::commit));
        for change in &changes {
            apply(&mut names, change);
        }
        assert_eq!(names, stored(orm));
    });
}

#[test]
fn a_copy_of_the_rows_stays_right_whenever_it_is_begun() {
    on_all_kinds(|orm| {
        let mut em = orm.em();
        for _ in 0..3 {
            tag(&mut em, "shared");
        }
        em.flush().expect("nothing forbids it");
        std::thread::scope(|scope| {
            let writers: Vec<_> = (0..WRITERS)
                .map(|writer| scope.spawn(move || write(orm, writer).expect("nothing forbids it")))
                .collect();
            let mut copies = Vec::new();
            while !writers.iter().all(ScopedJoinHandle::is_finished) {
                let feed = orm.subscribe_with_capacity::<Tag>(2 * WRITERS * COMMITS);
                let rows = stored(orm);
                if copies.len() < 400 {
                    copies.push((feed, rows));
                }
            }
            for writer in writers {
                writer.join().expect("a writer does not panic");
            }
            for (feed, mut rows) in copies {
                for change in waiting(&feed) {
                    let name = change.payload().name().expect("it has changed").clone();
                    rows.insert(change.id(), name);
                }
                assert_eq!(rows, stored(orm));
            }
        });
    });
}

#[test]
fn a_reader_in_another_thread_is_woken() {
    on_all_kinds(|orm| {
        let feed = orm.subscribe::<Tag>();
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| in_time(feed.recv().expect("the database is open")).id());
            let mut em = orm.em();
            let label = tag(&mut em, "a");
            em.flush().expect("nothing forbids it");
            assert_eq!(reader.join().expect("the reader does not panic"), label);
        });
    });
}
