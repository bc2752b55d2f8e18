//! What is told of whole flushes and transactions.

use std::ops::{Index, IndexMut};
use std::sync::Arc;

use super::attempt::Attempt;
use super::{Creation, EntityManager, IntoManaged, Managed};
use crate::entity::{ChangeSets, Entity, Id};
use crate::error::{Error, Result};
use crate::unit_of_work;

/// Is told of every flush as a whole. `Orm::builder().flush_subscriber(..)` registers it.
///
/// One flush is told in this order; several subscribers in the order in which they were registered:
///
/// 1. `before_flush`, also of a flush that has nothing to do;
/// 2. `on_flush`, once there is something pending;
/// 3. for each row the `before_*` hooks of its entity, and its [`Subscriber`](crate::Subscriber)s;
/// 4. `before_commit`; the commit;
/// 5. for each row the `after_*` hooks and subscribers; `after_flush`;
/// 6. `after_commit`.
///
/// A flush inside a transaction is staged after the third step, and goes on when the transaction is
/// committed: 4 and 6 are told once, 5 for each of its flushes. What fails is told by `after_rollback`
/// instead. Savepoints are not told.
///
/// `before_flush` and `on_flush` may add to the flush. A subscriber must not panic after the commit.
///
/// ```
/// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
/// use musher::prelude::*;
/// use musher::{FlushEvent, FlushSubscriber};
///
/// #[derive(Entity, Debug)]
/// struct Account {
///     #[orm(primary_key)]
///     id: Pk,
///     balance: i64,
/// }
///
/// #[derive(Entity, Debug)]
/// struct AuditEntry {
///     #[orm(primary_key)]
///     id: Pk,
///     text: String,
/// }
///
/// struct AuditLog;
///
/// impl FlushSubscriber for AuditLog {
///     fn on_flush(&self, flush: &mut FlushEvent<'_>) -> musher::Result<()> {
///         for change in flush.change_sets()?.iter() {
///             let (kind, key) = (change.kind(), change.key());
///             let text = format!("{kind:?} {} {key}", change.entity());
///             flush.create(AuditEntry::build().text(text)); // in the same commit
///         }
///         Ok(())
///     }
/// }
///
/// let orm = Orm::builder()
///     .entities::<(Account, AuditEntry)>()
///     .flush_subscriber(AuditLog)
///     .in_memory()?;
/// let mut em = orm.em();
/// em.create(Account::build().balance(10));
/// em.flush()?;
/// let entry = em.find::<AuditEntry>().or_fail()?;
/// assert_eq!(em[entry].text, "Create Account 1");
/// assert_eq!(em.statistics().commits, 1);
/// # Ok(()) }
/// # #[cfg(not(feature = "derive"))] fn main() {}
/// ```
pub trait FlushSubscriber: Send + Sync + 'static {
    /// A flush begins. Nothing was looked at yet.
    ///
    /// # Errors
    /// Whatever refuses the flush: [`Error::Subscriber`].
    fn before_flush(&self, flush: &mut FlushEvent<'_>) -> Result<()> {
        let _ = flush;
        Ok(())
    }

    /// A flush knows what it is about to do, and no hook has run. What is changed and created here is a
    /// part of it: subscribers that come later see it, those before are not asked again.
    ///
    /// # Errors
    /// Whatever refuses the flush: [`Error::Subscriber`].
    fn on_flush(&self, flush: &mut FlushEvent<'_>) -> Result<()> {
        let _ = flush;
        Ok(())
    }

    /// What a flush has done is committed.
    fn after_flush(&self, changes: &ChangeSets) {
        let _ = changes;
    }

    /// A transaction has begun, by `em.transactional(..)` or `em.begin()`.
    fn transaction_started(&self) {}

    /// A transaction is about to be committed, or a flush that is in none.
    ///
    /// # Errors
    /// Whatever refuses the commit, and rolls everything back: [`Error::Subscriber`].
    fn before_commit(&self) -> Result<()> {
        Ok(())
    }

    /// A transaction was committed, or a flush that is in none.
    fn after_commit(&self) {}

    /// A transaction was rolled back, or a flush that is in none has failed.
    fn after_rollback(&self) {}
}

/// All that were registered.
pub(crate) type FlushSubscribers = Arc<[Arc<dyn FlushSubscriber>]>;

/// A flush at a moment at which it can be added to: the unit of work, without what would flush it.
pub struct FlushEvent<'em> {
    em: &'em mut EntityManager,
}

