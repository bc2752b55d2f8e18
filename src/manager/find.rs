//! Queries: by key, and by condition.

use std::marker::PhantomData;

use super::{EntityManager, Managed};
use crate::database::LoadStrategy;
use crate::entity::{Id, IntoId};
use crate::error::{Error, Result};
use crate::load::{Hint, Hints, Path};
use crate::query::Filter;

impl EntityManager {
    /// Finds an entity by its key. What is managed and loaded is found without a look-up.
    pub fn find_one<T: Managed>(&mut self, id: impl IntoId<T>) -> FindOne<'_, T> {
        FindOne {
            em: self,
            id: id.into_id(),
            options: Options::default(),
        }
    }

    /// Finds entities by condition.
    pub fn find<T: Managed>(&mut self) -> Find<'_, T> {
        Find {
            em: self,
            filter: None,
            skip: 0,
            take: usize::MAX,
            options: Options::default(),
            entity: PhantomData,
        }
    }
}

/// How a query loads what it finds.
#[derive(Default)]
pub(super) struct Options {
    pub(super) hints: Hints,
    pub(super) strategy: Option<LoadStrategy>,
}

/// A query by key. Ends with [`one`](Self::one) or [`or_fail`](Self::or_fail).
#[must_use = "a query does nothing until `.one()` or `.or_fail()`"]
pub struct FindOne<'em, T: Managed> {
    em: &'em mut EntityManager,
    id: Id<T>,
    options: Options,
}

impl<T: Managed> FindOne<'_, T> {
    /// Loads relations and lazy properties too: `.populate(|a| (a.author(), a.text()))`.
    pub fn populate<H: Hint<T>>(mut self, hints: impl FnOnce(T::Path<T>) -> H) -> Self {
        hints(Path::root().into()).into_hints(&mut self.options.hints);
        self
    }

    /// How related rows are read, for this query.
    pub const fn strategy(mut self, strategy: LoadStrategy) -> Self {
        self.options.strategy = Some(strategy);
        self
    }

    /// The entity, or `None` if there is no such row.
    ///
    /// # Errors
    /// [`Error::Storage`], [`Error::Corruption`], and what a flush before the query says.
    pub fn one(self) -> Result<Option<Id<T>>> {
        let found = self.em.load_one(
            self.em.entity_index::<T>(),
            &self.id.row_key(),
            &self.options,
        )?;
        Ok(found.then_some(self.id))
    }

    /// The entity.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such row; as [`one`](Self::one).
    pub fn or_fail(self) -> Result<Id<T>> {
        let id = self.id.clone();
        self.one()?.ok_or_else(|| Error::NotFound {
            entity: T::NAME,
            key: id.to_string(),
        })
    }
}

/// A query by condition. Ends with [`all`](Self::all), [`one`](Self::one), [`or_fail`](Self::or_fail)
/// or [`count`](Self::count). Rows come in the order of their keys.
#[must_use = "a query does nothing until `.all()`, `.one()`, `.or_fail()` or `.count()`"]
pub struct Find<'em, T: Managed> {
    em: &'em mut EntityManager,
    filter: Option<Filter<T>>,
    skip: usize,
    take: usize,
    options: Options,
    entity: PhantomData<fn() -> T>,
}

impl<T: Managed> Find<'_, T> {
    /// Only rows that meet the condition: `.filter(|a| a.title().eq("Foo"))`. Several filters must
    /// all hold.
    pub fn filter(mut self, filter: impl FnOnce(T::Path<T>) -> Filter<T>) -> Self {
        let filter = filter(Path::root().into());
        self.filter = Some(match self.filter.take() {
            Some(before) => before.and(filter),
            None => filter,
        });
        self
    }

    /// Loads relations and lazy properties too: `.populate(|a| (a.author(), a.text()))`.
    pub fn populate<H: Hint<T>>(mut self, hints: impl FnOnce(T::Path<T>) -> H) -> Self {
        hints(Path::root().into()).into_hints(&mut self.options.hints);
        self
    }

    /// How related rows are read, for this query.
    pub const fn strategy(mut self, strategy: LoadStrategy) -> Self {
        self.options.strategy = Some(strategy);
        self
    }

    /// At most so many.
    pub const fn limit(mut self, most: usize) -> Self {
        self.take = most;
        self
    }

    /// Without the first so many.
    pub const fn offset(mut self, skip: usize) -> Self {
        self.skip = skip;
        self
    }

    /// All that is found. Instances that are managed already are brought up to date: properties
    /// changed here are kept, the others take the stored values.
    ///
    /// # Errors
    /// [`Error::Storage`], [`Error::Corruption`], and what a flush before the query says.
    pub fn all(self) -> Result<Vec<Id<T>>> {
        let condition = self.filter.map(Filter::into_condition);
        let index = self.em.entity_index::<T>();
        let keys = self.em.load_found(
            index,
            condition.as_ref(),
            self.skip,
            self.take,
            &self.options,
        )?;
        Ok(keys.iter().map(Id::from_own).collect())
    }

    /// The first that is found, or `None`.
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub fn one(self) -> Result<Option<Id<T>>> {
        Ok(self.limit(1).all()?.pop())
    }

    /// The first that is found.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none; as [`all`](Self::all).
    pub fn or_fail(self) -> Result<Id<T>> {
        self.one()?.ok_or_else(|| Error::NotFound {
            entity: T::NAME,
            key: "that meets the condition".to_owned(),
        })
    }

    /// How many meet the condition, whatever limit and offset say. Nothing is loaded.
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub fn count(self) -> Result<usize> {
        let condition = self.filter.map(Filter::into_condition);
        self.em
            .count_found(self.em.entity_index::<T>(), condition.as_ref())
    }
}
