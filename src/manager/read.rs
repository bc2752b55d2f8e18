//! Reading for queries and population: flush what must be flushed, open one view, load.

use std::time::Instant;

use super::asked::Asked;
use super::attempt::Attempt;
use super::find::Options;
use super::{EntityManager, Managed};
use crate::codec::RowKey;
use crate::context::Slot;
use crate::database::LoadStrategy;
use crate::entity::{Id, IntoId, IntoIds};
use crate::error::{Error, Result};
use crate::load::{Hint, Hints, Joined, LoadPath, Loader, Root};
use crate::query::{self, Cursor, Explanation, Found, Query};
use crate::schema::EntityIndex;
use crate::storage::Reader;

impl EntityManager {
    /// Loads relations and lazy properties of entities that are loaded already. What is there is
    /// not read again. The result is as many handles as were given, whose type knows what was populated.
    ///
    /// # Errors
    /// [`Error::NotLoaded`] if an entity is not loaded, [`Error::Storage`], [`Error::Corruption`].
    pub fn populate<T: Managed, I: IntoIds<T>, H: Hint<T>>(
        &mut self,
        ids: I,
        hints: impl FnOnce(T::LoadPath<Root<T>>) -> H,
    ) -> Result<I::Populated<H::Populates>> {
        let mut options = Options::default();
        hints(LoadPath::root().into()).into_hints(&mut options.hints);
        let ids = ids.into_ids();
        self.populate_with(&ids, &options)?;
        Ok(I::populated(ids))
    }

    pub(super) fn populate_with<T: Managed>(
        &mut self,
        ids: &[Id<T>],
        options: &Options,
    ) -> Result<()> {
        let instances: Vec<_> = ids
            .iter()
            .map(|id| self.loaded(id).ok_or_else(|| super::not_loaded(id)))
            .collect::<Result<_>>()?;
        self.flush_before(&self.asked_by_hints(self.entity_index::<T>(), options)?)?;
        self.attempt(|em| {
            em.reconcile()?;
            em.read(
                |loader, strategy| loader.populate(&instances, &options.hints, strategy),
                options,
            )
        })
    }

    /// Reads an entity anew, with the lazy properties that are loaded. Changes of properties that
    /// are not flushed are overwritten; pending links stay.
    ///
    /// # Errors
    /// [`Error::NotFound`] if its row is gone; the instance is then given up. [`Error::Storage`],
    /// [`Error::Corruption`].
    pub fn refresh<T: Managed>(&mut self, id: impl IntoId<T>) -> Result<()> {
        self.read_anew_with(&id.into_id(), &Options::default())
    }

    /// Reads an entity anew, and what hints lead to.
    pub(super) fn read_anew_with<T: Managed>(
        &mut self,
        id: &Id<T>,
        options: &Options,
    ) -> Result<()> {
        let index = self.entity_index::<T>();
        let key = id.row_key();
        let found = self.attempt(|em| {
            em.reconcile()?;
            em.read(
                |loader, strategy| {
                    loader.overwrite = true;
                    let found = loader.load_rows(index, std::iter::once(&key))?;
                    let instance = loader.context.find_loaded(index, &key);
                    if let Some(instance) = instance.filter(|_| found > 0) {
                        let mut hints = options.hints.clone();
                        hints.merge(loader.loaded_lazies(instance));
                        loader.populate(&[instance], &hints, strategy)?;
                    }
                    Ok(found)
                },
                options,
            )
        })?;
        if found == 0 {
            let error = Error::NotFound {
                entity: T::NAME,
                key: id.to_string(),
            };
            self.detach(id.clone());
            return Err(error);
        }
        Ok(())
    }

    /// Finds one row by key, and populates it. `false`: there is none.
    pub(super) fn load_one(
        &mut self,
        index: EntityIndex,
        key: &RowKey,
        options: &Options,
    ) -> Result<bool> {
        let is_plain =
            options.hints.is_empty() && self.database.schema.entity(index).eager.is_empty();
        if is_plain && self.context.touched().is_empty() {
            // Nothing has to be reconciled, and what is in memory is found by nothing but a look.
            if let Some(instance) = self.context.find(index, key) {
                return Ok(!self.context.slot(instance).is_removed());
            }
        }
        self.flush_before(&self.asked_by_hints(index, options)?)?;
        self.attempt(|em| {
            em.reconcile()?;
            let instance = em.context.find(index, key);
            let slot = instance.map(|instance| em.context.slot(instance));
            if slot.is_some_and(Slot::is_removed) {
                return Ok(false);
            }
            if slot.is_some() && is_plain {
                return Ok(true);
            }
            em.read(
                |loader, strategy| {
                    loader.load_rows(index, std::iter::once(key))?;
                    let Some(instance) = loader.context.find_loaded(index, key) else {
                        return Ok(false);
                    };
                    loader.populate(&[instance], &options.hints, strategy)?;
                    Ok(true)
                },
                options,
            )
        })
    }

