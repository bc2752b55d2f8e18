//! Single properties of rows, and of those that to-one relations lead to, without instances.
//!
//! Every entity on the way is read once for all rows: keys sorted and deduplicated, one look-up for each
//! relation that is followed. The key at the end of a path is the reference itself, and needs none.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Instant;

use rustc_hash::FxHashMap;

use super::{Loader, Statistics};
use crate::codec::RowKey;
use crate::codec::record::Record;
use crate::database::Database;
use crate::entity::HydrateRow;
use crate::error::{Error, Result};
use crate::keyspace::parse_row;
use crate::query::{Column, Found};
use crate::schema::{
    EntityIndex, EntitySchema, FieldIndex, RelationKind, RelationSchema, ResolvedKind, Schema,
};
use crate::storage::{Bytes, Reader};

/// What some steps lead to from each of the rows found, if to anything.
type Keys = Rc<Vec<Option<RowKey>>>;
type Rows = Rc<Vec<Option<Bytes>>>;

/// The stored values of one row's columns; `None` behind a relation or an embedded value that is `None`.
pub(crate) type Projected = Vec<Option<Vec<u8>>>;

/// Reads columns over one view. It needs no unit of work: nothing that it reads is managed.
pub(crate) struct Projector<'a> {
    pub(crate) database: &'a Database,
    pub(crate) reader: &'a dyn Reader,
    pub(crate) statistics: &'a mut Statistics,
}

/// The rows that paths lead to, by the steps that lead there.
#[derive(Default)]
struct Reached {
    keys: BTreeMap<Vec<FieldIndex>, Keys>,
    rows: BTreeMap<Vec<FieldIndex>, Rows>,
}

impl Loader<'_> {
    /// What reads columns of the same view.
    pub(crate) fn projector(&mut self) -> Projector<'_> {
        Projector {
            database: self.database,
            reader: self.reader,
            statistics: self.statistics,
        }
    }
}

