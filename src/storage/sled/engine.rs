//! The open engine, and what both commit paths ask of it beside reading and writing trees: the
//! commit record, and being on the disk.
//!
//! Invariant: the commit record of the engine is the number of the last commit that the engine
//! holds whole; it may hold parts of later ones only while a journal holds those whole.

use std::fs::{File, OpenOptions};
use std::io;
use std::sync::Arc;

use ::sled::{Db, Tree};

use super::cache::ValueCache;
use super::directory::{Directory, failure};
use super::faults::{Faults, Operation};
use super::format;
use super::health::Health;
use super::pace::{Load, Pace};
use crate::storage::error::Cause;
use crate::storage::{CommitSequence, StorageError};

/// sled, its directory and the state of both.
pub(super) struct Engine {
    pub(super) health: Health,
    pub(super) faults: Faults,
    pub(super) own_tree: Tree,
    pub(super) db: Db,
    pub(super) cache: Arc<ValueCache>,
    data_file: File,
    pace: Pace,
    /// Dropped last: its lock keeps others out until the engine is closed.
    pub(super) directory: Directory,
}

impl Engine {
    /// Puts together what opening has made.
    pub(super) fn new(
        health: Health,
        faults: Faults,
        (db, own_tree): (Db, Tree),
        cache: ValueCache,
        directory: Directory,
        segment_length: usize,
    ) -> Result<Engine, StorageError> {
        let path = directory.data_file();
        // Some systems sync a file only for those who may write to it.
        let data_file = OpenOptions::new()
            .write(true)
            .open(&path)
            .map_err(failure("open", &path))?;
        Ok(Engine {
            health,
            faults,
            own_tree,
            db,
            cache: Arc::new(cache),
            data_file,
            pace: Pace::new(segment_length),
            directory,
        })
    }

    /// Returns when everything that the engine was given is on the disk. sled's flush alone hands
    /// pages to the disk without waiting for it, so our own sync of its file follows.
    pub(super) fn sync(&self) -> Result<(), Cause> {
        self.faults.check(Operation::EngineSync)?;
        self.flush()?;
        // What another thread flushes from now on is the business of the next sync.
        let flushed = self.pace.count_flushed();
        self.data_file.sync_data()?;
        self.pace.synced(flushed);
        Ok(())
    }

    /// Counts what the engine was given, and flushes and syncs it where too much has come together.
    pub(super) fn wrote(&self, load: Load) -> Result<(), Cause> {
        if self.pace.wrote(load) && self.flush()? {
            self.sync()?;
        }
        Ok(())
    }

    /// Sees to it that the engine may be given a transaction.
    pub(super) fn make_room(&self) -> Result<(), Cause> {
        if self.pace.has_room() {
            return Ok(());
        }
        self.sync()
    }

    /// Hands everything that the engine was given to the system. Whether it is to be synced now.
    fn flush(&self) -> Result<bool, Cause> {
        let bytes = self.health.guarded(None, || self.db.flush())?;
        Ok(self.pace.flushed(bytes))
    }

    /// The number in the commit record.
    pub(super) fn read_sequence(&self) -> Result<CommitSequence, StorageError> {
        let record = self
            .health
            .guarded(None, || self.own_tree.get(format::COMMIT_KEY))?;
        let decoded = match &record {
            None => Err("the commit record is missing"),
            Some(record) => format::decode_commit(record),
        };
        decoded.map_err(|what| self.health.corruption(None, what))
    }

    /// Sets the commit record.
    pub(super) fn write_sequence(&self, sequence: CommitSequence) -> Result<(), StorageError> {
        let record = format::encode_commit(sequence);
        self.health.guarded(None, || {
            self.own_tree.insert(format::COMMIT_KEY, record).map(|_| ())
        })
    }

    /// The names of all trees of callers, ascending.
    pub(super) fn tree_names(&self) -> Result<Vec<String>, StorageError> {
        let engine_names = self.health.guarded(None, || Ok(self.db.tree_names()))?;
        let mut names: Vec<_> = engine_names
            .iter()
            .filter_map(|name| format::caller_name(name))
            .map(str::to_owned)
            .collect();
        names.sort_unstable();
        Ok(names)
    }

    /// An error of the system about the database as a whole.
    pub(super) fn failure(&self, action: &'static str, source: io::Error) -> StorageError {
        failure(action, self.health.path())(source)
    }
}
