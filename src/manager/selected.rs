//! Populate hints that choose: which items of a collection are loaded, in which order, up to how many.

use std::marker::PhantomData;

use super::Managed;
use crate::entity::List;
use crate::load::{Hint, Hints, LoadPath, Loads, Root, Route};
use crate::query::{Filter, IntoOrder, Path, Query};

/// The options of a populate hint: which items of a collection it loads, in which order and up to how
/// many, for each owner.
///
/// ```
/// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
/// # use musher::prelude::*;
/// # #[derive(Entity, Debug)]
/// # struct User { #[orm(primary_key)] id: Pk, #[orm(one_to_many(mapped_by = author))] articles: Collection<Article> }
/// # #[derive(Entity, Debug)]
/// # struct Article { #[orm(primary_key)] id: Pk, title: String, #[orm(many_to_one)] author: Id<User>,
/// #   #[orm(many_to_many)] tags: Collection<Tag> }
/// # #[derive(Entity, Debug)]
/// # struct Tag { #[orm(primary_key)] id: Pk, name: String }
/// # let orm = Orm::builder().entities::<(User, Article, Tag)>().in_memory()?;
/// # let mut em = orm.em();
/// # let user = em.create(User::build());
/// # for title in ["Foo", "Bar", "Fox"] { em.create(Article::build().title(title).author(user)); }
/// # em.flush()?;
/// # em.clear();
/// em.find_one(user)
///     .populate(|u| {
///         u.articles()
///             .filter(|a| a.title().starts_with("F"))
///             .order_by(|a| a.title().desc())
///             .limit(1)
///             .populate(|a| a.tags())
///     })
///     .or_fail()?;
/// let titles: Vec<_> = em.view(user).articles().iter().map(|a| a.title.clone()).collect();
/// assert_eq!(titles, ["Fox"]);
/// assert!(em[user].articles.is_partial());
/// # Ok(()) }
/// # #[cfg(not(feature = "derive"))] fn main() {}
/// ```
///
/// The collection is [partial](crate::Collection::is_partial) then, unless nothing but an order was
/// given. Pending work that the choice looks at is flushed first, as before a query.
///
/// A property that has the name of a method here hides it; `PopulateOptions::filter(path, ..)` calls it
/// all the same.
pub trait PopulateOptions: Loads<Target: Managed> + Sized {
    /// Only items that meet the condition.
    fn filter(
        self,
        filter: impl FnOnce(<Self::Target as Managed>::Path<Self::Target>) -> Filter<Self::Target>,
    ) -> Selected<Self::Route, Self::Target> {
        Selected::new(LoadPath::of(&self)).filter(filter)
    }

    /// In this order.
    fn order_by<O: IntoOrder<Self::Target>>(
        self,
        order: impl FnOnce(<Self::Target as Managed>::Path<Self::Target>) -> O,
    ) -> Selected<Self::Route, Self::Target> {
        Selected::new(LoadPath::of(&self)).order_by(order)
    }

    /// At most so many for each owner.
    fn limit(self, most: usize) -> Selected<Self::Route, Self::Target> {
        Selected::new(LoadPath::of(&self)).limit(most)
    }

    /// Without the first so many of each owner.
    fn offset(self, skip: usize) -> Selected<Self::Route, Self::Target> {
        Selected::new(LoadPath::of(&self)).offset(skip)
    }

    /// Only the keys of the items: the collection is initialized, and its items are references.
    fn references(self) -> Selected<Self::Route, Self::Target> {
        Selected::new(LoadPath::of(&self)).references()
    }

    /// Loads relations and lazy properties of the items too; the same as going on with the path, and
    /// the way to go on after an option.
    fn populate<H: Hint<Self::Target>>(
        self,
        hints: impl FnOnce(<Self::Target as Managed>::LoadPath<Root<Self::Target>>) -> H,
    ) -> Selected<Self::Route, Self::Target, H::Populates> {
        Selected::new(LoadPath::of(&self)).populate(hints)
    }
}

impl<P: Loads<Target: Managed>> PopulateOptions for P {}

/// A populate hint with [options](PopulateOptions): along the route `P` to items `T`, and of them what
/// `M` says.
#[must_use = "a populate hint does nothing until `populate` takes it"]
pub struct Selected<P, T, M = ()> {
    path: LoadPath<P, T>,
    /// What is said of the items, and of what is behind them.
    hints: Hints,
    query: Query,
    populated: PhantomData<fn() -> M>,
}

impl<P, T: Managed> Selected<P, T> {
    fn new(path: LoadPath<P, T>) -> Self {
        Self {
            path,
            hints: Hints::default(),
            query: Query::default(),
            populated: PhantomData,
        }
    }
}

impl<P, T: Managed, M: List> Selected<P, T, M> {
    /// Only items that meet the condition. Several filters must all hold.
    pub fn filter(mut self, filter: impl FnOnce(T::Path<T>) -> Filter<T>) -> Self {
        self.query.add_condition(filter(Path::root().into()));
        self
    }

    /// In this order. A second call says what counts where the first leaves items equal.
    pub fn order_by<O: IntoOrder<T>>(mut self, order: impl FnOnce(T::Path<T>) -> O) -> Self {
        self.query.add_order(order(Path::root().into()));
        self
    }

    /// At most so many for each owner.
    pub fn limit(mut self, most: usize) -> Self {
        self.query.take = Some(most);
        self
    }

    /// Without the first so many of each owner.
    pub fn offset(mut self, skip: usize) -> Self {
        self.query.skip = skip;
        self
    }

    /// Only the keys of the items: the collection is initialized, and its items are references.
    pub fn references(mut self) -> Self {
        self.hints.references = true;
        self
    }

    /// Loads relations and lazy properties of the items too.
    pub fn populate<H: Hint<T>>(
        mut self,
        hints: impl FnOnce(T::LoadPath<Root<T>>) -> H,
    ) -> Selected<P, T, M::And<H::Populates>> {
        hints(LoadPath::root().into()).into_hints(&mut self.hints);
        Selected {
            path: self.path,
            hints: self.hints,
            query: self.query,
            populated: PhantomData,
        }
    }
}

impl<R, P: Route<Root = R>, T, M: List> Hint<R> for Selected<P, T, M> {
    type Populates = P::Populates<M>;

    fn into_hints(mut self, hints: &mut Hints) {
        self.hints.is_end = true;
        self.hints.select(self.query);
        hints.at(self.path.steps()).merge(self.hints);
    }
}
