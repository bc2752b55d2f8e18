//! What all units of work of one database share: store, schema, keyspace, sequences, settings, feed.
//!
//! Immutable but for the sequences, which are atomic, and the feed, which has its own locks.

use std::any::TypeId;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use crate::codec::RowKey;
use crate::entity::{AnyEntity, Entity, EntityType, HydrateRow};
use crate::error::{Error, Result};
use crate::feed::Feed;
use crate::keyspace::{CATALOG_CURSORS, Keyspace, parse_row};
use crate::log::QueryLog;
use crate::schema::{EntityIndex, Schema};
use crate::storage::{Batch, Durability, SnapshotStore, StoreExt};

/// Entities of up to so many properties are hydrated without a list on the heap.
const USUAL_FIELDS: usize = 24;

/// The key that the cursors of one database are made with.
pub(crate) type CursorKey = [u8; 32];

/// How related rows are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum LoadStrategy {
    /// One batched look-up a level and relation, keys sorted and deduplicated, what is loaded
    /// skipped.
    #[default]
    SelectIn,
    /// Related rows are read while walking the parents, in one pass.
    Joined,
}

/// Whether a query first flushes pending work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum FlushMode {
    /// If pending work touches what the query asks for.
    #[default]
    Auto,
    /// Never: only `flush` does.
    Commit,
    /// Before every query, whatever is pending.
    Always,
}

/// How units of work behave that are not told otherwise.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Settings {
    pub(crate) durability: Durability,
    pub(crate) strategy: LoadStrategy,
    pub(crate) flush_mode: FlushMode,
    /// Queries that read all rows are refused, unless they say that they may.
    pub(crate) forbid_full_scans: bool,
}

/// What time it is.
#[derive(Clone)]
pub(crate) struct Clock(Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl Clock {
    pub(crate) fn new(clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(clock))
    }

    pub(crate) fn now(&self) -> SystemTime {
        (self.0)()
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new(SystemTime::now)
    }
}

/// One open database.
pub(crate) struct Database {
    pub(crate) store: SnapshotStore,
    pub(crate) schema: Arc<Schema>,
    pub(crate) keyspace: Keyspace,
    pub(crate) types: Vec<EntityType>,
    pub(crate) sequences: Vec<AtomicU64>,
    pub(crate) settings: Settings,
    pub(crate) log: QueryLog,
    pub(crate) clock: Clock,
    pub(crate) cursor_key: OnceLock<CursorKey>,
    pub(crate) feed: Feed,
}

impl Database {
    pub(crate) fn entity_type(&self, entity: EntityIndex) -> &EntityType {
        &self.types[usize::from(entity.0)]
    }

    /// A new instance of a stored row. No hook runs.
    ///
    /// # Errors
    /// [`Error::Corruption`] if the row can't be read.
    pub(crate) fn hydrate(
        &self,
        entity: EntityIndex,
        key: &RowKey,
        row: &[u8],
    ) -> Result<Box<dyn AnyEntity>> {
        let schema = self.schema.entity(entity);
        let record = parse_row(schema, key, row)?;
        let (mut few, mut many) = ([None; USUAL_FIELDS], Vec::new());
        let values = if let Some(few) = few.get_mut(..schema.fields.len()) {
            few
        } else {
            many.resize(schema.fields.len(), None);
            &mut many[..]
        };
        schema.place(record.properties(), values);
        (self.entity_type(entity).hydrate)(&HydrateRow::new(schema, key, values))
    }

    /// The position of an entity type.
    ///
    /// # Panics
    /// If it is not one of the database's.
    #[track_caller]
    pub(crate) fn entity_index<T: Entity>(&self) -> EntityIndex {
        self.schema
            .index_of(TypeId::of::<T>())
            .unwrap_or_else(|| unknown_entity(T::NAME))
    }

    fn sequence(&self, entity: EntityIndex) -> &AtomicU64 {
        &self.sequences[usize::from(entity.0)]
    }

    /// The key that cursors are made with. The first that is asked for it makes it, once for all time.
    ///
    /// # Errors
    /// [`Error::Storage`], and what the system says that has no random numbers.
    pub(crate) fn cursor_key(&self) -> Result<&CursorKey> {
        if let Some(key) = self.cursor_key.get() {
            return Ok(key);
        }
        let mut fresh = CursorKey::default();
        getrandom::fill(&mut fresh).map_err(|error| Error::other(error.to_string()))?;
        let catalog = self.keyspace.catalog;
        let durability = self.settings.durability;
        let key = self.store.write_with::<_, Error>(durability, |reader, _| {
            let mut batch = Batch::new();
            let stored = reader.get(catalog, CATALOG_CURSORS)?;
            let Some(stored) = stored else {
                batch.put(catalog, CATALOG_CURSORS, fresh);
                return Ok((batch, fresh));
            };
            let key = CursorKey::try_from(&*stored)
                .map_err(|_| Error::corruption("the key of cursors has another length"))?;
            Ok((batch, key))
        })?;
        Ok(self.cursor_key.get_or_init(|| key))
    }

    /// A number that was never given before, by this process or any earlier one that stored it.
    pub(crate) fn next_number(&self, entity: EntityIndex) -> u64 {
        self.sequence(entity).fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Takes out of the sequence what a program chose itself.
    pub(crate) fn reserve_number(&self, entity: EntityIndex, number: u64) {
        self.sequence(entity).fetch_max(number, Ordering::Relaxed);
    }
}

#[cold]
#[track_caller]
fn unknown_entity(name: &str) -> ! {
    panic!(
        "{name} is not among the entities of this database; add it to `Orm::builder().entities::<(..)>()`"
    )
}
