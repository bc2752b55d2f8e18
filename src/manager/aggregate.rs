//! Queries for one value of many rows, in all or for each group of them.

use std::collections::BTreeMap;

use super::find::Options;
use super::read::marked;
use super::{Find, Managed};
use crate::entity::Handle;
use crate::error::Result;
use crate::load::Loader;
use crate::query::{
    self, Absent, Aggregate, Column, Columns, Path, Projection, Query, Slices, Values,
};
use crate::schema::EntityIndex;

impl<'em, T: Managed, H: Handle<Entity = T>> Find<'em, T, H> {
    /// One value of all rows that meet the condition: their [`sum`](crate::Measure::sum),
    /// [`avg`](crate::Measure::avg), [`min`](crate::Measure::min), [`max`](crate::Measure::max),
    /// [`count`](crate::Measure::count) or [`count_distinct`](crate::Measure::count_distinct), of properties of
    /// the entity and of what to-one relations lead to, or of what is [computed](Projection::map) of them.
    ///
    /// ```
    /// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
    /// # use musher::prelude::*;
    /// # #[derive(Entity, Debug)]
    /// # struct Invoice { #[orm(primary_key)] id: Pk, country: String, cents: u32, rating: Option<u8> }
    /// # let orm = Orm::builder().entities::<Invoice>().in_memory()?;
    /// # let mut em = orm.em();
    /// # for (country, cents, rating) in [("Chile", 300, Some(4)), ("India", 500, None), ("India", 100, Some(2))] {
    /// #     em.create(Invoice::build().country(country).cents(cents).rating(rating));
    /// # }
    /// let (sum, dearest, rating, count) = em
    ///     .find::<Invoice>()
    ///     .filter(|i| i.cents().ge(100_u32))
    ///     .aggregate(|i| (i.cents().sum(), i.cents().max(), i.rating().avg(), i.id().count()))?;
    /// assert_eq!((sum, dearest, rating, count), (900, Some(500), Some(3.0), 3));
    /// # Ok(()) }
    /// # #[cfg(not(feature = "derive"))] fn main() {}
    /// ```
    ///
    /// As in SQL, `None` does not count; a sum of nothing is 0, and the mean, the least and the greatest
    /// value of nothing are `None`. Limit, offset and cursor do not matter, as in [`count`](Self::count). All
    /// rows are of one moment, and a few hundred of them in memory at once.
    ///
    /// # Errors
    /// As [`all`](Self::all). [`Error::Query`](crate::Error::Query) if a sum is out of range.
    pub fn aggregate<A: Aggregate<T>>(
        self,
        aggregates: impl FnOnce(T::Path<T>) -> A,
    ) -> Result<A::Value> {
        let aggregates = aggregates(Path::root().into());
        let mut columns = Columns::default();
        aggregates.columns(&mut columns)?;
        let mut state = A::State::default();
        self.fold(&columns.0, &mut |values| aggregates.add(&mut state, values))?;
        Ok(A::finish(state))
    }

    /// Puts the rows that have the same values together, `.group_by(|i| i.customer().country())` or by a tuple
    /// of several, for [`aggregate`](GroupBy::aggregate).
    pub fn group_by<K: Projection<T>>(
        self,
        key: impl FnOnce(T::Path<T>) -> K,
    ) -> GroupBy<'em, T, K> {
        GroupBy {
            key: key(Path::root().into()),
            find: self.unchecked(),
        }
    }

    /// Gives the columns of each row that meets the condition to `work`.
    pub(super) fn fold(
        self,
        columns: &[Column],
        work: &mut dyn FnMut(&mut Values<'_>) -> Result<()>,
    ) -> Result<()> {
        let index = self.em.entity_index::<T>();
        let query = self.query.of_all();
        let query = self.em.place(index, query, None, &self.options)?;
        let mut asked = self.em.asked_by(index, &query, &Options::default())?;
        self.em.add_columns(index, columns, &mut asked);
        let read = |loader: &mut Loader<'_>, _| fold(loader, (index, query), columns, work);
        self.em.query(asked, read, &Options::default())
    }
}

