//! What a collection shows: the stored links, corrected by what is pending in this unit of work.
//!
//! Collections are projections. The truth is in the ledger, for many-to-many relations, and in the
//! items' own references, for all others.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Context, Instance, LinkChange};
use crate::codec::RowKey;
use crate::entity::{Membership, Origin};
use crate::schema::{EntityIndex, FieldIndex, JoinIndex, RelationKind, RelationSchema, Side};

impl Context {
    /// Shows in a collection what is stored, corrected by what is pending.
    pub(crate) fn fill(&mut self, owner: Instance, field: FieldIndex, stored: &[RowKey]) {
        let corrected = self.corrected(owner, field, stored);
        self.show(owner, field, Membership::Initialized, corrected);
    }

    /// As [`Self::corrected`], for many owners of one entity: what is touched is walked once, not for
    /// each of them.
    pub(crate) fn corrected_all(
        &self,
        owners: &[(RowKey, Instance)],
        field: FieldIndex,
        stored: &[Vec<RowKey>],
    ) -> Vec<(Vec<RowKey>, bool)> {
        let Some((_, first)) = owners.first() else {
            return Vec::new();
        };
        let newcomers = self.newcomers(first.entity, field, None);
        let corrected = owners.iter().zip(stored).map(|((key, owner), stored)| {
            let newcomers = newcomers.get(key).map_or(&[][..], Vec::as_slice);
            self.corrected_by(*owner, field, stored, newcomers)
        });
        corrected.collect()
    }

    /// Shows items in a collection. `dirty`: something is pending for it.
    pub(crate) fn show(
        &mut self,
        owner: Instance,
        field: FieldIndex,
        membership: Membership,
        (items, dirty): (Vec<RowKey>, bool),
    ) {
        let origin = self.origin(owner.entity, field);
        let key = self.slot(owner).key.clone();
        if membership == Membership::Partial {
            self.ledger.partial.insert((owner, field));
        } else {
            self.forget_partial(owner, field);
        }
        let collection = self.body_mut(owner).to_many_mut(field);
        collection.bind(&key, origin, membership, &mut items.into_iter());
        collection.set_dirty(dirty);
        if dirty {
            self.ledger.dirty.insert((owner, field));
        }
    }

    /// Begins a collection that nothing can be in yet.
    pub(super) fn start_collection(&mut self, owner: Instance, field: FieldIndex) {
        let origin = self.origin(owner.entity, field);
        let key = self.slot(owner).key.clone();
        self.body_mut(owner).to_many_mut(field).bind(
            &key,
            origin,
            Membership::Initialized,
            &mut std::iter::empty(),
        );
    }

    /// Gives up a part of a collection, or what was assigned in its place and refused.
    pub(crate) fn drop_partial(&mut self, owner: Instance, field: FieldIndex) {
        if self.ledger.partial.contains(&(owner, field)) {
            self.unload_collection(owner, field);
            self.forget_partial(owner, field);
        }
    }

    /// The collection is no longer one that shows a part of its items.
    pub(crate) fn forget_partial(&mut self, owner: Instance, field: FieldIndex) {
        if self.ledger.partial.contains(&(owner, field)) {
            self.ledger.partial.remove(&(owner, field));
        }
    }

    /// Makes a collection as if it had never been loaded. What is pending stays so.
    pub(crate) fn unload_collection(&mut self, owner: Instance, field: FieldIndex) {
        let origin = self.origin(owner.entity, field);
        let key = self.slot(owner).key.clone();
        self.body_mut(owner).to_many_mut(field).bind(
            &key,
            origin,
            Membership::NotInitialized,
            &mut std::iter::empty(),
        );
    }

    pub(crate) fn origin(&self, entity: EntityIndex, field: FieldIndex) -> Origin {
        let entity = self.entity(entity);
        Origin {
            entity: entity.name,
            property: entity.fields[field].name,
        }
    }

    /// The items of a collection: what is stored, corrected by what is pending, and whether that
    /// made a difference.
    pub(crate) fn corrected(
        &self,
        owner: Instance,
        field: FieldIndex,
        stored: &[RowKey],
    ) -> (Vec<RowKey>, bool) {
        let here = &self.slot(owner).key;
        let newcomers = self.newcomers(owner.entity, field, Some(here));
        let newcomers = newcomers.get(here).map_or(&[][..], Vec::as_slice);
        self.corrected_by(owner, field, stored, newcomers)
    }

