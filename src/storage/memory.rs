//! The store that lives in memory: for `Orm::in_memory`, and the reference that tests hold the
//! sled store against.
//!
//! It keeps nothing when it is dropped, and its commits cannot fail once their keys are checked.

use std::collections::BTreeMap;

use parking_lot::RwLock;

use super::store::check_tree_name;
use super::{
    Batch, Bytes, CommitSequence, Direction, Durability, KeyRange, Lent, Reader, StorageError,
    Store, TreeId, Visit,
};

/// A store whose trees are `BTreeMap`s.
#[derive(Default)]
pub(crate) struct MemoryStore {
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    sequence: CommitSequence,
    names: Vec<String>,
    trees: Vec<BTreeMap<Vec<u8>, Bytes>>,
}

impl MemoryStore {
    /// A store without trees.
    pub(crate) fn new() -> MemoryStore {
        MemoryStore::default()
    }
}

impl Store for MemoryStore {
    fn open_tree(&self, name: &str) -> Result<TreeId, StorageError> {
        check_tree_name(name)?;
        let mut state = self.state.write();
        if let Some(index) = state.names.iter().position(|known| known == name) {
            return Ok(TreeId::from_index(index));
        }
        state.names.push(name.to_owned());
        state.trees.push(BTreeMap::new());
        debug_assert_eq!(state.names.len(), state.trees.len());
        Ok(TreeId::from_index(state.trees.len() - 1))
    }

    fn tree_names(&self) -> Result<Vec<String>, StorageError> {
        let mut names = self.state.read().names.clone();
        names.sort_unstable();
        Ok(names)
    }

    fn read(&self, query: &mut dyn FnMut(&dyn Reader)) -> Result<(), StorageError> {
        query(&*self.state.read());
        Ok(())
    }

    fn write(
        &self,
        _durability: Durability,
        plan: &mut dyn FnMut(&dyn Reader, CommitSequence) -> Option<Batch>,
    ) -> Result<Option<CommitSequence>, StorageError> {
        let mut state = self.state.write();
        let sequence = state.sequence.next();
        let Some(batch) = plan(&*state, sequence).filter(|batch| !batch.is_empty()) else {
            return Ok(None);
        };
        batch.check_keys(|tree| state.names[tree.index()].clone())?;
        for (tree, writes) in batch.into_trees() {
            let rows = &mut state.trees[tree.index()];
            for (key, value) in writes {
                match value {
                    Some(value) => rows.insert(key, value.into()),
                    None => rows.remove(&key),
                };
            }
        }
        state.sequence = sequence;
        Ok(Some(sequence))
    }

    fn sync(&self) -> Result<(), StorageError> {
        Ok(())
    }

    fn close(&self) -> Result<(), StorageError> {
        Ok(())
    }

    fn kind(&self) -> &'static str {
        "memory"
    }
}

impl Reader for State {
    fn get(&self, tree: TreeId, key: &[u8]) -> Result<Option<Bytes>, StorageError> {
        Ok(self.trees[tree.index()].get(key).cloned())
    }

    fn get_many(
        &self,
        tree: TreeId,
        keys: &[&[u8]],
        found: &mut dyn FnMut(usize, Option<Lent<'_>>),
    ) -> Result<(), StorageError> {
        debug_assert!(keys.is_sorted(), "the keys of get_many are ascending");
        let rows = &self.trees[tree.index()];
        for (index, &key) in keys.iter().enumerate() {
            found(index, rows.get(key).map(Lent::Shared));
        }
        Ok(())
    }

    fn contains(&self, tree: TreeId, key: &[u8]) -> Result<bool, StorageError> {
        Ok(self.trees[tree.index()].contains_key(key))
    }

    fn scan(
        &self,
        tree: TreeId,
        range: &KeyRange,
        direction: Direction,
        visit: Visit<'_>,
    ) -> Result<(), StorageError> {
        let rows = &self.trees[tree.index()];
        if range.is_void() {
            return Ok(());
        }
        let mut rows = rows.range::<[u8], _>((range.start(), range.end()));
        let mut next = || match direction {
            Direction::Forward => rows.next(),
            Direction::Backward => rows.next_back(),
        };
        while let Some((key, value)) = next() {
            if visit(key, Lent::Shared(value)).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn sequence(&self) -> CommitSequence {
        self.sequence
    }
}
