//! The generated companions of an entity: how a program views, edits, paths and creates it.

use super::{Edit, EntityManager, View};
use crate::entity::{Entity, Id};
use crate::load::{Hint, Path};

/// An entity with its generated view, edit and path types: implemented by `#[derive(Entity)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an entity",
    label = "not an entity",
    note = "add `#[derive(Entity)]` to `{Self}`"
)]
pub trait Managed: Entity {
    /// Reads the entity, and navigates its relations.
    type View<'em>: From<View<'em, Self>> + Copy;

    /// Changes the entity and its relations.
    type Edit<'em>: From<Edit<'em, Self>>;

    /// Typed paths that begin at `R` and have come to this entity.
    type Path<R: Entity>: From<Path<R, Self>> + Hint<R>;
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
pub struct Pending<T: Entity>(Kind<T>);

type Persist<T> = Box<dyn FnOnce(&mut EntityManager) -> Id<T>>;

enum Kind<T: Entity> {
    Known(Id<T>),
    New(Persist<T>),
}

impl<T: Entity> Pending<T> {
    /// An entity that `persist` makes managed.
    pub fn new(persist: impl FnOnce(&mut EntityManager) -> Id<T> + 'static) -> Self {
        Self(Kind::New(Box::new(persist)))
    }

    /// Makes it managed, and gives its id.
    pub fn resolve(self, em: &mut EntityManager) -> Id<T> {
        match self.0 {
            Kind::Known(id) => id,
            Kind::New(persist) => persist(em),
        }
    }
}

impl<T: Managed> IntoManaged for Id<T> {
    type Entity = T;

    fn into_pending(self) -> Pending<T> {
        Pending(Kind::Known(self))
    }
}

impl<T: Managed> IntoManaged for &Id<T> {
    type Entity = T;

    fn into_pending(self) -> Pending<T> {
        Pending(Kind::Known(self.clone()))
    }
}
