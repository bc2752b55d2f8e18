//! Instances of one entity, found by key.
//!
//! Invariant: `by_key` and the occupied slots are in one-to-one correspondence, and a slot's key
//! never changes.

use rustc_hash::FxHashMap;

use super::Slot;
use crate::codec::RowKey;

/// Slots with stable positions. A freed position is used again.
#[derive(Default)]
pub(crate) struct IdentityMap {
    by_key: FxHashMap<RowKey, u32>,
    slots: Vec<Option<Slot>>,
    free: Vec<u32>,
}

impl IdentityMap {
    #[inline]
    pub(crate) fn find(&self, key: &RowKey) -> Option<u32> {
        self.by_key.get(key).copied()
    }

    #[inline]
    pub(crate) fn slot(&self, at: u32) -> &Slot {
        self.slots[at as usize]
            .as_ref()
            .expect("the address names a managed instance")
    }

    #[inline]
    pub(crate) fn slot_mut(&mut self, at: u32) -> &mut Slot {
        self.slots[at as usize]
            .as_mut()
            .expect("the address names a managed instance")
    }

    pub(crate) fn get_mut(&mut self, at: u32) -> Option<&mut Slot> {
        self.slots.get_mut(at as usize)?.as_mut()
    }

    /// Makes room for so many more.
    pub(crate) fn reserve(&mut self, more: usize) {
        self.by_key.reserve(more);
        self.slots.reserve(more.saturating_sub(self.free.len()));
    }

    pub(crate) fn insert(&mut self, slot: Slot) -> u32 {
        let key = slot.key.clone();
        let at = if let Some(at) = self.free.pop() {
            debug_assert!(self.slots[at as usize].is_none());
            self.slots[at as usize] = Some(slot);
            at
        } else {
            self.slots.push(Some(slot));
            u32::try_from(self.slots.len() - 1)
                .expect("a unit of work manages fewer than 2^32 entities")
        };
        let before = self.by_key.insert(key, at);
        assert!(before.is_none(), "one instance for one key");
        at
    }

    pub(crate) fn remove(&mut self, at: u32) -> Slot {
        let slot = self.slots[at as usize]
            .take()
            .expect("the address names a managed instance");
        let found = self.by_key.remove(&slot.key);
        debug_assert_eq!(found, Some(at));
        self.free.push(at);
        slot
    }

    /// Forgets everything, and gives the memory back.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The occupied positions.
    pub(crate) fn slots(&self) -> impl Iterator<Item = u32> + '_ {
        (0..)
            .zip(&self.slots)
            .filter(|(_, slot)| slot.is_some())
            .map(|(at, _)| at)
    }
}
