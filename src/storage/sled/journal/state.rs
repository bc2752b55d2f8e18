//! What readers look at: the trees and the two overlays over them.
//!
//! It lives behind the store's lock: shared around every read, exclusive only for the moments in
//! which a commit enters the active overlay, an overlay is frozen, or a frozen one is dropped.
//!
//! Invariant: the engine, the frozen overlay over it and the active one over both show the state
//! after the commit that `last` numbers.

use std::sync::Arc;

use super::overlay::Overlay;
use crate::storage::sled::tree::Trees;
use crate::storage::{Batch, CommitSequence};

/// The trees and what lies over them.
pub(super) struct State {
    pub(super) trees: Trees,
    pub(super) active: Overlay,
    pub(super) frozen: Option<Arc<Overlay>>,
    pub(super) last: CommitSequence,
}

impl State {
    /// Makes a commit visible.
    pub(super) fn add(&mut self, batch: Batch, sequence: CommitSequence) {
        debug_assert_eq!(sequence, self.last.next(), "commits come in their order");
        for (tree, writes) in batch.into_trees() {
            let slot = self.trees.slot(tree);
            let values = &self.trees.slots()[slot];
            for key in writes.keys() {
                values.forget(key);
            }
            self.active.write(slot, writes);
        }
        self.active.finish(sequence);
        self.last = sequence;
    }

    /// Puts the active overlay in the place of the frozen one, which is gone.
    pub(super) fn freeze(&mut self) {
        debug_assert!(self.frozen.is_none(), "one overlay is frozen at a time");
        debug_assert!(
            !self.active.is_empty(),
            "an overlay is frozen with its commits"
        );
        self.frozen = Some(Arc::new(std::mem::take(&mut self.active)));
    }
}
