//! Aggregates: one value of many rows.
//!
//! An aggregate takes a value of each row into its state, one after the other, so that rows need not be
//! kept. Invariant: a row that has no value, because a property, a relation or an embedded value on the way
//! is `None`, does not count.

use std::collections::BTreeSet;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use super::Property;
use super::projection::{Columns, Mapped, OptionalProperty, Projection, Values};
use super::summand::{Averaged, Summand};
use crate::codec::OrderedKey;
use crate::error::{Error, Result};

/// What [`Find::aggregate`](crate::Find::aggregate) takes: an aggregate, such as `it.property().sum()`, or
/// a tuple of up to eight, which nest.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no aggregate of rows of `{R}`",
    label = "expected aggregates",
    note = "write `|it| it.property().sum()`, or `avg`, `min`, `max`, `count`, `count_distinct`; or several as a tuple"
)]
pub trait Aggregate<R> {
    /// What it gives.
    type Value;

    /// What is kept while rows are read.
    #[doc(hidden)]
    type State: Default;

    /// Appends the properties that are read.
    ///
    /// # Errors
    /// When what is asked for makes no sense.
    #[doc(hidden)]
    fn columns(&self, columns: &mut Columns) -> Result<()>;

    /// Takes in a row.
    ///
    /// # Errors
    /// When a value can't be read, or the result is out of range.
    #[doc(hidden)]
    fn add(&self, state: &mut Self::State, values: &mut Values<'_>) -> Result<()>;

    /// The result.
    #[doc(hidden)]
    fn finish(state: Self::State) -> Self::Value;
}

/// One value of each row, of which aggregates are made: a property, or what is
/// [computed](Projection::map) of some.
///
/// As in SQL, a row without a value does not count: where the property is `None`, or a relation or an
/// embedded value on the way is.
pub trait Measure<R>: Projection<R> + Sized {
    /// The sum, 0 of no values: of numbers, time spans and every [`Summand`]. One that is out of range of
    /// [`Summand::Sum`] is [`Error::Query`](crate::Error::Query), which names the property.
    fn sum(self) -> Sum<Self>
    where
        Self::Row: Summand,
    {
        Sum(self)
    }

    /// The mean, or `None` of no values.
    fn avg(self) -> Average<Self>
    where
        Self::Row: Averaged,
    {
        Average(self)
    }

    /// The least value, or `None` of no values.
    fn min(self) -> Extreme<Self, Least>
    where
        Self::Row: OrderedKey,
    {
        Extreme(self, PhantomData)
    }

    /// The greatest value, or `None` of no values.
    fn max(self) -> Extreme<Self, Greatest>
    where
        Self::Row: OrderedKey,
    {
        Extreme(self, PhantomData)
    }

    /// How many rows have a value; `it.id().count()` counts all.
    fn count(self) -> Count<Self> {
        Count(self)
    }

    /// How many different values there are. They are kept until all rows are read.
    fn count_distinct(self) -> CountDistinct<Self>
    where
        Self::Row: OrderedKey,
    {
        CountDistinct(self)
    }
}

impl<R, V: DeserializeOwned + 'static> Measure<R> for Property<R, V> {}

impl<R, P: Projection<R>, V, F: Fn(P::Row) -> V> Measure<R> for Mapped<P, F> {}

/// The values that are there, of those that may be `None`.
pub struct Present<P>(P);

impl<R, V, P: Projection<R, Row = Option<V>>> Projection<R> for Present<P> {
    type Row = V;

    fn columns(&self, columns: &mut Columns) -> Result<()> {
        self.0.columns(columns)
    }

