//! A query by key.

use std::any::Any;
use std::marker::PhantomData;

use super::find::Options;
use super::{EntityFilter, EntityManager, Managed, filters};
use crate::database::LoadStrategy;
use crate::entity::{Handle, Id, IntoId};
use crate::error::{Error, Result};
use crate::load::{Hint, LoadPath, Root};
use crate::query::{Property, Query};

impl EntityManager {
    /// Finds an entity by its key. What is managed and loaded is found without a look-up.
    pub fn find_one<T: Managed>(&mut self, id: impl IntoId<T>) -> FindOne<'_, T> {
        FindOne {
            em: self,
            id: id.into_id(),
            options: Options::default(),
            handle: PhantomData,
        }
    }
}

/// A query by key. Ends with [`one`](Self::one) or [`or_fail`](Self::or_fail).
#[must_use = "a query does nothing until `.one()` or `.or_fail()`"]
pub struct FindOne<'em, T: Managed, H = Id<T>> {
    pub(super) em: &'em mut EntityManager,
    id: Id<T>,
    pub(super) options: Options,
    handle: PhantomData<fn() -> H>,
}

impl<'em, T: Managed, H: Handle<Entity = T>> FindOne<'em, T, H> {
    /// Loads relations and lazy properties too: `.populate(|a| (a.author(), a.text()))`. What is found is
    /// a [`Loaded`](crate::Loaded) then, whose type knows them.
    pub fn populate<M: Hint<T>>(
        mut self,
        hints: impl FnOnce(T::LoadPath<Root<T>>) -> M,
    ) -> FindOne<'em, T, H::And<M::Populates>> {
        hints(LoadPath::root().into()).into_hints(&mut self.options.hints);
        self.giving()
    }

    /// What is found is a bare id, whatever is populated: for a query that is put together step by step.
    pub fn unchecked(self) -> FindOne<'em, T> {
        self.giving()
    }

    fn giving<I>(self) -> FindOne<'em, T, I> {
        FindOne {
            em: self.em,
            id: self.id,
            options: self.options,
            handle: PhantomData,
        }
    }

    /// How related rows are read, for this query.
    pub const fn strategy(mut self, strategy: LoadStrategy) -> Self {
        self.options.strategy = Some(strategy);
        self
    }

    /// With a named filter on, with these parameters. One that is not registered is one of this
    /// entity, and of no other.
    pub fn with_filter<F: EntityFilter<T>>(mut self, filter: F) -> Self {
        filters::turn_on::<F, T>(&mut self.options.filters, filter);
        self
    }

    /// Without a named filter, whatever the unit of work says.
    pub fn without_filter<F: Any>(mut self) -> Self {
        self.options.filters.turn_off::<F>();
        self
    }

    /// The entity, or `None` if there is no such row.
    ///
    /// # Errors
    /// [`Error::Storage`], [`Error::Corruption`], and what a flush before the query says.
    pub fn one(self) -> Result<Option<H>> {
        let index = self.em.entity_index::<T>();
        let mut filtered = Query::default();
        let filters = &self.options.filters;
        self.em.apply_filters(index, &mut filtered, filters)?;
        let found = if filtered.condition.is_some() {
            let key_field = self.em.database.schema.entity(index).key_field;
            let key = Property::<T, T::Key>::new(Vec::new(), key_field);
            filtered.add_condition(key.eq(self.id.key().clone()));
            !self
                .em
                .load_found(index, &filtered, &self.options)?
                .is_empty()
        } else {
            self.em.load_one(index, &self.id.row_key(), &self.options)?
        };
        Ok(found.then(|| H::of(self.id)))
    }

    /// The entity.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such row; as [`one`](Self::one).
    pub fn or_fail(self) -> Result<H> {
        let id = self.id.clone();
        self.one()?.ok_or_else(|| Error::NotFound {
            entity: T::NAME,
            key: id.to_string(),
        })
    }
}
