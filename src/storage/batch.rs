//! The writes of one commit, over any number of trees.
//!
//! A batch holds at most one write for each (tree, key), and keeps them sorted by both, because
//! engines are faster with neighbours and because two equal batches then write equal bytes. It
//! does not know what is stored: deleting an absent key is a write like any other.

use std::collections::BTreeMap;

use super::store::MAX_KEY_LENGTH;
use super::{StorageError, TreeId};

/// The writes to one tree: the new value of each key, `None` where it is deleted.
pub(crate) type TreeWrites = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// What a batch does to one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Write<'a> {
    /// Sets the key to this value.
    Put(&'a [u8]),
    /// Removes the key, if it is there.
    Delete,
}

impl Write<'_> {
    fn of(value: Option<&Vec<u8>>) -> Write<'_> {
        match value {
            Some(value) => Write::Put(value),
            None => Write::Delete,
        }
    }
}

/// Puts and deletes that become visible together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Batch {
    trees: BTreeMap<TreeId, TreeWrites>,
    len: usize,
}

impl Batch {
    /// A batch that writes nothing.
    pub(crate) fn new() -> Batch {
        Batch::default()
    }

    /// Sets `key` to `value`, whatever was said about that key before.
    pub(crate) fn put(&mut self, tree: TreeId, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.set(tree, key.into(), Some(value.into()));
    }

    /// Deletes `key`, whatever was said about that key before.
    pub(crate) fn delete(&mut self, tree: TreeId, key: impl Into<Vec<u8>>) {
        self.set(tree, key.into(), None);
    }

    /// What this batch says about `key`, if anything.
    pub(crate) fn get(&self, tree: TreeId, key: &[u8]) -> Option<Write<'_>> {
        self.trees
            .get(&tree)?
            .get(key)
            .map(|value| Write::of(value.as_ref()))
    }

    /// Whether there is nothing to write.
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The number of keys written, deletions included.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// All writes in the order of (tree, key).
    pub(crate) fn iter(&self) -> impl Iterator<Item = (TreeId, &[u8], Write<'_>)> {
        self.trees.iter().flat_map(|(&tree, writes)| {
            writes
                .iter()
                .map(move |(key, value)| (tree, key.as_slice(), Write::of(value.as_ref())))
        })
    }

    /// The writes tree by tree, ascending; no tree comes without a write.
    pub(super) fn trees(&self) -> impl Iterator<Item = (TreeId, &TreeWrites)> {
        self.trees.iter().map(|(&tree, writes)| (tree, writes))
    }

    /// As [`trees`](Batch::trees), giving the writes away.
    pub(super) fn into_trees(self) -> impl Iterator<Item = (TreeId, TreeWrites)> {
        self.trees.into_iter()
    }

    /// Refuses the batch when a key is longer than stores take. Stores ask before they write.
    pub(super) fn check_keys(&self, name: impl Fn(TreeId) -> String) -> Result<(), StorageError> {
        let too_long = self.iter().find(|(_, key, _)| key.len() > MAX_KEY_LENGTH);
        let Some((tree, key, _)) = too_long else {
            return Ok(());
        };
        Err(StorageError::KeyTooLong {
            tree: name(tree),
            length: key.len(),
            limit: MAX_KEY_LENGTH,
        })
    }

    fn set(&mut self, tree: TreeId, key: Vec<u8>, value: Option<Vec<u8>>) {
        let replaced = self.trees.entry(tree).or_default().insert(key, value);
        self.len += usize::from(replaced.is_none());
        debug_assert!(
            self.len >= self.trees.len(),
            "a tree is listed only with a write"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_write_to_a_key_wins_and_counts_once() {
        let (first, second) = (TreeId::from_index(0), TreeId::from_index(1));
        let mut batch = Batch::new();
        assert!(batch.is_empty());
        batch.put(second, "b", "1");
        batch.put(first, "z", "2");
        batch.put(second, "a", "3");
        batch.delete(second, "b");
        batch.put(first, "z", "4");

        assert_eq!(batch.len(), 3);
        assert_eq!(batch.get(second, b"b"), Some(Write::Delete));
        assert_eq!(batch.get(first, b"b"), None);
        let writes: Vec<_> = batch.iter().collect();
        assert_eq!(
            writes,
            [
                (first, &b"z"[..], Write::Put(b"4")),
                (second, &b"a"[..], Write::Put(b"3")),
                (second, &b"b"[..], Write::Delete),
            ]
        );
    }
}
