//! `cascade(remove)` and `orphan_removal`: what a removed entity takes with it goes through the unit of
//! work, so that its hooks run, and is loaded where it is not.
//!
//! It is followed level by level, all of one view, each entity once: graphs may be deep, and may have
//! cycles. Invariant: afterwards whatever a removed entity holds by such a relation is removed too.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::EntityManager;
use super::find::Options;
use crate::codec::RowKey;
use crate::context::{Context, Instance};
use crate::error::Result;
use crate::load::Loader;
use crate::schema::{EntityIndex, FieldIndex, RelationKind, RelationSchema};

/// Keys to be removed, by entity.
type Keys = BTreeMap<EntityIndex, BTreeSet<RowKey>>;

impl EntityManager {
    /// Marks what goes with the entities that are to be removed. Relations are reconciled.
    pub(super) fn cascade_removals(&mut self) -> Result<()> {
        let context = &self.context;
        let has_cascades =
            |instance: &Instance| !context.entity(instance.entity).cascades.is_empty();
        let removed = context.touched().iter().copied();
        let open: Vec<_> = removed
            .filter(|instance| has_cascades(instance) && context.goes(*instance))
            .collect();
        if open.is_empty() {
            return Ok(());
        }
        let assigned = assigned_owners(context);
        let read = |loader: &mut Loader<'_>, _| {
            let mut cascade = Cascade {
                loader,
                assigned,
                seen: open.iter().copied().collect(),
            };
            let mut level = open;
            while !level.is_empty() {
                level = cascade.follow(&level)?;
            }
            Ok(cascade.seen)
        };
        for instance in self.read(read, &Options::default())? {
            if !self.context.goes(instance) {
                let key = self.context.slot(instance).key.clone();
                self.context.remove(instance.entity, &key);
            }
        }
        Ok(())
    }
}

/// The instances whose reference was changed here, by the owner that they refer to now, for the relations
/// by which the owner would take them with it. What others refer to, the store knows.
fn assigned_owners(context: &Context) -> FxHashMap<(EntityIndex, FieldIndex, RowKey), Vec<RowKey>> {
    let mut assigned: FxHashMap<_, Vec<RowKey>> = FxHashMap::default();
    for instance in context.touched() {
        let (entity, slot) = (context.entity(instance.entity), context.slot(*instance));
        let Some(body) = &slot.body else { continue };
        for field in &entity.to_ones {
            let relation = entity.relation(*field);
            let owner = context.entity(relation.target);
            let takes = |inverse: FieldIndex| owner.cascades.contains(&inverse);
            let moved =
                relation.inverse.is_some_and(takes) && context.refers_anew(*instance, *field);
            if let (true, Some(target)) = (moved, body.to_one(*field)) {
                let items = assigned
                    .entry((instance.entity, *field, target))
                    .or_default();
                items.push(slot.key.clone());
            }
        }
    }
    assigned
}

struct Cascade<'l, 'a> {
    loader: &'l mut Loader<'a>,
    assigned: FxHashMap<(EntityIndex, FieldIndex, RowKey), Vec<RowKey>>,
    /// All that goes.
    seen: FxHashSet<Instance>,
}

impl Cascade<'_, '_> {
    /// What goes with instances that go, as far as it was not seen before.
    fn follow(&mut self, level: &[Instance]) -> Result<Vec<Instance>> {
        self.load_unseen(level)?;
        let mut keys = Keys::new();
        for instance in level {
            self.collect(*instance, &mut keys)?;
        }
        let mut next = Vec::new();
        for (entity, keys) in &keys {
            self.loader.load_rows(*entity, keys.iter())?;
            let found = keys
                .iter()
                .filter_map(|key| self.loader.context.find(*entity, key));
            next.extend(found.filter(|instance| self.seen.insert(*instance)));
        }
        let schema = &self.loader.database.schema;
        next.retain(|instance| !schema.entity(instance.entity).cascades.is_empty());
        Ok(next)
    }

    /// What was removed by its key alone is loaded, for what it holds is not known else.
    fn load_unseen(&mut self, level: &[Instance]) -> Result<()> {
        let mut unseen: BTreeMap<EntityIndex, Vec<Instance>> = BTreeMap::new();
        for instance in level {
            if self.loader.context.slot(*instance).body.is_none() {
                unseen.entry(instance.entity).or_default().push(*instance);
            }
        }
        unseen
            .iter()
            .try_for_each(|(entity, instances)| self.loader.load_removed(*entity, instances))
    }

    /// The keys that an instance takes with it.
    fn collect(&self, instance: Instance, keys: &mut Keys) -> Result<()> {
        let schema = Arc::clone(&self.loader.database.schema);
        let entity = schema.entity(instance.entity);
        let slot = self.loader.context.slot(instance);
        // A row that is not there holds nothing.
        let Some(body) = &slot.body else {
            return Ok(());
        };
        for field in &entity.cascades {
            let relation = entity.relation(*field);
            let taken = keys.entry(relation.target).or_default();
            match relation.kind {
                RelationKind::ToOne { .. } => taken.extend(body.to_one(*field)),
                RelationKind::ManyToMany { .. } => {
                    let stored = self.loader.links(relation, &slot.key)?;
                    let linked = self.loader.context.corrected(instance, *field, &stored);
                    taken.extend(linked.0);
                }
                RelationKind::OneToMany { .. } | RelationKind::OneToOneInverse { .. } => {
                    taken.extend(self.owned(relation, &slot.key)?);
                }
            }
        }
        Ok(())
    }

    /// The rows that refer to an owner: the stored ones, unless they were given to another one here, and
    /// those that were given to it.
    fn owned(&self, relation: &RelationSchema, owner: &RowKey) -> Result<Vec<RowKey>> {
        let (context, mapped_by) = (&self.loader.context, relation.mapped_by());
        let mut items = self.loader.links(relation, owner)?;
        items.retain(|key| {
            let item = context.find_loaded(relation.target, key);
            let moved = item.filter(|item| context.refers_anew(*item, mapped_by));
            moved.is_none_or(|item| context.body(item).to_one(mapped_by).as_ref() == Some(owner))
        });
        let assigned = (relation.target, mapped_by, owner.clone());
        items.extend(self.assigned.get(&assigned).into_iter().flatten().cloned());
        Ok(items)
    }
}
