//! Rows that are changed or removed in bulk, by condition.

use std::any::Any;
use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::{Slices, Told};
use crate::codec::RowKey;
use crate::database::Database;
use crate::entity::Id;
use crate::error::{Error, Result};
use crate::load::{LoadPath, Loads, Root, Route};
use crate::log::QueryLog;
use crate::manager::asked::Asked;
use crate::manager::read::marked;
use crate::manager::{EntityFilter, EntityManager, Managed, filters};
use crate::query::{
    self, Assignment, Condition, Filter, FilterChoices, Found, IntoAssignments, IntoOperand, Path,
    Query,
};
use crate::schema::{EntityIndex, EntitySchema, ResolvedKind, Schema};
use crate::storage::Reader;
use crate::unit_of_work::{Assigned, Bulk, Compute, Renew};

impl EntityManager {
    /// Changes all rows that meet a condition, without making instances of them. `.set(..)` says to
    /// what; it ends with [`execute`](UpdateWhere::execute).
    ///
    /// Constraints, indexes, lengths, versions and `on_update` are as in a flush. **Hooks do not run.**
    ///
    /// ```
    /// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
    /// # use musher::prelude::*;
    /// # #[derive(Entity, Debug)]
    /// # struct Page { #[orm(primary_key)] id: Pk, title: String, #[orm(default)] visits: u64 }
    /// # let orm = Orm::builder().entities::<Page>().in_memory()?;
    /// let mut em = orm.em();
    /// let page = em.create(Page::build().title("Old"));
    /// let changed = em
    ///     .update_where::<Page>(|p| p.title().eq("Old"))
    ///     .set(|p| (p.title().set("New"), p.visits().update(|visits| visits + 1)))
    ///     .execute()?;
    /// assert_eq!(changed, 1);
    /// assert_eq!((em[page].title.as_str(), em[page].visits), ("New", 1));
    /// # Ok(()) }
    /// # #[cfg(not(feature = "derive"))] fn main() {}
    /// ```
    pub fn update_where<T: Managed>(
        &mut self,
        filter: impl FnOnce(T::Path<T>) -> Filter<T>,
    ) -> UpdateWhere<'_, T> {
        let filter = filter(Path::root().into());
        UpdateWhere {
            met: Met::new(self, filter),
            assignments: Vec::new(),
        }
    }

    /// Removes all rows that meet a condition, without making instances of them. Ends with
    /// [`execute`](DeleteWhere::execute).
    ///
    /// What refers to them is judged by the `on_delete` of each reference, as in a flush. **Hooks do not
    /// run**, and `orphan_removal` and `cascade(remove)` are not for it.
    ///
    /// ```
    /// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
    /// # use musher::prelude::*;
    /// # #[derive(Entity, Debug)]
    /// # struct Tag { #[orm(primary_key)] id: Pk, name: String }
    /// # let orm = Orm::builder().entities::<Tag>().in_memory()?;
    /// let mut em = orm.em();
    /// em.create(Tag::build().name("kept"));
    /// em.create(Tag::build().name("temporary"));
    /// let removed = em.delete_where::<Tag>(|t| t.name().starts_with("temp")).execute()?;
    /// assert_eq!((removed, em.find::<Tag>().count()?), (1, 1));
    /// # Ok(()) }
    /// # #[cfg(not(feature = "derive"))] fn main() {}
    /// ```
    pub fn delete_where<T: Managed>(
        &mut self,
        filter: impl FnOnce(T::Path<T>) -> Filter<T>,
    ) -> DeleteWhere<'_, T> {
        let filter = filter(Path::root().into());
        DeleteWhere {
            met: Met::new(self, filter),
            entity: PhantomData,
        }
    }
}

/// An update in bulk, made by [`EntityManager::update_where`].
#[must_use = "a bulk operation does nothing until `.execute()`"]
pub struct UpdateWhere<'em, T: Managed> {
    met: Met<'em>,
    assignments: Vec<Assignment<T>>,
}

impl<'em, T: Managed> UpdateWhere<'em, T> {
    /// What properties shall be: `.set(|a| a.title().set("New"))`, or a tuple of several,
    /// `.set(|a| (a.hidden().set(true), a.visits().update(|n| n + 1)))`.
    pub fn set<A: IntoAssignments<T>>(mut self, assignments: impl FnOnce(T::Path<T>) -> A) -> Self {
        assignments(Path::root().into()).into_assignments(&mut self.assignments);
        self
    }

