//! What a unit of work sees of others: the store as it is at each query, or one moment of it.
//!
//! Invariants: a unit of work at a moment reads nothing but that moment, and what it has staged itself;
//! it managed nothing when the moment began, so nothing in its memory is of another one.

use std::sync::Arc;

use super::transaction::{Level, Scope, view};
use super::{EntityManager, Filters, FlushSubscribers};
use crate::database::Database;
use crate::error::{Error, Result};
use crate::storage::{
    NotingReader, ReadSet, Reader, Snapshot, SnapshotStore, StorageError, StoreExt,
};

/// What a transaction may take for granted about others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Isolation {
    /// Each query sees what is committed when it runs. The commit judges constraints and versions
    /// anew, and writes what was changed over the rows as they are then. Whatever else the transaction
    /// has read may have changed meanwhile.
    #[default]
    ReadCommitted,
    /// All queries see one moment, and the commit succeeds only if everything that was read is still
    /// so: as if transactions ran one after the other. Else it fails with [`Error::Conflict`].
    Serializable,
}

/// Which state of the store a unit of work reads.
#[derive(Default)]
pub(super) enum Moment {
    /// The one that is there when a query runs.
    #[default]
    Latest,
    /// One, for as long as the unit of work lives, and only to be read.
    Past(Arc<Snapshot>),
    /// One, until the transaction ends, with what was read of it.
    Transaction {
        snapshot: Arc<Snapshot>,
        reads: ReadSet,
    },
}

impl Moment {
    /// Runs a query of the program on this moment, with all that the levels have staged over it.
    pub(super) fn look<R>(
        &mut self,
        store: &SnapshotStore,
        levels: &[Level],
        query: impl FnOnce(&dyn Reader) -> R,
    ) -> Result<R, StorageError> {
        let Self::Transaction { snapshot, reads } = self else {
            return self.look_unnoted(store, levels, query);
        };
        store.read_at(snapshot, |reader| {
            view(&NotingReader::new(reader, reads), levels, query)
        })
    }

    /// As [`look`](Self::look), for what the commit judges anew in any case.
    pub(super) fn look_unnoted<R>(
        &self,
        store: &SnapshotStore,
        levels: &[Level],
        query: impl FnOnce(&dyn Reader) -> R,
    ) -> Result<R, StorageError> {
        match self {
            Self::Latest => store.read_with(|reader| view(reader, levels, query)),
            Self::Past(snapshot) | Self::Transaction { snapshot, .. } => {
                store.read_at(snapshot, |reader| view(reader, levels, query))
            }
        }
    }

    /// Refuses a commit over a store in which something that was read is no longer so.
    pub(super) fn check(&self, database: &Database, now: &dyn Reader) -> Result<()> {
        let Self::Transaction { snapshot, reads } = self else {
            return Ok(());
        };
        let changed = snapshot.changed(now, |tree, key| reads.contains(tree, key))?;
        changed.map_or(Ok(()), |(tree, key)| {
            let what = database.keyspace.describe(&database.schema, tree, &key);
            Err(Error::Conflict { what })
        })
    }

    /// The transaction is over.
    pub(super) fn end_transaction(&mut self) {
        if matches!(self, Self::Transaction { .. }) {
            *self = Self::Latest;
        }
    }
}

impl EntityManager {
    /// A unit of work that sees the database as it is now, for as long as it lives.
    pub(crate) fn at_snapshot(
        database: Arc<Database>,
        filters: Filters,
        subscribers: FlushSubscribers,
    ) -> Result<Self> {
        let snapshot = database.store.snapshot()?;
        let mut em = Self::new(database, filters, subscribers);
        em.moment = Moment::Past(snapshot);
        Ok(em)
    }

    /// The moment that this unit of work sees for as long as it lives, or the one that is now.
    pub(super) fn lasting_moment(&self) -> Result<Arc<Snapshot>> {
        match &self.moment {
            Moment::Past(snapshot) => Ok(Arc::clone(snapshot)),
            Moment::Latest | Moment::Transaction { .. } => Ok(self.database.store.snapshot()?),
        }
    }

    /// Whether it is noted what is read.
    pub(super) const fn is_serializable(&self) -> bool {
        matches!(self.moment, Moment::Transaction { .. })
    }

    /// Whether this unit of work is a snapshot, which can't be written to.
    #[must_use]
    pub const fn is_read_only(&self) -> bool {
        matches!(self.moment, Moment::Past(_))
    }

    /// Begins a transaction of a certain isolation. See [`begin`](Self::begin) and
    /// [`transactional_with`](Self::transactional_with).
    ///
    /// # Errors
    /// As [`transactional_with`](Self::transactional_with) says of the beginning.
    pub fn begin_with(&mut self, isolation: Isolation) -> Result<()> {
        self.isolate(isolation)?;
        self.begin();
        Ok(())
    }

