//! What the store and its applier have in common, and the journal's side of being durable.
//!
//! Invariant: `committed` is the last commit that is written to a journal file as a whole. It runs
//! ahead of what is visible by one commit at most, and never behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;

use super::file::JournalFile;
use super::signals::Signals;
use super::state::State;
use crate::storage::error::Cause;
use crate::storage::sled::durable::{Confirm, Durable};
use crate::storage::sled::engine::Engine;
use crate::storage::{CommitSequence, StorageError};

/// The parts of the store that both threads use.
pub(super) struct Shared {
    pub(super) state: RwLock<State>,
    pub(super) durable: Durable,
    pub(super) applier: Signals,
    pub(super) files: [Arc<JournalFile>; 2],
    pub(super) committed: AtomicU64,
    pub(super) engine: Engine,
}

impl Shared {
    /// Returns when `wanted` is on the disk.
    pub(super) fn make_durable(&self, wanted: CommitSequence) -> Result<(), StorageError> {
        self.durable.ensure(&self.engine, self, wanted)
    }
}

impl Confirm for Shared {
    fn committed(&self) -> CommitSequence {
        CommitSequence(self.committed.load(Ordering::Acquire))
    }

    /// Both files: a commit is worth nothing without those before it, and these may be in the file
    /// of the frozen overlay. A file without new records costs nothing.
    fn confirm(&self) -> Result<(), Cause> {
        for file in &self.files {
            file.sync(&self.engine.faults)?;
        }
        Ok(())
    }
}
