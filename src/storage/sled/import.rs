//! Filling a draft with trees, key by key, as the journal's applier does: in slices, each followed
//! by a sync, so that memory and what is left unsynced stay bounded however much is written.
//!
//! Invariant: the commit record and the witness tell of no commit before everything is on the disk.

use super::SledOptions;
use super::draft::Draft;
use super::engine::Engine;
use super::faults::Faults;
use super::journal::{Overlay, apply};
use super::open::{Opened, open};
use super::tree::Trees;
use super::witness::Witness;
use crate::storage::batch::TreeWrites;
use crate::storage::{CommitSequence, StorageError};

/// How many bytes are gathered before the engine gets them.
const PENDING_LENGTH: usize = 1024 * 1024;

/// A database that is being filled.
pub(crate) struct Import {
    trees: Trees,
    pending: Overlay,
    engine: Engine,
    witness: Witness,
}

impl Import {
    /// Creates an empty database in a draft.
    pub(crate) fn create(draft: &Draft) -> Result<Import, StorageError> {
        let Opened {
            engine, witness, ..
        } = open(draft.path(), SledOptions::default(), Faults::default())?;
        Ok(Import {
            trees: Trees::default(),
            pending: Overlay::default(),
            engine,
            witness: witness.0,
        })
    }

    /// Makes a tree, also where nothing will be written to it.
    pub(crate) fn ensure_tree(&mut self, tree: &str) -> Result<(), StorageError> {
        self.trees.ensure_slot(&self.engine, tree).map(drop)
    }

    /// Writes one key, over what was written before.
    pub(crate) fn put(&mut self, tree: &str, key: &[u8], value: &[u8]) -> Result<(), StorageError> {
        let writes = TreeWrites::from([(key.to_vec(), Some(value.to_vec()))]);
        self.write(tree, writes)
    }

    /// Writes to one tree, over what was written before.
    pub(in crate::storage) fn write(
        &mut self,
        tree: &str,
        writes: TreeWrites,
    ) -> Result<(), StorageError> {
        let slot = self.trees.ensure_slot(&self.engine, tree)?;
        self.pending.write(slot, writes);
        if self.pending.bytes() < PENDING_LENGTH {
            return Ok(());
        }
        self.apply()
    }

    /// Makes everything durable, as the state after the commit `sequence`.
    pub(crate) fn finish(mut self, sequence: CommitSequence) -> Result<(), StorageError> {
        self.apply()?;
        self.engine.write_sequence(sequence)?;
        let failed = |source| StorageError::Engine {
            place: format!("the database {}", self.engine.health.path().display()),
            source,
        };
        self.engine.sync().map_err(failed)?;
        self.witness
            .record(sequence)
            .and_then(|()| self.witness.sync())
            .map_err(|error| self.engine.failure("write the witness of", error))
    }

    fn apply(&mut self) -> Result<(), StorageError> {
        let pending = std::mem::take(&mut self.pending);
        debug_assert!(pending.is_empty(), "none of its writes is a commit");
        let applied = apply(&self.engine, self.trees.slots(), &pending, &|| true);
        applied.map(drop).map_err(|source| StorageError::Engine {
            place: format!("the database {}", self.engine.health.path().display()),
            source,
        })
    }
}
