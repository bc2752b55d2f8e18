//! Making commits durable: a sync of what holds them, then the witness.
//!
//! Waiting for the disk needs no lock of the store. How those who wait share one sync is the business
//! of `group`; here is what a sync consists of, and what its failure means.

use super::engine::Engine;
use super::faults::Operation;
use super::group::{Disk, Group};
use super::witness::Witness;
use crate::storage::error::Cause;
use crate::storage::{CommitSequence, StorageError};

/// How far the disk has confirmed commits.
pub(super) struct Durable {
    group: Group<Witness>,
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
            group: Group::new(witness, synced.0),
        }
    }

    /// The last commit that is known to be on the disk.
    pub(super) fn synced(&self) -> CommitSequence {
        CommitSequence(self.group.synced())
    }

    /// Returns when `wanted` is on the disk.
    pub(super) fn ensure(
        &self,
        engine: &Engine,
        commits: &impl Confirm,
        wanted: CommitSequence,
    ) -> Result<(), StorageError> {
        let ensured = self.group.ensure(&OneSync { engine, commits }, wanted.0);
        ensured.map_err(|source| StorageError::NotDurable {
            path: engine.health.path().to_owned(),
            sequence: wanted,
            source,
        })
    }

    /// Makes the witness durable, so that it forgets nothing when the power is lost later. A disk
    /// that refuses is not asked again, as with commits.
    pub(super) fn sync_witness(&self, engine: &Engine) -> Result<(), StorageError> {
        self.group.with_witness(|witness| {
            engine.health.check_write()?;
            engine
                .faults
                .check(Operation::WitnessSync)
                .and_then(|()| witness.sync())
                .map_err(|error| {
                    let reason = format!("syncing the witness failed: {error}");
                    engine.health.refuse_writes(reason);
                    engine.failure("sync the witness of", error)
                })
        })
    }
}

/// One sync of a database.
struct OneSync<'a, C> {
    engine: &'a Engine,
    commits: &'a C,
}

impl<C: Confirm> Disk<Witness> for OneSync<'_, C> {
    type Error = Cause;

    fn committed(&self) -> u64 {
        self.commits.committed().0
    }

    fn confirm(&self) -> Result<(), Cause> {
        self.commits.confirm()
    }

    fn record(&self, witness: &mut Witness, covered: u64) -> Result<(), Cause> {
        self.engine.faults.check(Operation::WitnessWrite)?;
        Ok(witness.record(CommitSequence(covered))?)
    }

    fn refusal(&self) -> Option<Cause> {
        self.engine.health.write_refusal().map(Cause::from)
    }

    fn refuse(&self, covered: u64, error: &Cause) {
        let reason = format!("syncing commit {covered} failed: {error}");
        self.engine.health.refuse_writes(reason);
    }
}
