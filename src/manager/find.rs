//! Queries by condition.

use std::any::Any;
use std::marker::PhantomData;

use super::{EntityFilter, EntityManager, Managed, filters};
use crate::codec::RowKey;
use crate::database::LoadStrategy;
use crate::entity::{Handle, Id, handles};
use crate::error::{Error, Result};
use crate::load::{Hint, Hints, LoadPath, Root};
use crate::query::{Cursor, Explanation, Filter, FilterChoices, IntoOrder, Path, Query};

impl EntityManager {
    /// Finds entities by condition.
    pub fn find<T: Managed>(&mut self) -> Find<'_, T> {
        Find {
            em: self,
            query: Query::default(),
            cursor: None,
            options: Options::default(),
            handle: PhantomData,
        }
    }
}

/// How a query loads what it finds.
#[derive(Default)]
pub(super) struct Options {
    pub(super) hints: Hints,
    pub(super) strategy: Option<LoadStrategy>,
    /// What the call says of named filters.
    pub(super) filters: FilterChoices,
}

/// A query by condition, order and page. Nothing is read before it ends, with one of
/// [`all`](Self::all), [`one`](Self::one), [`first`](Self::first), [`or_fail`](Self::or_fail),
/// [`all_and_count`](Self::all_and_count), [`ids`](Self::ids), [`count`](Self::count) and
/// [`exists`](Self::exists).
#[must_use = "a query does nothing until it ends, with `.all()` for instance"]
pub struct Find<'em, T: Managed, H = Id<T>> {
    pub(super) em: &'em mut EntityManager,
    pub(super) query: Query,
    pub(super) cursor: Option<Cursor>,
    pub(super) options: Options,
    handle: PhantomData<fn() -> (T, H)>,
}

impl<'em, T: Managed, H: Handle<Entity = T>> Find<'em, T, H> {
    /// Only rows that meet the condition: `.filter(|a| a.title().eq("Foo"))`. Several filters must
    /// all hold.
    pub fn filter(self, filter: impl FnOnce(T::Path<T>) -> Filter<T>) -> Self {
        let filter = filter(Path::root().into());
        self.matching(filter)
    }

    /// As [`filter`](Self::filter), with a condition that was made before: put together from what a
    /// user has asked for, say, with [`Filter::all`].
    pub fn matching(mut self, filter: Filter<T>) -> Self {
        self.query.add_condition(filter);
        self
    }

    /// In this order: `.order_by(|a| a.title().asc())`, or a tuple of several,
    /// `.order_by(|a| (a.author().name().asc(), a.id().desc()))`. Where nothing is said, in the order
    /// of the keys; that is also the order of rows that are equal otherwise, in the direction of the
    /// last term. A second call says what counts where the first leaves rows equal.
    ///
    /// With an index on the one property that is asked for, and a limit, the rows are read in this order;
    /// else they are sorted.
    pub fn order_by<O: IntoOrder<T>>(mut self, order: impl FnOnce(T::Path<T>) -> O) -> Self {
        self.query.add_order(order(Path::root().into()));
        self
    }

