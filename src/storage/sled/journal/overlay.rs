//! What the journal holds and the engine does not yet: the newest value of every key written.
//!
//! Two overlays lie over the engine: the active one takes commits, the frozen one is on its way
//! into the engine and does not change. A key that is here hides what the engine has.
//!
//! Invariant: `bytes` is what the entries weigh, and `last` the newest commit among them.

use std::collections::BTreeMap;

use crate::storage::batch::TreeWrites;
use crate::storage::{Bytes, CommitSequence};

/// One tree's keys: the newest value of each, `None` where it was deleted.
pub(super) type Layer = BTreeMap<Vec<u8>, Option<Bytes>>;

/// What an entry costs beside its key and value, roughly.
const ENTRY_WEIGHT: usize = 96;

/// Trees that nothing was written to.
static EMPTY: Layer = Layer::new();

/// The writes of one generation.
#[derive(Default)]
pub(in crate::storage::sled) struct Overlay {
    /// By slot of the tree.
    layers: Vec<Layer>,
    bytes: usize,
    last: CommitSequence,
}

impl Overlay {
    /// The keys of the tree in `slot`.
    pub(super) fn layer(&self, slot: usize) -> &Layer {
        self.layers.get(slot).unwrap_or(&EMPTY)
    }

    /// The keys of all trees that were written to, by slot.
    pub(super) fn layers(&self) -> impl Iterator<Item = (usize, &Layer)> {
        let layers = self.layers.iter().enumerate();
        layers.filter(|(_, layer)| !layer.is_empty())
    }

    /// Roughly how much memory it takes.
    pub(in crate::storage::sled) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The newest commit in it; 0 while it is empty.
    pub(super) fn last(&self) -> CommitSequence {
        self.last
    }

    /// Whether it holds no commit.
    pub(in crate::storage::sled) fn is_empty(&self) -> bool {
        self.last == CommitSequence(0)
    }

    /// Adds the writes of a commit to one tree. [`finish`](Overlay::finish) ends the commit.
    pub(in crate::storage::sled) fn write(&mut self, slot: usize, writes: TreeWrites) {
        if self.layers.len() <= slot {
            self.layers.resize_with(slot + 1, Layer::new);
        }
        let layer = &mut self.layers[slot];
        for (key, value) in writes {
            let value = value.map(Bytes::from);
            self.bytes += key.len() + ENTRY_WEIGHT;
            self.bytes += value.as_ref().map_or(0, |value| value.len());
            let key_length = key.len();
            if let Some(replaced) = layer.insert(key, value) {
                self.bytes -= key_length + ENTRY_WEIGHT;
                self.bytes -= replaced.map_or(0, |value| value.len());
            }
        }
    }

    /// All writes of the commit `sequence` are there.
    pub(super) fn finish(&mut self, sequence: CommitSequence) {
        debug_assert!(self.last < sequence, "commits come in their order");
        self.last = sequence;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_write_counts_and_weighs() {
        let mut overlay = Overlay::default();
        let write =
            |value: Option<&[u8]>| TreeWrites::from([(b"key".to_vec(), value.map(<[u8]>::to_vec))]);
        assert!(overlay.is_empty());
        for (sequence, value) in (1..).zip([Some(&b"value"[..]), None, Some(b"v")]) {
            overlay.write(2, write(value));
            overlay.finish(CommitSequence(sequence));
            let stored = overlay.layer(2).get(&b"key"[..]).unwrap();
            assert_eq!(stored.as_deref(), value);
            let expected = 3 + ENTRY_WEIGHT + value.map_or(0, <[u8]>::len);
            assert_eq!(overlay.bytes(), expected);
            assert_eq!(overlay.last().0, sequence);
        }
        assert!(overlay.layer(0).is_empty() && overlay.layer(7).is_empty());
        assert_eq!(overlay.layers().count(), 1);
    }
}
