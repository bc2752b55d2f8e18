//! Query paths: from a root entity along its relations to the properties that filters and orders are
//! about. The derives wrap them, so that a path that does not exist does not compile.

use std::fmt;
use std::marker::PhantomData;

use super::embedded::EmbeddedPath;
use super::{Filter, ItemCount, Property};
use crate::entity::Entity;
use crate::schema::FieldIndex;

/// A path from the root entity `R` to the entity `T`.
pub struct Path<R, T> {
    steps: Vec<FieldIndex>,
    entities: PhantomData<fn() -> (R, T)>,
}

#[expect(
    clippy::mismatching_type_param_order,
    reason = "the root is both ends of its path"
)]
impl<R> Path<R, R> {
    /// The path that goes nowhere.
    #[must_use]
    pub const fn root() -> Self {
        Self::start()
    }
}

impl<R, T> Path<R, T> {
    /// The path without a step.
    pub(super) const fn start() -> Self {
        Self {
            steps: Vec::new(),
            entities: PhantomData,
        }
    }

    pub(crate) fn steps(&self) -> &[FieldIndex] {
        &self.steps
    }

    pub(crate) fn into_steps(self) -> Vec<FieldIndex> {
        self.steps
    }

    fn then<P>(&self, field: FieldIndex) -> Path<R, P> {
        let steps = self.steps.iter().copied().chain([field]).collect();
        Path {
            steps,
            entities: PhantomData,
        }
    }

    /// The path one relation further.
    #[must_use]
    pub fn relation<U: Entity>(&self, field: usize) -> Path<R, U> {
        self.then(field)
    }

    /// The relation at the end refers to nothing; so it is behind one that refers to nothing. The entity
    /// that a query is about is always there.
    pub fn is_none(&self) -> Filter<R> {
        if self.steps.is_empty() {
            return Filter::any([]);
        }
        ItemCount::at::<T>(self.steps.clone(), None).eq(0)
    }

    /// The path to a property that can be compared.
    #[must_use]
    pub fn property<V>(&self, field: usize) -> Property<R, V> {
        Property::new(self.steps.clone(), field)
    }

    /// The path to an embedded value, by the position of its first property.
    #[must_use]
    pub fn embedded(&self, first: usize) -> EmbeddedPath<R> {
        EmbeddedPath::new(self.untyped().0, first)
    }

    /// The same path without its type, for the properties of a base entity.
    #[must_use]
    pub fn untyped(&self) -> PropertyPath<R> {
        PropertyPath(Path {
            steps: self.steps.clone(),
            entities: PhantomData,
        })
    }
}

impl<R, T> Clone for Path<R, T> {
    fn clone(&self) -> Self {
        Self {
            steps: self.steps.clone(),
            entities: PhantomData,
        }
    }
}

impl<R, T> fmt::Debug for Path<R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Path").field(&self.steps).finish()
    }
}

/// A typed path from `R` that has come to an entity: the derives implement it for theirs.
pub trait QueryPath<R: Entity> {
    /// The entity.
    type Target: Entity;

    /// The path without the methods that go on.
    fn into_path(self) -> Path<R, Self::Target>;
}

/// A path from the root entity `R` to an entity whose type does not matter.
#[derive(Debug)]
pub struct PropertyPath<R>(Path<R, ()>);

impl<R> PropertyPath<R> {
    /// The path to a property that can be compared.
    #[must_use]
    pub fn property<V>(&self, field: usize) -> Property<R, V> {
        self.0.property(field)
    }

    /// The path to an embedded value, by the position of its first property.
    #[must_use]
    pub fn embedded(&self, first: usize) -> EmbeddedPath<R> {
        self.0.embedded(first)
    }
}

impl<R> Clone for PropertyPath<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}
