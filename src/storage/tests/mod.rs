//! One suite for every store: what the interface promises, held against all of them.
//!
//! A test is a function of a [`Fixture`]; [`on_every_store`] makes one `#[test]` a store of it.
//! The sled store comes three times: without a journal, with one, and with one whose overlay is so
//! small that nearly every commit is carried into the engine at once.

mod basics;
mod large_values;
mod lasting;
mod model;
mod snapshots;
mod staged;
mod views;

use std::ops::ControlFlow;

use tempfile::TempDir;

use super::sled::CommitPath;
use super::{
    Batch, CommitSequence, Direction, Durability, KeyRange, MemoryStore, Reader, SledOptions,
    SledStore, StorageError, Store, StoreExt, TreeId,
};

/// A store under test.
enum Fixture {
    Memory(MemoryStore),
    /// The store is `None` only while it is being reopened.
    Sled(TempDir, SledOptions, Option<Box<SledStore>>, PathChange),
}

/// Whether the commit path of a store changes when it is reopened.
enum PathChange {
    Never,
    AtEveryOpen,
}

impl Fixture {
    fn memory() -> Fixture {
        Fixture::Memory(MemoryStore::new())
    }

    fn direct() -> Fixture {
        Fixture::sled(SledOptions {
            commit_path: CommitPath::Direct,
            ..SledOptions::default()
        })
    }

    fn journal() -> Fixture {
        Fixture::sled(SledOptions {
            commit_path: CommitPath::Journal,
            ..SledOptions::default()
        })
    }

    fn hurried_journal() -> Fixture {
        Fixture::journal_of(300)
    }

    fn journal_of(overlay_capacity: usize) -> Fixture {
        Fixture::sled(SledOptions {
            commit_path: CommitPath::Journal,
            overlay_capacity,
            ..SledOptions::default()
        })
    }

    /// Another commit path every time it is opened.
    fn alternating() -> Fixture {
        let mut fixture = Fixture::hurried_journal();
        if let Fixture::Sled(_, _, _, change) = &mut fixture {
            *change = PathChange::AtEveryOpen;
        }
        fixture
    }

    fn sled(options: SledOptions) -> Fixture {
        let directory = tempfile::tempdir().unwrap();
        let mut fixture = Fixture::Sled(directory, options, None, PathChange::Never);
        fixture.reopen();
        fixture
    }

    fn store(&self) -> &dyn Store {
        match self {
            Fixture::Memory(store) => store,
            Fixture::Sled(_, _, store, _) => store.as_deref().unwrap(),
        }
    }

    /// Closes the store and opens it again, where that means something.
    fn reopen(&mut self) {
        if let Fixture::Sled(directory, options, store, change) = self {
            *store = None;
            if let PathChange::AtEveryOpen = change {
                options.commit_path = match options.commit_path {
                    CommitPath::Journal => CommitPath::Direct,
                    CommitPath::Direct => CommitPath::Journal,
                };
            }
            let path = directory.path().join("database");
            let opened = SledStore::open(path, *options).unwrap();
            *store = Some(Box::new(opened));
        }
    }

    fn tree(&self, name: &str) -> TreeId {
        self.store().open_tree(name).unwrap()
    }

    fn get(&self, tree: TreeId, key: &[u8]) -> Option<Vec<u8>> {
        let value = self.store().read_with(|reader| reader.get(tree, key));
        value.unwrap().unwrap().map(|value| value.to_vec())
    }

    /// All keys and values in `range`.
    fn rows(
        &self,
        tree: TreeId,
        range: &KeyRange,
        direction: Direction,
    ) -> Vec<(Vec<u8>, Vec<u8>)> {
        let rows = self
            .store()
            .read_with(|reader| collect(reader, tree, range, direction));
        rows.unwrap()
    }

    fn sequence(&self) -> u64 {
        self.store()
            .read_with(|reader| reader.sequence())
            .unwrap()
            .0
    }

    /// Commits what `fill` puts into a batch.
    fn commit(&self, fill: impl Fn(&mut Batch)) -> Option<u64> {
        let sequence = self.store().write(Durability::Os, &mut |_, _| {
            let mut batch = Batch::new();
            fill(&mut batch);
            Some(batch)
        });
        sequence.unwrap().map(|sequence| sequence.0)
    }
}

fn collect(
    reader: &dyn Reader,
    tree: TreeId,
    range: &KeyRange,
    direction: Direction,
) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut rows = Vec::new();
    let scanned = reader.scan(tree, range, direction, &mut |key, value| {
        rows.push((key.to_vec(), value.to_vec()));
        ControlFlow::Continue(())
    });
    scanned.unwrap();
    rows
}

/// Bytes of any length that no engine could compress or mistake for others.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let next = || {
        // xorshift64, G. Marsaglia, "Xorshift RNGs", 2003.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[7]
    };
    std::iter::repeat_with(next).take(length).collect()
}

macro_rules! on_every_store {
    ($($name:ident)*) => {
        mod memory {
            $(#[test] fn $name() { super::$name(&mut super::Fixture::memory()) })*
        }
        mod direct {
            $(#[test] fn $name() { super::$name(&mut super::Fixture::direct()) })*
        }
        mod journal {
            $(#[test] fn $name() { super::$name(&mut super::Fixture::journal()) })*
        }
        mod hurried_journal {
            $(#[test] fn $name() { super::$name(&mut super::Fixture::hurried_journal()) })*
        }
    };
}
use on_every_store;
