//! Making commits durable: a sync of what holds them, then the witness.
//!
//! Waiting for the disk needs no lock of the store: whoever comes while a sync runs waits for the
//! next one, which then covers all who came.
//!
//! Invariant: `synced` never exceeds what the disk has confirmed. After one failed sync it stays
//! where it was for good, since a system that has once dropped dirty pages will confirm the next
//! sync without them.

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::engine::Engine;
use super::faults::Operation;
use super::witness::Witness;
use crate::storage::error::Cause;
use crate::storage::{CommitSequence, StorageError};

/// How far the disk has confirmed commits.
pub(super) struct Durable {
    witness: Mutex<Witness>,
    /// Changes only while the witness is locked.
    synced: AtomicU64,
}

/// What holds commits: how far they are written, and how to wait until that is on the disk.
pub(super) trait Confirm {
    /// The last commit that is written.
    fn committed(&self) -> CommitSequence;

    /// Returns when every commit written before the call is on the disk.
    fn confirm(&self) -> Result<(), Cause>;
}

impl Durable {
    /// For a database whose commits up to `synced` are on the disk.
    pub(super) fn new(witness: Witness, synced: CommitSequence) -> Durable {
        Durable {
            witness: Mutex::new(witness),
            synced: AtomicU64::new(synced.0),
        }
    }

    /// The last commit that is known to be on the disk.
    pub(super) fn synced(&self) -> CommitSequence {
        CommitSequence(self.synced.load(Ordering::Acquire))
    }

    /// Returns when `wanted` is on the disk.
    pub(super) fn ensure(
        &self,
        engine: &Engine,
        commits: &impl Confirm,
        wanted: CommitSequence,
    ) -> Result<(), StorageError> {
        let mut witness = self.witness.lock();
        if self.synced() >= wanted {
            return Ok(());
        }
        let health = &engine.health;
        let not_durable = |source: Cause| StorageError::NotDurable {
            path: health.path().to_owned(),
            sequence: wanted,
            source,
        };
        if let Some(reason) = health.write_refusal() {
            return Err(not_durable(reason.into()));
        }
        // Asked just before the sync, so that one sync serves all who wait.
        let covered = commits.committed();
        debug_assert!(covered >= wanted, "only written commits are made durable");
        let advanced = commits.confirm().and_then(|()| {
            self.synced.store(covered.0, Ordering::Release);
            engine.faults.check(Operation::WitnessWrite)?;
            Ok(witness.record(covered)?)
        });
        advanced.map_err(|source| {
            health.refuse_writes(format!("syncing commit {covered} failed: {source}"));
            not_durable(source)
        })
    }

    /// Makes the witness durable, so that it forgets nothing when the power is lost later.
    pub(super) fn sync_witness(&self, engine: &Engine) -> Result<(), StorageError> {
        let witness = self.witness.lock();
        engine
            .faults
            .check(Operation::WitnessSync)
            .and_then(|()| witness.sync())
            .map_err(|error| engine.failure("sync the witness of", error))
    }
}
