//! Opening what does not open: without the engine's snapshots, and, for a copy of the files that
//! nobody else uses, without whatever else is damaged.
//!
//! The engine's snapshots are a cache of its page table, made of its log; without them it reads the
//! log from the beginning. Should the log be what is damaged, it cuts it off there. So this is done
//! to a copy first, and to the database only if the copy opens then, with the proof that it has all
//! commits.

use std::fs;
use std::path::Path;

use super::directory::{self, failure};
use super::draft::{self, Draft};
use super::faults::Faults;
use super::open::open_tolerating;
use super::{CommitPath, SledOptions, SledStore};
use crate::storage::StorageError;

/// Where in a draft the files lie that are being salvaged.
const SOURCE: &str = "source";

/// Where in a database the copy lies that a repair tries its means on.
const TRIAL: &str = "trial";

impl SledStore {
    /// Opens a database that is there; if it is damaged, again without the engine's snapshots. Says
    /// what was wrong then.
    pub(crate) fn open_mending(
        path: &Path,
        options: SledOptions,
    ) -> Result<(SledStore, Option<String>), StorageError> {
        let damage = match SledStore::open_existing(path, options) {
            Err(error) if is_damage(&error) => error,
            opened => return Ok((opened?, None)),
        };
        {
            let _lock = directory::lock(path)?;
            let trial = path.join(TRIAL);
            copy_files(path, &trial, TRIAL)?;
            let tried = open_without_snapshots(&trial, options).map(drop);
            fs::remove_dir_all(&trial).map_err(failure("remove", &trial))?;
            if tried.is_err() {
                return Err(damage);
            }
        }
        let store = open_without_snapshots(path, options)?;
        Ok((store, Some(mended(&damage))))
    }

    /// Opens what can be read of a damaged database: a copy of its files, made within the draft.
    /// Gives what is wrong with it.
    pub(crate) fn open_rescuing(
        path: &Path,
        draft: &Draft,
        mut options: SledOptions,
    ) -> Result<(SledStore, Vec<String>), StorageError> {
        directory::check_exists(path)?;
        draft::check_finished(path)?;
        let source = draft.path().join(SOURCE);
        {
            let _lock = directory::lock(path)?;
            copy_files(path, &source, TRIAL)?;
        }
        options.commit_path = CommitPath::Direct;
        let mut damage = Vec::new();
        let failed = match open_damaged(&source, options, &mut damage) {
            Err(error) if is_damage(&error) => error,
            opened => return Ok((opened?, damage)),
        };
        if directory::remove_snapshots(&source)? == 0 {
            return Err(failed);
        }
        damage.clear();
        damage.push(mended(&failed));
        let store = open_damaged(&source, options, &mut damage)?;
        Ok((store, damage))
    }
}

/// Removes the files that a salvage has read. The store over them is closed.
pub(crate) fn remove_rescued(draft: &Draft) -> Result<(), StorageError> {
    let source = draft.path().join(SOURCE);
    fs::remove_dir_all(&source).map_err(failure("remove", &source))
}

/// Opens a database without what is damaged, and notes that.
fn open_damaged(
    path: &Path,
    options: SledOptions,
    damage: &mut Vec<String>,
) -> Result<SledStore, StorageError> {
    let mut tolerate = |error| match error {
        StorageError::Corruption { what, .. } => {
            damage.push(what);
            Ok(())
        }
        other => Err(other),
    };
    let opened = open_tolerating(path, options, Faults::default(), &mut tolerate)?;
    SledStore::start(options, opened)
}

fn open_without_snapshots(path: &Path, options: SledOptions) -> Result<SledStore, StorageError> {
    directory::remove_snapshots(path)?;
    SledStore::open(path, options)
}

/// Whether another attempt may help.
fn is_damage(error: &StorageError) -> bool {
    matches!(
        error,
        StorageError::Corruption { .. } | StorageError::Engine { .. }
    )
}

fn mended(damage: &StorageError) -> String {
    format!("{damage}; without its snapshots, the engine can read its log")
}

/// Copies a directory, but for what is called `left_out`.
fn copy_files(from: &Path, to: &Path, left_out: &str) -> Result<(), StorageError> {
    fs::create_dir_all(to).map_err(failure("create the directory", to))?;
    let entries = fs::read_dir(from).map_err(failure("read the directory", from))?;
    for entry in entries {
        let entry = entry.map_err(failure("read the directory", from))?;
        let (path, name) = (entry.path(), entry.file_name());
        if name == left_out {
            continue;
        }
        if path.is_dir() {
            copy_files(&path, &to.join(name), left_out)?;
        } else {
            fs::copy(&path, to.join(name)).map_err(failure("copy", &path))?;
        }
    }
    Ok(())
}
