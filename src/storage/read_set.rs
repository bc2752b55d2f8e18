//! What a transaction has read: [`ReadSet`], and the view that notes it, [`NotingReader`].
//!
//! Invariant: whatever a read through the view depended on, be it that a key is not there, is in the
//! set. Of a scan that was broken off it is the range up to the key at which it was, that key included.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use super::{
    Bytes, CommitSequence, Direction, KeyRange, Lent, Reader, StorageError, TreeId, Visit,
};

/// Keys and ranges of keys that were read, found or not.
#[derive(Debug, Default)]
pub(crate) struct ReadSet {
    trees: BTreeMap<TreeId, TreeReads>,
}

#[derive(Debug, Default)]
struct TreeReads {
    keys: BTreeSet<Vec<u8>>,
    ranges: Vec<KeyRange>,
}

impl ReadSet {
    /// Whether a read depended on the value of the key.
    pub(crate) fn contains(&self, tree: TreeId, key: &[u8]) -> bool {
        self.trees.get(&tree).is_some_and(|reads| {
            reads.keys.contains(key) || reads.ranges.iter().any(|range| range.contains(key))
        })
    }

    fn note_key(&mut self, tree: TreeId, key: &[u8]) {
        let reads = self.trees.entry(tree).or_default();
        if !reads.keys.contains(key) {
            reads.keys.insert(key.to_vec());
        }
    }

    fn note_range(&mut self, tree: TreeId, range: KeyRange) {
        let reads = self.trees.entry(tree).or_default();
        if !reads.ranges.contains(&range) {
            reads.ranges.push(range);
        }
    }
}

/// The part of a range that a scan has visited which ended at a key.
fn up_to(range: &KeyRange, direction: Direction, last: Vec<u8>) -> KeyRange {
    let owned = |bound: Bound<&[u8]>| bound.map(<[u8]>::to_vec);
    let last = Bound::Included(last);
    match direction {
        Direction::Forward => KeyRange::new(owned(range.start()), last),
        Direction::Backward => KeyRange::new(last, owned(range.end())),
    }
}

/// A view that notes what is read through it.
pub(crate) struct NotingReader<'a> {
    base: &'a dyn Reader,
    reads: RefCell<&'a mut ReadSet>,
}

impl<'a> NotingReader<'a> {
    /// Notes in `reads` what is read of `base`.
    pub(crate) fn new(base: &'a dyn Reader, reads: &'a mut ReadSet) -> NotingReader<'a> {
        NotingReader {
            base,
            reads: RefCell::new(reads),
        }
    }
}

impl Reader for NotingReader<'_> {
    fn get(&self, tree: TreeId, key: &[u8]) -> Result<Option<Bytes>, StorageError> {
        self.reads.borrow_mut().note_key(tree, key);
        self.base.get(tree, key)
    }

    fn get_many(
        &self,
        tree: TreeId,
        keys: &[&[u8]],
        found: &mut dyn FnMut(usize, Option<Lent<'_>>),
    ) -> Result<(), StorageError> {
        for key in keys {
            self.reads.borrow_mut().note_key(tree, key);
        }
        self.base.get_many(tree, keys, found)
    }

    fn contains(&self, tree: TreeId, key: &[u8]) -> Result<bool, StorageError> {
        self.reads.borrow_mut().note_key(tree, key);
        self.base.contains(tree, key)
    }

    fn scan(
        &self,
        tree: TreeId,
        range: &KeyRange,
        direction: Direction,
        visit: Visit<'_>,
    ) -> Result<(), StorageError> {
        let mut last = None;
        let scanned = self.base.scan(tree, range, direction, &mut |key, value| {
            let flow = visit(key, value);
            if flow.is_break() {
                last = Some(key.to_vec());
            }
            flow
        });
        let read = match last {
            Some(last) => up_to(range, direction, last),
            None => range.clone(),
        };
        self.reads.borrow_mut().note_range(tree, read);
        scanned
    }

    fn sequence(&self) -> CommitSequence {
        self.base.sequence()
    }
}
