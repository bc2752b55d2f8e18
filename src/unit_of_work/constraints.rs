//! Foreign keys and uniqueness, judged on the final state of a flush (R6): what matters is what the
//! rows are like afterwards, not in which order they come to be so.

use std::collections::BTreeMap;

use super::plan::{Planner, Write};
use super::validate::too_long_entry;
use crate::codec::RowKey;
use crate::error::{Error, Result};
use crate::keyspace::{IndexKey, describe_index_key, index_entry, index_keys, parse_row};
use crate::schema::{EntityIndex, EntitySchema, FieldIndex, IndexSchema};

/// Every reference that is written must refer to a row that is there afterwards.
pub(super) fn check_references(planner: &Planner<'_>) -> Result<()> {
    let mut known = BTreeMap::new();
    for ((entity, key), write) in &planner.writes {
        let schema = planner.entity(*entity);
        let Some(body) = &write.new else { continue };
        for field in &schema.to_ones {
            if write
                .change
                .is_some_and(|change| !change.changed.contains(*field))
                && !write.purge
            {
                // Unchanged, so it was judged when it was written; removals follow it on their own.
                continue;
            }
            let Some(target_key) = planner.reference(schema, body, *field)? else {
                require(schema, key, *field)?;
                continue;
            };
            let target = schema.relation(*field).target;
            let exists = match known.get(&(target, target_key.clone())) {
                Some(exists) => *exists,
                None => planner.will_exist(target, &target_key)?,
            };
            if !exists {
                return Err(missing(planner, schema, key, *field, target, &target_key));
            }
            known.insert((target, target_key), true);
        }
    }
    Ok(())
}

fn require(schema: &EntitySchema, key: &RowKey, field: FieldIndex) -> Result<()> {
    if schema.fields[field].nullable {
        return Ok(());
    }
    let name = schema.fields[field].name;
    Err(Error::corruption(format!(
        "{} {}: the required reference `{name}` is missing",
        schema.name,
        schema.print_key(key)
    )))
}

/// The error of a reference to a row that will not be there.
pub(super) fn missing(
    planner: &Planner<'_>,
    schema: &EntitySchema,
    key: &RowKey,
    field: FieldIndex,
    target: EntityIndex,
    target_key: &RowKey,
) -> Error {
    let removed = planner.writes.contains_key(&(target, target_key.clone()));
    let target = planner.entity(target);
    Error::ForeignKeyViolation {
        entity: schema.name,
        key: schema.print_key(key),
        property: schema.fields[field].name,
        target: target.name,
        target_key: target.print_key(target_key),
        problem: if removed {
            "which the same flush removes; refer to another row, or keep that one"
        } else {
            "which is not in the database; persist it in the same flush or an earlier one"
        },
    }
}

/// Index entries that go and come with the writes; unique keys are judged.
pub(super) fn write_indexes(planner: &mut Planner<'_>) -> Result<()> {
    let database = planner.database;
    for schema in &database.schema.entities {
        for index in &schema.indexes {
            let changes = index_changes(planner, schema, index)?;
            if index.unique {
                check_unique(planner, schema, index, &changes)?;
            }
            let tree = database.keyspace.index(schema.index, index);
            for change in &changes {
                for old in &change.old {
                    let (entry, _) = index_entry(index, old, &change.row);
                    planner.batch.delete(tree, entry);
                }
            }
            for change in &changes {
                for new in &change.new {
                    let (entry, held) = index_entry(index, new, &change.row);
                    planner.batch.put(tree, entry, held);
                }
            }
        }
    }
    Ok(())
}

/// How the entries of one row change.
struct IndexChange {
    row: RowKey,
    /// The keys that it has no more.
    old: Vec<IndexKey>,
    /// The keys that it did not have.
    new: Vec<IndexKey>,
}

fn index_changes(
    planner: &Planner<'_>,
    schema: &EntitySchema,
    index: &IndexSchema,
) -> Result<Vec<IndexChange>> {
    let mut changes = Vec::new();
    for (row, write) in planner.writes_of(schema) {
        if untouched(schema, write, index) {
            continue;
        }
        let mut old = match &write.old {
            Some(stored) => index_keys(
                schema,
                index,
                row,
                parse_row(schema, row, stored)?.properties(),
            )?,
            None => Vec::new(),
        };
        let mut new = match &write.new {
            Some(body) => index_keys(schema, index, row, body.properties())?,
            None => Vec::new(),
        };
        new.retain(|key| {
            let kept = old.iter().position(|before| before == key);
            kept.map(|at| old.swap_remove(at)).is_none()
        });
        let too_long = new
            .iter()
            .find_map(|key| too_long_entry(schema, index, row, key));
        if let Some(violation) = too_long {
            return Err(Error::Validation(vec![violation]));
        }
        if !old.is_empty() || !new.is_empty() {
            changes.push(IndexChange {
                row: row.clone(),
                old,
                new,
            });
        }
    }
    Ok(changes)
}

/// Whether a row is updated, and nothing that the index reads is among what changes.
fn untouched(schema: &EntitySchema, write: &Write<'_>, index: &IndexSchema) -> bool {
    // A version is in no change set, and changes with every write.
    let reads_version = schema
        .row_version
        .is_some_and(|(version, _)| index.reads.contains(version));
    !reads_version
        && write.old.is_some()
        && write.new.is_some()
        && write
            .change
            .is_some_and(|change| !change.replaces && !change.changed.intersects(&index.reads))
        && !write.follows
}

/// A key may be taken if no row has it afterwards: who had it gives it up in this same flush.
fn check_unique(
    planner: &Planner<'_>,
    schema: &EntitySchema,
    index: &IndexSchema,
    changes: &[IndexChange],
) -> Result<()> {
    let tree = planner.database.keyspace.index(schema.index, index);
    let released: BTreeMap<&[u8], &RowKey> = changes
        .iter()
        .flat_map(|change| change.old.iter().map(|key| (key.as_slice(), &change.row)))
        .collect();
    let mut taken: BTreeMap<&[u8], &RowKey> = BTreeMap::new();
    for change in changes {
        for key in &change.new {
            let violation = |existing: &RowKey| Error::UniqueViolation {
                entity: schema.name,
                key: schema.print_key(&change.row),
                property: index.label,
                value: describe_index_key(&planner.database.schema, schema, index, key),
                existing: schema.print_key(existing),
            };
            if let Some(other) = taken.insert(key, &change.row) {
                return Err(violation(other));
            }
            if let Some(row) = planner.reader.get(tree, key)? {
                let holder = RowKey::from_encoded(schema.key_kind, &row)?;
                if holder != change.row && released.get(key.as_slice()) != Some(&&holder) {
                    return Err(violation(&holder));
                }
            }
        }
    }
    Ok(())
}
