//! Queries over more rows than memory holds: one after the other, or in batches.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::vec::IntoIter;

use super::{EntityManager, Find, Managed};
use crate::database::Database;
use crate::entity::{Entity, Event, Handle, Id, handles};
use crate::error::{Error, Result};
use crate::query::{Column, Condition, Found, Query, Slices};
use crate::schema::EntityIndex;
use crate::storage::{Batch, LastingView, Reader, Snapshot, StagedReader};

/// The rows that a query finds, as instances that no unit of work manages. See [`Find::stream`].
#[must_use = "a stream reads nothing until it is asked for the next"]
pub struct Stream<T: Entity> {
    rows: Rows,
    entity: PhantomData<fn() -> T>,
}

/// The rows of a query, of one moment.
pub(super) struct Rows {
    pub(super) database: Arc<Database>,
    snapshot: Arc<Snapshot>,
    /// What the transaction had staged when the stream began; nothing without one.
    staged: Batch,
    pub(super) index: EntityIndex,
    slices: Slices,
    slice: IntoIter<Found>,
}

impl<T: Managed, H: Handle<Entity = T>> Find<'_, T, H> {
    /// The entities, one after the other, each as an instance that no unit of work manages: over any
    /// number of rows in the memory of a few hundred. All are of the moment at which the stream began,
    /// whatever is committed meanwhile, and nobody waits for it; commits keep what they overwrite until
    /// the stream is dropped. In a transaction they are what it has flushed by then, too, of which the
    /// stream keeps a copy.
    ///
    /// They come in the order of the query. Where the keys or an index have it, nothing else is in memory;
    /// where the condition is answered by an index, the keys of what it finds are; and for any other
    /// order their places in it until they are sorted. Relations are ids, collections and lazy properties
    /// are not loaded: [`in_batches`](Self::in_batches) populates.
    ///
    /// ```
    /// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
    /// # use musher::prelude::*;
    /// # #[derive(Entity, Debug)]
    /// # struct Payment { #[orm(primary_key)] id: Pk, cents: u64 }
    /// # let orm = Orm::builder().entities::<Payment>().in_memory()?;
    /// let mut em = orm.em();
    /// for cents in 1..=1000 {
    ///     em.create(Payment::build().cents(cents));
    /// }
    /// let mut sum = 0;
    /// for payment in em.find::<Payment>().filter(|p| p.cents().gt(10_u64)).stream()? {
    ///     sum += payment?.cents;
    /// }
    /// assert_eq!(sum, 500_500 - 55);
    /// # Ok(()) }
    /// # #[cfg(not(feature = "derive"))] fn main() {}
    /// ```
    ///
    /// # Errors
    /// [`Error::Transaction`] in a serializable transaction, which notes what it has read only until it
    /// ends; [`Error::Query`] with populate hints or `before`; else as
    /// [`all`](Self::all). A row that can't be read is an error of its own; after an error the stream ends.
    pub fn stream(self) -> Result<Stream<T>> {
        if !self.options.hints.is_empty() {
            return Err(refusal::<T>(
                "a stream gives instances that nobody manages, and populates nothing; use `in_batches`",
            ));
        }
        Ok(Stream {
            rows: self.rows(&[])?.1,
            entity: PhantomData,
        })
    }

    /// Gives the entities to `work` in batches of so many ids, loaded and populated in a unit of work of
    /// their own, which is flushed after each: over any number of rows in the memory of a batch, and as
    /// one commit for each batch that changes something. Gives how many entities there were.
    ///
    /// Which entities are meant, and in which order, is decided at the moment of the call, as in
    /// [`stream`](Self::stream). Each batch is loaded as it is by then; what was removed meanwhile is
    /// left out.
    ///
    /// ```
    /// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
    /// # use musher::prelude::*;
    /// # #[derive(Entity, Debug)]
    /// # struct Tag { #[orm(primary_key)] id: Pk, name: String }
    /// # let orm = Orm::builder().entities::<Tag>().in_memory()?;
    /// let mut em = orm.em();
    /// for name in ["A", "B", "C"] {
    ///     em.create(Tag::build().name(name));
    /// }
    /// let count = em.find::<Tag>().in_batches(2, |em, tags| {
    ///     for tag in tags {
    ///         em[*tag].name = em[*tag].name.to_lowercase();
    ///     }
    ///     Ok(())
    /// })?;
    /// assert_eq!(count, 3);
    /// assert_eq!(em.find::<Tag>().filter(|t| t.name().eq("c")).count()?, 1);
    /// # Ok(()) }
    /// # #[cfg(not(feature = "derive"))] fn main() {}
    /// ```
    ///
    /// # Errors
    /// What `work` says, and what the flush of a batch says; the batches before it stand.
    /// [`Error::Transaction`] in a transaction, [`Error::Query`] with `before`; else as
    /// [`all`](Self::all).
    ///
    /// # Panics
    /// If the size of a batch is 0.
    pub fn in_batches(
        self,
        size: usize,
        mut work: impl FnMut(&mut EntityManager, &[H]) -> Result<()>,
    ) -> Result<usize> {
        assert!(size > 0, "a batch has one entity at least");
        if self.em.is_in_transaction() {
            return Err(Error::Transaction {
                problem: "each batch is a unit of work of its own, and would see nothing of what the transaction has staged; \
                          use `stream`, or work in batches before it begins",
            });
        }
        let fork = self.em.fork();
        let (options, mut rows) = self.rows(&[])?;
        let key_field = rows.database.schema.entity(rows.index).key_field;
        let mut count = 0;
        loop {
            let mut ids: Vec<Id<T>> = Vec::new();
            while ids.len() < size
                && let Some(found) = rows.next()?
            {
                ids.push(Id::from_own(&found.key));
            }
            if ids.is_empty() {
                return Ok(count);
            }
            let mut em = fork.fork();
            let keys: Vec<T::Key> = ids.iter().map(|id| id.clone().into_key()).collect();
            let query = Query::of_condition(Some(Condition::is_one_of(key_field, &keys)));
            em.load_found(rows.index, &query, &options)?;
            ids.retain(|id| em.is_managed(id.clone()));
            count += ids.len();
            work(&mut em, &handles(ids))?;
            em.flush()?;
        }
    }

    /// The rows of one moment, of which columns will be asked for, and how they shall be loaded.
    pub(super) fn rows(self, columns: &[Column]) -> Result<(super::find::Options, Rows)> {
        if self.em.is_serializable() {
            return Err(Error::Transaction {
                problem: "a serializable transaction keeps what it has read until it ends, and a stream may be read later; \
                          use `page`, or stream before it begins",
            });
        }
        if self.query.backward {
            return Err(refusal::<T>(
                "a stream goes forward; use `after`, or `page` with `before`",
            ));
        }
        let index = self.em.entity_index::<T>();
        let query = self
            .em
            .place(index, self.query, self.cursor.as_ref(), &self.options)?;
        let mut asked = self.em.asked_by(index, &query, &self.options)?;
        self.em.add_columns(index, columns, &mut asked);
        self.em.flush_before(&asked)?;
        let database = Arc::clone(&self.em.database);
        let snapshot = self.em.lasting_moment()?;
        let staged = self.em.staged_writes();
        let view = LastingView::at(&database.store, Arc::clone(&snapshot))?;
        let view = StagedReader::new(&view, &staged);
        let slices = Slices::begin(&database, &view, database.schema.entity(index), query)?;
        let rows = Rows {
            snapshot,
            staged,
            index,
            slices,
            slice: Vec::new().into_iter(),
            database,
        };
        Ok((self.options, rows))
    }
}

