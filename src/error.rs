//! The one error type of Musher's public surface.
//!
//! Every message names the entity, the property or key, and the remedy; the cause in a lower
//! layer stays behind [`std::error::Error::source`]. No type of an engine or codec is public here.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

use crate::codec::KeyError;
use crate::codec::record::RecordError;
use crate::codec::value::ValueError;
use crate::storage::StorageError;

/// The result of everything in Musher that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong.
///
/// A failed call changes nothing: neither the database nor the unit of work, so that it can be made
/// again when its cause is mended. There is one exception: [`NotDurable`](Error::NotDurable), for a
/// commit that the disk did not confirm.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No row has the key, or no row matches the query.
    #[error("{entity} {key} was not found in the database")]
    NotFound {
        /// The entity's name.
        entity: &'static str,
        /// The key, or what was asked for.
        key: String,
    },

    /// A unique property has a value that another row already has.
    #[error(
        "{entity} {key}: `{property}` must be unique, but {entity} {existing} already has {value}; \
         choose another value or change that row in the same flush"
    )]
    UniqueViolation {
        /// The entity's name.
        entity: &'static str,
        /// The key of the row that was to be written.
        key: String,
        /// The unique property; the primary key's name when the key itself is taken.
        property: &'static str,
        /// The value, as text; `<hidden>` for hidden properties.
        value: String,
        /// The key of the row that has the value.
        existing: String,
    },

    /// A reference points to a row that does not exist, or a row is removed that others need.
    #[error("{entity} {key}: `{property}` refers to {target} {target_key}, {problem}")]
    ForeignKeyViolation {
        /// The entity that holds the reference.
        entity: &'static str,
        /// The key of the row that holds the reference.
        key: String,
        /// The relation's name.
        property: &'static str,
        /// The entity referred to.
        target: &'static str,
        /// The key referred to.
        target_key: String,
        /// What is wrong with it, and the remedy.
        problem: &'static str,
    },

    /// An entity, reference, collection or lazy property is read that was not loaded.
    #[error("{what} is not loaded; {remedy}")]
    NotLoaded {
        /// What was read.
        what: String,
        /// How to load it.
        remedy: String,
    },

    /// Values break the rules of their properties; every violation is listed.
    #[error("{}", Listing("validation failed", .0))]
    Validation(Vec<Violation>),

    /// A JSON value does not fit the entity that it was to be assigned to; everything is listed.
    #[cfg(feature = "serde-json")]
    #[error("{}", Listing("the value does not fit", .0))]
    Assign(Vec<AssignProblem>),

    /// A second instance was to be managed under a key that this unit of work already manages.
    #[error(
        "{entity} {key} is already managed by this unit of work; change the managed instance \
         through `em[id]` or `em.edit(id)`. The second instance was dropped"
    )]
    AlreadyManaged {
        /// The entity's name.
        entity: &'static str,
        /// The key that both instances have.
        key: String,
    },

    /// A row that was to be changed or removed is no longer in the database.
    #[error(
        "{entity} {key} was removed by another unit of work since it was read; \
         `em.detach(id)` gives it up, `em.persist(..)` creates it anew"
    )]
    RowGone {
        /// The entity's name.
        entity: &'static str,
        /// The row's key.
        key: String,
    },

    /// A row with a version, or a property with `concurrency_check`, was written by another unit of work
    /// since it was read. Nothing was written.
    ///
    /// [`refresh`](crate::EntityManager::refresh) reads it anew, so that the program can decide again.
    #[error(
        "{entity} {key} was changed by another unit of work since it was read: {property} {expected} was expected, \
         and {found} is there; read it anew with `em.refresh(id)`, decide again, and flush"
    )]
    OptimisticLock {
        /// The entity's name.
        entity: &'static str,
        /// The row's key.
        key: String,
        /// The version, or the property with `concurrency_check`.
        property: &'static str,
        /// The value that this unit of work has read.
        expected: String,
        /// The value that is stored; `<hidden>`, both, of a hidden property.
        found: String,
    },

    /// Something that a serializable transaction has read was changed by others before it was committed.
    /// Nothing was written, and everything is rolled back.
    #[error(
        "the transaction conflicts with another one, which has changed {what} since it was read; \
         nothing was written, run it again, as `em.transactional_with_retries(..)` does"
    )]
    Conflict {
        /// What was changed.
        what: String,
    },

    /// A life-cycle hook refused. Nothing was written.
    #[error("{entity} {key}: the {event} hook failed: {source}")]
    Hook {
        /// The entity's name.
        entity: &'static str,
        /// The entity's key.
        key: String,
        /// The event, as in `#[orm(..)]`.
        event: &'static str,
        /// What the hook returned.
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// A subscriber refused a flush or a commit. Nothing was written.
    #[error("a subscriber refused in {event}: {source}")]
    Subscriber {
        /// The event: `before_flush`, `on_flush` or `before_commit`.
        event: &'static str,
        /// What the subscriber returned.
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// The entities do not fit together, or do not fit the stored data; every problem is listed.
    #[error("{}", Listing("the schema is not valid", .0))]
    Schema(Vec<String>),

    /// Stored bytes are damaged.
    #[error(
        "the database is damaged: {what}; restore a backup, or run `orm.verify()` for the extent"
    )]
    Corruption {
        /// What is damaged, and where.
        what: String,
        /// The finding behind it.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },

    /// A check of a whole database found damage; everything that was found is listed.
    #[error(
        "{}; restore a backup, or mend it with `Orm::builder().repair(path)`",
        Listing("the database is damaged", .findings)
    )]
    Damaged {
        /// What is wrong, each with its entity and property.
        findings: Vec<String>,
    },

    /// A value can't be stored.
    #[error("{entity}: `{property}` can't be stored: {source}")]
    Encode {
        /// The entity's name.
        entity: &'static str,
        /// The property.
        property: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// A password could not be hashed or checked.
    #[cfg(feature = "password")]
    #[error(transparent)]
    Password(#[from] crate::password::PasswordError),

    /// The disk did not confirm a commit. It is applied: others see it, nothing of it is pending in this
    /// unit of work any more, and `after_*` hooks have run. But it may not survive a crash. A database
    /// on a disk takes no more writes until it is opened again: reopen it, and look.
    #[error(
        "the commit is applied, but the disk did not confirm it, and it may not survive a crash; \
         reopen the database, and look before repeating anything"
    )]
    NotDurable {
        /// What the disk said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// The database was to be closed while others hold it. Nothing is lost: it stays open for them,
    /// every commit is on disk, and the last of them to go closes it.
    #[error(
        "the database can't be closed yet: {holders} more hold it, clones of `Orm` or units of \
         work; drop them first. Every commit is on disk"
    )]
    StillOpen {
        /// How many hold it besides the one that was to close it.
        holders: usize,
    },

    /// The database is open already, in this process or in another one.
    #[error(
        "the database {} is in use: close it where it is open, in this process or in another one, \
         or share the open `Orm`", path.display()
    )]
    InUse {
        /// The directory of the database.
        path: PathBuf,
    },

    /// A directory does not hold what it should: no database, one of a newer version, an unfinished
    /// one; or it holds something where a database is to be written.
    #[error("{problem}")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What is wrong, and the remedy.
        problem: String,
    },

    /// The storage engine failed.
    #[error("{source}")]
    Storage {
        /// The engine's own error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// A query makes no sense.
    #[error("{entity}: {problem}")]
    Query {
        /// The entity that was asked for.
        entity: &'static str,
        /// What is wrong, and the remedy.
        problem: String,
    },

    /// A transaction was ended that was not begun, or begun and not ended.
    #[error("{problem}")]
    Transaction {
        /// What is wrong, and the remedy.
        problem: &'static str,
    },

    /// An error of the application, from a hook or a transaction.
    #[error("{0}")]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// Wraps an error of the application, so that a hook can refuse with it.
    ///
    /// ```
    /// let error = musher::Error::other("articles are read-only on Sundays");
    /// assert_eq!(error.to_string(), "articles are read-only on Sundays");
    /// ```
    pub fn other(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Other(error.into())
    }

    pub(crate) fn corruption(what: impl Into<String>) -> Self {
        Self::Corruption {
            what: what.into(),
            source: None,
        }
    }

    pub(crate) fn damaged_row(
        entity: &'static str,
        key: &impl fmt::Display,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self::Corruption {
            what: format!("the row of {entity} {key} can't be read: {source}"),
            source: Some(Box::new(source)),
        }
    }
}

