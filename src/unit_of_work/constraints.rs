//! Foreign keys and uniqueness, judged on the final state of a flush (R6): what matters is what the
//! rows are like afterwards, not in which order they come to be so.

use std::collections::BTreeMap;

use super::plan::{Planner, Write};
use crate::codec::RowKey;
use crate::error::{Error, Result};
use crate::keyspace::{index_entry, parse_row};
use crate::schema::{EntityIndex, EntitySchema, FieldIndex, IndexSchema, ResolvedKind};

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

/// Index entries that go and come with the writes; unique values are judged.
pub(super) fn write_indexes(planner: &mut Planner<'_>) -> Result<()> {
    let database = planner.database;
    for schema in &database.schema.entities {
        for index in &schema.indexes {
            let changes = index_changes(planner, schema, *index)?;
            if index.unique {
                check_unique(planner, schema, *index, &changes)?;
            }
            let tree = database.keyspace.index(schema.index, index.field);
            for change in &changes {
                if let Some(old) = &change.old {
                    planner
                        .batch
                        .delete(tree, index_entry(*index, old, &change.key).0);
                }
            }
            for change in &changes {
                if let Some(new) = &change.new {
                    let (key, value) = index_entry(*index, new, &change.key);
                    planner.batch.put(tree, key, value);
                }
            }
        }
    }
    Ok(())
}

/// How the entry of one row changes.
struct IndexChange {
    key: RowKey,
    old: Option<Vec<u8>>,
    new: Option<Vec<u8>>,
}

fn index_changes(
    planner: &Planner<'_>,
    schema: &EntitySchema,
    index: IndexSchema,
) -> Result<Vec<IndexChange>> {
    let mut changes = Vec::new();
    for ((entity, key), write) in &planner.writes {
        if *entity != schema.index || untouched(write, index.field) {
            continue;
        }
        let number = schema.fields[index.field].number;
        let old = match &write.old {
            Some(row) => index_value(schema, index, parse_row(schema, key, row)?.get(number))?,
            None => None,
        };
        let new = match &write.new {
            Some(body) => index_value(schema, index, body.get(number))?,
            None => None,
        };
        if old != new {
            changes.push(IndexChange {
                key: key.clone(),
                old,
                new,
            });
        }
    }
    Ok(changes)
}

/// Whether a row is updated, and the property is not among what changes.
fn untouched(write: &Write<'_>, field: FieldIndex) -> bool {
    write.old.is_some()
        && write.new.is_some()
        && write
            .change
            .is_some_and(|change| !change.replaces && !change.changed.contains(field))
        && !write.follows
}

/// The index key of a stored property; `None` where rows without a value have no entry.
pub(crate) fn index_value(
    schema: &EntitySchema,
    index: IndexSchema,
    stored: Option<&[u8]>,
) -> Result<Option<Vec<u8>>> {
    let Some(stored) = stored else {
        return Ok(None);
    };
    let property = &schema.fields[index.field];
    match &property.kind {
        ResolvedKind::Relation(_) if stored.is_empty() => Ok(None),
        // A reference is stored as the encoded key itself.
        ResolvedKind::Relation(_) => Ok(Some(stored.to_vec())),
        ResolvedKind::Scalar(value_type) => {
            let mut value = Vec::with_capacity(stored.len() + 2);
            value_type.append_order_key(stored, &mut value)?;
            // `None` encodes as a lone zero byte; a unique index ignores it (R7).
            let ignored = index.unique && property.nullable && value == [0];
            Ok((!ignored).then_some(value))
        }
        ResolvedKind::PrimaryKey | ResolvedKind::Lazy(_) => {
            unreachable!("only columns are indexed")
        }
    }
}

/// A value may be taken if no row has it afterwards: who had it gives it up in this same flush.
fn check_unique(
    planner: &Planner<'_>,
    schema: &EntitySchema,
    index: IndexSchema,
    changes: &[IndexChange],
) -> Result<()> {
    let tree = planner.database.keyspace.index(schema.index, index.field);
    let released: BTreeMap<&[u8], &RowKey> = changes
        .iter()
        .filter_map(|change| Some((change.old.as_deref()?, &change.key)))
        .collect();
    let mut taken: BTreeMap<&[u8], &RowKey> = BTreeMap::new();
    for change in changes {
        let Some(value) = change.new.as_deref() else {
            continue;
        };
        let violation =
            |existing: &RowKey| unique_violation(planner, schema, index, &change.key, existing);
        if let Some(other) = taken.insert(value, &change.key) {
            return Err(violation(other));
        }
        if let Some(row) = planner.reader.get(tree, value)? {
            let holder = RowKey::from_encoded(schema.key_kind, &row)?;
            if holder != change.key && released.get(value) != Some(&&holder) {
                return Err(violation(&holder));
            }
        }
    }
    Ok(())
}

fn unique_violation(
    planner: &Planner<'_>,
    schema: &EntitySchema,
    index: IndexSchema,
    key: &RowKey,
    existing: &RowKey,
) -> Error {
    let property = &schema.fields[index.field];
    let stored = planner.writes[&(schema.index, key.clone())]
        .new
        .as_ref()
        .and_then(|body| body.get(property.number));
    let value = match (&property.kind, stored) {
        _ if property.hidden => "<hidden>".to_owned(),
        (ResolvedKind::Scalar(value_type), Some(stored)) => value_type.display(stored).to_string(),
        (ResolvedKind::Relation(relation), Some(stored)) => {
            let target = planner.entity(relation.target);
            let key = RowKey::from_encoded(target.key_kind, stored);
            key.map_or_else(
                |_| "<unreadable>".to_owned(),
                |key| format!("{} {}", target.name, target.print_key(&key)),
            )
        }
        _ => "this value".to_owned(),
    };
    Error::UniqueViolation {
        entity: schema.name,
        key: schema.print_key(key),
        property: property.name,
        value,
        existing: schema.print_key(existing),
    }
}
