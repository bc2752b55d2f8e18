//! [`Orm`]: an open database, how it is opened, checked and followed.

mod builder;
mod catalog;
mod subscription;
mod verify;

use std::fmt;
use std::sync::Arc;

pub use builder::OrmBuilder;
pub use subscription::{FeedItem, Links, Missed, RowChange};
pub use verify::{Finding, Report};

use crate::database::Database;
use crate::error::Result;
use crate::manager::EntityManager;
use crate::storage::Store;

/// An open database. Cheap to clone; clones are the same database, and the last one to go closes it.
///
/// ```
/// use musher::prelude::*;
///
/// #[derive(Entity, Debug)]
/// struct Tag {
///     #[orm(primary_key)]
///     id: Pk,
///     name: String,
/// }
///
/// let orm = Orm::builder().entities::<Tag>().in_memory()?;
/// let mut em = orm.em();
/// let tag = em.create(Tag::build().name("rust"));
/// em.flush()?;
/// assert_eq!(orm.em().find_one(tag).or_fail()?, tag);
/// # Ok::<(), musher::Error>(())
/// ```
#[derive(Clone)]
pub struct Orm {
    database: Arc<Database>,
}

impl Orm {
    /// Begins to open a database.
    pub fn builder() -> OrmBuilder {
        OrmBuilder::new()
    }

    /// A new unit of work.
    #[must_use]
    pub fn em(&self) -> EntityManager {
        EntityManager::new(Arc::clone(&self.database))
    }

    /// A unit of work that sees the database as it is now, for as long as it lives: all its queries
    /// see this one moment, whatever others commit meanwhile. It can't be written to. Its
    /// [`fork`](EntityManager::fork)s see the same moment, on other threads too.
    ///
    /// Nobody waits for it. While it lives, each commit keeps what it overwrites for it in memory, at
    /// the price of one look-up for each key, so do not keep it longer than it is of use.
    ///
    /// ```
    /// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
    /// # use musher::prelude::*;
    /// # #[derive(Entity, Debug)]
    /// # struct Tag { #[orm(primary_key)] id: Pk, name: String }
    /// # let orm = Orm::builder().entities::<Tag>().in_memory()?;
    /// let mut em = orm.em();
    /// let tag = em.create(Tag::build().name("before"));
    /// em.flush()?;
    ///
    /// let mut report = orm.snapshot()?;
    /// em[tag].name = "after".into();
    /// em.create(Tag::build().name("later"));
    /// em.flush()?;
    /// assert_eq!(report.find::<Tag>().all()?, [tag]);
    /// assert_eq!(report[tag].name, "before");
    /// # Ok(()) }
    /// # #[cfg(not(feature = "derive"))] fn main() {}
    /// ```
    ///
    /// # Errors
    /// [`Error::Storage`](crate::Error::Storage) if the database takes no more writes: what it shows then
    /// may not be on the disk.
    pub fn snapshot(&self) -> Result<EntityManager> {
        EntityManager::at_snapshot(Arc::clone(&self.database))
    }

    /// Waits until all commits are on disk, those made with [`Durability::Os`](crate::Durability::Os)
    /// included.
    ///
    /// # Errors
    /// [`Error::Storage`](crate::Error::Storage) if the disk refuses.
    pub fn sync(&self) -> Result<()> {
        Ok(self.database.store.sync()?)
    }

    /// Checks everything that is stored: checksums of rows and lazy values, indexes against rows,
    /// references, join trees from both sides, sequences.
    ///
    /// Reads the whole database, under one consistent view: commits wait meanwhile.
    ///
    /// # Errors
    /// [`Error::Storage`](crate::Error::Storage) if the database can't be read at all. Damage is no
    /// error but a finding in the [`Report`].
    pub fn verify(&self) -> Result<Report> {
        verify::verify(&self.database)
    }
}

impl fmt::Debug for Orm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entities: Vec<_> = self
            .database
            .schema
            .entities
            .iter()
            .map(|entity| entity.name)
            .collect();
        f.debug_struct("Orm")
            .field("store", &self.database.store.kind())
            .field("entities", &entities)
            .finish_non_exhaustive()
    }
}
