//! How instances come into a unit of work and go out of it, with the collections that show them.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Context, Instance, Life, LinkChange, Slot};
use crate::codec::RowKey;
use crate::entity::{AnyEntity, Membership};
use crate::schema::{EntityIndex, FieldIndex, JoinIndex};
use crate::storage::Bytes;

impl Context {
    /// Binds the relations of an instance that has just become managed: collections built by the
    /// program become pending links, and the other ends learn of its references.
    ///
    /// `known`: the program chose the key, so others may refer to it already.
    pub(crate) fn bind_new(&mut self, instance: Instance, known: bool) {
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
            let items = if collection.membership() == Membership::Detached {
                collection.keys()
            } else {
                Vec::new()
            };
            if known {
                self.fill(instance, *field, &[]);
            } else {
                self.start_collection(instance, *field);
            }
            self.change_links(instance, *field, &items, LinkChange::Add);
        }
    }

    /// Marks a row to be removed, loaded or not. A new instance is just given up.
    pub(crate) fn remove(&mut self, entity: EntityIndex, key: &RowKey) {
        let instance = match self.find(entity, key) {
            None => self.insert(entity, Slot::removed_unseen(key.clone())),
            Some(instance) => instance,
        };
        match self.slot(instance).life {
            Life::New { replaces: false } => self.discard(instance),
            Life::New { replaces: true } => {
                self.discard(instance);
                let unseen = self.insert(entity, Slot::removed_unseen(key.clone()));
                self.touch(unseen);
            }
            Life::Managed => {
                self.touch(instance);
                self.slot_mut(instance).life = Life::Removed;
            }
            Life::Removed => self.touch(instance),
        }
    }

    /// Whether the next flush removes an instance: it is marked so, or has lost the owner that it goes
    /// with.
    pub(crate) fn goes(&self, instance: Instance) -> bool {
        let orphan = self.ledger.orphans.get(&instance);
        self.slot(instance).is_removed() || orphan.is_some_and(|orphan| orphan.removal)
    }

    /// Gives the row to an instance that is to be removed and was not loaded.
    pub(crate) fn load_removed(
        &mut self,
        instance: Instance,
        body: Box<dyn AnyEntity>,
        row: Bytes,
    ) {
        let schema = Arc::clone(&self.schema);
        let to_ones = &schema.entity(instance.entity).to_ones;
        let linked = to_ones.iter().map(|field| body.to_one(*field)).collect();
        let slot = self.slot_mut(instance);
        debug_assert!(slot.is_removed() && slot.body.is_none());
        slot.body = Some(body);
        slot.row = Some(row);
        slot.set_linked(Some(linked));
        self.note_claims(instance);
    }

    /// Gives up a new instance, and what is pending for it.
    pub(crate) fn discard(&mut self, instance: Instance) {
        let slot = self.slot(instance);
        if slot.is_touched() && slot.body.is_some() {
            // Assigned references are followed, so that nobody else shows it.
            self.follow_all(instance);
        }
        self.unlink(instance);
        let schema = Arc::clone(&self.schema);
        let key = self.slot(instance).key.clone();
        for (join, side) in &schema.entity(instance.entity).joins {
            self.ledger.forget(*join, *side, &key);
        }
        self.detach(instance);
    }

    /// Gives up an instance, and what is pending for it. Its row stays as it is.
    pub(crate) fn detach(&mut self, instance: Instance) {
        let schema = Arc::clone(&self.schema);
        let key = self.slot(instance).key.clone();
        for (join, side) in &schema.entity(instance.entity).joins {
            self.ledger.forget_detached(*join, *side, &key);
        }
        self.ledger.adopted.take(instance.entity, &key);
        self.ledger.adopted.retain(|adoption| {
            let target = schema
                .entity(adoption.entity)
                .relation(adoption.field)
                .target;
            target != instance.entity || adoption.owner != key
        });
        for field in &schema.entity(instance.entity).to_manys {
            self.ledger.dirty.remove(&(instance, *field));
        }
        self.forget(instance);
    }

    /// Gives up an instance that is removed, for a new one of the same key: nothing of the old one
    /// is left, neither in collections nor among the links that are stored.
    pub(crate) fn replace_removed(&mut self, instance: Instance) {
        let key = self.slot(instance).key.clone();
        if self.slot(instance).body.is_none() {
            // Its references are not known, so whoever may show it is asked.
            self.unlink_unseen(instance.entity, &FxHashSet::from_iter([key.clone()]));
        }
        self.discard(instance);
        let schema = Arc::clone(&self.schema);
        for (join, side) in &schema.entity(instance.entity).joins {
            self.ledger.clear(*join, *side, &key);
            if let (other, Some(field)) = schema.join(*join).end(side.other()) {
                self.take_from_all(other, field, &FxHashSet::from_iter([key.clone()]));
            }
        }
    }

    /// Takes an instance that goes out of all collections that show it.
    pub(crate) fn unlink(&mut self, instance: Instance) {
        let schema = Arc::clone(&self.schema);
        let entity = schema.entity(instance.entity);
        let key = self.slot(instance).key.clone();
        for field in &entity.to_ones {
            let relation = entity.relation(*field);
            let target = self
                .slot(instance)
                .body
                .as_ref()
                .and_then(|body| body.to_one(*field));
            if let (Some(inverse), Some(target)) = (relation.inverse, target) {
                self.take_from(relation.target, &target, inverse, &key);
            }
        }
        // Stored links that go with it were hidden one by one; what is left is pending.
        for (join, side) in &entity.joins {
            let pending: Vec<_> = self.ledger.of(*join, *side, &key).collect();
            let others: Vec<RowKey> = pending
                .into_iter()
                .map(|(other, _)| other.clone())
                .collect();
            if let (entity, Some(field)) = schema.join(*join).end(side.other()) {
                for other in others {
                    self.take_from(entity, &other, field, &key);
                }
            }
        }
    }

    /// A link that is no longer stored disappears from the collections that show it.
    pub(crate) fn hide_link(&mut self, join: JoinIndex, owner: &RowKey, target: &RowKey) {
        let schema = Arc::clone(&self.schema);
        let relation = schema.join(join);
        self.take_from(relation.owner, owner, relation.owner_field, target);
        if let Some(field) = relation.target_field {
            self.take_from(relation.target, target, field, owner);
        }
    }

    fn take_from(&mut self, entity: EntityIndex, owner: &RowKey, field: FieldIndex, key: &RowKey) {
        if let Some(owner) = self.find_loaded(entity, owner) {
            self.body_mut(owner).to_many_mut(field).take(key);
        }
    }

    /// Takes rows that went without having been loaded out of the collections that show them. Whom
    /// they referred to is not known, so whoever may show them is asked, once for all of them.
    pub(crate) fn unlink_unseen(&mut self, entity: EntityIndex, keys: &FxHashSet<RowKey>) {
        let schema = Arc::clone(&self.schema);
        let entity = schema.entity(entity);
        let relations = entity.to_ones.iter().map(|field| entity.relation(*field));
        for (owners, field) in relations.filter_map(|it| Some((it.target, it.inverse?))) {
            self.take_from_all(owners, field, keys);
        }
    }

    /// Rows that are not managed refer elsewhere now: collections that show them no longer do, and
    /// those that should are not initialized any more.
    pub(crate) fn redirect_unseen(
        &mut self,
        entity: EntityIndex,
        field: FieldIndex,
        moved: &FxHashMap<RowKey, Option<RowKey>>,
    ) {
        let schema = Arc::clone(&self.schema);
        let relation = schema.entity(entity).relation(field);
        let (Some(inverse), false) = (relation.inverse, moved.is_empty()) else {
            return;
        };
        let keys = moved.keys().cloned().collect();
        self.take_from_all(relation.target, inverse, &keys);
        for target in moved.values().flatten().collect::<FxHashSet<_>>() {
            self.unload_of(relation.target, target, inverse);
        }
    }

    /// A link to a row that is not managed was stored: collections that should show it are not
    /// initialized any more.
    pub(crate) fn unload_link(&mut self, join: JoinIndex, owner: &RowKey, target: &RowKey) {
        let schema = Arc::clone(&self.schema);
        let relation = schema.join(join);
        self.unload_of(relation.owner, owner, relation.owner_field);
        if let Some(field) = relation.target_field {
            self.unload_of(relation.target, target, field);
        }
    }

    fn unload_of(&mut self, entity: EntityIndex, owner: &RowKey, field: FieldIndex) {
        if let Some(owner) = self.find_loaded(entity, owner) {
            self.unload_collection(owner, field);
        }
    }

    fn take_from_all(&mut self, owners: EntityIndex, field: FieldIndex, keys: &FxHashSet<RowKey>) {
        for (owner, key) in self.shown_of(owners, field, keys) {
            self.body_mut(owner).to_many_mut(field).take(&key);
        }
    }

    /// Who shows any of some items in a collection, and which. Looking changes nothing; what changes, a
    /// savepoint has to keep.
    pub(super) fn shown_of(
        &self,
        owners: EntityIndex,
        field: FieldIndex,
        items: &FxHashSet<RowKey>,
    ) -> Vec<(Instance, RowKey)> {
        let mut shown = Vec::new();
        if items.is_empty() {
            return shown;
        }
        for owner in self.instances_of(owners) {
            let Some(body) = &self.slot(owner).body else {
                continue;
            };
            let mut keys = body.to_many(field).keys();
            keys.retain(|key| items.contains(key));
            shown.extend(keys.into_iter().map(|key| (owner, key)));
        }
        shown
    }
}
