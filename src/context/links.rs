//! Relations in memory: whichever end is edited, the other end follows at once, as far as it is
//! loaded. What is not loaded follows when it is: see [`Context::fill`].

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::ledger::{Adoption, Orphan};
use super::{Context, Instance, LinkChange};
use crate::codec::RowKey;
use crate::entity::{AnyCollection, Membership, Origin};
use crate::schema::{EntityIndex, FieldIndex, JoinIndex, RelationKind, RelationSchema, Side};

/// A collection that the program replaced as a whole, by a plain assignment.
pub(crate) struct AssignedCollection {
    pub(crate) instance: Instance,
    pub(crate) field: FieldIndex,
    pub(crate) items: Vec<RowKey>,
}

impl Context {
    /// Makes a to-one relation refer to `target`, and both ends agree. `false`: the relation is
    /// required, and `None` was given; nothing has changed.
    pub(crate) fn set_to_one(&mut self, instance: Instance, field: FieldIndex, target: Option<RowKey>) -> bool {
        self.touch(instance);
        if !self.body_mut(instance).set_to_one(field, target.as_ref()) {
            return false;
        }
        self.follow(instance, field);
        true
    }

    /// Takes over what the store says of a to-one relation: no edit, though loaded collections
    /// follow.
    pub(crate) fn refresh_to_one(&mut self, instance: Instance, field: FieldIndex, target: Option<&RowKey>) {
        let before = self.body(instance).to_one(field);
        if before.as_ref() == target || !self.body_mut(instance).set_to_one(field, target) {
            return;
        }
        let schema = Arc::clone(&self.schema);
        let entity = schema.entity(instance.entity);
        if self.slot(instance).is_touched() {
            let at = entity.to_ones.iter().position(|to_one| *to_one == field).expect("the property is a to-one relation");
            self.slot_mut(instance).linked_mut()[at] = target.cloned();
        }
        let relation = entity.relation(field);
        let Some(inverse) = relation.inverse else { return };
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

    /// Brings the other ends up to date after to-one relations were written as plain properties.
    pub(crate) fn follow_all(&mut self, instance: Instance) {
        let schema = Arc::clone(&self.schema);
        for field in &schema.entity(instance.entity).to_ones {
            self.follow(instance, *field);
        }
    }

    /// Brings the other ends up to date after a to-one relation was written.
    fn follow(&mut self, instance: Instance, field: FieldIndex) {
        let schema = Arc::clone(&self.schema);
        let entity = schema.entity(instance.entity);
        let at = entity.to_ones.iter().position(|to_one| *to_one == field).expect("the property is a to-one relation");
        let now = self.body(instance).to_one(field);
        let before = std::mem::replace(&mut self.slot_mut(instance).linked_mut()[at], now.clone());
        if before == now {
            return;
        }
        self.ledger.orphans.remove(&instance);
        let relation = entity.relation(field);
        let Some(inverse) = relation.inverse else { return };
        let key = self.slot(instance).key.clone();
        if let Some(owner) = before.and_then(|before| self.find_loaded(relation.target, &before)) {
            self.update_collection(owner, inverse, |collection| collection.take(&key));
        }
        if let Some(owner) = now.and_then(|now| self.find_loaded(relation.target, &now)) {
            self.release_partner(owner, inverse, instance, field);
            self.update_collection(owner, inverse, |collection| collection.put(&key));
        }
    }

    /// One-to-one: who referred to `owner` before `newcomer` does so no longer, if it may.
    fn release_partner(&mut self, owner: Instance, inverse: FieldIndex, newcomer: Instance, field: FieldIndex) {
        let collection = self.body(owner).to_many(inverse);
        if !collection.is_single() {
            return;
        }
        for partner in collection.keys() {
            if partner != self.slot(newcomer).key {
                self.release(owner, newcomer.entity, &partner, field);
            }
        }
    }

    /// Takes `item` out of the collection that holds it by its to-one relation `field`.
    fn release(&mut self, owner: Instance, entity: EntityIndex, item: &RowKey, field: FieldIndex) {
        let owner = self.slot(owner).key.clone();
        let adoption = Adoption { entity, key: item.clone(), field, owner, change: LinkChange::Remove };
        match self.find_loaded(entity, item) {
            Some(instance) => self.settle_adoption(instance, &adoption),
            None => self.adopt(adoption),
        }
    }

    fn adopt(&mut self, adoption: Adoption) {
        let same = |other: &Adoption| other.entity == adoption.entity && other.key == adoption.key && other.field == adoption.field;
        self.ledger.adopted.retain(|other| !same(other));
        self.ledger.adopted.push(adoption);
    }

    /// Changes what a collection shows; marks it dirty when that made a difference. An initialized
    /// collection follows always; one that is not shows what was added to it.
    fn update_collection(
        &mut self,
        owner: Instance,
        field: FieldIndex,
        change: impl FnOnce(&mut dyn AnyCollection) -> bool,
    ) {
        let collection = self.body_mut(owner).to_many_mut(field);
        if change(collection) {
            collection.set_dirty(true);
            self.ledger.dirty.insert((owner, field));
        }
    }

    /// Adds an item to a collection, or takes it out, and both ends agree.
    pub(crate) fn change_link(&mut self, owner: Instance, field: FieldIndex, item: &RowKey, change: LinkChange) {
        let schema = Arc::clone(&self.schema);
        let relation = schema.entity(owner.entity).relation(field);
        match relation.kind {
            RelationKind::ManyToMany { join, side } => self.change_join(owner, field, relation, (join, side), item, change),
            RelationKind::OneToMany { .. } | RelationKind::OneToOneInverse { .. } => self.change_owned(owner, field, relation, item, change),
            RelationKind::ToOne { .. } => unreachable!("a to-one relation is no collection"),
        }
    }

    fn change_join(
        &mut self,
        owner: Instance,
        field: FieldIndex,
        relation: &RelationSchema,
        (join, side): (JoinIndex, Side),
        item: &RowKey,
        change: LinkChange,
    ) {
        let here = self.slot(owner).key.clone();
        let shown = self.body(owner).to_many(field);
        let as_wanted = shown.holds(item) == (change == LinkChange::Add);
        if as_wanted && shown.membership() == Membership::Initialized {
            return;
        }
        self.ledger.set(join, side, &here, item, change);
        let show = |collection: &mut dyn AnyCollection, key: &RowKey| match change {
            LinkChange::Add => collection.put(key),
            LinkChange::Remove => collection.take(key),
        };
        self.update_collection(owner, field, |collection| show(collection, item));
        self.mark_dirty(owner, field);
        if let (Some(inverse), Some(other)) = (relation.inverse, self.find_loaded(relation.target, item)) {
            self.update_collection(other, inverse, |collection| show(collection, &here));
        }
    }

    /// A collection that is not initialized is dirty as soon as anything is pending for it.
    fn mark_dirty(&mut self, owner: Instance, field: FieldIndex) {
        self.body_mut(owner).to_many_mut(field).set_dirty(true);
        self.ledger.dirty.insert((owner, field));
    }

    /// The inverse side of a to-one relation: the item holds the link.
    fn change_owned(&mut self, owner: Instance, field: FieldIndex, relation: &RelationSchema, item: &RowKey, change: LinkChange) {
        let mapped_by = relation.mapped_by();
        let owner_key = self.slot(owner).key.clone();
        let loaded = self.find_loaded(relation.target, item);
        match (change, loaded) {
            (LinkChange::Add, Some(instance)) => {
                let was_orphan = self.ledger.orphans.remove(&instance).is_some();
                self.set_to_one(instance, mapped_by, Some(owner_key));
                if was_orphan {
                    // The reference never changed, so nothing followed it.
                    self.update_collection(owner, field, |collection| collection.put(item));
                }
            }
            (LinkChange::Add, None) => {
                self.adopt(Adoption { entity: relation.target, key: item.clone(), field: mapped_by, owner: owner_key, change });
                self.update_collection(owner, field, |collection| collection.put(item));
            }
            (LinkChange::Remove, Some(instance)) if self.body(instance).to_one(mapped_by).as_ref() != Some(&owner_key) => {}
            (LinkChange::Remove, _) => {
                self.release(owner, relation.target, item, mapped_by);
                self.update_collection(owner, field, |collection| collection.take(item));
            }
        }
    }

    /// All links of a many-to-many collection go, loaded or not.
    pub(crate) fn clear_links(&mut self, owner: Instance, field: FieldIndex) {
        let schema = Arc::clone(&self.schema);
        let relation = schema.entity(owner.entity).relation(field);
        let RelationKind::ManyToMany { join, side } = relation.kind else { unreachable!("only links can be cleared unseen") };
        let here = self.slot(owner).key.clone();
        for item in self.body(owner).to_many(field).keys() {
            self.change_join(owner, field, relation, (join, side), &item, LinkChange::Remove);
        }
        if self.body(owner).to_many(field).membership() != Membership::Initialized {
            self.ledger.clear(join, side, &here);
            self.mark_dirty(owner, field);
        }
    }

    /// Binds the relations of an instance that has just become managed: collections built by the
    /// program become pending links, and the other ends learn of its references.
    pub(crate) fn bind_new(&mut self, instance: Instance) {
        let schema = Arc::clone(&self.schema);
        let entity = schema.entity(instance.entity);
        self.touch(instance);
        for at in 0..entity.to_ones.len() {
            // As if the references had just been written.
            self.slot_mut(instance).linked_mut()[at] = None;
            self.follow(instance, entity.to_ones[at]);
        }
        for field in &entity.to_manys {
            let collection = self.body(instance).to_many(*field);
            let items = if collection.membership() == Membership::Detached { collection.keys() } else { Vec::new() };
            self.fill(instance, *field, &[]);
            for item in items {
                self.change_link(instance, *field, &item, LinkChange::Add);
            }
        }
    }

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

    /// Makes a collection as if it had never been loaded. What is pending stays so.
    pub(crate) fn unload_collection(&mut self, owner: Instance, field: FieldIndex) {
        let origin = self.origin(owner.entity, field);
        self.body_mut(owner).to_many_mut(field).bind(origin, Membership::NotInitialized, &mut std::iter::empty());
    }

    fn origin(&self, entity: EntityIndex, field: FieldIndex) -> Origin {
        let entity = self.entity(entity);
        Origin { entity: entity.name, property: entity.fields[field].name }
    }

    /// The items of a collection: what is stored, corrected by what is pending, and whether that
    /// made a difference.
    pub(crate) fn corrected(&self, owner: Instance, field: FieldIndex, stored: &[RowKey]) -> (Vec<RowKey>, bool) {
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
    fn linked_items(&self, join: JoinIndex, side: Side, here: &RowKey, stored: &[RowKey]) -> (Vec<RowKey>, bool) {
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
        let added = self.ledger.of(join, side, here).filter(|(_, change)| *change == LinkChange::Add);
        items.extend(added.map(|(item, _)| item).filter(is_new).cloned());
        let dirty = cleared || !pending.is_empty() || items.len() != stored.len();
        (items, dirty)
    }

    /// Items by their own references: an instance in memory knows better than the index.
    fn owned_items(&self, entity: EntityIndex, field: FieldIndex, owner: &RowKey, stored: &[RowKey]) -> (Vec<RowKey>, bool) {
        let belongs = |instance: Instance| {
            !self.ledger.orphans.contains_key(&instance) && self.body(instance).to_one(field).as_ref() == Some(owner)
        };
        let adopted = |key: &RowKey| {
            let same = |other: &&Adoption| other.entity == entity && other.key == *key && other.field == field;
            self.ledger.adopted.iter().rev().find(same)
        };
        let mut items: Vec<RowKey> = stored
            .iter()
            .filter(|key| match (self.find_loaded(entity, key), adopted(key)) {
                (Some(instance), _) if self.slot(instance).is_touched() => belongs(instance),
                (_, Some(adoption)) => adoption.change == LinkChange::Add && adoption.owner == *owner,
                (_, None) => true,
            })
            .cloned()
            .collect();
        let mut dirty = items.len() != stored.len();
        let touched = self.touched().iter().filter(|instance| instance.entity == entity && self.slot(**instance).body.is_some());
        let newcomers = touched.filter(|instance| belongs(**instance)).map(|instance| &self.slot(*instance).key);
        let adoptions = self.ledger.adopted.iter().filter(|adoption| {
            adoption.entity == entity && adoption.field == field && adoption.owner == *owner && adoption.change == LinkChange::Add
        });
        for key in newcomers.chain(adoptions.map(|adoption| &adoption.key)) {
            if !stored.contains(key) && !items.contains(key) {
                items.push(key.clone());
                dirty = true;
            }
        }
        (items, dirty)
    }

    /// Gives up a new instance, and what is pending for it.
    pub(crate) fn discard(&mut self, instance: Instance) {
        self.unlink(instance);
        self.detach(instance);
    }

    /// Gives up an instance, and what is pending for it. Its row stays as it is.
    pub(crate) fn detach(&mut self, instance: Instance) {
        let schema = Arc::clone(&self.schema);
        let key = self.slot(instance).key.clone();
        for (join, side) in &schema.entity(instance.entity).joins {
            self.ledger.forget(*join, *side, &key);
        }
        self.ledger.orphans.remove(&instance);
        self.ledger.dirty.retain(|(owner, _)| *owner != instance);
        self.forget(instance);
    }

    /// Takes an instance that goes out of all collections that show it.
    pub(crate) fn unlink(&mut self, instance: Instance) {
        let schema = Arc::clone(&self.schema);
        let entity = schema.entity(instance.entity);
        let key = self.slot(instance).key.clone();
        for field in &entity.to_ones {
            let relation = entity.relation(*field);
            let target = self.slot(instance).body.as_ref().and_then(|body| body.to_one(*field));
            match (relation.inverse, target) {
                (Some(inverse), Some(target)) => self.take_from(relation.target, &target, inverse, &key),
                // Its reference is not known, so whoever shows it is asked.
                (Some(inverse), None) if self.slot(instance).body.is_none() => self.take_from_all(relation.target, inverse, &key),
                _ => {}
            }
        }
        for (join, side) in &entity.joins {
            if let (other, Some(field)) = schema.join(*join).end(side.other()) {
                self.take_from_all(other, field, &key);
            }
        }
    }

    fn take_from(&mut self, entity: EntityIndex, owner: &RowKey, field: FieldIndex, key: &RowKey) {
        if let Some(owner) = self.find_loaded(entity, owner) {
            self.body_mut(owner).to_many_mut(field).take(key);
        }
    }

    fn take_from_all(&mut self, entity: EntityIndex, field: FieldIndex, key: &RowKey) {
        for owner in self.instances_of(entity).collect::<Vec<_>>() {
            if self.slot(owner).body.is_some() {
                self.body_mut(owner).to_many_mut(field).take(key);
            }
        }
    }

    /// Gives a row that has now been loaded the owner that it was promised, or takes it away.
    pub(crate) fn settle_adoption(&mut self, instance: Instance, adoption: &Adoption) {
        let schema = Arc::clone(&self.schema);
        let relation = schema.entity(adoption.entity).relation(adoption.field);
        let owns = self.body(instance).to_one(adoption.field).as_ref() == Some(&adoption.owner);
        match adoption.change {
            LinkChange::Add => {
                self.set_to_one(instance, adoption.field, Some(adoption.owner.clone()));
            }
            LinkChange::Remove if owns => {
                let removal = relation.inverse.is_some_and(|field| schema.entity(relation.target).relation(field).orphan_removal());
                if removal || !self.set_to_one(instance, adoption.field, None) {
                    self.touch(instance);
                    let orphan = Orphan { owner: adoption.owner.clone(), field: adoption.field, removal };
                    self.ledger.orphans.insert(instance, orphan);
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
        for at in 0..self.touched().len() {
            let instance = self.touched()[at];
            if self.slot(instance).body.is_none() {
                continue;
            }
            self.follow_all(instance);
            let entity = schema.entity(instance.entity);
            for field in &entity.to_manys {
                let collection = self.body(instance).to_many(*field);
                if collection.membership() == Membership::Detached {
                    let items = collection.keys();
                    self.unload_collection(instance, *field);
                    assigned.push(AssignedCollection { instance, field: *field, items });
                }
            }
        }
        assigned
    }
}
