//! The rows of an entity, and what is stored beside them: lazy values, index entries, the sequence.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::Progress;
use super::found::{Findings, Fix};
use super::sequences::check_sequence;
use super::stored::{StoredRow, read_lazy, read_row};
use crate::codec::RowKey;
use crate::database::Database;
use crate::error::Result;
use crate::keyspace::{index_entry, index_keys};
use crate::schema::{EntitySchema, FieldIndex, IndexSchema};
use crate::storage::{KeyRange, Reader, StorageError, TreeId, walk};

/// After how many rows the progress is told.
const STEP: u64 = 1000;

/// Checks one entity.
pub(super) fn check_entity(
    database: &Database,
    reader: &dyn Reader,
    entity: &EntitySchema,
    findings: &mut Findings,
    on_progress: &mut dyn FnMut(Progress),
) -> Result<()> {
    let keys = read_keys(database, reader, entity, findings)?;
    let mut check = Check {
        database,
        reader,
        entity,
        keys,
        unreadable: Vec::new(),
        expected: entity.indexes.iter().map(|_| Expected::default()).collect(),
    };
    check.rows(findings, on_progress)?;
    for index in &entity.indexes {
        check.index(index, findings)?;
    }
    for field in &entity.lazies {
        check.lazy(*field, findings)?;
    }
    check.sequence(findings);
    Ok(())
}

/// The keys of all rows. Those that are none are told.
pub(super) fn read_keys(
    database: &Database,
    reader: &dyn Reader,
    entity: &EntitySchema,
    findings: &mut Findings,
) -> Result<BTreeSet<RowKey>> {
    let mut keys = BTreeSet::new();
    let tree = database.keyspace.rows(entity.index);
    let scanned = reader.scan_keys(tree, &KeyRange::all(), &mut |key| {
        match RowKey::from_encoded(entity.key_kind, key) {
            Ok(key) => drop(keys.insert(key)),
            Err(error) => findings.tell(
                entity.name,
                format!("the key {key:?} can't be read: {error}"),
            ),
        }
        ControlFlow::Continue(())
    });
    // What can't be walked is told where the rows are.
    match scanned {
        Ok(()) | Err(StorageError::Corruption { .. }) => Ok(keys),
        Err(error) => Err(error.into()),
    }
}

/// Visits a whole tree. What can't be read of it is told, and what can be read is visited.
pub(super) fn visit(
    reader: &dyn Reader,
    tree: TreeId,
    place: &str,
    findings: &mut Findings,
    mut each: impl FnMut(&[u8], Result<&[u8], StorageError>, &mut Findings),
) -> Result<()> {
    let gap = walk(reader, tree, &mut |key, value| each(key, value, findings))?;
    if let Some(gap) = gap {
        findings.has_gap = true;
        findings.tell(place, gap.damage.to_string());
    }
    Ok(())
}

/// The entries of an index, as the rows say they should be.
#[derive(Default)]
struct Expected {
    entries: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Rows whose value another row has, though it is unique: either may have the entry.
    others: BTreeSet<(Vec<u8>, Vec<u8>)>,
}

struct Check<'a> {
    database: &'a Database,
    reader: &'a dyn Reader,
    entity: &'a EntitySchema,
    keys: BTreeSet<RowKey>,
    /// The keys, as they are stored, of rows that can't be read.
    unreadable: Vec<Vec<u8>>,
    /// By position of the index.
    expected: Vec<Expected>,
}

