//! Queries that leave eager relations out.

use super::{Find, FindOne, Managed};
use crate::entity::Handle;
use crate::load::{Hint, Hints, LoadPath, Root};

/// The hints that a closure gives.
fn hints_of<T: Managed, H: Hint<T>>(hints: impl FnOnce(T::LoadPath<Root<T>>) -> H) -> Hints {
    let mut given = Hints::default();
    hints(LoadPath::root().into()).into_hints(&mut given);
    given
}

impl<'em, T: Managed, H: Handle<Entity = T>> FindOne<'em, T, H> {
    /// Does not populate these relations for being eager: `.without_eager(|a| a.author())`. A hint of
    /// [`populate`](Self::populate) still does.
    ///
    /// For the compiler an eager relation is populated without a hint. So what is found are bare ids here,
    /// as with [`unchecked`](Self::unchecked); a hint is given before, for after it the type would count
    /// on the relation again.
    pub fn without_eager<N: Hint<T>>(
        mut self,
        hints: impl FnOnce(T::LoadPath<Root<T>>) -> N,
    ) -> FindOne<'em, T> {
        if self.em.database.schema.has_eager {
            self.options.hints.exclude_eager(hints_of(hints));
        }
        self.unchecked()
    }
}

impl<'em, T: Managed, H: Handle<Entity = T>> Find<'em, T, H> {
    /// Does not populate these relations for being eager: `.without_eager(|a| a.author())`. A hint of
    /// [`populate`](Self::populate) still does.
    ///
    /// For the compiler an eager relation is populated without a hint. So what is found are bare ids here,
    /// as with [`unchecked`](Self::unchecked); a hint is given before, for after it the type would count
    /// on the relation again.
    pub fn without_eager<N: Hint<T>>(
        mut self,
        hints: impl FnOnce(T::LoadPath<Root<T>>) -> N,
    ) -> Find<'em, T> {
        if self.em.database.schema.has_eager {
            self.options.hints.exclude_eager(hints_of(hints));
        }
        self.unchecked()
    }
}
