//! A view that lasts, as a [`Reader`] that holds nothing back: what reads a whole database reads
//! through it.
//!
//! It shows a snapshot, and every call is a read of its own; a scan is one for each slice. So commits
//! wait for the reading of one slice at most. Where the store takes no more writes there is no
//! snapshot, and none is needed, since nothing changes any more.

use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use super::snapshot::{Snapshot, SnapshotStore};
use super::{
    Bytes, CommitSequence, Direction, KeyRange, Lent, Reader, StorageError, StoreExt, TreeId, Visit,
};

/// How many bytes of keys and values are read at once.
const SLICE_LENGTH: usize = 256 * 1024;

/// What an entry takes in memory beside its key and value, roughly.
const ENTRY_WEIGHT: usize = 64;

/// The store at one moment, for as long as this is held.
pub(crate) struct LastingView<'a> {
    store: &'a SnapshotStore,
    snapshot: Option<Arc<Snapshot>>,
    sequence: CommitSequence,
}

impl<'a> LastingView<'a> {
    /// The store as it is now.
    pub(crate) fn new(store: &'a SnapshotStore) -> Result<LastingView<'a>, StorageError> {
        let snapshot = match store.snapshot() {
            Ok(snapshot) => Some(snapshot),
            Err(StorageError::Poisoned { .. }) => None,
            Err(error) => return Err(error),
        };
        Self::of(store, snapshot)
    }

    /// The store at the moment of a snapshot of it.
    pub(crate) fn at(
        store: &'a SnapshotStore,
        snapshot: Arc<Snapshot>,
    ) -> Result<LastingView<'a>, StorageError> {
        Self::of(store, Some(snapshot))
    }

    fn of(
        store: &'a SnapshotStore,
        snapshot: Option<Arc<Snapshot>>,
    ) -> Result<LastingView<'a>, StorageError> {
        let mut view = LastingView {
            store,
            snapshot,
            sequence: CommitSequence(0),
        };
        view.sequence = view.read(|reader| Ok(reader.sequence()))?;
        Ok(view)
    }

    fn read<R>(
        &self,
        query: impl FnOnce(&dyn Reader) -> Result<R, StorageError>,
    ) -> Result<R, StorageError> {
        match &self.snapshot {
            Some(snapshot) => self.store.read_at(snapshot, query)?,
            None => self.store.read_with(query)?,
        }
    }

    /// Reads slice by slice: `read` one, without visiting anybody; then `visit` what it has.
    fn by_slices(
        &self,
        range: &KeyRange,
        direction: Direction,
        read: ReadSlice<'_>,
        visit: Visit<'_>,
    ) -> Result<(), StorageError> {
        let mut rest = range.clone();
        loop {
            let mut slice = Slice::default();
            let read = self.read(|reader| read(reader, &rest, &mut slice));
            for (key, value) in &slice.entries {
                if visit(key, Lent::Borrowed(value)).is_break() {
                    return Ok(());
                }
            }
            read?;
            match slice.entries.last() {
                Some((last, _)) if slice.is_full() => rest = behind(&rest, direction, last),
                _ => return Ok(()),
            }
        }
    }
}

/// Reads the beginning of a range into a slice, until that is full.
type ReadSlice<'a> = &'a dyn Fn(&dyn Reader, &KeyRange, &mut Slice) -> Result<(), StorageError>;

/// What was read at once.
#[derive(Default)]
struct Slice {
    entries: Vec<(Vec<u8>, Vec<u8>)>,
    length: usize,
}

impl Slice {
    fn add(&mut self, key: &[u8], value: &[u8]) -> ControlFlow<()> {
        self.entries.push((key.to_vec(), value.to_vec()));
        self.length += key.len() + value.len() + ENTRY_WEIGHT;
        if self.is_full() {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn is_full(&self) -> bool {
        self.length >= SLICE_LENGTH
    }
}

/// What is left of a range behind a key, in the direction of the scan.
fn behind(range: &KeyRange, direction: Direction, key: &[u8]) -> KeyRange {
    let owned = |bound: Bound<&[u8]>| bound.map(<[u8]>::to_vec);
    let at_key = Bound::Excluded(key.to_vec());
    match direction {
        Direction::Forward => KeyRange::new(at_key, owned(range.end())),
        Direction::Backward => KeyRange::new(owned(range.start()), at_key),
    }
}

impl Reader for LastingView<'_> {
    fn get(&self, tree: TreeId, key: &[u8]) -> Result<Option<Bytes>, StorageError> {
        self.read(|reader| reader.get(tree, key))
    }

    fn get_many(
        &self,
        tree: TreeId,
        keys: &[&[u8]],
        found: &mut dyn FnMut(usize, Option<Lent<'_>>),
    ) -> Result<(), StorageError> {
        self.read(|reader| reader.get_many(tree, keys, found))
    }

    fn contains(&self, tree: TreeId, key: &[u8]) -> Result<bool, StorageError> {
        self.read(|reader| reader.contains(tree, key))
    }

    fn scan(
        &self,
        tree: TreeId,
        range: &KeyRange,
        direction: Direction,
        visit: Visit<'_>,
    ) -> Result<(), StorageError> {
        let read = |reader: &dyn Reader, range: &KeyRange, slice: &mut Slice| {
            reader.scan(tree, range, direction, &mut |key, value| {
                slice.add(key, &value)
            })
        };
        self.by_slices(range, direction, &read, visit)
    }

    fn scan_keys(
        &self,
        tree: TreeId,
        range: &KeyRange,
        visit: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), StorageError> {
        let read = |reader: &dyn Reader, range: &KeyRange, slice: &mut Slice| {
            reader.scan_keys(tree, range, &mut |key| slice.add(key, &[]))
        };
        self.by_slices(range, Direction::Forward, &read, &mut |key, _| visit(key))
    }

    fn sequence(&self) -> CommitSequence {
        self.sequence
    }
}
