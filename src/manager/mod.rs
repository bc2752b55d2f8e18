//! [`EntityManager`]: one unit of work over a database.
//!
//! It owns the instances; programs hold [`Id`]s. `&em` is the permission to read them, `&mut em` to
//! change them, so that a borrowed entity can't outlive a flush or a clear.

#![expect(
    clippy::needless_pass_by_value,
    reason = "ids are handles: most are `Copy`, and reading `em.get(id)` should not depend on it"
)]

mod aggregate;
mod api;
mod asked;
#[cfg(feature = "serde-json")]
mod assign;
mod attempt;
mod bulk;
mod cascade;
mod collection_edit;
mod collection_path;
mod collection_view;
mod commit;
mod creation;
mod debug;
mod eager;
mod edit;
mod exclude;
mod fields;
mod filters;
mod find;
mod find_one;
mod flush;
mod isolation;
mod lifecycle;
mod matching;
mod merge;
mod page;
mod populate_dyn;
mod read;
mod read_collection;
mod row_stream;
mod selected;
mod stream;
mod subscriber;
#[cfg(all(test, feature = "derive"))]
mod tests;
mod transaction;
mod view;

use std::ops::{Index, IndexMut};
use std::sync::Arc;
use std::time::SystemTime;

pub use aggregate::GroupBy;
pub use api::{Defer, IntoManaged, Managed, Pending, Steps, root_path};
#[cfg(feature = "serde-json")]
pub use assign::Assign;
pub use bulk::{DeleteWhere, InsertMany, SetReference, UpdateWhere, Upsert, UpsertMany, Upserted};
pub use collection_edit::CollectionEdit;
pub use collection_path::CollectionPath;
pub use collection_view::{CollectionIter, CollectionView};
pub use creation::Creation;
pub use edit::Edit;
pub use fields::FindFields;
pub(crate) use filters::Filters;
pub use filters::{EntityFilter, FilterTargets};
pub use find::Find;
pub use find_one::FindOne;
pub use isolation::Isolation;
pub use matching::Matching;
pub use page::{Page, RowPage};
pub use row_stream::RowStream;
pub use selected::{PopulateOptions, Selected};
pub use stream::Stream;
pub(crate) use subscriber::FlushSubscribers;
pub use subscriber::{FlushEvent, FlushSubscriber};
pub use view::View;

use crate::codec::RowKey;
use crate::context::{Context, Instance};
use crate::database::{Database, FlushMode};
use crate::entity::{Entity, Id, IntoId, Loaded};
use crate::error::{Error, Result};
use crate::load::Statistics;
use crate::schema::{EntityIndex, EntitySchema};
use isolation::Moment;
use transaction::Level;

/// A unit of work: it manages one instance for each row that it has seen, and writes what has
/// changed as one atomic commit when it is flushed.
///
/// Get one from [`Orm::em`](crate::Orm::em), one for each request or job. It is `Send`; it is used
/// through `&mut`, so two threads can't share one by mistake.
pub struct EntityManager {
    database: Arc<Database>,
    context: Context,
    statistics: Statistics,
    flush_mode: FlushMode,
    filters: Filters,
    /// The open transaction and the savepoints in it; empty without one.
    levels: Vec<Level>,
    /// Which state of the store is read.
    moment: Moment,
    subscribers: FlushSubscribers,
}

impl EntityManager {
    pub(crate) fn new(
        database: Arc<Database>,
        filters: Filters,
        subscribers: FlushSubscribers,
    ) -> Self {
        let context = Context::new(Arc::clone(&database.schema));
        let flush_mode = database.settings.flush_mode;
        Self {
            database,
            context,
            statistics: Statistics::default(),
            flush_mode,
            filters,
            levels: Vec::new(),
            moment: Moment::default(),
            subscribers,
        }
    }

    /// A unit of work of its own over the same database, which manages nothing yet, and is in no
    /// transaction. That of a snapshot sees the same moment. Its named filters are the same.
    #[must_use]
    pub fn fork(&self) -> Self {
        let subscribers = Arc::clone(&self.subscribers);
        let mut fork = Self::new(
            Arc::clone(&self.database),
            self.filters.clone(),
            subscribers,
        );
        fork.flush_mode = self.flush_mode;
        if let Moment::Past(snapshot) = &self.moment {
            fork.moment = Moment::Past(Arc::clone(snapshot));
        }
        fork
    }