    /// What a lazy property shall be: `.set_lazy(|a| a.text(), "New")`.
    pub fn set_lazy<P, X, V: Serialize + 'static>(
        mut self,
        property: impl FnOnce(T::LoadPath<Root<T>>) -> X,
        value: impl IntoOperand<V>,
    ) -> Self
    where
        P: Route<Root = T>,
        X: Loads<Route = P, Target = V>,
    {
        let path = property(LoadPath::root().into());
        let assignment = Assignment::of_value(path.steps().to_vec(), &value.into_operand());
        self.assignments.push(assignment);
        self
    }

    /// Commits so many rows at a time, and tells after each commit how many are done. The rows are those
    /// that meet the condition at the beginning, and still do when it is their turn.
    ///
    /// The whole is not atomic then: if a slice fails, those before it stay. Inside a transaction, which
    /// makes one commit of them, it is.
    pub fn in_slices(mut self, size: usize, progress: impl FnMut(usize) + 'em) -> Self {
        self.met.slices = Some(Slices::new(size, progress));
        self
    }

    /// With a named filter on, with these parameters. Those that are on anyway hold here, too.
    pub fn with_filter<F: EntityFilter<T>>(mut self, filter: F) -> Self {
        filters::turn_on::<F, T>(&mut self.met.filters, filter);
        self
    }

    /// Without a named filter, whatever the unit of work says.
    pub fn without_filter<F: Any>(mut self) -> Self {
        self.met.filters.turn_off::<F>();
        self
    }

    /// It may read every row, though full scans are forbidden:
    /// [`OrmBuilder::forbid_full_scans`](crate::OrmBuilder::forbid_full_scans).
    pub const fn allow_full_scan(mut self) -> Self {
        self.met.allows_full_scan = true;
        self
    }

    /// Changes the rows, and gives the number of those that met the condition, changed by that or not.
    /// What is pending for their entity is flushed before.
    ///
    /// Instances that are managed are brought up to date, as a `find` does. The functions of
    /// [`update`](crate::Property::update) run while the database waits for them, and more than once in a
    /// transaction: they must be quick, and must not use the database.
    ///
    /// # Errors
    /// Those of [`flush`](EntityManager::flush). Nothing of the batch is stored then. [`Error::Query`] if
    /// nothing was set, or what can't be: the key, the version, a property of another entity; and if the
    /// condition needs a full scan and these are forbidden.
    ///
    /// Inside a transaction, the commit computes the values anew, from the rows as they are then. If one
    /// that was changed is gone by then, or does not meet the condition any more, it is
    /// [`Error::Conflict`].
    pub fn execute(self) -> Result<usize> {
        let schema = Arc::clone(&self.met.em.database.schema);
        let entity = self.met.em.entity_index::<T>();
        let assigned = resolve(&schema, entity, self.assignments)?;
        let change = move |database: &Database, bulk: &mut Bulk, found: &Found| {
            bulk.update(database, (entity, &found.key, &found.row), &assigned)
                .map(drop)
        };
        let asked = Asked::rows_of(schema.related(entity).collect());
        self.met.run::<T, _>(entity, asked, "an update", change)
    }
}

/// A removal in bulk, made by [`EntityManager::delete_where`].
#[must_use = "a bulk operation does nothing until `.execute()`"]
pub struct DeleteWhere<'em, T: Managed> {
    met: Met<'em>,
    entity: PhantomData<fn() -> T>,
}

impl<'em, T: Managed> DeleteWhere<'em, T> {
    /// Commits so many rows at a time, and tells after each commit how many are done. The rows are those
    /// that meet the condition at the beginning, and still do when it is their turn.
    ///
    /// The whole is not atomic then: if a slice fails, those before it stay. Inside a transaction, which
    /// makes one commit of them, it is.
    pub fn in_slices(mut self, size: usize, progress: impl FnMut(usize) + 'em) -> Self {
        self.met.slices = Some(Slices::new(size, progress));
        self
    }

    /// With a named filter on, with these parameters. Those that are on anyway hold here, too.
    pub fn with_filter<F: EntityFilter<T>>(mut self, filter: F) -> Self {
        filters::turn_on::<F, T>(&mut self.met.filters, filter);
        self
    }

    /// Without a named filter, whatever the unit of work says.
    pub fn without_filter<F: Any>(mut self) -> Self {
        self.met.filters.turn_off::<F>();
        self
    }

    /// It may read every row, though full scans are forbidden:
    /// [`OrmBuilder::forbid_full_scans`](crate::OrmBuilder::forbid_full_scans).
    pub const fn allow_full_scan(mut self) -> Self {
        self.met.allows_full_scan = true;
        self
    }

