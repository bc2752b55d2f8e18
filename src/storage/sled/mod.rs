//! The store over sled 0.34.7, and the only place that knows sled.
//!
//! There are two ways for a commit into the engine, [`CommitPath`]; a database may be opened with
//! either, whatever it was opened with before. sled has no snapshots and shows commits half done,
//! so both keep a lock of their own around every read closure, never handed out. Being on the disk
//! is a step of its own that needs no lock: see `durable`.
//!
//! Refused: sled's subscribers (a slow one blocks all writers), `generate_id` (it jumps by two
//! million at every open), `len` (it counts), several batches a commit (a crash tears them apart).
//!
//! Invariant: what a reader sees is the state after the commit whose number it tells.

mod cache;
mod commit;
mod direct;
mod directory;
mod draft;
mod durable;
mod engine;
mod faults;
mod format;
mod group;
mod health;
mod import;
mod journal;
mod open;
mod pace;
mod reader;
mod rescue;
mod sync;
mod syncer;
#[cfg(test)]
mod tests;
mod tree;
mod witness;

use std::path::Path;

use self::direct::Direct;
pub(crate) use self::draft::Draft;
use self::faults::Faults;
pub(crate) use self::import::Import;
use self::journal::Journal;
pub(crate) use self::rescue::remove_rescued;
use super::store::check_tree_name;
use super::{Batch, CommitSequence, Durability, Reader, StorageError, Store, TreeId};

/// How a commit gets into the storage engine. A database may be opened with either, whatever it was
/// opened with before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CommitPath {
    /// One transaction of the engine, or, for a large commit, a record in a journal file first.
    /// Commits that do not wait for the disk may be missing after the process was killed.
    Direct,
    /// One record in a journal file, and the engine is written to behind. Even commits that do not
    /// wait for the disk survive a process that is killed, and a commit costs a fraction of what it
    /// costs on the direct path.
    #[default]
    Journal,
}

/// How to open a [`SledStore`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SledOptions {
    /// How much memory the engine uses for pages, in bytes.
    pub(crate) cache_capacity: u64,
    /// How much memory the values take that were looked up lately, in bytes.
    pub(crate) value_cache_capacity: usize,
    /// How a commit gets into the engine.
    pub(crate) commit_path: CommitPath,
    /// How many bytes of commits the journal gathers before the engine gets them. Up to twice as
    /// much lies in memory; a commit that would exceed that waits. More makes bursts of commits
    /// faster, and opening after a crash slower.
    pub(crate) overlay_capacity: usize,
}

impl Default for SledOptions {
    fn default() -> Self {
        SledOptions {
            cache_capacity: 256 * 1024 * 1024,
            value_cache_capacity: 32 * 1024 * 1024,
            commit_path: CommitPath::default(),
            overlay_capacity: 4 * 1024 * 1024,
        }
    }
}

/// A store in a directory.
///
/// Dropping it makes every commit durable. What fails then can only be logged; call
/// [`sync`](Store::sync) first where it matters.
pub(crate) struct SledStore {
    /// The store of the chosen commit path.
    commits: Box<dyn Store>,
}

impl SledStore {
    /// Opens the database in the directory `path`, creating both when absent.
    ///
    /// # Errors
    ///
    /// `Locked` when it is open already; `NoPath`, `NotADirectory`, `NotADatabase` or `Version`
    /// when the path names something else; `Corruption` when data is damaged, or when commits are missing
    /// that were on the disk; `Io` when the system refuses.
    pub(crate) fn open(
        path: impl AsRef<Path>,
        options: SledOptions,
    ) -> Result<SledStore, StorageError> {
        let path = path.as_ref();
        if path.as_os_str().is_empty() {
            // The system would take it for the current directory.
            return Err(StorageError::NoPath);
        }
        draft::check_finished(path)?;
        SledStore::open_with_faults(path, options, Faults::default())
    }

    /// As [`open`](SledStore::open), for a database that is there.
    ///
    /// # Errors
    ///
    /// `NoDatabase` besides, when it is not.
    pub(crate) fn open_existing(
        path: &Path,
        options: SledOptions,
    ) -> Result<SledStore, StorageError> {
        directory::check_exists(path)?;
        SledStore::open(path, options)
    }

    /// Opens a database that nobody else may open yet.
    pub(crate) fn open_draft(
        draft: &Draft,
        options: SledOptions,
    ) -> Result<SledStore, StorageError> {
        SledStore::open_with_faults(draft.path(), options, Faults::default())
    }

    fn open_with_faults(
        path: &Path,
        options: SledOptions,
        faults: Faults,
    ) -> Result<SledStore, StorageError> {
        SledStore::start(options, open::open(path, options, faults)?)
    }

    /// The store over what was opened.
    fn start(options: SledOptions, opened: open::Opened) -> Result<SledStore, StorageError> {
        let open::Opened {
            engine,
            witness: (mut witness, synced),
            replay,
        } = opened;
        let commits: Box<dyn Store> = match options.commit_path {
            CommitPath::Direct => {
                let last = replay.last;
                replay.settle(&engine, &mut witness)?;
                Box::new(Direct::open(engine, witness, last, synced)?)
            }
            CommitPath::Journal => {
                let witness = (witness, synced);
                let capacity = options.overlay_capacity;
                Box::new(Journal::open(engine, witness, replay, capacity)?)
            }
        };
        Ok(SledStore { commits })
    }
}

impl Store for SledStore {
    fn open_tree(&self, name: &str) -> Result<TreeId, StorageError> {
        check_tree_name(name)?;
        self.commits.open_tree(name)
    }

    fn tree_names(&self) -> Result<Vec<String>, StorageError> {
        self.commits.tree_names()
    }

    fn read(&self, query: &mut dyn FnMut(&dyn Reader)) -> Result<(), StorageError> {
        self.commits.read(query)
    }

    fn write(
        &self,
        durability: Durability,
        plan: &mut dyn FnMut(&dyn Reader, CommitSequence) -> Option<Batch>,
    ) -> Result<Option<CommitSequence>, StorageError> {
        self.commits.write(durability, plan)
    }

    fn sync(&self) -> Result<(), StorageError> {
        self.commits.sync()
    }

    fn close(&self) -> Result<(), StorageError> {
        self.commits.close()
    }

    fn kind(&self) -> &'static str {
        self.commits.kind()
    }
}