/// One value that breaks a rule of its property.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The entity's name.
    pub entity: &'static str,
    /// The entity's key.
    pub key: String,
    /// The property; of one in a list of embedded values, the path to it: `addresses[2].city`.
    pub property: Cow<'static, str>,
    /// What is wrong, and the remedy.
    pub problem: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}: `{}` {}",
            self.entity, self.key, self.property, self.problem
        )
    }
}

/// One part of a JSON value that does not fit.
#[cfg(feature = "serde-json")]
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AssignProblem {
    /// The name of the entity that it was to be assigned to.
    pub entity: &'static str,
    /// The entity's key; `None` for a new one.
    pub key: Option<String>,
    /// The place in the value: `title`, `author.name`, `tags[2]`; empty for the value itself.
    pub property: String,
    /// The value that is there, as JSON.
    pub value: String,
    /// What should be there, and the remedy.
    pub expected: String,
}

#[cfg(feature = "serde-json")]
impl fmt::Display for AssignProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            entity,
            key,
            property,
            value,
            expected,
        } = self;
        match key {
            Some(key) => write!(f, "{entity} {key}: ")?,
            None => write!(f, "new {entity}: ")?,
        }
        write!(f, "`{property}` is {value}, expected {expected}")
    }
}

/// One finding on the heading's line, several on a line each.
struct Listing<'a, T>(&'static str, &'a Vec<T>);

