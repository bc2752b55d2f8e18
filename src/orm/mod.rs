//! [`Orm`]: an open database, and how it is opened.

mod builder;
mod catalog;
mod verify;

use std::fmt;
use std::sync::Arc;

pub use builder::OrmBuilder;
pub use verify::{Finding, Report};

use crate::database::Database;
use crate::error::Result;
use crate::manager::EntityManager;

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
