//! Reading under the store's lock. No iterator of the engine leaves a call.

use std::ops::ControlFlow;

use ::sled::IVec;

use super::health::Health;
use super::tree::{OpenTree, Trees};
use crate::storage::{
    Bytes, CommitSequence, Direction, KeyRange, Lent, Reader, StorageError, TreeId, Visit,
};

/// A view of the trees as they are. It is consistent because whoever made it holds the lock of the
/// store, shared or exclusive.
pub(super) struct SledReader<'a> {
    pub(super) health: &'a Health,
    pub(super) trees: &'a Trees,
    pub(super) sequence: CommitSequence,
}

/// What a walk over the engine's rows calls with each key and what is stored beside it.
type VisitStored<'a> = &'a mut dyn FnMut(&[u8], IVec) -> Result<ControlFlow<()>, StorageError>;

impl SledReader<'_> {
    /// Visits the rows of the engine as they are stored.
    fn walk(
        &self,
        tree: &OpenTree,
        range: &KeyRange,
        direction: Direction,
        visit: VisitStored<'_>,
    ) -> Result<(), StorageError> {
        if range.is_void() {
            return Ok(());
        }
        let mut rows = tree.rows.range::<&[u8], _>((range.start(), range.end()));
        let mut next = || {
            let next = || match direction {
                Direction::Forward => rows.next().transpose(),
                Direction::Backward => rows.next_back().transpose(),
            };
            self.health.guarded(Some(&tree.name), next)
        };
        while let Some((key, stored)) = next()? {
            if visit(&key, stored)?.is_break() {
                break;
            }
        }
        Ok(())
    }
}

impl Reader for SledReader<'_> {
    fn get(&self, tree: TreeId, key: &[u8]) -> Result<Option<Bytes>, StorageError> {
        self.trees.get(tree).get(self.health, key)
    }

    fn get_many(
        &self,
        tree: TreeId,
        keys: &[&[u8]],
        found: &mut dyn FnMut(usize, Option<Lent<'_>>),
    ) -> Result<(), StorageError> {
        debug_assert!(keys.is_sorted(), "the keys of get_many are ascending");
        let tree = self.trees.get(tree);
        for (index, &key) in keys.iter().enumerate() {
            let value = tree.get(self.health, key)?;
            found(index, value.as_ref().map(Lent::Shared));
        }
        Ok(())
    }

    fn contains(&self, tree: TreeId, key: &[u8]) -> Result<bool, StorageError> {
        self.trees.get(tree).contains(self.health, key)
    }

    fn scan(
        &self,
        tree: TreeId,
        range: &KeyRange,
        direction: Direction,
        visit: Visit<'_>,
    ) -> Result<(), StorageError> {
        let tree = self.trees.get(tree);
        self.walk(tree, range, direction, &mut |key, stored| {
            let value = tree.load(self.health, key, stored)?;
            Ok(visit(key, Lent::Borrowed(&value)))
        })
    }

    fn scan_keys(
        &self,
        tree: TreeId,
        range: &KeyRange,
        visit: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), StorageError> {
        let tree = self.trees.get(tree);
        self.walk(tree, range, Direction::Forward, &mut |key, _| {
            Ok(visit(key))
        })
    }

    fn sequence(&self) -> CommitSequence {
        self.sequence
    }
}