impl<T: fmt::Display> fmt::Display for Listing<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1.as_slice() {
            [only] => write!(f, "{}: {only}", self.0),
            several => {
                write!(f, "{}, {} problems:", self.0, several.len())?;
                several
                    .iter()
                    .try_for_each(|problem| write!(f, "\n  - {problem}"))
            }
        }
    }
}

impl From<StorageError> for Error {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Corruption { .. } => Self::Corruption {
                what: error.to_string(),
                source: Some(Box::new(error)),
            },
            StorageError::NotDurable { .. } => Self::NotDurable {
                source: Box::new(error),
            },
            StorageError::Locked { path } => Self::InUse { path },
            StorageError::NotADirectory { ref path }
            | StorageError::NotADatabase { ref path }
            | StorageError::NoDatabase { ref path }
            | StorageError::NotEmpty { ref path }
            | StorageError::Unfinished { ref path }
            | StorageError::Version { ref path, .. } => Self::Directory {
                path: path.clone(),
                problem: error.to_string(),
            },
            other => Self::Storage {
                source: Box::new(other),
            },
        }
    }
}

impl From<RecordError> for Error {
    fn from(error: RecordError) -> Self {
        Self::Corruption {
            what: error.to_string(),
            source: Some(Box::new(error)),
        }
    }
}

impl From<KeyError> for Error {
    fn from(error: KeyError) -> Self {
        Self::Corruption {
            what: format!("a stored key can't be read: {error}"),
            source: Some(Box::new(error)),
        }
    }
}

impl From<ValueError> for Error {
    fn from(error: ValueError) -> Self {
        Self::Corruption {
            what: format!("a stored value can't be read: {error}"),
            source: Some(Box::new(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::CommitSequence;

    #[test]
    fn a_commit_that_the_disk_did_not_confirm_is_told_from_one_that_failed() {
        let not_durable = StorageError::NotDurable {
            path: "blog.db".into(),
            sequence: CommitSequence(7),
            source: "the disk is gone".into(),
        };
        assert!(matches!(Error::from(not_durable), Error::NotDurable { .. }));
    }
}