impl Projector<'_> {
    /// The columns of each of the rows.
    ///
    /// # Errors
    /// [`Error::Corruption`] if a row can't be read.
    pub(crate) fn project(
        &mut self,
        entity: EntityIndex,
        found: &[Found],
        columns: &[Column],
    ) -> Result<Vec<Projected>> {
        let mut reached = Reached::default();
        let keys = found.iter().map(|found| Some(found.key.clone()));
        reached.keys.insert(Vec::new(), Rc::new(keys.collect()));
        let rows = found.iter().map(|found| Some(Bytes::clone(&found.row)));
        reached.rows.insert(Vec::new(), Rc::new(rows.collect()));
        let mut by_steps: BTreeMap<&[FieldIndex], Vec<(usize, FieldIndex)>> = BTreeMap::new();
        for (place, column) in columns.iter().enumerate() {
            let fields = by_steps.entry(&column.steps).or_default();
            fields.push((place, column.field));
        }
        let mut values = vec![vec![None; columns.len()]; found.len()];
        for (steps, fields) in by_steps {
            self.project_at(entity, (steps, &fields), &mut reached, &mut values)?;
        }
        Ok(values)
    }

    /// The properties at the end of some steps, each with its place among the columns.
    fn project_at(
        &mut self,
        root: EntityIndex,
        (steps, fields): (&[FieldIndex], &[(usize, FieldIndex)]),
        reached: &mut Reached,
        values: &mut [Projected],
    ) -> Result<()> {
        let at = entity_at(&self.database.schema, root, steps);
        let value_of_key = self.database.entity_type(at.index).value_of_key;
        let keys = self.keys_at(root, steps, reached)?;
        let is_key = |(_, field): &&(usize, FieldIndex)| *field == at.key_field;
        for (place, _) in fields.iter().filter(is_key) {
            for (values, key) in values.iter_mut().zip(&*keys) {
                values[*place] = key.as_ref().map(value_of_key).transpose()?;
            }
        }
        if fields.iter().all(|field| is_key(&field)) {
            return Ok(());
        }
        let rows = self.rows_at(root, steps, reached)?;
        for ((values, key), row) in values.iter_mut().zip(&*keys).zip(&*rows) {
            let Some((key, row)) = key.as_ref().zip(row.as_ref()) else {
                continue;
            };
            let record = parse_row(at, key, row)?;
            for (place, field) in fields.iter().filter(|field| !is_key(field)) {
                values[*place] = self.value(at, *field, key, &record)?;
            }
        }
        Ok(())
    }

    /// The keys that steps lead to.
    fn keys_at(
        &mut self,
        root: EntityIndex,
        steps: &[FieldIndex],
        reached: &mut Reached,
    ) -> Result<Keys> {
        if let Some(keys) = reached.keys.get(steps) {
            return Ok(Rc::clone(keys));
        }
        let (step, before) = steps.split_last().expect("the keys of the rows are known");
        let owners = self.keys_at(root, before, reached)?;
        let rows = self.rows_at(root, before, reached)?;
        let entity = entity_at(&self.database.schema, root, before);
        let relation = entity.relation(*step);
        let follow = |(key, row): (&Option<RowKey>, &Option<Bytes>)| match (key, row) {
            (Some(key), Some(row)) => self.follow(entity, (*step, relation), key, row),
            _ => Ok(None),
        };
        let keys = owners.iter().zip(&*rows).map(follow);
        let keys: Keys = Rc::new(keys.collect::<Result<_>>()?);
        reached.keys.insert(steps.to_vec(), Rc::clone(&keys));
        Ok(keys)
    }

    /// The rows that steps lead to.
    fn rows_at(
        &mut self,
        root: EntityIndex,
        steps: &[FieldIndex],
        reached: &mut Reached,
    ) -> Result<Rows> {
        if let Some(rows) = reached.rows.get(steps) {
            return Ok(Rc::clone(rows));
        }
        let keys = self.keys_at(root, steps, reached)?;
        let entity = entity_at(&self.database.schema, root, steps);
        let started = self.database.log.start();
        let wanted: BTreeSet<&RowKey> = keys.iter().flatten().collect();
        let wanted: Vec<&RowKey> = wanted.into_iter().collect();
        let encoded: Vec<Vec<u8>> = wanted.iter().map(|key| key.to_vec()).collect();
        let encoded: Vec<&[u8]> = encoded.iter().map(Vec::as_slice).collect();
        let mut read: FxHashMap<&RowKey, Bytes> = FxHashMap::default();
        let tree = self.database.keyspace.rows(entity.index);
        self.reader.get_many(tree, &encoded, &mut |at, row| {
            read.extend(row.map(|row| (wanted[at], Bytes::from(row))));
        })?;
        let row = |key: &Option<RowKey>| match key {
            None => Ok(None),
            Some(key) => read.get(key).cloned().map(Some).ok_or_else(|| {
                let key = entity.print_key(key);
                Error::corruption(format!(
                    "a relation leads to {entity} {key}, which is not there"
                ))
            }),
        };
        let rows: Rows = Rc::new(keys.iter().map(row).collect::<Result<_>>()?);
        self.count(started, entity, &wanted);
        reached.rows.insert(steps.to_vec(), Rc::clone(&rows));
        Ok(rows)
    }

    /// Counts and tells a look-up by key.
    fn count(&mut self, started: Option<Instant>, entity: &EntitySchema, keys: &[&RowKey]) {
        self.statistics.lookups += 1;
        self.statistics.rows_read += keys.len() as u64;
        self.database.log.tell(started, Some(keys.len()), || {
            let by = super::populate::by_id(entity, keys.iter().copied());
            format!("select {} by {by}", entity.label)
        });
    }

    /// The one key that a relation of a row leads to.
    fn follow(
        &self,
        entity: &EntitySchema,
        (step, relation): (FieldIndex, &RelationSchema),
        key: &RowKey,
        row: &Bytes,
    ) -> Result<Option<RowKey>> {
        match relation.kind {
            RelationKind::ToOne { .. } => {
                let record = parse_row(entity, key, row)?;
                let stored = record.get(entity.fields[step].number).unwrap_or_default();
                let kind = self.database.schema.entity(relation.target).key_kind;
                Ok(RowKey::decode_reference(kind, stored)?)
            }
            RelationKind::OneToOneInverse { .. } => {
                let Database {
                    keyspace, schema, ..
                } = self.database;
                Ok(keyspace.items(self.reader, schema, relation, key)?.pop())
            }
            RelationKind::OneToMany { .. } | RelationKind::ManyToMany { .. } => {
                unreachable!("no path leads through a collection")
            }
        }
    }

    /// The stored form of a property; its default, if the row is older than the property. Nothing, if it
    /// is of an embedded value that is absent.
    fn value(
        &self,
        entity: &EntitySchema,
        field: FieldIndex,
        key: &RowKey,
        record: &Record<'_>,
    ) -> Result<Option<Vec<u8>>> {
        let property = &entity.fields[field];
        debug_assert!(matches!(
            property.kind,
            ResolvedKind::Scalar(_) | ResolvedKind::Derived(_)
        ));
        match entity.value_of(field, key, record.properties())? {
            Some(stored) => Ok(Some(stored.into_owned())),
            None if property.nullable => Ok(Some(vec![0])),
            None if record.get(property.number).is_some() => Ok(None),
            None => {
                let mut values = vec![None; entity.fields.len()];
                for column in &entity.columns {
                    values[*column] = record.get(entity.fields[*column].number);
                }
                let row = HydrateRow::new(entity, key, &values);
                let instance = (self.database.entity_type(entity.index).hydrate)(&row)?;
                let mut value = Vec::new();
                instance.encode(field, &mut value)?;
                Ok(Some(value))
            }
        }
    }
}

/// The entity that steps lead to.
fn entity_at<'s>(schema: &'s Schema, root: EntityIndex, steps: &[FieldIndex]) -> &'s EntitySchema {
    let next = |at: EntityIndex, step: &FieldIndex| schema.entity(at).relation(*step).target;
    schema.entity(steps.iter().fold(root, next))
}
