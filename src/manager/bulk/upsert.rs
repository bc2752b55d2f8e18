//! Rows that are inserted, or changed where they are there already.

use std::sync::Arc;

use super::insert::resolve_new;
use super::rows::Built;
use super::{NewRows, Slices, Told};
use crate::codec::RowKey;
use crate::database::Database;
use crate::entity::Id;
use crate::error::{Error, Result};
use crate::keyspace::index_keys;
use crate::load::{Hints, LoadPath, Root, Selection};
use crate::manager::{EntityManager, IntoManaged, Managed};
use crate::schema::{EntitySchema, FieldIndex, FieldSet, IndexSchema};
use crate::storage::{Bytes, Reader};
use crate::unit_of_work::{Assigned, Bulk, Compute};

impl EntityManager {
    /// Inserts a row, or changes the one that is there: an entity or a builder. Ends with
    /// [`execute`](Upsert::execute).
    ///
    /// The row that is there is the one with the same value of the unique properties that
    /// [`on`](Upsert::on) names, or of the primary key. Without `on`, it is the key if the row has one, else
    /// the only unique property of the entity. What it takes over is what the builder was given; its
    /// defaults are for a new row only. Of an entity it takes over everything. [`merge`](Upsert::merge),
    /// [`keep`](Upsert::keep) and [`ignore`](Upsert::ignore) say otherwise.
    ///
    /// Everything else is as in [`insert_many`](Self::insert_many) and
    /// [`update_where`](Self::update_where): hooks do not run, `on_update` does.
    ///
    /// ```
    /// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
    /// # use musher::prelude::*;
    /// # use musher::Upserted;
    /// # #[derive(Entity, Debug)]
    /// # struct User { #[orm(primary_key)] id: Pk, #[orm(unique)] email: String, name: String, #[orm(default)] bio: String }
    /// # let orm = Orm::builder().entities::<User>().in_memory()?;
    /// let mut em = orm.em();
    /// let user = || User::build().email("foo@bar.com");
    /// let first = em.upsert(user().name("Foo").bio("..")).on(|u| u.email()).execute()?;
    /// let again = em.upsert(user().name("Foo Bar")).on(|u| u.email()).execute()?;
    /// assert_eq!(again, Upserted::Updated(first.id()));
    /// em.find_one(first.id()).or_fail()?;
    /// assert_eq!(em[first.id()].name, "Foo Bar");
    /// assert_eq!(em[first.id()].bio, "..", "the second builder was not given one");
    /// # Ok(()) }
    /// # #[cfg(not(feature = "derive"))] fn main() {}
    /// ```
    pub fn upsert<N: IntoManaged>(&mut self, row: N) -> Upsert<'_, N> {
        Upsert {
            many: self.upsert_many([row]),
        }
    }

    /// As [`upsert`](Self::upsert), of many rows. Ends with [`execute`](UpsertMany::execute).
    pub fn upsert_many<I>(&mut self, rows: I) -> UpsertMany<'_, I::IntoIter>
    where
        I: IntoIterator<Item: IntoManaged>,
    {
        UpsertMany {
            em: self,
            rows: rows.into_iter(),
            conflict: Conflict::default(),
            slices: None,
        }
    }
}

impl Told for Vec<Upserted<RowKey>> {}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upserted<I> {
    /// It is new.
    Inserted(I),
    /// It was there, and was changed.
    Updated(I),
    /// It was there, and was like that already, or was to be left as it is.
    Unchanged(I),
}

impl<I> Upserted<I> {
    fn map<J>(&self, id: impl FnOnce(&I) -> J) -> Upserted<J> {
        match self {
            Self::Inserted(of) => Upserted::Inserted(id(of)),
            Self::Updated(of) => Upserted::Updated(id(of)),
            Self::Unchanged(of) => Upserted::Unchanged(id(of)),
        }
    }
}

impl<I: Clone> Upserted<I> {
    /// The id of the row.
    pub fn id(&self) -> I {
        match self {
            Self::Inserted(id) | Self::Updated(id) | Self::Unchanged(id) => id.clone(),
        }
    }
}

