//! What a change of the schema does to the rows that are stored. Everything goes into one batch,
//! beside the new schema.

use std::ops::ControlFlow;

use crate::codec::RowKey;
use crate::codec::record::{PropertyNumber, patch};
use crate::entity::{EntityType, HydrateRow};
use crate::error::Result;
use crate::keyspace::{Keyspace, describe_index_key, index_entry, index_keys, parse_row};
use crate::schema::{EntitySchema, FieldIndex, FieldSchema, IndexSchema, Schema};
use crate::storage::{Batch, Direction, KeyRange, Reader, TreeId, Write};
use crate::unit_of_work::encode_column;

/// How many rows with a value in common are told.
const MOST_TOLD: usize = 10;

/// The stored rows, and what is about to be written over them.
pub(super) struct StoredRows<'a> {
    reader: &'a dyn Reader,
    keyspace: &'a Keyspace,
    batch: Batch,
}

impl<'a> StoredRows<'a> {
    pub(super) fn new(reader: &'a dyn Reader, keyspace: &'a Keyspace) -> Self {
        Self {
            reader,
            keyspace,
            batch: Batch::new(),
        }
    }

    pub(super) fn into_batch(self) -> Batch {
        self.batch
    }

    pub(super) fn has_rows(&self, entity: &EntitySchema) -> Result<bool> {
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

    /// Adds new properties to the rows that lack them, with their defaults: from here on every row
    /// has every property, so that conditions and indexes see what programs see.
    pub(super) fn complete(
        &mut self,
        entity: &EntitySchema,
        entity_type: &EntityType,
        fields: &[FieldIndex],
    ) -> Result<()> {
        let mut fields = fields.to_vec();
        fields.sort_unstable_by_key(|field| entity.fields[*field].number);
        fields.dedup();
        for (key, row) in self.rows(entity)? {
            let record = parse_row(entity, &key, &row)?;
            // Where a list of embedded values is named, its elements lack something.
            let lacks = |field: &&FieldIndex| {
                let property = &entity.fields[**field];
                property.list.is_some() || record.get(property.number).is_none()
            };
            let missing: Vec<FieldIndex> = fields.iter().filter(lacks).copied().collect();
            if missing.is_empty() {
                continue;
            }
            let mut values = vec![None; entity.fields.len()];
            for field in &entity.columns {
                values[*field] = record.get(entity.fields[*field].number);
            }
            let instance = (entity_type.hydrate)(&HydrateRow::new(entity, &key, &values))?;
            let mut added = Vec::with_capacity(missing.len());
            for field in missing {
                let mut stored = Vec::new();
                encode_column(entity, &*instance, field, &mut stored)?;
                added.push((entity.fields[field].number, stored));
            }
            let added = added
                .iter()
                .map(|(number, stored)| (*number, Some(stored.as_slice())));
            let row = patch(&record, added).seal(&key, record.revision(), entity.version);
            self.batch
                .put(self.keyspace.rows(entity.index), key.to_vec(), row);
        }
        Ok(())
    }

    /// Makes an index of the rows that are there. What an earlier index of the same name left goes.
    /// Gives the problem, if the rows do not allow it.
    pub(super) fn build_index(
        &mut self,
        schema: &Schema,
        entity: &EntitySchema,
        index: &IndexSchema,
    ) -> Result<Option<String>> {
        let tree = self.keyspace.index(entity.index, index);
        self.clear(tree)?;
        let mut shared = Vec::new();
        for (row, stored) in self.rows(entity)? {
            let record = parse_row(entity, &row, &stored)?;
            for key in index_keys(entity, index, &row, record.properties())? {
                let (entry, held) = index_entry(index, &key, &row);
                if index.unique
                    && let Some(Write::Put(holder)) = self.batch.get(tree, &entry)
                {
                    let holder = RowKey::from_encoded(entity.key_kind, holder)?;
                    let (holder, row) = (entity.print_key(&holder), entity.print_key(&row));
                    let value = describe_index_key(schema, entity, index, &key);
                    shared.push(format!("{holder} and {row} have {value}"));
                    continue;
                }
                self.batch.put(tree, entry, held);
            }
        }
        Ok((!shared.is_empty()).then(|| {
            format!(
                "{}: `{}` is now unique, but rows have the same: {}; mend the rows before declaring it",
                entity.name,
                index.label,
                some_of(&shared)
            )
        }))
    }

    /// Removes the values that a lazy property of the same name has left.
    pub(super) fn clear_lazy(&mut self, entity: &EntitySchema, field: FieldIndex) -> Result<()> {
        self.clear(self.keyspace.lazy(entity.index, field))
    }

    /// Removes everything from a tree.
    pub(super) fn clear(&mut self, tree: TreeId) -> Result<()> {
        let batch = &mut self.batch;
        self.reader.scan_keys(tree, &KeyRange::all(), &mut |key| {
            batch.delete(tree, key);
            ControlFlow::Continue(())
        })?;
        Ok(())
    }

    /// Whether a row has no reference, or no embedded value, under the number.
    pub(super) fn lack_value(
        &self,
        entity: &EntitySchema,
        number: PropertyNumber,
        is_value: fn(&[u8]) -> bool,
    ) -> Result<bool> {
        for (key, row) in self.rows(entity)? {
            let record = parse_row(entity, &key, &row)?;
            if !record.get(number).is_some_and(is_value) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a row has elements in a list of embedded values that is stored under the number.
    pub(super) fn have_elements(
        &self,
        entity: &EntitySchema,
        list: &FieldSchema,
        number: PropertyNumber,
    ) -> Result<bool> {
        for (key, row) in self.rows(entity)? {
            let record = parse_row(entity, &key, &row)?;
            let stored = record.get(number).map(|stored| list.stored_list(stored));
            if stored
                .transpose()?
                .flatten()
                .is_some_and(|list| list.len() > 0)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// All rows of an entity, as they will be.
    fn rows(&self, entity: &EntitySchema) -> Result<Vec<(RowKey, Vec<u8>)>> {
        let tree = self.keyspace.rows(entity.index);
        let mut rows = Vec::new();
        let mut unreadable = Ok(());
        self.reader.scan(
            tree,
            &KeyRange::all(),
            Direction::Forward,
            &mut |key, row| {
                let row = match self.batch.get(tree, key) {
                    Some(Write::Put(row)) => row,
                    Some(Write::Delete) | None => &*row,
                };
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
}

/// The first few of a list in words, and how many more there are.
fn some_of(list: &[String]) -> String {
    let (first, more) = list.split_at(list.len().min(MOST_TOLD));
    let first = first.join(", ");
    match more.len() {
        0 => first,
        more => format!("{first}, and {more} more"),
    }
}
