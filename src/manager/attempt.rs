//! An attempt: a call that changes the unit of work only if it succeeds.
//!
//! A read hydrates instances, fills collections and settles what was pending for rows that it loads; a
//! flush reconciles relations and runs hooks. When the store fails, or a hook does, all of that is taken
//! back, statistics included, so that the same call can be made again. Invariant: the savepoint of an
//! attempt is the innermost one as long as the attempt runs, and ends with it, also by a panic; nothing
//! is committed within an attempt but by its last step.

use super::EntityManager;
use crate::error::Result;
use crate::load::Statistics;

impl EntityManager {
    /// Runs `work`, and takes back what it did to this unit of work unless it succeeds.
    pub(super) fn attempt<R>(&mut self, work: impl FnOnce(&mut Self) -> Result<R>) -> Result<R> {
        let attempt = Attempt::begin(self);
        let result = work(attempt.em)?;
        attempt.succeed();
        Ok(result)
    }
}

/// An attempt that has not succeeded yet. Dropping it takes everything back.
pub(super) struct Attempt<'em> {
    pub(super) em: &'em mut EntityManager,
    /// As they were; none once the attempt has succeeded.
    before: Option<Statistics>,
}

impl<'em> Attempt<'em> {
    pub(super) fn begin(em: &'em mut EntityManager) -> Self {
        em.context.begin_savepoint();
        let before = Some(em.statistics);
        Self { em, before }
    }

    /// Takes back what was done so far, and begins anew after `first`, which stands whatever becomes of
    /// the attempt.
    pub(super) fn begin_anew_after(
        &mut self,
        first: impl FnOnce(&mut EntityManager) -> Result<()>,
    ) -> Result<()> {
        self.take_back();
        first(self.em)?;
        self.em.context.begin_savepoint();
        self.before = Some(self.em.statistics);
        Ok(())
    }

    /// Keeps what was done.
    pub(super) fn succeed(mut self) {
        self.em.context.release_savepoint();
        self.before = None;
    }

    fn take_back(&mut self) {
        if let Some(before) = self.before.take() {
            self.em.context.restore_savepoint();
            self.em.statistics = before;
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        self.take_back();
    }
}
