//! The schema as it is stored, and what has to be done when the program's entities have changed.
//!
//! Stored rows find their properties by number, and numbers are never given twice: a property that
//! is gone is skipped in old rows, one that is new takes its default, and indexes that are new are
//! built. What can't be done without losing data is refused, everything at once.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::codec::RowKey;
use crate::codec::record::{PropertyNumber, Record};
use crate::codec::value::{decode_value, encode_value, open_value, seal_value};
use crate::error::{Error, Result};
use crate::keyspace::{CATALOG_SCHEMA, Keyspace, index_entry};
use crate::schema::{
    EntitySchema, FieldIndex, FieldSchema, IndexSchema, RelationKind, ResolvedKind, Schema,
};
use crate::storage::{
    Batch, CommitSequence, Direction, Durability, KeyRange, Reader, Store, StoreExt,
};
use crate::unit_of_work::index_value;

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
    /// Indexed properties, and whether the index is unique.
    indexes: BTreeMap<String, bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct StoredProperty {
    number: u16,
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
    durability: Durability,
) -> Result<()> {
    store.write_with::<_, Error>(durability, |reader, sequence| {
        let stored = read(reader, keyspace)?;
        let mut reconciliation = Reconciliation {
            reader,
            keyspace,
            problems: Vec::new(),
            batch: Batch::new(),
        };
        let mut updated = stored.clone();
        let mut new_indexes = Vec::new();
        for entity in &schema.entities {
            let before = stored.entities.get(entity.name);
            updated.entities.insert(
                entity.name.to_owned(),
                reconciliation.entity(schema, entity, before)?,
            );
            new_indexes.extend(missing_indexes(entity, before).map(|index| (entity.index, index)));
        }
        // Index keys are read from rows by number, so numbers have to be there first.
        assign(schema, &updated);
        for (entity, index) in new_indexes {
            reconciliation.build_index(schema.entity(entity), index)?;
        }
        if !reconciliation.problems.is_empty() {
            return Err(Error::Schema(reconciliation.problems));
        }
        if updated != stored {
            write(&mut reconciliation.batch, keyspace, &updated, sequence)?;
        }
        Ok((reconciliation.batch, ()))
    })
}

/// The indexes that a stored entity has not, or has of the other sort.
fn missing_indexes<'e>(
    entity: &'e EntitySchema,
    before: Option<&'e StoredEntity>,
) -> impl Iterator<Item = IndexSchema> + 'e {
    let stored = move |index: &IndexSchema| {
        before
            .and_then(|before| before.indexes.get(entity.fields[index.field].name))
            .copied()
    };
    let wanted = entity
        .indexes
        .iter()
        .copied()
        .filter(move |_| before.is_some());
    wanted.filter(move |index| stored(index) != Some(index.unique))
}

fn read(reader: &dyn Reader, keyspace: &Keyspace) -> Result<StoredSchema> {
    let Some(sealed) = reader.get(keyspace.catalog, CATALOG_SCHEMA)? else {
        return Ok(StoredSchema::default());
    };
    let damaged = |error: &dyn std::fmt::Display| {
        Error::corruption(format!("the stored schema can't be read: {error}"))
    };
    let (_, value) = open_value(&sealed).map_err(|error| damaged(&error))?;
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
        seal_value(sequence.0, &value),
    );
    Ok(())
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
    reader: &'a dyn Reader,
    keyspace: &'a Keyspace,
    problems: Vec<String>,
    batch: Batch,
}

