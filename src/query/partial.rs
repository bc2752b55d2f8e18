//! Rows that are there in parts: what is left of an entity's properties when some are excluded.
//!
//! A partial row belongs to no unit of work. It holds the stored bytes of what was not excluded, and no
//! others; a value is decoded when it is asked for first. Invariant: what was excluded is told apart from
//! every value, a default among them.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

use serde::de::DeserializeOwned;

use super::projection::{Absent, Column, Columns, OptionalProperty, Projection, Values};
use super::{Property, describe_path};
use crate::entity::{Entity, Id};
use crate::error::{Error, Result};
use crate::schema::{
    EntityIndex, EntitySchema, FieldIndex, FieldSet, RelationSchema, ResolvedKind, Schema,
};

/// A row without the properties that its query has excluded: see [`Find::exclude`](crate::Find::exclude).
///
/// It is a value of its own, which no unit of work manages and no later change reaches. Relations are
/// there as keys; collections and lazy properties are not there at all.
pub struct Partial<T: Entity> {
    id: Id<T>,
    shape: Arc<Shape>,
    /// In the order of the shape's columns.
    values: Vec<Value>,
}

/// Which columns partial rows have, the primary key first.
#[derive(Clone)]
pub(crate) struct Shape {
    schema: Arc<Schema>,
    entity: EntityIndex,
    columns: Vec<Column>,
}

/// A stored value, and the decoded one once it was asked for.
pub(crate) struct Value {
    stored: Option<Vec<u8>>,
    decoded: OnceLock<Box<dyn Any + Send + Sync>>,
}

impl Shape {
    fn new(schema: &Arc<Schema>, entity: EntityIndex, excluded: FieldSet) -> Self {
        let at = schema.entity(entity);
        let column = |field: FieldIndex| {
            let left = field == at.key_field || !excluded.contains(at.holder(field));
            left.then(|| own_column(schema, at, field)).flatten()
        };
        let key = column(at.key_field);
        let others = (0..at.fields.len()).filter(|field| *field != at.key_field);
        Self {
            schema: Arc::clone(schema),
            entity,
            columns: key.into_iter().chain(others.filter_map(column)).collect(),
        }
    }

    pub(crate) fn entity(&self) -> &EntitySchema {
        self.schema.entity(self.entity)
    }

    fn place_of(&self, column: &Column) -> Option<usize> {
        self.columns.iter().position(|own| own == column)
    }

    fn describe(&self, column: &Column) -> String {
        describe_path(&self.schema, self.entity, &column.steps, column.field)
    }
}

/// What of a row shows a property, where a row does.
fn own_column(schema: &Schema, at: &EntitySchema, field: FieldIndex) -> Option<Column> {
    match &at.fields[field].kind {
        ResolvedKind::PrimaryKey | ResolvedKind::Scalar(_) => Some(Column {
            steps: Vec::new(),
            field,
        }),
        ResolvedKind::Relation(relation) if relation.is_to_one_owner() => {
            Some(key_behind(schema, field, relation))
        }
        ResolvedKind::Relation(_) | ResolvedKind::Lazy(_) | ResolvedKind::Derived(_) => None,
    }
}

/// The key that a to-one relation refers to.
fn key_behind(schema: &Schema, field: FieldIndex, relation: &RelationSchema) -> Column {
    Column {
        steps: vec![field],
        field: schema.entity(relation.target).key_field,
    }
}

impl<T: Entity> Partial<T> {
    /// The id.
    #[must_use]
    pub fn id(&self) -> Id<T> {
        self.id.clone()
    }

    /// The primary key.
    #[must_use]
    pub const fn key(&self) -> &T::Key {
        self.id.key()
    }

    pub(crate) fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The value of a property that was not excluded.
    pub(crate) fn value(&self, field: FieldIndex) -> Option<&Value> {
        let column = own_column(&self.shape.schema, self.shape.entity(), field)?;
        Some(&self.values[self.shape.place_of(&column)?])
    }

    /// The value of a column, if there is one.
    fn read<V: DeserializeOwned + Any + Send + Sync>(&self, column: &Column) -> Result<Option<&V>> {
        let place = self
            .shape
            .place_of(column)
            .ok_or_else(|| self.not_loaded(column))?;
        let Value { stored, decoded } = &self.values[place];
        let Some(stored) = stored else {
            return Ok(None);
        };
        if decoded.get().is_none() {
            let value: V = self.absent(column).decode(stored)?;
            // Another thread may have been faster, with the same value.
            let _ = decoded.set(Box::new(value));
        }
        let value = decoded.get().and_then(|value| value.downcast_ref());
        Ok(Some(value.expect("a property has one type")))
    }

    fn absent(&self, column: &Column) -> Absent {
        Absent {
            entity: T::NAME,
            key: self.id.to_string(),
            path: self.shape.describe(column),
        }
    }

    #[cold]
    fn not_loaded(&self, column: &Column) -> Error {
        let path = self.shape.describe(column);
        let at = self.shape.entity();
        let own = match column.steps.as_slice() {
            [] => own_column(&self.shape.schema, at, column.field),
            [step] => own_column(&self.shape.schema, at, *step),
            _ => None,
        };
        let remedy = if own.is_some_and(|own| own == *column) {
            let name = at.fields[at.holder(*column.steps.first().unwrap_or(&column.field))].name;
            format!("the query has excluded it, so take `{name}` out of its `exclude`")
        } else {
            "a partial row has what is stored in it, and nothing else; ask for this with `fields`"
                .to_owned()
        };
        Error::NotLoaded {
            what: format!("`{path}` of {} {}", T::NAME, self.id),
            remedy,
        }
    }
}

