//! Where a query gets the keys of its rows from, as a tree: keys and indexes at its leaves, relations
//! and sets of keys above them.

use std::cell::Cell;
use std::ops::{Bound, ControlFlow};

use super::super::Query;
use super::super::filter::Condition;
use super::super::judge::Judge;
use super::Access;
use super::choice::Estimate;
use crate::codec::RowKey;
use crate::error::{Error, Result};
use crate::keyspace::{index_entry_row, parse_row, scan_entries};
use crate::schema::{EntitySchema, FieldIndex, FieldSet, IndexSchema, RelationKind};
use crate::storage::{Direction, KeyRange};

/// Gives the keys of rows of one entity, among them those of all rows that meet a condition.
pub(in super::super) struct Source<'q> {
    pub(in super::super) entity: &'q EntitySchema,
    pub(in super::super) kind: SourceKind<'q>,
    /// The properties of the entity by which rows are found.
    pub(super) fields: FieldSet,
    /// How many keys it was expected to give, where that was asked.
    pub(in super::super) estimate: Cell<Option<Estimate>>,
    /// How many it gave.
    pub(in super::super) rows: Cell<usize>,
    /// How often it called the store for that, without the sources below it. Counted where the reader
    /// counts its calls.
    pub(in super::super) lookups: Cell<usize>,
}

