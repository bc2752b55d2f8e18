//! Transactions: several flushes that are committed together, or not at all.
//!
//! A transaction is a stack of levels. The outermost is the transaction, each further one a savepoint
//! in it. A flush inside is planned over the store and all that the levels have staged, goes into the
//! batch of the innermost level, and is accepted in memory; nothing is stored. Ending a level merges it
//! into the one around it; ending the outermost replays all staged flushes over the store as it is
//! then. Invariants: each level has a savepoint of the context, and whatever fails, panics included,
//! leaves both as they were when the level began.

use super::commit::commit;
use super::{EntityManager, FlushSubscriber};
use crate::error::{Error, Result};
use crate::storage::{Batch, Committed, Reader, StagedReader};
use crate::unit_of_work::{self, Outcome, Prepared, Replayed, Staged};

/// A transaction, or a savepoint in one.
pub(super) struct Level {
    staged: Vec<Staged>,
    batch: Batch,
    opened: Opened,
}

/// Who opened a level, and has to end it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Opened {
    ByCall,
    ByClosure,
}

impl EntityManager {
    /// Runs `work` in a transaction: what it flushes is committed as one atomic batch when it returns
    /// `Ok`, together with what is still pending then. Until the commit, this unit of work sees what was
    /// flushed, and no other one does.
    ///
    /// If `work` returns an error or panics, or the commit fails, nothing is stored, and this unit of
    /// work is as it was before the call: properties, collections, pending changes; what was managed
    /// since is not managed any more. Keys that were given are not given again. Fields with `skip`
    /// stay as they are: they are no properties.
    ///
    /// Inside another transaction this is a savepoint: an error takes back what `work` did, and the
    /// transaction around it can go on.
    ///
    /// The commit judges constraints once more, and merges rows with what other units of work have
    /// committed meanwhile. `after_*` hooks run when it has succeeded.
    ///
    /// ```
    /// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
    /// use musher::prelude::*;
    ///
    /// #[derive(Entity, Debug)]
    /// struct Account {
    ///     #[orm(primary_key)]
    ///     id: Pk,
    ///     balance: i64,
    /// }
    ///
    /// fn transfer(em: &mut EntityManager, from: Id<Account>, to: Id<Account>, sum: i64) -> musher::Result<()> {
    ///     em.transactional(|em| {
    ///         em[to].balance += sum;
    ///         em.flush()?; // staged: nobody else sees it
    ///         em[from].balance -= sum;
    ///         if em[from].balance < 0 {
    ///             return Err(Error::other("there is not enough money"));
    ///         }
    ///         Ok(())
    ///     })
    /// }
    ///
    /// let orm = Orm::builder().entities::<Account>().in_memory()?;
    /// let mut em = orm.em();
    /// let poor = em.create(Account::build().balance(10));
    /// let rich = em.create(Account::build().balance(1000));
    /// em.flush()?;
    ///
    /// transfer(&mut em, rich, poor, 500)?;
    /// assert!(transfer(&mut em, poor, rich, 600).is_err());
    /// assert_eq!((em[poor].balance, em[rich].balance), (510, 500));
    /// assert_eq!(em.statistics().commits, 2);
    /// # Ok(()) }
    /// # #[cfg(not(feature = "derive"))] fn main() {}
    /// ```
    ///
    /// # Errors
    /// What `work` returns; what [`flush`](Self::flush) says, at the end of `work` and once more at the
    /// commit, where [`Error::NotDurable`] means that the transaction is committed; [`Error::Transaction`] if `work` has left a transaction of its own open.
    pub fn transactional<R>(&mut self, work: impl FnOnce(&mut Self) -> Result<R>) -> Result<R> {
        Scope::run(self, work)
    }

