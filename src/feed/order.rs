//! The order in which commits are told: that of their numbers, whoever finishes first.
//!
//! A commit gets its number under the store's lock, and is told after it, when the disk has answered.
//! Commits that overlap may be answered in any order; one that is early waits here for those before
//! it.
//!
//! Invariant: what is taken has no place before it.

use std::collections::BTreeMap;

use super::Changes;
use crate::storage::CommitSequence;

/// The commits that are under way, and those that wait for them.
#[derive(Default)]
pub(super) struct Order {
    commits: BTreeMap<Place, Commit>,
    entered: u64,
}

/// Where a commit stands. A number alone does not say it: when a commit fails, the next one gets its
/// number, maybe before the failure is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    sequence: CommitSequence,
    entered: u64,
}

struct Commit {
    changes: Changes,
    stands: bool,
}

impl Order {
    /// A place for a commit that is under way.
    pub(super) fn enter(&mut self, sequence: CommitSequence, changes: Changes) -> Place {
        self.entered += 1;
        let place = Place {
            sequence,
            entered: self.entered,
        };
        let stands = false;
        self.commits.insert(place, Commit { changes, stands });
        place
    }

    /// The commit failed, or gets another place.
    pub(super) fn leave(&mut self, place: Place) {
        self.commits.remove(&place);
    }

    /// The commit succeeded.
    pub(super) fn succeed(&mut self, place: Place) {
        let commit = self.commits.get_mut(&place);
        commit.expect("a place is left once").stands = true;
    }

    /// The changes of the first commit, if it is not under way any more.
    pub(super) fn take_next(&mut self) -> Option<Changes> {
        let first = self.commits.first_entry()?;
        first.get().stands.then(|| first.remove().changes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(order: &mut Order) -> bool {
        order.take_next().is_some()
    }

    #[test]
    fn a_commit_that_is_early_waits_for_those_before_it() {
        let mut order = Order::default();
        let first = order.enter(CommitSequence(1), Vec::new());
        let second = order.enter(CommitSequence(2), Vec::new());
        order.succeed(second);
        assert!(!taken(&mut order));
        order.succeed(first);
        assert!(taken(&mut order) && taken(&mut order) && !taken(&mut order));
    }

    #[test]
    fn nobody_waits_for_a_commit_that_failed() {
        let mut order = Order::default();
        let failed = order.enter(CommitSequence(1), Vec::new());
        // Its number is given again before its failure is told.
        let second = order.enter(CommitSequence(1), Vec::new());
        order.succeed(second);
        assert!(!taken(&mut order));
        order.leave(failed);
        assert!(taken(&mut order) && !taken(&mut order));
    }
}
