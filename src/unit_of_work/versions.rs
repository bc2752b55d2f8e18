//! Optimistic locking: a row is written only while its version, and the properties with
//! `concurrency_check`, are those that were read.
//!
//! Invariant: the version of a row grows by one with every flush that writes it, be it for a change of
//! its own or for a rule that follows from another row. A row that takes the place of a removed one
//! counts on, so that whoever has read the old one notices. One that is made anew in a later flush begins
//! at 1, as the old one is not there any more; of two rows of one version, the commits that wrote them
//! tell whether they are one.

use super::plan::{Planner, Write};
use crate::codec::record::Record;
use crate::context::Slot;
use crate::entity::display;
use crate::error::{Error, Result};
use crate::schema::{EntitySchema, FieldIndex, Schema};
use crate::storage::CommitSequence;

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
pub(super) fn check(planner: &Planner<'_>, sequence: CommitSequence) -> Result<()> {
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
        let difference = match difference(schema, entity, &read, &row)? {
            // What this commit has written before is what was read: its flushes are replayed.
            None if row.revision() != sequence.0 => recreation(entity, &read, &row)?,
            difference => difference,
        };
        if let Some((field, expected, found)) = difference {
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
    let is_one = entity.row_version.is_none() || read.revision() == row.revision();
    is_one
        && entity.locks.iter().all(|field| {
            let number = entity.fields[*field].number;
            read.get(number) == row.get(number)
        })
}

/// The version of two rows that has it alike, if another commit wrote the second: the first was removed,
/// and another created in its place.
fn recreation(
    entity: &EntitySchema,
    read: &Record<'_>,
    row: &Record<'_>,
) -> Result<Option<Difference>> {
    let Some((field, version)) = entity.row_version else {
        return Ok(None);
    };
    if read.revision() == row.revision() {
        return Ok(None);
    }
    let number = entity.fields[field].number;
    let of = |record: &Record<'_>| -> Result<String> {
        let version = version.number(record.get(number))?;
        Ok(format!("{version} of commit {}", record.revision()))
    };
    Ok(Some((field, of(read)?, of(row)?)))
}

/// A property of the lock, and its values in two rows, in words.
type Difference = (FieldIndex, String, String);

/// The first property of the lock in which two rows differ, and its values in both, in words.
fn difference(
    schema: &Schema,
    entity: &EntitySchema,
    read: &Record<'_>,
    row: &Record<'_>,
) -> Result<Option<Difference>> {
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