    fn row_if_there(&self, values: &mut Values<'_>) -> Result<Option<V>> {
        Ok(self.0.row_if_there(values)?.flatten())
    }
}

impl<R, V, P: Projection<R, Row = Option<V>>> Measure<R> for Present<P> {}

/// For what may be `None`, the same aggregates of the values that are there. Methods of a type go before
/// those of a trait, so these hide the ones of [`Measure`].
macro_rules! of_what_may_be_none {
    ($property:ty) => {
        impl<R, V: DeserializeOwned> $property {
            /// [`Measure::sum`] of the values that are there.
            pub fn sum(self) -> Sum<Present<Self>>
            where
                V: Summand,
            {
                Sum(Present(self))
            }

            /// [`Measure::avg`] of the values that are there.
            pub fn avg(self) -> Average<Present<Self>>
            where
                V: Averaged,
            {
                Average(Present(self))
            }

            /// [`Measure::min`] of the values that are there.
            pub fn min(self) -> Extreme<Present<Self>, Least>
            where
                V: OrderedKey,
            {
                Extreme(Present(self), PhantomData)
            }

            /// [`Measure::max`] of the values that are there.
            pub fn max(self) -> Extreme<Present<Self>, Greatest>
            where
                V: OrderedKey,
            {
                Extreme(Present(self), PhantomData)
            }

            /// [`Measure::count`] of the values that are there.
            pub fn count(self) -> Count<Present<Self>> {
                Count(Present(self))
            }

            /// [`Measure::count_distinct`] of the values that are there.
            pub fn count_distinct(self) -> CountDistinct<Present<Self>>
            where
                V: OrderedKey,
            {
                CountDistinct(Present(self))
            }
        }
    };
}

of_what_may_be_none!(Property<R, Option<V>>);
of_what_may_be_none!(OptionalProperty<R, V>);

/// Reads the value of a row and takes it in, with `None` where the result is out of range.
fn take<R, P: Projection<R>, S: Default>(
    projection: &P,
    state: &mut S,
    values: &mut Values<'_>,
    what: &str,
    add: impl FnOnce(P::Row, S) -> Option<S>,
) -> Result<()> {
    let first = values.position();
    let Some(value) = projection.row_if_there(values)? else {
        return Ok(());
    };
    *state = add(value, std::mem::take(state)).ok_or_else(|| out_of_range(values, first, what))?;
    Ok(())
}

#[cold]
fn out_of_range(values: &Values<'_>, first: usize, what: &str) -> Error {
    let columns: Vec<_> = (first..values.position())
        .map(|at| values.absent(at))
        .collect();
    let paths: Vec<_> = columns
        .iter()
        .map(|column| format!("`{}`", column.path))
        .collect();
    Error::Query {
        entity: columns.first().map_or("", |column| column.entity),
        problem: format!(
            "the {what} of {} is out of range of its type; ask for fewer rows, or make a wider type of each value with `map`",
            paths.join(", ")
        ),
    }
}

/// [`Measure::sum`].
#[must_use = "an aggregate does nothing until `aggregate` takes it"]
pub struct Sum<P>(P);

impl<R, P: Projection<R>> Aggregate<R> for Sum<P>
where
    P::Row: Summand,
{
    type Value = <P::Row as Summand>::Sum;
    type State = <P::Row as Summand>::Sum;

    fn columns(&self, columns: &mut Columns) -> Result<()> {
        self.0.columns(columns)
    }

    fn add(&self, state: &mut Self::State, values: &mut Values<'_>) -> Result<()> {
        take(&self.0, state, values, "sum", |value, sum| {
            value.add_to(sum)
        })
    }

    fn finish(state: Self::State) -> Self::Value {
        state
    }
}

/// [`Measure::avg`].
#[must_use = "an aggregate does nothing until `aggregate` takes it"]
pub struct Average<P>(P);

impl<R, P: Projection<R>> Aggregate<R> for Average<P>
where
    P::Row: Averaged,
{
    type Value = Option<<P::Row as Averaged>::Mean>;
    type State = (<P::Row as Averaged>::Total, usize);

    fn columns(&self, columns: &mut Columns) -> Result<()> {
        self.0.columns(columns)
    }

    fn add(&self, state: &mut Self::State, values: &mut Values<'_>) -> Result<()> {
        take(&self.0, state, values, "mean", |value, (total, count)| {
            Some((value.add_to_total(total)?, count + 1))
        })
    }

    fn finish((total, count): Self::State) -> Self::Value {
        (count > 0).then(|| P::Row::mean(total, count))
    }
}

/// [`Measure::min`] and [`Measure::max`], by `E`.
#[must_use = "an aggregate does nothing until `aggregate` takes it"]
pub struct Extreme<P, E>(P, PhantomData<E>);

/// Of two values, the one that sorts first.
pub struct Least;

/// Of two values, the one that sorts last.
pub struct Greatest;

/// Which of two values is kept.
pub trait End {
    /// Whether a key takes the place of another one.
    #[doc(hidden)]
    fn prefers(key: &[u8], to: &[u8]) -> bool;
}

impl End for Least {
    fn prefers(key: &[u8], to: &[u8]) -> bool {
        key < to
    }
}

impl End for Greatest {
    fn prefers(key: &[u8], to: &[u8]) -> bool {
        key > to
    }
}

impl<R, P: Projection<R>, E: End> Aggregate<R> for Extreme<P, E>
where
    P::Row: OrderedKey,
{
    type Value = Option<P::Row>;
    /// The value so far, behind its key.
    type State = Option<(Vec<u8>, P::Row)>;

    fn columns(&self, columns: &mut Columns) -> Result<()> {
        self.0.columns(columns)
    }

    fn add(&self, state: &mut Self::State, values: &mut Values<'_>) -> Result<()> {
        let Some(value) = self.0.row_if_there(values)? else {
            return Ok(());
        };
        let mut key = Vec::new();
        value.encode_key(&mut key);
        if state
            .as_ref()
            .is_none_or(|(kept, _)| E::prefers(&key, kept))
        {
            *state = Some((key, value));
        }
        Ok(())
    }

    fn finish(state: Self::State) -> Self::Value {
        state.map(|(_, value)| value)
    }
}

/// [`Measure::count`].
#[must_use = "an aggregate does nothing until `aggregate` takes it"]
pub struct Count<P>(P);

impl<R, P: Projection<R>> Aggregate<R> for Count<P> {
    type Value = usize;
    type State = usize;

