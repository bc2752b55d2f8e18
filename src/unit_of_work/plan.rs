//! The second step of a flush, inside the store's write closure: the final state of every row that
//! the flush concerns, judged, and turned into one batch.

use std::collections::BTreeMap;

use super::change::decode_reference;
use super::{Change, Prepared, constraints, links};
use crate::codec::RowKey;
use crate::codec::record::{Record, RowBody, patch};
use crate::codec::value::seal_value;
use crate::context::LinkLedger;
use crate::database::Database;
use crate::entity::ChangeKind;
use crate::error::{Error, Result};
use crate::keyspace;
use crate::schema::{EntityIndex, EntitySchema, FieldIndex, OnDelete, RelationKind, ResolvedKind};
use crate::storage::{Batch, Bytes, CommitSequence, Reader};

/// What a committed flush did to the rows: what memory has to be told.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) rows: BTreeMap<(EntityIndex, RowKey), RowOutcome>,
    /// Links written and removed: relation, owner, target, whether it is there now.
    pub(crate) links: Vec<links::LinkWrite>,
}

/// The final state of one row.
pub(crate) enum RowOutcome {
    /// `as_prepared`: it is just what the change set said, so memory has it already.
    Written {
        row: Bytes,
        as_prepared: bool,
    },
    Removed,
}

/// The row that a flush writes or removes: what is stored, and what shall be.
pub(super) struct Write<'a> {
    /// The stored record.
    pub(super) old: Option<Bytes>,
    /// What shall be; `None` removes the row.
    pub(super) new: Option<RowBody>,
    /// The change set behind it; none for a row that follows from a removal.
    pub(super) change: Option<&'a Change>,
    /// Whether the old row goes for good: its links and lazy values go with it.
    pub(super) purge: bool,
    /// Whether a removal elsewhere changed what shall be.
    pub(super) follows: bool,
}

/// What the removal of a row means for one that refers to it.
enum Follow {
    /// The row stays as it is, or without the reference.
    Nothing,
    /// The row is removed too.
    Removed,
    /// The row forbids the removal, unless it goes itself.
    Restricts,
}

/// The state of planning one flush.
pub(super) struct Planner<'a> {
    pub(super) database: &'a Database,
    pub(super) ledger: &'a LinkLedger,
    pub(super) reader: &'a dyn Reader,
    pub(super) writes: BTreeMap<(EntityIndex, RowKey), Write<'a>>,
    pub(super) batch: Batch,
    pub(super) outcome: Outcome,
}

/// Judges the final state and builds the batch. Repeatable: it reads, and changes nothing else.
///
/// # Errors
/// A broken constraint, a row that is gone, or what the store says.
pub(crate) fn plan(
    database: &Database,
    ledger: &LinkLedger,
    prepared: &Prepared,
    reader: &dyn Reader,
    sequence: CommitSequence,
) -> Result<(Batch, Outcome)> {
    let mut planner = Planner {
        database,
        ledger,
        reader,
        writes: BTreeMap::new(),
        batch: Batch::default(),
        outcome: Outcome::default(),
    };
    for change in &prepared.changes {
        planner.add_change(change)?;
    }
    planner.follow_removals()?;
    constraints::check_references(&planner)?;
    constraints::write_indexes(&mut planner)?;
    links::write_links(&mut planner)?;
    planner.write_rows(sequence);
    planner.write_sequences()?;
    Ok((planner.batch, planner.outcome))
}

