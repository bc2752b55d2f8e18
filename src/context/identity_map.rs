//! Instances of one entity, found by key.
//!
//! Invariant: `by_key` and the occupied places are in one-to-one correspondence, and a slot's key
//! never changes. A buried slot has been given up, but keeps its place, so that it can come back or
//! be looked at once more; nothing finds it by key.

use rustc_hash::FxHashMap;

use super::Slot;
use crate::codec::RowKey;

/// Slots with stable positions. A freed position is used again.
#[derive(Default)]
pub(crate) struct IdentityMap {
    by_key: FxHashMap<RowKey, u32>,
    places: Vec<Place>,
    free: Vec<u32>,
}

enum Place {
    Occupied(Slot),
    Buried(Slot),
    Free,
}

impl IdentityMap {
    #[inline]
    pub(crate) fn find(&self, key: &RowKey) -> Option<u32> {
        self.by_key.get(key).copied()
    }

    #[inline]
    pub(crate) fn slot(&self, at: u32) -> &Slot {
        match &self.places[at as usize] {
            Place::Occupied(slot) => slot,
            Place::Buried(_) | Place::Free => not_managed(),
        }
    }

    #[inline]
    pub(crate) fn slot_mut(&mut self, at: u32) -> &mut Slot {
        match &mut self.places[at as usize] {
            Place::Occupied(slot) => slot,
            Place::Buried(_) | Place::Free => not_managed(),
        }
    }

    /// The slot of the managed instance at a position, if there is one.
    pub(crate) fn occupied(&self, at: u32) -> Option<&Slot> {
        match self.places.get(at as usize)? {
            Place::Occupied(slot) => Some(slot),
            Place::Buried(_) | Place::Free => None,
        }
    }

    /// The slot at a position, managed or buried.
    pub(crate) fn remains(&self, at: u32) -> Option<&Slot> {
        match self.places.get(at as usize)? {
            Place::Occupied(slot) | Place::Buried(slot) => Some(slot),
            Place::Free => None,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// Makes room for so many more.
    pub(crate) fn reserve(&mut self, more: usize) {
        self.by_key.reserve(more);
        self.places.reserve(more.saturating_sub(self.free.len()));
    }

    pub(crate) fn insert(&mut self, slot: Slot) -> u32 {
        let key = slot.key.clone();
        let at = if let Some(at) = self.free.pop() {
            debug_assert!(matches!(self.places[at as usize], Place::Free));
            self.places[at as usize] = Place::Occupied(slot);
            at
        } else {
            self.places.push(Place::Occupied(slot));
            u32::try_from(self.places.len() - 1)
                .expect("a unit of work manages fewer than 2^32 entities")
        };
        let before = self.by_key.insert(key, at);
        assert!(before.is_none(), "one instance for one key");
        at
    }

    /// Gives an instance up, and keeps its place.
    pub(crate) fn bury(&mut self, at: u32) {
        let place = &mut self.places[at as usize];
        let Place::Occupied(slot) = std::mem::replace(place, Place::Free) else {
            not_managed()
        };
        let found = self.by_key.remove(&slot.key);
        debug_assert_eq!(found, Some(at));
        *place = Place::Buried(slot);
    }

    /// Brings a buried instance back.
    pub(crate) fn unbury(&mut self, at: u32) {
        let place = &mut self.places[at as usize];
        let Place::Buried(slot) = std::mem::replace(place, Place::Free) else {
            unreachable!("only what was buried comes back")
        };
        let before = self.by_key.insert(slot.key.clone(), at);
        assert!(before.is_none(), "one instance for one key");
        *place = Place::Occupied(slot);
    }

    /// Frees the place of an instance, managed or buried.
    pub(crate) fn remove(&mut self, at: u32) {
        match std::mem::replace(&mut self.places[at as usize], Place::Free) {
            Place::Occupied(slot) => {
                let found = self.by_key.remove(&slot.key);
                debug_assert_eq!(found, Some(at));
            }
            Place::Buried(_) => {}
            Place::Free => not_managed(),
        }
        self.free.push(at);
    }

    /// Forgets everything, and gives the memory back.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The occupied positions.
    pub(crate) fn slots(&self) -> impl Iterator<Item = u32> + '_ {
        (0..)
            .zip(&self.places)
            .filter(|(_, place)| matches!(place, Place::Occupied(_)))
            .map(|(at, _)| at)
    }
}

#[cold]
fn not_managed() -> ! {
    panic!("the address names a managed instance")
}