    fn columns(&self, columns: &mut Columns) -> Result<()> {
        self.0.columns(columns)
    }

    fn add(&self, state: &mut usize, values: &mut Values<'_>) -> Result<()> {
        *state += usize::from(self.0.row_if_there(values)?.is_some());
        Ok(())
    }

    fn finish(state: usize) -> usize {
        state
    }
}

/// [`Measure::count_distinct`].
#[must_use = "an aggregate does nothing until `aggregate` takes it"]
pub struct CountDistinct<P>(P);

impl<R, P: Projection<R>> Aggregate<R> for CountDistinct<P>
where
    P::Row: OrderedKey,
{
    type Value = usize;
    /// The keys of the values.
    type State = BTreeSet<Vec<u8>>;

    fn columns(&self, columns: &mut Columns) -> Result<()> {
        self.0.columns(columns)
    }

    fn add(&self, state: &mut Self::State, values: &mut Values<'_>) -> Result<()> {
        if let Some(value) = self.0.row_if_there(values)? {
            let mut key = Vec::new();
            value.encode_key(&mut key);
            state.insert(key);
        }
        Ok(())
    }

    fn finish(state: Self::State) -> usize {
        state.len()
    }
}

macro_rules! tuples {
    ($($($name:ident $state:ident)*;)*) => {$(
        impl<R, $($name: Aggregate<R>),*> Aggregate<R> for ($($name,)*) {
            type Value = ($($name::Value,)*);
            type State = ($($name::State,)*);

            #[expect(non_snake_case, reason = "a variable for each type")]
            fn columns(&self, columns: &mut Columns) -> Result<()> {
                let ($($name,)*) = self;
                $($name.columns(columns)?;)*
                Ok(())
            }

            #[expect(non_snake_case, reason = "a variable for each type")]
            fn add(&self, state: &mut Self::State, values: &mut Values<'_>) -> Result<()> {
                let (($($name,)*), ($($state,)*)) = (self, state);
                $($name.add($state, values)?;)*
                Ok(())
            }

            fn finish(($($state,)*): Self::State) -> Self::Value {
                ($($name::finish($state),)*)
            }
        }
    )*};
}

tuples! {
    A a;
    A a B b;
    A a B b C c;
    A a B b C c D d;
    A a B b C c D d E e;
    A a B b C c D d E e F f;
    A a B b C c D d E e F f G g;
    A a B b C c D d E e F f G g H h;
}
