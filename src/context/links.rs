//! Collections in memory: when an item is added to one or taken out of it, the other end of the
//! relation follows at once, as far as it is loaded, and the ledger notes what the flush must do.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::adoptions::Adoption;
use super::{Context, Instance, LinkChange};
use crate::codec::RowKey;
use crate::entity::{AnyCollection, Membership};
use crate::schema::{EntityIndex, FieldIndex, JoinIndex, RelationKind, RelationSchema, Side};

impl Context {
    /// Adds items to a collection, or takes them out, and both ends agree.
    pub(crate) fn change_links(
        &mut self,
        owner: Instance,
        field: FieldIndex,
        items: &[RowKey],
        change: LinkChange,
    ) {
        let schema = Arc::clone(&self.schema);
        let relation = schema.entity(owner.entity).relation(field);
        let is_join = matches!(relation.kind, RelationKind::ManyToMany { .. });
        if change == LinkChange::Add && !is_join {
            // Who has those that are not loaded is not known, but may be loaded: all are asked once.
            let mut unseen: FxHashSet<RowKey> = items.iter().cloned().collect();
            unseen.retain(|item| self.find_loaded(relation.target, item).is_none());
            self.vanish(owner.entity, field, &unseen);
        }
        for item in items {
            self.change_link(owner, field, item, change);
        }
    }

    /// Makes items all that a collection holds, as far as it shows what it holds.
    pub(crate) fn set_links(&mut self, owner: Instance, field: FieldIndex, items: &[RowKey]) {
        let wanted: FxHashSet<&RowKey> = items.iter().collect();
        let mut released = self.body(owner).to_many(field).keys();
        released.retain(|before| !wanted.contains(before));
        self.change_links(owner, field, &released, LinkChange::Remove);
        self.change_links(owner, field, items, LinkChange::Add);
    }

    /// Adds an item to a collection, or takes it out. What is added unseen shows nowhere else.
    fn change_link(
        &mut self,
        owner: Instance,
        field: FieldIndex,
        item: &RowKey,
        change: LinkChange,
    ) {
        let schema = Arc::clone(&self.schema);
        let relation = schema.entity(owner.entity).relation(field);
        match relation.kind {
            RelationKind::ManyToMany { join, side } => {
                self.change_join(owner, field, relation, (join, side), item, change);
            }
            RelationKind::OneToMany { .. } | RelationKind::OneToOneInverse { .. } => {
                self.change_owned(owner, field, relation, item, change);
            }
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
        if self.schema.join(join).fixed_order {
            self.ledger.arrange(join, side, (&here, item), change);
        }
        let show = |collection: &mut dyn AnyCollection, key: &RowKey| match change {
            LinkChange::Add => collection.put(key),
            LinkChange::Remove => collection.take(key),
        };
        self.update_collection(owner, field, |collection| show(collection, item));
        self.mark_dirty(owner, field);
        if let (Some(inverse), Some(other)) =
            (relation.inverse, self.find_loaded(relation.target, item))
        {
            self.update_collection(other, inverse, |collection| show(collection, &here));
        }
    }

    /// The inverse side of a to-one relation: the item holds the link.
    fn change_owned(
        &mut self,
        owner: Instance,
        field: FieldIndex,
        relation: &RelationSchema,
        item: &RowKey,
        change: LinkChange,
    ) {
        let mapped_by = relation.mapped_by();
        let owner_key = self.slot(owner).key.clone();
        let loaded = self.find_loaded(relation.target, item);
        match (change, loaded) {
            (LinkChange::Add, Some(instance)) => {
                self.set_to_one(instance, mapped_by, Some(&owner_key));
            }
            (LinkChange::Add, None) => {
                self.ledger.adopted.add(Adoption {
                    entity: relation.target,
                    key: item.clone(),
                    field: mapped_by,
                    owner: owner_key,
                    change,
                });
                self.update_collection(owner, field, |collection| collection.put(item));
            }
            (LinkChange::Remove, Some(instance))
                if self.body(instance).to_one(mapped_by).as_ref() != Some(&owner_key) => {}
            (LinkChange::Remove, _) => {
                self.release(&owner_key, relation.target, item, mapped_by);
                self.update_collection(owner, field, |collection| collection.take(item));
            }
        }
    }

    /// All links of a many-to-many collection go, loaded or not.
    pub(crate) fn clear_links(&mut self, owner: Instance, field: FieldIndex) {
        let schema = Arc::clone(&self.schema);
        let relation = schema.entity(owner.entity).relation(field);
        let RelationKind::ManyToMany { join, side } = relation.kind else {
            unreachable!("only links can be cleared unseen")
        };
        let here = self.slot(owner).key.clone();
        for item in self.body(owner).to_many(field).keys() {
            self.change_join(
                owner,
                field,
                relation,
                (join, side),
                &item,
                LinkChange::Remove,
            );
        }
        if self.body(owner).to_many(field).membership() != Membership::Initialized {
            self.ledger.clear(join, side, &here);
            if self.schema.join(join).fixed_order && side == Side::Owner {
                self.ledger.set_order(join, &here, Vec::new());
            }
            // Nothing is left of what is stored, so all that it holds is known.
            self.fill(owner, field, &[]);
            if let Some(inverse) = relation.inverse {
                self.vanish(relation.target, inverse, &FxHashSet::from_iter([here]));
            }
        }
    }

    /// Brings the items of a collection that has a fixed order in the order of a list, which has all of
    /// them. It is the collection of the owning side; any other has none.
    pub(crate) fn order_items(&mut self, owner: Instance, field: FieldIndex, items: &[RowKey]) {
        let schema = Arc::clone(&self.schema);
        let RelationKind::ManyToMany {
            join,
            side: Side::Owner,
        } = schema.entity(owner.entity).relation(field).kind
        else {
            return;
        };
        let collection = self.body(owner).to_many(field);
        let (shown, membership) = (collection.keys(), collection.membership());
        let mut seen = FxHashSet::default();
        let items: Vec<RowKey> = items
            .iter()
            .filter(|key| seen.insert(*key))
            .cloned()
            .collect();
        if schema.join(join).fixed_order && shown != items {
            let here = self.slot(owner).key.clone();
            self.ledger.set_order(join, &here, items.clone());
            self.show(owner, field, membership, (items, true));
        }
    }

    /// Takes items out of all collections that show them: which ones do is not known.
    fn vanish(&mut self, entity: EntityIndex, field: FieldIndex, items: &FxHashSet<RowKey>) {
        for (owner, item) in self.shown_of(entity, field, items) {
            self.update_collection(owner, field, |shown| shown.take(&item));
        }
    }

    /// Changes what a collection shows; marks it dirty when that made a difference. An initialized
    /// collection follows always; one that is not shows what was added to it.
    pub(super) fn update_collection(
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

    /// A collection that is not initialized is dirty as soon as anything is pending for it.
    fn mark_dirty(&mut self, owner: Instance, field: FieldIndex) {
        self.body_mut(owner).to_many_mut(field).set_dirty(true);
        self.ledger.dirty.insert((owner, field));
    }
}
