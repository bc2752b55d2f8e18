//! What the store still dares to do after a failure, and the translation of the engine's failures.
//!
//! Every call into sled goes through [`Health::guarded`], because sled panics on some damaged
//! pages; a panic of the engine becomes an error here, while a panic of the caller's closure is
//! none of this module's business and passes through. (The process's panic hook still prints it.)
//!
//! Invariant: health only gets worse. A store that refuses writes never takes one again.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::storage::StorageError;

/// The failures of one open store.
pub(super) struct Health {
    path: PathBuf,
    /// Why writes are refused. The view is still that of a whole commit.
    read_only: OnceLock<String>,
    /// Why reads are refused too. The engine may show half a commit.
    closed: OnceLock<String>,
}

impl Health {
    /// The health of the store at `path`, sound so far.
    pub(super) fn new(path: &Path) -> Health {
        Health {
            path: path.to_owned(),
            read_only: OnceLock::new(),
            closed: OnceLock::new(),
        }
    }

    /// The directory of the database.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Refuses every later write, for the first reason given.
    pub(super) fn refuse_writes(&self, reason: String) {
        self.read_only.get_or_init(|| reason);
    }

    /// Refuses every later write and read, for the first reason given.
    pub(super) fn close(&self, reason: String) {
        self.closed.get_or_init(|| reason);
    }

    /// Why writes are refused, if they are.
    pub(super) fn write_refusal(&self) -> Option<&str> {
        let reason = self.closed.get().or_else(|| self.read_only.get());
        reason.map(String::as_str)
    }

    /// Fails when reads are refused.
    pub(super) fn check_read(&self) -> Result<(), StorageError> {
        match self.closed.get() {
            None => Ok(()),
            Some(reason) => Err(self.poisoned("reads or writes", reason)),
        }
    }

    /// Fails when writes are refused.
    pub(super) fn check_write(&self) -> Result<(), StorageError> {
        match self.write_refusal() {
            None => Ok(()),
            Some(reason) => Err(self.poisoned("writes", reason)),
        }
    }

    /// Runs one call into the engine that changes nothing callers see. Signs of damage make the
    /// store refuse writes from then on. `tree` is the caller's name, for the message.
    pub(super) fn guarded<T>(
        &self,
        tree: Option<&str>,
        call: impl FnOnce() -> Result<T, ::sled::Error>,
    ) -> Result<T, StorageError> {
        let error = match catch(call) {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => self.translate(tree, error),
            Err(what) => self.corruption(tree, what),
        };
        if let StorageError::Corruption { .. } = error {
            self.refuse_writes(error.to_string());
        }
        Err(error)
    }

    /// Damage at a tree, or at the database as a whole.
    pub(super) fn corruption(&self, tree: Option<&str>, what: impl Into<String>) -> StorageError {
        StorageError::Corruption {
            place: self.place(tree),
            what: what.into(),
        }
    }

    /// What an error of the engine means.
    pub(super) fn translate(&self, tree: Option<&str>, error: ::sled::Error) -> StorageError {
        use ::sled::Error;
        match error {
            Error::Corruption { .. } => self.corruption(
                tree,
                "the engine read bytes that do not match their checksum",
            ),
            Error::ReportableBug(what) => self.corruption(tree, what),
            // The engine reads only where its index says that something is.
            Error::Io(source) if source.kind() == std::io::ErrorKind::UnexpectedEof => {
                self.corruption(tree, "a file ends before the data that it should hold")
            }
            Error::Io(source) => StorageError::Io {
                action: "read or write the files of the database",
                path: self.path.clone(),
                source,
            },
            Error::Unsupported(_) | Error::CollectionNotFound(_) => StorageError::Engine {
                place: self.place(tree),
                source: error.into(),
            },
        }
    }

    fn place(&self, tree: Option<&str>) -> String {
        match tree {
            Some(tree) => format!("tree \"{tree}\" of the database {}", self.path.display()),
            None => format!("the database {}", self.path.display()),
        }
    }

    fn poisoned(&self, refused: &'static str, reason: &str) -> StorageError {
        StorageError::Poisoned {
            path: self.path.clone(),
            refused,
            reason: reason.to_owned(),
        }
    }
}

/// Runs a call into the engine; a panic becomes a sentence.
pub(super) fn catch<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    // The engine's state may be inconsistent after a panic. Callers of this function mark the
    // store as unhealthy instead of relying on that state.
    catch_unwind(AssertUnwindSafe(call)).map_err(|payload| describe(payload.as_ref()))
}

fn describe(payload: &(dyn Any + Send)) -> String {
    let text = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    format!("the engine gave up on it ({text})")
}
