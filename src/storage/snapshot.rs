//! Views of a past moment that last over many reads: [`SnapshotStore`], a store over any other.
//!
//! No engine below can keep a view open without holding commits back. So a snapshot keeps what has
//! been overwritten since instead: before a commit is applied, the old values of its keys go into every
//! open snapshot that does not have them yet. A read at the snapshot looks there first, and into the
//! store as it is then. Commits pay one read for each key that they write, and only while a snapshot is
//! open; the snapshot grows with the number of keys that others overwrite.
//!
//! Invariant: for every key, a snapshot's `before` has the value of its moment, or the store still has
//! it. An entry that is there too early, because its commit failed, does no harm: it is what the store
//! has.

use std::sync::{Arc, Weak};

use parking_lot::{Mutex, RwLock};

use super::{
    Batch, CommitSequence, Durability, Reader, StagedReader, StorageError, Store, StoreExt, TreeId,
    Write,
};

/// A store of which snapshots can be taken.
pub(crate) struct SnapshotStore {
    below: Box<dyn Store>,
    /// Locked for moments only, and inside the store's write closure, so that no commit is planned
    /// before a snapshot is listed and applied after it.
    open: Mutex<Vec<Weak<Snapshot>>>,
}

/// A moment of a store, for as long as it is held.
pub(crate) struct Snapshot {
    sequence: CommitSequence,
    /// The values, at that moment, of what has been written since.
    before: RwLock<Batch>,
}

impl SnapshotStore {
    /// Over another store.
    pub(crate) fn new(below: Box<dyn Store>) -> SnapshotStore {
        SnapshotStore {
            below,
            open: Mutex::default(),
        }
    }

    /// The store as it is now. Waits for the commit that is being made.
    ///
    /// # Errors
    ///
    /// If the store takes no more writes: it may show a commit then that is not whole on the disk.
    pub(crate) fn snapshot(&self) -> Result<Arc<Snapshot>, StorageError> {
        let mut taken = None;
        self.below.write(Durability::Os, &mut |reader, _| {
            let snapshot = Arc::new(Snapshot {
                sequence: reader.sequence(),
                before: RwLock::default(),
            });
            let mut open = self.open.lock();
            open.retain(|snapshot| snapshot.strong_count() > 0);
            open.push(Arc::downgrade(&snapshot));
            taken = Some(snapshot);
            // Nothing is written: the closure is there for its place in the order of commits.
            None
        })?;
        Ok(taken.expect("a store that succeeds has called the plan"))
    }

    /// Runs `query` on the view of a snapshot of this store.
    pub(crate) fn read_at<R>(
        &self,
        snapshot: &Snapshot,
        query: impl FnOnce(&dyn Reader) -> R,
    ) -> Result<R, StorageError> {
        self.below.read_with(|reader| {
            let before = snapshot.before.read();
            query(&StagedReader::past(reader, &before, snapshot.sequence))
        })
    }

    /// Gives every open snapshot what the batch overwrites.
    fn keep(&self, reader: &dyn Reader, batch: &Batch) -> Result<(), StorageError> {
        let open: Vec<_> = {
            let mut open = self.open.lock();
            open.retain(|snapshot| snapshot.strong_count() > 0);
            open.iter().filter_map(Weak::upgrade).collect()
        };
        if open.is_empty() {
            return Ok(());
        }
        for (tree, key, _) in batch.iter() {
            let mut old = None;
            for snapshot in &open {
                if snapshot.before.read().get(tree, key).is_some() {
                    continue;
                }
                let old = match &old {
                    Some(old) => old,
                    None => old.insert(reader.get(tree, key)?),
                };
                let mut before = snapshot.before.write();
                match old {
                    Some(value) => before.put(tree, key, &**value),
                    None => before.delete(tree, key),
                }
            }
        }
        Ok(())
    }
}

impl Snapshot {
    /// What has been written since the snapshot to another value than it had then, and is among
    /// what `wanted` names.
    pub(crate) fn changed(
        &self,
        now: &dyn Reader,
        wanted: impl Fn(TreeId, &[u8]) -> bool,
    ) -> Result<Option<(TreeId, Vec<u8>)>, StorageError> {
        for (tree, key, before) in self.before.read().iter() {
            if !wanted(tree, key) {
                continue;
            }
            let is_same = match (now.get(tree, key)?, before) {
                (Some(now), Write::Put(before)) => *now == *before,
                (None, Write::Delete) => true,
                (Some(_), Write::Delete) | (None, Write::Put(_)) => false,
            };
            if !is_same {
                return Ok(Some((tree, key.to_vec())));
            }
        }
        Ok(None)
    }
}

impl Store for SnapshotStore {
    fn open_tree(&self, name: &str) -> Result<TreeId, StorageError> {
        self.below.open_tree(name)
    }

    fn tree_names(&self) -> Result<Vec<String>, StorageError> {
        self.below.tree_names()
    }

    fn read(&self, query: &mut dyn FnMut(&dyn Reader)) -> Result<(), StorageError> {
        self.below.read(query)
    }

    fn write(
        &self,
        durability: Durability,
        plan: &mut dyn FnMut(&dyn Reader, CommitSequence) -> Option<Batch>,
    ) -> Result<Option<CommitSequence>, StorageError> {
        let mut unreadable = None;
        let written = self.below.write(durability, &mut |reader, sequence| {
            let batch = plan(reader, sequence)?;
            unreadable = self.keep(reader, &batch).err();
            unreadable.is_none().then_some(batch)
        });
        match unreadable {
            Some(error) => Err(error),
            None => written,
        }
    }

    fn sync(&self) -> Result<(), StorageError> {
        self.below.sync()
    }

    fn close(&self) -> Result<(), StorageError> {
        self.below.close()
    }

    fn kind(&self) -> &'static str {
        self.below.kind()
    }
}
