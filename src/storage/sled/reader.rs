//! Reading under the store's lock. No iterator of the engine leaves a call.

use super::health::Health;
use super::tree::Trees;
use crate::storage::{
    Bytes, CommitSequence, Direction, KeyRange, Reader, StorageError, TreeId, Visit,
};

/// A view of the trees as they are. It is consistent because whoever made it holds the lock of the
/// store, shared or exclusive.
pub(super) struct SledReader<'a> {
    pub(super) health: &'a Health,
    pub(super) trees: &'a Trees,
    pub(super) sequence: CommitSequence,
}

impl Reader for SledReader<'_> {
    fn get(&self, tree: TreeId, key: &[u8]) -> Result<Option<Bytes>, StorageError> {
        let value = self.trees.get(tree).get(self.health, key)?;
        Ok(value.map(|value| Bytes::from(&*value)))
    }

    fn get_many(
        &self,
        tree: TreeId,
        keys: &[&[u8]],
        found: &mut dyn FnMut(usize, Option<&[u8]>),
    ) -> Result<(), StorageError> {
        debug_assert!(keys.is_sorted(), "the keys of get_many are ascending");
        let tree = self.trees.get(tree);
        for (index, &key) in keys.iter().enumerate() {
            match tree.get(self.health, key)? {
                None => found(index, None),
                Some(value) => found(index, Some(&value)),
            }
        }
        Ok(())
    }

    fn contains(&self, tree: TreeId, key: &[u8]) -> Result<bool, StorageError> {
        let tree = self.trees.get(tree);
        self.health
            .guarded(Some(&tree.name), || tree.rows.contains_key(key))
    }

    fn scan(
        &self,
        tree: TreeId,
        range: &KeyRange,
        direction: Direction,
        visit: Visit<'_>,
    ) -> Result<(), StorageError> {
        if range.is_void() {
            return Ok(());
        }
        let tree = self.trees.get(tree);
        let mut rows = tree.rows.range::<&[u8], _>((range.start(), range.end()));
        let mut next = || {
            let next = || match direction {
                Direction::Forward => rows.next().transpose(),
                Direction::Backward => rows.next_back().transpose(),
            };
            self.health.guarded(Some(&tree.name), next)
        };
        while let Some((key, stored)) = next()? {
            let value = tree.load(self.health, &key, stored)?;
            if visit(&key, &value).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn sequence(&self) -> CommitSequence {
        self.sequence
    }
}