pub(in super::super) enum SourceKind<'q> {
    /// These keys, be there rows or not; ascending.
    Keys(Vec<RowKey>),
    /// The keys in ranges, ascending.
    Ranges(Vec<KeyRange>),
    /// The rows in ranges of an index.
    Index {
        index: &'q IndexSchema,
        ranges: Vec<KeyRange>,
        /// So many parts of the index have to equal one of some values.
        equal: usize,
        /// The ranges are the whole keys of single entries.
        is_exact: bool,
    },
    /// The rows that refer to others by an owning to-one relation.
    Referring(FieldIndex, Box<Source<'q>>),
    /// The rows that have the others as items of a collection, or as their partner. Where their rows
    /// have to be read for that, the items that do not meet the condition are left out.
    Owners {
        field: FieldIndex,
        items: Box<Source<'q>>,
        of: Option<&'q Condition>,
    },
    Union(Vec<Source<'q>>),
    Intersection(Vec<Source<'q>>),
}

impl<'q> Source<'q> {
    pub(super) fn new(entity: &'q EntitySchema, kind: SourceKind<'q>, fields: FieldSet) -> Self {
        Self {
            entity,
            kind,
            fields,
            estimate: Cell::default(),
            rows: Cell::default(),
            lookups: Cell::default(),
        }
    }

    /// How the rows are read. Where a few in any order will do, those come first that are found first.
    pub(super) fn into_access(self, query: &Query) -> Access<'q> {
        let takes_any = query.is_unordered && query.take.is_some();
        match self.kind {
            SourceKind::Ranges(ranges) => Access::Rows(ranges, Direction::Forward),
            SourceKind::Index {
                index,
                ranges,
                is_exact,
                ..
            } if takes_any && !index.has_elements() && !(is_exact && index.unique) => {
                Access::Along(index, ranges, Direction::Forward)
            }
            kind => Access::Keys(Self { kind, ..self }),
        }
    }

    /// Whether it may give keys of rows that are not there.
    pub(in super::super) fn may_miss(&self) -> bool {
        match &self.kind {
            SourceKind::Keys(_) => true,
            SourceKind::Union(sources) => sources.iter().any(Self::may_miss),
            SourceKind::Intersection(sources) => sources.iter().all(Self::may_miss),
            _ => false,
        }
    }

    /// The keys, ascending, each once.
    ///
    /// # Errors
    /// When what is stored can't be read.
    pub(in super::super) fn keys(&self, judge: Judge<'_>) -> Result<Vec<RowKey>> {
        let before = judge.calls();
        let (mut keys, below) = self.unsorted_keys(judge)?;
        keys.sort_unstable();
        keys.dedup();
        self.rows.set(keys.len());
        self.lookups.set(judge.calls() - before - below);
        Ok(keys)
    }

    /// The keys in any order, and how many calls of the store the sources below have made.
    fn unsorted_keys(&self, judge: Judge<'_>) -> Result<(Vec<RowKey>, usize)> {
        let before = judge.calls();
        match &self.kind {
            SourceKind::Keys(keys) => Ok((keys.clone(), 0)),
            SourceKind::Ranges(ranges) => Ok((self.keys_in(judge, ranges)?, 0)),
            SourceKind::Index {
                index,
                ranges,
                is_exact,
                ..
            } => {
                let keys = if *is_exact && index.unique {
                    self.keys_at(judge, index, ranges)?
                } else {
                    self.keys_along(judge, index, ranges)?
                };
                Ok((keys, 0))
            }
            SourceKind::Referring(field, targets) => {
                let targets = targets.keys(judge)?;
                let below = judge.calls() - before;
                Ok((self.referring(judge, *field, &targets)?, below))
            }
            SourceKind::Owners { field, items, of } => {
                let keys = items.keys(judge)?;
                let below = judge.calls() - before;
                Ok((self.owners(judge, *field, (items, &keys), *of)?, below))
            }
            SourceKind::Union(sources) => {
                let mut all = Vec::new();
                for source in sources {
                    all.append(&mut source.keys(judge)?);
                }
                Ok((all, judge.calls() - before))
            }
            SourceKind::Intersection(sources) => {
                let keys = intersection(judge, sources)?;
                Ok((keys, judge.calls() - before))
            }
        }
    }

    fn keys_in(&self, judge: Judge<'_>, ranges: &[KeyRange]) -> Result<Vec<RowKey>> {
        let rows = judge.database.keyspace.rows(self.entity.index);
        let (mut keys, mut outcome) = (Vec::new(), Ok(()));
        for range in ranges {
            judge.reader.scan_keys(rows, range, &mut |key| {
                let key = RowKey::from_encoded(self.entity.key_kind, key).map_err(Error::from);
                keep(key, &mut keys, &mut outcome)
            })?;
        }
        outcome.map(|()| keys)
    }

    /// The rows that the entries of a unique index are about.
    fn keys_at(
        &self,
        judge: Judge<'_>,
        index: &IndexSchema,
        ranges: &[KeyRange],
    ) -> Result<Vec<RowKey>> {
        let tree = judge.database.keyspace.index(self.entity.index, index);
        let mut keys = Vec::with_capacity(ranges.len());
        for range in ranges {
            let Bound::Included(entry) = range.start() else {
                unreachable!("a whole key begins the range of it alone")
            };
            if let Some(row) = judge.reader.get(tree, entry)? {
                keys.push(RowKey::from_encoded(self.entity.key_kind, &row)?);
            }
        }
        Ok(keys)
    }

    fn keys_along(
        &self,
        judge: Judge<'_>,
        index: &IndexSchema,
        ranges: &[KeyRange],
    ) -> Result<Vec<RowKey>> {
        let mut keys = Vec::new();
        for range in ranges {
            let forward = (range, Direction::Forward);
            scan_index(judge, self.entity, index, forward, &mut |key| {
                keys.push(key);
                Ok(ControlFlow::Continue(()))
            })?;
        }
        Ok(keys)
    }

    /// The rows whose reference leads to one of the targets.
    fn referring(
        &self,
        judge: Judge<'_>,
        field: FieldIndex,
        targets: &[RowKey],
    ) -> Result<Vec<RowKey>> {
        let keyspace = &judge.database.keyspace;
        let index = self.entity.index_on(field).expect("references are indexed");
        let mut keys = Vec::new();
        for target in targets {
            keys.append(&mut keyspace.indexed(
                judge.reader,
                self.entity,
                index,
                &target.to_vec(),
            )?);
        }
        Ok(keys)
    }

    /// The rows that have one of the items in the property.
    fn owners(
        &self,
        judge: Judge<'_>,
        field: FieldIndex,
        (items, item_keys): (&Source<'_>, &[RowKey]),
        of: Option<&Condition>,
    ) -> Result<Vec<RowKey>> {
        let keyspace = &judge.database.keyspace;
        let relation = self.entity.relation(field);
        let mut owners = Vec::new();
        for item in item_keys {
            if let RelationKind::ManyToMany { join, side } = relation.kind {
                let tree = keyspace.join(join, side.other());
                let item = item.to_vec();
                scan_entries(judge.reader, tree, self.entity, &item, &mut |owner| {
                    owners.push(owner);
                })?;
                continue;
            }
            let Some(row) = judge.row_if_there(items.entity, item)? else {
                continue;
            };
            let record = parse_row(items.entity, item, &row)?;
            let meets = |of| judge.meets(of, items.entity, item, &record);
            if of.map(meets).transpose()?.unwrap_or(true) {
                let number = items.entity.fields[relation.mapped_by()].number;
                let stored = record.get(number).unwrap_or_default();
                owners.extend(RowKey::decode_reference(self.entity.key_kind, stored)?);
            }
        }
        Ok(owners)
    }
}

/// What all sources give. Ranges of keys are no source here, but a condition on what the others give.
fn intersection(judge: Judge<'_>, sources: &[Source<'_>]) -> Result<Vec<RowKey>> {
    let mut common: Option<Vec<RowKey>> = None;
    for source in sources {
        if matches!(source.kind, SourceKind::Ranges(_)) {
            continue;
        }
        let keys = source.keys(judge)?;
        common = Some(match common {
            Some(mut common) => {
                common.retain(|key| keys.binary_search(key).is_ok());
                common
            }
            None => keys,
        });
    }
    let mut common = common.expect("an intersection has a source that is no range");
    for source in sources {
        if let SourceKind::Ranges(ranges) = &source.kind {
            common.retain(|key| is_in_one_of(ranges, &key.to_vec()));
            source.rows.set(common.len());
        }
    }
    Ok(common)
}

/// Whether a key is in one of the ranges, which are ascending and apart.
fn is_in_one_of(ranges: &[KeyRange], key: &[u8]) -> bool {
    let is_before = |range: &KeyRange| match range.end() {
        Bound::Excluded(end) => end <= key,
        Bound::Included(end) => end < key,
        Bound::Unbounded => false,
    };
    let at = ranges.partition_point(is_before);
    ranges.get(at).is_some_and(|range| range.contains(key))
}

/// Visits the row keys in a range of an index, as they stand there.
pub(in super::super) fn scan_index(
    judge: Judge<'_>,
    entity: &EntitySchema,
    index: &IndexSchema,
    (range, direction): (&KeyRange, Direction),
    visit: &mut dyn FnMut(RowKey) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let database = judge.database;
    let tree = database.keyspace.index(entity.index, index);
    let mut outcome = Ok(());
    judge
        .reader
        .scan(tree, range, direction, &mut |entry, held| {
            let row = index_entry_row(&database.schema, entity, index, entry, &held);
            or_break(row.and_then(&mut *visit), &mut outcome)
        })?;
    outcome
}

/// Ends a scan at an error, and keeps it.
pub(in super::super) fn or_break(
    flow: Result<ControlFlow<()>>,
    outcome: &mut Result<()>,
) -> ControlFlow<()> {
    flow.unwrap_or_else(|error| {
        *outcome = Err(error);
        ControlFlow::Break(())
    })
}

fn keep(key: Result<RowKey>, keys: &mut Vec<RowKey>, outcome: &mut Result<()>) -> ControlFlow<()> {
    let kept = key.map(|key| {
        keys.push(key);
        ControlFlow::Continue(())
    });
    or_break(kept, outcome)
}
