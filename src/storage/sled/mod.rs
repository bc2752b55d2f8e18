//! The store over sled 0.34.7, and the only place that knows sled.
//!
//! sled has no snapshots and shows commits half done, so a lock of our own stands before it:
//! shared around every read closure, exclusive around every commit, never handed out. A commit is
//! one transaction over all trees it touches. Being on the disk is a second step that needs no
//! lock: see `durable`.
//!
//! Refused: sled's subscribers (a slow one blocks all writers), `generate_id` (it jumps by two
//! million at every open), `len` (it counts), several batches a commit (a crash tears them apart).
//!
//! Invariant: `sequence` is the number in the commit record of the engine's current state, and
//! changes only under the exclusive lock.

mod commit;
mod directory;
mod durable;
mod format;
mod health;
mod open;
mod reader;
#[cfg(test)]
mod tests;
mod tree;
mod witness;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use ::sled::{Db, Tree};
use parking_lot::RwLock;

use self::directory::Directory;
use self::durable::Durable;
use self::health::Health;
use self::reader::SledReader;
use self::tree::{OpenTree, Trees};
use super::store::check_tree_name;
use super::{Batch, CommitSequence, Durability, Reader, StorageError, Store, TreeId};

/// How to open a [`SledStore`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SledOptions {
    /// How much memory the engine uses for pages, in bytes.
    pub(crate) cache_capacity: u64,
}

impl Default for SledOptions {
    fn default() -> Self {
        SledOptions {
            cache_capacity: 256 * 1024 * 1024,
        }
    }
}

/// A store in a directory.
///
/// Dropping it makes every commit durable. What fails then can only be logged; call
/// [`sync`](Store::sync) first where it matters.
pub(crate) struct SledStore {
    trees: RwLock<Trees>,
    sequence: AtomicU64,
    durable: Durable,
    health: Health,
    own_tree: Tree,
    db: Db,
    /// Dropped last: its lock keeps others out until the engine is closed.
    _directory: Directory,
}

impl SledStore {
    /// Opens the database in the directory `path`, creating both when absent.
    ///
    /// # Errors
    ///
    /// `Locked` when it is open already; `NotADirectory`, `NotADatabase` or `Version` when the
    /// path names something else; `Corruption` when data is damaged, or when commits are missing
    /// that were on the disk; `Io` when the system refuses.
    pub(crate) fn open(
        path: impl AsRef<Path>,
        options: SledOptions,
    ) -> Result<SledStore, StorageError> {
        let health = Health::new(path.as_ref());
        let opened = open::open(&health, path.as_ref(), options)?;
        Ok(SledStore {
            trees: RwLock::default(),
            sequence: AtomicU64::new(opened.sequence.0),
            durable: opened.durable,
            health,
            own_tree: opened.own_tree,
            db: opened.db,
            _directory: opened.directory,
        })
    }

    fn sequence(&self) -> CommitSequence {
        CommitSequence(self.sequence.load(Ordering::Acquire))
    }

    fn make_durable(&self, wanted: CommitSequence) -> Result<(), StorageError> {
        self.durable
            .ensure(&self.health, &self.db, || self.sequence(), wanted)
    }

    /// Plans and applies a commit under the exclusive lock.
    fn commit(
        &self,
        plan: &mut dyn FnMut(&dyn Reader, CommitSequence) -> Option<Batch>,
    ) -> Result<Option<CommitSequence>, StorageError> {
        let trees = self.trees.write();
        self.health.check_write()?;
        let current = self.sequence();
        let reader = SledReader {
            health: &self.health,
            trees: &trees,
            sequence: current,
        };
        let sequence = current.next();
        let Some(batch) = plan(&reader, sequence).filter(|batch| !batch.is_empty()) else {
            return Ok(None);
        };
        batch.check_keys(|tree| trees.get(tree).name.clone())?;
        // The plan may have met damage.
        self.health.check_write()?;
        commit::apply(
            &self.health,
            &self.db,
            &self.own_tree,
            &trees,
            &batch,
            sequence,
        )?;
        self.sequence.store(sequence.0, Ordering::Release);
        Ok(Some(sequence))
    }
}

impl Store for SledStore {
    fn open_tree(&self, name: &str) -> Result<TreeId, StorageError> {
        check_tree_name(name)?;
        let mut trees = self.trees.write();
        if let Some(tree) = trees.find(name) {
            return Ok(tree);
        }
        self.health.check_write()?;
        let tree = OpenTree::open(&self.health, &self.db, name)?;
        Ok(trees.add(tree))
    }

    fn tree_names(&self) -> Result<Vec<String>, StorageError> {
        let engine_names = self.health.guarded(None, || Ok(self.db.tree_names()))?;
        let mut names: Vec<_> = engine_names
            .iter()
            .filter_map(|name| format::caller_name(name))
            .map(str::to_owned)
            .collect();
        names.sort_unstable();
        Ok(names)
    }

    fn read(&self, query: &mut dyn FnMut(&dyn Reader)) -> Result<(), StorageError> {
        let trees = self.trees.read();
        self.health.check_read()?;
        query(&SledReader {
            health: &self.health,
            trees: &trees,
            sequence: self.sequence(),
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
        self.make_durable(self.sequence())?;
        self.durable.sync_witness(&self.health)
    }

    fn kind(&self) -> &'static str {
        "sled"
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        if self.health.write_refusal().is_some() {
            return;
        }
        if let Err(error) = self.sync() {
            tracing::error!("closing the database: {error}");
        }
    }
}
