//! What all units of work of one database share: store, schema, keyspace, sequences, settings.
//!
//! Immutable but for the sequences, which are atomic.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::entity::EntityType;
use crate::keyspace::Keyspace;
use crate::log::QueryLog;
use crate::schema::{EntityIndex, Schema};
use crate::storage::{Durability, SnapshotStore};

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
}

impl Database {
    pub(crate) fn entity_type(&self, entity: EntityIndex) -> &EntityType {
        &self.types[usize::from(entity.0)]
    }

    fn sequence(&self, entity: EntityIndex) -> &AtomicU64 {
        &self.sequences[usize::from(entity.0)]
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
