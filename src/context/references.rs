//! To-one relations in memory: when one is written, the collections at both the old and the new
//! target follow at once, as far as they are loaded. What is not loaded follows when it is, in
//! [`Context::fill`].

use std::sync::Arc;

use super::adoptions::Adoption;
use super::ledger::Orphan;
use super::{Context, Instance, LinkChange};
use crate::codec::RowKey;
use crate::entity::{AnyCollection, Membership};
use crate::schema::{EntityIndex, FieldIndex, RelationKind, RelationSchema};

/// A collection that the program replaced as a whole, by a plain assignment.
pub(crate) struct AssignedCollection {
    pub(crate) instance: Instance,
    pub(crate) field: FieldIndex,
    pub(crate) items: Vec<RowKey>,
    /// What it replaces, or what it is a copy of, holds a part of the items.
    pub(crate) is_partial: bool,
}

impl Context {
    /// Makes a to-one relation refer to `target`, and both ends agree. `false`: the relation is
    /// required, and `None` was given; nothing has changed.
    pub(crate) fn set_to_one(
        &mut self,
        instance: Instance,
        field: FieldIndex,
        target: Option<&RowKey>,
    ) -> bool {
        self.touch(instance);
        if !self.body_mut(instance).set_to_one(field, target) {
            return false;
        }
        self.follow(instance, field);
        self.cancel_orphan(instance, field);
        true
    }

    /// A row that was let go by its owner keeps it after all.
    pub(crate) fn cancel_orphan(&mut self, instance: Instance, field: FieldIndex) {
        let is_of = |orphan: &Orphan| orphan.field == field;
        if !self.ledger.orphans.get(&instance).is_some_and(is_of) {
            return;
        }
        self.ledger.orphans.remove(&instance);
        let schema = Arc::clone(&self.schema);
        let relation = schema.entity(instance.entity).relation(field);
        let key = self.slot(instance).key.clone();
        let owner = self.body(instance).to_one(field);
        let owner = owner.and_then(|owner| self.find_loaded(relation.target, &owner));
        if let (Some(inverse), Some(owner)) = (relation.inverse, owner) {
            // The reference never changed, so nothing followed it.
            self.update_collection(owner, inverse, |collection| collection.put(&key));
        }
    }

    /// Takes over what the store says of a to-one relation: no edit, though loaded collections
    /// follow.
    pub(crate) fn refresh_to_one(
        &mut self,
        instance: Instance,
        field: FieldIndex,
        target: Option<&RowKey>,
    ) {
        let before = self.body(instance).to_one(field);
        if before.as_ref() == target || !self.body_mut(instance).set_to_one(field, target) {
            return;
        }
        let schema = Arc::clone(&self.schema);
        let entity = schema.entity(instance.entity);
        if self.slot(instance).is_touched() {
            let at = entity
                .to_ones
                .iter()
                .position(|to_one| *to_one == field)
                .expect("the property is a to-one relation");
            self.slot_mut(instance).linked_mut()[at] = target.cloned();
        }
        if let Some(target) = target {
            self.note_claim(instance, field, target);
        }
        let relation = entity.relation(field);
        let Some(inverse) = relation.inverse else {
            return;
        };
        let key = self.slot(instance).key.clone();
        if let Some(owner) = before.and_then(|before| self.find_loaded(relation.target, &before)) {
            self.body_mut(owner).to_many_mut(inverse).take(&key);
        }
        if let Some(owner) = target.and_then(|target| self.find_loaded(relation.target, target)) {
            let collection = self.body_mut(owner).to_many_mut(inverse);
            if collection.membership() == Membership::Initialized {
                collection.put(&key);
            }
        }
    }

