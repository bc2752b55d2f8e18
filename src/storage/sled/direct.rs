//! The direct commit path: one transaction of the engine over all trees that a commit touches.
//!
//! A lock stands before the engine: shared around every read closure, exclusive around every
//! commit, never handed out. Being on the disk is a second step that needs no lock.
//!
//! A commit that is too large for a transaction goes by a journal file: see `journal::redo`. Where
//! much is unsynced, the next commit waits until it is not: see `pace`.
//!
//! Invariant: `sequence` is the number in the commit record of the engine's current state, and
//! changes only under the exclusive lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;

use super::commit;
use super::durable::{Confirm, Durable};
use super::engine::Engine;
use super::journal::{Redo, RedoError};
use super::reader::SledReader;
use super::syncer::{Syncer, longest_wait};
use super::tree::Trees;
use super::witness::Witness;
use crate::storage::error::Cause;
use crate::storage::{Batch, CommitSequence, Durability, Reader, StorageError, Store, TreeId};

/// The store without a journal.
pub(super) struct Direct {
    /// `None` only while the store is dropped.
    syncer: Option<Syncer>,
    shared: Arc<Shared>,
}

/// What the store and its syncer have in common.
struct Shared {
    state: RwLock<State>,
    sequence: AtomicU64,
    durable: Durable,
    engine: Engine,
}

#[derive(Default)]
struct State {
    trees: Trees,
    redo: Redo,
}

impl Direct {
    /// Over an engine that holds every commit up to `sequence`, of which those up to `witnessed`
    /// are on the disk.
    pub(super) fn open(
        engine: Engine,
        witness: Witness,
        sequence: CommitSequence,
        witnessed: CommitSequence,
    ) -> Result<Direct, StorageError> {
        let shared = Arc::new(Shared {
            state: RwLock::default(),
            sequence: AtomicU64::new(sequence.0),
            durable: Durable::new(witness, witnessed),
            engine,
        });
        let its_own = Arc::clone(&shared);
        let syncer = Syncer::start(move || its_own.make_durable(its_own.committed()))
            .map_err(|error| shared.engine.failure("start the syncer of", error))?;
        Ok(Direct {
            syncer: Some(syncer),
            shared,
        })
    }
}

impl Shared {
    fn make_durable(&self, wanted: CommitSequence) -> Result<(), StorageError> {
        self.durable.ensure(&self.engine, self, wanted)
    }

    /// Plans and applies a commit under the exclusive lock.
    fn commit(
        &self,
        plan: &mut dyn FnMut(&dyn Reader, CommitSequence) -> Option<Batch>,
    ) -> Result<Option<CommitSequence>, StorageError> {
        let engine = &self.engine;
        let mut state = self.state.write();
        let State { trees, redo } = &mut *state;
        engine.health.check_write()?;
        let current = self.committed();
        let reader = SledReader {
            health: &engine.health,
            trees,
            sequence: current,
        };
        let sequence = current.next();
        let Some(batch) = plan(&reader, sequence).filter(|batch| !batch.is_empty()) else {
            return Ok(None);
        };
        batch.check_keys(|tree| trees.get(tree).name.clone())?;
        // The plan may have met damage.
        engine.health.check_write()?;
        for (tree, key, _) in batch.iter() {
            trees.get(tree).forget(key);
        }
        let load = commit::measure(&engine.health, trees, &batch)?;
        if !load.fits_a_transaction() {
            let numbers = (sequence, self.durable.synced());
            let applied = redo.apply(engine, trees, batch, numbers);
            applied.map_err(|error| self.refuse(sequence, error))?;
            self.sequence.store(sequence.0, Ordering::Release);
            return Ok(Some(sequence));
        }
        if let Err(error) = engine.make_room() {
            let reason = format!("syncing commit {current} failed: {error}");
            engine.health.refuse_writes(reason);
            engine.health.check_write()?;
        }
        commit::apply(
            &engine.health,
            &engine.db,
            &engine.own_tree,
            trees,
            &batch,
            sequence,
        )?;
        self.sequence.store(sequence.0, Ordering::Release);
        engine
            .wrote(load)
            .map_err(|source| self.not_durable(sequence, source))?;
        Ok(Some(sequence))
    }

    /// What a large commit that was not made means for the store.
    fn refuse(&self, sequence: CommitSequence, error: RedoError) -> StorageError {
        let health = &self.engine.health;
        match error {
            RedoError::Absent(error) => error,
            RedoError::Unknown(error) => {
                health.refuse_writes(format!("writing commit {sequence} failed: {error}"));
                error
            }
            RedoError::InPart(source) => {
                health.close(format!("applying commit {sequence} failed: {source}"));
                self.not_durable(sequence, source)
            }
        }
    }

    fn not_durable(&self, sequence: CommitSequence, source: Cause) -> StorageError {
        let health = &self.engine.health;
        health.refuse_writes(format!("syncing commit {sequence} failed: {source}"));
        StorageError::NotDurable {
            path: health.path().to_owned(),
            sequence,
            source,
        }
    }
}

impl Confirm for Shared {
    fn committed(&self) -> CommitSequence {
        CommitSequence(self.sequence.load(Ordering::Acquire))
    }

    fn confirm(&self) -> Result<(), Cause> {
        self.engine.sync()
    }
}

impl Store for Direct {
    fn open_tree(&self, name: &str) -> Result<TreeId, StorageError> {
        let mut state = self.shared.state.write();
        state.trees.open(&self.shared.engine, name)
    }

    fn tree_names(&self) -> Result<Vec<String>, StorageError> {
        self.shared.engine.tree_names()
    }

    fn read(&self, query: &mut dyn FnMut(&dyn Reader)) -> Result<(), StorageError> {
        let state = self.shared.state.read();
        let health = &self.shared.engine.health;
        health.check_read()?;
        query(&SledReader {
            health,
            trees: &state.trees,
            sequence: self.shared.committed(),
        });
        Ok(())
    }

    fn write(
        &self,
        durability: Durability,
        plan: &mut dyn FnMut(&dyn Reader, CommitSequence) -> Option<Batch>,
    ) -> Result<Option<CommitSequence>, StorageError> {
        let Some(sequence) = self.shared.commit(plan)? else {
            return Ok(None);
        };
        match (longest_wait(durability), &self.syncer) {
            (Some(wait), Some(syncer)) => syncer.sync_within(wait),
            _ => self.shared.make_durable(sequence)?,
        }
        Ok(Some(sequence))
    }

    fn sync(&self) -> Result<(), StorageError> {
        self.shared.make_durable(self.shared.committed())?;
        self.shared.durable.sync_witness(&self.shared.engine)
    }

    fn close(&self) -> Result<(), StorageError> {
        self.sync()
    }

    fn kind(&self) -> &'static str {
        "sled"
    }
}

impl Drop for Direct {
    fn drop(&mut self) {
        // The thread ends before anything that it uses does.
        self.syncer = None;
        if self.shared.engine.health.write_refusal().is_some() {
            return;
        }
        if let Err(error) = self.sync() {
            tracing::error!("closing the database: {error}");
        }
    }
}