    /// Puts a query under the named filters, and behind a cursor, if there is one.
    pub(super) fn place(
        &self,
        index: EntityIndex,
        mut query: Query,
        cursor: Option<&Cursor>,
        options: &Options,
    ) -> Result<Query> {
        self.apply_filters(index, &mut query, &options.filters)?;
        query.order_by_default(&self.database.schema.entity(index).order);
        if let Some(cursor) = cursor {
            let (schema, entity) = (&self.database.schema, self.database.schema.entity(index));
            query.prepare_for_pages(schema, entity)?;
            query.begin_behind(schema, entity, self.database.cursor_key()?, cursor)?;
        }
        Ok(query)
    }

    /// Finds rows by condition, and populates them.
    pub(super) fn load_found(
        &mut self,
        index: EntityIndex,
        query: &Query,
        options: &Options,
    ) -> Result<Vec<RowKey>> {
        self.query(
            self.asked_by(index, query, options)?,
            |loader, strategy| load_found(loader, (index, query), &options.hints, strategy),
            options,
        )
    }

    /// Finds the rows of a page, and populates them.
    pub(super) fn load_page(
        &mut self,
        index: EntityIndex,
        query: Query,
        cursor: Option<&Cursor>,
        options: &Options,
    ) -> Result<Leaf<RowKey>> {
        let query = self.place(index, query, cursor, options)?;
        let asked = self.asked_by(index, &query, options)?;
        self.page_of(
            (index, query),
            asked,
            options,
            |loader, strategy, found, told| {
                loader.admit_found(index, found, told, &options.hints, strategy)
            },
        )
    }

    /// The rows of a page, as what they are made to be, with the cursors that lead on from it.
    pub(super) fn page_of<R>(
        &mut self,
        (index, mut query): (EntityIndex, Query),
        asked: Asked,
        options: &Options,
        admit: impl FnOnce(&mut Loader<'_>, LoadStrategy, &[Found], Told) -> Result<Vec<R>>,
    ) -> Result<Leaf<R>> {
        let schema = &self.database.schema;
        query.prepare_for_pages(schema, schema.entity(index))?;
        // The first one writes it, so not within a read.
        let key = *self.database.cursor_key()?;
        let read = |loader: &mut Loader<'_>, strategy| {
            let started = loader.database.log.start();
            let schema = &loader.database.schema;
            let by = started.map(|_| query::describe_query(schema, index, &query));
            let entity = schema.entity(index);
            let rows = query::page(loader.database, loader.reader, entity, &key, query)?;
            let told = (started, by.map(|by| marked(by, rows.is_full_scan)));
            let admitted = admit(loader, strategy, &rows.found, told)?;
            Ok((admitted, rows.previous, rows.next))
        };
        self.query(asked, read, options)
    }

    /// As [`Self::load_found`], with how many rows there are of all, both of one view.
    pub(super) fn load_found_and_count(
        &mut self,
        index: EntityIndex,
        query: Query,
        options: &Options,
    ) -> Result<(Vec<RowKey>, usize)> {
        self.query(
            self.asked_by(index, &query, options)?,
            |loader, strategy| {
                let keys = load_found(loader, (index, &query), &options.hints, strategy)?;
                Ok((keys, count_found(loader, (index, &query.of_all()))?))
            },
            options,
        )
    }

    /// Counts the rows that meet a condition.
    pub(super) fn count_found(&mut self, index: EntityIndex, query: &Query) -> Result<usize> {
        self.query(
            self.asked_by(index, query, &Options::default())?,
            |loader, _| count_found(loader, (index, query)),
            &Options::default(),
        )
    }

    /// Runs a query without loading what it finds, and tells how.
    pub(super) fn explain_query(
        &mut self,
        index: EntityIndex,
        query: &Query,
    ) -> Result<Explanation> {
        self.query(
            self.asked_by(index, query, &Options::default())?,
            |loader, _| {
                let entity = loader.database.schema.entity(index);
                query::explain(loader.database, loader.reader, entity, query)
            },
            &Options::default(),
        )
    }

    /// The keys of the rows that a query asks for. Nothing is loaded.
    pub(super) fn keys_found(&mut self, index: EntityIndex, query: &Query) -> Result<Vec<RowKey>> {
        self.query(
            self.asked_by(index, query, &Options::default())?,
            |loader, _| {
                let (database, started) = (loader.database, loader.database.log.start());
                let entity = database.schema.entity(index);
                let (keys, is_full_scan) = query::keys(database, loader.reader, entity, query)?;
                let what = || format!("keys of {}", entity.label);
                let by = || query::describe_query(&database.schema, index, query);
                let by = || marked(by(), is_full_scan);
                loader.count(started, keys.len(), what, by);
                Ok(keys)
            },
            &Options::default(),
        )
    }

