//! The journal commit path: a commit is one record in a journal file and an entry in an overlay in
//! memory; a thread carries it into the engine behind.
//!
//! ```text
//! commit:  plan -> record to the active file -> active overlay      (sync, if it is to be durable)
//! read:    active overlay, else frozen overlay, else engine          (one lock for the whole view)
//! behind:  journal synced -> frozen overlay to the engine, slice by slice -> commit record
//! open:    records after the commit record -> overlays
//! ```
//!
//! Two files and two overlays take turns. When the active overlay is full it is frozen, and commits
//! go on in the other file, from its start; that file's own overlay must be in the engine by then,
//! and a commit that comes too early waits. So the memory is bounded by two overlays, and the disk
//! by two files.
//!
//! Locks are taken in this order: `writer`, `witness` of `durable`, `state`, the applier's phase.
//!
//! Invariant: every acknowledged commit is in the engine or in a file that is not written over.

mod applier;
mod apply;
mod file;
mod merge;
mod overlay;
mod record;
mod recovery;
mod redo;
mod replay;
mod shared;
mod signals;
mod state;
#[cfg(test)]
mod tests;
mod view;
mod writer;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};

use self::applier::Applier;
pub(super) use self::apply::apply;
use self::file::RECORDS_START;
pub(super) use self::overlay::Overlay;
pub(super) use self::redo::{Redo, RedoError};
pub(super) use self::replay::Replay;
use self::shared::Shared;
use self::signals::Signals;
use self::state::State;
use self::view::View;
use self::writer::{AppendError, Writer};
use super::durable::{Confirm, Durable};
use super::engine::Engine;
use super::syncer::{Syncer, longest_wait};
use super::witness::Witness;
use crate::storage::{Batch, CommitSequence, Durability, Reader, StorageError, Store, TreeId};

/// The store with a journal.
pub(super) struct Journal {
    writer: Mutex<Writer>,
    /// How many bytes an overlay takes before it is frozen.
    capacity: usize,
    /// `None` only while the store is dropped, as the syncer.
    applier: Option<Applier>,
    syncer: Option<Syncer>,
    shared: Arc<Shared>,
}

impl Journal {
    /// Goes on where the journal that was read ends.
    pub(super) fn open(
        engine: Engine,
        (witness, witnessed): (Witness, CommitSequence),
        mut replay: Replay,
        capacity: usize,
    ) -> Result<Journal, StorageError> {
        let files = replay.take_files(&engine)?;
        let active = replay.generations.pop();
        let (file, end, active) = active.map_or((0, RECORDS_START, Overlay::default()), |active| {
            (active.file, active.end, active.overlay)
        });
        let frozen = replay.generations.pop();
        let has_frozen = frozen.is_some();
        let state = State {
            trees: replay.trees,
            active,
            frozen: frozen.map(|generation| Arc::new(generation.overlay)),
            last: replay.last,
        };
        let shared = Arc::new(Shared {
            state: RwLock::new(state),
            durable: Durable::new(witness, witnessed),
            applier: Signals::default(),
            files: files.clone(),
            committed: AtomicU64::new(replay.last.0),
            engine,
        });
        if has_frozen {
            shared.applier.begin();
        }
        let applier = Applier::start(&shared)
            .map_err(|error| shared.engine.failure("start the applier of", error))?;
        let its_own = Arc::clone(&shared);
        let syncer = Syncer::start(move || its_own.make_durable(its_own.committed()))
            .map_err(|error| shared.engine.failure("start the syncer of", error))?;
        Ok(Journal {
            writer: Mutex::new(Writer::new(files, file, end)?),
            capacity,
            applier: Some(applier),
            syncer: Some(syncer),
            shared,
        })
    }

    fn view<'a>(&'a self, state: &'a State) -> View<'a> {
        View {
            health: &self.shared.engine.health,
            state,
            sequence: state.last,
        }
    }

