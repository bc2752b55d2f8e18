//! Snapshots against plain maps: whatever is committed since, each shows the moment it was taken at.

use super::model::key;
use super::*;
use crate::storage::{NotingReader, ReadSet, Snapshot, SnapshotStore};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<(Vec<u8>, Option<Vec<u8>>)>),
    /// A batch that the store refuses, after the snapshots have heard of it.
    Refused(Vec<u8>),
    Take,
    Drop(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let value = prop::option::weighted(0.6, vec(any::<u8>(), 0..4));
    prop_oneof![
        6 => vec((key(), value), 1..8).prop_map(Step::Commit),
        1 => key().prop_map(Step::Refused),
        3 => Just(Step::Take),
        2 => any::<usize>().prop_map(Step::Drop),
    ]
}

fn write(store: &SnapshotStore, fill: impl Fn(&mut Batch)) -> Result<(), StorageError> {
    let written = store.write(Durability::Os, &mut |_, _| {
        let mut batch = Batch::new();
        fill(&mut batch);
        Some(batch)
    });
    written.map(drop)
}

fn run(store: &SnapshotStore, steps: Vec<Step>) {
    let tree = store.open_tree("a").unwrap();
    let (mut model, mut commits) = (Model::new(), 0);
    let mut taken: Vec<(Arc<Snapshot>, Model, u64)> = Vec::new();
    for step in steps {
        match step {
            Step::Commit(writes) => {
                commits += 1;
                write(store, |batch| {
                    for (key, value) in &writes {
                        match value {
                            Some(value) => batch.put(tree, key.clone(), value.clone()),
                            None => batch.delete(tree, key.clone()),
                        }
                    }
                })
                .unwrap();
                for (key, value) in writes {
                    match value {
                        Some(value) => model.insert(key, value),
                        None => model.remove(&key),
                    };
                }
            }
            Step::Refused(key) => {
                let refused = write(store, |batch| {
                    batch.put(tree, key.clone(), "refused");
                    batch.put(tree, noise(1, 20_000), "too long");
                });
                assert!(matches!(refused, Err(StorageError::KeyTooLong { .. })));
            }
            Step::Take => taken.push((store.snapshot().unwrap(), model.clone(), commits)),
            Step::Drop(at) if !taken.is_empty() => drop(taken.swap_remove(at % taken.len())),
            Step::Drop(_) => {}
        }
        for (snapshot, model, commits) in &taken {
            verify(store, snapshot, tree, model, *commits);
        }
    }
}

fn verify(store: &SnapshotStore, snapshot: &Snapshot, tree: TreeId, model: &Model, commits: u64) {
    let looked = store.read_at(snapshot, |reader| {
        assert_eq!(reader.sequence(), CommitSequence(commits));
        let rows = collect(reader, tree, &KeyRange::all(), Direction::Forward);
        let wanted: Vec<_> = model.clone().into_iter().collect();
        assert_eq!(rows, wanted);
        for (key, value) in model {
            assert_eq!(reader.get(tree, key).unwrap().as_deref(), Some(&**value));
        }
    });
    looked.unwrap();
}

