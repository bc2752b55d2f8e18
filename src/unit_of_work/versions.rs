//! Optimistic locking: a row is written only while its version, and the properties with
//! `concurrency_check`, are those that were read.
//!
//! Invariant: the version of a row grows by one with every flush that writes it, be it for a change of
//! its own or for a rule that follows from another row. A row that takes the place of a removed one
//! counts on, so that whoever has read the old one notices.

use super::plan::{Planner, Write};
use crate::codec::record::Record;
use crate::context::Slot;
use crate::entity::display;
use crate::error::{Error, Result};
use crate::schema::{EntitySchema, FieldIndex, Schema};

/// The version of the row that an instance was made of. `None`: its entity has none, or the row was
/// not read.
pub(crate) fn read_version(entity: &EntitySchema, slot: &Slot) -> Option<u64> {
    let (field, version) = entity.row_version?;
    let record = slot.record()?;
    let stored = record.get(entity.fields[field].number);
    let number = version.number(stored);
    Some(number.expect("the row was read before"))
}

/// Refuses to write over rows that others have written since they were read.
pub(super) fn check(planner: &Planner<'_>) -> Result<()> {
    let schema = &planner.database.schema;
    for ((entity, key), write) in &planner.writes {
        let (Some(read), Some(row)) = (
            write.change.and_then(|change| change.read.as_ref()),
            &write.old,
        ) else {
            continue;
        };
        let entity = schema.entity(*entity);
        let (read, row) = (
            crate::keyspace::parse_row(entity, key, read)?,
            crate::keyspace::parse_row(entity, key, row)?,
        );
        if let Some((field, expected, found)) = difference(schema, entity, &read, &row)? {
            return Err(Error::OptimisticLock {
                entity: entity.name,
                key: entity.print_key(key),
                property: entity.fields[field].name,
                expected,
                found,
            });
        }
    }
    Ok(())
}

/// Whether a row that was read anew is, for the lock, the one that was read before.
pub(crate) fn agree(entity: &EntitySchema, read: &Record<'_>, row: &Record<'_>) -> bool {
    entity.locks.iter().all(|field| {
        let number = entity.fields[*field].number;
        read.get(number) == row.get(number)
    })
}

/// The first property of the lock in which two rows differ, and its values in both, in words.
fn difference(
    schema: &Schema,
    entity: &EntitySchema,
    read: &Record<'_>,
    row: &Record<'_>,
) -> Result<Option<(FieldIndex, String, String)>> {
    for field in &entity.locks {
        let number = entity.fields[*field].number;
        let (read, row) = (read.get(number), row.get(number));
        if read == row {
            continue;
        }
        let is_version = |(version, _): &(FieldIndex, _)| version == field;
        if let Some((_, version)) = entity.row_version.filter(is_version) {
            let (read, row) = (version.number(read)?, version.number(row)?);
            if read != row {
                return Ok(Some((*field, read.to_string(), row.to_string())));
            }
            continue;
        }
        let display = |stored: Option<&[u8]>| match stored {
            Some(stored) => display(schema, entity, *field, stored),
            // The row is older than the property.
            None => "no value".to_owned(),
        };
        return Ok(Some((*field, display(read), display(row))));
    }
    Ok(None)
}

/// Gives every row that is written the version after the one that is stored.
pub(super) fn count(planner: &mut Planner<'_>) -> Result<()> {
    let database = planner.database;
    for ((entity, key), write) in &mut planner.writes {
        let schema = database.schema.entity(*entity);
        let Some((field, version)) = schema.row_version else {
            continue;
        };
        let Write { old, new, .. } = write;
        let Some(body) = new else { continue };
        let number = schema.fields[field].number;
        let next = match old {
            Some(row) => {
                let record = crate::keyspace::parse_row(schema, key, row)?;
                version.after(record.get(number))?
            }
            None => version.after(None)?,
        };
        *body = body.properties().patched([(number, Some(&*next))]);
    }
    Ok(())
}
