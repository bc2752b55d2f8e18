//! What only the journal does: a process that stops at any operation, a disk that loses what was
//! not synced, damaged journal files, and an applier that fails or takes its time.

mod applying;
mod damage;
mod stops;

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;

use crate::storage::sled::faults::Operation;
use crate::storage::sled::tests::{Place, get, put, sequence};
use crate::storage::sled::{CommitPath, SledStore};
use crate::storage::{
    Batch, CommitSequence, Direction, Durability, KeyRange, StorageError, Store, StoreExt,
};

/// A place whose overlay is so small that every few commits are carried into the engine.
fn hurried_place() -> Place {
    let mut place = Place::new(CommitPath::Journal);
    place.options.overlay_capacity = 1000;
    place
}

/// Makes commit number `sequence`: it rewrites a third of the keys of two trees alike, and removes
/// some; every fourth has values that go into chunks.
fn commit(store: &SledStore, durability: Durability) -> Result<u64, StorageError> {
    let trees = [store.open_tree("first")?, store.open_tree("second")?];
    store.write_with(durability, |_, sequence| {
        let mut batch = Batch::new();
        for tree in trees {
            for (key, value) in writes_of(sequence.0) {
                match value {
                    Some(value) => batch.put(tree, key, value),
                    None => batch.delete(tree, key),
                }
            }
        }
        Ok((batch, sequence.0))
    })
}

fn writes_of(sequence: u64) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
    let keys = (0..9_u64).filter(|key| (key + sequence).is_multiple_of(3));
    let value = |key: u64| {
        let times = if sequence.is_multiple_of(4) { 1000 } else { 2 };
        let kept = !(key + sequence).is_multiple_of(5);
        kept.then(|| sequence.to_be_bytes().repeat(times))
    };
    keys.map(|key| (key.to_be_bytes().to_vec(), value(key)))
        .collect()
}

/// What the trees hold after so many commits.
fn model(commits: u64) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut rows = std::collections::BTreeMap::new();
    for (key, value) in (1..=commits).flat_map(writes_of) {
        match value {
            Some(value) => rows.insert(key, value),
            None => rows.remove(&key),
        };
    }
    rows.into_iter().collect()
}

/// Holds an open store against the model, in both directions; gives its number of commits.
fn verify(store: &SledStore) -> u64 {
    let commits = sequence(store);
    let expected = model(commits);
    for name in ["first", "second"] {
        let tree = store.open_tree(name).unwrap();
        for direction in [Direction::Forward, Direction::Backward] {
            let mut rows = Vec::new();
            let scanned = store.read_with(|reader| {
                reader.scan(tree, &KeyRange::all(), direction, &mut |key, value| {
                    rows.push((key.to_vec(), value.to_vec()));
                    ControlFlow::Continue(())
                })
            });
            scanned.unwrap().unwrap();
            if direction == Direction::Backward {
                rows.reverse();
            }
            assert!(rows == expected, "{name} after commit {commits}");
        }
    }
    commits
}

fn journal_files(place: &Place) -> [PathBuf; 2] {
    ["0", "1"].map(|name| place.path().join("journal").join(name))
}
