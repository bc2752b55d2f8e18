//! The directory of a database: who may use it, what lies where, and its own durability.
//!
//! ```text
//! <path>/lock       held by the process that has the database open
//! <path>/witness    the last commit known to be on the disk
//! <path>/journal/   commits that sled may not hold yet, in the files `0` and `1`
//! <path>/sled/      sled's files; `db` is the one with the data
//! ```
//!
//! sled does not open what a crash has left of its own files if they were new. So they get their
//! place only when they are complete and on the disk.
//!
//! It takes the lock before it touches anything else, because cleaning up after a crash must not
//! meet a process that is alive. It refuses a directory that sled itself uses directly.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::storage::StorageError;

/// sled's files that are there from the beginning.
const ENGINE_FILES: [&str; 2] = ["conf", "db"];

/// A locked database directory. The lock ends with this value.
pub(super) struct Directory {
    path: PathBuf,
    /// The nearest ancestor that existed before, or the directory itself.
    existing: PathBuf,
    /// Held only for its lock.
    _lock: File,
}

impl Directory {
    /// Locks the directory `path`, creating it when absent, and removes what a crash left.
    pub(super) fn open(path: &Path) -> Result<Directory, StorageError> {
        if path.exists() && !path.is_dir() {
            return Err(StorageError::NotADirectory {
                path: path.to_owned(),
            });
        }
        if path.join("conf").is_file() && path.join("db").is_file() {
            return Err(StorageError::NotADatabase {
                path: path.to_owned(),
            });
        }
        let existing = path
            .ancestors()
            .find(|ancestor| ancestor.exists())
            .unwrap_or(Path::new("."))
            .to_owned();
        fs::create_dir_all(path).map_err(failure("create the directory", path))?;
        let directory = Directory {
            path: path.to_owned(),
            existing,
            _lock: lock(path)?,
        };
        directory.remove_leftovers()?;
        Ok(directory)
    }

    /// The directory that sled has for itself.
    pub(super) fn engine(&self) -> PathBuf {
        self.path.join("sled")
    }

    /// The directory in which sled's files are made.
    pub(super) fn unfinished_engine(&self) -> PathBuf {
        self.path.join("sled.unfinished")
    }

    /// Makes the files in the unfinished directory durable, and gives them their place.
    pub(super) fn finish_engine(&self) -> Result<(), StorageError> {
        let (unfinished, engine) = (self.unfinished_engine(), self.engine());
        for name in ENGINE_FILES {
            sync_path(&unfinished.join(name))?;
        }
        sync_directory(&unfinished)?;
        fs::rename(&unfinished, &engine).map_err(failure("give its place to", &unfinished))
    }

    /// The file that holds sled's log.
    pub(super) fn data_file(&self) -> PathBuf {
        self.engine().join("db")
    }

    /// The file that holds the number of the last durable commit.
    pub(super) fn witness(&self) -> PathBuf {
        self.path.join("witness")
    }

    /// The directory of the journal's files.
    pub(super) fn journal(&self) -> PathBuf {
        self.path.join("journal")
    }

    /// Makes it durable which files the journal has.
    pub(super) fn sync_journal(&self) -> Result<(), StorageError> {
        sync_directory(&self.journal())?;
        sync_directory(&self.path)
    }

    /// Makes the existence of the database durable: the files as such, and their names in every
    /// directory that was created for them. A synced file whose name is lost is lost.
    pub(super) fn sync(&self) -> Result<(), StorageError> {
        for name in ENGINE_FILES {
            sync_path(&self.engine().join(name))?;
        }
        sync_directory(&self.engine())?;
        for ancestor in self.path.ancestors() {
            let named = if ancestor.as_os_str().is_empty() {
                Path::new(".")
            } else {
                ancestor
            };
            sync_directory(named)?;
            if ancestor == self.existing {
                break;
            }
        }
        Ok(())
    }

    /// Removes a database that was never finished.
    ///
    /// sled writes the snapshot of its page table to `snap.<number>.generating` and renames it.
    /// One left by a crash makes every later open fail; it is only a cache, so it goes.
    fn remove_leftovers(&self) -> Result<(), StorageError> {
        let unfinished = self.unfinished_engine();
        match fs::remove_dir_all(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failure("remove the leftover", &unfinished)(error));
            }
            _ => {}
        }
        let engine = self.engine();
        let entries = match fs::read_dir(&engine) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failure("read the directory", &engine)(error)),
        };
        for entry in entries {
            let entry = entry.map_err(failure("read the directory", &engine))?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with("snap.") && name.ends_with(".generating") {
                let path = entry.path();
                fs::remove_file(&path).map_err(failure("remove the leftover", &path))?;
            }
        }
        Ok(())
    }
}

/// Makes the error of an attempt; it reads "cannot `action` `path`".
pub(super) fn failure(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StorageError {
    move |source| StorageError::Io {
        action,
        path: path.to_owned(),
        source,
    }
}

/// Takes the lock of the database at `path`.
pub(super) fn lock(path: &Path) -> Result<File, StorageError> {
    let lock_path = path.join("lock");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&lock_path)
        .map_err(failure("open the lock file", &lock_path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StorageError::Locked {
            path: path.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(failure("lock the file", &lock_path)(error)),
    }
}

/// Removes the snapshots of sled's page table: it makes a new one of its log.
///
/// Gives how many there were.
pub(super) fn remove_snapshots(path: &Path) -> Result<usize, StorageError> {
    let engine = path.join("sled");
    let entries = fs::read_dir(&engine).map_err(failure("read the directory", &engine))?;
    let mut removed = 0;
    for entry in entries {
        let entry = entry.map_err(failure("read the directory", &engine))?;
        if entry.file_name().to_string_lossy().starts_with("snap.") {
            let path = entry.path();
            fs::remove_file(&path).map_err(failure("remove the snapshot", &path))?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Refuses a path where there is no database: opening would make one.
pub(super) fn check_exists(path: &Path) -> Result<(), StorageError> {
    if path.join("sled").is_dir() {
        return Ok(());
    }
    Err(StorageError::NoDatabase {
        path: path.to_owned(),
    })
}

/// Makes durable which files a directory has. Not all systems open directories as files; the others
/// need no such sync.
pub(super) fn sync_directory(path: &Path) -> Result<(), StorageError> {
    if cfg!(unix) { sync_path(path) } else { Ok(()) }
}

fn sync_path(path: &Path) -> Result<(), StorageError> {
    let sync = |path: &Path| -> io::Result<()> {
        let writable = path.is_file();
        OpenOptions::new()
            .read(true)
            .write(writable)
            .open(path)?
            .sync_all()
    };
    sync(path).map_err(failure("sync", path))
}
