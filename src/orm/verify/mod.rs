//! Checks everything that is stored against everything else.

mod report;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

pub use report::{Finding, Report};

use crate::codec::RowKey;
use crate::codec::record::Record;
use crate::codec::value::open_value;
use crate::database::Database;
use crate::entity::HydrateRow;
use crate::error::Result;
use crate::keyspace::{self, index_entry, link_key};
use crate::schema::{EntityIndex, EntitySchema, JoinIndex, ResolvedKind, Side};
use crate::storage::{Direction, KeyRange, Reader, StorageError, Store, StoreExt, TreeId};
use crate::unit_of_work::index_value;

/// Checks the whole database under one view.
pub(super) fn verify(database: &Database) -> Result<Report> {
    let names = database.store.tree_names()?;
    let unknown_trees = names
        .into_iter()
        .filter(|name| !database.keyspace.knows(name))
        .collect();
    database.store.read_with(|reader| {
        let mut check = Check {
            database,
            reader,
            report: Report {
                unknown_trees,
                ..Report::default()
            },
            keys: BTreeMap::new(),
        };
        check.all()?;
        Ok(check.report)
    })?
}

struct Check<'a> {
    database: &'a Database,
    reader: &'a dyn Reader,
    report: Report,
    /// The keys of all rows.
    keys: BTreeMap<EntityIndex, BTreeSet<RowKey>>,
}

/// The entries of each index, as the rows say they should be.
type Expected = BTreeMap<Vec<u8>, Vec<u8>>;

