//! Checks what is stored against everything else.
//!
//! It looks at one moment of the database, and holds no commit back. What is wrong comes with the
//! write that puts it right, where nothing but derived data is wrong; `repair` applies these.

mod found;
mod joins;
mod report;
mod rows;
mod sequences;
mod stored;
#[cfg(all(test, feature = "derive"))]
mod tests;

use std::fmt;
use std::ops::ControlFlow;

pub(super) use found::{Findings, Fix};
use joins::check_join;
pub use report::{Finding, Report};
use rows::check_entity;
pub(super) use sequences::{check_quickly, read_sequences};
pub(super) use stored::{read_lazy, read_row};

use crate::database::Database;
use crate::entity::Entity;
use crate::error::Result;
use crate::schema::{EntityIndex, JoinIndex};
use crate::storage::{KeyRange, LastingView, Store, StoreExt};

/// How far a verification is: some of the rows of an entity are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The entity whose rows are being checked.
    pub entity: &'static str,
    /// How many of its rows have been checked.
    pub rows: u64,
    /// How many there are.
    pub total: u64,
}

/// What a verification calls as it goes on.
type OnProgress<'a> = Box<dyn FnMut(Progress) + 'a>;

/// A check of what is stored that is about to be made; see
/// [`Orm::verification`](crate::Orm::verification).
#[must_use = "a verification does nothing until `.run()`"]
pub struct Verification<'a> {
    database: &'a Database,
    /// The entities to be checked; all, if none was named.
    entities: Vec<EntityIndex>,
    on_progress: OnProgress<'a>,
}

impl<'a> Verification<'a> {
    pub(super) fn new(database: &'a Database) -> Self {
        Self {
            database,
            entities: Vec::new(),
            on_progress: Box::new(|_| {}),
        }
    }

    /// Checks this entity, and other ones that are named, instead of all: its rows, with what they
    /// refer to, its lazy values, its indexes, and its many-to-many relations from both sides.
    ///
    /// # Panics
    /// If the entity is not among those of the database.
    pub fn entity<T: Entity>(mut self) -> Self {
        self.entities.push(self.database.entity_index::<T>());
        self
    }

    /// Calls a function for every thousand rows that are checked, and at the end of each entity.
    pub fn progress(mut self, on_progress: impl FnMut(Progress) + 'a) -> Self {
        self.on_progress = Box::new(on_progress);
        self
    }

    /// Makes the check.
    ///
    /// # Errors
    /// [`Error::Storage`](crate::Error::Storage) if the database can't be read at all. Damage is no
    /// error but a finding in the [`Report`].
    pub fn run(mut self) -> Result<Report> {
        let checks = |entity| self.entities.is_empty() || self.entities.contains(&entity);
        let findings = check(self.database, &checks, &mut self.on_progress)?;
        let mut report = findings.into_report();
        report.unknown_trees = unknown_trees(self.database)?;
        Ok(report)
    }
}

impl fmt::Debug for Verification<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = self.entities.iter();
        f.debug_struct("Verification")
            .field(
                "entities",
                &named
                    .map(|entity| self.database.schema.entity(*entity).name)
                    .collect::<Vec<_>>(),
            )
            .finish_non_exhaustive()
    }
}

/// The trees that belong to none of the entities, and hold something.
fn unknown_trees(database: &Database) -> Result<Vec<String>> {
    let Database {
        store, keyspace, ..
    } = database;
    let mut names = store.tree_names()?;
    names.retain(|name| !keyspace.knows(name));
    let mut unknown = Vec::new();
    for name in names {
        let tree = store.open_tree(&name)?;
        let mut is_empty = true;
        let scanned = store.read_with(|reader| {
            reader.scan_keys(tree, &KeyRange::all(), &mut |_| {
                is_empty = false;
                ControlFlow::Break(())
            })
        })?;
        // What can't be read is something.
        if scanned.is_err() || !is_empty {
            unknown.push(name);
        }
    }
    Ok(unknown)
}

/// Checks the whole database.
pub(super) fn check_all(database: &Database) -> Result<Findings> {
    check(database, &|_| true, &mut |_| {})
}

fn check(
    database: &Database,
    checks: &dyn Fn(EntityIndex) -> bool,
    on_progress: &mut dyn FnMut(Progress),
) -> Result<Findings> {
    let (schema, view) = (&database.schema, LastingView::new(&database.store)?);
    let mut findings = Findings::default();
    for entity in schema.entities.iter().filter(|it| checks(it.index)) {
        check_entity(database, &view, entity, &mut findings, on_progress)?;
    }
    for (at, join) in schema.joins.iter().enumerate() {
        if checks(join.owner) || checks(join.target) {
            let index = JoinIndex(u16::try_from(at).expect("joins are numbered so"));
            check_join(database, &view, index, &mut findings)?;
        }
    }
    Ok(findings)
}