impl Check<'_> {
    fn rows(
        &mut self,
        findings: &mut Findings,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<()> {
        let (reader, entity) = (self.reader, self.entity);
        let tree = self.database.keyspace.rows(entity.index);
        let mut progress = Progress {
            entity: entity.name,
            rows: 0,
            total: self.keys.len() as u64,
        };
        let each = |stored: &[u8], row: Result<&[u8], StorageError>, findings: &mut Findings| {
            findings.counts.rows += 1;
            progress.rows += 1;
            if progress.rows.is_multiple_of(STEP) && progress.rows < progress.total {
                on_progress(progress);
            }
            // A key that is none was told already.
            if let Ok(key) = RowKey::from_encoded(entity.key_kind, stored) {
                let row = row.map_err(|error| error.to_string());
                if let Err(problem) = row.and_then(|row| self.row(&key, row, findings)) {
                    self.unreadable.push(stored.to_vec());
                    findings.tell(
                        entity.name,
                        format!("{}: {problem}", entity.print_key(&key)),
                    );
                }
            }
        };
        visit(reader, tree, entity.name, findings, each)?;
        on_progress(progress);
        Ok(())
    }

    /// Checks a row, and adds its entries to those that are expected.
    fn row(&mut self, key: &RowKey, row: &[u8], findings: &mut Findings) -> Result<(), String> {
        let Self {
            database,
            reader,
            entity,
            ..
        } = *self;
        let row = read_row(entity, database.entity_type(entity.index), key, row)?;
        check_age(&row, entity, reader.sequence().0)?;
        if let Some(own) = row.body.row_key().filter(|own| own != key) {
            let problem = format!(
                "{}: the properties that its key is made of are those of {}",
                entity.print_key(key),
                entity.print_key(&own)
            );
            findings.tell(entity.name, problem);
        }
        for field in &entity.to_ones {
            let target = database.schema.entity(entity.relation(*field).target);
            let Some(refers) = row.body.to_one(*field) else {
                continue;
            };
            let tree = database.keyspace.rows(target.index);
            let is_there = reader.contains(tree, &refers.to_vec());
            if !is_there.map_err(|error| error.to_string())? {
                let problem = format!(
                    "{}: `{}` refers to {} {}, which is not there",
                    entity.print_key(key),
                    entity.fields[*field].name,
                    target.name,
                    target.print_key(&refers)
                );
                findings.tell(entity.name, problem);
            }
        }
        for index in &entity.indexes {
            let keys = index_keys(entity, index, key, row.properties)
                .map_err(|error| error.to_string())?;
            for index_key in keys {
                self.expect(index, index_entry(index, &index_key, key), key, findings);
            }
        }
        Ok(())
    }

    fn expect(
        &mut self,
        index: &IndexSchema,
        (entry, held): (Vec<u8>, Vec<u8>),
        key: &RowKey,
        findings: &mut Findings,
    ) {
        let Expected { entries, others } = &mut self.expected[index.position];
        let Some(first) = entries.get(&entry) else {
            entries.insert(entry, held);
            return;
        };
        debug_assert!(index.unique, "the entry of a plain index ends with the row");
        let other = RowKey::from_encoded(self.entity.key_kind, first);
        let problem = format!(
            "{}: `{}` must be unique, and {} has the same value",
            self.entity.print_key(key),
            index.label,
            other.map_or_else(
                |_| "another row".to_owned(),
                |it| self.entity.print_key(&it)
            )
        );
        findings.tell(self.entity.name, problem);
        others.insert((entry, held));
    }

    fn index(&mut self, index: &IndexSchema, findings: &mut Findings) -> Result<()> {
        let place = format!("{}.{}", self.entity.name, index.label);
        let tree = self.database.keyspace.index(self.entity.index, index);
        let Expected {
            mut entries,
            others,
        } = std::mem::take(&mut self.expected[index.position]);
        let fix = |entry: &[u8], value| Fix {
            tree,
            key: entry.to_vec(),
            value,
        };
        let each = |entry: &[u8], held: Result<&[u8], StorageError>, findings: &mut Findings| {
            findings.counts.index_entries += 1;
            let held = held.unwrap_or_default();
            match entries.remove(entry) {
                Some(row) if held == row || others.contains(&(entry.to_vec(), held.to_vec())) => {}
                Some(row) => findings.tell_with_fix(
                    &place,
                    format!("the index entry {entry:?} names another row than the one that has the value"),
                    fix(entry, Some(row)),
                ),
                // Who looks the value up shall still learn that its row is damaged.
                None if self.may_be_unreadable(index, entry, held) => findings.tell(
                    &place,
                    format!("the index entry {entry:?} belongs to no row that can be read"),
                ),
                None => findings.tell_with_fix(
                    &place,
                    format!("the index entry {entry:?} belongs to no row"),
                    fix(entry, None),
                ),
            }
        };
        visit(self.reader, tree, &place, findings, each)?;
        for (entry, row) in entries {
            let fix = fix(&entry, Some(row));
            let problem = format!("the index entry {entry:?} of a row is missing");
            findings.tell_with_fix(&place, problem, fix);
        }
        Ok(())
    }

    /// Whether an entry may be that of a row that can't be read.
    fn may_be_unreadable(&self, index: &IndexSchema, entry: &[u8], held: &[u8]) -> bool {
        self.unreadable.iter().any(|row| {
            if index.unique {
                held == row
            } else {
                entry.ends_with(row)
            }
        })
    }

    fn lazy(&self, field: FieldIndex, findings: &mut Findings) -> Result<()> {
        let entity = self.entity;
        let property = &entity.fields[field];
        let place = format!("{}.{}", entity.name, property.name);
        let tree = self.database.keyspace.lazy(entity.index, field);
        let mut missing = self.keys.clone();
        let each = |key: &[u8], sealed: Result<&[u8], StorageError>, findings: &mut Findings| {
            findings.counts.lazy_values += 1;
            let Ok(key) = RowKey::from_encoded(entity.key_kind, key) else {
                findings.tell(&place, format!("the key {key:?} can't be read"));
                return;
            };
            let name = entity.print_key(&key);
            if !missing.remove(&key) {
                findings.tell(
                    &place,
                    format!("there is a value of {name}, which is not there"),
                );
                return;
            }
            let sealed = sealed.map_err(|error| error.to_string());
            let checked = sealed.and_then(|sealed| read_lazy(entity, field, &key, sealed));
            if let Err(error) = checked {
                findings.tell(
                    &place,
                    format!("the value of {name} can't be read: {error}"),
                );
            }
        };
        visit(self.reader, tree, &place, findings, each)?;
        for key in missing.iter().filter(|_| !property.nullable) {
            let key = entity.print_key(key);
            findings.tell(&place, format!("the value of {key} is missing"));
        }
        Ok(())
    }

    fn sequence(&self, findings: &mut Findings) {
        let key_number = self.database.entity_type(self.entity.index).key_number;
        let highest = self.keys.iter().filter_map(key_number).max();
        check_sequence(self.database, self.reader, self.entity, highest, findings);
    }
}

/// A row is no newer than the database.
fn check_age(row: &StoredRow<'_>, entity: &EntitySchema, last: u64) -> Result<(), String> {
    if row.revision > last {
        return Err(format!(
            "the row is from commit {}, and the last commit is {last}",
            row.revision
        ));
    }
    if row.schema_version > entity.version {
        return Err(format!(
            "the row is of schema version {}, and {} is at {}",
            row.schema_version, entity.name, entity.version
        ));
    }
    Ok(())
}
