//! A database directory that is being written as a whole: by a backup, a restoration or a salvage.
//!
//! ```text
//! <path>/unfinished     there from the first file on until the last byte is on the disk
//! ```
//!
//! While the marker is there nobody else opens the directory as a database, so a copy that was cut
//! short passes for none. It is told from a foreign directory by the marker, and is not removed by
//! anything but the draft itself, when it is given up.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::directory::{failure, sync_directory};
use crate::storage::StorageError;

const MARKER: &str = "unfinished";

/// A directory that is not a database yet. Dropping it unfinished removes everything in it.
pub(crate) struct Draft {
    path: PathBuf,
    /// Whether the directory itself was made for the draft.
    made: bool,
    is_finished: bool,
}

impl Draft {
    /// Begins a database in the directory `path`, which is absent or empty.
    pub(crate) fn create(path: &Path) -> Result<Draft, StorageError> {
        let made = !path.exists();
        if !made {
            check_empty(path)?;
        }
        fs::create_dir_all(path).map_err(failure("create the directory", path))?;
        let draft = Draft {
            path: path.to_owned(),
            made,
            is_finished: false,
        };
        let marker = draft.marker();
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&marker)
            .and_then(|file| file.sync_all())
            .map_err(failure("create", &marker))?;
        sync_directory(path)?;
        Ok(draft)
    }

    /// The directory.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes it a database like any other. All that belongs to it is on the disk.
    pub(crate) fn finish(mut self) -> Result<(), StorageError> {
        let marker = self.marker();
        fs::remove_file(&marker).map_err(failure("remove", &marker))?;
        self.is_finished = true;
        sync_directory(&self.path)
    }

    fn marker(&self) -> PathBuf {
        self.path.join(MARKER)
    }

    /// Removes what was written, the marker last.
    fn remove(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if entry.file_name() == MARKER {
                continue;
            }
            if entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())?;
            } else {
                fs::remove_file(entry.path())?;
            }
        }
        fs::remove_file(self.marker())?;
        if self.made {
            fs::remove_dir(&self.path)?;
        }
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if self.is_finished {
            return;
        }
        if let Err(error) = self.remove() {
            let path = self.path.display();
            tracing::error!("removing the unfinished database {path}: {error}");
        }
    }
}

fn check_empty(path: &Path) -> Result<(), StorageError> {
    if !path.is_dir() {
        return Err(StorageError::NotADirectory {
            path: path.to_owned(),
        });
    }
    let mut entries = fs::read_dir(path).map_err(failure("read the directory", path))?;
    match entries.next() {
        None => Ok(()),
        Some(_) => Err(StorageError::NotEmpty {
            path: path.to_owned(),
        }),
    }
}

/// Refuses the directory of a draft.
pub(super) fn check_finished(path: &Path) -> Result<(), StorageError> {
    if File::open(path.join(MARKER)).is_err() {
        return Ok(());
    }
    Err(StorageError::Unfinished {
        path: path.to_owned(),
    })
}
