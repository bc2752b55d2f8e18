//! What a batch makes of the stored rows, for those who follow their entities.
//!
//! It is read off the batch and the view that the batch will be applied to, and not off the change
//! sets: so it is the same whether one flush or a transaction made the batch, it has what other
//! rows' removals and other units of work made of a row, and a row that ends as it was is not in it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use super::LinkWrite;
use crate::codec::RowKey;
use crate::codec::record::Record;
use crate::database::Database;
use crate::entity::{ChangeKind, ChangeSetData};
use crate::error::Result;
use crate::feed::{Changes, CollectionChange, CommittedChange};
use crate::keyspace::link_key;
use crate::schema::{EntityIndex, EntitySchema, FieldIndex, FieldSet, Schema, Side};
use crate::storage::{Batch, Bytes, CommitSequence, KeyRange, Reader, Write};

/// The changes of commit `sequence` to the entities that somebody follows. `links` names all links
/// that the batch writes.
///
/// # Errors
/// What the store says. A stored row that can't be read is no error here: its commit may be what
/// removes it.
pub(crate) fn difference(
    database: &Database,
    (reader, sequence): (&dyn Reader, CommitSequence),
    batch: &Batch,
    links: &[LinkWrite],
) -> Result<Changes> {
    let mut changes = Changes::new();
    let followed = database.schema.indexes();
    for entity in followed.filter(|entity| database.feed.follows(*entity)) {
        let mut found = Differences {
            database,
            entity,
            reader,
            rows: BTreeMap::new(),
        };
        found.add_rows(batch)?;
        found.add_lazies(batch)?;
        found.add_links(links)?;
        found.add_orders(batch)?;
        changes.extend(found.finish(sequence));
    }
    Ok(changes)
}

/// The differences of one entity's rows.
struct Differences<'a> {
    database: &'a Database,
    entity: EntityIndex,
    reader: &'a dyn Reader,
    rows: BTreeMap<RowKey, Difference<'a>>,
}

struct Difference<'a> {
    before: Option<Bytes>,
    /// The row as it shall be, where it is written at all.
    after: Option<Write<'a>>,
    lazies: FieldSet,
    links: BTreeMap<FieldIndex, CollectionChange>,
}

impl<'a> Differences<'a> {
    fn schema(&self) -> &'a EntitySchema {
        self.database.schema.entity(self.entity)
    }

    fn key(&self, stored: &[u8]) -> Result<RowKey> {
        Ok(RowKey::from_encoded(self.schema().key_kind, stored)?)
    }

    fn row(&mut self, key: RowKey) -> Result<&mut Difference<'a>> {
        let rows = self.database.keyspace.rows(self.entity);
        Ok(match self.rows.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let before = self.reader.get(rows, &place.key().to_vec())?;
                place.insert(Difference {
                    before,
                    after: None,
                    lazies: FieldSet::new(),
                    links: BTreeMap::new(),
                })
            }
        })
    }

    fn add_rows(&mut self, batch: &'a Batch) -> Result<()> {
        let tree = self.database.keyspace.rows(self.entity);
        for (stored, write) in batch.range(tree, &KeyRange::all()) {
            let key = self.key(stored)?;
            self.row(key)?.after = Some(write);
        }
        Ok(())
    }

    fn add_lazies(&mut self, batch: &'a Batch) -> Result<()> {
        for field in &self.schema().lazies {
            let tree = self.database.keyspace.lazy(self.entity, *field);
            for (stored, write) in batch.range(tree, &KeyRange::all()) {
                if let Write::Put(_) = write {
                    let key = self.key(stored)?;
                    self.row(key)?.lazies.insert(*field);
                }
            }
        }
        Ok(())
    }

    /// Links that this entity owns, and that are not afterwards as they were.
    fn add_links(&mut self, links: &[LinkWrite]) -> Result<()> {
        for link in links {
            let join = self.database.schema.join(link.join);
            let tree = self.database.keyspace.join(link.join, Side::Owner);
            if join.owner != self.entity
                || self
                    .reader
                    .contains(tree, &link_key(&link.owner, &link.target))?
                    == link.linked
            {
                continue;
            }
            let field = join.owner_field;
            let row = self.row(link.owner.clone())?;
            let change = row.links.entry(field).or_insert(CollectionChange {
                field,
                added: Vec::new(),
                removed: Vec::new(),
            });
            let keys = if link.linked {
                &mut change.added
            } else {
                &mut change.removed
            };
            keys.push(link.target.clone());
        }
        Ok(())
    }

    /// Collections of this entity whose order is written: that is a change, though no link is one.
    fn add_orders(&mut self, batch: &Batch) -> Result<()> {
        for (join, side) in &self.schema().joins {
            let tree = self.database.keyspace.order(*join);
            let Some(tree) = tree.filter(|_| *side == Side::Owner) else {
                continue;
            };
            let field = self.database.schema.join(*join).owner_field;
            for (stored, _) in batch.range(tree, &KeyRange::all()) {
                let key = self.key(stored)?;
                let links = &mut self.row(key)?.links;
                links.entry(field).or_insert(CollectionChange {
                    field,
                    added: Vec::new(),
                    removed: Vec::new(),
                });
            }
        }
        Ok(())
    }

    fn finish(self, sequence: CommitSequence) -> Changes {
        let (schema, entity) = (&self.database.schema, self.schema());
        self.rows
            .into_iter()
            .filter_map(|(key, row)| row.into_change(schema, entity, key))
            .map(|(difference, links)| {
                Arc::new(CommittedChange {
                    commit: sequence,
                    difference,
                    links,
                })
            })
            .collect()
    }
}

