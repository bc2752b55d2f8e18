//! Values of the engine that were looked up lately, so that the next look-up of one costs neither a walk
//! through the engine's pages nor a copy. All views share it, and all trees.
//!
//! Invariant: what is here is what the engine has, for every key that no overlay hides. It holds because a
//! value comes in only while a view is held, and a key goes out under the exclusive lock under which a commit
//! that writes it becomes visible, before any later view can look.
//!
//! Scans neither use it nor fill it: one walk through a large tree would push out what is looked up often.

use std::hash::Hash;

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{Equivalent, OptionsBuilder, Weighter};
use rustc_hash::FxBuildHasher;

use crate::storage::Bytes;

/// What a value costs beside its bytes and those of its key, roughly: two allocations and an entry.
const ENTRY_WEIGHT: usize = 96;
/// A usual entry, for the size of the table.
const USUAL_WEIGHT: u64 = 384;
/// Of the capacity, what one value may take at most.
const LARGEST_SHARE: u64 = 256;

/// The values of all trees of one store.
pub(super) struct ValueCache {
    /// `None` where the capacity is nothing.
    values: Option<Cache<Key, Bytes, ByBytes, FxBuildHasher>>,
    largest: usize,
}

/// The slot of a tree, and a key.
type Key = (u32, Box<[u8]>);

/// A key that is only looked up.
#[derive(Hash)]
struct KeyRef<'k>(u32, &'k [u8]);

impl Equivalent<Key> for KeyRef<'_> {
    fn equivalent(&self, (slot, key): &Key) -> bool {
        self.0 == *slot && *self.1 == **key
    }
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<Key, Bytes> for ByBytes {
    fn weight(&self, (_, key): &Key, value: &Bytes) -> u64 {
        (ENTRY_WEIGHT + key.len() + value.len()) as u64
    }
}

impl ValueCache {
    /// One that takes so many bytes, roughly; of none it is no cache.
    pub(super) fn new(capacity: usize) -> ValueCache {
        let capacity = capacity as u64;
        let options = OptionsBuilder::new()
            .weight_capacity(capacity)
            .estimated_items_capacity(
                usize::try_from(capacity / USUAL_WEIGHT).unwrap_or(usize::MAX),
            )
            .build()
            .expect("both capacities are given");
        let cache =
            || Cache::with_options(options, ByBytes, FxBuildHasher, DefaultLifecycle::default());
        ValueCache {
            values: (capacity > 0).then(cache),
            largest: usize::try_from(capacity / LARGEST_SHARE).unwrap_or(usize::MAX),
        }
    }

    pub(super) fn get(&self, slot: u32, key: &[u8]) -> Option<Bytes> {
        self.values.as_ref()?.get(&KeyRef(slot, key))
    }

    /// Keeps what the engine has for a key, if it is worth it. A view must be held.
    pub(super) fn keep(&self, slot: u32, key: &[u8], value: &Bytes) {
        if let Some(values) = &self.values
            && value.len() <= self.largest
        {
            values.insert((slot, key.into()), Bytes::clone(value));
        }
    }

    /// Forgets a key that a commit writes. No view may be held.
    pub(super) fn forget(&self, slot: u32, key: &[u8]) {
        if let Some(values) = &self.values {
            values.remove(&KeyRef(slot, key));
        }
    }
}
