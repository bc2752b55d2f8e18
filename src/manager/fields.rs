//! Queries for single properties, whose results are tuples of values and no entities.

use super::find::Options;
use super::read::marked;
use super::{EntityManager, Find, Managed};
use crate::entity::Handle;
use crate::error::Result;
use crate::query::{self, Absent, Column, Columns, Path, Projection, Query, Values};
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
        FindFields {
            fields: fields(Path::root().into()),
            find: self.unchecked(),
        }
    }
}

/// A query for single properties: see [`Find::fields`].
#[must_use = "a query does nothing until it ends, with `.all()` for instance"]
pub struct FindFields<'em, T: Managed, P> {
    find: Find<'em, T>,
    fields: P,
}

impl<T: Managed, P: Projection<T>> FindFields<'_, T, P> {
    /// The values of all rows that are found, in the order of the query.
    ///
    /// # Errors
    /// As [`Find::all`]. [`Error::Query`](crate::Error::Query) if a property is behind a collection, or
    /// behind a relation that is `None` and was not asked for as
    /// [`optional`](crate::Property::optional).
    pub fn all(self) -> Result<Vec<P::Row>> {
        let Find {
            em,
            query,
            cursor,
            options,
            ..
        } = self.find;
        let mut columns = Columns::default();
        self.fields.columns(&mut columns);
        let index = em.entity_index::<T>();
        let query = em.place(index, query, cursor.as_ref(), &options)?;
        em.project_found(index, &query, &columns.0, &mut P::row)
    }

    /// The values of the first row that is found, or `None`.
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub fn first(mut self) -> Result<Option<P::Row>> {
        self.find.query.take = Some(1);
        Ok(self.all()?.pop())
    }
}

impl EntityManager {
    /// The columns of the rows that a query asks for, each row made by `row`. Nothing is loaded.
    fn project_found<R>(
        &mut self,
        index: EntityIndex,
        query: &Query,
        columns: &[Column],
        row: &mut dyn FnMut(&mut Values<'_>) -> Result<R>,
    ) -> Result<Vec<R>> {
        let mut asked = self.asked_by(index, query, &Options::default())?;
        for column in columns {
            self.add_path(index, &column.steps, &mut asked);
        }
        self.query(
            asked,
            |loader, _| {
                let started = loader.database.log.start();
                let schema = &loader.database.schema;
                let entity = schema.entity(index);
                let answer = query::execute(loader.database, loader.reader, entity, query)?;
                let by = || query::describe_query(schema, index, query);
                let by = started.map(|_| marked(by(), answer.is_full_scan));
                let found = answer.rows;
                let what = || format!("properties of {}", entity.label);
                loader.count(started, found.len(), what, || by.unwrap_or_default());
                let values = loader.project(index, &found, columns)?;
                let rows = found.iter().zip(&values).map(|(found, values)| {
                    let describe = |column: usize| Absent {
                        entity: entity.name,
                        key: entity.print_key(&found.key),
                        path: query::describe_path(
                            schema,
                            index,
                            &columns[column].steps,
                            columns[column].field,
                        ),
                    };
                    row(&mut Values::new(values, &describe))
                });
                rows.collect()
            },
            &Options::default(),
        )
    }
}
