//! [`Orm`]: an open database, how it is opened, checked and followed.

mod backup;
mod builder;
mod catalog;
mod repair;
mod subscription;
mod verify;

use std::fmt;
use std::sync::Arc;

pub use backup::Backup;
pub use builder::{Check, OrmBuilder};
pub use repair::{Loss, Repair};
pub use subscription::{FeedItem, Links, Missed, RowChange};
pub use verify::{Finding, Progress, Report, Verification};

use crate::database::Database;
use crate::error::{Error, Result};
use crate::manager::{EntityManager, Filters, FlushSubscribers};
use crate::query::FilterRegistry;
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
    filters: Arc<FilterRegistry>,
    subscribers: FlushSubscribers,
}

impl Orm {
    /// Begins to open a database.
    pub fn builder() -> OrmBuilder {
        OrmBuilder::new()
    }

    /// A new unit of work.
    #[must_use]
    pub fn em(&self) -> EntityManager {
        let database = Arc::clone(&self.database);
        EntityManager::new(database, self.filters(), Arc::clone(&self.subscribers))
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
        let database = Arc::clone(&self.database);
        EntityManager::at_snapshot(database, self.filters(), Arc::clone(&self.subscribers))
    }

    fn filters(&self) -> Filters {
        Filters::new(Arc::clone(&self.filters))
    }

    /// Waits until all commits are on disk, those made with [`Durability::Os`](crate::Durability::Os)
    /// included.
    ///
    /// # Errors
    /// [`Error::Storage`](crate::Error::Storage) if the disk refuses.
    pub fn sync(&self) -> Result<()> {
        Ok(self.database.store.sync()?)
    }

    /// Closes the database, and tells what fails of it. All commits are on disk then, and the
    /// directory may be opened again, by any process.
    ///
    /// It closes for the last holder only: clones of this [`Orm`] and units of work hold the database
    /// too. While there are any, commits are synced all the same, and the database stays open for
    /// them. Dropping the last holder without a call of this closes it just as well; but what fails
    /// then, only the log of `tracing` tells.
    ///
    /// ```
    /// # use musher::prelude::*;
    /// # #[derive(Entity, Debug)]
    /// # struct Tag { #[orm(primary_key)] id: Pk, name: String }
    /// # let directory = tempfile::tempdir().unwrap();
    /// # let path = directory.path().join("tags.db");
    /// let orm = Orm::builder().entities::<Tag>().open(&path)?;
    /// let em = orm.em();
    /// assert!(matches!(orm.clone().close(), Err(musher::Error::StillOpen { holders: 2 })));
    /// drop(em);
    /// orm.close()?;
    /// # Ok::<(), musher::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::StillOpen`](crate::Error::StillOpen) while others hold the database.
    /// [`Error::NotDurable`](crate::Error::NotDurable) and [`Error::Storage`](crate::Error::Storage)
    /// if the disk refuses, or has refused since the database was opened.
    pub fn close(self) -> Result<()> {
        self.sync()?;
        let holders = Arc::strong_count(&self.database) - 1;
        let Some(database) = Arc::into_inner(self.database) else {
            return Err(Error::StillOpen { holders });
        };
        Ok(database.store.close()?)
    }

    /// Checks everything that is stored: checksums of rows and lazy values, indexes against rows,
    /// references, join trees from both sides, sequences.
    ///
    /// All of that is checked as it is when this is called. Others write meanwhile: a commit waits for
    /// the reading of a few hundred kilobytes at most, and keeps what it overwrites in memory until the
    /// check is done. [`verification`](Self::verification) checks single entities, and tells its
    /// progress.
    ///
    /// # Errors
    /// [`Error::Storage`](crate::Error::Storage) if the database can't be read at all. Damage is no
    /// error but a finding in the [`Report`].
    pub fn verify(&self) -> Result<Report> {
        self.verification().run()
    }

    /// Begins a check as [`verify`](Self::verify) makes it, of some entities, or with its progress
    /// told.
    ///
    /// ```
    /// # use musher::prelude::*;
    /// # #[derive(Entity, Debug)]
    /// # struct Tag { #[orm(primary_key)] id: Pk, name: String }
    /// # let orm = Orm::builder().entities::<Tag>().in_memory()?;
    /// let report = orm
    ///     .verification()
    ///     .entity::<Tag>()
    ///     .progress(|now| println!("{}: {} of {}", now.entity, now.rows, now.total))
    ///     .run()?;
    /// assert!(report.is_clean());
    /// # Ok::<(), musher::Error>(())
    /// ```
    pub fn verification(&self) -> Verification<'_> {
        Verification::new(&self.database)
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