    /// Forgets all managed instances and all pending work, as if this unit of work were new. Ids
    /// keep their meaning: they name rows.
    ///
    /// Inside a transaction, what was flushed stays a part of it. A rollback brings back what was
    /// managed when the transaction began.
    pub fn clear(&mut self) {
        self.context.clear();
    }

    /// What this unit of work has read and written.
    #[must_use]
    pub const fn statistics(&self) -> Statistics {
        self.statistics
    }

    /// What time it is, by the [clock](crate::OrmBuilder::clock) of the database.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.database.clock.now()
    }

    /// Whether queries first flush pending work.
    pub const fn set_flush_mode(&mut self, mode: FlushMode) {
        self.flush_mode = mode;
    }

    /// Whether the entity is managed: created, persisted or loaded here, and not removed since.
    #[must_use]
    pub fn is_managed<T: Entity>(&self, id: impl IntoId<T>) -> bool {
        self.find_slot(&id.into_id()).is_some()
    }

    /// Whether the entity's properties are in memory. A key alone is an uninitialized reference.
    #[must_use]
    pub fn is_initialized<T: Entity>(&self, id: impl IntoId<T>) -> bool {
        self.loaded(&id.into_id()).is_some()
    }

    /// The entity, if its properties are in memory.
    #[must_use]
    #[inline]
    pub fn get<T: Entity>(&self, id: impl IntoId<T>) -> Option<&T> {
        self.loaded(&id.into_id())
            .map(|instance| self.entity_at(instance))
    }

    /// The entity.
    ///
    /// # Errors
    /// [`Error::NotLoaded`] if its properties are not in memory.
    pub fn try_get<T: Entity>(&self, id: impl IntoId<T>) -> Result<&T> {
        let id = id.into_id();
        self.loaded(&id)
            .map(|instance| self.entity_at(instance))
            .ok_or_else(|| not_loaded(&id))
    }

    /// The entity, to be changed, if its properties are in memory. The next flush looks whether it
    /// differs from its row.
    pub fn get_mut<T: Entity>(&mut self, id: impl IntoId<T>) -> Option<&mut T> {
        let instance = self.loaded(&id.into_id())?;
        self.context.touch(instance);
        Some(self.entity_at_mut(instance))
    }

    /// The entity, to be changed.
    ///
    /// # Errors
    /// [`Error::NotLoaded`] if its properties are not in memory.
    pub fn try_get_mut<T: Entity>(&mut self, id: impl IntoId<T>) -> Result<&mut T> {
        let id = id.into_id();
        self.get_mut(&id).ok_or_else(|| not_loaded(&id))
    }

    /// Lends one entity to be changed, and the rest of the unit of work to be read meanwhile.
    ///
    /// # Panics
    /// If the entity is not loaded. While it is lent it can't be read through the unit of work.
    #[track_caller]
    pub fn with<T: Entity, R>(
        &mut self,
        id: impl IntoId<T>,
        change: impl FnOnce(&mut T, &Self) -> R,
    ) -> R {
        let id = id.into_id();
        let Some(instance) = self.loaded(&id) else {
            panic!("{}", not_loaded(&id))
        };
        self.context.touch(instance);
        let body = self.context.slot_mut(instance).body.take();
        let mut lease = Lease {
            em: self,
            instance,
            body,
        };
        let entity = lease.body.as_deref_mut().expect("the entity was loaded");
        change(downcast_mut(entity), lease.em)
    }

    pub(crate) fn entity_index<T: Entity>(&self) -> EntityIndex {
        self.database.entity_index::<T>()
    }

    pub(crate) fn schema_of(&self, instance: Instance) -> &EntitySchema {
        self.database.schema.entity(instance.entity)
    }

    fn find_slot<T: Entity>(&self, id: &Id<T>) -> Option<Instance> {
        self.context.find(self.entity_index::<T>(), &id.row_key())
    }

    #[inline]
    pub(crate) fn loaded<T: Entity>(&self, id: &Id<T>) -> Option<Instance> {
        self.context
            .find_loaded(self.entity_index::<T>(), &id.row_key())
    }

    #[inline]
    fn entity_at<T: Entity>(&self, instance: Instance) -> &T {
        let body: &dyn std::any::Any = self.context.body(instance);
        body.downcast_ref()
            .expect("an instance has its entity's type")
    }

    fn entity_at_mut<T: Entity>(&mut self, instance: Instance) -> &mut T {
        downcast_mut(self.context.body_mut(instance))
    }

    /// The instance, for edits of relations.
    #[track_caller]
    fn expect_loaded<T: Entity>(&self, id: &Id<T>) -> Instance {
        match self.loaded(id) {
            Some(instance) => instance,
            None => panic!("{}", not_loaded(id)),
        }
    }

    fn row_keys<T: Entity>(ids: Vec<Id<T>>) -> Vec<RowKey> {
        ids.into_iter().map(|id| id.row_key()).collect()
    }
}

