//! Population of collections: their links, and the items that these lead to.
//!
//! Invariant: a collection that was filled shows the stored links, corrected by what is pending, in the
//! order that the relation keeps.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet;

use super::populate::LookUp;
use super::{Hints, Loader};
use crate::codec::RowKey;
use crate::context::{Instance, LinkChange, arrange};
use crate::entity::Membership;
use crate::error::{Error, Result};
use crate::log;
use crate::schema::{EntitySchema, FieldIndex, RelationKind, RelationSchema, Side};

/// A relation, and whose it is.
pub(super) type Property<'s> = (&'s EntitySchema, FieldIndex, &'s RelationSchema);

impl Loader<'_> {
    /// Loads the collections of instances of one entity, and gives their items.
    pub(super) fn load_to_many(
        &mut self,
        instances: &[Instance],
        (entity, field, relation): Property<'_>,
        hints: &Hints,
    ) -> Result<Vec<Instance>> {
        if let Some((query, membership)) = self.choice(entity, field, relation, hints)? {
            let owners = self.owners(instances, |_| true);
            let shown = (membership, hints.wants_keys_only());
            self.choose_items(&owners, (entity, field, relation), &query, shown)?;
        } else {
            let initialized = |instance: Instance| {
                let collection = self.context.body(instance).to_many(field);
                collection.membership() == Membership::Initialized
            };
            let owners = self.owners(instances, |it| self.overwrite || !initialized(it));
            if hints.wants_keys_only() {
                self.fill_with_references(&owners, relation, field)?;
            } else {
                if !owners.is_empty() {
                    self.fill_collections(&owners, entity, relation, field)?;
                    self.order_collections(&owners, (entity, field, relation))?;
                }
                self.load_items(instances, relation, field)?;
            }
        }
        let mut seen = FxHashSet::default();
        let mut related = Vec::new();
        for instance in instances {
            for key in self.context.body(*instance).to_many(field).keys() {
                related.extend(
                    self.context
                        .find_loaded(relation.target, &key)
                        .filter(|item| seen.insert(*item)),
                );
            }
        }
        Ok(related)
    }

    /// The instances, by their keys, ascending.
    fn owners(
        &self,
        instances: &[Instance],
        wanted: impl Fn(Instance) -> bool,
    ) -> Vec<(RowKey, Instance)> {
        let wanted = instances.iter().filter(|instance| wanted(**instance));
        let mut owners: Vec<(RowKey, Instance)> = wanted
            .map(|instance| (self.context.slot(*instance).key.clone(), *instance))
            .collect();
        owners.sort_unstable();
        owners.dedup();
        owners
    }

    /// Loads what a collection was known to hold before its items were loaded.
    fn load_items(
        &mut self,
        instances: &[Instance],
        relation: &RelationSchema,
        field: FieldIndex,
    ) -> Result<()> {
        let is_missing = |key: &RowKey| self.context.find(relation.target, key).is_none();
        let items = instances
            .iter()
            .flat_map(|instance| self.context.body(*instance).to_many(field).keys());
        let missing: BTreeSet<RowKey> = items.filter(is_missing).collect();
        self.load_rows(relation.target, missing.iter())?;
        Ok(())
    }

    /// Reads the links of the owners, and the rows that they lead to and that are not loaded.
    fn fill_collections(
        &mut self,
        owners: &[(RowKey, Instance)],
        entity: &EntitySchema,
        relation: &RelationSchema,
        field: FieldIndex,
    ) -> Result<()> {
        let stored = self.links_of(owners, relation)?;
        // What is pending may add items that are in the store, and not among the stored links.
        let mut wanted: FxHashSet<RowKey> = stored.iter().flatten().cloned().collect();
        let added = self.context.ledger.adopted.iter();
        wanted.extend(
            added
                .filter(|item| item.entity == relation.target)
                .map(|item| item.key.clone()),
        );
        if let RelationKind::ManyToMany { join, side } = relation.kind {
            for (owner, _) in owners {
                let pending = self.context.ledger.of(join, side, owner);
                let added = pending.filter(|(_, change)| *change == LinkChange::Add);
                wanted.extend(added.map(|(key, _)| key.clone()));
            }
        }
        let wanted: BTreeSet<RowKey> = wanted.into_iter().collect();
        let by = || describe(owners, entity, field);
        let moved = self.moved_items(owners, relation, &stored);
        self.look_up(
            relation.target,
            wanted.iter(),
            LookUp::Linked {
                by: &by,
                moved: &moved,
            },
        )?;
        let loaded = |key: &RowKey| self.context.find(relation.target, key).is_some();
        self.check_links(owners, (entity, field, relation), &stored, loaded)?;
        let corrected = self.corrected_all(owners, (field, relation), &stored)?;
        self.show_all(owners, field, corrected);
        Ok(())
    }

    /// Items in memory whose reference says otherwise than the stored links, and was not changed
    /// here: another unit of work has moved them, so they are read anew.
    fn moved_items(
        &self,
        owners: &[(RowKey, Instance)],
        relation: &RelationSchema,
        stored: &[Vec<RowKey>],
    ) -> FxHashSet<RowKey> {
        let mut moved = FxHashSet::default();
        if matches!(relation.kind, RelationKind::ManyToMany { .. }) {
            return moved;
        }
        for ((owner, _), keys) in owners.iter().zip(stored) {
            let says_otherwise = |key: &&RowKey| {
                let item = self.context.find_loaded(relation.target, key);
                item.is_some_and(|item| {
                    let mapped_by = relation.mapped_by();
                    !self.context.refers_anew(item, mapped_by)
                        && self.context.body(item).to_one(mapped_by).as_ref() != Some(owner)
                })
            };
            moved.extend(keys.iter().filter(says_otherwise).cloned());
        }
        moved
    }

    /// The stored items of a collection, ascending.
    pub(crate) fn links(&self, relation: &RelationSchema, owner: &RowKey) -> Result<Vec<RowKey>> {
        let database = self.database;
        database
            .keyspace
            .items(self.reader, &database.schema, relation, owner)
    }

    /// The stored items of each owner's collection.
    pub(super) fn links_of(
        &self,
        owners: &[(RowKey, Instance)],
        relation: &RelationSchema,
    ) -> Result<Vec<Vec<RowKey>>> {
        let (database, owners) = (self.database, owners.iter().map(|(owner, _)| owner));
        database
            .keyspace
            .items_of_all(self.reader, &database.schema, relation, owners)
    }

    /// What each owner's collection holds: the stored items, corrected by what is pending, in the order
    /// that the relation keeps.
    pub(super) fn corrected_all(
        &self,
        owners: &[(RowKey, Instance)],
        (field, relation): (FieldIndex, &RelationSchema),
        stored: &[Vec<RowKey>],
    ) -> Result<Vec<(Vec<RowKey>, bool)>> {
        let mut corrected = self.context.corrected_all(owners, field, stored);
        for ((owner, _), (items, _)) in owners.iter().zip(&mut corrected) {
            *items = self.arranged(relation, owner, std::mem::take(items))?;
        }
        Ok(corrected)
    }

    /// Items in the order that the owning side of a relation keeps; else as they come.
    fn arranged(
        &self,
        relation: &RelationSchema,
        owner: &RowKey,
        items: Vec<RowKey>,
    ) -> Result<Vec<RowKey>> {
        let (schema, keyspace) = (&self.database.schema, &self.database.keyspace);
        match relation.kind {
            RelationKind::ManyToMany {
                join,
                side: Side::Owner,
            } if keyspace.order(join).is_some() => {
                let stored = keyspace.stored_order(self.reader, schema, join, owner)?;
                let mut items = items;
                items.sort_unstable();
                let pending = self.context.ledger.orders.get(&(join, owner.clone()));
                Ok(arrange(&stored, pending, &items))
            }
            _ => Ok(items),
        }
    }

    fn show_all(
        &mut self,
        owners: &[(RowKey, Instance)],
        field: FieldIndex,
        items: Vec<(Vec<RowKey>, bool)>,
    ) {
        for ((_, owner), items) in owners.iter().zip(items) {
            self.context
                .show(*owner, field, Membership::Initialized, items);
        }
    }

    /// Every stored link leads to a row.
    pub(super) fn check_links(
        &self,
        owners: &[(RowKey, Instance)],
        (entity, field, relation): Property<'_>,
        stored: &[Vec<RowKey>],
        is_there: impl Fn(&RowKey) -> bool,
    ) -> Result<()> {
        for ((owner, _), keys) in owners.iter().zip(stored) {
            if let Some(missing) = keys.iter().find(|key| !is_there(key)) {
                let target = self.database.schema.entity(relation.target);
                return Err(Error::corruption(format!(
                    "{}.{} of {} leads to {} {}, which is not there",
                    entity.name,
                    entity.fields[field].name,
                    entity.print_key(owner),
                    target.name,
                    target.print_key(missing)
                )));
            }
        }
        Ok(())
    }

    /// Reads the links of the owners, and not the rows that they lead to.
    fn fill_with_references(
        &mut self,
        owners: &[(RowKey, Instance)],
        relation: &RelationSchema,
        field: FieldIndex,
    ) -> Result<()> {
        let Some((_, first)) = owners.first() else {
            return Ok(());
        };
        let started = self.database.log.start();
        let stored = self.links_of(owners, relation)?;
        let corrected = self.corrected_all(owners, (field, relation), &stored)?;
        self.show_all(owners, field, corrected);
        let entity = self.database.schema.entity(first.entity);
        let links = stored.iter().map(Vec::len).sum();
        let target = self.database.schema.entity(relation.target);
        let what = || format!("keys of {}", target.label);
        self.count(started, links, what, || describe(owners, entity, field));
        Ok(())
    }

    /// The items of one collection: what is stored, corrected by what is pending.
    pub(crate) fn items_of(&self, owner: Instance, field: FieldIndex) -> Result<Vec<RowKey>> {
        let relation = self.database.schema.entity(owner.entity).relation(field);
        let key = &self.context.slot(owner).key;
        let stored = self.links(relation, key)?;
        let items = self.context.corrected(owner, field, &stored).0;
        self.arranged(relation, key, items)
    }
}

/// `article.tags of (1, 2)`.
pub(super) fn describe(
    owners: &[(RowKey, Instance)],
    entity: &EntitySchema,
    field: FieldIndex,
) -> String {
    let owners = log::list(owners.iter().map(|(key, _)| entity.print_key(key)));
    format!(
        "{}.{} of ({owners})",
        entity.label, entity.fields[field].name
    )
}
