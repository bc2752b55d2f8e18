//! What shall be populated, as a tree of property positions.

use std::collections::BTreeMap;

use super::{LazyPath, Path};
use crate::entity::Entity;
use crate::schema::FieldIndex;

/// The relations and lazy properties to be loaded, each with what shall be loaded behind it. Hints
/// that begin with the same relation share it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hints {
    pub(crate) fields: BTreeMap<FieldIndex, Hints>,
    /// Whether a path ends here, and does not only lead through.
    pub(crate) is_end: bool,
}

impl Hints {
    pub(crate) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    pub(crate) fn add(&mut self, steps: &[FieldIndex]) {
        let mut here = self;
        for step in steps {
            here = here.fields.entry(*step).or_default();
        }
        here.is_end = true;
    }
}

/// A hint may be deeper than the stack.
impl Drop for Hints {
    fn drop(&mut self) {
        let mut open = vec![std::mem::take(&mut self.fields)];
        while let Some(fields) = open.pop() {
            let deeper = fields.into_values();
            open.extend(deeper.map(|mut hints| std::mem::take(&mut hints.fields)));
        }
    }
}

/// What a populate closure may return: a path of relations and lazy properties of `R`, or a tuple
/// of such.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a populate hint of `{R}`",
    label = "expected relations or lazy properties of `{R}`",
    note = "write `|it| it.relation()`, or several as a tuple: `|it| (it.relation(), it.lazy_property())`"
)]
pub trait Hint<R> {
    /// Adds the paths.
    fn into_hints(self, hints: &mut Hints);
}

impl<R: Entity, T> Hint<R> for Path<R, T> {
    fn into_hints(self, hints: &mut Hints) {
        hints.add(self.steps());
    }
}

impl<R: Entity> Hint<R> for LazyPath<R> {
    fn into_hints(self, hints: &mut Hints) {
        hints.add(self.steps());
    }
}

macro_rules! tuples {
    ($($name:ident)*) => {
        impl<R, $($name: Hint<R>),*> Hint<R> for ($($name,)*) {
            #[expect(non_snake_case, reason = "the type parameter's name serves as the variable's")]
            fn into_hints(self, hints: &mut Hints) {
                let ($($name,)*) = self;
                $($name.into_hints(hints);)*
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_with_a_common_beginning_share_it() {
        let mut hints = Hints::default();
        hints.add(&[1, 2]);
        hints.add(&[1, 3]);
        hints.add(&[4]);
        assert_eq!(hints.fields.keys().copied().collect::<Vec<_>>(), [1, 4]);
        assert_eq!(
            hints.fields[&1].fields.keys().copied().collect::<Vec<_>>(),
            [2, 3]
        );
    }
}
