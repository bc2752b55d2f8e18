//! The generated companions of an entity: how a program views, edits, paths and creates it.

use std::cell::OnceCell;
use std::marker::PhantomData;
use std::mem;
use std::rc::Rc;

use super::{Creation, Edit, View};
use crate::codec::RowKey;
use crate::entity::{Entity, Id, List, Loaded};
use crate::load::{Anywhere, LoadPath, Route};
use crate::query::Path;

/// An entity with its generated view, edit and path types: implemented by `#[derive(Entity)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an entity",
    label = "not an entity",
    note = "add `#[derive(Entity)]` to `{Self}`"
)]
pub trait Managed: Entity {
    /// Reads the entity, and navigates its relations.
    ///
    /// `L` says which of them the compiler knows to be loaded.
    type View<'em, L: List>: From<View<'em, Self>> + Copy;

    /// Changes the entity and its relations.
    type Edit<'em>: From<Edit<'em, Self>>;

    /// Query paths that begin at `R` and have come to this entity.
    type Path<R: Entity>: From<Path<R, Self>>;

    /// Load paths that have come to this entity by the route `P`.
    type LoadPath<P>: From<LoadPath<P, Self>>;
}

impl<P: Route, T: Managed> LoadPath<P, T> {
    /// The same path, with a type that does not tell its steps: for a path that is made in a loop, or
    /// that the running program chooses. What it populates is not in the type of the result either.
    #[must_use]
    pub fn unchecked(&self) -> T::LoadPath<Anywhere<P::Root>> {
        self.by().into()
    }
}

/// What becomes, or already is, a managed entity: an entity, its builder, or its id. Builders take
/// it for relations, so that a whole graph is created at once.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither an entity, nor a complete builder, nor an id",
    label = "can't become a managed entity"
)]
pub trait IntoManaged {
    /// The entity.
    type Entity: Managed;

    /// What is to be done to have it managed.
    fn into_pending(self) -> Pending<Self::Entity>;
}

/// An entity that will be managed, or is.
///
/// It is a key with a type around it: what it does is compiled once, and not for each entity.
pub struct Pending<T: Entity> {
    key: PendingKey,
    entity: PhantomData<T>,
}

enum PendingKey {
    Known(RowKey),
    /// The last of the steps gives the key.
    New(Steps, Promise),
    /// A step that somebody else takes first gives the key.
    Promised(Promise),
}

type Promise = Rc<OnceCell<RowKey>>;

/// What is to be done to have a graph of entities managed, one entity a step. A list and no tree, so
/// that neither creating nor giving up a graph needs more of the stack the deeper it is.
#[derive(Default)]
pub struct Steps(Vec<Step>);

type Step = Box<dyn FnOnce(&mut Creation<'_>)>;

impl<T: Entity> Pending<T> {
    /// An entity that `persist` makes managed, after the entities that it refers to, which were
    /// deferred to `steps`.
    pub fn new(
        mut steps: Steps,
        persist: impl FnOnce(&mut Creation<'_>) -> Id<T> + 'static,
    ) -> Self {
        let promise = Promise::default();
        let kept = Rc::clone(&promise);
        steps.0.push(Box::new(move |creation| {
            let first = kept.set(persist(creation).row_key());
            debug_assert!(first.is_ok(), "a step is taken once");
        }));
        Self::of(PendingKey::New(steps, promise))
    }

    const fn of(key: PendingKey) -> Self {
        Self {
            key,
            entity: PhantomData,
        }
    }

    /// Takes what is to be done, and gives its id.
    ///
    /// # Panics
    /// If it was deferred, and the steps that it was deferred to were not taken.
    pub fn resolve(self, creation: &mut Creation<'_>) -> Id<T> {
        Id::from_own(&self.key.resolve(creation))
    }
}

impl PendingKey {
    fn resolve(self, creation: &mut Creation<'_>) -> RowKey {
        let promise = match self {
            Self::Known(key) => return key,
            Self::New(steps, promise) => {
                for step in steps.0 {
                    step(creation);
                }
                promise
            }
            Self::Promised(promise) => promise,
        };
        let key = promise.get().expect("the steps before have given the key");
        key.clone()
    }

    fn defer(&mut self, steps: &mut Steps) {
        let Self::New(own, promise) = self else {
            return;
        };
        if steps.0.is_empty() {
            // The steps of a long chain are moved on, not copied each time.
            *steps = mem::take(own);
        } else {
            steps.0.append(&mut own.0);
        }
        *self = Self::Promised(Rc::clone(promise));
    }
}

/// Relations of a builder: what they refer to becomes managed before the entity itself.
pub trait Defer {
    /// Moves what is to be done to `steps`.
    fn defer(&mut self, steps: &mut Steps);
}

impl<T: Entity> Defer for Pending<T> {
    fn defer(&mut self, steps: &mut Steps) {
        self.key.defer(steps);
    }
}

impl<T: Defer> Defer for Option<T> {
    fn defer(&mut self, steps: &mut Steps) {
        if let Some(pending) = self {
            pending.defer(steps);
        }
    }
}

impl<T: Defer> Defer for Vec<T> {
    fn defer(&mut self, steps: &mut Steps) {
        for pending in self {
            pending.defer(steps);
        }
    }
}

impl<T: Managed> IntoManaged for Id<T> {
    type Entity = T;

    fn into_pending(self) -> Pending<T> {
        Pending::of(PendingKey::Known(self.row_key()))
    }
}

impl<T: Managed> IntoManaged for &Id<T> {
    type Entity = T;

    fn into_pending(self) -> Pending<T> {
        Pending::of(PendingKey::Known(self.row_key()))
    }
}

impl<T: Managed, L> IntoManaged for Loaded<T, L> {
    type Entity = T;

    fn into_pending(self) -> Pending<T> {
        self.id().into_pending()
    }
}

impl<T: Managed, L> IntoManaged for &Loaded<T, L> {
    type Entity = T;

    fn into_pending(self) -> Pending<T> {
        self.id().into_pending()
    }
}

/// The path from which a derive asks for the properties of its entity.
#[must_use]
pub fn root_path<T: Managed>() -> T::Path<T> {
    Path::root().into()
}