fn refusal<T: Entity>(problem: &str) -> Error {
    Error::Query {
        entity: T::NAME,
        problem: problem.to_owned(),
    }
}

impl Rows {
    fn next(&mut self) -> Result<Option<Found>> {
        if self.slice.len() == 0 {
            self.slice = self.next_slice()?.into_iter();
        }
        Ok(self.slice.next())
    }

    /// The next few rows; none where there are no more.
    pub(super) fn next_slice(&mut self) -> Result<Vec<Found>> {
        let database = &self.database;
        let view = LastingView::at(&database.store, Arc::clone(&self.snapshot))?;
        let view = StagedReader::new(&view, &self.staged);
        let entity = database.schema.entity(self.index);
        self.slices.next(database, &view, entity)
    }

    /// Nothing comes any more.
    pub(super) fn end(&mut self) {
        self.slices = Slices::ended();
        self.slice = Vec::new().into_iter();
    }

    /// Reads at the moment of the stream.
    pub(super) fn look<R>(&self, read: impl FnOnce(&dyn Reader) -> Result<R>) -> Result<R> {
        let view = LastingView::at(&self.database.store, Arc::clone(&self.snapshot))?;
        read(&StagedReader::new(&view, &self.staged))
    }

    /// The instance of a row, as a unit of work would have it.
    fn instance<T: Entity>(&self, found: &Found) -> Result<T> {
        let mut body = self.database.hydrate(self.index, &found.key, &found.row)?;
        let hooks = &self.database.entity_type(self.index).hooks;
        for event in [Event::OnInit, Event::OnLoad] {
            if hooks.contains(event) {
                body.on_instance(event);
            }
        }
        let body: Box<dyn Any> = body;
        let instance = body.downcast::<T>();
        Ok(*instance.expect("a row of an entity becomes an instance of its type"))
    }
}

impl<T: Entity> Iterator for Stream<T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        let found = self.rows.next().transpose()?;
        let instance = found.and_then(|found| self.rows.instance(&found));
        if instance.is_err() {
            self.rows.end();
        }
        Some(instance)
    }
}

impl<T: Entity> fmt::Debug for Stream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("of", &T::NAME).finish()
    }
}