/// What to do where a row is there, as the program says it.
#[derive(Default)]
struct Conflict {
    /// The properties by which it is found.
    on: Option<Hints>,
    action: Action<Hints>,
}

/// What a row that is there takes over.
#[derive(Default)]
enum Action<P> {
    /// What the builder was given.
    #[default]
    MergeGiven,
    MergeOnly(P),
    MergeAllBut(P),
    Ignore,
}

impl<P> Action<P> {
    fn map<Q>(self, resolve: impl FnOnce(P) -> Result<Q>) -> Result<Action<Q>> {
        Ok(match self {
            Self::MergeGiven => Action::MergeGiven,
            Self::MergeOnly(properties) => Action::MergeOnly(resolve(properties)?),
            Self::MergeAllBut(properties) => Action::MergeAllBut(resolve(properties)?),
            Self::Ignore => Action::Ignore,
        })
    }
}

/// One row to be inserted or changed, made by [`EntityManager::upsert`].
#[must_use = "a bulk operation does nothing until `.execute()`"]
pub struct Upsert<'em, N> {
    many: UpsertMany<'em, std::array::IntoIter<N, 1>>,
}

/// Rows to be inserted or changed, made by [`EntityManager::upsert_many`].
#[must_use = "a bulk operation does nothing until `.execute()`"]
pub struct UpsertMany<'em, I> {
    em: &'em mut EntityManager,
    rows: I,
    conflict: Conflict,
    slices: Option<Slices<'em>>,
}

type Of<N> = <N as IntoManaged>::Entity;

/// What became of each row.
type AllUpserted<N> = Vec<Upserted<Id<Of<N>>>>;

impl<N: IntoManaged> Upsert<'_, N> {
    /// The unique property by which a row is found that is there: `.on(|u| u.email())`.
    pub fn on<P: Selection<Of<N>>>(
        mut self,
        property: impl FnOnce(<Of<N> as Managed>::LoadPath<Root<Of<N>>>) -> P,
    ) -> Self {
        self.many = self.many.on(property);
        self
    }

    /// A row that is there takes over these properties only: `.merge(|u| (u.name(), u.bio()))`.
    pub fn merge<P: Selection<Of<N>>>(
        mut self,
        properties: impl FnOnce(<Of<N> as Managed>::LoadPath<Root<Of<N>>>) -> P,
    ) -> Self {
        self.many = self.many.merge(properties);
        self
    }

    /// A row that is there keeps these properties, and takes over all others, defaults included:
    /// `.keep(|u| u.created_at())`.
    pub fn keep<P: Selection<Of<N>>>(
        mut self,
        properties: impl FnOnce(<Of<N> as Managed>::LoadPath<Root<Of<N>>>) -> P,
    ) -> Self {
        self.many = self.many.keep(properties);
        self
    }

    /// A row that is there stays as it is.
    pub fn ignore(mut self) -> Self {
        self.many = self.many.ignore();
        self
    }

    /// Inserts or changes the row, and tells which.
    ///
    /// # Errors
    /// As [`UpsertMany::execute`].
    #[expect(clippy::missing_panics_doc, reason = "one row gives one outcome")]
    pub fn execute(self) -> Result<Upserted<Id<Of<N>>>> {
        let mut upserted = self.many.execute()?;
        Ok(upserted.pop().expect("one row gives one outcome"))
    }
}

impl<'em, I: Iterator<Item: IntoManaged>> UpsertMany<'em, I> {
    /// The unique property by which a row is found that is there: `.on(|u| u.email())`, or the properties
    /// of a composite unique index.
    pub fn on<P: Selection<Of<I::Item>>>(
        mut self,
        property: impl FnOnce(<Of<I::Item> as Managed>::LoadPath<Root<Of<I::Item>>>) -> P,
    ) -> Self {
        self.conflict.on = Some(selected(property));
        self
    }

    /// Rows that are there take over these properties only: `.merge(|u| (u.name(), u.bio()))`.
    pub fn merge<P: Selection<Of<I::Item>>>(
        mut self,
        properties: impl FnOnce(<Of<I::Item> as Managed>::LoadPath<Root<Of<I::Item>>>) -> P,
    ) -> Self {
        self.conflict.action = Action::MergeOnly(selected(properties));
        self
    }

