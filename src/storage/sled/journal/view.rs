//! Reading through both overlays into the engine, under the store's lock.
//!
//! The applier writes to the engine meanwhile, but only keys of the frozen overlay, and these are
//! found there first. Invariant: a value of the engine is looked at only when neither overlay has
//! its key, so that no read ever meets what the applier is changing.

use std::ops::ControlFlow;

use super::merge::{Found, Merged};
use super::overlay::{Layer, Overlay};
use super::state::State;
use crate::storage::sled::health::Health;
use crate::storage::sled::reader::SledReader;
use crate::storage::sled::tree::OpenTree;
use crate::storage::{
    Bytes, CommitSequence, Direction, KeyRange, Lent, Reader, StorageError, TreeId, Visit,
};

/// A view of the state as it is. It does not change because whoever made it holds the lock.
pub(super) struct View<'a> {
    pub(super) health: &'a Health,
    pub(super) state: &'a State,
    pub(super) sequence: CommitSequence,
}

/// One tree: its layers, the newest first, and the engine's rows below.
struct Layered<'a> {
    active: &'a Layer,
    frozen: Option<&'a Layer>,
    base: &'a OpenTree,
}

impl View<'_> {
    fn tree(&self, id: TreeId) -> Layered<'_> {
        let slot = self.state.trees.slot(id);
        let frozen = self.state.frozen.as_deref();
        Layered {
            active: self.state.active.layer(slot),
            frozen: frozen
                .map(|overlay: &Overlay| overlay.layer(slot))
                .filter(|layer| !layer.is_empty()),
            base: &self.state.trees.slots()[slot],
        }
    }

    /// Visits the keys of a range of a tree, each with what its newest layer has.
    fn walk(
        &self,
        mut merged: Merged<'_>,
        base: &OpenTree,
        range: &KeyRange,
        direction: Direction,
        visit: &mut dyn FnMut(Found<'_>) -> Result<ControlFlow<()>, StorageError>,
    ) -> Result<(), StorageError> {
        let mut rows = base.rows.range::<&[u8], _>((range.start(), range.end()));
        let mut next_row = || {
            let next = || match direction {
                Direction::Forward => rows.next().transpose(),
                Direction::Backward => rows.next_back().transpose(),
            };
            self.health.guarded(Some(&base.name), next)
        };
        while let Some(found) = merged.next(&mut next_row)? {
            if visit(found)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// The engine below the overlays.
    fn base(&self) -> SledReader<'_> {
        SledReader {
            health: self.health,
            trees: &self.state.trees,
            sequence: self.sequence,
        }
    }
}

impl Layered<'_> {
    /// What the overlays say about `key`, if anything.
    fn overlaid(&self, key: &[u8]) -> Option<&Option<Bytes>> {
        let newest = self.active.get(key);
        newest.or_else(|| self.frozen?.get(key))
    }
}

impl Reader for View<'_> {
    fn get(&self, tree: TreeId, key: &[u8]) -> Result<Option<Bytes>, StorageError> {
        match self.tree(tree).overlaid(key) {
            Some(value) => Ok(value.clone()),
            None => self.base().get(tree, key),
        }
    }

    fn get_many(
        &self,
        tree: TreeId,
        keys: &[&[u8]],
        found: &mut dyn FnMut(usize, Option<Lent<'_>>),
    ) -> Result<(), StorageError> {
        debug_assert!(keys.is_sorted(), "the keys of get_many are ascending");
        let tree = self.tree(tree);
        for (index, &key) in keys.iter().enumerate() {
            if let Some(value) = tree.overlaid(key) {
                found(index, value.as_ref().map(Lent::Shared));
                continue;
            }
            let value = tree.base.get(self.health, key)?;
            found(index, value.as_ref().map(Lent::Shared));
        }
        Ok(())
    }

    fn contains(&self, tree: TreeId, key: &[u8]) -> Result<bool, StorageError> {
        match self.tree(tree).overlaid(key) {
            Some(value) => Ok(value.is_some()),
            None => self.base().contains(tree, key),
        }
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
        let Layered {
            active,
            frozen,
            base,
        } = self.tree(tree);
        let mut merged = Merged::new([Some(active), frozen], range, direction);
        if merged.overlays_are_empty() {
            return self.base().scan(tree, range, direction, visit);
        }
        self.walk(merged, base, range, direction, &mut |found| {
            Ok(match found {
                Found::Overlaid(key, value) => visit(key, Lent::Shared(value)),
                Found::Stored(key, stored) => {
                    let value = base.load(self.health, &key, stored)?;
                    visit(&key, Lent::Borrowed(&value))
                }
            })
        })
    }

    fn scan_keys(
        &self,
        tree: TreeId,
        range: &KeyRange,
        visit: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), StorageError> {
        if range.is_void() {
            return Ok(());
        }
        let (tree, direction) = (self.tree(tree), Direction::Forward);
        let merged = Merged::new([Some(tree.active), tree.frozen], range, direction);
        self.walk(merged, tree.base, range, direction, &mut |found| {
            Ok(match found {
                Found::Overlaid(key, _) => visit(key),
                Found::Stored(key, _) => visit(&key),
            })
        })
    }

    fn sequence(&self) -> CommitSequence {
        self.sequence
    }
}