    /// The touched instances that refer to an owner, or to any, by a relation that a collection of
    /// theirs shows; in the order in which they were touched.
    fn newcomers(
        &self,
        owners: EntityIndex,
        field: FieldIndex,
        owner: Option<&RowKey>,
    ) -> FxHashMap<RowKey, Vec<RowKey>> {
        let mut newcomers: FxHashMap<RowKey, Vec<RowKey>> = FxHashMap::default();
        let relation = self.entity(owners).relation(field);
        if matches!(relation.kind, RelationKind::ManyToMany { .. }) {
            return newcomers;
        }
        for instance in self.touched() {
            let slot = self.slot(*instance);
            let Some(body) = slot.body.as_ref() else {
                continue;
            };
            // An orphan of another relation is still in the collections of this one.
            let orphan = self.ledger.orphans.get(instance);
            let is_orphan = orphan.is_some_and(|orphan| orphan.field == relation.mapped_by());
            if instance.entity != relation.target || is_orphan {
                continue;
            }
            let refers = body.to_one(relation.mapped_by());
            if let Some(to) = refers.filter(|to| owner.is_none_or(|owner| owner == to)) {
                newcomers.entry(to).or_default().push(slot.key.clone());
            }
        }
        newcomers
    }

    fn corrected_by(
        &self,
        owner: Instance,
        field: FieldIndex,
        stored: &[RowKey],
        newcomers: &[RowKey],
    ) -> (Vec<RowKey>, bool) {
        let relation = self.entity(owner.entity).relation(field);
        let here = &self.slot(owner).key;
        match relation.kind {
            RelationKind::ManyToMany { join, side } => self.linked_items(join, side, here, stored),
            RelationKind::OneToMany { .. } | RelationKind::OneToOneInverse { .. } => {
                self.owned_items(relation, here, stored, newcomers)
            }
            RelationKind::ToOne { .. } => unreachable!("a to-one relation is no collection"),
        }
    }

    /// Stored links, ascending, and then those that are pending.
    fn linked_items(
        &self,
        join: JoinIndex,
        side: Side,
        here: &RowKey,
        stored: &[RowKey],
    ) -> (Vec<RowKey>, bool) {
        debug_assert!(stored.is_sorted());
        let pending: FxHashMap<_, _> = self.ledger.of(join, side, here).collect();
        let cleared = self.ledger.is_cleared(join, side, here);
        let stays = |item: &&RowKey| match pending.get(item) {
            Some(LinkChange::Add) => true,
            Some(LinkChange::Remove) => false,
            None => !cleared && !self.ledger.is_cleared(join, side.other(), item),
        };
        let mut items: Vec<RowKey> = stored.iter().filter(stays).cloned().collect();
        let is_new = |item: &&RowKey| stored.binary_search(item).is_err();
        let added = self
            .ledger
            .of(join, side, here)
            .filter(|(_, change)| *change == LinkChange::Add);
        items.extend(added.map(|(item, _)| item).filter(is_new).cloned());
        let dirty = cleared || !pending.is_empty() || items.len() != stored.len();
        (items, dirty)
    }

    /// Items by their own references: an instance in memory knows better than the index.
    fn owned_items(
        &self,
        relation: &RelationSchema,
        owner: &RowKey,
        stored: &[RowKey],
        newcomers: &[RowKey],
    ) -> (Vec<RowKey>, bool) {
        let (entity, field) = (relation.target, relation.mapped_by());
        let belongs = |instance: Instance| {
            let orphan = self.ledger.orphans.get(&instance);
            orphan.is_none_or(|orphan| orphan.field != field)
                && self.body(instance).to_one(field).as_ref() == Some(owner)
        };
        debug_assert!(stored.is_sorted());
        // What is pending for a row that was not loaded decides whether it is in the collection.
        let adopted = |key: &RowKey, stored: bool| {
            let adoptions = self.ledger.adopted.of(entity, key);
            let adoptions = adoptions.filter(|adoption| adoption.field == field);
            adoptions.fold(stored, |belongs, adoption| match adoption.change {
                LinkChange::Add => adoption.owner == *owner,
                LinkChange::Remove => belongs && adoption.owner != *owner,
            })
        };
        let mut items: Vec<RowKey> = stored
            .iter()
            .filter(|key| match self.find_loaded(entity, key) {
                Some(instance) if self.slot(instance).is_touched() => belongs(instance),
                _ => adopted(key, true),
            })
            .cloned()
            .collect();
        let mut dirty = items.len() != stored.len();
        let adoptions = self.ledger.adopted.iter().filter(|adoption| {
            adoption.entity == entity && adoption.field == field && adopted(&adoption.key, false)
        });
        let mut seen: FxHashSet<RowKey> = FxHashSet::default();
        let adopted = adoptions.map(|adoption| &adoption.key);
        for key in newcomers.iter().chain(adopted) {
            if stored.binary_search(key).is_err() && seen.insert(key.clone()) {
                items.push(key.clone());
                dirty = true;
            }
        }
        (items, dirty)
    }
}
