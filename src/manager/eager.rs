//! Queries that leave eager relations out.

use super::{Find, FindOne, Managed};
use crate::load::{Hint, Hints, LoadPath, Root};

/// The hints that a closure gives.
fn hints_of<T: Managed, H: Hint<T>>(hints: impl FnOnce(T::LoadPath<Root<T>>) -> H) -> Hints {
    let mut given = Hints::default();
    hints(LoadPath::root().into()).into_hints(&mut given);
    given
}

impl<T: Managed, H> FindOne<'_, T, H> {
    /// Does not populate these relations for being eager: `.without_eager(|a| a.author())`. A hint of
    /// [`populate`](Self::populate) still does.
    pub fn without_eager<N: Hint<T>>(
        mut self,
        hints: impl FnOnce(T::LoadPath<Root<T>>) -> N,
    ) -> Self {
        if self.em.database.schema.has_eager {
            self.options.hints.exclude_eager(hints_of(hints));
        }
        self
    }
}

impl<T: Managed, H> Find<'_, T, H> {
    /// Does not populate these relations for being eager: `.without_eager(|a| a.author())`. A hint of
    /// [`populate`](Self::populate) still does.
    pub fn without_eager<N: Hint<T>>(
        mut self,
        hints: impl FnOnce(T::LoadPath<Root<T>>) -> N,
    ) -> Self {
        if self.em.database.schema.has_eager {
            self.options.hints.exclude_eager(hints_of(hints));
        }
        self
    }
}
