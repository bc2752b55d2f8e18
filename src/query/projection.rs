//! Projections: which properties a query gives of each row, and the types of their values.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use super::{Property, describe_path};
use crate::codec::RowKey;
use crate::codec::value::decode_value;
use crate::error::{Error, Result};
use crate::schema::{EntityIndex, FieldIndex, Schema};

/// What [`Find::fields`](crate::Find::fields) takes: a property, or a tuple of up to eight
/// projections, which nest.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no projection of `{R}`",
    label = "expected properties of `{R}`",
    note = "write `|it| it.property()`, or several as a tuple: `|it| (it.property(), it.relation().property())`",
    note = "of a relation, ask for the key: `it.relation().id()`"
)]
pub trait Projection<R> {
    /// What it gives of a row.
    type Row;

    /// Appends the properties that are read.
    ///
    /// # Errors
    /// When what is asked for makes no sense.
    #[doc(hidden)]
    fn columns(&self, columns: &mut Columns) -> Result<()>;

    /// Takes the values, in the order of the columns; `None` where one is behind a relation or an embedded
    /// value that is `None`.
    ///
    /// # Errors
    /// When a value can't be read.
    #[doc(hidden)]
    fn row_if_there(&self, values: &mut Values<'_>) -> Result<Option<Self::Row>>;

    /// Takes the values, in the order of the columns.
    ///
    /// # Errors
    /// When a value can't be read, or there is none.
    #[doc(hidden)]
    fn row(&self, values: &mut Values<'_>) -> Result<Self::Row> {
        let first = values.position();
        let row = self.row_if_there(values)?;
        row.ok_or_else(|| values.absent(first).refuse())
    }

    /// What a function makes of it: a value that is computed of one property, or of several.
    ///
    /// ```
    /// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
    /// # use musher::prelude::*;
    /// # #[derive(Entity, Debug)]
    /// # struct Line { #[orm(primary_key)] id: Pk, cents: u64, quantity: u64 }
    /// # let orm = Orm::builder().entities::<Line>().in_memory()?;
    /// # let mut em = orm.em();
    /// # for (cents, quantity) in [(20, 3), (50, 1)] { em.create(Line::build().cents(cents).quantity(quantity)); }
    /// let revenue = em
    ///     .find::<Line>()
    ///     .aggregate(|l| (l.cents(), l.quantity()).map(|(cents, quantity)| cents * quantity).sum())?;
    /// assert_eq!(revenue, 110);
    /// # Ok(()) }
    /// # #[cfg(not(feature = "derive"))] fn main() {}
    /// ```
    fn map<V, F: Fn(Self::Row) -> V>(self, function: F) -> Mapped<Self, F>
    where
        Self: Sized,
    {
        Mapped { of: self, function }
    }
}

/// The properties that a projection reads.
#[derive(Debug, Default)]
pub struct Columns(pub(crate) Vec<Column>);

/// A property, at the end of to-one relations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) steps: Vec<FieldIndex>,
    pub(crate) field: FieldIndex,
}

/// The stored values of one row's columns; `None` behind a relation or an embedded value that is `None`.
pub struct Values<'v> {
    row: std::vec::IntoIter<Option<Vec<u8>>>,
    /// Says of a column what it is, and of which row.
    describe: &'v dyn Fn(usize) -> Absent,
    at: usize,
}

/// A value that is not there.
pub(crate) struct Absent {
    pub(crate) entity: &'static str,
    pub(crate) key: String,
    pub(crate) path: String,
}

impl Absent {
    /// The end of a path from a row, in words.
    pub(crate) fn of(
        schema: &Schema,
        entity: EntityIndex,
        key: &RowKey,
        Column { steps, field }: &Column,
    ) -> Self {
        let at = schema.entity(entity);
        Self {
            entity: at.name,
            key: at.print_key(key),
            path: describe_path(schema, entity, steps, *field),
        }
    }

    pub(super) fn decode<V: DeserializeOwned + 'static>(&self, stored: &[u8]) -> Result<V> {
        let Self { entity, key, path } = self;
        decode_value(stored).map_err(|error| Error::Corruption {
            what: format!("`{path}` of {entity} {key} can't be read: {error}"),
            source: Some(Box::new(error)),
        })
    }

    pub(super) fn refuse(self) -> Error {
        let Self { entity, key, path } = self;
        Error::Query {
            entity,
            problem: format!(
                "there is no `{path}` of {entity} {key}, since a relation or an embedded value on the way is `None`; ask for it as \
                 `.optional()`, or only for rows that have it"
            ),
        }
    }
}