    /// Whether a to-one relation of a loaded instance is another one than its row says, so that the next
    /// flush writes it. What was only touched is as it was read, and the store knows better.
    pub(crate) fn refers_anew(&self, instance: Instance, field: FieldIndex) -> bool {
        let slot = self.slot(instance);
        let (Some(body), true) = (&slot.body, slot.is_touched()) else {
            return false;
        };
        let number = self.entity(instance.entity).fields[field].number;
        let now = body.to_one(field).map(|key| key.to_vec());
        let record = slot.record();
        let Some(record) = &record else { return true };
        record.get(number).unwrap_or_default() != now.unwrap_or_default()
    }

    /// Brings the other ends up to date after to-one relations were written as plain properties.
    pub(crate) fn follow_all(&mut self, instance: Instance) {
        let schema = Arc::clone(&self.schema);
        for field in &schema.entity(instance.entity).to_ones {
            self.follow(instance, *field);
        }
    }

    /// Brings the other ends up to date after a to-one relation was written.
    pub(super) fn follow(&mut self, instance: Instance, field: FieldIndex) {
        let schema = Arc::clone(&self.schema);
        let entity = schema.entity(instance.entity);
        let at = entity
            .to_ones
            .iter()
            .position(|to_one| *to_one == field)
            .expect("the property is a to-one relation");
        let now = self.body(instance).to_one(field);
        let linked = self
            .slot(instance)
            .linked()
            .expect("the instance is touched");
        if linked[at] == now {
            return;
        }
        let before = std::mem::replace(&mut self.slot_mut(instance).linked_mut()[at], now.clone());
        if self
            .ledger
            .orphans
            .get(&instance)
            .is_some_and(|orphan| orphan.field == field)
        {
            self.ledger.orphans.remove(&instance);
        }
        let relation = entity.relation(field);
        let Some(inverse) = relation.inverse else {
            return;
        };
        let key = self.slot(instance).key.clone();
        if let Some(owner) = before.and_then(|before| self.find_loaded(relation.target, &before)) {
            self.update_collection(owner, inverse, |collection| collection.take(&key));
        }
        if let (
            Some(now),
            RelationKind::ToOne {
                one_to_one: true, ..
            },
        ) = (&now, relation.kind)
        {
            self.release_partners(now, instance, field);
            self.note_claim(instance, field, now);
        }
        if let Some(owner) = now.and_then(|now| self.find_loaded(relation.target, &now)) {
            self.update_collection(owner, inverse, |collection| collection.put(&key));
        }
    }

    /// Takes an orphan, whose reference stays, out of the collection of its owner.
    fn leave_owner(&mut self, orphan: Instance, adoption: &Adoption) {
        let schema = Arc::clone(&self.schema);
        let relation = schema.entity(adoption.entity).relation(adoption.field);
        let owner = self.find_loaded(relation.target, &adoption.owner);
        if let (Some(owner), Some(inverse)) = (owner, relation.inverse) {
            let key = self.slot(orphan).key.clone();
            self.update_collection(owner, inverse, |collection| collection.take(&key));
        }
    }

    /// One-to-one: who referred to `owner` before `newcomer` does so no longer, if it may: the
    /// partner that the loaded inverse side shows, and any that is loaded itself.
    fn release_partners(&mut self, owner: &RowKey, newcomer: Instance, field: FieldIndex) {
        let schema = Arc::clone(&self.schema);
        let relation = schema.entity(newcomer.entity).relation(field);
        let shown = self
            .find_loaded(relation.target, owner)
            .zip(relation.inverse)
            .map(|(owner, inverse)| self.body(owner).to_many(inverse));
        let is_known = shown.is_some_and(|shown| shown.membership() == Membership::Initialized);
        let mut partners = shown.map_or_else(Vec::new, AnyCollection::keys);
        if !is_known {
            let loaded = self.claimants(newcomer.entity, field, owner).into_iter();
            partners.extend(loaded.map(|instance| self.slot(instance).key.clone()));
        }
        for partner in partners {
            if partner != self.slot(newcomer).key {
                self.release(owner, newcomer.entity, &partner, field);
            }
        }
    }

