//! Savepoints: what memory was like when a transaction, or one inside it, began.
//!
//! While a savepoint is active, [`Context::slot_mut`] saves an [`Image`] of each instance before its
//! first change, and instances that are given up are buried instead of freed, so that an address
//! means the same instance until the outermost savepoint ends. Whatever ended a transaction,
//! releasing a savepoint and going back to one are the two ways to end it. Invariant: going back
//! restores every managed instance, pending link and touched mark, and nothing that was managed since
//! is left.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::image::Image;
use super::{Context, Instance, Kept, LinkLedger};
use crate::codec::record::RowBody;
use crate::entity::OrderedSet;
use crate::schema::FieldIndex;

/// What it takes to go back to one moment.
pub(super) struct Savepoint {
    /// What instances were like that have changed since.
    images: FxHashMap<Instance, Image>,
    /// Instances that are managed since, some given up again.
    inserted: FxHashSet<Instance>,
    /// Instances that were given up since, those inserted since included.
    buried: Vec<Instance>,
    touched: Kept<OrderedSet<Instance>>,
    ledger: Kept<LinkLedger>,
    /// How many refused instances were not told yet, and how many had been told before.
    refused: (usize, usize),
}

impl Context {
    /// Whether anything has to be saved before it changes.
    #[inline]
    pub(super) const fn is_recording(&self) -> bool {
        !self.savepoints.is_empty()
    }

    /// Begins a savepoint, within the one that is active, if any.
    pub(crate) fn begin_savepoint(&mut self) {
        self.savepoints.push(Savepoint {
            images: FxHashMap::default(),
            inserted: FxHashSet::default(),
            buried: Vec::new(),
            touched: self.touched.clone(),
            ledger: self.ledger.clone(),
            refused: (self.refused.len(), self.told),
        });
    }

    /// Ends the last savepoint and keeps what has changed. The one around it, if any, can still go
    /// back.
    pub(crate) fn release_savepoint(&mut self) {
        let inner = self.savepoints.pop().expect("a savepoint is active");
        let Some(outer) = self.savepoints.last_mut() else {
            self.graves.extend(inner.buried);
            return;
        };
        for (instance, image) in inner.images {
            // What the outer one knows is older.
            if !outer.inserted.contains(&instance) {
                outer.images.entry(instance).or_insert(image);
            }
        }
        outer.inserted.extend(inner.inserted);
        outer.buried.extend(inner.buried);
    }

    /// Ends the last savepoint, and makes memory what it was when the savepoint began.
    pub(crate) fn restore_savepoint(&mut self) {
        let savepoint = self.savepoints.pop().expect("a savepoint is active");
        for instance in &savepoint.inserted {
            self.map_mut(instance.entity).remove(instance.slot);
        }
        for instance in &savepoint.buried {
            if !savepoint.inserted.contains(instance) {
                self.map_mut(instance.entity).unbury(instance.slot);
            }
        }
        self.claims.clear();
        let schema = Arc::clone(&self.schema);
        for (instance, image) in savepoint.images {
            let slot = self.map_mut(instance.entity).slot_mut(instance.slot);
            image.restore(schema.entity(instance.entity), slot);
        }
        self.touched = savepoint.touched;
        self.ledger = savepoint.ledger;
        let (pending, told) = savepoint.refused;
        // Those told since were told once and for all.
        self.refused
            .truncate(pending.saturating_sub(self.told - told));
        debug_assert!(
            self.touched()
                .iter()
                .all(|touched| self.slot(*touched).is_touched())
        );
    }

    /// Saves what an instance is like, once for each savepoint.
    #[cold]
    pub(super) fn save_image(&mut self, instance: Instance) {
        let slot = self.maps[usize::from(instance.entity.0)].slot(instance.slot);
        let savepoint = self.savepoints.last_mut().expect("a savepoint is active");
        if !savepoint.inserted.contains(&instance) {
            let entity = self.schema.entity(instance.entity);
            let images = &mut savepoint.images;
            images
                .entry(instance)
                .or_insert_with(|| Image::of(entity, slot));
        }
    }

    /// As before a change, for an instance whose stored form is at hand, and is what it is now.
    pub(crate) fn save_encoded(
        &mut self,
        instance: Instance,
        scalars: RowBody,
        lazies: Vec<(FieldIndex, Vec<u8>)>,
    ) {
        let slot = self.maps[usize::from(instance.entity.0)].slot(instance.slot);
        let Some(savepoint) = self.savepoints.last_mut() else {
            return;
        };
        if !savepoint.inserted.contains(&instance) {
            let entity = self.schema.entity(instance.entity);
            let images = &mut savepoint.images;
            images
                .entry(instance)
                .or_insert_with(|| Image::of_encoded(entity, slot, scalars, lazies));
        }
    }

    /// Notes that an instance has become managed.
    pub(super) fn save_insertion(&mut self, instance: Instance) {
        if let Some(savepoint) = self.savepoints.last_mut() {
            savepoint.inserted.insert(instance);
        }
    }

    /// Gives an instance up, and keeps it in its place until [`Self::free_graves`], or until the
    /// outermost savepoint ends.
    pub(crate) fn bury(&mut self, instance: Instance) {
        self.touched.remove(&instance);
        let schema = Arc::clone(&self.schema);
        // Its place will be another one's, which begins with nothing of it.
        for field in &schema.entity(instance.entity).to_manys {
            self.forget_partial(instance, *field);
        }
        if self.ledger.orphans.contains_key(&instance) {
            self.ledger.orphans.remove(&instance);
        }
        self.map_mut(instance.entity).bury(instance.slot);
        match self.savepoints.last_mut() {
            Some(savepoint) => savepoint.buried.push(instance),
            None => self.graves.push(instance),
        }
    }

    /// Gives an instance up. What no savepoint can bring back is gone at once.
    pub(super) fn forget(&mut self, instance: Instance) {
        self.bury(instance);
        self.free_graves();
    }

    /// Frees the places of instances that were given up and can't come back.
    pub(crate) fn free_graves(&mut self) {
        for instance in std::mem::take(&mut self.graves) {
            self.map_mut(instance.entity).remove(instance.slot);
        }
    }
}
