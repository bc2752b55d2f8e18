//! Making commits durable: sled's flush, then our own sync of its file, then the witness.
//!
//! sled's flush alone hands pages to the disk without waiting for it. Waiting needs no lock of the
//! store: whoever comes while a sync runs waits for the next one, which then covers all who came.
//!
//! Invariant: `synced` never exceeds what the disk has confirmed. After one failed sync it stays
//! where it was for good, since a system that has once dropped dirty pages will confirm the next
//! sync without them.

use std::fs::{File, OpenOptions};
use std::path::Path;

use ::sled::Db;
use parking_lot::Mutex;

use super::directory::failure;
use super::health::Health;
use super::witness::Witness;
use crate::storage::error::Cause;
use crate::storage::{CommitSequence, StorageError};

/// How far the disk has confirmed commits.
pub(super) struct Durable {
    state: Mutex<State>,
}

struct State {
    data_file: File,
    witness: Witness,
    synced: CommitSequence,
}

impl Durable {
    /// For a database whose commits up to `synced` are on the disk.
    pub(super) fn open(
        data_file: &Path,
        witness: Witness,
        synced: CommitSequence,
    ) -> Result<Durable, StorageError> {
        let state = State {
            // Some systems sync a file only for those who may write to it.
            data_file: OpenOptions::new()
                .write(true)
                .open(data_file)
                .map_err(failure("open", data_file))?,
            witness,
            synced,
        };
        Ok(Durable {
            state: Mutex::new(state),
        })
    }

    /// Returns when `wanted` is on the disk. `committed` gives the last commit that is applied; it
    /// is asked just before the sync, so that one sync serves all who wait.
    pub(super) fn ensure(
        &self,
        health: &Health,
        db: &Db,
        committed: impl Fn() -> CommitSequence,
        wanted: CommitSequence,
    ) -> Result<(), StorageError> {
        let mut state = self.state.lock();
        if state.synced >= wanted {
            return Ok(());
        }
        let not_durable = |source: Cause| StorageError::NotDurable {
            path: health.path().to_owned(),
            sequence: wanted,
            source,
        };
        if let Some(reason) = health.write_refusal() {
            return Err(not_durable(reason.into()));
        }
        let covered = committed();
        debug_assert!(covered >= wanted, "only applied commits are made durable");
        state.advance(health, db, covered).map_err(|source| {
            health.refuse_writes(format!("syncing commit {covered} failed: {source}"));
            not_durable(source)
        })
    }

    /// Makes the witness durable, so that it forgets nothing when the power is lost later.
    pub(super) fn sync_witness(&self, health: &Health) -> Result<(), StorageError> {
        let state = self.state.lock();
        state
            .witness
            .sync()
            .map_err(failure("sync the witness of", health.path()))
    }

    /// Puts `file` in the place of the engine's, for tests of a disk that fails.
    #[cfg(test)]
    pub(super) fn replace_data_file(&self, file: File) {
        self.state.lock().data_file = file;
    }
}

impl State {
    fn advance(&mut self, health: &Health, db: &Db, covered: CommitSequence) -> Result<(), Cause> {
        health.guarded(None, || db.flush())?;
        self.data_file.sync_data()?;
        self.synced = covered;
        self.witness.record(covered)?;
        Ok(())
    }
}
