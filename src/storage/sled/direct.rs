//! The direct commit path: one transaction of the engine over all trees that a commit touches.
//!
//! A lock stands before the engine: shared around every read closure, exclusive around every
//! commit, never handed out. Being on the disk is a second step that needs no lock.
//!
//! Invariant: `sequence` is the number in the commit record of the engine's current state, and
//! changes only under the exclusive lock.

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;

use super::commit;
use super::durable::{Confirm, Durable};
use super::engine::Engine;
use super::reader::SledReader;
use super::tree::Trees;
use super::witness::Witness;
use crate::storage::error::Cause;
use crate::storage::{Batch, CommitSequence, Durability, Reader, StorageError, Store, TreeId};

/// The store without a journal.
pub(super) struct Direct {
    trees: RwLock<Trees>,
    sequence: AtomicU64,
    durable: Durable,
    engine: Engine,
}

impl Direct {
    /// Over an engine that holds every commit up to `sequence`, of which those up to `synced` are
    /// on the disk.
    pub(super) fn new(
        engine: Engine,
        witness: Witness,
        sequence: CommitSequence,
        synced: CommitSequence,
    ) -> Direct {
        Direct {
            trees: RwLock::default(),
            sequence: AtomicU64::new(sequence.0),
            durable: Durable::new(witness, synced),
            engine,
        }
    }

    fn make_durable(&self, wanted: CommitSequence) -> Result<(), StorageError> {
        self.durable.ensure(&self.engine, self, wanted)
    }

    /// Plans and applies a commit under the exclusive lock.
    fn commit(
        &self,
        plan: &mut dyn FnMut(&dyn Reader, CommitSequence) -> Option<Batch>,
    ) -> Result<Option<CommitSequence>, StorageError> {
        let engine = &self.engine;
        let trees = self.trees.write();
        engine.health.check_write()?;
        let current = self.committed();
        let reader = SledReader {
            health: &engine.health,
            trees: &trees,
            sequence: current,
        };
        let sequence = current.next();
        let Some(batch) = plan(&reader, sequence).filter(|batch| !batch.is_empty()) else {
            return Ok(None);
        };
        batch.check_keys(|tree| trees.get(tree).name.clone())?;
        // The plan may have met damage.
        engine.health.check_write()?;
        commit::apply(
            &engine.health,
            &engine.db,
            &engine.own_tree,
            &trees,
            &batch,
            sequence,
        )?;
        self.sequence.store(sequence.0, Ordering::Release);
        Ok(Some(sequence))
    }
}

impl Confirm for Direct {
    fn committed(&self) -> CommitSequence {
        CommitSequence(self.sequence.load(Ordering::Acquire))
    }

    fn confirm(&self) -> Result<(), Cause> {
        self.engine.sync()
    }
}

impl Store for Direct {
    fn open_tree(&self, name: &str) -> Result<TreeId, StorageError> {
        self.trees.write().open(&self.engine, name)
    }

    fn tree_names(&self) -> Result<Vec<String>, StorageError> {
        self.engine.tree_names()
    }

    fn read(&self, query: &mut dyn FnMut(&dyn Reader)) -> Result<(), StorageError> {
        let trees = self.trees.read();
        self.engine.health.check_read()?;
        query(&SledReader {
            health: &self.engine.health,
            trees: &trees,
            sequence: self.committed(),
        });
        Ok(())
    }

    fn write(
        &self,
        durability: Durability,
        plan: &mut dyn FnMut(&dyn Reader, CommitSequence) -> Option<Batch>,
    ) -> Result<Option<CommitSequence>, StorageError> {
        let Some(sequence) = self.commit(plan)? else {
            return Ok(None);
        };
        match durability {
            Durability::Immediate => self.make_durable(sequence)?,
            Durability::Os => {}
        }
        Ok(Some(sequence))
    }

    fn sync(&self) -> Result<(), StorageError> {
        self.make_durable(self.committed())?;
        self.durable.sync_witness(&self.engine)
    }

    fn kind(&self) -> &'static str {
        "sled"
    }
}

impl Drop for Direct {
    fn drop(&mut self) {
        if self.engine.health.write_refusal().is_some() {
            return;
        }
        if let Err(error) = self.sync() {
            tracing::error!("closing the database: {error}");
        }
    }
}