    /// Begins a transaction, or a savepoint in the one that is open, for code that can't use
    /// [`transactional`](Self::transactional). [`commit`](Self::commit) or
    /// [`rollback`](Self::rollback) end it. What is pending stays pending, and becomes part of it when
    /// it is flushed.
    ///
    /// A unit of work that is dropped without `commit` has stored nothing of its transaction.
    ///
    /// ```
    /// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
    /// # use musher::prelude::*;
    /// # #[derive(Entity, Debug)]
    /// # struct Tag { #[orm(primary_key)] id: Pk, name: String }
    /// # let orm = Orm::builder().entities::<Tag>().in_memory()?;
    /// let mut em = orm.em();
    /// em.begin();
    /// let kept = em.create(Tag::build().name("kept"));
    /// em.flush()?;
    /// em.begin(); // a savepoint
    /// let dropped = em.create(Tag::build().name("dropped"));
    /// em.flush()?;
    /// em.rollback();
    /// assert!(em.is_managed(kept) && !em.is_managed(dropped));
    /// em.commit()?;
    /// assert_eq!(orm.em().find::<Tag>().all()?, [kept]);
    /// # Ok(()) }
    /// # #[cfg(not(feature = "derive"))] fn main() {}
    /// ```
    pub fn begin(&mut self) {
        self.open_level(Opened::ByCall);
    }

    /// Flushes what is pending, and ends what the last [`begin`](Self::begin) has begun: a savepoint
    /// becomes part of the transaction around it, a transaction is stored as one atomic batch.
    ///
    /// # Errors
    /// What [`flush`](Self::flush) says, of what is pending and once more of all that was flushed since
    /// the transaction began. It is over then, as after [`rollback`](Self::rollback), but for
    /// [`Error::NotDurable`], with which it is committed; to mend a flush and go on, call `flush` first. [`Error::Transaction`] if there is nothing to end.
    pub fn commit(&mut self) -> Result<()> {
        let problem = match self.levels.last().map(|level| level.opened) {
            Some(Opened::ByCall) => return self.end_level(),
            Some(Opened::ByClosure) => {
                "`em.commit()` inside `em.transactional(..)` has no `em.begin()` of its own; the closure's end commits"
            }
            None => {
                "there is no transaction to commit; call `em.begin()` first, and `em.commit()` once for each"
            }
        };
        Err(Error::Transaction { problem })
    }

    /// Takes back everything since the last [`begin`](Self::begin), in memory too, and ends it. Without
    /// a transaction it does nothing, so that it can be called after a `commit` that failed.
    ///
    /// Inside [`transactional`](Self::transactional), and without a `begin` there, it takes back what
    /// the closure has done so far; the closure can go on.
    pub fn rollback(&mut self) {
        match self.levels.last().map(|level| level.opened) {
            Some(Opened::ByCall) => self.rollback_level(),
            Some(Opened::ByClosure) => {
                self.rollback_level();
                self.open_level(Opened::ByClosure);
            }
            None => {}
        }
    }

    /// Whether a transaction is open: flushes are staged until it is committed.
    #[must_use]
    pub const fn is_in_transaction(&self) -> bool {
        !self.levels.is_empty()
    }

    /// What the open transaction has staged, in all its levels; nothing without one.
    pub(super) fn staged_writes(&self) -> Batch {
        let mut staged = Batch::default();
        for level in &self.levels {
            staged.merge(level.batch.clone());
        }
        staged
    }

    /// Plans a flush over what is stored and staged, and stages it too.
    pub(super) fn stage(&mut self, prepared: &Prepared) -> Result<Committed<Outcome>> {
        let (database, ledger) = (&*self.database, &self.context.ledger);
        let plan = |reader: &dyn Reader| {
            let sequence = reader.sequence().next();
            unit_of_work::plan(database, ledger, prepared, reader, sequence)
        };
        let (batch, outcome) = self
            .moment
            .look_unnoted(&database.store, &self.levels, plan)??;
        self.merge_staged(batch);
        Ok(Committed::confirmed_now(outcome))
    }

    /// Adds what was planned over all that is staged.
    pub(super) fn merge_staged(&mut self, batch: Batch) {
        self.innermost().batch.merge(batch);
    }

    /// Keeps a flush that was staged, for the replay at the commit.
    pub(super) fn keep_staged(&mut self, staged: Staged) {
        self.innermost().staged.push(staged);
    }

    fn innermost(&mut self) -> &mut Level {
        self.levels.last_mut().expect("a transaction is open")
    }

    fn open_level(&mut self, opened: Opened) {
        self.mark("begin", "savepoint");
        if self.levels.is_empty() {
            self.tell_all(FlushSubscriber::transaction_started);
        }
        self.context.begin_savepoint();
        self.levels.push(Level {
            staged: Vec::new(),
            batch: Batch::new(),
            opened,
        });
    }

