//! Who refers to whom by a one-to-one relation, as far as it is loaded: found without a walk over all
//! instances.
//!
//! Made of all instances when it is asked for the first time, and kept from then on: references that
//! come to memory are noted, and none is taken out when it changes again. So who asks looks at the
//! instance itself. Invariant: whoever refers to a row, and was followed, is noted; what a savepoint brings
//! back need not be, so nothing is kept then.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{Context, Instance};
use crate::codec::RowKey;
use crate::schema::{EntityIndex, FieldIndex};

/// The places of those that may refer to a row, by its key.
type Claimants = FxHashMap<RowKey, Vec<u32>>;

/// By relation.
#[derive(Default)]
pub(super) struct Claims(FxHashMap<(EntityIndex, FieldIndex), Claimants>);

impl Claims {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl Context {
    /// The loaded instances that refer to a row by a one-to-one relation.
    pub(super) fn claimants(
        &mut self,
        entity: EntityIndex,
        field: FieldIndex,
        target: &RowKey,
    ) -> Vec<Instance> {
        if !self.claims.0.contains_key(&(entity, field)) {
            let mut all = Claimants::default();
            for instance in self.instances_of(entity) {
                let body = self.slot(instance).body.as_ref();
                if let Some(target) = body.and_then(|body| body.to_one(field)) {
                    all.entry(target).or_default().push(instance.slot);
                }
            }
            self.claims.0.insert((entity, field), all);
        }
        let noted = self.claims.0[&(entity, field)].get(target);
        let noted = noted.into_iter().flatten();
        let refers = |instance: &Instance| {
            let slot = self.map(entity).occupied(instance.slot);
            let body = slot.and_then(|slot| slot.body.as_ref());
            body.is_some_and(|body| body.to_one(field).as_ref() == Some(target))
        };
        let mut claimants: Vec<Instance> = noted
            .map(|slot| Instance {
                entity,
                slot: *slot,
            })
            .filter(refers)
            .collect();
        claimants.sort_unstable();
        claimants.dedup();
        claimants
    }

    /// Notes that a relation of an instance refers to a row now, if anybody may ask.
    pub(super) fn note_claim(&mut self, instance: Instance, field: FieldIndex, target: &RowKey) {
        if let Some(claimants) = self.claims.0.get_mut(&(instance.entity, field)) {
            let noted = claimants.entry(target.clone()).or_default();
            if noted.last() != Some(&instance.slot) {
                noted.push(instance.slot);
            }
        }
    }

    /// Notes all that an instance refers to that has just come to memory.
    pub(super) fn note_claims(&mut self, instance: Instance) {
        if self.claims.0.is_empty() {
            return;
        }
        let schema = Arc::clone(&self.schema);
        for field in &schema.entity(instance.entity).to_ones {
            let body = self.slot(instance).body.as_ref();
            if let Some(target) = body.and_then(|body| body.to_one(*field)) {
                self.note_claim(instance, *field, &target);
            }
        }
    }
}
