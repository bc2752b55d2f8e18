//! What shall not be read of a row.

use super::{Loads, PlainProperty, Root, Then};
use crate::entity::Entity;
use crate::schema::{FieldIndex, FieldSet};

/// What [`Find::exclude`](crate::Find::exclude) takes: properties of `R` itself, its key apart, or a tuple
/// of up to eight, which nest.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be left out of rows of `{R}`",
    label = "expected properties of `{R}` itself",
    note = "the primary key is always there, and nothing but the key is read of what a relation leads to",
    note = "write `|it| it.property()`, or several as a tuple: `|it| (it.property(), it.relation())`"
)]
pub trait Exclusion<R> {
    /// Adds the properties.
    #[doc(hidden)]
    fn exclude(self, excluded: &mut FieldSet);
}

/// The only step of a path from an entity to a property of its own.
fn only(steps: &[FieldIndex], excluded: &mut FieldSet) {
    debug_assert_eq!(steps.len(), 1, "the type of the path has one step");
    excluded.insert(steps[0]);
}

impl<R: Entity> Exclusion<R> for PlainProperty<Root<R>> {
    fn exclude(self, excluded: &mut FieldSet) {
        only(self.steps(), excluded);
    }
}

impl<R: Entity, S, B, X: Loads<Route = Then<Root<R>, S, B>>> Exclusion<R> for X {
    fn exclude(self, excluded: &mut FieldSet) {
        only(self.steps(), excluded);
    }
}

macro_rules! tuples {
    ($($($name:ident)*;)*) => {$(
        impl<R, $($name: Exclusion<R>),*> Exclusion<R> for ($($name,)*) {
            #[expect(non_snake_case, reason = "a variable for each type")]
            fn exclude(self, excluded: &mut FieldSet) {
                let ($($name,)*) = self;
                $($name.exclude(excluded);)*
            }
        }
    )*};
}

tuples! {
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
    A B C D E F G;
    A B C D E F G H;
}