    /// Runs a read over one consistent view.
    pub(super) fn read<R>(
        &mut self,
        read: impl FnOnce(&mut Loader<'_>, LoadStrategy) -> Result<R>,
        options: &Options,
    ) -> Result<R> {
        let database = &*self.database;
        let strategy = options.strategy.unwrap_or(database.settings.strategy);
        let filters = self.filters.active(&database.schema, &options.filters);
        let (context, statistics) = (&mut self.context, &mut self.statistics);
        let (levels, moment) = (&self.levels, &mut self.moment);
        let joins = strategy == LoadStrategy::Joined
            && (!options.hints.is_empty() || database.schema.has_eager);
        let started = database.log.start();
        let read = |reader: &dyn Reader| {
            let rows_before = statistics.rows_read;
            let joined = joins.then(Joined::default);
            let mut loader = Loader {
                database,
                context,
                reader,
                statistics,
                overwrite: false,
                filters,
                joined,
            };
            let result = read(&mut loader, strategy);
            if let Some(joined) = loader.joined.filter(Joined::has_read) {
                statistics.lookups += 1;
                let rows = usize::try_from(statistics.rows_read - rows_before);
                database
                    .log
                    .tell(started, rows.ok(), || joined.into_statement());
            }
            result
        };
        moment.look(&database.store, levels, read)?
    }

    /// Runs the read of a query, after pending work that changes its answer is flushed (R17). The flush is a
    /// call of its own: it stands, whatever becomes of the query.
    pub(super) fn query<R>(
        &mut self,
        asked: Asked,
        read: impl FnOnce(&mut Loader<'_>, LoadStrategy) -> Result<R>,
        options: &Options,
    ) -> Result<R> {
        let mut attempt = Attempt::begin(self);
        attempt.em.reconcile()?;
        if attempt.em.wants_flush(&asked) {
            attempt.begin_anew_after(EntityManager::flush)?;
        }
        let found = attempt.em.read(read, options)?;
        attempt.succeed();
        Ok(found)
    }

    /// Both ends of relations that were written as plain properties are made to agree.
    pub(super) fn reconcile(&mut self) -> Result<()> {
        for assigned in self.context.reconcile() {
            let (owner, field) = (assigned.instance, assigned.field);
            if assigned.is_partial {
                return Err(self.context.origin(owner.entity, field).partial());
            }
            self.set_collection(owner, field, &assigned.items)?;
        }
        Ok(())
    }
}

/// What is on a page, and the cursors of the pages before and after it.
pub(super) type Leaf<R> = (Vec<R>, Option<Cursor>, Option<Cursor>);

/// When a look-up began, and what it was by, if anybody listens.
pub(super) type Told = (Option<Instant>, Option<String>);

/// The rows that a query asks for.
pub(super) fn find_rows(
    loader: &Loader<'_>,
    (index, query): (EntityIndex, &Query),
) -> Result<(Vec<Found>, Told)> {
    let started = loader.database.log.start();
    let entity = loader.database.schema.entity(index);
    let answer = query::execute(loader.database, loader.reader, entity, query)?;
    let by = || query::describe_query(&loader.database.schema, index, query);
    let by = started.map(|_| marked(by(), answer.is_full_scan));
    Ok((answer.rows, (started, by)))
}

/// Loads the rows that a query asks for, and populates them.
fn load_found(
    loader: &mut Loader<'_>,
    (index, query): (EntityIndex, &Query),
    hints: &Hints,
    strategy: LoadStrategy,
) -> Result<Vec<RowKey>> {
    let (found, told) = find_rows(loader, (index, query))?;
    loader.admit_found(index, &found, told, hints, strategy)
}

/// Counts the rows that meet the condition of a query.
pub(super) fn count_found(
    loader: &mut Loader<'_>,
    (index, query): (EntityIndex, &Query),
) -> Result<usize> {
    let started = loader.database.log.start();
    let entity = loader.database.schema.entity(index);
    let (count, is_full_scan) = query::count(loader.database, loader.reader, entity, query)?;
    loader.tell_count(started, || marked(entity.label.clone(), is_full_scan));
    Ok(count)
}

/// A query in words, as the log tells it.
pub(super) fn marked(words: String, is_full_scan: bool) -> String {
    if is_full_scan {
        words + " (full scan)"
    } else {
        words
    }
}
