//! What only the sled store does: opening and refusing, damage, chunks as they lie in the engine,
//! and a disk that fails.

mod chunks;
mod damage;
mod disk;
mod opening;

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{SledOptions, SledStore, format};
use crate::storage::{
    Batch, CommitSequence, Direction, Durability, KeyRange, StorageError, Store, StoreExt, TreeId,
};

/// A place for one database.
struct Place(TempDir);

impl Place {
    fn new() -> Place {
        Place(tempfile::tempdir().unwrap())
    }

    /// Another place with the same files.
    fn copy(&self) -> Place {
        let copy = Place::new();
        copy_directory(&self.path(), &copy.path());
        copy
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("database")
    }

    fn engine(&self) -> PathBuf {
        self.path().join("sled")
    }

    fn try_open(&self) -> Result<SledStore, StorageError> {
        SledStore::open(self.path(), SledOptions::default())
    }

    fn open(&self) -> SledStore {
        self.try_open().unwrap()
    }

    fn open_error(&self) -> StorageError {
        self.try_open().err().expect("the store must not open")
    }

    /// Runs `change` on the closed engine, behind the store's back.
    fn behind_its_back(&self, change: impl FnOnce(&::sled::Db)) {
        let db = open_engine(&self.engine());
        change(&db);
        db.flush().unwrap();
    }

    fn assert_corruption(&self) {
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
fn open_engine(path: &Path) -> ::sled::Db {
    loop {
        match ::sled::open(path) {
            Ok(db) => return db,
            Err(error) if error.to_string().contains("could not acquire lock") => {
                std::thread::yield_now();
            }
            Err(error) => panic!("{error}"),
        }
    }
}

fn put(store: &SledStore, tree: TreeId, key: &[u8], value: &[u8]) -> Result<u64, StorageError> {
    store.write_with(Durability::Immediate, |_, sequence| {
        let mut batch = Batch::new();
        batch.put(tree, key, value);
        Ok((batch, sequence.0))
    })
}

fn get(store: &SledStore, tree: TreeId, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
    let value = store.read_with(|reader| reader.get(tree, key))??;
    Ok(value.map(|value| value.to_vec()))
}

fn copy_directory(from: &Path, to: &Path) {
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