    /// Rows that are there keep these properties, and take over all others, defaults included:
    /// `.keep(|u| u.created_at())`.
    pub fn keep<P: Selection<Of<I::Item>>>(
        mut self,
        properties: impl FnOnce(<Of<I::Item> as Managed>::LoadPath<Root<Of<I::Item>>>) -> P,
    ) -> Self {
        self.conflict.action = Action::MergeAllBut(selected(properties));
        self
    }

    /// Rows that are there stay as they are.
    pub fn ignore(mut self) -> Self {
        self.conflict.action = Action::Ignore;
        self
    }

    /// Commits so many rows at a time, and tells after each commit how many are done.
    ///
    /// The whole is not atomic then: if a slice fails, those before it stay. Inside a transaction, which
    /// makes one commit of them, it is.
    pub fn in_slices(mut self, size: usize, progress: impl FnMut(usize) + 'em) -> Self {
        self.slices = Some(Slices::new(size, progress));
        self
    }

    /// Inserts or changes the rows, and tells of each, in order, which. What is pending for their entity
    /// is flushed before.
    ///
    /// # Errors
    /// Those of [`flush`](EntityManager::flush). Nothing of the batch is stored then. [`Error::Query`] if
    /// `on` names what is not unique, if a row has no key to be found by, or if it comes with new
    /// entities or collections, which an existing row can't take over. [`Error::UniqueViolation`] if two
    /// of the rows are one.
    pub fn execute(mut self) -> Result<AllUpserted<I::Item>> {
        let entity = self.em.entity_index::<Of<I::Item>>();
        let schema = Arc::clone(&self.em.database.schema);
        let conflict = self.conflict.resolve(schema.entity(entity))?;
        let size = Slices::size(self.slices.as_ref());
        let mut upserted = Vec::new();
        loop {
            let mut new = NewRows::new(Arc::clone(&self.em.database));
            for row in self.rows.by_ref().take(size) {
                let made = new.rows.len() + 1;
                resolve_new(row, &mut new)?;
                if new.rows.len() > made {
                    return Err(comes_with_others(schema.entity(entity)));
                }
            }
            let asked = new.asked();
            let rows = new.into_rows()?;
            if rows.is_empty() {
                return Ok(upserted);
            }
            self.em.flush_before_bulk(&asked)?;
            let make = |database: &Database, reader: &dyn Reader| {
                let mut bulk = Bulk::default();
                let upsert = |row| conflict.upsert(database, reader, &mut bulk, row);
                let told = rows.iter().map(upsert).collect::<Result<Vec<_>>>()?;
                Ok((bulk, told))
            };
            let told = self.em.run_bulk(make, |_| None)?;
            upserted.extend(told.iter().map(|told| told.map(Id::from_own)));
            Slices::tell(&mut self.slices, upserted.len());
        }
    }
}

/// A row that is there can't take new rows over.
fn comes_with_others(schema: &EntitySchema) -> Error {
    Error::Query {
        entity: schema.name,
        problem: "a row to be upserted comes with new entities, or with items of a collection, and a row that is \
                  there can't take them over; create them first, and add links with `em.edit(id)`"
            .to_owned(),
    }
}

/// What to do where a row is there, as the schema has it.
struct Resolved<'s> {
    schema: &'s EntitySchema,
    on: By<'s>,
    action: Action<FieldSet>,
}

/// How a row is found that is there.
#[derive(Clone, Copy)]
enum By<'s> {
    Key,
    Unique(&'s IndexSchema),
    /// By the key where the program has set it, else by the only unique index that there is.
    KeyElse(Option<&'s IndexSchema>),
}

impl Conflict {
    fn resolve(self, schema: &EntitySchema) -> Result<Resolved<'_>> {
        let key = std::iter::once(schema.key_field).collect();
        let named = self
            .on
            .map(|paths| own_fields(schema, &paths))
            .transpose()?;
        let on = match named {
            None => By::KeyElse(schema.only_unique()),
            Some(on) if on == key => By::Key,
            Some(on) => By::Unique(schema.unique_on(&on).ok_or_else(|| {
                let listed: Vec<_> = on.iter().map(|field| schema.fields[field].name).collect();
                Error::Query {
                    entity: schema.name,
                    problem: format!(
                        "`on` names `{}`, and several rows may have the same value there; name the key, or what is unique",
                        listed.join("`, `")
                    ),
                }
            })?),
        };
        Ok(Resolved {
            schema,
            on,
            action: self.action.map(|paths| own_fields(schema, &paths))?,
        })
    }
}

