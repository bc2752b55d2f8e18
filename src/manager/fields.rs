//! Queries for single properties, whose results are tuples of values and no entities.

use std::collections::BTreeSet;

use super::asked::Asked;
use super::find::Options;
use super::page::RowPage;
use super::read::{Told, count_found, find_rows};
use super::row_stream::RowStream;
use super::{EntityManager, Find, Managed};
use crate::entity::Handle;
use crate::error::Result;
use crate::load::Loader;
use crate::query::{Absent, Column, Columns, Found, Path, Projection, Query, Values};
use crate::schema::EntityIndex;

impl<'em, T: Managed, H: Handle<Entity = T>> Find<'em, T, H> {
    /// Asks for single properties, of the entity and of what to-one relations lead to: the results are
    /// tuples of their values. Nothing becomes an instance, so what was not asked for is not there to be
    /// read, and what is found is not followed by later changes.
    ///
    /// ```
    /// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
    /// # use musher::prelude::*;
    /// # #[derive(Entity, Debug)]
    /// # struct User { #[orm(primary_key)] id: Pk, name: String }
    /// # #[derive(Entity, Debug)]
    /// # struct Article { #[orm(primary_key)] id: Pk, title: String, #[orm(many_to_one)] author: Id<User>,
    /// #   #[orm(many_to_one)] editor: Option<Id<User>> }
    /// # let orm = Orm::builder().entities::<(User, Article)>().in_memory()?;
    /// # let mut em = orm.em();
    /// # let user = em.create(User::build().name("Ann"));
    /// # em.create(Article::build().title("Foo").author(user));
    /// let rows: Vec<(String, String, Option<String>)> = em
    ///     .find::<Article>()
    ///     .order_by(|a| a.title().asc())
    ///     .limit(10)
    ///     .fields(|a| (a.title(), a.author().name(), a.editor().name().optional()))
    ///     .all()?;
    /// assert_eq!(rows, [("Foo".to_owned(), "Ann".to_owned(), None)]);
    /// # Ok(()) }
    /// # #[cfg(not(feature = "derive"))] fn main() {}
    /// ```
    ///
    /// What `populate` has said before counts for nothing.
    pub fn fields<P: Projection<T>>(
        self,
        fields: impl FnOnce(T::Path<T>) -> P,
    ) -> FindFields<'em, T, P> {
        FindFields::new(self.unchecked(), fields(Path::root().into()))
    }
}

/// A query for values instead of entities: see [`Find::fields`] and [`Find::exclude`].
#[must_use = "a query does nothing until it ends, with `.all()` for instance"]
pub struct FindFields<'em, T: Managed, P> {
    find: Find<'em, T>,
    fields: P,
}

impl<'em, T: Managed, P: Projection<T>> FindFields<'em, T, P> {
    pub(super) const fn new(find: Find<'em, T>, fields: P) -> Self {
        Self { find, fields }
    }

    /// The values of all rows that are found, in the order of the query.
    ///
    /// # Errors
    /// As [`Find::all`]. [`Error::Query`](crate::Error::Query) if a property is behind a relation that is
    /// `None` and was not asked for as [`optional`](crate::Property::optional), or if what is excluded is
    /// a part of the key.
    pub fn all(self) -> Result<Vec<P::Row>> {
        let Asking {
            em, query, fields, ..
        } = self.ask()?;
        let asked = fields.asked(em, &query)?;
        let read = |loader: &mut Loader<'_>, _| fields.find(loader, &query);
        em.query(asked, read, &Options::default())
    }

    /// The values of the first row that is found, or `None`.
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub fn first(mut self) -> Result<Option<P::Row>> {
        self.find.query.take = Some(1);
        Ok(self.all()?.pop())
    }