    /// Takes `item` out of the collection that holds it by its to-one relation `field`.
    pub(super) fn release(
        &mut self,
        owner: &RowKey,
        entity: EntityIndex,
        item: &RowKey,
        field: FieldIndex,
    ) {
        let owner = owner.clone();
        let adoption = Adoption {
            entity,
            key: item.clone(),
            field,
            owner,
            change: LinkChange::Remove,
        };
        match self.find_loaded(entity, item) {
            Some(instance) => self.settle_adoption(instance, &adoption),
            None => self.ledger.adopted.add(adoption),
        }
    }

    /// What was pending for a row that was not loaded, and now is, becomes a change of its instance.
    pub(crate) fn settle_adoptions(&mut self, instance: Instance) {
        if self.ledger.adopted.is_empty() {
            return;
        }
        let key = self.slot(instance).key.clone();
        let settled = self.ledger.adopted.take(instance.entity, &key);
        for (at, adoption) in settled.iter().enumerate() {
            let taken_back = |later: &Adoption| {
                later.field == adoption.field
                    && later.owner == adoption.owner
                    && later.change == LinkChange::Remove
            };
            if adoption.change == LinkChange::Add
                && settled[at + 1..].iter().any(taken_back)
                && !self.removes_orphans(adoption)
                && self.set_to_one(instance, adoption.field, None)
            {
                // It never got there, so whoever is there by now stays.
                continue;
            }
            self.settle_adoption(instance, adoption);
        }
    }

    fn removes_orphans(&self, adoption: &Adoption) -> bool {
        let relation = self.entity(adoption.entity).relation(adoption.field);
        let owner = self.entity(relation.target);
        let inverse = relation.inverse.map(|field| owner.relation(field));
        inverse.is_some_and(RelationSchema::orphan_removal)
    }

    /// Gives a row that has now been loaded the owner that it was promised, or takes it away.
    pub(crate) fn settle_adoption(&mut self, instance: Instance, adoption: &Adoption) {
        let owns = self.body(instance).to_one(adoption.field).as_ref() == Some(&adoption.owner);
        match adoption.change {
            LinkChange::Add => {
                self.set_to_one(instance, adoption.field, Some(&adoption.owner));
            }
            LinkChange::Remove if owns => {
                let removal = self.removes_orphans(adoption);
                if removal || !self.set_to_one(instance, adoption.field, None) {
                    self.touch(instance);
                    let orphan = Orphan {
                        owner: adoption.owner.clone(),
                        field: adoption.field,
                        removal,
                    };
                    self.ledger.orphans.insert(instance, orphan);
                    self.leave_owner(instance, adoption);
                }
            }
            LinkChange::Remove => {}
        }
    }

    /// Finds relations that were written as plain properties: to-one relations are followed, and
    /// collections that were replaced are returned, since setting one may need to read.
    pub(crate) fn reconcile(&mut self) -> Vec<AssignedCollection> {
        let mut assigned = Vec::new();
        let schema = Arc::clone(&self.schema);
        if self.touched.has_gaps() {
            self.touched.close_gaps();
        }
        for at in 0..self.touched().len() {
            let instance = self.touched()[at];
            if self.slot(instance).body.is_none() {
                continue;
            }
            self.follow_all(instance);
            let entity = schema.entity(instance.entity);
            for field in &entity.to_manys {
                let collection = self.body(instance).to_many(*field);
                let membership = collection.membership();
                let is_own = collection.owner() == Some(&self.slot(instance).key)
                    && collection.origin() == Some(self.origin(instance.entity, *field));
                let is_foreign = membership != Membership::NotInitialized && !is_own;
                if is_foreign || membership == Membership::Detached {
                    let is_partial = membership == Membership::Partial
                        || self.ledger.partial.contains(&(instance, *field));
                    let items = collection.keys();
                    self.unload_collection(instance, *field);
                    assigned.push(AssignedCollection {
                        instance,
                        field: *field,
                        items,
                        is_partial,
                    });
                }
            }
        }
        assigned
    }
}
