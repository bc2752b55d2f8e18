//! The entries of indexes: which ones a row has, what they hold, and which row an entry is about.
//!
//! Constraints, verification, repair and the building of new indexes know entries from here alone.

use super::pair;
use crate::codec::record::Properties;
use crate::codec::{OrderedKey, RowKey};
use crate::error::Error;
use crate::schema::{EntitySchema, IndexPart, IndexSchema, PartKind, Schema};

/// A key in an index: those of its parts, one after the other.
pub(crate) type IndexKey = Vec<u8>;

/// The keys under which an index has a row of these properties; none where a unique index ignores it
/// for a part that is `None` (R7).
pub(crate) fn index_keys(
    entity: &EntitySchema,
    index: &IndexSchema,
    row_key: &RowKey,
    row: Properties<'_>,
) -> Result<Vec<IndexKey>, Error> {
    let mut keys = vec![IndexKey::new()];
    for part in &index.parts {
        let Some(stored) = entity.value_of(part.field, row_key, row)? else {
            return Ok(Vec::new());
        };
        if let PartKind::Each(elements) = &part.kind {
            let elements = elements.keys(&stored)?;
            let before = std::mem::take(&mut keys);
            let before = before.first().map_or(&[][..], Vec::as_slice);
            keys.extend(elements.iter().map(|element| [before, element].concat()));
            continue;
        }
        // A part after the elements is the same in all keys.
        for key in &mut keys {
            if !append_part(entity, index, part, &stored, key)? {
                return Ok(Vec::new());
            }
        }
    }
    Ok(keys)
}

/// Appends a part of a key. `false`: the row has no key.
fn append_part(
    entity: &EntitySchema,
    index: &IndexSchema,
    part: &IndexPart,
    stored: &[u8],
    key: &mut IndexKey,
) -> Result<bool, Error> {
    match &part.kind {
        PartKind::Value(value_type) => {
            let start = key.len();
            value_type.append_order_key(stored, key)?;
            // `None` encodes as a lone zero byte.
            let nullable = entity.fields[part.field].nullable;
            Ok(!(index.unique && nullable && key[start..] == [0]))
        }
        // A reference is stored as the encoded key itself.
        PartKind::Reference => {
            key.extend_from_slice(stored);
            Ok(!stored.is_empty())
        }
        PartKind::OptionalReference => {
            key.push(u8::from(!stored.is_empty()));
            key.extend_from_slice(stored);
            Ok(!(index.unique && stored.is_empty()))
        }
        PartKind::Each(_) => unreachable!("elements are parts of several keys"),
    }
}

/// The key and value of the entry that an index has for a row.
pub(crate) fn index_entry(index: &IndexSchema, key: &[u8], row: &RowKey) -> (Vec<u8>, Vec<u8>) {
    if index.unique {
        (key.to_vec(), row.to_vec())
    } else {
        (pair(key, row), Vec::new())
    }
}

/// The row that an entry is about.
pub(crate) fn index_entry_row(
    schema: &Schema,
    entity: &EntitySchema,
    index: &IndexSchema,
    entry: &[u8],
    held: &[u8],
) -> Result<RowKey, Error> {
    if index.unique {
        return Ok(RowKey::from_encoded(entity.key_kind, held)?);
    }
    let mut row = entry;
    for part in &index.parts {
        skip_part(schema, entity, part, &mut row)?;
    }
    Ok(RowKey::from_encoded(entity.key_kind, row)?)
}

/// Takes a part off the front of a key.
fn skip_part(
    schema: &Schema,
    entity: &EntitySchema,
    part: &IndexPart,
    key: &mut &[u8],
) -> Result<(), Error> {
    let skip_reference = || schema.entity(entity.relation(part.field).target).skip_key;
    match &part.kind {
        PartKind::Value(value_type) => *key = value_type.after_order_key(key)?,
        PartKind::Each(elements) => *key = elements.element.after_order_key(key)?,
        PartKind::Reference => skip_reference()(key)?,
        PartKind::OptionalReference => {
            let is_present = bool::decode_key(key)?;
            if is_present {
                skip_reference()(key)?;
            }
        }
    }
    Ok(())
}

/// The parts of a key as messages show them.
pub(crate) fn describe_index_key(
    schema: &Schema,
    entity: &EntitySchema,
    index: &IndexSchema,
    mut key: &[u8],
) -> String {
    let parts: Vec<_> = index
        .parts
        .iter()
        .map(|part| describe_part(schema, entity, part, &mut key))
        .collect();
    match parts.as_slice() {
        [only] => only.clone(),
        several => format!("({})", several.join(", ")),
    }
}

fn describe_part(
    schema: &Schema,
    entity: &EntitySchema,
    part: &IndexPart,
    key: &mut &[u8],
) -> String {
    let whole = *key;
    if skip_part(schema, entity, part, key).is_err() {
        return "<unreadable>".to_owned();
    }
    let bytes = &whole[..whole.len() - key.len()];
    if entity.fields[part.field].hidden {
        return "<hidden>".to_owned();
    }
    match (&part.kind, bytes) {
        (PartKind::Each(elements), _) => elements.element.display_order_key(bytes).to_string(),
        (PartKind::Value(value_type), _) => value_type.display_order_key(bytes).to_string(),
        (PartKind::OptionalReference, [0, ..]) => "None".to_owned(),
        (PartKind::OptionalReference, [_, bytes @ ..]) | (PartKind::Reference, bytes) => {
            let target = schema.entity(entity.relation(part.field).target);
            let key = RowKey::from_encoded(target.key_kind, bytes);
            key.map_or_else(
                |_| "<unreadable>".to_owned(),
                |key| format!("{} {}", target.name, target.print_key(&key)),
            )
        }
        (PartKind::OptionalReference, []) => "<unreadable>".to_owned(),
    }
}