    /// As [`all`](Self::all), with the number of rows that meet the condition, whatever limit and offset
    /// say: [`Find::all_and_count`] of values.
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub fn all_and_count(self) -> Result<(Vec<P::Row>, usize)> {
        let Asking {
            em, query, fields, ..
        } = self.ask()?;
        let asked = fields.asked(em, &query)?;
        let read = |loader: &mut Loader<'_>, _| {
            let rows = fields.find(loader, &query)?;
            Ok((rows, count_found(loader, (fields.index, &query.of_all()))?))
        };
        em.query(asked, read, &Options::default())
    }

    /// The different values that there are, each once, in their own order: limit and offset cut these, and
    /// order and cursor of the query do not matter. The values are in memory, and not the rows.
    ///
    /// ```
    /// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
    /// # use musher::prelude::*;
    /// # #[derive(Entity, Debug)]
    /// # struct Customer { #[orm(primary_key)] id: Pk, country: String }
    /// # let orm = Orm::builder().entities::<Customer>().in_memory()?;
    /// # let mut em = orm.em();
    /// # for country in ["India", "Chile", "India"] { em.create(Customer::build().country(country)); }
    /// let countries = em.find::<Customer>().fields(|c| c.country()).distinct()?;
    /// assert_eq!(countries, ["Chile", "India"]);
    /// # Ok(()) }
    /// # #[cfg(not(feature = "derive"))] fn main() {}
    /// ```
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub fn distinct(self) -> Result<Vec<P::Row>>
    where
        P::Row: Ord,
    {
        let Self { find, fields } = self;
        let (skip, take) = (find.query.skip, find.query.take);
        let mut columns = Columns::default();
        fields.columns(&mut columns)?;
        let mut distinct = BTreeSet::new();
        find.fold(&columns.0, &mut |values| {
            distinct.insert(fields.row(values)?);
            Ok(())
        })?;
        let distinct = distinct.into_iter().skip(skip);
        Ok(distinct.take(take.unwrap_or(usize::MAX)).collect())
    }

    /// One page of at most so many rows, from the beginning, or from where [`Find::after`] or
    /// [`Find::before`] says, with the cursors of the pages beside it: [`Find::page`] of values. The order
    /// need not be by what is asked for.
    ///
    /// ```
    /// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
    /// # use musher::prelude::*;
    /// # #[derive(Entity, Debug)]
    /// # struct Tag { #[orm(primary_key)] id: Pk, #[orm(index)] name: String }
    /// # let orm = Orm::builder().entities::<Tag>().in_memory()?;
    /// # let mut em = orm.em();
    /// # for name in ["a", "b", "c"] { em.create(Tag::build().name(name)); }
    /// let by_name = em.find::<Tag>().order_by(|t| t.name().desc());
    /// let page = by_name.fields(|t| t.name()).page(2)?;
    /// assert_eq!(page.rows, ["c", "b"]);
    ///
    /// let by_name = em.find::<Tag>().order_by(|t| t.name().desc());
    /// let rest = by_name.after(&page.next.expect("there is more"));
    /// assert_eq!(rest.fields(|t| t.name()).page(2)?.rows, ["a"]);
    /// # Ok(()) }
    /// # #[cfg(not(feature = "derive"))] fn main() {}
    /// ```
    ///
    /// # Errors
    /// As [`Find::page`], and as [`all`](Self::all).
    pub fn page(mut self, most: usize) -> Result<RowPage<P::Row>> {
        self.find.query.take = Some(most);
        let Asking { em, query, fields } = self.ask()?;
        let asked = fields.asked(em, &query)?;
        let index = fields.index;
        let make = |loader: &mut Loader<'_>, _, found: &[Found], told: Told| {
            fields.read(loader, found, told)
        };
        let page = em.page_of((index, query), asked, &Options::default(), make)?;
        Ok(RowPage::new(page))
    }

    /// The values of the rows, one after the other, over any number of rows in the memory of a few hundred:
    /// [`Find::stream`] of values. All are of the moment at which the stream began.
    ///
    /// # Errors
    /// As [`Find::stream`], and as [`all`](Self::all). A row that can't be read is an error of its own;
    /// after an error the stream ends.
    pub fn stream(self) -> Result<RowStream<T, P>> {
        let mut columns = Columns::default();
        self.fields.columns(&mut columns)?;
        let (_, rows) = self.find.rows(&columns.0)?;
        Ok(RowStream::new(rows, self.fields, columns))
    }

    /// The query under the named filters, with what is read of each row.
    fn ask(self) -> Result<Asking<'em, P>> {
        let Find {
            em,
            query,
            cursor,
            options,
            ..
        } = self.find;
        let mut columns = Columns::default();
        self.fields.columns(&mut columns)?;
        let index = em.entity_index::<T>();
        let query = em.place(index, query, cursor.as_ref(), &options)?;
        let fields = Fields {
            index,
            columns: columns.0,
            projection: self.fields,
        };
        Ok(Asking { em, query, fields })
    }
}

/// A query that is ready to run.
struct Asking<'em, P> {
    em: &'em mut EntityManager,
    query: Query,
    fields: Fields<P>,
}

/// What is read of each row, and what becomes of it.
struct Fields<P> {
    index: EntityIndex,
    columns: Vec<Column>,
    projection: P,
}

impl<P> Fields<P> {
    fn asked(&self, em: &EntityManager, query: &Query) -> Result<Asked> {
        let mut asked = em.asked_by(self.index, query, &Options::default())?;
        em.add_columns(self.index, &self.columns, &mut asked);
        Ok(asked)
    }

    /// The values of what a query finds. Nothing is loaded.
    fn find<T: Managed>(&self, loader: &mut Loader<'_>, query: &Query) -> Result<Vec<P::Row>>
    where
        P: Projection<T>,
    {
        let (found, told) = find_rows(loader, (self.index, query))?;
        self.read(loader, &found, told)
    }

    fn read<T: Managed>(
        &self,
        loader: &mut Loader<'_>,
        found: &[Found],
        (started, by): Told,
    ) -> Result<Vec<P::Row>>
    where
        P: Projection<T>,
    {
        let schema = &loader.database.schema;
        let what = || format!("properties of {}", schema.entity(self.index).label);
        loader.count(started, found.len(), what, || by.unwrap_or_default());
        let values = loader
            .projector()
            .project(self.index, found, &self.columns)?;
        let rows = found.iter().zip(values).map(|(found, values)| {
            let key = &found.key;
            let describe = |at: usize| Absent::of(schema, self.index, key, &self.columns[at]);
            self.projection.row(&mut Values::new(values, &describe))
        });
        rows.collect()
    }
}
