//! Copies of an open database.

use std::fmt;
use std::path::Path;

use super::Orm;
use crate::error::Result;
use crate::storage::{Copied, Draft, copy};

/// What [`Orm::backup`] has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Backup {
    /// The number of the commit whose state it is.
    pub commit: u64,
    /// How many keys it has: rows, lazy values, index entries, links at both sides.
    pub entries: u64,
    /// How many bytes these keys and their values have.
    pub bytes: u64,
}

impl fmt::Display for Backup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            commit,
            entries,
            bytes,
        } = self;
        write!(f, "commit {commit}: {entries} entries, {bytes} bytes")
    }
}

impl Orm {
    /// Copies the database into a directory, which must be empty or not exist.
    ///
    /// The copy is the database as it is when this is called: the state after one commit. Others read
    /// and write meanwhile; a commit waits for the reading of a few hundred kilobytes at most, and keeps
    /// what it overwrites in memory until the copy is made. When this returns, the copy is on disk and was read back. It is a database like any
    /// other: [`OrmBuilder::open`](crate::OrmBuilder::open) opens it, and
    /// [`OrmBuilder::restore`](crate::OrmBuilder::restore) makes another one of it. A database in
    /// memory can be copied too.
    ///
    /// ```
    /// # use musher::prelude::*;
    /// # #[derive(Entity, Debug)]
    /// # struct Tag { #[orm(primary_key)] id: Pk, name: String }
    /// # let directory = tempfile::tempdir().unwrap();
    /// # let path = directory.path().join("backup");
    /// let orm = Orm::builder().entities::<Tag>().in_memory()?;
    /// let mut em = orm.em();
    /// em.create(Tag::build().name("rust"));
    /// em.flush()?;
    /// orm.backup(&path)?;
    ///
    /// let copy = Orm::builder().entities::<Tag>().open(&path)?;
    /// assert_eq!(copy.em().find::<Tag>().all()?.len(), 1);
    /// # Ok::<(), musher::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Directory`](crate::Error::Directory) if the directory is not empty;
    /// [`Error::Storage`](crate::Error::Storage) if the system refuses;
    /// [`Error::Corruption`](crate::Error::Corruption) if something can't be read, or not be read
    /// back. What was written is removed then. What a backup leaves that is killed, is refused as
    /// unfinished when it is opened.
    pub fn backup(&self, path: impl AsRef<Path>) -> Result<Backup> {
        let draft = Draft::create(path.as_ref())?;
        let Copied {
            sequence,
            entries,
            bytes,
        } = copy(&self.database.store, &draft)?;
        draft.finish()?;
        Ok(Backup {
            commit: sequence.0,
            entries,
            bytes,
        })
    }
}
