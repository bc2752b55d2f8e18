//! Subscriptions: the changes of one entity, typed, in the order in which they were committed.
//!
//! `feed` says which changes there are and in which order; this is how a program gets them.

mod queue;
#[cfg(all(test, feature = "derive"))]
mod tests;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crossbeam_channel::Receiver;

pub use queue::Missed;

use super::Orm;
use crate::entity::{ChangeKind, Entity, Id};
use crate::feed::CommittedChange;
use crate::load::{LoadPath, Loads, Root};
use crate::manager::Managed;
use crate::schema::{RelationKind, Side};
use crate::storage::{Durability, Store};

/// How many changes wait for the reader of a subscription where nothing is said.
const DEFAULT_CAPACITY: usize = 1024;

/// What a subscription gives, in the order in which it happened.
pub enum FeedItem<T: Entity> {
    /// A row was created, updated or deleted.
    Change(RowChange<T>),
    /// The reader was too slow, and here changes are missing. What it knows of the rows is stale until
    /// it reads them again.
    Missed(Missed),
}

impl<T: Entity> Clone for FeedItem<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Change(change) => Self::Change(change.clone()),
            Self::Missed(missed) => Self::Missed(missed.clone()),
        }
    }
}

impl<T: Entity> fmt::Debug for FeedItem<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Change(change) => change.fmt(f),
            Self::Missed(missed) => missed.fmt(f),
        }
    }
}

/// What one commit made of one row: the difference between the row before and after it.
///
/// However often a transaction has changed a row, this is what came of it in the end.
pub struct RowChange<T: Entity> {
    change: Arc<CommittedChange>,
    entity: PhantomData<fn() -> T>,
}

impl<T: Entity> RowChange<T> {
    fn new(change: Arc<CommittedChange>) -> Self {
        Self {
            change,
            entity: PhantomData,
        }
    }

    /// The number of the commit. Changes of one commit have the same, those of later ones a greater
    /// one, in the subscriptions of all entities.
    #[must_use]
    pub fn commit(&self) -> u64 {
        self.change.commit.0
    }

    /// The id of the row.
    #[must_use]
    pub fn id(&self) -> Id<T> {
        self.change.difference.id()
    }

    /// Whether the row was created, updated or deleted.
    #[must_use]
    pub fn kind(&self) -> ChangeKind {
        self.change.difference.kind
    }

    /// The names of the properties that are otherwise than before, those of a new row all. Lazy and
    /// hidden ones and collections are among them; of a deleted row, none.
    pub fn changed(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.change.difference.changed_names()
    }

    /// The new values of changed properties. Those of lazy and hidden ones are not told.
    #[must_use]
    pub fn payload(&self) -> T::Payload<'_> {
        self.change.difference.payload::<T>()
    }

    /// What the changed properties were, for a deleted row all. Those of lazy and hidden ones are not
    /// told.
    #[must_use]
    pub fn original(&self) -> T::Payload<'_> {
        self.change.difference.original::<T>()
    }
}

impl<T: Managed> RowChange<T> {
    /// What was put into a many-to-many collection of the row, and what was taken out:
    /// `change.links(|a| a.tags())`. Of a deleted row nothing is told: all of its links are gone.
    ///
    /// # Panics
    /// If the path is not a many-to-many collection that `T` owns. Every other relation is a property
    /// of the row at its owning side.
    #[must_use]
    #[track_caller]
    pub fn links<P: Loads<Target: Entity>>(
        &self,
        path: impl FnOnce(T::LoadPath<Root<T>>) -> P,
    ) -> Links<P::Target> {
        let path = path(LoadPath::root().into());
        let difference = &self.change.difference;
        let owned = match path.steps() {
            [field] => {
                let relation = difference.schema.entity(difference.entity).relation(*field);
                let is_owned = matches!(
                    relation.kind,
                    RelationKind::ManyToMany {
                        side: Side::Owner,
                        ..
                    }
                );
                is_owned.then_some(*field)
            }
            _ => None,
        };
        let Some(field) = owned else {
            panic!(
                "`links` is for a many-to-many collection that {} owns; changes of any other relation \
                 are told to subscribers of the entity at its owning side",
                T::NAME
            )
        };
        let ids = |keys: &[_]| keys.iter().map(Id::from_own).collect();
        let change = self.change.links.iter().find(|links| links.field == field);
        change.map_or_else(Links::default, |change| Links {
            added: ids(&change.added),
            removed: ids(&change.removed),
        })
    }
}

impl<T: Entity> Clone for RowChange<T> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.change))
    }
}

impl<T: Entity> fmt::Debug for RowChange<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let changed: Vec<_> = self.changed().collect();
        f.debug_struct("RowChange")
            .field("commit", &self.commit())
            .field("kind", &self.kind())
            .field("id", &self.id())
            .field("changed", &changed)
            .finish_non_exhaustive()
    }
}

