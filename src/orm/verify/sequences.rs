//! The highest number that the keys of each entity ever had: read when a database is opened, and no
//! lower than the highest that is stored.

use std::ops::ControlFlow;
use std::sync::atomic::AtomicU64;

use super::Report;
use super::found::{Findings, Fix};
use crate::codec::RowKey;
use crate::database::Database;
use crate::error::{Error, Result};
use crate::keyspace::{self, sequence_key, sequence_value};
use crate::schema::EntitySchema;
use crate::storage::{Direction, KeyRange, Lent, Reader, StorageError, StoreExt};

/// The stored sequences, by position of the entity.
pub(in crate::orm) fn read_sequences(database: &Database) -> Result<Vec<AtomicU64>> {
    database.store.read_with(|reader| {
        let entities = database.schema.entities.iter();
        let stored = entities.map(|entity| {
            let key = sequence_key(entity);
            let number = keyspace::read_sequence(reader, database.keyspace.catalog, &key)?;
            Ok(AtomicU64::new(number.unwrap_or(0)))
        });
        stored.collect()
    })?
}

/// Checks all sequences against the last row of each entity.
pub(in crate::orm) fn check_quickly(database: &Database) -> Result<Report> {
    let mut findings = Findings::default();
    database.store.read_with(|reader| {
        for entity in &database.schema.entities {
            let last = last_key(database, reader, entity)?;
            let key_number = database.entity_type(entity.index).key_number;
            let highest = last.as_ref().and_then(key_number);
            check_sequence(database, reader, entity, highest, &mut findings);
        }
        Ok::<_, Error>(())
    })??;
    Ok(findings.into_report())
}

/// The key of the last row, if it can be read. Keys that count sort as they count.
fn last_key(
    database: &Database,
    reader: &dyn Reader,
    entity: &EntitySchema,
) -> Result<Option<RowKey>> {
    let tree = database.keyspace.rows(entity.index);
    let mut last = None;
    let mut visit = |key: &[u8], _: Lent<'_>| {
        last = RowKey::from_encoded(entity.key_kind, key).ok();
        ControlFlow::Break(())
    };
    match reader.scan(tree, &KeyRange::all(), Direction::Backward, &mut visit) {
        // It is left to whoever reads that row.
        Ok(()) | Err(StorageError::Corruption { .. }) => Ok(last),
        Err(error) => Err(error.into()),
    }
}

/// Tells a sequence that is behind the highest number among the keys.
pub(super) fn check_sequence(
    database: &Database,
    reader: &dyn Reader,
    entity: &EntitySchema,
    highest: Option<u64>,
    findings: &mut Findings,
) {
    let (highest, catalog) = (highest.unwrap_or(0), database.keyspace.catalog);
    let key = sequence_key(entity);
    let problem = match keyspace::read_sequence(reader, catalog, &key) {
        Err(error) => format!("the sequence can't be read: {error}"),
        Ok(stored) if highest > stored.unwrap_or(0) => format!(
            "the sequence is at {}, and there is a row with the key {highest}",
            stored.unwrap_or(0)
        ),
        Ok(_) => return,
    };
    let fix = Fix {
        tree: catalog,
        key,
        value: Some(sequence_value(highest)),
    };
    findings.tell_with_fix(entity.name, problem, fix);
}