pub(super) fn over(fixture: Fixture) -> (Option<TempDir>, SnapshotStore) {
    match fixture {
        Fixture::Memory(store) => (None, SnapshotStore::new(Box::new(store))),
        Fixture::Sled(directory, _, store, _) => {
            (Some(directory), SnapshotStore::new(store.unwrap()))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_snapshot_of_the_memory_store_stays_as_it_was_taken(steps in vec(step(), 1..30)) {
        run(&over(Fixture::memory()).1, steps);
    }

    #[test]
    fn a_snapshot_of_the_sled_store_stays_as_it_was_taken(steps in vec(step(), 1..30)) {
        let (_directory, store) = over(Fixture::direct());
        run(&store, steps);
    }

    #[test]
    fn a_snapshot_of_the_sled_store_with_a_journal_stays_as_it_was_taken(steps in vec(step(), 1..30)) {
        let (_directory, store) = over(Fixture::hurried_journal());
        run(&store, steps);
    }
}

/// Two keys hold the same number after every commit; a snapshot shows the same pair for ever.
fn a_snapshot_is_taken_between_commits_of_many_threads(fixture: Fixture) {
    let (_directory, store) = over(fixture);
    let tree = store.open_tree("a").unwrap();
    let commit = |number: u64| {
        write(&store, |batch| {
            batch.put(tree, "a", number.to_be_bytes());
            batch.put(tree, "b", number.to_be_bytes());
        })
        .unwrap();
    };
    let pair = |snapshot: &Snapshot| {
        let read = store.read_at(snapshot, |reader| {
            ["a", "b"].map(|key| reader.get(tree, key.as_bytes()).unwrap().unwrap())
        });
        read.unwrap()
    };
    commit(0);
    std::thread::scope(|threads| {
        for writer in 1..4 {
            threads.spawn(move || (0..300).for_each(|number| commit(writer * 1000 + number)));
        }
        for _ in 0..3 {
            threads.spawn(|| {
                for _ in 0..50 {
                    let snapshot = store.snapshot().unwrap();
                    let first = pair(&snapshot);
                    assert_eq!(first[0], first[1], "it is no half of a commit");
                    for _ in 0..5 {
                        assert_eq!(pair(&snapshot), first, "and does not change");
                    }
                }
            });
        }
    });
}

#[test]
fn a_snapshot_is_taken_between_commits_in_memory() {
    a_snapshot_is_taken_between_commits_of_many_threads(Fixture::memory());
}

#[test]
fn a_snapshot_is_taken_between_commits_of_sled() {
    a_snapshot_is_taken_between_commits_of_many_threads(Fixture::direct());
}

#[test]
fn a_snapshot_is_taken_between_commits_of_the_journal() {
    a_snapshot_is_taken_between_commits_of_many_threads(Fixture::hurried_journal());
}

#[test]
fn what_was_read_is_noted_be_it_there_or_not() {
    let store = MemoryStore::new();
    let (tree, other) = (store.open_tree("a").unwrap(), store.open_tree("b").unwrap());
    let mut reads = ReadSet::default();
    let noted = store.read_with(|reader| {
        let noting = NotingReader::new(reader, &mut reads);
        noting.get(tree, b"one")?;
        noting.contains(tree, b"two")?;
        noting.get_many(tree, &[b"six", b"ten"], &mut |_, _| {})?;
        let prefix = KeyRange::prefix(b"x");
        noting.scan(tree, &prefix, Direction::Forward, &mut |_, _| {
            ControlFlow::Continue(())
        })
    });
    noted.unwrap().unwrap();
    for key in ["one", "two", "six", "ten", "x", "xyz"] {
        assert!(reads.contains(tree, key.as_bytes()), "{key}");
        assert!(!reads.contains(other, key.as_bytes()), "{key}");
    }
    for key in ["", "on", "onee", "seven", "w", "y"] {
        assert!(!reads.contains(tree, key.as_bytes()), "{key}");
    }
}

#[test]
fn of_a_scan_that_is_broken_off_what_was_visited_is_noted() {
    let store = MemoryStore::new();
    let tree = store.open_tree("a").unwrap();
    let mut batch = Batch::new();
    for key in ["b", "d", "f"] {
        batch.put(tree, key, "");
    }
    store
        .write(Durability::Os, &mut |_, _| Some(batch.clone()))
        .unwrap();
    for (direction, noted, not_noted) in [
        (Direction::Forward, ["a", "c", "d"], ["e", "f", "z"]),
        (Direction::Backward, ["d", "e", "z"], ["a", "b", "c"]),
    ] {
        let mut reads = ReadSet::default();
        let scanned = store.read_with(|reader| {
            let noting = NotingReader::new(reader, &mut reads);
            noting.scan(tree, &KeyRange::all(), direction, &mut |key, _| {
                if key == b"d" {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            })
        });
        scanned.unwrap().unwrap();
        for key in noted {
            assert!(reads.contains(tree, key.as_bytes()), "{direction:?} {key}");
        }
        for key in not_noted {
            assert!(!reads.contains(tree, key.as_bytes()), "{direction:?} {key}");
        }
    }
}

#[test]
fn a_value_that_is_written_back_is_no_change() {
    let (_, store) = over(Fixture::memory());
    let tree = store.open_tree("a").unwrap();
    write(&store, |batch| batch.put(tree, "a", "1")).unwrap();
    let snapshot = store.snapshot().unwrap();
    let changed = |wanted: &str| {
        let look =
            |reader: &dyn Reader| snapshot.changed(reader, |_, key| key == wanted.as_bytes());
        store.read_with(look).unwrap().unwrap()
    };
    write(&store, |batch| batch.put(tree, "a", "2")).unwrap();
    assert_eq!(changed("a"), Some((tree, b"a".to_vec())));
    assert_eq!(changed("b"), None);
    write(&store, |batch| {
        batch.put(tree, "a", "1");
        batch.put(tree, "b", "new");
    })
    .unwrap();
    assert_eq!(changed("a"), None);
    assert_eq!(changed("b"), Some((tree, b"b".to_vec())));
}