/// The links of one collection that a commit has made and removed, ascending.
pub struct Links<T: Entity> {
    /// What is in the collection now, and was not before.
    pub added: Vec<Id<T>>,
    /// What was in the collection before, and is not now.
    pub removed: Vec<Id<T>>,
}

impl<T: Entity> Links<T> {
    /// Whether the collection is as it was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

impl<T: Entity> Default for Links<T> {
    fn default() -> Self {
        Self {
            added: Vec::new(),
            removed: Vec::new(),
        }
    }
}

impl<T: Entity> Clone for Links<T> {
    fn clone(&self) -> Self {
        Self {
            added: self.added.clone(),
            removed: self.removed.clone(),
        }
    }
}

impl<T: Entity> fmt::Debug for Links<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Links")
            .field("added", &self.added)
            .field("removed", &self.removed)
            .finish()
    }
}

impl Orm {
    /// Follows what is committed of an entity, by whatever unit of work of this process: one
    /// [`RowChange`] for each row and commit, in the order of the commits, and within a commit in the
    /// order of the keys. Rows that a rule of `on_delete` removes or changes are among them.
    ///
    /// A commit is told when it is as safe as its `flush` makes it, before that returns; where
    /// commits overlap, when those before it are too. A commit that fails is not told, one that ends in
    /// [`Error::NotDurable`](crate::Error::NotDurable) stands, and is.
    ///
    /// Every commit that begins after this call is told, and no earlier one. To keep a copy of the
    /// rows, subscribe first and read them then.
    ///
    /// Nobody waits for the reader. Up to 1024 changes wait for it; changes that come when it is that
    /// far behind are missed, and it is told so by a [`FeedItem::Missed`] in their place. The
    /// subscription ends with its receiver. The receiver ends with the database, which it does not
    /// keep open.
    ///
    /// ```
    /// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
    /// use musher::prelude::*;
    /// use musher::{ChangeKind, FeedItem};
    ///
    /// #[derive(Entity, Debug)]
    /// struct Account {
    ///     #[orm(primary_key)]
    ///     id: Pk,
    ///     owner: String,
    ///     balance: i64,
    /// }
    ///
    /// let orm = Orm::builder().entities::<Account>().in_memory()?;
    /// let changes = orm.subscribe::<Account>();
    ///
    /// let mut em = orm.em();
    /// let account = em.create(Account::build().owner("Jane").balance(10));
    /// em.flush()?;
    /// em[account].balance = 30;
    /// em.flush()?;
    ///
    /// let mut log = Vec::new();
    /// for item in changes.try_iter() {
    ///     match item {
    ///         FeedItem::Change(change) => {
    ///             assert_eq!(change.id(), account);
    ///             let changed: Vec<_> = change.changed().collect();
    ///             log.push((change.kind(), changed, change.payload().balance().copied()));
    ///         }
    ///         FeedItem::Missed(missed) => panic!("{} changes too late", missed.changes()),
    ///     }
    /// }
    /// assert_eq!(
    ///     log,
    ///     [
    ///         (ChangeKind::Create, vec!["owner", "balance"], Some(10)),
    ///         (ChangeKind::Update, vec!["balance"], Some(30)),
    ///     ]
    /// );
    /// # Ok(()) }
    /// # #[cfg(not(feature = "derive"))] fn main() {}
    /// ```
    ///
    /// # Panics
    /// If the entity is not one of the database's.
    #[must_use = "a subscription ends when its receiver is dropped"]
    pub fn subscribe<T: Managed>(&self) -> Receiver<FeedItem<T>> {
        self.subscribe_with_capacity(DEFAULT_CAPACITY)
    }

    /// As [`subscribe`](Self::subscribe), with room for so many changes that wait for the reader. The
    /// room for them, two words each, is taken at once. Without any, a commit only leaves word that
    /// something was missed.
    ///
    /// # Panics
    /// If the entity is not one of the database's, or there is no memory for so many.
    #[must_use = "a subscription ends when its receiver is dropped"]
    pub fn subscribe_with_capacity<T: Managed>(&self, capacity: usize) -> Receiver<FeedItem<T>> {
        let database = &self.database;
        let entity = database.entity_index::<T>();
        let (queue, receiver) = queue::queue::<T>(capacity);
        let mut queue = Some(Box::new(queue));
        // No commit is being planned meanwhile, so none is told half and none is left out. A store
        // that takes no writes any more has nothing to tell: the queue is dropped, and its reader sees
        // the end.
        let _ = database.store.write(Durability::Os, &mut |reader, _| {
            if let Some(queue) = queue.take() {
                database.feed.subscribe(entity, reader.sequence(), queue);
            }
            None
        });
        receiver
    }
}
