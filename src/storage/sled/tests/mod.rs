//! What only the sled store does: opening and refusing, damage, chunks as they lie in the engine,
//! and a disk that fails. A test is a function of a [`Place`]; [`on_both_paths`] makes one `#[test]`
//! a commit path of it. What only the journal does is tested in `journal/tests`.

mod chunks;
mod damage;
mod disk;
mod drafts;
mod interval;
mod large_commits;
mod opening;

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use super::faults::{Faults, Operation};
use super::{CommitPath, SledOptions, SledStore, format};
use crate::storage::{
    Batch, CommitSequence, Direction, Durability, KeyRange, StorageError, Store, StoreExt, TreeId,
};

/// A place for one database.
pub(super) struct Place {
    directory: TempDir,
    pub(super) options: SledOptions,
}

impl Place {
    pub(super) fn new(commit_path: CommitPath) -> Place {
        Place {
            directory: tempfile::tempdir().unwrap(),
            options: SledOptions {
                commit_path,
                ..SledOptions::default()
            },
        }
    }

    /// Another place with the same files.
    pub(super) fn copy(&self) -> Place {
        let mut copy = Place::new(self.options.commit_path);
        copy.options = self.options;
        copy_directory(&self.path(), &copy.path());
        copy
    }

    pub(super) fn path(&self) -> PathBuf {
        self.directory.path().join("database")
    }

    pub(super) fn engine(&self) -> PathBuf {
        self.path().join("sled")
    }

    pub(super) fn try_open(&self) -> Result<SledStore, StorageError> {
        SledStore::open(self.path(), self.options)
    }

    pub(super) fn open(&self) -> SledStore {
        self.try_open().unwrap()
    }

    pub(super) fn open_error(&self) -> StorageError {
        self.try_open().err().expect("the store must not open")
    }

    /// Opens it with a disk that does what `hook` says.
    pub(super) fn open_with_hook(
        &self,
        hook: impl Fn(Operation) -> io::Result<()> + Send + Sync + 'static,
    ) -> SledStore {
        let faults = Faults::from_hook(Arc::new(hook));
        SledStore::open_with_faults(&self.path(), self.options, faults).unwrap()
    }

    /// Runs `change` on the closed engine, behind the store's back.
    pub(super) fn behind_its_back(&self, change: impl FnOnce(&::sled::Db)) {
        let db = open_engine(&self.engine());
        change(&db);
        db.flush().unwrap();
    }

    pub(super) fn assert_corruption(&self) {
        let error = self.open_error();
        assert!(matches!(error, StorageError::Corruption { .. }), "{error}");
        let path = self.path();
        assert!(
            error.to_string().contains(path.to_str().unwrap()),
            "{error}"
        );
    }
}

/// sled lets go of its files a moment after it is dropped, so this asks until it does.
pub(super) fn open_engine(path: &Path) -> ::sled::Db {
    let config = ::sled::Config::new().path(path);
    let config = config.segment_size(super::pace::SEGMENT_LENGTH);
    loop {
        match config.open() {
            Ok(db) => return db,
            Err(error) if error.to_string().contains("could not acquire lock") => {
                std::thread::yield_now();
            }
            Err(error) => panic!("{error}"),
        }
    }
}

pub(super) fn put(
    store: &SledStore,
    tree: TreeId,
    key: &[u8],
    value: &[u8],
) -> Result<u64, StorageError> {
    store.write_with(Durability::Immediate, |_, sequence| {
        let mut batch = Batch::new();
        batch.put(tree, key, value);
        Ok((batch, sequence.0))
    })
}

pub(super) fn get(
    store: &SledStore,
    tree: TreeId,
    key: &[u8],
) -> Result<Option<Vec<u8>>, StorageError> {
    let value = store.read_with(|reader| reader.get(tree, key))??;
    Ok(value.map(|value| value.to_vec()))
}

pub(super) fn copy_directory(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_directory(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

pub(super) fn sequence(store: &SledStore) -> u64 {
    store.read_with(|reader| reader.sequence().0).unwrap()
}

macro_rules! on_both_paths {
    ($($name:ident)*) => {
        mod direct {
            $(#[test] fn $name() { super::$name(&super::Place::new(super::CommitPath::Direct)) })*
        }
        mod journal {
            $(#[test] fn $name() { super::$name(&super::Place::new(super::CommitPath::Journal)) })*
        }
    };
}
use on_both_paths;
