//! Settings, and the steps of opening: schema, store, keyspace, catalog, sequences.

use std::any::Any;
use std::marker::PhantomData;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use super::{Orm, catalog, verify};
use crate::database::{Clock, Database, FlushMode, LoadStrategy, Settings};
use crate::entity::{AnySubscriber, Entity, EntityList, EntityType, Erased, Subscriber};
use crate::error::{Error, Result};
use crate::feed::Feed;
use crate::keyspace::Keyspace;
use crate::log::QueryLog;
use crate::manager::FilterTargets;
use crate::manager::FlushSubscriber;
use crate::query::{FilterBinding, FilterRegistry, Standing};
use crate::schema::{self, KeyType};
use crate::storage::{
    CommitPath, Draft, Durability, MemoryStore, SledOptions, SledStore, SnapshotStore, Store, copy,
};

/// What of the stored data is checked while a database is opened, beside its format, the proof that
/// no durable commit is missing, and the stored schema. What is wrong is refused, as
/// [`Error::Damaged`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Check {
    /// Nothing else: for a program that is to look into a damaged database.
    Nothing,
    /// What takes the same time for any number of rows: whether sequences are behind the highest
    /// keys.
    #[default]
    Quick,
    /// Everything, as [`Orm::verify`] does.
    Full,
}

/// Settings of a database that is to be opened.
#[must_use = "a builder does nothing until `.open(path)` or `.in_memory()`"]
pub struct OrmBuilder {
    pub(super) types: Vec<EntityType>,
    settings: Settings,
    check: Check,
    log: QueryLog,
    clock: Clock,
    filters: Vec<(FilterBinding, Standing)>,
    pub(super) sled: SledOptions,
    /// Each with the entity that it is told of.
    subscribers: Vec<(EntityType, Arc<dyn AnySubscriber>)>,
    flush_subscribers: Vec<Arc<dyn FlushSubscriber>>,
}

impl OrmBuilder {
    pub(super) fn new() -> Self {
        Self {
            types: Vec::new(),
            settings: Settings::default(),
            check: Check::default(),
            log: QueryLog::default(),
            clock: Clock::default(),
            filters: Vec::new(),
            sled: SledOptions::default(),
            subscribers: Vec::new(),
            flush_subscribers: Vec::new(),
        }
    }

    /// Adds the entities of the database: `.entities::<(User, Article, Tag)>()`. All entities that
    /// relations refer to must be among them.
    pub fn entities<L: EntityList>(mut self) -> Self {
        L::collect(&mut self.types);
        self
    }

    /// Registers a [named filter](crate::EntityFilter) of one entity or a tuple of them, which is on where
    /// nothing else is said: `.filter::<(Article, Comment), _>(NotDeleted)`.
    pub fn filter<T: FilterTargets<F>, F: Any + Send + Sync>(self, filter: F) -> Self {
        self.named_filter::<T, F>(&Standing::On(Arc::new(filter)))
    }

    /// Registers a [named filter](crate::EntityFilter) that is off until a unit of work or a query turns it on.
    pub fn optional_filter<T: FilterTargets<F>, F: Any + Send + Sync>(self) -> Self {
        self.named_filter::<T, F>(&Standing::Off)
    }

    /// Registers a [named filter](crate::EntityFilter) whose parameters a unit of work or a query must give;
    /// without them, and without being turned off, every query of its entities is
    /// [`Error::Query`].
    pub fn required_filter<T: FilterTargets<F>, F: Any + Send + Sync>(self) -> Self {
        self.named_filter::<T, F>(&Standing::Required)
    }

    fn named_filter<T: FilterTargets<F>, F: Any>(mut self, standing: &Standing) -> Self {
        let mut bindings = Vec::new();
        T::collect(&mut bindings);
        let standing = bindings.into_iter().map(|it| (it, standing.clone()));
        self.filters.extend(standing);
        self
    }

    /// Tells a [`Subscriber`] of what flushes do to the rows of an entity.
    pub fn subscriber<T: Entity>(mut self, subscriber: impl Subscriber<T>) -> Self {
        let erased = Arc::new(Erased(subscriber, PhantomData));
        self.subscribers.push((EntityType::of::<T>(), erased));
        self
    }

