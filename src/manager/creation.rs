//! Where a new entity, or the graph of a builder, goes: into a unit of work, or into the rows of a bulk
//! operation.

use std::time::SystemTime;

use super::EntityManager;
use super::bulk::NewRows;
use crate::entity::{Entity, Id};
use crate::schema::FieldSet;

/// What builders make their entities in.
pub struct Creation<'a>(Destination<'a>);

enum Destination<'a> {
    Managed(&'a mut EntityManager),
    Rows(&'a mut NewRows),
}

impl<'a> Creation<'a> {
    /// The entities become managed.
    pub(super) const fn managed(em: &'a mut EntityManager) -> Self {
        Self(Destination::Managed(em))
    }

    /// The entities become rows, and are gone.
    pub(super) const fn rows(rows: &'a mut NewRows) -> Self {
        Self(Destination::Rows(rows))
    }

    /// What time it is, by the clock of the database.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        match &self.0 {
            Destination::Managed(em) => em.now(),
            Destination::Rows(rows) => rows.now(),
        }
    }

    /// Takes a new entity, and gives the key that it has from now on.
    pub fn persist<T: Entity>(&mut self, entity: T) -> Id<T> {
        self.persist_built(entity, FieldSet::new())
    }

    /// As [`persist`](Self::persist), for an entity of which a builder has filled in `unset`.
    pub fn persist_built<T: Entity>(&mut self, entity: T, unset: FieldSet) -> Id<T> {
        match &mut self.0 {
            Destination::Managed(em) => em.persist(entity),
            Destination::Rows(rows) => rows.add(entity, unset),
        }
    }
}
