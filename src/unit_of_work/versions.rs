//! Optimistic locking: a row that has a version is written only over the version that was read.
//!
//! Invariant: the version of a row grows by one with every flush that writes it, be it for a change of
//! its own or for a rule that follows from another row. A row that takes the place of a removed one
//! counts on, so that whoever has read the old one notices.

use super::plan::{Planner, Write};
use crate::codec::RowKey;
use crate::context::Slot;
use crate::error::{Error, Result};
use crate::schema::{EntityIndex, EntitySchema};
use crate::storage::Bytes;

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
    for ((entity, key), write) in &planner.writes {
        let (Some(change), Some(row)) = (write.change, &write.old) else {
            continue;
        };
        let Some(expected) = change.read_version else {
            continue;
        };
        let found = stored_version(planner, *entity, key, row)?;
        if found != expected {
            let schema = planner.entity(*entity);
            return Err(Error::OptimisticLock {
                entity: schema.name,
                key: schema.print_key(key),
                expected,
                found,
            });
        }
    }
    Ok(())
}

fn stored_version(
    planner: &Planner<'_>,
    entity: EntityIndex,
    key: &RowKey,
    row: &Bytes,
) -> Result<u64> {
    let schema = planner.entity(entity);
    let Some((field, version)) = schema.row_version else {
        return Ok(0);
    };
    let record = planner.record(entity, key, row)?;
    Ok(version.number(record.get(schema.fields[field].number))?)
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