impl<'v> Values<'v> {
    pub(crate) fn new(values: Vec<Option<Vec<u8>>>, describe: &'v dyn Fn(usize) -> Absent) -> Self {
        Self {
            row: values.into_iter(),
            describe,
            at: 0,
        }
    }

    /// The next value, and which column it is of.
    pub(super) fn next(&mut self) -> (usize, Option<Vec<u8>>) {
        let value = self.row.next().expect("there is a value for each column");
        self.at += 1;
        (self.at - 1, value)
    }

    /// How many values were taken.
    pub(super) const fn position(&self) -> usize {
        self.at
    }

    /// What a column is, in words.
    pub(super) fn absent(&self, column: usize) -> Absent {
        (self.describe)(column)
    }

    pub(super) fn decode<V: DeserializeOwned + 'static>(
        &self,
        at: usize,
        stored: &[u8],
    ) -> Result<V> {
        match decode_value(stored) {
            Ok(value) => Ok(value),
            Err(_) => self.absent(at).decode(stored),
        }
    }

    fn next_value<V: DeserializeOwned + 'static>(&mut self) -> Result<Option<V>> {
        let (at, stored) = self.next();
        stored.map(|stored| self.decode(at, &stored)).transpose()
    }
}

impl<R, V: DeserializeOwned + 'static> Projection<R> for Property<R, V> {
    type Row = V;

    fn columns(&self, columns: &mut Columns) -> Result<()> {
        columns.0.push(self.column());
        Ok(())
    }

    fn row_if_there(&self, values: &mut Values<'_>) -> Result<Option<V>> {
        values.next_value()
    }
}

/// A property that may be behind a relation that is `None`: see [`Property::optional`].
pub struct OptionalProperty<R, V> {
    property: Property<R, V>,
    types: PhantomData<fn() -> (R, V)>,
}

impl<R, V> OptionalProperty<R, V> {
    pub(super) fn column(&self) -> Column {
        self.property.column()
    }
}

impl<R, V> Property<R, V> {
    /// For [`Find::fields`](crate::Find::fields): `None` where a relation, or an embedded value, that leads
    /// to the property is `None`.
    #[must_use]
    pub fn optional(self) -> OptionalProperty<R, V> {
        OptionalProperty {
            property: self,
            types: PhantomData,
        }
    }
}

impl<R, V: DeserializeOwned + 'static> Projection<R> for OptionalProperty<R, V> {
    type Row = Option<V>;

    fn columns(&self, columns: &mut Columns) -> Result<()> {
        columns.0.push(self.column());
        Ok(())
    }

    fn row_if_there(&self, values: &mut Values<'_>) -> Result<Option<Option<V>>> {
        values.next_value().map(Some)
    }
}

/// What is computed of a projection: see [`Projection::map`].
pub struct Mapped<P, F> {
    of: P,
    function: F,
}

impl<R, P: Projection<R>, V, F: Fn(P::Row) -> V> Projection<R> for Mapped<P, F> {
    type Row = V;

    fn columns(&self, columns: &mut Columns) -> Result<()> {
        self.of.columns(columns)
    }

    fn row_if_there(&self, values: &mut Values<'_>) -> Result<Option<V>> {
        Ok(self.of.row_if_there(values)?.map(&self.function))
    }

    fn row(&self, values: &mut Values<'_>) -> Result<V> {
        self.of.row(values).map(&self.function)
    }
}

macro_rules! tuples {
    ($($($name:ident)*;)*) => {
        $(impl<R, $($name: Projection<R>),*> Projection<R> for ($($name,)*) {
            type Row = ($($name::Row,)*);

            #[expect(non_snake_case, reason = "a variable for each type")]
            fn columns(&self, columns: &mut Columns) -> Result<()> {
                let ($($name,)*) = self;
                $($name.columns(columns)?;)*
                Ok(())
            }

            #[expect(non_snake_case, reason = "a variable for each type")]
            fn row_if_there(&self, values: &mut Values<'_>) -> Result<Option<Self::Row>> {
                let ($($name,)*) = self;
                // All are taken, so that the next projection finds its own.
                $(let $name = $name.row_if_there(values)?;)*
                Ok((|| Some(($($name?,)*)))())
            }

            #[expect(non_snake_case, reason = "a variable for each type")]
            fn row(&self, values: &mut Values<'_>) -> Result<Self::Row> {
                let ($($name,)*) = self;
                // The fields of a tuple are evaluated in their order.
                Ok(($($name.row(values)?,)*))
            }
        })*
    };
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
