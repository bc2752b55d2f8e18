//! What can go wrong below the entities. Messages name the thing and the remedy; the engine's own
//! error stays behind `source()`, without its type.

use std::io;
use std::path::PathBuf;

use super::CommitSequence;

/// The error of an engine, its type hidden.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// An error of a store.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StorageError {
    /// The operating system refused something.
    #[error(
        "cannot {action} {}: check that it exists, that it may be written and that the disk is \
         not full", path.display()
    )]
    Io {
        /// What was attempted, as it follows "cannot".
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The refusal.
        source: io::Error,
    },
    /// No path was given.
    #[error("the path of the database is empty: name a directory, `.` for the current one")]
    NoPath,
    /// The path of a database names something that is no directory.
    #[error(
        "{} is not a directory: a database is one, so name a directory or a path that does not \
         exist yet", path.display()
    )]
    NotADirectory {
        /// The path as given.
        path: PathBuf,
    },
    /// The database is open already, here or in another process.
    #[error(
        "the database {} is in use: close the store or the process that has it open, or share \
         the open store", path.display()
    )]
    Locked {
        /// The directory of the database.
        path: PathBuf,
    },
    /// The directory has files that another program made.
    #[error(
        "{} holds a sled database that is not Musher's: name another directory", path.display()
    )]
    NotADatabase {
        /// The directory.
        path: PathBuf,
    },
    /// There is no database where one is to be read.
    #[error(
        "there is no database in {}: name the directory of one", path.display()
    )]
    NoDatabase {
        /// The directory.
        path: PathBuf,
    },
    /// There is something where a database is to be written.
    #[error(
        "{} is not empty: name a directory that is, or one that does not exist yet", path.display()
    )]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// The directory holds a copy that was cut short.
    #[error(
        "{} holds a database that was not finished, because the backup, restoration or salvage \
         that wrote it was cut short, or is still running: remove the directory, and repeat that",
        path.display()
    )]
    Unfinished {
        /// The directory.
        path: PathBuf,
    },
    /// The format is newer than this version of the library.
    #[error(
        "the database {} has storage format {found}, and this version of Musher reads up to \
         {supported}: upgrade Musher", path.display()
    )]
    Version {
        /// The directory of the database.
        path: PathBuf,
        /// The format found.
        found: u32,
        /// The newest format that can be read.
        supported: u32,
    },
    /// Stored bytes are damaged or missing.
    #[error("{place} is damaged: {what}; restore the database from a backup")]
    Corruption {
        /// The path or tree.
        place: String,
        /// What was found there.
        what: String,
    },
    /// A key is longer than a store takes. Nothing was written.
    #[error(
        "a key of {length} bytes for tree \"{tree}\" is longer than the {limit} that can be \
         stored: shorten the primary key or the indexed value"
    )]
    KeyTooLong {
        /// The name of the tree.
        tree: String,
        /// The length of the key in bytes.
        length: usize,
        /// The greatest length in bytes.
        limit: usize,
    },
    /// The name of a tree is longer than a store takes.
    #[error("a tree name of {length} bytes is longer than {limit}: shorten it")]
    TreeNameTooLong {
        /// The length of the name in bytes.
        length: usize,
        /// The greatest length in bytes.
        limit: usize,
    },
    /// The commit is applied and visible, but the disk did not confirm it.
    #[error(
        "commit {sequence} of the database {} is applied, but the disk did not confirm it, so it \
         may be lost with the power; no further writes are taken: mend the disk and reopen the \
         database", path.display()
    )]
    NotDurable {
        /// The directory of the database.
        path: PathBuf,
        /// The commit.
        sequence: CommitSequence,
        /// The refusal of the disk.
        source: Cause,
    },
    /// An earlier failure has left the store unfit for this.
    #[error(
        "the database {} takes no further {refused} after an earlier failure ({reason}): reopen \
         it, and restore it from a backup if that fails", path.display()
    )]
    Poisoned {
        /// The directory of the database.
        path: PathBuf,
        /// What is refused, as it follows "no further".
        refused: &'static str,
        /// The earlier failure.
        reason: String,
    },
    /// The engine failed in a way that none of the others describes.
    #[error("the storage engine failed at {place}")]
    Engine {
        /// The path or tree.
        place: String,
        /// The engine's error.
        source: Cause,
    },
}
