//! The handle of an entity of which the compiler knows what was populated.
//!
//! Nothing here is checked at run time: a [`Loaded`] says what was asked for when the entity was found.
//! What a program changes or forgets later, a view notices when it is read.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::ops::Deref;

use serde::{Serialize, Serializer};

use super::{Covers, Entity, Id, IntoId, List, Unchecked};

/// The id of an entity, with what was populated of it in the type: what a query with a populate hint
/// gives.
///
/// It is usable wherever an [`Id`] is, and dereferences to it; where a plain `Id` has to be, as in the
/// property of a struct, [`id`](Self::id) is it. A view of it has exactly those relations and lazy
/// properties that were populated:
///
/// ```
/// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
/// use musher::prelude::*;
/// # #[derive(Entity, Debug)]
/// # struct User { #[orm(primary_key)] id: Pk, name: String }
/// # #[derive(Entity, Debug)]
/// # struct Tag { #[orm(primary_key)] id: Pk, name: String }
/// # #[derive(Entity, Debug)]
/// # struct Article {
/// #     #[orm(primary_key)] id: Pk, title: String,
/// #     #[orm(many_to_one)] author: Id<User>,
/// #     #[orm(many_to_many)] tags: Collection<Tag>,
/// # }
/// # let orm = Orm::builder().entities::<(User, Tag, Article)>().in_memory()?;
/// # let mut em = orm.em();
/// # let author = em.create(User::build().name("Jane"));
/// # let article = em.create(Article::build().title("Foo").author(author));
/// # em.flush()?;
/// # em.clear();
/// let article = em.find_one(article).populate(|a| (a.author(), a.tags())).or_fail()?;
/// assert_eq!(em.view(article).author().name, "Jane");
/// em[article].title = "Bar".into();
///
/// /// Takes an article whose author was populated.
/// fn byline(em: &EntityManager, article: Loaded<Article, loads!(Article { author })>) -> String {
///     let article = em.view(article);
///     format!("{} by {}", article.title, article.author().name)
/// }
/// assert_eq!(byline(&em, article.narrow()), "Bar by Jane");
/// # Ok(()) }
/// # #[cfg(not(feature = "derive"))] fn main() {}
/// ```
///
/// `L` is inferred; only a function or a struct that asks for something names it, with
/// [`loads!`](crate::loads).
pub struct Loaded<T: Entity, L> {
    id: Id<T>,
    populated: PhantomData<fn() -> L>,
}

impl<T: Entity, L> Loaded<T, L> {
    pub(crate) const fn new(id: Id<T>) -> Self {
        Self {
            id,
            populated: PhantomData,
        }
    }

    /// The bare id. A view of it lets everything through, and errs at run time.
    #[must_use]
    pub fn id(&self) -> Id<T> {
        self.id.clone()
    }
}

impl<T: Entity, L: List> Loaded<T, L> {
    /// The same entity with a type that says less, for a function that asks for less.
    #[must_use]
    pub fn narrow<M: List>(self) -> Loaded<T, M>
    where
        L: Covers<M>,
    {
        Loaded::new(self.id)
    }
}

impl<T: Entity, L> Deref for Loaded<T, L> {
    type Target = Id<T>;

    fn deref(&self) -> &Id<T> {
        &self.id
    }
}

impl<T: Entity, L> Clone for Loaded<T, L> {
    fn clone(&self) -> Self {
        Self::new(self.id.clone())
    }
}

impl<T: Entity, L> Copy for Loaded<T, L> where T::Key: Copy {}

impl<T: Entity, L, M> PartialEq<Loaded<T, M>> for Loaded<T, L> {
    fn eq(&self, other: &Loaded<T, M>) -> bool {
        self.id == other.id
    }
}

/// Only in this direction: were an `Id` comparable with more than itself, the compiler would not know what
/// an empty list is in `ids == []`.
impl<T: Entity, L> PartialEq<Id<T>> for Loaded<T, L> {
    fn eq(&self, other: &Id<T>) -> bool {
        self.id == *other
    }
}

impl<T: Entity, L> Eq for Loaded<T, L> {}

impl<T: Entity, L> PartialOrd for Loaded<T, L> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Entity, L> Ord for Loaded<T, L> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.id.cmp(&other.id)
    }
}

impl<T: Entity, L> Hash for Loaded<T, L> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

/// A map by loaded entities finds them by their ids.
impl<T: Entity, L> Borrow<Id<T>> for Loaded<T, L> {
    fn borrow(&self) -> &Id<T> {
        &self.id
    }
}

impl<T: Entity, L> fmt::Debug for Loaded<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id.fmt(f)
    }
}

impl<T: Entity, L> fmt::Display for Loaded<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.id, f)
    }
}

impl<T: Entity, L> Serialize for Loaded<T, L> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.id.serialize(serializer)
    }
}

impl<T: Entity, L> From<Loaded<T, L>> for Id<T> {
    fn from(loaded: Loaded<T, L>) -> Self {
        loaded.id
    }
}

impl<T: Entity, L> From<&Loaded<T, L>> for Id<T> {
    fn from(loaded: &Loaded<T, L>) -> Self {
        loaded.id()
    }
}

impl<T: Entity, L> IntoId<T> for Loaded<T, L> {
    fn into_id(self) -> Id<T> {
        self.id
    }
}

impl<T: Entity, L> IntoId<T> for &Loaded<T, L> {
    fn into_id(self) -> Id<T> {
        self.id()
    }
}

/// What holds an entity for a program: an [`Id`], or a [`Loaded`], which knows what was populated.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the handle of an entity",
    label = "expected an `Id`, or what a query has loaded"
)]
pub trait Handle: Sized {
    /// The entity.
    type Entity: Entity;
    /// What the compiler knows to be populated: nothing certain of an `Id`.
    type Populated: List;
    /// The handle when the same query populates `M` beside that.
    type And<M: List>: Handle<Entity = Self::Entity>;
    /// The handle when a later call has populated `M`.
    type Then<M: List>: Handle<Entity = Self::Entity>;

    /// The handle of a row of which that was populated.
    #[doc(hidden)]
    fn of(id: Id<Self::Entity>) -> Self;

    /// The id.
    #[doc(hidden)]
    fn into_bare_id(self) -> Id<Self::Entity>;
}

impl<T: Entity> Handle for Id<T> {
    type Entity = T;
    type Populated = Unchecked;
    type And<M: List> = Loaded<T, M>;
    type Then<M: List> = Loaded<T, M>;

    fn of(id: Self) -> Self {
        id
    }

    fn into_bare_id(self) -> Self {
        self
    }
}

impl<T: Entity, L: List> Handle for Loaded<T, L> {
    type Entity = T;
    type Populated = L;
    type And<M: List> = Loaded<T, L::And<M>>;
    type Then<M: List> = Loaded<T, L::Then<M>>;

    fn of(id: Id<T>) -> Self {
        Self::new(id)
    }

    fn into_bare_id(self) -> Id<T> {
        self.id
    }
}

/// Several handles.
pub(crate) fn handles<H: Handle>(ids: impl IntoIterator<Item = Id<H::Entity>>) -> Vec<H> {
    ids.into_iter().map(H::of).collect()
}
