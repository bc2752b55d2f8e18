//! Typed paths to collections, and the conditions that their items can be held against.

use std::fmt;

use super::Managed;
use crate::entity::Entity;
use crate::query::{Filter, ItemCount, Path};

/// A path from the entity `R` to a collection of the entity `T`: `a.tags()`.
///
/// Many items have no one value, so a collection is asked how many of its items meet a condition of
/// their own. Such a condition may ask collections of the items again, at any depth. A collection behind
/// a relation that is `None` is empty.
///
/// ```
/// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
/// # use musher::prelude::*;
/// # #[derive(Entity, Debug)]
/// # struct Article {
/// #     #[orm(primary_key)] id: Pk,
/// #     title: String,
/// #     #[orm(many_to_many)] tags: Collection<Tag>,
/// # }
/// # #[derive(Entity, Debug)]
/// # struct Tag { #[orm(primary_key)] id: Pk, name: String }
/// # let orm = Orm::builder().entities::<(Article, Tag)>().in_memory()?;
/// let mut em = orm.em();
/// let [rust, news] = ["rust", "news"].map(|name| em.create(Tag::build().name(name)));
/// em.create(Article::build().title("One").tags([rust, news]));
/// em.create(Article::build().title("Two"));
///
/// let about_rust = em.find::<Article>().filter(|a| a.tags().any(|t| t.name().eq("rust")));
/// assert_eq!(about_rust.count()?, 1);
/// let several = em.find::<Article>().filter(|a| a.tags().count().ge(2));
/// assert_eq!(several.count()?, 1);
/// let without = em.find::<Article>().filter(|a| a.tags().is_empty());
/// assert_eq!(without.count()?, 1);
/// # Ok(()) }
/// # #[cfg(not(feature = "derive"))] fn main() {}
/// ```
pub struct CollectionPath<R: Entity, T: Managed> {
    path: Path<R, T>,
}

impl<R: Entity, T: Managed> CollectionPath<R, T> {
    /// At least one item meets the condition.
    pub fn any(&self, condition: impl FnOnce(T::Path<T>) -> Filter<T>) -> Filter<R> {
        self.count_of(condition).ge(1)
    }

    /// Every item meets the condition; so it is where there is none.
    pub fn all(&self, condition: impl FnOnce(T::Path<T>) -> Filter<T>) -> Filter<R> {
        self.none(|item| condition(item).not())
    }

    /// No item meets the condition.
    pub fn none(&self, condition: impl FnOnce(T::Path<T>) -> Filter<T>) -> Filter<R> {
        self.count_of(condition).eq(0)
    }

    /// How many items there are: `.count().ge(3)`.
    pub fn count(&self) -> ItemCount<R> {
        ItemCount::at::<T>(self.path.steps().to_vec(), None)
    }

    /// How many items meet the condition: `.count_of(|c| c.is_public().eq(true)).ge(3)`.
    pub fn count_of(&self, condition: impl FnOnce(T::Path<T>) -> Filter<T>) -> ItemCount<R> {
        let condition = condition(Path::root().into());
        ItemCount::at(self.path.steps().to_vec(), Some(condition))
    }

    /// There is no item.
    pub fn is_empty(&self) -> Filter<R> {
        self.count().eq(0)
    }
}

impl<R: Entity, T: Managed> From<Path<R, T>> for CollectionPath<R, T> {
    fn from(path: Path<R, T>) -> Self {
        Self { path }
    }
}

impl<R: Entity, T: Managed> Clone for CollectionPath<R, T> {
    fn clone(&self) -> Self {
        self.path.clone().into()
    }
}

impl<R: Entity, T: Managed> fmt::Debug for CollectionPath<R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CollectionPath").field(&self.path).finish()
    }
}
