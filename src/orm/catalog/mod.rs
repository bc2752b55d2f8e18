//! The schema as it is stored, and what has to be done when the program's entities have changed.
//!
//! Stored rows find their properties by number, and numbers are never given twice. A property that
//! is gone is skipped in the rows, and is there again when it comes back; one that is new is added
//! to the rows with its default; indexes that are new are built, and those that are gone are emptied. What can't be done without losing
//! data is refused, everything at once.

mod lists;
mod rows;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use self::lists::parts_of;
use self::rows::StoredRows;
use crate::codec::RowKey;
use crate::codec::record::PropertyNumber;
use crate::codec::value::{decode_value, encode_value, open_value, seal_value};
use crate::entity::EntityType;
use crate::error::{Error, Result};
use crate::keyspace::{CATALOG_SCHEMA, Keyspace};
use crate::schema::{
    EntityIndex, EntitySchema, FieldIndex, FieldSchema, IndexSchema, RelationKind, ResolvedKind,
    Schema,
};
use crate::storage::{Batch, CommitSequence, Durability, Reader, Store, StoreExt, TreeId};

/// The schema as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct StoredSchema {
    entities: BTreeMap<String, StoredEntity>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct StoredEntity {
    /// Counts the changes of the entity's shape.
    version: u32,
    /// The type of the primary key, in words.
    key: String,
    /// The number that the next new property gets.
    next_number: u16,
    properties: BTreeMap<String, StoredProperty>,
    /// What each index is declared to be, and whether it is unique.
    indexes: BTreeMap<String, bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct StoredProperty {
    number: u16,
    /// Whether the entity had the property when it was opened last. One that it had not is kept:
    /// another build of the program may have it.
    in_use: bool,
    /// What the property holds, in words.
    kind: String,
}

/// Fixes property numbers, builds new indexes, and stores the schema if it has changed.
///
/// # Errors
/// [`Error::Schema`] with everything that does not fit what is stored.
pub(super) fn reconcile(
    store: &dyn Store,
    keyspace: &Keyspace,
    schema: &mut Schema,
    types: &[EntityType],
    durability: Durability,
) -> Result<()> {
    let dropped = dropped_indexes(store, keyspace, schema)?;
    store.write_with::<_, Error>(durability, |reader, sequence| {
        let stored = read(reader, keyspace)?;
        let mut reconciliation = Reconciliation {
            stored: StoredRows::new(reader, keyspace),
            problems: Vec::new(),
            new_columns: Vec::new(),
        };
        let mut updated = stored.clone();
        let mut new_indexes: Vec<(EntityIndex, usize)> = Vec::new();
        for entity in &schema.entities {
            let before = stored.entities.get(entity.name);
            updated.entities.insert(
                entity.name.to_owned(),
                reconciliation.entity(schema, entity, before)?,
            );
            let missing = missing_indexes(entity, before);
            new_indexes.extend(missing.map(|index| (entity.index, index.position)));
        }
        // Index keys are read from rows by number, so numbers have to be there first.
        assign(schema, &updated);
        let Reconciliation {
            stored: mut rows,
            mut problems,
            new_columns,
        } = reconciliation;
        if problems.is_empty() {
            for columns in new_columns.chunk_by(|a, b| a.0 == b.0) {
                let entity = schema.entity(columns[0].0);
                let entity_type = types.iter().find(|it| it.description.name == entity.name);
                let entity_type = entity_type.expect("the schema was built of these types");
                let fields: Vec<_> = columns.iter().map(|(_, field)| *field).collect();
                rows.complete(entity, entity_type, &fields)?;
            }
            for (entity, position) in new_indexes {
                let entity = schema.entity(entity);
                let index = &entity.indexes[position];
                problems.extend(rows.build_index(schema, entity, index)?);
            }
            dropped.iter().try_for_each(|tree| rows.clear(*tree))?;
        }
        if !problems.is_empty() {
            return Err(Error::Schema(problems));
        }
        let mut batch = rows.into_batch();
        if updated != stored {
            write(&mut batch, keyspace, &updated, sequence)?;
        }
        Ok((batch, ()))
    })
}

/// Gives the schema the numbers that rows are stored with, and changes nothing.
///
/// # Errors
/// [`Error::Schema`] with every entity that is not stored in the form that it has here.
pub(super) fn recognize(
    reader: &dyn Reader,
    keyspace: &Keyspace,
    schema: &mut Schema,
) -> Result<()> {
    let stored = read(reader, keyspace)?;
    let is_known = |entity: &EntitySchema, known: &StoredEntity| {
        let mut properties = entity.fields.iter().filter(|field| has_storage(field));
        let is_in_use = |name: &str, kind: String| {
            let property = known.properties.get(name);
            property.is_some_and(|it| it.in_use && it.kind == kind)
        };
        let mut parts = parts_of(schema, entity).into_iter();
        known.key == entity.key_name
            && properties.all(|field| is_in_use(field.name, kind_of(schema, field)))
            && parts.all(|part| is_in_use(&part.path, part.kind))
    };
    let mut problems = Vec::new();
    for entity in &schema.entities {
        let known = stored.entities.get(entity.name);
        if !known.is_some_and(|known| is_known(entity, known)) {
            problems.push(format!(
                "{} is not stored as the entity declares it; use the entities that the database was \
                 last opened with",
                entity.name
            ));
        }
    }
    if !problems.is_empty() {
        return Err(Error::Schema(problems));
    }
    assign(schema, &stored);
    Ok(())
}

/// The indexes that a stored entity has not, or has of the other sort.
fn missing_indexes<'e>(
    entity: &'e EntitySchema,
    before: Option<&'e StoredEntity>,
) -> impl Iterator<Item = &'e IndexSchema> {
    let indexes = before.map_or(&[][..], |_| &entity.indexes);
    indexes.iter().filter(move |index| {
        let stored =
            before.and_then(|before| before.indexes.get(&index.declaration(&entity.fields)));
        stored != Some(&index.unique)
    })
}