fn fold(
    loader: &mut Loader<'_>,
    (index, query): (EntityIndex, Query),
    columns: &[Column],
    work: &mut dyn FnMut(&mut Values<'_>) -> Result<()>,
) -> Result<()> {
    let (database, reader) = (loader.database, loader.reader);
    let (schema, started) = (&database.schema, database.log.start());
    let entity = schema.entity(index);
    let by = started.map(|_| query::describe_query(schema, index, &query));
    let mut slices = Slices::begin(database, reader, entity, query)?;
    let by = by.map(|by| marked(by, slices.is_full_scan()));
    let mut count = 0;
    loop {
        let found = slices.next(database, reader, entity)?;
        if found.is_empty() {
            break;
        }
        count += found.len();
        let values = loader.projector().project(index, &found, columns)?;
        for (found, values) in found.iter().zip(values) {
            let describe = |at: usize| Absent::of(schema, index, &found.key, &columns[at]);
            work(&mut Values::new(values, &describe))?;
        }
    }
    let what = || format!("aggregates of {}", entity.label);
    loader.count(started, count, what, || by.unwrap_or_default());
    Ok(())
}

/// A query whose rows are in groups: see [`Find::group_by`].
#[must_use = "a query does nothing until it ends, with `.aggregate(..)`"]
pub struct GroupBy<'em, T: Managed, K> {
    find: Find<'em, T>,
    key: K,
}

impl<T: Managed, K: Projection<T>> GroupBy<'_, T, K> {
    /// Each group, with its value as that of [`Find::aggregate`], in the order of the groups.
    ///
    /// ```
    /// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
    /// # use musher::prelude::*;
    /// # #[derive(Entity, Debug)]
    /// # struct Customer { #[orm(primary_key)] id: Pk, country: String }
    /// # #[derive(Entity, Debug)]
    /// # struct Invoice { #[orm(primary_key)] id: Pk, cents: u32, #[orm(many_to_one)] customer: Id<Customer> }
    /// # let orm = Orm::builder().entities::<(Customer, Invoice)>().in_memory()?;
    /// # let mut em = orm.em();
    /// # for (country, cents) in [("India", 500), ("Chile", 300), ("India", 100)] {
    /// #     let customer = em.create(Customer::build().country(country));
    /// #     em.create(Invoice::build().cents(cents).customer(customer));
    /// # }
    /// let revenue: Vec<(String, u64)> = em
    ///     .find::<Invoice>()
    ///     .group_by(|i| i.customer().country())
    ///     .aggregate(|i| i.cents().sum())?;
    /// assert_eq!(revenue, [("Chile".to_owned(), 300), ("India".to_owned(), 600)]);
    /// # Ok(()) }
    /// # #[cfg(not(feature = "derive"))] fn main() {}
    /// ```
    ///
    /// A group is what its type takes for equal; `None` is one, too. There is one for each value that a row
    /// has, so none is empty. They are all in memory; another order, and a condition on them, are for `sort`
    /// and `retain`.
    ///
    /// # Errors
    /// As [`Find::aggregate`]. [`Error::Query`](crate::Error::Query) if a row is grouped by what is behind a
    /// relation that is `None`, and was not asked for as [`optional`](crate::Property::optional).
    pub fn aggregate<A: Aggregate<T>>(
        self,
        aggregates: impl FnOnce(T::Path<T>) -> A,
    ) -> Result<Vec<(K::Row, A::Value)>>
    where
        K::Row: Ord,
    {
        let Self { find, key } = self;
        let aggregates = aggregates(Path::root().into());
        let mut columns = Columns::default();
        key.columns(&mut columns)?;
        aggregates.columns(&mut columns)?;
        let mut groups: BTreeMap<K::Row, A::State> = BTreeMap::new();
        find.fold(&columns.0, &mut |values| {
            let state = groups.entry(key.row(values)?).or_default();
            aggregates.add(state, values)
        })?;
        let groups = groups.into_iter();
        Ok(groups.map(|(key, state)| (key, A::finish(state))).collect())
    }
}