impl<'a> Planner<'a> {
    pub(super) fn entity(&self, entity: EntityIndex) -> &'a EntitySchema {
        self.database.schema.entity(entity)
    }

    /// Whether the row is there in the final state.
    pub(super) fn will_exist(&self, entity: EntityIndex, key: &RowKey) -> Result<bool> {
        match self.writes.get(&(entity, key.clone())) {
            Some(write) => Ok(write.new.is_some()),
            None => Ok(self
                .reader
                .contains(self.database.keyspace.rows(entity), &key.to_vec())?),
        }
    }

    pub(super) fn stored(&self, entity: EntityIndex, key: &RowKey) -> Result<Option<Bytes>> {
        Ok(self
            .reader
            .get(self.database.keyspace.rows(entity), &key.to_vec())?)
    }

    fn record<'r>(&self, entity: EntityIndex, key: &RowKey, row: &'r Bytes) -> Result<Record<'r>> {
        let schema = self.entity(entity);
        Record::parse(row)
            .map_err(|error| Error::damaged_row(schema.name, &schema.print_key(key), error))
    }

    fn add_change(&mut self, change: &'a Change) -> Result<()> {
        let entity = change.instance.entity;
        let schema = self.entity(entity);
        let old = self.stored(entity, &change.key)?;
        let text = || schema.print_key(&change.key);
        let new = match (change.kind, &old) {
            (ChangeKind::Create, Some(_)) if !change.replaces => {
                return Err(Error::UniqueViolation {
                    entity: schema.name,
                    key: text(),
                    property: schema.fields[schema.key_field].name,
                    value: text(),
                    existing: text(),
                });
            }
            (ChangeKind::Create, _) => Some(change.body.clone()),
            (ChangeKind::Update | ChangeKind::Delete, None) => {
                return Err(Error::RowGone {
                    entity: schema.name,
                    key: text(),
                });
            }
            (ChangeKind::Delete, Some(_)) => None,
            // Only what changed is written over the row as it is now: another unit of work may
            // have written other properties since this one read it.
            (ChangeKind::Update, Some(row)) => Some(patch(
                &self.record(entity, &change.key, row)?,
                changed_columns(schema, change),
            )),
        };
        let purge = change.kind == ChangeKind::Delete || (change.replaces && old.is_some());
        self.writes.insert(
            (entity, change.key.clone()),
            Write {
                old,
                new,
                change: Some(change),
                purge,
                follows: false,
            },
        );
        Ok(())
    }

    /// Applies `on_delete` to the rows that refer to what is removed, loaded or not, until no more
    /// rows follow.
    fn follow_removals(&mut self) -> Result<()> {
        let removed = |(key, write): (&(EntityIndex, RowKey), &Write<'_>)| {
            write.new.is_none().then(|| key.clone())
        };
        let mut worklist: Vec<(EntityIndex, RowKey)> =
            self.writes.iter().filter_map(removed).collect();
        let mut restricted = Vec::new();
        while let Some((target, target_key)) = worklist.pop() {
            for (entity, field) in &self.entity(target).referrers {
                for key in self.referrers(*entity, *field, &target_key)? {
                    match self.follow_removal(&target_key, *entity, *field, &key)? {
                        Follow::Nothing => {}
                        Follow::Removed => worklist.push((*entity, key)),
                        Follow::Restricts => {
                            restricted.push((target, target_key.clone(), *entity, *field, key));
                        }
                    }
                }
            }
        }
        // A row that restricts may itself go by a cascade that was found later (R6).
        let remains = restricted.iter().find(|(_, _, entity, _, key)| {
            let write = self.writes.get(&(*entity, key.clone()));
            write.is_none_or(|write| write.new.is_some())
        });
        remains.map_or(Ok(()), |(target, target_key, entity, field, key)| {
            Err(self.restriction(*target, target_key, *entity, *field, key))
        })
    }

    fn restriction(
        &self,
        target: EntityIndex,
        target_key: &RowKey,
        entity: EntityIndex,
        field: FieldIndex,
        key: &RowKey,
    ) -> Error {
        let (schema, target) = (self.entity(entity), self.entity(target));
        Error::ForeignKeyViolation {
            entity: schema.name,
            key: schema.print_key(key),
            property: schema.fields[field].name,
            target: target.name,
            target_key: target.print_key(target_key),
            problem: "which this flush removes; remove or change the referring row first, or declare `on_delete = cascade` \
                      or, with an `Option`, `on_delete = set_null`",
        }
    }

    /// The rows whose stored to-one relation refers to the key.
    fn referrers(
        &self,
        entity: EntityIndex,
        field: FieldIndex,
        target: &RowKey,
    ) -> Result<Vec<RowKey>> {
        let schema = self.entity(entity);
        let tree = self.database.keyspace.index(entity, field);
        let value = target.to_vec();
        let index = schema
            .index_on(field)
            .expect("every to-one relation is indexed");
        if index.unique {
            let found = self.reader.get(tree, &value)?;
            return Ok(found
                .map(|row| RowKey::from_encoded(schema.key_kind, &row))
                .transpose()?
                .into_iter()
                .collect());
        }
        let mut keys = Vec::new();
        keyspace::scan_entries(self.reader, tree, schema, &value, &mut |key| keys.push(key))?;
        Ok(keys)
    }

    /// Applies the rule of one referrer.
    fn follow_removal(
        &mut self,
        target_key: &RowKey,
        entity: EntityIndex,
        field: FieldIndex,
        key: &RowKey,
    ) -> Result<Follow> {
        let schema = self.entity(entity);
        let number = schema.fields[field].number;
        let at = (entity, key.clone());
        if !self.writes.contains_key(&at) {
            let Some(old) = self.stored(entity, key)? else {
                let name = schema.fields[field].name;
                return Err(Error::corruption(format!(
                    "the index {}.{name} names a row that is not there: {}",
                    schema.name,
                    schema.print_key(key)
                )));
            };
            let new = patch(&self.record(entity, key, &old)?, []);
            self.writes.insert(
                at.clone(),
                Write {
                    old: Some(old),
                    new: Some(new),
                    change: None,
                    purge: false,
                    follows: true,
                },
            );
        }
        let write = self.writes.get_mut(&at).expect("it was just added");
        let Some(body) = &write.new else {
            return Ok(Follow::Nothing);
        };
        let refers = body
            .get(number)
            .is_some_and(|stored| *stored == *target_key.to_vec());
        let RelationKind::ToOne { on_delete, .. } = schema.relation(field).kind else {
            unreachable!("referrers are to-one relations")
        };
        match on_delete {
            _ if !refers => Ok(Follow::Nothing),
            OnDelete::SetNull => {
                write.new = Some(body.properties().patched([(number, Some(&[][..]))]));
                write.follows = true;
                Ok(Follow::Nothing)
            }
            OnDelete::Cascade => {
                write.new = None;
                write.purge = true;
                Ok(Follow::Removed)
            }
            OnDelete::Restrict => Ok(Follow::Restricts),
        }
    }

    fn write_rows(&mut self, sequence: CommitSequence) {
        for ((entity, key), write) in &self.writes {
            let tree = self.database.keyspace.rows(*entity);
            let schema = self.database.schema.entity(*entity);
            let stored_key = key.to_vec();
            if write.purge {
                for field in &schema.lazies {
                    self.batch.delete(
                        self.database.keyspace.lazy(*entity, *field),
                        stored_key.clone(),
                    );
                }
            }
            let lazies = write
                .change
                .iter()
                .flat_map(|change| &change.lazies)
                .filter(|_| write.new.is_some());
            for (field, stored) in lazies {
                let value = seal_value(sequence.0, stored);
                self.batch.put(
                    self.database.keyspace.lazy(*entity, *field),
                    stored_key.clone(),
                    value,
                );
            }
            let outcome = if let Some(body) = &write.new {
                let row: Bytes = body.seal(sequence.0, schema.version).into();
                self.batch.put(tree, stored_key, &*row);
                let as_prepared = write.change.is_some_and(|change| change.body == *body);
                RowOutcome::Written { row, as_prepared }
            } else {
                self.batch.delete(tree, stored_key);
                RowOutcome::Removed
            };
            self.outcome.rows.insert((*entity, key.clone()), outcome);
        }
    }

    /// Keeps the sequences ahead of all keys ever stored.
    fn write_sequences(&mut self) -> Result<()> {
        let mut highest: BTreeMap<EntityIndex, u64> = BTreeMap::new();
        for ((entity, key), write) in &self.writes {
            if write.old.is_none()
                && write.new.is_some()
                && let Some(number) = (self.database.entity_type(*entity).key_number)(key)
            {
                let most = highest.entry(*entity).or_default();
                *most = number.max(*most);
            }
        }
        for (entity, number) in highest {
            let key = keyspace::sequence_key(self.entity(entity));
            if keyspace::read_sequence(self.reader, self.database.keyspace.catalog, &key)?
                .is_none_or(|stored| stored < number)
            {
                self.batch.put(
                    self.database.keyspace.catalog,
                    key,
                    keyspace::sequence_value(number),
                );
            }
        }
        Ok(())
    }

    /// The key that a to-one relation of a body holds.
    pub(super) fn reference(
        &self,
        schema: &EntitySchema,
        body: &RowBody,
        field: FieldIndex,
    ) -> Result<Option<RowKey>> {
        let Some(stored) = body.get(schema.fields[field].number) else {
            return Ok(None);
        };
        Ok(decode_reference(
            &self.database.schema,
            schema,
            field,
            stored,
        )?)
    }
}

/// The changed properties that rows hold, ascending by number.
fn changed_columns<'c>(
    schema: &EntitySchema,
    change: &'c Change,
) -> Vec<(crate::codec::record::PropertyNumber, Option<&'c [u8]>)> {
    let is_changed = |field: &&FieldIndex| {
        change.changed.contains(**field)
            && !matches!(schema.fields[**field].kind, ResolvedKind::Lazy(_))
    };
    let columns = schema.columns.iter().filter(is_changed);
    columns
        .map(|field| schema.fields[*field].number)
        .map(|number| (number, change.body.get(number)))
        .collect()
}
