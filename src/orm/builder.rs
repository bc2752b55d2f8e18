//! Settings, and the steps of opening: schema, store, keyspace, catalog, sequences.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::{Orm, catalog};
use crate::database::{Database, FlushMode, LoadStrategy, Settings};
use crate::entity::{EntityList, EntityType};
use crate::error::{Error, Result};
use crate::feed::Feed;
use crate::keyspace::{self, Keyspace};
use crate::log::QueryLog;
use crate::schema::{self, KeyType};
use crate::storage::{
    CommitPath, Durability, MemoryStore, SledOptions, SledStore, SnapshotStore, Store, StoreExt,
};

/// Settings of a database that is to be opened.
#[must_use = "a builder does nothing until `.open(path)` or `.in_memory()`"]
pub struct OrmBuilder {
    types: Vec<EntityType>,
    settings: Settings,
    log: QueryLog,
    sled: SledOptions,
}

impl OrmBuilder {
    pub(super) fn new() -> Self {
        Self {
            types: Vec::new(),
            settings: Settings::default(),
            log: QueryLog::default(),
            sled: SledOptions::default(),
        }
    }

    /// Adds the entities of the database: `.entities::<(User, Article, Tag)>()`. All entities that
    /// relations refer to must be among them.
    pub fn entities<L: EntityList>(mut self) -> Self {
        L::collect(&mut self.types);
        self
    }

    /// Prints what is read and written as `[query] ..` lines on standard output, coloured where it
    /// is a terminal and `NO_COLOR` is not set. Hidden values are never printed. The same goes to
    /// `tracing`, under the target `musher::query`, whether this is set or not.
    pub fn debug(mut self, print: bool) -> Self {
        self.log = if print {
            QueryLog::to_stdout()
        } else {
            QueryLog::default()
        };
        self
    }

    /// Gives the `[query] ..` lines to a function instead, without colours.
    pub fn logger(mut self, logger: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.log = QueryLog::to_sink(Arc::new(logger));
        self
    }

    /// How safe a commit is when `flush` returns. [`Durability::Immediate`] where nothing is said.
    pub const fn durability(mut self, durability: Durability) -> Self {
        self.settings.durability = durability;
        self
    }

    /// How related rows are read where a query does not say. [`LoadStrategy::SelectIn`] where
    /// nothing is said.
    pub const fn load_strategy(mut self, strategy: LoadStrategy) -> Self {
        self.settings.strategy = strategy;
        self
    }

    /// Whether queries first flush pending work. [`FlushMode::Auto`] where nothing is said.
    pub const fn flush_mode(mut self, mode: FlushMode) -> Self {
        self.settings.flush_mode = mode;
        self
    }

    /// How commits get into sled. [`CommitPath::Direct`] where nothing is said.
    pub const fn commit_path(mut self, path: CommitPath) -> Self {
        self.sled.commit_path = path;
        self
    }

    /// How many bytes of memory sled may use as its page cache. 256 MiB where nothing is said.
    pub const fn cache_capacity(mut self, bytes: u64) -> Self {
        self.sled.cache_capacity = bytes;
        self
    }

    /// Opens the database in a directory, which is made if it is not there.
    ///
    /// # Errors
    /// [`Error::Schema`] with everything that is wrong with the entities, or does not fit what is
    /// stored; [`Error::Storage`] if the directory can't be used, or another process has it open;
    /// [`Error::Corruption`] if what is stored is damaged.
    pub fn open(self, path: impl AsRef<Path>) -> Result<Orm> {
        let schema = self.schema()?;
        let store = SledStore::open(path, self.sled)?;
        self.finish(schema, Box::new(store))
    }

    /// Opens a database that lives in memory, and is gone when the last [`Orm`] is.
    ///
    /// # Errors
    /// [`Error::Schema`] with everything that is wrong with the entities.
    pub fn in_memory(self) -> Result<Orm> {
        let schema = self.schema()?;
        self.finish(schema, Box::new(MemoryStore::new()))
    }

    /// Opens a database over a store that a test has made.
    #[cfg(test)]
    pub(crate) fn over(self, store: Box<dyn Store>) -> Result<Orm> {
        let schema = self.schema()?;
        self.finish(schema, store)
    }

    fn schema(&self) -> Result<schema::Schema> {
        if self.types.is_empty() {
            return Err(Error::Schema(vec![
                "there are no entities; name them with `.entities::<(..)>()`".to_owned(),
            ]));
        }
        let key_type = |entity: &EntityType| KeyType {
            kind: entity.key_kind,
            name: (entity.key_name)(),
            print: entity.print_key,
            of_value: entity.key_of_value,
        };
        schema::build(
            self.types
                .iter()
                .map(|entity| (entity.description.clone(), key_type(entity)))
                .collect(),
        )
    }

    fn finish(self, mut schema: schema::Schema, store: Box<dyn Store>) -> Result<Orm> {
        let keyspace = Keyspace::open(&*store, &schema)?;
        catalog::reconcile(
            &*store,
            &keyspace,
            &mut schema,
            &self.types,
            self.settings.durability,
        )?;
        let sequences = store.read_with(|reader| {
            let stored = schema.entities.iter().map(|entity| {
                let number = keyspace::read_sequence(
                    reader,
                    keyspace.catalog,
                    &keyspace::sequence_key(entity),
                )?;
                Ok(AtomicU64::new(number.unwrap_or(0)))
            });
            stored.collect::<Result<Vec<_>>>()
        })??;
        // The schema lists each entity once, however often it was named.
        let types = schema
            .entities
            .iter()
            .map(|entity| self.type_of(entity.name))
            .collect();
        let feed = Feed::new(&schema);
        let database = Database {
            store: SnapshotStore::new(store),
            schema: Arc::new(schema),
            keyspace,
            types,
            sequences,
            settings: self.settings,
            log: self.log,
            cursor_key: std::sync::OnceLock::new(),
            feed,
        };
        Ok(Orm {
            database: Arc::new(database),
        })
    }

    fn type_of(&self, name: &str) -> EntityType {
        let found = self
            .types
            .iter()
            .find(|entity| entity.description.name == name);
        found.expect("the schema was built of these types").clone()
    }
}