    /// Loads relations and lazy properties too: `.populate(|a| (a.author(), a.text()))`. What is found
    /// are [`Loaded`](crate::Loaded)s then, whose type knows them.
    pub fn populate<M: Hint<T>>(
        mut self,
        hints: impl FnOnce(T::LoadPath<Root<T>>) -> M,
    ) -> Find<'em, T, H::And<M::Populates>> {
        hints(LoadPath::root().into()).into_hints(&mut self.options.hints);
        self.giving()
    }

    /// What is found are bare ids, whatever is populated: for a query that is put together step by step,
    /// so that a hint may be among the steps or not.
    pub fn unchecked(self) -> Find<'em, T> {
        self.giving()
    }

    fn giving<I>(self) -> Find<'em, T, I> {
        Find {
            em: self.em,
            query: self.query,
            cursor: self.cursor,
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

    /// The query may read every row, though full scans are forbidden:
    /// [`OrmBuilder::forbid_full_scans`](crate::OrmBuilder::forbid_full_scans).
    pub const fn allow_full_scan(mut self) -> Self {
        self.query.allows_full_scan = true;
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

    /// All that is found. Instances that are managed already are brought up to date: properties
    /// changed here are kept, the others take the stored values.
    ///
    /// # Errors
    /// [`Error::Storage`], [`Error::Corruption`], what a flush before the query says, and
    /// [`Error::Query`] if a pattern is no regular expression, or the query is a full scan and these are
    /// forbidden.
    pub fn all(self) -> Result<Vec<H>> {
        let index = self.em.entity_index::<T>();
        let query = self
            .em
            .place(index, self.query, self.cursor.as_ref(), &self.options)?;
        let keys = self.em.load_found(index, &query, &self.options)?;
        Ok(handles(ids(&keys)))
    }

    /// As [`all`](Self::all), with the number of rows that meet the condition, whatever limit and offset
    /// say: a page, and how many there are in all.
    ///
    /// ```
    /// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
    /// # use musher::prelude::*;
    /// # #[derive(Entity, Debug)]
    /// # struct Tag { #[orm(primary_key)] id: Pk, #[orm(index)] name: String }
    /// # let orm = Orm::builder().entities::<Tag>().in_memory()?;
    /// let mut em = orm.em();
    /// for name in ["rust", "news", "sled"] {
    ///     em.create(Tag::build().name(name));
    /// }
    /// let (page, count) = em
    ///     .find::<Tag>()
    ///     .order_by(|t| t.name().desc())
    ///     .limit(2)
    ///     .all_and_count()?;
    /// assert_eq!(em[page[0]].name, "sled");
    /// assert_eq!((page.len(), count), (2, 3));
    /// # Ok(()) }
    /// # #[cfg(not(feature = "derive"))] fn main() {}
    /// ```
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub fn all_and_count(self) -> Result<(Vec<H>, usize)> {
        let index = self.em.entity_index::<T>();
        let query = self
            .em
            .place(index, self.query, self.cursor.as_ref(), &self.options)?;
        let found = self.em.load_found_and_count(index, query, &self.options)?;
        Ok((handles(ids(&found.0)), found.1))
    }

    /// The first that is found, or `None`.
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub fn one(self) -> Result<Option<H>> {
        Ok(self.limit(1).all()?.pop())
    }

    /// The same as [`one`](Self::one), by the name that reads better after an order.
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub fn first(self) -> Result<Option<H>> {
        self.one()
    }

    /// The first that is found.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none; as [`all`](Self::all).
    pub fn or_fail(self) -> Result<H> {
        self.one()?.ok_or_else(|| Error::NotFound {
            entity: T::NAME,
            key: "that meets the condition".to_owned(),
        })
    }

    /// The ids of what is found. Nothing is loaded.
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub fn ids(self) -> Result<Vec<Id<T>>> {
        let index = self.em.entity_index::<T>();
        let query = self
            .em
            .place(index, self.query, self.cursor.as_ref(), &self.options)?;
        Ok(ids(&self.em.keys_found(index, &query)?))
    }

    /// How many meet the condition, whatever limit and offset say. Nothing is loaded.
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub fn count(self) -> Result<usize> {
        let index = self.em.entity_index::<T>();
        let query = self
            .em
            .place(index, self.query.of_all(), None, &self.options)?;
        self.em.count_found(index, &query)
    }

    /// Runs the query without loading what it finds, and tells how it was run: by which keys and indexes,
    /// how many rows were expected and found, and how often the store was called. It runs where full
    /// scans are forbidden, too.
    ///
    /// ```
    /// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
    /// # use musher::prelude::*;
    /// # #[derive(Entity, Debug)]
    /// # struct Tag { #[orm(primary_key)] id: Pk, #[orm(index)] name: String }
    /// # let orm = Orm::builder().entities::<Tag>().in_memory()?;
    /// let mut em = orm.em();
    /// for name in ["rust", "rustacean", "news", "sled"] {
    ///     em.create(Tag::build().name(name));
    /// }
    /// let explanation = em
    ///     .find::<Tag>()
    ///     .filter(|t| t.name().starts_with("rust"))
    ///     .explain()?;
    /// assert_eq!(
    ///     explanation.to_string(),
    ///     "tag by name starts with \"rust\": 2 found\n\
    ///      └─ filter: 2 rows\n   \
    ///         └─ rows by key: 2 rows, 2 look-ups\n      \
    ///            └─ index on name, range: 2 rows of 2 estimated, 1 look-up"
    /// );
    /// # Ok(()) }
    /// # #[cfg(not(feature = "derive"))] fn main() {}
    /// ```
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub fn explain(self) -> Result<Explanation> {
        let index = self.em.entity_index::<T>();
        let query = self
            .em
            .place(index, self.query, self.cursor.as_ref(), &self.options)?;
        self.em.explain_query(index, &query)
    }

    /// Whether any meets the condition. Nothing is loaded.
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub fn exists(self) -> Result<bool> {
        let index = self.em.entity_index::<T>();
        let any = Query {
            take: Some(1),
            ..self.query.of_all()
        };
        let any = self.em.place(index, any, None, &self.options)?;
        Ok(!self.em.keys_found(index, &any)?.is_empty())
    }
}

pub(super) fn ids<T: Managed>(keys: &[RowKey]) -> Vec<Id<T>> {
    // A loop: an iterator that collects is several functions more for each entity of a program.
    let mut ids = Vec::with_capacity(keys.len());
    for key in keys {
        ids.push(Id::from_own(key));
    }
    ids
}
