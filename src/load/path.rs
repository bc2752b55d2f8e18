//! Load paths: from a root entity along its relations to what shall be loaded, left out or written.
//!
//! They have no conditions; those are at the end of query paths. Beside the positions of its steps a
//! path has a [`Route`], the same steps as types, from which a hint tells what it populates.

use std::fmt;
use std::marker::PhantomData;

use crate::entity::{Entity, Implied, List, Only, OnlyPartly, Step, ToMany, Unchecked};
use crate::schema::FieldIndex;

/// The steps of a path, as types: [`Root`], or a route and one step [`Then`].
pub trait Route {
    /// The entity that the path begins at.
    type Root: Entity;
    /// What is populated of the root if `M` is populated where the path ends.
    type Populates<M: List>: List;
    /// The same if a hint chooses among the items where the path ends.
    type PopulatesPartly<M: List>: List;
}

/// A route that ends at a collection, among whose items a hint can choose.
pub trait ToCollection: Route {}

impl<P: Route, S: ToMany, B: Implied> ToCollection for Then<P, S, B> {}

/// Whether it does, the running program finds out.
impl<R: Entity> ToCollection for Anywhere<R> {}

/// How many of the items a hint populates where its path ends: [`All`] or [`Part`] of them.
pub trait Choice {
    /// What is populated of the root if `M` is populated where the path ends.
    type Populates<P: Route, M: List>: List;
}

/// All items.
pub enum All {}

/// Those that the hint chooses.
pub enum Part {}

impl Choice for All {
    type Populates<P: Route, M: List> = P::Populates<M>;
}

impl Choice for Part {
    type Populates<P: Route, M: List> = P::PopulatesPartly<M>;
}

/// The route that goes nowhere.
pub struct Root<R>(PhantomData<R>);

/// The route `P`, and then the relation or lazy property `S`, by which the target has populated what
/// `B` says ([`Implied`]).
pub struct Then<P, S, B = ()>(PhantomData<(P, S, B)>);

/// A route from `R` that only the running program knows.
pub struct Anywhere<R>(PhantomData<R>);

impl<R: Entity> Route for Anywhere<R> {
    type Root = R;
    type Populates<M: List> = Unchecked;
    type PopulatesPartly<M: List> = Unchecked;
}

impl<R: Entity> Route for Root<R> {
    type Root = R;
    type Populates<M: List> = M;
    type PopulatesPartly<M: List> = M;
}

impl<P: Route, S: Step, B: Implied> Route for Then<P, S, B> {
    type Root = P::Root;
    type Populates<M: List> = P::Populates<Only<S, M::Knowing<B::List>>>;
    type PopulatesPartly<M: List> = P::Populates<OnlyPartly<S, M::Knowing<B::List>>>;
}

/// A path by the route `P` to `T`: an entity, or the value of a lazy property.
pub struct LoadPath<P, T> {
    steps: Vec<FieldIndex>,
    types: PhantomData<fn() -> (P, T)>,
}

impl<P, T> LoadPath<P, T> {
    const fn new(steps: Vec<FieldIndex>) -> Self {
        Self {
            steps,
            types: PhantomData,
        }
    }

    /// The path to the relation or lazy property at a position, by the route `Q`.
    #[doc(hidden)]
    #[must_use]
    pub fn then<Q, U>(&self, field: FieldIndex) -> LoadPath<Q, U> {
        LoadPath::new(self.with(field))
    }

    /// The path that another type wraps.
    pub(crate) fn of(path: &impl Loads<Route = P, Target = T>) -> Self {
        Self::new(path.steps().to_vec())
    }

    /// The same path by another route.
    pub(crate) fn by<Q>(&self) -> LoadPath<Q, T> {
        LoadPath::new(self.steps.clone())
    }

    /// The path to a property at a position that is in the row.
    #[doc(hidden)]
    #[must_use]
    pub fn plain(&self, field: FieldIndex) -> PlainProperty<P> {
        PlainProperty {
            steps: self.with(field),
            route: PhantomData,
        }
    }

    /// The path to the primary key, at a position.
    #[doc(hidden)]
    #[must_use]
    pub fn key(&self, field: FieldIndex) -> KeyProperty<P> {
        KeyProperty(self.plain(field))
    }

    fn with(&self, field: FieldIndex) -> Vec<FieldIndex> {
        self.steps.iter().copied().chain([field]).collect()
    }

    /// The positions of the steps.
    #[doc(hidden)]
    #[must_use]
    pub fn steps(&self) -> &[FieldIndex] {
        &self.steps
    }
}

impl<R: Entity> LoadPath<Root<R>, R> {
    /// The path that goes nowhere.
    pub(crate) const fn root() -> Self {
        Self::new(Vec::new())
    }
}

impl<P, T> Clone for LoadPath<P, T> {
    fn clone(&self) -> Self {
        Self::new(self.steps.clone())
    }
}

impl<P, T> fmt::Debug for LoadPath<P, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LoadPath").field(&self.steps).finish()
    }
}

/// A path to a property that is stored in the row. It can be chosen or left out, and is no populate
/// hint: it is loaded with its entity.
pub struct PlainProperty<P> {
    steps: Vec<FieldIndex>,
    route: PhantomData<fn() -> P>,
}

impl<P> PlainProperty<P> {
    pub(super) fn steps(&self) -> &[FieldIndex] {
        &self.steps
    }
}

/// A path to a primary key. It can be left out where an entity is written, and of no row that is read.
pub struct KeyProperty<P>(PlainProperty<P>);

impl<P> KeyProperty<P> {
    pub(super) fn steps(&self) -> &[FieldIndex] {
        self.0.steps()
    }
}

/// A load path to an entity or to a lazy property: the derives implement it for their paths to
/// entities.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a populate hint",
    label = "expected relations or lazy properties",
    note = "a plain property is loaded with its entity, and needs no hint",
    note = "write `|it| it.relation()`, or several as a tuple: `|it| (it.relation(), it.lazy_property())`"
)]
pub trait Loads {
    /// The steps.
    type Route: Route;
    /// The entity, or the value.
    type Target;

    /// The positions of the steps.
    fn steps(&self) -> &[FieldIndex];
}

impl<P: Route, T> Loads for LoadPath<P, T> {
    type Route = P;
    type Target = T;

    fn steps(&self) -> &[FieldIndex] {
        &self.steps
    }
}