/// The trees of indexes that stored entities have, and the program's have not.
fn dropped_indexes(store: &dyn Store, keyspace: &Keyspace, schema: &Schema) -> Result<Vec<TreeId>> {
    let stored = store.read_with(|reader| read(reader, keyspace))??;
    let mut trees = Vec::new();
    for entity in &schema.entities {
        let stored = stored.entities.get(entity.name);
        for declaration in stored.iter().flat_map(|entity| entity.indexes.keys()) {
            let name = IndexSchema::declared_name(declaration);
            if entity.indexes.iter().all(|index| index.name != name) {
                trees.push(Keyspace::open_index(store, entity, name)?);
            }
        }
    }
    Ok(trees)
}

fn read(reader: &dyn Reader, keyspace: &Keyspace) -> Result<StoredSchema> {
    let Some(sealed) = reader.get(keyspace.catalog, CATALOG_SCHEMA)? else {
        return Ok(StoredSchema::default());
    };
    let damaged = |error: &dyn std::fmt::Display| {
        Error::corruption(format!("the stored schema can't be read: {error}"))
    };
    let (_, value) = open_value(&catalog_place(), &sealed).map_err(|error| damaged(&error))?;
    decode_value(value).map_err(|error| damaged(&error))
}

fn write(
    batch: &mut Batch,
    keyspace: &Keyspace,
    schema: &StoredSchema,
    sequence: CommitSequence,
) -> Result<()> {
    let mut value = Vec::new();
    encode_value(schema, &mut value)?;
    batch.put(
        keyspace.catalog,
        CATALOG_SCHEMA,
        seal_value(&catalog_place(), sequence.0, &value),
    );
    Ok(())
}

/// The key of the stored schema, which its checksum covers.
fn catalog_place() -> RowKey {
    RowKey::Bytes(CATALOG_SCHEMA.into())
}

fn assign(schema: &mut Schema, stored: &StoredSchema) {
    for entity in &mut schema.entities {
        let known = &stored.entities[entity.name];
        let numbers: Vec<_> = entity
            .columns
            .iter()
            .map(|field| {
                (
                    *field,
                    PropertyNumber(known.properties[entity.fields[*field].name].number),
                )
            })
            .collect();
        entity.version = known.version;
        entity.by_number.clear();
        entity.assign_numbers(&numbers);
    }
}

struct Reconciliation<'a> {
    stored: StoredRows<'a>,
    problems: Vec<String>,
    /// Properties that rows may lack, by the entity's position.
    new_columns: Vec<(EntityIndex, FieldIndex)>,
}