    /// Tells a [`FlushSubscriber`] of flushes as a whole, and of transactions.
    pub fn flush_subscriber(mut self, subscriber: impl FlushSubscriber) -> Self {
        self.flush_subscribers.push(Arc::new(subscriber));
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

    /// What time it is for `created_at` and `updated_at`: a clock that stands still, for tests. Where
    /// nothing is said, the system's.
    ///
    /// ```
    /// # use musher::prelude::*;
    /// use std::time::{Duration, SystemTime};
    ///
    /// #[derive(Entity, Debug)]
    /// struct Note {
    ///     #[orm(primary_key)]
    ///     id: Pk,
    ///     #[orm(created_at)]
    ///     created_at: SystemTime,
    /// }
    ///
    /// let moment = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    /// let orm = Orm::builder().entities::<Note>().clock(move || moment).in_memory()?;
    /// let mut em = orm.em();
    /// let note = em.create(Note::build());
    /// assert_eq!(em[note].created_at, moment);
    /// # Ok::<(), musher::Error>(())
    /// ```
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(clock);
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

    /// Refuses queries that would read every row of an entity, because no key or index answers their
    /// condition: they end with [`Error::Query`](crate::Error::Query), which names the index that is
    /// missing. So do `update_where` and `delete_where`, which hold up all other writes meanwhile. One that
    /// may do so says [`Find::allow_full_scan`](crate::Find::allow_full_scan),
    /// [`UpdateWhere::allow_full_scan`](crate::UpdateWhere::allow_full_scan) or
    /// [`DeleteWhere::allow_full_scan`](crate::DeleteWhere::allow_full_scan). The first rows of an order, up
    /// to a limit, are no full scan.
    pub const fn forbid_full_scans(mut self) -> Self {
        self.settings.forbid_full_scans = true;
        self
    }

    /// How commits get into sled. [`CommitPath::Journal`] where nothing is said.
    pub const fn commit_path(mut self, path: CommitPath) -> Self {
        self.sled.commit_path = path;
        self
    }

    /// How many bytes of memory sled may use as its page cache. 256 MiB where nothing is said.
    pub const fn cache_capacity(mut self, bytes: u64) -> Self {
        self.sled.cache_capacity = bytes;
        self
    }

    /// How many bytes of memory the rows and other values may take that were looked up lately, for all
    /// units of work together. A look-up of one of them takes a third of what it takes in sled, and units of
    /// work that read one row share its bytes. 32 MiB where nothing is said; 0 turns it off. A database in
    /// memory has none.
    pub const fn value_cache_capacity(mut self, bytes: usize) -> Self {
        self.sled.value_cache_capacity = bytes;
        self
    }

    /// What of the stored data is checked while opening. [`Check::Quick`] where nothing is said.
    pub const fn check(mut self, check: Check) -> Self {
        self.check = check;
        self
    }

    /// Opens the database in a directory, which is made if it is not there.
    ///
    /// # Errors
    /// [`Error::Schema`] with everything that is wrong with the entities, or does not fit what is
    /// stored; [`Error::InUse`] if the database is open already, here or in another process;
    /// [`Error::Directory`] if the path leads to something else than a database that this version
    /// reads; [`Error::Storage`] if the system refuses; [`Error::Corruption`] if what is stored is
    /// damaged; [`Error::Damaged`] with what the [check](Self::check) found.
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

    /// Makes a database in the directory `to` of the backup in the directory `from`, and opens it.
    ///
    /// `to` must be empty or not exist. All of the new database is checked, as
    /// [`Orm::verify`] does, before it counts; the backup is left as it is. A backup of a program
    /// with older entities is brought up to date, as when such a database is opened.
    ///
    /// ```
    /// # use musher::prelude::*;
    /// # #[derive(Entity, Debug)]
    /// # struct Tag { #[orm(primary_key)] id: Pk, name: String }
    /// # let directory = tempfile::tempdir().unwrap();
    /// # let (backup, path) = (directory.path().join("backup"), directory.path().join("new"));
    /// # let orm = Orm::builder().entities::<Tag>().in_memory()?;
    /// orm.backup(&backup)?;
    /// let restored = Orm::builder().entities::<Tag>().restore(&backup, &path)?;
    /// # Ok::<(), musher::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`open`](Self::open), of either directory; [`Error::Directory`] if `to` is not
    /// empty; [`Error::Damaged`] with everything that is wrong with the backup. There is nothing in
    /// `to` then.
    pub fn restore(self, from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<Orm> {
        let schema = self.schema()?;
        let options = self.sled;
        let source = SledStore::open_existing(from.as_ref(), options)?;
        let draft = Draft::create(to.as_ref())?;
        copy(&SnapshotStore::new(Box::new(source)), &draft)?;
        let store = SledStore::open_draft(&draft, options)?;
        let orm = self.finish(schema, Box::new(store))?;
        orm.verify()?.into_result()?;
        orm.sync()?;
        draft.finish()?;
        Ok(orm)
    }

    pub(super) fn schema(&self) -> Result<schema::Schema> {
        if self.types.is_empty() {
            return Err(Error::Schema(vec![
                "there are no entities; name them with `.entities::<(..)>()`".to_owned(),
            ]));
        }
        let is_known = |of: &EntityType| {
            let mut known = self.types.iter();
            known.any(|known| known.description.type_id == of.description.type_id)
        };
        let unknown: Vec<_> = self
            .subscribers
            .iter()
            .filter(|(of, _)| !is_known(of))
            .map(|(of, _)| {
                let name = of.description.name;
                format!("a subscriber is to be told of {name}, which is not among the entities; add it to `.entities::<(..)>()`")
            })
            .collect();
        if !unknown.is_empty() {
            return Err(Error::Schema(unknown));
        }
        let key_type = |entity: &EntityType| KeyType {
            kind: entity.key_kind,
            name: (entity.key_name)(),
            print: entity.print_key,
            of_value: entity.key_of_value,
            skip: entity.skip_key,
        };
        schema::build(
            self.types
                .iter()
                .map(|entity| (entity.description.clone(), key_type(entity)))
                .collect(),
        )
    }

    /// An open database, checked as the settings say.
    fn finish(mut self, schema: schema::Schema, store: Box<dyn Store>) -> Result<Orm> {
        let check = self.check;
        let filters = FilterRegistry::resolve(&schema, std::mem::take(&mut self.filters))?;
        let subscribers = self.flush_subscribers.clone().into();
        let mut database = self.assemble(schema, store)?;
        database.sequences = verify::read_sequences(&database)?;
        let orm = Orm {
            database: Arc::new(database),
            filters: Arc::new(filters),
            subscribers,
        };
        match check {
            Check::Nothing => {}
            Check::Quick => verify::check_quickly(&orm.database)?.into_result()?,
            Check::Full => orm.verify()?.into_result()?,
        }
        Ok(orm)
    }

    /// A database whose schema is that of the program, and which gives no keys yet.
    pub(super) fn assemble(
        self,
        mut schema: schema::Schema,
        store: Box<dyn Store>,
    ) -> Result<Database> {
        let store = SnapshotStore::new(store);
        let keyspace = Keyspace::open(&store, &schema)?;
        catalog::reconcile(
            &store,
            &keyspace,
            &mut schema,
            &self.types,
            self.settings.durability,
        )?;
        // The schema lists each entity once, however often it was named.
        let types = schema
            .entities
            .iter()
            .map(|entity| self.type_of(entity.name))
            .collect();
        let feed = Feed::new(&schema);
        Ok(Database {
            store,
            schema: Arc::new(schema),
            keyspace,
            types,
            sequences: Vec::new(),
            settings: self.settings,
            log: self.log,
            clock: self.clock,
            cursor_key: std::sync::OnceLock::new(),
            feed,
        })
    }

    fn type_of(&self, name: &str) -> EntityType {
        let found = self
            .types
            .iter()
            .find(|entity| entity.description.name == name);
        let mut found = found.expect("the schema was built of these types").clone();
        let subscribed = self.subscribers.iter();
        let of_entity = subscribed.filter(|(to, _)| to.description.name == name);
        found
            .subscribers
            .extend(of_entity.map(|(_, subscriber)| Arc::clone(subscriber)));
        found
    }
}
