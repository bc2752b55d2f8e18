//! The second step of a flush, inside the store's write closure: the final state of every row that
//! the flush concerns, judged, and turned into one batch.

use std::collections::BTreeMap;

use super::change::decode_reference;
use super::{Change, Prepared, constraints, links, orders, versions};
use crate::codec::RowKey;
use crate::codec::record::{Record, RowBody, patch};
use crate::codec::value::seal_value;
use crate::context::LinkLedger;
use crate::database::Database;
use crate::entity::ChangeKind;
use crate::error::{Error, Result};
use crate::keyspace;
use crate::schema::{EntityIndex, EntitySchema, FieldIndex, ResolvedKind};
use crate::storage::{Batch, Bytes, CommitSequence, Reader};

/// What a committed flush did to the rows: what memory has to be told.
#[derive(Default)]
pub(crate) struct Outcome {
    /// The number of the commit that it was planned for.
    pub(crate) sequence: CommitSequence,
    pub(crate) rows: BTreeMap<(EntityIndex, RowKey), RowOutcome>,
    /// Links written and removed: relation, owner, target, whether it is there now.
    pub(crate) links: Vec<links::LinkWrite>,
}

/// The final state of one row.
pub(crate) enum RowOutcome {
    /// `as_prepared`: it is just what the change set said, so memory has it already. `over`: the revision
    /// of the row that it takes the place of, as far as that is known.
    Written {
        row: Bytes,
        as_prepared: bool,
        over: Option<u64>,
    },
    Removed,
}

impl RowOutcome {
    /// What became of a row that no change set is about, as the query log says it.
    pub(crate) const fn verb(&self) -> &'static str {
        match self {
            Self::Written { .. } => "update",
            Self::Removed => "delete",
        }
    }
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

impl Write<'_> {
    /// Whether it is a new row in the place of a removed one.
    pub(super) const fn replaces(&self) -> bool {
        self.purge && self.new.is_some()
    }
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
        outcome: Outcome {
            sequence,
            ..Outcome::default()
        },
    };
    for change in &prepared.changes {
        planner.add_change(change)?;
    }
    versions::check(&planner, sequence)?;
    planner.follow_removals()?;
    planner.release_partners()?;
    constraints::check_references(&planner)?;
    versions::count(&mut planner)?;
    constraints::write_indexes(&mut planner)?;
    links::write_links(&mut planner)?;
    orders::write_orders(&mut planner, sequence)?;
    planner.write_rows(sequence);
    planner.write_sequences()?;
    Ok((planner.batch, planner.outcome))
}

impl<'a> Planner<'a> {
    pub(super) fn entity(&self, entity: EntityIndex) -> &'a EntitySchema {
        self.database.schema.entity(entity)
    }

    /// The writes of the rows of one entity.
    pub(super) fn writes_of(
        &self,
        entity: &EntitySchema,
    ) -> impl Iterator<Item = (&RowKey, &Write<'a>)> {
        let index = entity.index;
        let from = self.writes.range((index, RowKey::least(entity.key_kind))..);
        let of_entity = from.take_while(move |((entity, _), _)| *entity == index);
        of_entity.map(|((_, key), write)| (key, write))
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

    pub(super) fn record<'r>(
        &self,
        entity: EntityIndex,
        key: &RowKey,
        row: &'r Bytes,
    ) -> Result<Record<'r>> {
        keyspace::parse_row(self.entity(entity), key, row)
    }

    fn add_change(&mut self, change: &'a Change) -> Result<()> {
        let entity = change.entity;
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
                let value = seal_value(key, sequence.0, stored);
                self.batch.put(
                    self.database.keyspace.lazy(*entity, *field),
                    stored_key.clone(),
                    value,
                );
            }
            let outcome = if let Some(body) = &write.new {
                let row: Bytes = body.seal(key, sequence.0, schema.version).into();
                self.batch.put(tree, stored_key, &*row);
                let as_prepared = write.change.is_some_and(|change| change.body == *body);
                let old = write.old.as_deref();
                let old = old.and_then(|row| Record::parse_unverified(row).ok());
                RowOutcome::Written {
                    row,
                    as_prepared,
                    over: old.map(|row| row.revision()),
                }
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