impl Reconciliation<'_> {
    fn entity(
        &mut self,
        schema: &Schema,
        entity: &EntitySchema,
        before: Option<&StoredEntity>,
    ) -> Result<StoredEntity> {
        let mut now = before.cloned().unwrap_or_default();
        let parts = parts_of(schema, entity);
        for (name, known) in &mut now.properties {
            let has_it = |field: &FieldSchema| field.name == name && has_storage(field);
            known.in_use &=
                entity.fields.iter().any(has_it) || parts.iter().any(|part| part.path == *name);
        }
        for field in 0..entity.fields.len() {
            let property = &entity.fields[field];
            if has_storage(property) {
                let kind = kind_of(schema, property);
                let is_stored = now.properties.get(property.name);
                let is_stored = is_stored.is_some_and(|known| known.kind == kind);
                self.property(entity, field, kind, before.is_some(), &mut now)?;
                self.list(schema, entity, field, is_stored, &mut now)?;
            }
        }
        if before.is_some_and(|before| before.key != entity.key_name)
            && self.stored.has_rows(entity)?
        {
            self.problems.push(format!(
                "{} is stored with keys of type {}, and the entity declares {}; give the new entity another name with \
                 `#[orm(name = \"..\")]`, and remove {} once its rows are carried over",
                entity.name, now.key, entity.key_name, entity.name
            ));
        }
        entity.key_name.clone_into(&mut now.key);
        now.indexes = entity
            .indexes
            .iter()
            .map(|index| (index.declaration(&entity.fields), index.unique))
            .collect();
        if before != Some(&now) {
            now.version += 1;
        }
        Ok(now)
    }

    fn property(
        &mut self,
        entity: &EntitySchema,
        field: FieldIndex,
        kind: String,
        is_stored: bool,
        now: &mut StoredEntity,
    ) -> Result<()> {
        let property = &entity.fields[field];
        let known = now.properties.get(property.name).cloned();
        let number = match known {
            Some(known) if known.kind == kind && known.in_use => return Ok(()),
            Some(known) if known.kind == kind => {
                // It was gone, and is back: rows written meanwhile lack it.
                self.appears(entity, field)?;
                known.number
            }
            Some(known) if known.in_use && differ_in_optionality(&known.kind, &kind) => {
                let number = PropertyNumber(known.number);
                let is_value: fn(&[u8]) -> bool = match property.embedded {
                    Some(_) => |stored| *stored != [0],
                    None => |stored| !stored.is_empty(),
                };
                if !property.nullable && self.stored.lack_value(entity, number, is_value)? {
                    self.problems.push(format!(
                        "{}.{} is now required, and there are rows without it; give them one before declaring it",
                        entity.name, property.name
                    ));
                }
                known.number
            }
            Some(known) if known.in_use => {
                self.problems.push(format!(
                    "{0}.{1} is stored as {2}, and the entity declares {kind}; give the new property another name, and \
                     remove {1} once its values are carried over",
                    entity.name, property.name, known.kind
                ));
                known.number
            }
            Some(_) | None => {
                if is_stored {
                    self.appears(entity, field)?;
                }
                now.next_number += 1;
                now.next_number - 1
            }
        };
        let known = StoredProperty {
            number,
            in_use: true,
            kind,
        };
        now.properties.insert(property.name.to_owned(), known);
        Ok(())
    }

    /// A property that rows may lack has to have something to say for them.
    fn appears(&mut self, entity: &EntitySchema, field: FieldIndex) -> Result<()> {
        let property = &entity.fields[field];
        let is_lazy = matches!(property.kind, ResolvedKind::Lazy(_));
        if !property.has_default && !property.nullable && self.stored.has_rows(entity)? {
            let remedy = if is_lazy {
                "make it a `Lazy<Option<..>>`"
            } else {
                "give it a default with `#[orm(default = ..)]`, or make it an `Option`"
            };
            self.problems.push(format!(
                "{}.{} is new, and there are rows without it; {remedy}",
                entity.name, property.name
            ));
        }
        if is_lazy {
            self.stored.clear_lazy(entity, field)?;
        } else {
            self.new_columns.push((entity.index, field));
        }
        Ok(())
    }
}

/// Whether the property is stored with its entity: in the row, or as a lazy value.
fn has_storage(property: &FieldSchema) -> bool {
    property.is_column() || matches!(property.kind, ResolvedKind::Lazy(_))
}

const REFERENCE: &str = "a reference to ";
const OPTIONAL_REFERENCE: &str = "an optional reference to ";
const EMBEDDED: &str = "an embedded value";
const OPTIONAL_EMBEDDED: &str = "an optional embedded value";
const LIST: &str = "a list of embedded values";
const OPTIONAL_LIST: &str = "an optional list of embedded values";

/// Whether two kinds are references to one entity, or embedded values, of which one is required.
fn differ_in_optionality(a: &str, b: &str) -> bool {
    let required = |kind: &str| match kind.strip_prefix(OPTIONAL_REFERENCE) {
        Some(target) => Some(format!("{REFERENCE}{target}")),
        None if kind == OPTIONAL_EMBEDDED => Some(EMBEDDED.to_owned()),
        None => (kind == EMBEDDED || kind.starts_with(REFERENCE)).then(|| kind.to_owned()),
    };
    required(a).is_some() && required(a) == required(b)
}

fn kind_of(schema: &Schema, property: &FieldSchema) -> String {
    match &property.kind {
        _ if property.embedded.is_some() && property.nullable => OPTIONAL_EMBEDDED.to_owned(),
        _ if property.embedded.is_some() => EMBEDDED.to_owned(),
        _ if property.list.is_some() && property.nullable => OPTIONAL_LIST.to_owned(),
        _ if property.list.is_some() => LIST.to_owned(),
        ResolvedKind::Scalar(value) => value.name(),
        ResolvedKind::Lazy(value) => format!("Lazy<{}>", value.name()),
        ResolvedKind::Relation(relation) => match relation.kind {
            RelationKind::ToOne { .. } => {
                let name = schema.entity(relation.target).name;
                if property.nullable {
                    format!("{OPTIONAL_REFERENCE}{name}")
                } else {
                    format!("{REFERENCE}{name}")
                }
            }
            _ => unreachable!("only owning to-one relations are stored with their entity"),
        },
        ResolvedKind::PrimaryKey => "the primary key".to_owned(),
        ResolvedKind::Derived(_) => unreachable!("no row has it"),
    }
}