/// Gives a lent instance back, also when the borrower panics.
struct Lease<'em> {
    em: &'em mut EntityManager,
    instance: Instance,
    body: Option<Box<dyn crate::entity::AnyEntity>>,
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        self.em.context.slot_mut(self.instance).body = self.body.take();
    }
}

fn downcast_mut<T: Entity>(body: &mut dyn crate::entity::AnyEntity) -> &mut T {
    let body: &mut dyn std::any::Any = body;
    body.downcast_mut()
        .expect("an instance has its entity's type")
}

#[cold]
pub(crate) fn not_loaded<T: Entity>(id: &Id<T>) -> Error {
    Error::NotLoaded {
        what: format!("{} {id}", T::NAME),
        remedy: format!(
            "find it with `em.find_one(id)`, or populate the relation that refers to this {}",
            T::NAME
        ),
    }
}

/// The entity's properties.
///
/// # Panics
/// If they are not in memory; [`EntityManager::try_get`] is the checked way.
impl<T: Entity> Index<Id<T>> for EntityManager {
    type Output = T;

    #[inline]
    #[track_caller]
    fn index(&self, id: Id<T>) -> &T {
        &self[&id]
    }
}

/// The entity's properties, to be changed. The next flush looks whether the entity differs from its
/// row.
///
/// # Panics
/// If they are not in memory; [`EntityManager::try_get_mut`] is the checked way.
impl<T: Entity> IndexMut<Id<T>> for EntityManager {
    #[track_caller]
    fn index_mut(&mut self, id: Id<T>) -> &mut T {
        &mut self[&id]
    }
}

/// As with the id by value, for keys that are not `Copy`.
impl<T: Entity> Index<&Id<T>> for EntityManager {
    type Output = T;

    #[track_caller]
    fn index(&self, id: &Id<T>) -> &T {
        match self.loaded(id) {
            Some(instance) => self.entity_at(instance),
            None => panic!("{}", not_loaded(id)),
        }
    }
}

/// As with the id by value, for keys that are not `Copy`.
impl<T: Entity> IndexMut<&Id<T>> for EntityManager {
    #[track_caller]
    fn index_mut(&mut self, id: &Id<T>) -> &mut T {
        let instance = self.expect_loaded(id);
        self.context.touch(instance);
        self.entity_at_mut(instance)
    }
}

/// As with the id.
impl<T: Entity, L> Index<Loaded<T, L>> for EntityManager {
    type Output = T;

    #[inline]
    #[track_caller]
    fn index(&self, loaded: Loaded<T, L>) -> &T {
        &self[&*loaded]
    }
}

/// As with the id.
impl<T: Entity, L> IndexMut<Loaded<T, L>> for EntityManager {
    #[track_caller]
    fn index_mut(&mut self, loaded: Loaded<T, L>) -> &mut T {
        &mut self[&*loaded]
    }
}

/// As with the id.
impl<T: Entity, L> Index<&Loaded<T, L>> for EntityManager {
    type Output = T;

    #[track_caller]
    fn index(&self, loaded: &Loaded<T, L>) -> &T {
        &self[&**loaded]
    }
}

/// As with the id.
impl<T: Entity, L> IndexMut<&Loaded<T, L>> for EntityManager {
    #[track_caller]
    fn index_mut(&mut self, loaded: &Loaded<T, L>) -> &mut T {
        &mut self[&**loaded]
    }
}
