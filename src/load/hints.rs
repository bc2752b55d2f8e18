//! What shall be populated, as a tree of property positions.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{KeyProperty, Loads, PlainProperty, Route};
use crate::entity::List;
use crate::error::{Error, Result};
use crate::query::Query;
use crate::schema::{EntityIndex, EntitySchema, FieldIndex, ResolvedKind, Schema};

/// The relations and lazy properties to be loaded, each with what shall be loaded behind it. Hints
/// that begin with the same relation share it.
#[derive(Debug, Clone, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is what one of the hints that are joined here may say"
)]
pub struct Hints {
    pub(crate) fields: BTreeMap<FieldIndex, Hints>,
    /// Whether a path ends here, and does not only lead through.
    pub(crate) is_end: bool,
    /// What a collection shall show of its items, where that is not all.
    pub(crate) selection: Option<Arc<Query>>,
    /// Two hints choose among the items of one collection.
    pub(crate) is_contradictory: bool,
    /// A hint asks for the keys of the items.
    pub(crate) references: bool,
    /// A hint asks for the rows, or for what is behind them.
    rows: bool,
    /// Not populated though it is eager, unless another hint asks for it.
    pub(crate) is_not_eager: bool,
}

impl Hints {
    pub(crate) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    pub(crate) fn add(&mut self, steps: &[FieldIndex]) {
        let end = self.at(steps);
        end.is_end = true;
        end.rows = true;
    }

    /// Whether the keys of the items are enough.
    pub(super) const fn wants_keys_only(&self) -> bool {
        self.references && !self.rows
    }

    /// Adds what an option of a hint says of the relation at the end of a path.
    pub(crate) fn add_options(&mut self, steps: &[FieldIndex], mut options: Self) {
        options.is_end = true;
        options.rows = !options.references;
        self.at(steps).merge(options);
    }

    /// These hints, and the eager relations of all entities that they lead to.
    pub(crate) fn with_eager(&self, schema: &Schema, root: EntityIndex) -> Self {
        let mut all = self.clone();
        let mut open = vec![(root, &mut all)];
        while let Some((entity, here)) = open.pop() {
            let entity = schema.entity(entity);
            for field in &entity.eager {
                let hints = here.fields.entry(*field).or_default();
                hints.rows |= !hints.is_not_eager;
            }
            here.fields
                .retain(|_, hints| !hints.is_not_eager || hints.is_end || !hints.is_empty());
            for (field, hints) in &mut here.fields {
                if let ResolvedKind::Relation(relation) = &entity.fields[*field].kind {
                    open.push((relation.target, hints));
                }
            }
        }
        all
    }

    /// The relations at the end of these hints are not populated for being eager.
    pub(crate) fn exclude_eager(&mut self, mut excluded: Self) {
        let mut open = vec![&mut excluded];
        while let Some(here) = open.pop() {
            here.is_not_eager = std::mem::take(&mut here.is_end);
            here.rows = false;
            open.extend(here.fields.values_mut());
        }
        self.merge(excluded);
    }

    /// The hints behind a path.
    pub(crate) fn at(&mut self, steps: &[FieldIndex]) -> &mut Self {
        let mut here = self;
        for (at, step) in steps.iter().enumerate() {
            here = here.fields.entry(*step).or_default();
            here.rows |= at + 1 < steps.len();
        }
        here
    }

    /// A to-one relation leads to one row, and there is nothing to choose.
    pub(super) fn refuse_choice(&self, entity: &EntitySchema, field: FieldIndex) -> Result<()> {
        if self.selection.is_none() && !self.references {
            return Ok(());
        }
        Err(Error::Query {
            entity: entity.name,
            problem: format!(
                "`{}` leads to one row, so a populate hint can't choose among its items; write the hint without options",
                entity.fields[field].name
            ),
        })
    }

    /// Adds all that others say, without recursion: hints may be deeper than the stack.
    pub(crate) fn merge(&mut self, other: Self) {
        let mut open = vec![(self, other)];
        while let Some((here, mut other)) = open.pop() {
            here.is_end |= other.is_end;
            here.references |= other.references;
            here.rows |= other.rows;
            here.is_not_eager |= other.is_not_eager;
            here.is_contradictory |=
                other.is_contradictory || here.selection.is_some() && other.selection.is_some();
            here.selection = other.selection.take().or(here.selection.take());
            let (shared, new): (BTreeMap<_, _>, BTreeMap<_, _>) = std::mem::take(&mut other.fields)
                .into_iter()
                .partition(|(field, _)| here.fields.contains_key(field));
            here.fields.extend(new);
            let mut shared = shared;
            for (field, here) in &mut here.fields {
                open.extend(shared.remove(field).map(|other| (here, other)));
            }
        }
    }

    /// The collection shall show what the query says. An empty query chooses nothing.
    pub(crate) fn select(&mut self, query: Query) {
        if query.is_all() {
            return;
        }
        self.is_contradictory |= self.selection.is_some();
        self.selection = Some(Arc::new(query));
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

/// What a populate closure may return: a path to a relation or lazy property of `R`, or a tuple of
/// such.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a populate hint of `{R}`",
    label = "expected relations or lazy properties of `{R}`",
    note = "a plain property is loaded with its entity, and needs no hint",
    note = "write `|it| it.relation()`, or several as a tuple: `|it| (it.relation(), it.lazy_property())`"
)]
pub trait Hint<R> {
    /// What is populated, as a type.
    type Populates: List;

    /// Adds the paths.
    fn into_hints(self, hints: &mut Hints);
}

impl<R, P: Route<Root = R>, X: Loads<Route = P>> Hint<R> for X {
    type Populates = P::Populates<()>;

    fn into_hints(self, hints: &mut Hints) {
        hints.add(self.steps());
    }
}

/// What a closure may return that chooses properties, or leaves them out: a path to a property or
/// relation of `R`, or a tuple of such.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no choice of properties of `{R}`",
    label = "expected properties or relations of `{R}`",
    note = "write `|it| it.property()`, or several as a tuple: `|it| (it.property(), it.relation())`"
)]
pub trait Selection<R> {
    /// Adds the paths.
    fn into_selection(self, hints: &mut Hints);
}

impl<R, P: Route<Root = R>> Selection<R> for PlainProperty<P> {
    fn into_selection(self, hints: &mut Hints) {
        hints.add(self.steps());
    }
}

impl<R, P: Route<Root = R>> Selection<R> for KeyProperty<P> {
    fn into_selection(self, hints: &mut Hints) {
        hints.add(self.steps());
    }
}

impl<R, P: Route<Root = R>, X: Loads<Route = P>> Selection<R> for X {
    fn into_selection(self, hints: &mut Hints) {
        hints.add(self.steps());
    }
}

/// What either list has, of one list or more.
macro_rules! joined {
    ($name:ident) => { $name::Populates };
    ($name:ident $($more:ident)+) => { <$name::Populates as List>::And<joined!($($more)+)> };
}

macro_rules! tuples {
    ($($($name:ident)*;)*) => {$(
        impl<R, $($name: Hint<R>),*> Hint<R> for ($($name,)*) {
            type Populates = joined!($($name)*);

            #[expect(non_snake_case, reason = "a variable for each type")]
            fn into_hints(self, hints: &mut Hints) {
                let ($($name,)*) = self;
                $($name.into_hints(hints);)*
            }
        }

        impl<R, $($name: Selection<R>),*> Selection<R> for ($($name,)*) {
            #[expect(non_snake_case, reason = "a variable for each type")]
            fn into_selection(self, hints: &mut Hints) {
                let ($($name,)*) = self;
                $($name.into_selection(hints);)*
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
