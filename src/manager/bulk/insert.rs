//! Rows that are inserted in bulk.

use super::{NewRows, Slices};
use crate::database::Database;
use crate::entity::Id;
use crate::error::{Error, Result};
use crate::manager::{Creation, EntityManager, IntoManaged};
use crate::storage::Reader;
use crate::unit_of_work::{Bulk, NewRow};

impl EntityManager {
    /// Inserts rows without making instances of them: entities, or builders with all new entities that
    /// they refer to. Ends with [`execute`](InsertMany::execute).
    ///
    /// Constraints, indexes, lengths, required values and versions are as in a flush. **Hooks do not
    /// run**: what a hook would hash or check, the program has to.
    ///
    /// ```
    /// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
    /// # use musher::prelude::*;
    /// # #[derive(Entity, Debug)]
    /// # struct Tag { #[orm(primary_key)] id: Pk, #[orm(unique)] name: String }
    /// # let orm = Orm::builder().entities::<Tag>().in_memory()?;
    /// let mut em = orm.em();
    /// let names = (1..=1000).map(|number| format!("tag {number}"));
    /// let ids = em
    ///     .insert_many(names.map(|name| Tag::build().name(name)))
    ///     .execute()?;
    /// assert_eq!(ids.len(), 1000);
    /// assert!(!em.is_managed(ids[0]));
    /// # Ok(()) }
    /// # #[cfg(not(feature = "derive"))] fn main() {}
    /// ```
    pub fn insert_many<I>(&mut self, rows: I) -> InsertMany<'_, I::IntoIter>
    where
        I: IntoIterator<Item: IntoManaged>,
    {
        InsertMany {
            em: self,
            rows: rows.into_iter(),
            slices: None,
        }
    }
}

/// An insertion in bulk, made by [`EntityManager::insert_many`].
#[must_use = "a bulk operation does nothing until `.execute()`"]
pub struct InsertMany<'em, I> {
    em: &'em mut EntityManager,
    rows: I,
    slices: Option<Slices<'em>>,
}

impl<'em, I: Iterator<Item: IntoManaged>> InsertMany<'em, I> {
    /// Commits so many rows at a time, and tells after each commit how many are done. The rows are taken
    /// from the iterator slice by slice, so the memory that is needed does not grow with their number.
    ///
    /// The whole is not atomic then: if a slice fails, those before it stay. Inside a transaction, which
    /// makes one commit of them, it is.
    pub fn in_slices(mut self, size: usize, progress: impl FnMut(usize) + 'em) -> Self {
        self.slices = Some(Slices::new(size, progress));
        self
    }

    /// Inserts the rows, and gives their ids in order. What is pending for their entities is flushed
    /// before.
    ///
    /// # Errors
    /// Those of [`flush`](EntityManager::flush). Nothing of the batch is stored then. [`Error::Query`] if
    /// one of the rows is an id, and there is nothing to be inserted.
    pub fn execute(mut self) -> Result<Vec<Id<<I::Item as IntoManaged>::Entity>>> {
        let size = Slices::size(self.slices.as_ref());
        let mut ids = Vec::new();
        loop {
            let mut new = NewRows::new(self.em.database.clone());
            let before = ids.len();
            for row in self.rows.by_ref().take(size) {
                ids.push(resolve_new(row, &mut new)?);
            }
            if ids.len() == before {
                return Ok(ids);
            }
            self.em.insert_rows(new)?;
            Slices::tell(&mut self.slices, ids.len());
        }
    }
}

/// Makes the rows of one entity, and gives its id.
pub(super) fn resolve_new<N: IntoManaged>(row: N, new: &mut NewRows) -> Result<Id<N::Entity>> {
    let before = new.rows.len();
    let id = row.into_pending().resolve(&mut Creation::rows(new));
    if new.rows.len() == before && !new.is_refused() {
        return Err(Error::Query {
            entity: <N::Entity as crate::entity::Entity>::NAME,
            problem: format!(
                "the id {id} was given to be inserted, and an id names a row that is there; give an entity or a builder"
            ),
        });
    }
    Ok(id)
}

impl EntityManager {
    fn insert_rows(&mut self, new: NewRows) -> Result<()> {
        self.flush_before_bulk(&new.asked())?;
        let rows: Vec<NewRow> = new
            .into_rows()?
            .into_iter()
            .map(|built| built.row)
            .collect();
        let make = |database: &Database, _: &dyn Reader| {
            let mut bulk = Bulk::default();
            for row in &rows {
                bulk.insert(database, row.clone())?;
            }
            Ok((bulk, ()))
        };
        self.run_bulk(make, |()| None)
    }
}