    /// Removes the rows, and gives the number of those that met the condition. Rows that `on_delete`
    /// removes with them are not counted. What is pending for the entities that it may reach is flushed
    /// before.
    ///
    /// Instances of removed rows are given up. With [`FlushMode::Commit`](crate::FlushMode::Commit), one
    /// that has changes stays, and its flush is [`Error::RowGone`].
    ///
    /// # Errors
    /// Those of [`flush`](EntityManager::flush). Nothing of the batch is removed then. [`Error::Query`] if
    /// the condition needs a full scan and these are forbidden. Inside a transaction, the commit fails with [`Error::Conflict`] if a row that was removed has been removed
    /// by others, or does not meet the condition any more.
    pub fn execute(self) -> Result<usize> {
        let schema = Arc::clone(&self.met.em.database.schema);
        let entity = self.met.em.entity_index::<T>();
        let change = move |_: &Database, bulk: &mut Bulk, found: &Found| {
            bulk.remove(entity, found.key.clone());
            Ok(())
        };
        let reached = schema.reached_by_removal([entity].into());
        let asked = Asked::rows_and_links_of(&schema, reached);
        self.met.run::<T, _>(entity, asked, "a removal", change)
    }
}

/// The rows that an operation is about, and how it is run.
struct Met<'em> {
    em: &'em mut EntityManager,
    condition: Condition,
    allows_full_scan: bool,
    filters: FilterChoices,
    slices: Option<Slices<'em>>,
}

impl<'em> Met<'em> {
    fn new<T: Managed>(em: &'em mut EntityManager, filter: Filter<T>) -> Self {
        Self {
            em,
            condition: filter.into_condition(),
            allows_full_scan: false,
            filters: FilterChoices::default(),
            slices: None,
        }
    }

    /// Does something to each row, and gives the number of the rows.
    fn run<T: Managed, C>(
        self,
        entity: EntityIndex,
        mut asked: Asked,
        name: &'static str,
        change: C,
    ) -> Result<usize>
    where
        C: Fn(&Database, &mut Bulk, &Found) -> Result<()> + Send + Sync + 'static,
    {
        let mut query = Query::of_condition(Some(self.condition));
        query.allows_full_scan = self.allows_full_scan;
        self.em.apply_filters(entity, &mut query, &self.filters)?;
        self.em.add_query(entity, &query, &mut asked);
        self.em.flush_before_bulk(&asked)?;
        let operation = Operation {
            entity,
            query: query.clone(),
            change: Arc::new(change),
            name,
        };
        let mut slices = self.slices;
        if slices.is_none() {
            return self.em.run_batch::<T, C>(&operation);
        }
        let schema = Arc::clone(&self.em.database.schema);
        let keys = self.em.keys_found(entity, &query)?;
        let mut done = 0;
        for keys in keys.chunks(Slices::size(slices.as_ref())) {
            let of_slice = operation.of_keys::<T>(keys, schema.entity(entity));
            done += self.em.run_batch::<T, C>(&of_slice)?;
            Slices::tell(&mut slices, done);
        }
        Ok(done)
    }
}

/// What is done to each row that meets a condition.
struct Operation<C> {
    entity: EntityIndex,
    query: Query,
    change: Arc<C>,
    /// As messages say it.
    name: &'static str,
}

impl<C> Clone for Operation<C> {
    fn clone(&self) -> Self {
        Self {
            entity: self.entity,
            query: self.query.clone(),
            change: Arc::clone(&self.change),
            name: self.name,
        }
    }
}

impl<C: Fn(&Database, &mut Bulk, &Found) -> Result<()>> Operation<C> {
    /// The same, of these rows only, as far as they still meet the condition.
    fn of_keys<T: Managed>(&self, keys: &[RowKey], schema: &EntitySchema) -> Self {
        let keys: Vec<T::Key> = keys
            .iter()
            .map(|key| Id::<T>::from_own(key).into_key())
            .collect();
        let mut of_keys = self.clone();
        of_keys
            .query
            .must_meet(Condition::is_one_of(schema.key_field, &keys));
        of_keys
    }

    /// The change sets of the rows of a view.
    fn make(&self, database: &Database, reader: &dyn Reader) -> Result<(Bulk, MetRows)> {
        let schema = database.schema.entity(self.entity);
        let started = database.log.start();
        let answer = query::execute(database, reader, schema, &self.query)?;
        let statement = started.map(|started| {
            let by = query::describe_query(&database.schema, self.entity, &self.query);
            let by = marked(by, answer.is_full_scan);
            (
                started.elapsed(),
                format!("select {} by {by}", schema.label),
            )
        });
        let mut bulk = Bulk::default();
        let mut keys = Vec::with_capacity(answer.rows.len());
        for found in answer.rows {
            (self.change)(database, &mut bulk, &found)?;
            keys.push(found.key);
        }
        Ok((bulk, MetRows { keys, statement }))
    }
}

/// The rows that an operation has met.
struct MetRows {
    keys: Vec<RowKey>,
    /// How they were found, and how long that took, where somebody listens to the query log.
    statement: Option<(Duration, String)>,
}

