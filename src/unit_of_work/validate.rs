//! Rules that a value can break by itself. All violations of a flush are told at once.

use std::borrow::Cow;

use super::Change;
use crate::codec::RowKey;
use crate::entity::ChangeKind;
use crate::error::{Result, Violation};
use crate::keyspace::index_keys;
use crate::log::shortened;
use crate::schema::{EntitySchema, FieldSchema, IndexPart, IndexSchema, ListSchema, ResolvedKind};
use crate::storage::MAX_KEY_LENGTH;

/// A stored value shorter than this makes no index key that is too long: those of texts and bytes
/// have at most twice its length, and no other type's come near.
const SURELY_SHORT: usize = MAX_KEY_LENGTH / 4;

/// Checks the written properties of one change.
pub(super) fn validate(
    entity: &EntitySchema,
    change: &Change,
    violations: &mut Vec<Violation>,
) -> Result<()> {
    check_version(entity, change, violations);
    check_values(entity, change, violations)?;
    check_keys(entity, change, violations)
}

/// A version is the flush's to count.
fn check_version(entity: &EntitySchema, change: &Change, violations: &mut Vec<Violation>) {
    if let (Some((version, _)), ChangeKind::Update) = (entity.row_version, change.kind)
        && change.changed.contains(version)
    {
        violations.push(Violation {
            entity: entity.name,
            key: entity.print_key(&change.key),
            property: entity.fields[version].name.into(),
            problem: "is counted by the flush and can't be assigned; give it the value back that was read"
                .to_owned(),
        });
    }
}

/// Keys have to fit the store: the primary key of a new row, and what indexes make of values.
fn check_keys(
    entity: &EntitySchema,
    change: &Change,
    violations: &mut Vec<Violation>,
) -> Result<()> {
    let key_length = change.key.encoded_length();
    if change.kind == ChangeKind::Create {
        let property = entity.fields[entity.key_field].name;
        let violation = too_long(entity, &change.key, property, key_length);
        violations.extend(violation);
    }
    for index in &entity.indexes {
        let is_derived =
            |part: &IndexPart| matches!(entity.fields[part.field].kind, ResolvedKind::Derived(_));
        // What is derived is computed once, where the entries are formed.
        if !change.changed.intersects(&index.reads) || index.parts.iter().any(is_derived) {
            continue;
        }
        let stored_length = |part: &IndexPart| {
            let stored = change.body.get(entity.fields[part.field].number);
            stored.map_or(0, <[u8]>::len)
        };
        let length: usize = index.parts.iter().map(stored_length).sum();
        if length < SURELY_SHORT && key_length < SURELY_SHORT {
            continue;
        }
        for key in index_keys(entity, index, &change.key, change.body.properties())? {
            violations.extend(too_long_entry(entity, index, &change.key, &key));
        }
    }
    Ok(())
}

/// The violation of an entry whose key is too long.
pub(super) fn too_long_entry(
    entity: &EntitySchema,
    index: &IndexSchema,
    row: &RowKey,
    key: &[u8],
) -> Option<Violation> {
    let of_row = if index.unique {
        0
    } else {
        row.encoded_length()
    };
    too_long(entity, row, index.label, key.len() + of_row)
}

/// The violation of a property that needs a stored key of `length` bytes, if that is too long.
pub(super) fn too_long(
    entity: &EntitySchema,
    key: &RowKey,
    property: &'static str,
    length: usize,
) -> Option<Violation> {
    (length > MAX_KEY_LENGTH).then(|| Violation {
        entity: entity.name,
        key: shortened(&entity.print_key(key)),
        property: property.into(),
        problem: format!(
            "needs a stored key of {length} bytes, and at most {MAX_KEY_LENGTH} are possible, primary keys included; shorten it"
        ),
    })
}

/// Texts have at most as many characters as their property allows, and what is written can be read.
fn check_values(
    entity: &EntitySchema,
    change: &Change,
    violations: &mut Vec<Violation>,
) -> Result<()> {
    for field in change.changed.iter() {
        let Some(stored) = change.stored(entity, field) else {
            continue;
        };
        let property = &entity.fields[field];
        let problems = problems(property, property.name.into(), stored)?;
        violations.extend(problems.into_iter().map(|(property, problem)| Violation {
            entity: entity.name,
            key: entity.print_key(&change.key),
            property,
            problem,
        }));
    }
    Ok(())
}

/// A path to a value, and what is wrong there.
type Problem = (Cow<'static, str>, String);

/// What is wrong with the value of a property, or within a list of embedded values.
fn problems(
    property: &FieldSchema,
    path: Cow<'static, str>,
    stored: &[u8],
) -> Result<Vec<Problem>> {
    if let Some(list) = &property.list {
        return problems_within(property, list, &path, stored);
    }
    let Some(value_type) = property.value_type() else {
        return Ok(Vec::new());
    };
    let problem = match (value_type.check_written(stored), property.length) {
        (Err(error), _) => Some(format!(
            "could not be read again if it were stored: {error}"
        )),
        (Ok(()), Some(most)) => too_long_text(value_type.char_count(stored)?, most),
        (Ok(()), None) => None,
    };
    Ok(problem.map(|problem| (path, problem)).into_iter().collect())
}

fn problems_within(
    property: &FieldSchema,
    list: &ListSchema,
    path: &str,
    stored: &[u8],
) -> Result<Vec<Problem>> {
    let mut found = Vec::new();
    let Some(stored) = property.stored_list(stored)? else {
        return Ok(found);
    };
    for (at, columns) in stored.elements(list.names()).enumerate() {
        for (property, column) in list.fields.iter().zip(columns) {
            if let Some(stored) = property.present(column) {
                let path = format!("{path}[{at}].{}", property.name);
                found.extend(problems(property, path.into(), stored)?);
            }
        }
    }
    Ok(found)
}

fn too_long_text(count: Option<usize>, most: usize) -> Option<String> {
    let count = count.filter(|count| *count > most)?;
    Some(format!(
        "has {count} characters, and at most {most} are allowed; shorten it, or raise `length`"
    ))
}
