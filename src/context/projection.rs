//! What a collection shows: the stored links, corrected by what is pending in this unit of work.
//!
//! Collections are projections. The truth is in the ledger, for many-to-many relations, and in the
//! items' own references, for all others.

use rustc_hash::FxHashMap;

use super::ledger::Adoption;
use super::{Context, Instance, LinkChange};
use crate::codec::RowKey;
use crate::entity::{Membership, Origin};
use crate::schema::{EntityIndex, FieldIndex, JoinIndex, RelationKind, Side};

impl Context {
    /// Shows in a collection what is stored, corrected by what is pending.
    pub(crate) fn fill(&mut self, owner: Instance, field: FieldIndex, stored: &[RowKey]) {
        let (items, dirty) = self.corrected(owner, field, stored);
        let origin = self.origin(owner.entity, field);
        let collection = self.body_mut(owner).to_many_mut(field);
        collection.bind(origin, Membership::Initialized, &mut items.into_iter());
        collection.set_dirty(dirty);
        if dirty {
            self.ledger.dirty.insert((owner, field));
        }
    }

    /// Begins a collection that nothing can be in yet.
    pub(super) fn start_collection(&mut self, owner: Instance, field: FieldIndex) {
        let origin = self.origin(owner.entity, field);
        self.body_mut(owner).to_many_mut(field).bind(
            origin,
            Membership::Initialized,
            &mut std::iter::empty(),
        );
    }

    /// Makes a collection as if it had never been loaded. What is pending stays so.
    pub(crate) fn unload_collection(&mut self, owner: Instance, field: FieldIndex) {
        let origin = self.origin(owner.entity, field);
        self.body_mut(owner).to_many_mut(field).bind(
            origin,
            Membership::NotInitialized,
            &mut std::iter::empty(),
        );
    }

    fn origin(&self, entity: EntityIndex, field: FieldIndex) -> Origin {
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
        let relation = self.entity(owner.entity).relation(field);
        let here = &self.slot(owner).key;
        match relation.kind {
            RelationKind::ManyToMany { join, side } => self.linked_items(join, side, here, stored),
            RelationKind::OneToMany { .. } | RelationKind::OneToOneInverse { .. } => {
                self.owned_items(relation.target, relation.mapped_by(), here, stored)
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
        entity: EntityIndex,
        field: FieldIndex,
        owner: &RowKey,
        stored: &[RowKey],
    ) -> (Vec<RowKey>, bool) {
        let belongs = |instance: Instance| {
            let orphan = self.ledger.orphans.get(&instance);
            orphan.is_none_or(|orphan| orphan.field != field)
                && self.body(instance).to_one(field).as_ref() == Some(owner)
        };
        // What is pending for a row that was not loaded decides whether it is in the collection.
        let adopted = |key: &RowKey, stored: bool| {
            let same = |other: &&Adoption| {
                other.entity == entity && other.key == *key && other.field == field
            };
            let adoptions = self.ledger.adopted.iter().filter(same);
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
        let touched = self
            .touched()
            .iter()
            .filter(|instance| instance.entity == entity && self.slot(**instance).body.is_some());
        let newcomers = touched
            .filter(|instance| belongs(**instance))
            .map(|instance| &self.slot(*instance).key);
        let adoptions = self.ledger.adopted.iter().filter(|adoption| {
            adoption.entity == entity && adoption.field == field && adopted(&adoption.key, false)
        });
        for key in newcomers.chain(adoptions.map(|adoption| &adoption.key)) {
            if !stored.contains(key) && !items.contains(key) {
                items.push(key.clone());
                dirty = true;
            }
        }
        (items, dirty)
    }
}