    /// Plans a commit, writes its record and makes it visible.
    fn commit(
        &self,
        plan: &mut dyn FnMut(&dyn Reader, CommitSequence) -> Option<Batch>,
    ) -> Result<Option<CommitSequence>, StorageError> {
        let shared = &*self.shared;
        let health = &shared.engine.health;
        let mut writer = self.writer.lock();
        health.check_write()?;
        self.make_room(&mut writer)?;
        let planned = {
            // Others may read meanwhile; nobody else may change anything, without the writer.
            let state = shared.state.read();
            let sequence = state.last.next();
            let batch = plan(&self.view(&state), sequence).filter(|batch| !batch.is_empty());
            if let Some(batch) = &batch {
                batch.check_keys(|tree| state.trees.get(tree).name.clone())?;
                let (salt, numbers) = (writer.salt(), (sequence, shared.durable.synced()));
                let name = |tree| state.trees.get(tree).name.as_str();
                record::encode(&mut writer.record, salt, numbers, batch, name);
            }
            batch.map(|batch| (batch, sequence))
        };
        let Some((batch, sequence)) = planned else {
            return Ok(None);
        };
        // The plan may have met damage.
        health.check_write()?;
        writer
            .append(&shared.engine.faults)
            .map_err(|error| self.refuse(error))?;
        shared.committed.store(sequence.0, Ordering::Release);
        shared.state.write().add(batch, sequence);
        if self.is_full(&writer) && shared.applier.is_idle() {
            self.freeze(&mut writer);
        }
        Ok(Some(sequence))
    }

    /// Waits, where the active overlay is full, for the frozen one to be in the engine.
    fn make_room(&self, writer: &mut Writer) -> Result<(), StorageError> {
        if !self.is_full(writer) {
            return Ok(());
        }
        self.shared.applier.wait_while_busy();
        self.shared.engine.health.check_write()?;
        self.freeze(writer);
        self.shared.engine.health.check_write()
    }

    /// A key written many times makes the file long and the overlay not.
    fn is_full(&self, writer: &Writer) -> bool {
        let state = self.shared.state.read();
        let used = writer.used().max(state.active.bytes() as u64);
        used >= self.capacity as u64 && !state.active.is_empty()
    }

    /// Freezes the active overlay and goes on in the other file. The applier is idle.
    fn freeze(&self, writer: &mut Writer) {
        if let Err(error) = writer.switch(self.capacity as u64) {
            self.shared.engine.health.refuse_writes(error.to_string());
            return;
        }
        self.shared.state.write().freeze();
        self.shared.applier.begin();
    }

    /// Returns when the engine has every commit. A closed database has its data in one place, and
    /// opens without work. How much there can be to do is bounded by the capacity.
    fn settle(&self) -> Result<(), StorageError> {
        self.shared.engine.health.check_write()?;
        let mut writer = self.writer.lock();
        self.shared.applier.wait_while_busy();
        self.shared.engine.health.check_write()?;
        if !self.shared.state.read().active.is_empty() {
            self.freeze(&mut writer);
            self.shared.applier.wait_while_busy();
        }
        self.shared.engine.health.check_write()
    }

    /// What a record that was not written means for the store.
    fn refuse(&self, error: AppendError) -> StorageError {
        match error {
            AppendError::Absent(error) => error,
            AppendError::Unknown(error) => {
                let reason = format!("writing to the journal: {error}");
                self.shared.engine.health.refuse_writes(reason);
                error
            }
        }
    }
}

impl Store for Journal {
    fn open_tree(&self, name: &str) -> Result<TreeId, StorageError> {
        let mut state = self.shared.state.write();
        state.trees.open(&self.shared.engine, name)
    }

    fn tree_names(&self) -> Result<Vec<String>, StorageError> {
        self.shared.engine.tree_names()
    }

    fn read(&self, query: &mut dyn FnMut(&dyn Reader)) -> Result<(), StorageError> {
        let state = self.shared.state.read();
        self.shared.engine.health.check_read()?;
        query(&self.view(&state));
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
        match (longest_wait(durability), &self.syncer) {
            (Some(wait), Some(syncer)) => syncer.sync_within(wait),
            _ => self.shared.make_durable(sequence)?,
        }
        Ok(Some(sequence))
    }

    fn sync(&self) -> Result<(), StorageError> {
        let visible = self.shared.state.read().last;
        self.shared.make_durable(visible)?;
        self.shared.durable.sync_witness(&self.shared.engine)
    }

    fn close(&self) -> Result<(), StorageError> {
        // A journal that is on the disk is as good as an engine that is, so this comes first.
        self.sync()?;
        self.settle()
    }

    fn kind(&self) -> &'static str {
        "sled"
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        // The threads end before anything that they use does.
        self.syncer = None;
        let refuses = self.shared.engine.health.write_refusal().is_some();
        let closed = if refuses { Ok(()) } else { self.settle() };
        self.applier = None;
        if let Err(error) = closed {
            tracing::error!("closing the database: {error}");
        }
    }
}