    /// Runs `work` in a transaction of a certain isolation. Everything else is as in
    /// [`transactional`](Self::transactional).
    ///
    /// A [`Serializable`](Isolation::Serializable) transaction begins with a unit of work that manages
    /// nothing, because what was read before it is not judged: take a new one, or a
    /// [`fork`](Self::fork), or [`clear`](Self::clear) it first. Inside it, `transactional` is a
    /// savepoint as ever.
    ///
    /// While it is open, commits of others keep what they overwrite for it, in memory. They do not
    /// wait.
    ///
    /// ```
    /// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
    /// use musher::prelude::*;
    ///
    /// #[derive(Entity, Debug)]
    /// struct Doctor {
    ///     #[orm(primary_key)]
    ///     id: Pk,
    ///     #[orm(index)]
    ///     on_call: bool,
    /// }
    ///
    /// /// Somebody must stay on call.
    /// fn go_home(em: &mut EntityManager, doctor: Id<Doctor>) -> musher::Result<()> {
    ///     em.transactional_with(Isolation::Serializable, |em| {
    ///         if em.find::<Doctor>().filter(|d| d.on_call().eq(true)).count()? < 2 {
    ///             return Err(Error::other("nobody else is there"));
    ///         }
    ///         em.find_one(doctor).or_fail()?;
    ///         em[doctor].on_call = false;
    ///         Ok(())
    ///     })
    /// }
    ///
    /// let orm = Orm::builder().entities::<Doctor>().in_memory()?;
    /// let mut em = orm.em();
    /// let ann = em.create(Doctor::build().on_call(true));
    /// let bob = em.create(Doctor::build().on_call(true));
    /// em.flush()?;
    /// go_home(&mut orm.em(), ann)?;
    /// assert!(go_home(&mut orm.em(), bob).is_err());
    /// # Ok(()) }
    /// # #[cfg(not(feature = "derive"))] fn main() {}
    /// ```
    ///
    /// # Errors
    /// [`Error::Conflict`] if something that was read has been changed by others before the commit:
    /// everything is rolled back, and the transaction can be run again. [`Error::Transaction`] if the
    /// unit of work manages something, or is in a transaction that is not serializable, and this one
    /// shall be. Else as [`transactional`](Self::transactional).
    pub fn transactional_with<R>(
        &mut self,
        isolation: Isolation,
        work: impl FnOnce(&mut Self) -> Result<R>,
    ) -> Result<R> {
        self.isolate(isolation)?;
        Scope::run(self, work)
    }

    /// Runs `work` in a serializable transaction, and runs it again, up to `retries` times, if it
    /// conflicts with others. Each run begins anew: with an empty unit of work, at the moment that is
    /// then.
    ///
    /// A conflict means that somebody else has committed, so of several that retry one always gets
    /// through. What `work` does beside the database is done again, too.
    ///
    /// ```
    /// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
    /// use musher::prelude::*;
    ///
    /// #[derive(Entity, Debug)]
    /// struct Counter {
    ///     #[orm(primary_key)]
    ///     id: Pk,
    ///     count: u64,
    /// }
    ///
    /// let orm = Orm::builder().entities::<Counter>().in_memory()?;
    /// let mut em = orm.em();
    /// let counter = em.create(Counter::build().count(0));
    /// em.flush()?;
    /// std::thread::scope(|threads| {
    ///     for _ in 0..4 {
    ///         threads.spawn(|| {
    ///             orm.em().transactional_with_retries(100, |em| {
    ///                 em.find_one(counter).or_fail()?;
    ///                 em[counter].count += 1;
    ///                 Ok(())
    ///             })
    ///         });
    ///     }
    /// });
    /// em.refresh(counter)?;
    /// assert_eq!(em[counter].count, 4);
    /// # Ok(()) }
    /// # #[cfg(not(feature = "derive"))] fn main() {}
    /// ```
    ///
    /// # Errors
    /// The error of the last run; errors other than [`Error::Conflict`] and
    /// [`Error::OptimisticLock`] at once.
    pub fn transactional_with_retries<R>(
        &mut self,
        retries: usize,
        mut work: impl FnMut(&mut Self) -> Result<R>,
    ) -> Result<R> {
        for _ in 0..retries {
            match self.transactional_with(Isolation::Serializable, &mut work) {
                Err(Error::Conflict { .. } | Error::OptimisticLock { .. }) => {}
                ended => return ended,
            }
        }
        self.transactional_with(Isolation::Serializable, work)
    }

    /// Takes the moment that a transaction of this isolation reads, before it begins.
    fn isolate(&mut self, isolation: Isolation) -> Result<()> {
        let is_isolated = matches!(self.moment, Moment::Transaction { .. } | Moment::Past(_));
        if isolation == Isolation::ReadCommitted || is_isolated {
            return Ok(());
        }
        let problem = if self.is_in_transaction() {
            "a savepoint is no more isolated than its transaction; begin the outermost one with `Isolation::Serializable`"
        } else if !self.context.is_empty() {
            "a serializable transaction begins with a unit of work that manages nothing, because what was read before it \
             is not judged; use `orm.em()` or `em.fork()`, or call `em.clear()` first"
        } else {
            self.moment = Moment::Transaction {
                snapshot: self.database.store.snapshot()?,
                reads: ReadSet::default(),
            };
            return Ok(());
        };
        Err(Error::Transaction { problem })
    }
}
