//! Populate hints that choose: which items of a collection are loaded, in which order, up to how many.

use std::marker::PhantomData;

use super::Managed;
use crate::entity::{Checked, List, References};
use crate::load::{All, Choice, Hint, Hints, LoadPath, Loads, Part, Root, Route, ToCollection};
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
    ) -> Selected<Self::Route, Self::Target, (), Part>
    where
        Self::Route: ToCollection,
    {
        Selected::new(LoadPath::of(&self)).filter(filter)
    }

    /// In this order.
    fn order_by<O: IntoOrder<Self::Target>>(
        self,
        order: impl FnOnce(<Self::Target as Managed>::Path<Self::Target>) -> O,
    ) -> Selected<Self::Route, Self::Target>
    where
        Self::Route: ToCollection,
    {
        Selected::new(LoadPath::of(&self)).order_by(order)
    }

    /// At most so many for each owner.
    fn limit(self, most: usize) -> Selected<Self::Route, Self::Target, (), Part>
    where
        Self::Route: ToCollection,
    {
        Selected::new(LoadPath::of(&self)).limit(most)
    }

    /// Without the first so many of each owner.
    fn offset(self, skip: usize) -> Selected<Self::Route, Self::Target, (), Part>
    where
        Self::Route: ToCollection,
    {
        Selected::new(LoadPath::of(&self)).offset(skip)
    }

    /// Only the keys of the items: the collection is initialized, and its items are references, of
    /// which a view tells nothing but the `id()`. Where another hint asks for the items themselves, they
    /// are loaded.
    fn references(self) -> Selected<Self::Route, Self::Target, References>
    where
        Self::Route: ToCollection,
    {
        Selected::new(LoadPath::of(&self)).references()
    }

    /// Loads relations and lazy properties of the items too; the same as going on with the path, and
    /// the way to go on after an option.
    fn populate<H: Hint<Self::Target>>(
        self,
        hints: impl FnOnce(<Self::Target as Managed>::LoadPath<Root<Self::Target>>) -> H,
    ) -> Selected<Self::Route, Self::Target, <H::Populates as List>::Rows> {
        Selected::new(LoadPath::of(&self)).populate(hints)
    }
}

impl<P: Loads<Target: Managed>> PopulateOptions for P {}

/// A populate hint with [options](PopulateOptions): along the route `P` to items `T`, of them what `M`
/// says, and all or a part of them.
#[must_use = "a populate hint does nothing until `populate` takes it"]
pub struct Selected<P, T, M = (), C = All> {
    path: LoadPath<P, T>,
    /// What is said of the items, and of what is behind them.
    hints: Hints,
    query: Query,
    populated: PhantomData<fn() -> (M, C)>,
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

impl<P, T: Managed, M, C> Selected<P, T, M, C> {
    /// The same hint, of which the compiler knows something else.
    fn known<N, D>(self) -> Selected<P, T, N, D> {
        Selected {
            path: self.path,
            hints: self.hints,
            query: self.query,
            populated: PhantomData,
        }
    }
}

impl<P, T: Managed, M: List, C> Selected<P, T, M, C> {
    /// Only items that meet the condition. Several filters must all hold.
    pub fn filter(mut self, filter: impl FnOnce(T::Path<T>) -> Filter<T>) -> Selected<P, T, M, Part>
    where
        P: ToCollection,
    {
        self.query.add_condition(filter(Path::root().into()));
        self.known()
    }

    /// In this order. A second call says what counts where the first leaves items equal.
    pub fn order_by<O: IntoOrder<T>>(mut self, order: impl FnOnce(T::Path<T>) -> O) -> Self
    where
        P: ToCollection,
    {
        self.query.add_order(order(Path::root().into()));
        self
    }

    /// At most so many for each owner.
    pub fn limit(mut self, most: usize) -> Selected<P, T, M, Part>
    where
        P: ToCollection,
    {
        self.query.take = Some(most);
        self.known()
    }

    /// Without the first so many of each owner.
    pub fn offset(mut self, skip: usize) -> Selected<P, T, M, Part>
    where
        P: ToCollection,
    {
        self.query.skip = skip;
        self.known()
    }

    /// Loads relations and lazy properties of the items too.
    pub fn populate<H: Hint<T>>(
        mut self,
        hints: impl FnOnce(T::LoadPath<Root<T>>) -> H,
    ) -> Selected<P, T, M::And<H::Populates>, C>
    where
        M: Checked,
    {
        hints(LoadPath::root().into()).into_hints(&mut self.hints);
        self.known()
    }
}

impl<P: ToCollection, T: Managed, C> Selected<P, T, (), C> {
    /// Only the keys of the items, as [`PopulateOptions::references`] says. Behind a key there is
    /// nothing to populate.
    pub fn references(mut self) -> Selected<P, T, References, C> {
        self.hints.references = true;
        self.known()
    }
}

impl<R, P: Route<Root = R>, T, M: List, C: Choice> Hint<R> for Selected<P, T, M, C> {
    type Populates = C::Populates<P, M>;

    fn into_hints(mut self, hints: &mut Hints) {
        self.hints.select(self.query);
        hints.add_options(self.path.steps(), self.hints);
    }
}
