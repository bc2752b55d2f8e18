//! Queries: by key, and by condition.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;

use super::{EntityFilter, EntityManager, Managed, filters};
use crate::codec::RowKey;
use crate::database::LoadStrategy;
use crate::entity::{Entity, Handle, Id, IntoId, handles};
use crate::error::{Error, Result};
use crate::load::{Hint, Hints, LoadPath, Root};
use crate::query::{Cursor, Explanation, Filter, FilterChoices, IntoOrder, Path, Property, Query};

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

/// What [`Find::page`] finds: one page, and the cursors that lead to the pages beside it.
#[non_exhaustive]
pub struct Page<T: Entity, H = Id<T>> {
    /// The entities, loaded, in the order of the query.
    pub ids: Vec<H>,
    /// For [`Find::before`]: the page before this one. `None` if there is none.
    pub previous: Option<Cursor>,
    /// For [`Find::after`]: the page after this one. `None` if there is none.
    pub next: Option<Cursor>,
    entity: PhantomData<fn() -> T>,
}

// Derived, these would ask the same of the entity.
impl<T: Entity, H: Clone> Clone for Page<T, H> {
    fn clone(&self) -> Self {
        Self {
            ids: self.ids.clone(),
            previous: self.previous.clone(),
            next: self.next.clone(),
            entity: PhantomData,
        }
    }
}

impl<T: Entity, H: PartialEq> PartialEq for Page<T, H> {
    fn eq(&self, other: &Self) -> bool {
        (&self.ids, &self.previous, &self.next) == (&other.ids, &other.previous, &other.next)
    }
}

impl<T: Entity, H: Eq> Eq for Page<T, H> {}

impl<T: Entity, H: fmt::Debug> fmt::Debug for Page<T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page")
            .field("ids", &self.ids)
            .field("previous", &self.previous)
            .field("next", &self.next)
            .finish()
    }
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

    /// Only what comes after a cursor. The order must be the one that the cursor was made with.
    pub fn after(mut self, cursor: &Cursor) -> Self {
        self.cursor = Some(cursor.clone());
        self.query.backward = false;
        self
    }

    /// Only what comes before a cursor, and of that the last, up to the limit. It is found in the order
    /// of the query all the same.
    pub fn before(mut self, cursor: &Cursor) -> Self {
        self.cursor = Some(cursor.clone());
        self.query.backward = true;
        self
    }

    /// One page of at most so many, from the beginning, or from where [`after`](Self::after) or
    /// [`before`](Self::before) says, with the cursors of the pages beside it. Unlike an offset, a cursor
    /// skips nothing and repeats nothing when rows come and go before it, and costs the same on every
    /// page: along an index, only the page is read.
    ///
    /// ```
    /// # #[cfg(feature = "derive")] fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use musher::prelude::*;
    /// # #[derive(Entity, Debug)]
    /// # struct Tag { #[orm(primary_key)] id: Pk, #[orm(index)] name: String }
    /// # let orm = Orm::builder().entities::<Tag>().in_memory()?;
    /// let mut em = orm.em();
    /// for name in ["a", "b", "d"] {
    ///     em.create(Tag::build().name(name));
    /// }
    /// let first = em.find::<Tag>().order_by(|t| t.name().asc()).page(2)?;
    /// let link = first.next.expect("there is more").to_string(); // goes out
    ///
    /// em.create(Tag::build().name("c"));
    /// let cursor = link.parse()?; // comes back
    /// let second = em.find::<Tag>().order_by(|t| t.name().asc()).after(&cursor).page(2)?;
    /// let names: Vec<_> = second.ids.iter().map(|id| em[*id].name.as_str()).collect();
    /// assert_eq!(names, ["c", "d"]);
    /// assert_eq!(second.next, None);
    /// # Ok(()) }
    /// # #[cfg(not(feature = "derive"))] fn main() {}
    /// ```
    ///
    /// # Errors
    /// [`Error::Query`] if the cursor is of another entity or order, or was changed, or if the order
    /// is by a hidden property. Else as [`all`](Self::all).
    pub fn page(mut self, most: usize) -> Result<Page<T, H>> {
        self.query.take = Some(most);
        let index = self.em.entity_index::<T>();
        let (keys, previous, next) =
            self.em
                .load_page(index, self.query, self.cursor.as_ref(), &self.options)?;
        Ok(Page {
            ids: handles(ids(&keys)),
            previous,
            next,
            entity: PhantomData,
        })
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