impl Reconciliation<'_> {
    fn entity(
        &mut self,
        schema: &Schema,
        entity: &EntitySchema,
        before: Option<&StoredEntity>,
    ) -> Result<StoredEntity> {
        let mut now = before.cloned().unwrap_or_default();
        now.properties.retain(|name, _| {
            entity
                .fields
                .iter()
                .any(|field| field.name == name && has_storage(field))
        });
        for field in 0..entity.fields.len() {
            let property = &entity.fields[field];
            if has_storage(property) {
                self.property(
                    entity,
                    property,
                    kind_of(schema, property),
                    before.is_some(),
                    &mut now,
                )?;
            }
        }
        if before.is_some_and(|before| before.key != entity.key_name) && self.has_rows(entity)? {
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
            .map(|index| (entity.fields[index.field].name.to_owned(), index.unique))
            .collect();
        if before != Some(&now) {
            now.version += 1;
        }
        Ok(now)
    }

    fn property(
        &mut self,
        entity: &EntitySchema,
        property: &FieldSchema,
        kind: String,
        is_stored: bool,
        now: &mut StoredEntity,
    ) -> Result<()> {
        match now.properties.get(property.name) {
            Some(known) if known.kind == kind => {}
            Some(known) if refer_to_the_same(&known.kind, &kind) => {
                let number = PropertyNumber(known.number);
                if !property.nullable && self.lack_reference(entity, number)? {
                    self.problems.push(format!(
                        "{}.{} is now required, and there are rows without it; give them one before declaring it",
                        entity.name, property.name
                    ));
                }
                let known = StoredProperty { number: number.0, kind };
                now.properties.insert(property.name.to_owned(), known);
            }
            Some(known) => self.problems.push(format!(
                "{0}.{1} is stored as {2}, and the entity declares {kind}; give the new property another name, and remove {1} \
                 once its values are carried over",
                entity.name, property.name, known.kind
            )),
            None => {
                if is_stored && !property.has_default && !property.nullable && self.has_rows(entity)? {
                    self.problems.push(format!(
                        "{}.{} is new, and there are rows without it; give it a default with `#[orm(default = ..)]`, or make it an \
                         `Option`",
                        entity.name, property.name
                    ));
                }
                if let (true, ResolvedKind::Lazy(_)) = (is_stored, &property.kind) {
                    self.clear_lazy(entity, property)?;
                }
                let known = StoredProperty { number: now.next_number, kind };
                now.next_number += 1;
                now.properties.insert(property.name.to_owned(), known);
            }
        }
        Ok(())
    }

    /// Removes the values that a lazy property of the same name has left.
    fn clear_lazy(&mut self, entity: &EntitySchema, property: &FieldSchema) -> Result<()> {
        let is_it = |field: &&FieldIndex| entity.fields[**field].name == property.name;
        let field = entity
            .lazies
            .iter()
            .find(is_it)
            .expect("it is among the lazy properties");
        let tree = self.keyspace.lazy(entity.index, *field);
        let batch = &mut self.batch;
        self.reader
            .scan(tree, &KeyRange::all(), Direction::Forward, &mut |key, _| {
                batch.delete(tree, key);
                ControlFlow::Continue(())
            })?;
        Ok(())
    }

    /// Whether a row has no reference under the number.
    fn lack_reference(&self, entity: &EntitySchema, number: PropertyNumber) -> Result<bool> {
        for (key, row) in rows(self.reader, self.keyspace, entity)? {
            let record = Record::parse(&row)
                .map_err(|error| Error::damaged_row(entity.name, &entity.print_key(&key), error))?;
            if record.get(number).is_none_or(<[u8]>::is_empty) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn has_rows(&self, entity: &EntitySchema) -> Result<bool> {
        let mut found = false;
        self.reader.scan(
            self.keyspace.rows(entity.index),
            &KeyRange::all(),
            Direction::Forward,
            &mut |_, _| {
                found = true;
                ControlFlow::Break(())
            },
        )?;
        Ok(found)
    }

    /// Makes an index of the rows that are there. What an earlier index of the same name left goes.
    fn build_index(&mut self, entity: &EntitySchema, index: IndexSchema) -> Result<()> {
        let tree = self.keyspace.index(entity.index, index.field);
        let batch = &mut self.batch;
        self.reader
            .scan(tree, &KeyRange::all(), Direction::Forward, &mut |key, _| {
                batch.delete(tree, key);
                ControlFlow::Continue(())
            })?;
        for (key, row) in rows(self.reader, self.keyspace, entity)? {
            let record = Record::parse(&row)
                .map_err(|error| Error::damaged_row(entity.name, &entity.print_key(&key), error))?;
            let stored = record.get(entity.fields[index.field].number);
            let Some(value) = index_value(entity, index, stored)? else {
                continue;
            };
            let (entry, held) = index_entry(index, &value, &key);
            if index.unique
                && matches!(
                    self.batch.get(tree, &entry),
                    Some(crate::storage::Write::Put(_))
                )
            {
                self.problems.push(format!(
                    "{}.{} is now unique, and several rows have the value of {} {}; mend the rows before declaring it",
                    entity.name,
                    entity.fields[index.field].name,
                    entity.name,
                    entity.print_key(&key)
                ));
                return Ok(());
            }
            self.batch.put(tree, entry, held);
        }
        Ok(())
    }
}

/// All rows of an entity.
fn rows(
    reader: &dyn Reader,
    keyspace: &Keyspace,
    entity: &EntitySchema,
) -> Result<Vec<(RowKey, Vec<u8>)>> {
    let mut rows = Vec::new();
    let mut unreadable = Ok(());
    reader.scan(
        keyspace.rows(entity.index),
        &KeyRange::all(),
        Direction::Forward,
        &mut |key, row| {
            match RowKey::from_encoded(entity.key_kind, key) {
                Ok(key) => rows.push((key, row.to_vec())),
                Err(error) => unreadable = Err(error),
            }
            ControlFlow::Continue(())
        },
    )?;
    unreadable?;
    Ok(rows)
}

/// Whether the property is stored with its entity: in the row, or as a lazy value.
fn has_storage(property: &FieldSchema) -> bool {
    property.is_column() || matches!(property.kind, ResolvedKind::Lazy(_))
}

const REFERENCE: &str = "a reference to ";
const OPTIONAL_REFERENCE: &str = "an optional reference to ";

/// Whether two kinds are references to one entity, of which one is required.
fn refer_to_the_same(a: &str, b: &str) -> bool {
    let target = |kind: &str| {
        let target = kind.strip_prefix(OPTIONAL_REFERENCE);
        target.or(kind.strip_prefix(REFERENCE)).map(str::to_owned)
    };
    target(a).is_some() && target(a) == target(b)
}

fn kind_of(schema: &Schema, property: &FieldSchema) -> String {
    match &property.kind {
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
    }
}
