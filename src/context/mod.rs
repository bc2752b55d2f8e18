//! What one unit of work holds in memory: managed instances, their snapshots, pending links.
//!
//! No I/O happens here. Invariants:
//! - one instance for one (entity, key): [`IdentityMap`] finds it by key;
//! - an instance that differs from its row was touched, and is in [`Context::touched`];
//! - both ends of a relation agree, once [`Context::reconcile`] has run over raw writes;
//! - a loaded collection shows the stored links plus the pending ones.

mod adoptions;
mod arrangement;
mod claims;
mod identity_map;
mod image;
mod kept;
mod ledger;
mod links;
mod presence;
mod projection;
mod references;
mod savepoint;
mod slot;

use std::sync::Arc;

pub(crate) use arrangement::arrange;
pub(crate) use identity_map::IdentityMap;
pub(crate) use kept::Kept;
pub(crate) use ledger::{LinkChange, LinkLedger};
pub(crate) use slot::{Life, Slot};

use claims::Claims;
use savepoint::Savepoint;

use crate::codec::RowKey;
use crate::entity::{AnyEntity, Item, OrderedSet};
use crate::error::Error;
use crate::schema::{EntityIndex, EntitySchema, Schema};

/// The address of a managed instance in its context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Instance {
    pub(crate) entity: EntityIndex,
    pub(crate) slot: u32,
}

impl Item for Instance {
    type Key = Self;

    fn key(&self) -> &Self {
        self
    }
}

/// The memory of one unit of work.
pub(crate) struct Context {
    pub(crate) schema: Arc<Schema>,
    maps: Vec<IdentityMap>,
    touched: Kept<OrderedSet<Instance>>,
    pub(crate) ledger: Kept<LinkLedger>,
    /// Second instances that were refused, told at the next flush.
    pub(crate) refused: Vec<Error>,
    /// How many refused instances were told.
    told: usize,
    /// The moments that memory can go back to; the last is the innermost.
    savepoints: Vec<Savepoint>,
    /// Instances that were given up, and whose places are not free yet.
    graves: Vec<Instance>,
    claims: Claims,
}

impl Context {
    pub(crate) fn new(schema: Arc<Schema>) -> Self {
        let maps = schema.indexes().map(|_| IdentityMap::default()).collect();
        Self {
            schema,
            maps,
            touched: Kept::default(),
            ledger: Kept::default(),
            refused: Vec::new(),
            told: 0,
            savepoints: Vec::new(),
            graves: Vec::new(),
            claims: Claims::default(),
        }
    }

    /// Forgets everything. A savepoint can still bring it back.
    pub(crate) fn clear(&mut self) {
        self.touched = Kept::default();
        self.claims.clear();
        if self.is_recording() {
            for entity in Arc::clone(&self.schema).indexes() {
                for instance in self.instances_of(entity).collect::<Vec<_>>() {
                    self.bury(instance);
                }
            }
        } else {
            self.maps.iter_mut().for_each(IdentityMap::clear);
            self.graves.clear();
        }
        self.ledger = Kept::default();
        self.told += self.refused.len();
        self.refused.clear();
    }

    /// The first refused instance that was not told yet. It is told once.
    pub(crate) fn tell_refused(&mut self) -> Option<Error> {
        let error = (!self.refused.is_empty()).then(|| self.refused.remove(0));
        self.told += usize::from(error.is_some());
        error
    }

    #[inline]
    pub(crate) fn entity(&self, entity: EntityIndex) -> &EntitySchema {
        self.schema.entity(entity)
    }

    #[inline]
    fn map(&self, entity: EntityIndex) -> &IdentityMap {
        &self.maps[usize::from(entity.0)]
    }

    #[inline]
    fn map_mut(&mut self, entity: EntityIndex) -> &mut IdentityMap {
        &mut self.maps[usize::from(entity.0)]
    }

    /// The instance managed under a key, whatever its state.
    #[inline]
    pub(crate) fn find(&self, entity: EntityIndex, key: &RowKey) -> Option<Instance> {
        self.map(entity)
            .find(key)
            .map(|slot| Instance { entity, slot })
    }

