//! Paths to embedded values. The properties of a value are properties of its entity, so a path to one
//! is a property whose position is counted from the value's first.

use std::ops::Deref;

use super::{Filter, Path, Property};

/// A path from the root entity `R` to an embedded value.
pub struct EmbeddedPath<R> {
    path: Path<R, ()>,
    /// The position of the value's first property.
    first: usize,
}

impl<R> EmbeddedPath<R> {
    pub(super) const fn new(path: Path<R, ()>, first: usize) -> Self {
        Self { path, first }
    }

    /// The path to an element of a list, from the element itself.
    pub(super) const fn of_element() -> Self {
        Self::new(Path::start(), 0)
    }

    /// The path to a property of the value.
    #[must_use]
    pub fn property<V>(&self, field: usize) -> Property<R, V> {
        self.path.property(self.first + field)
    }

    /// The path to a value within the value.
    #[must_use]
    pub fn embedded(&self, first: usize) -> Self {
        Self::new(self.path.clone(), self.first + first)
    }
}

impl<R> Clone for EmbeddedPath<R> {
    fn clone(&self) -> Self {
        let (path, first) = (self.path.clone(), self.first);
        Self { path, first }
    }
}

/// A path from the root entity `R` to an embedded value that may be absent. It goes on as `P`, the path
/// to a value, does; behind an absent one, everything is `None`.
pub struct OptionalPath<R, P> {
    presence: Property<R, Option<()>>,
    value: P,
}

impl<R, P> OptionalPath<R, P> {
    #[doc(hidden)]
    pub const fn new(presence: Property<R, Option<()>>, value: P) -> Self {
        Self { presence, value }
    }

    /// There is no value.
    pub fn is_none(&self) -> Filter<R> {
        self.presence.clone().is_none()
    }

    /// There is a value.
    pub fn is_some(&self) -> Filter<R> {
        self.presence.clone().is_some()
    }
}

impl<R, P> Deref for OptionalPath<R, P> {
    type Target = P;

    fn deref(&self) -> &P {
        &self.value
    }
}

impl<R, P: Clone> Clone for OptionalPath<R, P> {
    fn clone(&self) -> Self {
        Self::new(self.presence.clone(), self.value.clone())
    }
}
