//! A view of what a batch would make of another view: [`StagedReader`].
//!
//! It looks into the batch first and then into the view below, and merges the two where they are
//! scanned. It knows nothing of what is stored, and writes nothing. Views stack: a staged view may be
//! the base of another one. Invariant: it reads as the base would, had the batch been applied to it.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use super::{
    Batch, Bytes, CommitSequence, Direction, KeyRange, Lent, Reader, StorageError, TreeId, Visit,
    Write,
};

/// A base view with the writes of a batch over it.
pub(crate) struct StagedReader<'a> {
    base: &'a dyn Reader,
    staged: &'a Batch,
    sequence: CommitSequence,
}

impl<'a> StagedReader<'a> {
    /// The view of `base` as it would be after `staged`.
    pub(crate) fn new(base: &'a dyn Reader, staged: &'a Batch) -> StagedReader<'a> {
        StagedReader {
            base,
            staged,
            sequence: base.sequence(),
        }
    }

    /// The view of a past moment: of `base` as it was at `sequence`, before what `before` has the old
    /// values of.
    pub(super) fn past(
        base: &'a dyn Reader,
        before: &'a Batch,
        sequence: CommitSequence,
    ) -> StagedReader<'a> {
        StagedReader {
            base,
            staged: before,
            sequence,
        }
    }
}

impl StagedReader<'_> {
    /// Visits what `scan_base` visits, as the batch leaves it.
    fn merge(
        &self,
        tree: TreeId,
        range: &KeyRange,
        direction: Direction,
        scan_base: impl FnOnce(Visit<'_>) -> Result<(), StorageError>,
        visit: Visit<'_>,
    ) -> Result<(), StorageError> {
        let mut writes = self.staged.range(tree, range);
        let mut next = || match direction {
            Direction::Forward => writes.next(),
            Direction::Backward => writes.next_back(),
        };
        let mut staged = next();
        let mut flow = ControlFlow::Continue(());
        scan_base(&mut |key, value| {
            while let Some((staged_key, write)) = staged {
                let order = in_direction(direction, staged_key.cmp(key));
                if order.is_gt() {
                    break;
                }
                staged = next();
                flow = show(staged_key, write, visit);
                // A key that the batch writes is the batch's alone.
                if flow.is_break() || order.is_eq() {
                    return flow;
                }
            }
            flow = visit(key, value);
            flow
        })?;
        while let (Some((key, write)), true) = (staged, flow.is_continue()) {
            staged = next();
            flow = show(key, write, visit);
        }
        Ok(())
    }
}

impl Reader for StagedReader<'_> {
    fn get(&self, tree: TreeId, key: &[u8]) -> Result<Option<Bytes>, StorageError> {
        match self.staged.get(tree, key) {
            Some(Write::Put(value)) => Ok(Some(value.into())),
            Some(Write::Delete) => Ok(None),
            None => self.base.get(tree, key),
        }
    }

    fn get_many(
        &self,
        tree: TreeId,
        keys: &[&[u8]],
        found: &mut dyn FnMut(usize, Option<Lent<'_>>),
    ) -> Result<(), StorageError> {
        debug_assert!(keys.is_sorted(), "the keys of get_many are ascending");
        if !self.staged.concerns(tree) {
            return self.base.get_many(tree, keys, found);
        }
        // What the batch says nothing about is asked of the base; the answers come in key order.
        let (asked, below): (Vec<usize>, Vec<&[u8]>) = keys
            .iter()
            .enumerate()
            .filter(|(_, key)| self.staged.get(tree, key).is_none())
            .map(|(index, key)| (index, *key))
            .unzip();
        let mut next = 0;
        let mut tell_staged = |until: usize, found: &mut dyn FnMut(usize, Option<Lent<'_>>)| {
            for (index, key) in keys.iter().enumerate().take(until).skip(next) {
                let value = match self.staged.get(tree, key) {
                    Some(Write::Put(value)) => Some(Lent::Borrowed(value)),
                    Some(Write::Delete) | None => None,
                };
                found(index, value);
            }
            next = until + 1;
        };
        self.base.get_many(tree, &below, &mut |at, value| {
            tell_staged(asked[at], found);
            found(asked[at], value);
        })?;
        tell_staged(keys.len(), found);
        Ok(())
    }

    fn contains(&self, tree: TreeId, key: &[u8]) -> Result<bool, StorageError> {
        match self.staged.get(tree, key) {
            Some(Write::Put(_)) => Ok(true),
            Some(Write::Delete) => Ok(false),
            None => self.base.contains(tree, key),
        }
    }

    fn scan(
        &self,
        tree: TreeId,
        range: &KeyRange,
        direction: Direction,
        visit: Visit<'_>,
    ) -> Result<(), StorageError> {
        let base = |visit: Visit<'_>| self.base.scan(tree, range, direction, visit);
        self.merge(tree, range, direction, base, visit)
    }

    fn scan_keys(
        &self,
        tree: TreeId,
        range: &KeyRange,
        visit: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), StorageError> {
        let base = |visit: Visit<'_>| {
            let visit = &mut |key: &[u8]| visit(key, Lent::Borrowed(&[]));
            self.base.scan_keys(tree, range, visit)
        };
        self.merge(tree, range, Direction::Forward, base, &mut |key, _| {
            visit(key)
        })
    }

    fn sequence(&self) -> CommitSequence {
        self.sequence
    }
}

fn show(key: &[u8], write: Write<'_>, visit: Visit<'_>) -> ControlFlow<()> {
    match write {
        Write::Put(value) => visit(key, Lent::Borrowed(value)),
        Write::Delete => ControlFlow::Continue(()),
    }
}

fn in_direction(direction: Direction, order: Ordering) -> Ordering {
    match direction {
        Direction::Forward => order,
        Direction::Backward => order.reverse(),
    }
}