impl Difference<'_> {
    /// What becomes of the row; `None` where there is none before and after.
    fn kind(&self) -> Option<ChangeKind> {
        match (&self.before, self.after) {
            (None, Some(Write::Put(_))) => Some(ChangeKind::Create),
            (Some(_), Some(Write::Put(_)) | None) => Some(ChangeKind::Update),
            (Some(_), Some(Write::Delete)) => Some(ChangeKind::Delete),
            (None, Some(Write::Delete) | None) => None,
        }
    }

    /// The change, unless the row ends as it was.
    fn into_change(
        self,
        schema: &Arc<Schema>,
        entity: &EntitySchema,
        key: RowKey,
    ) -> Option<(ChangeSetData, Vec<CollectionChange>)> {
        let kind = self.kind()?;
        let old = self.before.as_deref();
        let old = old.and_then(|row| Record::parse(&key, row).ok());
        let new = match self.after {
            Some(Write::Put(row)) => {
                Some(Record::parse_unverified(row).expect("this commit has sealed it"))
            }
            Some(Write::Delete) | None => None,
        };
        let changed = match &new {
            Some(new) => self.changed(entity, old.as_ref(), new),
            None if kind == ChangeKind::Delete => FieldSet::new(),
            None => self.links.keys().copied().collect(),
        };
        if kind == ChangeKind::Update && changed.is_empty() {
            return None;
        }
        let told_of_old = |field| kind == ChangeKind::Delete || changed.contains(field);
        let difference = ChangeSetData {
            schema: Arc::clone(schema),
            entity: entity.index,
            kind,
            changed,
            new_values: values(entity, new.as_ref(), |field| changed.contains(field)),
            old_values: values(entity, old.as_ref(), told_of_old),
            key,
        };
        let links = if kind == ChangeKind::Delete {
            Vec::new()
        } else {
            self.links.into_values().collect()
        };
        Some((difference, links))
    }

    /// The properties that a row that is written has otherwise than before. A lazy one that is written
    /// counts, whatever it was: it is not read for this.
    fn changed(
        &self,
        entity: &EntitySchema,
        old: Option<&Record<'_>>,
        new: &Record<'_>,
    ) -> FieldSet {
        let is_changed = |field: &FieldIndex| {
            let number = entity.fields[*field].number;
            old.is_none_or(|old| old.get(number) != new.get(number))
        };
        let columns = entity.columns.iter().copied().filter(is_changed);
        let links = self.links.keys().copied();
        columns.chain(self.lazies.iter()).chain(links).collect()
    }
}

/// The stored form of those columns of a row that are told of, but for hidden ones.
fn values(
    entity: &EntitySchema,
    row: Option<&Record<'_>>,
    is_told: impl Fn(FieldIndex) -> bool,
) -> Vec<(FieldIndex, Vec<u8>)> {
    let Some(row) = row else { return Vec::new() };
    let told = entity.columns.iter().copied();
    let told = told.filter(|field| is_told(*field) && !entity.fields[*field].hidden);
    told.filter_map(|field| Some((field, row.get(entity.fields[field].number)?.to_vec())))
        .collect()
}
