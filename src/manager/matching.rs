//! A query among the items of one collection.

use std::any::Any;
use std::marker::PhantomData;

use super::find::{Options, ids};
use super::read_collection::Loads;
use super::{EntityFilter, EntityManager, Managed, filters};
use crate::entity::{Handle, Id, handles};
use crate::error::Result;
use crate::load::{Hint, ItemsOf, LoadPath, Root};
use crate::query::{Filter, IntoOrder, Path, Query};

/// A query among the items of one collection. It asks the database, with what is pending for the
/// collection, and changes nothing of what the collection shows. Nothing is read before it ends, with
/// one of [`all`](Self::all), [`first`](Self::first), [`ids`](Self::ids), [`count`](Self::count) and
/// [`exists`](Self::exists).
#[must_use = "a query does nothing until it ends, with `.all()` for instance"]
pub struct Matching<'em, T: Managed, H = Id<T>> {
    em: &'em mut EntityManager,
    items: ItemsOf,
    query: Query,
    options: Options,
    handle: PhantomData<fn() -> (T, H)>,
}

impl<'em, T: Managed> Matching<'em, T> {
    pub(super) fn new(em: &'em mut EntityManager, items: ItemsOf) -> Self {
        Self {
            em,
            items,
            query: Query::default(),
            options: Options::default(),
            handle: PhantomData,
        }
    }
}

impl<'em, T: Managed, H: Handle<Entity = T>> Matching<'em, T, H> {
    /// Only items that meet the condition. Several filters must all hold.
    pub fn filter(mut self, filter: impl FnOnce(T::Path<T>) -> Filter<T>) -> Self {
        self.query.add_condition(filter(Path::root().into()));
        self
    }

    /// In this order, as [`Find::order_by`](crate::Find::order_by) says it; else in that of the
    /// collection.
    pub fn order_by<O: IntoOrder<T>>(mut self, order: impl FnOnce(T::Path<T>) -> O) -> Self {
        self.query.add_order(order(Path::root().into()));
        self
    }

    /// At most so many.
    pub const fn limit(mut self, most: usize) -> Self {
        self.query.take = Some(most);
        self
    }

    /// Without the first so many.
    pub const fn offset(mut self, skip: usize) -> Self {
        self.query.skip = skip;
        self
    }

    /// Loads relations and lazy properties of the items too, as
    /// [`Find::populate`](crate::Find::populate) does.
    pub fn populate<M: Hint<T>>(
        mut self,
        hints: impl FnOnce(T::LoadPath<Root<T>>) -> M,
    ) -> Matching<'em, T, H::And<M::Populates>> {
        hints(LoadPath::root().into()).into_hints(&mut self.options.hints);
        Matching {
            em: self.em,
            items: self.items,
            query: self.query,
            options: self.options,
            handle: PhantomData,
        }
    }

    /// With a named filter on, as [`Find::with_filter`](crate::Find::with_filter) says it.
    pub fn with_filter<F: EntityFilter<T>>(mut self, filter: F) -> Self {
        filters::turn_on::<F, T>(&mut self.options.filters, filter);
        self
    }

    /// Without a named filter, whatever the unit of work says.
    pub fn without_filter<F: Any>(mut self) -> Self {
        self.options.filters.turn_off::<F>();
        self
    }

    /// The items, loaded.
    ///
    /// # Errors
    /// As [`Find::all`](crate::Find::all).
    pub fn all(self) -> Result<Vec<H>> {
        Ok(handles(self.find(Loads::Rows)?))
    }

    /// The first of the items, loaded, or `None`.
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub fn first(self) -> Result<Option<H>> {
        Ok(self.limit(1).all()?.pop())
    }

    /// The ids of the items. Nothing is loaded.
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub fn ids(self) -> Result<Vec<Id<T>>> {
        self.find(Loads::Nothing)
    }

    /// How many of the items meet the condition, whatever limit and offset say. Nothing is loaded.
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub fn count(self) -> Result<usize> {
        self.em.count_items(&self.items, self.query, &self.options)
    }

    /// Whether any of the items meets the condition. Nothing is loaded.
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub fn exists(mut self) -> Result<bool> {
        self.query = Query {
            take: Some(1),
            ..self.query.of_all()
        };
        Ok(!self.ids()?.is_empty())
    }

    fn find(self, loads: Loads) -> Result<Vec<Id<T>>> {
        let keys = self
            .em
            .find_items(&self.items, self.query, &self.options, loads)?;
        Ok(ids(&keys))
    }
}
