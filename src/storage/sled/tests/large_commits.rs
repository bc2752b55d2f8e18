//! Commits of the direct path that are too large for one transaction of the engine.

use super::*;
use crate::storage::sled::pace;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a commit writes: many keys of two trees alike, with values of all sizes, some of which go
/// into chunks. Every other one is small.
fn commit(store: &SledStore, durability: Durability) -> Result<u64, StorageError> {
    let trees = [store.open_tree("first")?, store.open_tree("second")?];
    store.write_with(durability, |_, sequence| {
        let mut batch = Batch::new();
        for tree in trees {
            for key in keys_of(sequence.0) {
                match value_of(sequence.0, key) {
                    Some(value) => batch.put(tree, key.to_be_bytes(), value),
                    None => batch.delete(tree, key.to_be_bytes()),
                }
            }
        }
        Ok((batch, sequence.0))
    })
}

fn keys_of(commit: u64) -> std::ops::Range<u64> {
    let count = if commit.is_multiple_of(2) { 40 } else { 3 };
    commit % 5..commit % 5 + count
}

fn value_of(commit: u64, key: u64) -> Option<Vec<u8>> {
    let length = (key * 7919 + commit * 131) % 9000;
    let is_kept = !(key + commit).is_multiple_of(4);
    let length = usize::try_from(length).unwrap();
    is_kept.then(|| commit.to_be_bytes().repeat(length / 8))
}

/// Holds the store against what so many commits must have made of it, and gives their number.
fn verify(store: &SledStore) -> u64 {
    let commits = sequence(store);
    let mut expected = std::collections::BTreeMap::new();
    for commit in 1..=commits {
        for key in keys_of(commit) {
            match value_of(commit, key) {
                Some(value) => expected.insert(key.to_be_bytes().to_vec(), value),
                None => expected.remove(key.to_be_bytes().as_slice()),
            };
        }
    }
    for name in ["first", "second"] {
        let tree = store.open_tree(name).unwrap();
        let mut found = std::collections::BTreeMap::new();
        let scanned = store.read_with(|reader| {
            let range = KeyRange::all();
            reader.scan(tree, &range, Direction::Forward, &mut |key, value| {
                found.insert(key.to_vec(), value.to_vec());
                ControlFlow::Continue(())
            })
        });
        scanned.unwrap().unwrap();
        assert!(found == expected, "{name} after {commits} commits");
    }
    commits
}

fn journal_files(place: &Place) -> usize {
    let entries = fs::read_dir(place.path().join("journal"));
    entries.map_or(0, Iterator::count)
}

#[test]
fn they_go_by_a_journal_file_that_the_next_opening_removes() {
    let place = Place::new(CommitPath::Direct);
    let store = place.open();
    assert_eq!(commit(&store, Durability::Os).unwrap(), 1);
    assert_eq!(journal_files(&place), 0, "a small commit needs none");
    for number in 2..=6 {
        assert_eq!(commit(&store, Durability::Os).unwrap(), number);
        assert_eq!(verify(&store), number);
    }
    assert_eq!(journal_files(&place), 2);
    drop(store);
    assert_eq!(verify(&place.open()), 6);
    assert_eq!(journal_files(&place), 0);
}

#[test]
fn a_process_that_stops_within_one_leaves_it_whole_or_not_at_all() {
    const COMMITS: u64 = 3;
    let (mut not_at_all, mut whole) = (0, 0);
    for stop in (0..).step_by(5) {
        let place = Place::new(CommitPath::Direct);
        let done = AtomicU64::new(0);
        let store = place.open_with_hook(move |_| {
            if done.fetch_add(1, Ordering::AcqRel) >= stop {
                return Err(io::Error::other("the process is gone"));
            }
            Ok(())
        });
        let mut acknowledged = 0;
        while acknowledged < COMMITS
            && let Ok(number) = commit(&store, Durability::Os)
        {
            acknowledged = number;
        }
        // The files as they are, without what closing does.
        let killed = place.copy();
        drop(store);
        let found = verify(&killed.open());
        assert!(found <= acknowledged + 1, "stop at {stop}");
        if acknowledged < 2 {
            not_at_all += u64::from(found < 2);
            whole += u64::from(found == 2);
        } else {
            // Being synced in the journal and in the engine, a large commit is there for good.
            assert!(found >= 2, "stop at {stop}");
        }
        if acknowledged == COMMITS {
            break;
        }
    }
    assert!(not_at_all > 0 && whole > 0, "{not_at_all}, {whole}");
}

#[test]
fn one_that_fails_half_way_is_told_apart_and_stands_when_it_is_opened_again() {
    let place = Place::new(CommitPath::Direct);
    let writes = AtomicU64::new(0);
    let store = place.open_with_hook(move |operation| match operation {
        Operation::EngineWrite if writes.fetch_add(1, Ordering::AcqRel) == 20 => {
            Err(io::Error::other("the disk is gone"))
        }
        _ => Ok(()),
    });
    commit(&store, Durability::Os).unwrap();
    let error = commit(&store, Durability::Os).unwrap_err();
    let not_durable = CommitSequence(2);
    assert!(
        matches!(&error, StorageError::NotDurable { sequence, .. } if *sequence == not_durable),
        "{error}"
    );
    // The engine has a part of it, which nobody may see.
    let read = store.read_with(|reader| reader.sequence());
    assert!(matches!(read, Err(StorageError::Poisoned { .. })));
    drop(store);
    assert_eq!(verify(&place.open()), 2);
}

#[test]
fn what_fits_into_a_transaction_is_little_beside_a_segment_of_the_log() {
    let load = |writes: u64, new| pace::Load::of_write(10, new).times(writes);
    assert!(load(20, 200).fits_a_transaction());
    assert!(!load(2000, 0).fits_a_transaction(), "many keys");
    assert!(!load(1, 200_000).fits_a_transaction(), "a large value");
    assert!(!load(0, 0).and(load(40, 5000)).fits_a_transaction());
}