    /// Flushes, and ends the innermost level; whatever fails rolls it back.
    fn end_level(&mut self) -> Result<()> {
        let ended = self.flush().and_then(|()| {
            if self.levels.len() == 1 {
                self.tell_before_commit()?;
                return self.commit_transaction();
            }
            self.release_level();
            Ok(Committed::confirmed_now(()))
        });
        match ended {
            Ok(committed) => Ok(committed.confirmed()?),
            Err(error) => {
                self.rollback_level();
                Err(error)
            }
        }
    }

    fn release_level(&mut self) {
        let inner = self.levels.pop().expect("a transaction is open");
        self.context.release_savepoint();
        let outer = self.innermost();
        outer.batch.merge(inner.batch);
        outer.staged.extend(inner.staged);
        self.database.log.mark("release savepoint");
    }

    /// Stores what the only level has staged. If that fails, the level stays.
    fn commit_transaction(&mut self) -> Result<Committed<()>> {
        let (database, staged) = (&*self.database, &self.levels[0].staged);
        let moment = &self.moment;
        let (replayed, unconfirmed) = if staged.is_empty() {
            (None, None)
        } else {
            let plan = |reader: &dyn Reader, sequence| {
                moment.check(database, reader)?;
                unit_of_work::replay(database, staged, reader, sequence)
            };
            let Committed { value, unconfirmed } = commit(database, plan, Replayed::links)?;
            (Some(value), unconfirmed)
        };
        let level = self.levels.pop().expect("it was just committed");
        self.moment.end_transaction();
        self.context.release_savepoint();
        self.database.log.mark("commit");
        if let Some((written, replayed)) = replayed {
            if written {
                self.statistics.commits += 1;
                self.statistics.rows_written += replayed.written.0 as u64;
                self.statistics.links_written += replayed.written.1 as u64;
            }
            unit_of_work::accept_replayed(&self.database, &mut self.context, &replayed);
            for (flush, outcome) in level.staged.iter().zip(&replayed.outcomes) {
                self.tell_committed(&flush.prepared, flush.told.as_ref(), outcome);
            }
        }
        self.tell_all(FlushSubscriber::after_commit);
        self.context.free_graves();
        Ok(Committed {
            value: (),
            unconfirmed,
        })
    }

    fn rollback_level(&mut self) {
        self.levels.pop();
        self.context.restore_savepoint();
        if self.levels.is_empty() {
            self.moment.end_transaction();
            self.tell_all(FlushSubscriber::after_rollback);
        }
        self.mark("rollback", "rollback to savepoint");
    }

    /// Tells the query log what happens to the transaction, or to a savepoint in it.
    fn mark(&self, outermost: &str, inner: &str) {
        let statement = if self.levels.is_empty() {
            outermost
        } else {
            inner
        };
        self.database.log.mark(statement);
    }
}

/// The view of `reader` with all that the levels have staged over it.
pub(super) fn view<R>(
    reader: &dyn Reader,
    levels: &[Level],
    look: impl FnOnce(&dyn Reader) -> R,
) -> R {
    match levels.split_first() {
        None => look(reader),
        Some((level, above)) if level.batch.is_empty() => view(reader, above, look),
        Some((level, above)) => view(&StagedReader::new(reader, &level.batch), above, look),
    }
}

/// The level of a closure: it ends with the closure, also by a panic.
pub(super) struct Scope<'em> {
    em: &'em mut EntityManager,
    /// How many levels there were before.
    depth: usize,
}

impl<'em> Scope<'em> {
    /// Runs `work` in a level of its own.
    pub(super) fn run<R>(
        em: &'em mut EntityManager,
        work: impl FnOnce(&mut EntityManager) -> Result<R>,
    ) -> Result<R> {
        let scope = Self::open(em);
        let result = work(scope.em)?;
        scope.commit()?;
        Ok(result)
    }

    fn open(em: &'em mut EntityManager) -> Self {
        let depth = em.levels.len();
        em.open_level(Opened::ByClosure);
        Self { em, depth }
    }

    fn commit(self) -> Result<()> {
        if self.em.levels.len() == self.depth + 1 {
            return self.em.end_level();
        }
        Err(Error::Transaction {
            problem: "an `em.begin()` inside `em.transactional(..)` was ended neither by `em.commit()` nor by `em.rollback()`; \
                      everything was rolled back",
        })
    }
}

impl Drop for Scope<'_> {
    fn drop(&mut self) {
        while self.em.levels.len() > self.depth {
            self.em.rollback_level();
        }
    }
}