impl Told for MetRows {
    fn tell(&self, log: &QueryLog) {
        if let Some((took, statement)) = &self.statement {
            log.tell_took(*took, Some(self.keys.len()), statement);
        }
    }
}

impl EntityManager {
    /// Runs an operation as one batch, and gives the number of rows.
    fn run_batch<T: Managed, C>(&mut self, operation: &Operation<C>) -> Result<usize>
    where
        C: Fn(&Database, &mut Bulk, &Found) -> Result<()> + Send + Sync + 'static,
    {
        let schema = Arc::clone(&self.database.schema);
        let entity = schema.entity(operation.entity);
        let renew = |met: &MetRows| -> Option<Renew> {
            let keys = met.keys.clone();
            let of_keys = operation.of_keys::<T>(&keys, entity);
            Some(Box::new(move |database, reader| {
                let (bulk, found) = of_keys.make(database, reader)?;
                check_same(database, &of_keys, &keys, &found.keys)?;
                Ok(bulk.finish()?.0)
            }))
        };
        let met = self.run_bulk(|database, reader| operation.make(database, reader), renew)?;
        Ok(met.keys.len())
    }
}

/// What the transaction was told must still be so when it is committed.
fn check_same<C>(
    database: &Database,
    operation: &Operation<C>,
    told: &[RowKey],
    found: &[RowKey],
) -> Result<()> {
    let found: BTreeSet<&RowKey> = found.iter().collect();
    let Some(lost) = told.iter().find(|key| !found.contains(key)) else {
        return Ok(());
    };
    let schema = database.schema.entity(operation.entity);
    Err(Error::Conflict {
        what: format!(
            "{} {}, which {} of this transaction was about and which is gone, or does not meet its condition any more,",
            schema.name,
            schema.print_key(lost),
            operation.name,
        ),
    })
}

/// The assignments by the positions of their own properties.
fn resolve<T: Managed>(
    schema: &Schema,
    entity: EntityIndex,
    assignments: Vec<Assignment<T>>,
) -> Result<Vec<Assigned>> {
    let refused = |problem: String| {
        Err(Error::Query {
            entity: T::NAME,
            problem,
        })
    };
    let own = schema.entity(entity);
    let mut resolved = Vec::with_capacity(assignments.len());
    for assignment in assignments {
        let (steps, value) = assignment.into_parts();
        let name = |field: usize| own.fields[field].name;
        resolved.push(match steps[..] {
            [field] | [field, _] if field == own.key_field || own.key_parts.contains(&field) => {
                return refused(format!("an update can't set the key `{}`: keys never change", name(field)));
            }
            [field] if own.row_version.is_some_and(|(version, _)| version == field) => {
                return refused(format!("an update can't set `{}`: it is counted where the row is written", name(field)));
            }
            [field] if matches!(own.fields[field].kind, ResolvedKind::Derived(_)) => {
                return refused(format!("an update can't set `{}`: an index computes it; set what it is computed of", name(field)));
            }
            [field] if is_elsewhere(own, field) => {
                return refused(format!("`{}` is not held by the rows themselves; set the reference of its items", name(field)));
            }
            [field] => Assigned { field, value },
            [relation, field] if is_reference(schema, own, relation, field) => Assigned {
                field: relation,
                value: reference(schema, own, relation, value),
            },
            [first, ..] => {
                return refused(format!(
                    "an update sets properties of its own rows, and the assignment leads through `{}` to another row; \
                     update that entity instead",
                    name(first)
                ));
            }
            [] => unreachable!("a path to a property ends with it"),
        });
    }
    if resolved.is_empty() {
        return refused(
            "the update sets nothing; say what with `.set(|it| it.property().set(value))`"
                .to_owned(),
        );
    }
    Ok(resolved)
}

/// Whether the property is the key of what an own to-one relation refers to: the reference itself.
fn is_reference(schema: &Schema, own: &EntitySchema, relation: usize, field: usize) -> bool {
    let relation = own.relation(relation);
    relation.is_to_one_owner() && field == schema.entity(relation.target).key_field
}

/// Whether the property is the inverse side of a relation, or a collection.
fn is_elsewhere(own: &EntitySchema, field: usize) -> bool {
    match &own.fields[field].kind {
        ResolvedKind::Relation(relation) => !relation.is_to_one_owner(),
        _ => false,
    }
}

/// The stored form of a reference, from that of a key.
fn reference(schema: &Schema, own: &EntitySchema, relation: usize, value: Compute) -> Compute {
    debug_assert!(matches!(
        own.fields[relation].kind,
        ResolvedKind::Relation(_)
    ));
    let key_of_value = schema.entity(own.relation(relation).target).key_of_value;
    Arc::new(move |_| {
        let stored = value(&[])?;
        let key = key_of_value(&stored).expect("a key was encoded");
        Ok(key.to_vec())
    })
}