    /// The instance managed under a key, if its properties are in memory.
    #[inline]
    pub(crate) fn find_loaded(&self, entity: EntityIndex, key: &RowKey) -> Option<Instance> {
        self.find(entity, key)
            .filter(|instance| self.slot(*instance).body.is_some())
    }

    #[inline]
    pub(crate) fn slot(&self, instance: Instance) -> &Slot {
        self.map(instance.entity).slot(instance.slot)
    }

    /// For changes that are no edit of the entity: loading, accepting, links.
    #[inline]
    pub(crate) fn slot_mut(&mut self, instance: Instance) -> &mut Slot {
        if self.is_recording() {
            self.save_image(instance);
        }
        self.map_mut(instance.entity).slot_mut(instance.slot)
    }

    /// The entity's properties.
    ///
    /// # Panics
    /// If they are not in memory: the caller found the instance by [`Self::find_loaded`].
    #[inline]
    pub(crate) fn body(&self, instance: Instance) -> &dyn AnyEntity {
        self.slot(instance)
            .body
            .as_deref()
            .expect("the instance is loaded")
    }

    /// As [`Self::body`], for changes that are no edit.
    #[inline]
    pub(crate) fn body_mut(&mut self, instance: Instance) -> &mut dyn AnyEntity {
        self.slot_mut(instance)
            .body
            .as_deref_mut()
            .expect("the instance is loaded")
    }

    /// As [`Self::body_mut`], if the instance is still managed and loaded.
    pub(crate) fn managed_body_mut(&mut self, instance: Instance) -> Option<&mut dyn AnyEntity> {
        self.map(instance.entity).occupied(instance.slot)?;
        match self.slot_mut(instance).body.as_deref_mut() {
            Some(body) => Some(body),
            None => None,
        }
    }

    /// Manages a new instance under a key that is not managed.
    pub(crate) fn insert(&mut self, entity: EntityIndex, slot: Slot) -> Instance {
        let slot = self.map_mut(entity).insert(slot);
        let instance = Instance { entity, slot };
        self.save_insertion(instance);
        self.note_claims(instance);
        instance
    }

    /// The properties of an instance, managed or given up, as long as its place is not free.
    pub(crate) fn remains(&self, instance: Instance) -> Option<&dyn AnyEntity> {
        self.map(instance.entity)
            .remains(instance.slot)?
            .body
            .as_deref()
    }

    /// Makes room for so many instances of one entity more.
    pub(crate) fn reserve(&mut self, entity: EntityIndex, more: usize) {
        self.map_mut(entity).reserve(more);
    }

    /// Marks an instance as possibly differing from its row.
    #[inline]
    pub(crate) fn touch(&mut self, instance: Instance) {
        if !self.slot(instance).is_touched() {
            self.touch_first(instance);
        }
    }

    fn touch_first(&mut self, instance: Instance) {
        let schema = Arc::clone(&self.schema);
        let relations = &schema.entity(instance.entity).to_ones;
        let slot = self.slot_mut(instance);
        let linked = match &slot.body {
            Some(body) => relations.iter().map(|field| body.to_one(*field)).collect(),
            None => Box::default(),
        };
        slot.mark_touched(linked);
        self.touched.insert(instance);
    }

    /// The instances that may differ from their rows, in the order in which they were touched.
    pub(crate) fn touched(&self) -> &[Instance] {
        self.touched.as_slice()
    }

    /// After a flush: what was touched now equals its row.
    pub(crate) fn untouch_all(&mut self) {
        for instance in std::mem::take(&mut self.touched).as_slice() {
            self.slot_mut(*instance).mark_clean();
        }
    }

    /// Whether a flush would have anything to look at.
    pub(crate) fn is_clean(&self) -> bool {
        self.touched.is_empty() && self.ledger.is_empty() && self.refused.is_empty()
    }

    /// Whether nothing is managed, and nothing pending.
    pub(crate) fn is_empty(&self) -> bool {
        self.is_clean() && self.maps.iter().all(IdentityMap::is_empty)
    }

    /// The managed instances of one entity.
    pub(crate) fn instances_of(&self, entity: EntityIndex) -> impl Iterator<Item = Instance> + '_ {
        self.map(entity)
            .slots()
            .map(move |slot| Instance { entity, slot })
    }
}
