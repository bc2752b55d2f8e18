//! What an update in bulk makes of properties.

use std::marker::PhantomData;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{IntoOperand, Property};
use crate::codec::RowKey;
use crate::codec::value::{ValueError, decode_value, encode_value};
use crate::schema::FieldIndex;

type Compute = Arc<dyn Fn(&[u8]) -> Result<Vec<u8>, ValueError> + Send + Sync>;

/// A property of `R` and what it shall be: `a.title().set("New")`, `a.visits().update(|n| n + 1)`.
#[must_use = "an assignment does nothing until `.set(..)` of a bulk update takes it"]
pub struct Assignment<R> {
    steps: Vec<FieldIndex>,
    value: Compute,
    root: PhantomData<fn() -> R>,
}

impl<R> Assignment<R> {
    fn new(
        steps: Vec<FieldIndex>,
        value: impl Fn(&[u8]) -> Result<Vec<u8>, ValueError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            steps,
            value: Arc::new(value),
            root: PhantomData,
        }
    }

    /// The positions that lead to the property, its own the last, and its new stored form.
    pub(crate) fn into_parts(self) -> (Vec<FieldIndex>, Compute) {
        (self.steps, self.value)
    }
}

impl<R> Assignment<R> {
    /// A property shall be this value.
    pub(crate) fn of_value(steps: Vec<FieldIndex>, value: &(impl Serialize + 'static)) -> Self {
        Self::of_encoded(steps, |stored| encode_value(value, stored))
    }

    /// A property shall be what is written here.
    pub(super) fn of_encoded(
        steps: Vec<FieldIndex>,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<(), ValueError>,
    ) -> Self {
        let mut stored = Vec::new();
        let encoded = encode(&mut stored);
        let stored = encoded.map(|()| stored).map_err(|error| error.to_string());
        Self::new(steps, move |_| {
            let stored = stored.clone();
            stored.map_err(|reason| ValueError::Unsupported { reason })
        })
    }

    /// A to-one relation shall hold this key, or none.
    pub(crate) fn of_reference(steps: Vec<FieldIndex>, key: Option<&RowKey>) -> Self {
        let stored = key.map(RowKey::to_vec).unwrap_or_default();
        Self::new(steps, move |_| Ok(stored.clone()))
    }
}

impl<R, V: Serialize + 'static> Property<R, V> {
    /// The property shall be this, in every row of a bulk update.
    pub fn set(self, value: impl IntoOperand<V>) -> Assignment<R> {
        Assignment::of_value(self.into_steps(), &value.into_operand())
    }
}

impl<R, V: Serialize + DeserializeOwned + 'static> Property<R, V> {
    /// The property shall be what `change` makes of the value that the row has.
    pub fn update(self, change: impl Fn(V) -> V + Send + Sync + 'static) -> Assignment<R> {
        Assignment::new(self.into_steps(), move |stored| {
            let mut next = Vec::new();
            encode_value(&change(decode_value(stored)?), &mut next)?;
            Ok(next)
        })
    }
}

/// One assignment or a tuple of them: what `.set(..)` of a bulk update takes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no assignment to properties of `{R}`",
    label = "expected `it.property().set(value)` or `it.property().update(|old| ..)`, or a tuple of such"
)]
pub trait IntoAssignments<R> {
    /// Appends them.
    fn into_assignments(self, out: &mut Vec<Assignment<R>>);
}

impl<R> IntoAssignments<R> for Assignment<R> {
    fn into_assignments(self, out: &mut Vec<Self>) {
        out.push(self);
    }
}

impl<R> IntoAssignments<R> for Vec<Assignment<R>> {
    fn into_assignments(self, out: &mut Self) {
        out.extend(self);
    }
}

macro_rules! tuples {
    ($($name:ident)*) => {
        impl<R, $($name: IntoAssignments<R>),*> IntoAssignments<R> for ($($name,)*) {
            #[expect(non_snake_case, reason = "the type parameter's name serves as the variable's")]
            fn into_assignments(self, out: &mut Vec<Assignment<R>>) {
                let ($($name,)*) = self;
                $($name.into_assignments(out);)*
            }
        }
    };
}

tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
tuples!(A B C D E F G);
tuples!(A B C D E F G H);