impl Check<'_> {
    fn all(&mut self) -> Result<()> {
        let schema = &self.database.schema;
        for entity in &schema.entities {
            self.collect_keys(entity)?;
        }
        for entity in &schema.entities {
            self.rows(entity)?;
            self.lazies(entity)?;
            self.sequence(entity);
        }
        for at in 0..schema.joins.len() {
            self.join(JoinIndex(u16::try_from(at).expect("joins are numbered so")))?;
        }
        Ok(())
    }

    fn find(&mut self, place: impl Into<String>, problem: impl Into<String>) {
        self.report.findings.push(Finding {
            place: place.into(),
            problem: problem.into(),
        });
    }

    fn collect_keys(&mut self, entity: &EntitySchema) -> Result<()> {
        let mut keys = BTreeSet::new();
        for (key, _) in self.entries(self.database.keyspace.rows(entity.index), entity.name)? {
            match RowKey::from_encoded(entity.key_kind, &key) {
                Ok(key) => drop(keys.insert(key)),
                Err(error) => self.find(
                    entity.name,
                    format!("the key {key:?} can't be read: {error}"),
                ),
            }
        }
        self.keys.insert(entity.index, keys);
        Ok(())
    }

    /// All entries of a tree. A tree that can't be read is a finding, and what was read counts.
    fn entries(&mut self, tree: TreeId, place: &str) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let mut entries = Vec::new();
        let scanned = self.reader.scan(
            tree,
            &KeyRange::all(),
            Direction::Forward,
            &mut |key, value| {
                entries.push((key.to_vec(), value.to_vec()));
                ControlFlow::Continue(())
            },
        );
        match scanned {
            Ok(()) => {}
            Err(error @ StorageError::Corruption { .. }) => self.find(place, error.to_string()),
            Err(error) => return Err(error.into()),
        }
        Ok(entries)
    }

    fn rows(&mut self, entity: &EntitySchema) -> Result<()> {
        let mut expected: Vec<Expected> = entity.indexes.iter().map(|_| Expected::new()).collect();
        for (key, row) in self.entries(self.database.keyspace.rows(entity.index), entity.name)? {
            self.report.rows += 1;
            let Ok(key) = RowKey::from_encoded(entity.key_kind, &key) else {
                continue;
            };
            if let Err(problem) = self.row(entity, &key, &row, &mut expected) {
                self.find(
                    entity.name,
                    format!("{}: {problem}", entity.print_key(&key)),
                );
            }
        }
        for (index, expected) in entity.indexes.iter().zip(expected) {
            let place = format!("{}.{}", entity.name, entity.fields[index.field].name);
            let tree = self.database.keyspace.index(entity.index, index.field);
            let entries = self.entries(tree, &place)?;
            self.report.index_entries += entries.len() as u64;
            let entries: Expected = entries.into_iter().collect();
            for (entry, row) in &expected {
                match entries.get(entry) {
                    Some(held) if held == row => {}
                    Some(_) => self.find(&place, format!("the index entry {entry:?} names another row than the one that has the value")),
                    None => self.find(&place, format!("the index entry {entry:?} of a row is missing")),
                }
            }
            for entry in entries
                .keys()
                .filter(|entry| !expected.contains_key(*entry))
            {
                self.find(
                    &place,
                    format!("the index entry {entry:?} belongs to no row"),
                );
            }
        }
        Ok(())
    }

    fn row(
        &mut self,
        entity: &EntitySchema,
        key: &RowKey,
        row: &[u8],
        expected: &mut [Expected],
    ) -> Result<(), String> {
        let record = Record::parse(key, row).map_err(|error| error.to_string())?;
        if record.revision() > self.reader.sequence().0 {
            return Err(format!(
                "the row is from commit {}, and the last commit is {}",
                record.revision(),
                self.reader.sequence()
            ));
        }
        if record.schema_version() > entity.version {
            return Err(format!(
                "the row is of schema version {}, and {} is at {}",
                record.schema_version(),
                entity.name,
                entity.version
            ));
        }
        let mut values = vec![None; entity.fields.len()];
        for (number, stored) in record.iter() {
            if let Some(field) = entity
                .by_number
                .get(usize::from(number.0))
                .copied()
                .flatten()
            {
                values[field] = Some(stored);
            }
        }
        let hydrate = self.database.entity_type(entity.index).hydrate;
        let body =
            hydrate(&HydrateRow::new(entity, key, &values)).map_err(|error| error.to_string())?;
        for field in &entity.to_ones {
            let target = self.database.schema.entity(entity.relation(*field).target);
            if let Some(refers) = body.to_one(*field)
                && !self.keys[&target.index].contains(&refers)
            {
                let problem = format!(
                    "{}: `{}` refers to {} {}, which is not there",
                    entity.print_key(key),
                    entity.fields[*field].name,
                    target.name,
                    target.print_key(&refers)
                );
                self.find(entity.name, problem);
            }
        }
        for (index, expected) in entity.indexes.iter().zip(expected) {
            let value = index_value(entity, *index, values[index.field])
                .map_err(|error| error.to_string())?;
            expected.extend(value.map(|value| index_entry(*index, &value, key)));
        }
        Ok(())
    }

    fn lazies(&mut self, entity: &EntitySchema) -> Result<()> {
        for field in &entity.lazies {
            let property = &entity.fields[*field];
            let place = format!("{}.{}", entity.name, property.name);
            let mut missing = self.keys[&entity.index].clone();
            for (key, sealed) in
                self.entries(self.database.keyspace.lazy(entity.index, *field), &place)?
            {
                self.report.lazy_values += 1;
                let Ok(key) = RowKey::from_encoded(entity.key_kind, &key) else {
                    self.find(&place, format!("the key {key:?} can't be read"));
                    continue;
                };
                if !missing.remove(&key) {
                    self.find(
                        &place,
                        format!(
                            "there is a value of {}, which is not there",
                            entity.print_key(&key)
                        ),
                    );
                    continue;
                }
                let ResolvedKind::Lazy(value_type) = &property.kind else {
                    unreachable!("it is among the lazy properties")
                };
                let checked =
                    open_value(&key, &sealed).and_then(|(_, value)| value_type.check(value));
                if let Err(error) = checked {
                    self.find(
                        &place,
                        format!(
                            "the value of {} can't be read: {error}",
                            entity.print_key(&key)
                        ),
                    );
                }
            }
            for key in missing.iter().filter(|_| !property.nullable) {
                self.find(
                    &place,
                    format!("the value of {} is missing", entity.print_key(key)),
                );
            }
        }
        Ok(())
    }

    fn sequence(&mut self, entity: &EntitySchema) {
        let stored = keyspace::read_sequence(
            self.reader,
            self.database.keyspace.catalog,
            &keyspace::sequence_key(entity),
        );
        let stored = match stored {
            Ok(stored) => stored.unwrap_or(0),
            Err(error) => {
                self.find(entity.name, format!("the sequence can't be read: {error}"));
                return;
            }
        };
        let key_number = self.database.entity_type(entity.index).key_number;
        let highest = self.keys[&entity.index]
            .iter()
            .filter_map(key_number)
            .max()
            .unwrap_or(0);
        if highest > stored {
            self.find(
                entity.name,
                format!("the sequence is at {stored}, and there is a row with the key {highest}"),
            );
        }
    }

    fn join(&mut self, index: JoinIndex) -> Result<()> {
        let schema = &self.database.schema;
        let join = schema.join(index);
        let (owner, target) = (schema.entity(join.owner), schema.entity(join.target));
        let place = format!("{}.{}", owner.name, owner.fields[join.owner_field].name);
        let by_owner = self.links(index, Side::Owner, owner, target, &place)?;
        let by_target = self.links(index, Side::Inverse, target, owner, &place)?;
        self.report.links += by_owner.len() as u64;
        for (a, b) in &by_owner {
            if !by_target.contains(&(b.clone(), a.clone())) {
                self.find(
                    &place,
                    format!(
                        "the link of {} to {} is missing at the inverse side",
                        owner.print_key(a),
                        target.print_key(b)
                    ),
                );
            }
        }
        for (b, a) in &by_target {
            if !by_owner.contains(&(a.clone(), b.clone())) {
                self.find(
                    &place,
                    format!(
                        "the link of {} to {} is missing at the owning side",
                        owner.print_key(a),
                        target.print_key(b)
                    ),
                );
            }
        }
        Ok(())
    }

    /// The links of one side. Both ends must be there.
    fn links(
        &mut self,
        join: JoinIndex,
        side: Side,
        first: &EntitySchema,
        second: &EntitySchema,
        place: &str,
    ) -> Result<BTreeSet<(RowKey, RowKey)>> {
        let stored: BTreeSet<Vec<u8>> = self
            .entries(self.database.keyspace.join(join, side), place)?
            .into_iter()
            .map(|(key, _)| key)
            .collect();
        let mut links = BTreeSet::new();
        let mut explained = BTreeSet::new();
        for here in self.keys[&first.index].clone() {
            let prefix = here.to_vec();
            let range = stored
                .range(prefix.clone()..)
                .take_while(|key| key.starts_with(&prefix));
            for key in range {
                let there = RowKey::from_encoded(second.key_kind, &key[prefix.len()..]);
                match there {
                    Ok(there) if self.keys[&second.index].contains(&there) => {
                        debug_assert_eq!(link_key(&here, &there), *key);
                        explained.insert(key.clone());
                        links.insert((here.clone(), there));
                    }
                    _ => {}
                }
            }
        }
        for key in stored.difference(&explained) {
            self.find(
                place,
                format!("the link {key:?} has an end that is not there"),
            );
        }
        Ok(links)
    }
}