impl<T: Entity> Clone for Partial<T> {
    fn clone(&self) -> Self {
        let values = self
            .values
            .iter()
            .map(|value| Value::new(value.stored.clone()));
        Self {
            id: self.id.clone(),
            shape: Arc::clone(&self.shape),
            values: values.collect(),
        }
    }
}

impl Value {
    const fn new(stored: Option<Vec<u8>>) -> Self {
        Self {
            stored,
            decoded: OnceLock::new(),
        }
    }

    /// Nothing behind a relation or an embedded value that is `None`.
    pub(crate) fn stored(&self) -> Option<&[u8]> {
        self.stored.as_deref()
    }
}

/// What is there, but for hidden properties.
impl<T: Entity> fmt::Debug for Partial<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct(T::NAME);
        shown.field("id", &format_args!("{}", self.id));
        let at = self.shape.entity();
        for (column, Value { stored, .. }) in self.shape.columns.iter().zip(&self.values).skip(1) {
            let property = &at.fields[*column.steps.first().unwrap_or(&column.field)];
            let (name, stored) = (property.name, stored.as_deref().unwrap_or_default());
            match &property.kind {
                _ if property.hidden => shown.field(name, &format_args!("<hidden>")),
                ResolvedKind::Relation(relation) => {
                    let target = self.shape.schema.entity(relation.target);
                    let key = (target.key_of_value)(stored).map(|key| target.print_key(&key));
                    let key = key.as_deref().unwrap_or("None");
                    shown.field(name, &format_args!("{key}"))
                }
                _ if stored.is_empty() => shown.field(name, &format_args!("None")),
                ResolvedKind::Scalar(value_type) if property.embedded.is_none() => {
                    shown.field(name, &format_args!("{}", value_type.display(stored)))
                }
                _ => &mut shown,
            };
        }
        shown.finish_non_exhaustive()
    }
}

/// What [`Partial::get`] takes: a property of the row, the key of what a relation of the row refers to, or
/// a tuple of up to eight, which nest.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is nothing that a partial row of `{T}` can give",
    label = "expected properties of `{T}`",
    note = "write `|it| it.property()`, or several as a tuple; of a relation, ask for the key: `it.relation().id()`"
)]
pub trait Part<T: Entity> {
    /// What it gives.
    type Value<'p>;

    /// Takes it out of a row.
    ///
    /// # Errors
    /// When it is not there, or can't be read.
    #[doc(hidden)]
    fn of(self, partial: &Partial<T>) -> Result<Self::Value<'_>>;
}

impl<T: Entity, V: DeserializeOwned + Any + Send + Sync> Part<T> for Property<T, V> {
    type Value<'p> = &'p V;

    fn of(self, partial: &Partial<T>) -> Result<&V> {
        let column = self.column();
        let value = partial.read(&column)?;
        value.ok_or_else(|| partial.absent(&column).refuse())
    }
}

impl<T: Entity, V: DeserializeOwned + Any + Send + Sync> Part<T> for OptionalProperty<T, V> {
    type Value<'p> = Option<&'p V>;

    fn of(self, partial: &Partial<T>) -> Result<Option<&V>> {
        partial.read(&self.column())
    }
}

macro_rules! tuples {
    ($($($name:ident)*;)*) => {$(
        impl<T: Entity, $($name: Part<T>),*> Part<T> for ($($name,)*) {
            type Value<'p> = ($($name::Value<'p>,)*);

            #[expect(non_snake_case, reason = "a variable for each type")]
            fn of(self, partial: &Partial<T>) -> Result<Self::Value<'_>> {
                let ($($name,)*) = self;
                Ok(($($name.of(partial)?,)*))
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

/// What is left of an entity's properties: the projection that gives partial rows.
pub struct Remainder<T> {
    shape: Arc<Shape>,
    problem: Option<String>,
    entity: PhantomData<fn() -> T>,
}

impl<T: Entity> Remainder<T> {
    pub(crate) fn new(schema: &Arc<Schema>, entity: EntityIndex, excluded: FieldSet) -> Self {
        let at = schema.entity(entity);
        let part = at.key_parts.iter().find(|part| excluded.contains(**part));
        let problem = part.map(|part| {
            let name = at.fields[*part].name;
            format!("`{name}` is a part of the primary key, which is always there; take it out of `exclude`")
        });
        Self {
            shape: Arc::new(Shape::new(schema, entity, excluded)),
            problem,
            entity: PhantomData,
        }
    }

    /// The same, for a query that makes no sense.
    pub(crate) fn with_problem(mut self, problem: &str) -> Self {
        self.problem.get_or_insert_with(|| problem.to_owned());
        self
    }
}

impl<T: Entity> Projection<T> for Remainder<T> {
    type Row = Partial<T>;

    fn columns(&self, columns: &mut Columns) -> Result<()> {
        if let Some(problem) = self.problem.clone() {
            return Err(Error::Query {
                entity: T::NAME,
                problem,
            });
        }
        columns.0.extend_from_slice(&self.shape.columns);
        Ok(())
    }

    fn row_if_there(&self, values: &mut Values<'_>) -> Result<Option<Partial<T>>> {
        let (at, key) = values.next();
        let key_stored = key.expect("a row has a key");
        let id = Id::new(values.decode(at, &key_stored)?);
        let others = self.shape.columns[1..]
            .iter()
            .map(|_| Value::new(values.next().1));
        let key = Value::new(Some(key_stored));
        Ok(Some(Partial {
            id,
            values: std::iter::once(key).chain(others).collect(),
            shape: Arc::clone(&self.shape),
        }))
    }
}