impl Resolved<'_> {
    /// Inserts a row, or changes the one that is there.
    fn upsert(
        &self,
        database: &Database,
        reader: &dyn Reader,
        bulk: &mut Bulk,
        new: &Built,
    ) -> Result<Upserted<RowKey>> {
        if !new.row.links.is_empty() || new.row.has_foreign_items() {
            return Err(comes_with_others(self.schema));
        }
        let Some((key, row)) = self.find(database, reader, new)? else {
            bulk.insert(database, new.row.clone())?;
            return Ok(Upserted::Inserted(new.row.key.clone()));
        };
        let assigned = self.assigned(new);
        let changed = bulk.update(database, (self.schema.index, &key, &row), &assigned)?;
        Ok(if changed {
            Upserted::Updated(key)
        } else {
            Upserted::Unchanged(key)
        })
    }

    /// The row that is there.
    fn find(
        &self,
        database: &Database,
        reader: &dyn Reader,
        new: &Built,
    ) -> Result<Option<(RowKey, Bytes)>> {
        let key = match self.on {
            By::Key | By::KeyElse(_) if new.has_key => new.row.key.clone(),
            By::Unique(index) | By::KeyElse(Some(index)) => {
                let tree = database.keyspace.index(self.schema.index, index);
                let row = &new.row;
                let keys = index_keys(self.schema, index, &row.key, row.properties())?;
                let Some(value) = keys.first() else {
                    // `None` is equal to no other row's.
                    return Ok(None);
                };
                let Some(held) = reader.get(tree, value)? else {
                    return Ok(None);
                };
                RowKey::from_encoded(self.schema.key_kind, &held)?
            }
            By::Key | By::KeyElse(None) => {
                return Err(Error::Query {
                    entity: self.schema.name,
                    problem: "a row to be upserted has no key to be found by; set its key, or name a unique property with \
                              `.on(|it| it.property())`"
                        .to_owned(),
                });
            }
        };
        let rows = database.keyspace.rows(self.schema.index);
        let row = reader.get(rows, &key.to_vec())?;
        Ok(row.map(|row| (key, row)))
    }

    /// What a row that is there takes over.
    fn assigned(&self, new: &Built) -> Vec<Assigned> {
        let version = self.schema.row_version.map(|(field, _)| field);
        let takes_over = |field: &FieldIndex| match &self.action {
            _ if Some(*field) == version || self.schema.key_parts.contains(field) => false,
            Action::MergeGiven => !new.unset.contains(self.schema.holder(*field)),
            Action::MergeOnly(only) => only.contains(self.schema.holder(*field)),
            Action::MergeAllBut(kept) => !kept.contains(self.schema.holder(*field)),
            Action::Ignore => false,
        };
        let fields = self.schema.columns.iter().chain(&self.schema.lazies);
        let value = |field: FieldIndex| {
            let stored = new.row.value(self.schema, field)?.to_vec();
            let value: Compute = Arc::new(move |_| Ok(stored.clone()));
            Some(Assigned { field, value })
        };
        fields
            .copied()
            .filter(takes_over)
            .filter_map(value)
            .collect()
    }
}

/// The own properties that were named.
pub(super) fn own_fields(schema: &EntitySchema, named: &Hints) -> Result<FieldSet> {
    if named.fields.values().all(|named| named.is_end) {
        return Ok(named.fields.keys().copied().collect());
    }
    Err(Error::Query {
        entity: schema.name,
        problem: "a property of another entity was named; name properties of the entity itself"
            .to_owned(),
    })
}

pub(super) fn selected<T: Managed, S: Selection<T>>(
    properties: impl FnOnce(T::LoadPath<Root<T>>) -> S,
) -> Hints {
    let mut selected = Hints::default();
    properties(LoadPath::root().into()).into_selection(&mut selected);
    selected
}
