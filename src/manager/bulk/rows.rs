//! Entities that become rows without ever being managed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::SystemTime;

use super::super::lifecycle::give_key;
use crate::database::Database;
use crate::entity::{Entity, Id};
use crate::error::{Error, Result};
use crate::manager::asked::Asked;
use crate::schema::FieldSet;
use crate::unit_of_work::NewRow;

/// What a builder has made.
pub(super) struct Built {
    pub(super) row: NewRow,
    /// The properties that the builder was not given.
    pub(super) unset: FieldSet,
    /// Whether the program has set the key.
    pub(super) has_key: bool,
}

/// The rows of what builders have made so far.
pub(in crate::manager) struct NewRows {
    database: Arc<Database>,
    pub(super) rows: Vec<Built>,
    /// The first entity that can't be stored.
    refused: Option<Error>,
}

impl NewRows {
    pub(super) const fn new(database: Arc<Database>) -> Self {
        Self {
            database,
            rows: Vec::new(),
            refused: None,
        }
    }

    /// What time it is, by the clock of the database.
    pub(in crate::manager) fn now(&self) -> SystemTime {
        self.database.clock.now()
    }

    /// Takes an entity, and gives its key.
    pub(in crate::manager) fn add<T: Entity>(&mut self, mut entity: T, unset: FieldSet) -> Id<T> {
        let index = self.database.entity_index::<T>();
        let has_key = entity.key().is_some();
        let id = give_key(&self.database, index, &mut entity);
        let schema = self.database.schema.entity(index);
        match NewRow::of(schema, id.row_key(), &entity) {
            Ok(row) => self.rows.push(Built {
                row,
                unset,
                has_key,
            }),
            Err(error) => self.refused = self.refused.take().or(Some(error)),
        }
        id
    }

    /// What is looked at to store the rows: those of the same entities, and of what they refer to.
    pub(super) fn asked(&self) -> Asked {
        let schema = &self.database.schema;
        let own: BTreeSet<_> = self.rows.iter().map(|built| built.row.entity).collect();
        let related = own.iter().flat_map(|entity| schema.related(*entity));
        Asked::rows_of(related.chain(own.iter().copied()).collect())
    }

    /// Whether an entity could not be stored.
    pub(super) const fn is_refused(&self) -> bool {
        self.refused.is_some()
    }

    /// The rows.
    ///
    /// # Errors
    /// [`Error::Encode`] of the first that can't be stored.
    pub(super) fn into_rows(self) -> Result<Vec<Built>> {
        self.refused.map_or(Ok(self.rows), Err)
    }
}