impl FlushEvent<'_> {
    /// What the flush is about to do, as things stand: see [`EntityManager::change_sets`].
    ///
    /// # Errors
    /// As there.
    pub fn change_sets(&mut self) -> Result<ChangeSets> {
        self.em.change_sets()
    }

    /// [`EntityManager::get`].
    #[must_use]
    pub fn get<T: Entity>(&self, id: Id<T>) -> Option<&T> {
        self.em.get(id)
    }

    /// [`EntityManager::get_mut`].
    pub fn get_mut<T: Entity>(&mut self, id: Id<T>) -> Option<&mut T> {
        self.em.get_mut(id)
    }

    /// [`EntityManager::is_managed`].
    #[must_use]
    pub fn is_managed<T: Entity>(&self, id: Id<T>) -> bool {
        self.em.is_managed(id)
    }

    /// [`EntityManager::persist`].
    pub fn persist<T: Entity>(&mut self, entity: T) -> Id<T> {
        self.em.persist(entity)
    }

    /// [`EntityManager::create`].
    pub fn create<N: IntoManaged>(&mut self, new: N) -> Id<N::Entity> {
        new.into_pending().resolve(&mut Creation::managed(self.em))
    }

    /// [`EntityManager::edit`].
    ///
    /// # Panics
    /// If the entity is not loaded.
    #[track_caller]
    pub fn edit<T: Managed>(&mut self, id: Id<T>) -> T::Edit<'_> {
        self.em.edit(id)
    }

    /// [`EntityManager::remove`].
    pub fn remove<T: Entity>(&mut self, id: Id<T>) {
        self.em.remove(id);
    }
}

/// As [`EntityManager`]'s.
impl<T: Entity> Index<Id<T>> for FlushEvent<'_> {
    type Output = T;

    #[track_caller]
    fn index(&self, id: Id<T>) -> &T {
        &self.em[&id]
    }
}

/// As [`EntityManager`]'s.
impl<T: Entity> IndexMut<Id<T>> for FlushEvent<'_> {
    #[track_caller]
    fn index_mut(&mut self, id: Id<T>) -> &mut T {
        &mut self.em[&id]
    }
}

impl EntityManager {
    /// What a flush would do now, without doing it: the rows with the properties that it would write,
    /// and the links. Nothing is changed, neither here nor in the store.
    ///
    /// Hooks and subscribers do not run, so what they would add is missing; `on_update` is there. So is
    /// what breaks a rule. What the store makes of it, by `on_delete` for instance, nobody knows before.
    ///
    /// ```
    /// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
    /// # use musher::prelude::*;
    /// # use musher::ChangeKind;
    /// # #[derive(Entity, Debug)]
    /// # struct Tag { #[orm(primary_key)] id: Pk, name: String }
    /// # let orm = Orm::builder().entities::<Tag>().in_memory()?;
    /// let mut em = orm.em();
    /// let tag = em.create(Tag::build().name("old"));
    /// em.flush()?;
    /// em[tag].name = "new".into();
    ///
    /// let changes = em.change_sets()?;
    /// let change = changes.of::<Tag>().next().expect("the tag has changed");
    /// assert_eq!((change.kind(), change.id()), (ChangeKind::Update, tag));
    /// assert_eq!(change.original().name().map(String::as_str), Some("old"));
    /// assert_eq!(change.payload().name().map(String::as_str), Some("new"));
    /// assert_eq!(em.statistics().commits, 1);
    /// # Ok(()) }
    /// # #[cfg(not(feature = "derive"))] fn main() {}
    /// ```
    ///
    /// # Errors
    /// [`Error::Encode`] if a value can't be stored; [`Error::NotFound`] if an item of a collection is
    /// not there; what reading such items says.
    pub fn change_sets(&mut self) -> Result<ChangeSets> {
        // It is taken back in any case.
        let attempt = Attempt::begin(self);
        let em = &mut *attempt.em;
        em.gather()?;
        unit_of_work::look_ahead(&em.database, &mut em.context)
    }

    /// Tells all who subscribe to flushes, in order, and stops at the first who refuses.
    pub(super) fn tell_flush(
        &mut self,
        event: &'static str,
        tell: impl Fn(&dyn FlushSubscriber, &mut FlushEvent<'_>) -> Result<()>,
    ) -> Result<()> {
        for subscriber in Arc::clone(&self.subscribers).iter() {
            let told = tell(subscriber.as_ref(), &mut FlushEvent { em: self });
            told.map_err(|source| refused(event, source))?;
        }
        Ok(())
    }

    /// Asks all whether a commit may be.
    pub(super) fn tell_before_commit(&self) -> Result<()> {
        for subscriber in self.subscribers.iter() {
            let told = subscriber.before_commit();
            told.map_err(|source| refused("before_commit", source))?;
        }
        Ok(())
    }

    /// Tells all what has happened.
    pub(super) fn tell_all(&self, tell: impl Fn(&dyn FlushSubscriber)) {
        for subscriber in self.subscribers.iter() {
            tell(subscriber.as_ref());
        }
    }
}

fn refused(event: &'static str, source: Error) -> Error {
    Error::Subscriber {
        event,
        source: Box::new(source),
    }
}
