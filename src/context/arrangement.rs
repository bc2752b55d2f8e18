//! The order of the items of a many-to-many collection that keeps one (`fixed_order`).
//!
//! Links say what is in a collection; an order is a list of keys beside them, and those of its keys
//! that are not linked count for nothing. So orders need no rules of their own: two units of work that
//! add at the same time both add a link, and whoever plans last writes a list of both.
//!
//! Invariant: arranging neither adds an item nor loses one.

use rustc_hash::FxHashSet;

use crate::codec::RowKey;
use crate::entity::{Item, OrderedSet};

/// What a unit of work has done to an order, and not flushed.
#[derive(Clone, Default)]
pub(crate) struct Arrangement {
    /// Whether `keys` says where everything stands that was known; else they come at the end.
    is_whole: bool,
    keys: OrderedSet<RowKey>,
    /// What was taken out, and has lost its place.
    taken: FxHashSet<RowKey>,
}

impl Item for RowKey {
    type Key = Self;

    fn key(&self) -> &Self {
        self
    }
}

impl Arrangement {
    /// The items in this order, whatever is stored.
    pub(crate) fn whole(keys: Vec<RowKey>) -> Self {
        Self {
            is_whole: true,
            keys: keys.into_iter().collect(),
            taken: FxHashSet::default(),
        }
    }

    /// An item comes to the end, unless it stands somewhere.
    pub(crate) fn append(&mut self, key: &RowKey) {
        self.keys.insert(key.clone());
    }

    /// An item gives up its place.
    pub(crate) fn take(&mut self, key: &RowKey) {
        self.keys.remove(key);
        self.taken.insert(key.clone());
    }
}

/// The linked items in the order that is stored, corrected by what is pending. What no order knows
/// comes in the order of the keys, before what was appended, and after a whole order.
pub(crate) fn arrange(
    stored: &[RowKey],
    pending: Option<&Arrangement>,
    linked: &[RowKey],
) -> Vec<RowKey> {
    let nothing = Arrangement::default();
    let pending = pending.unwrap_or(&nothing);
    let members: FxHashSet<&RowKey> = linked.iter().collect();
    let appended: FxHashSet<&RowKey> = pending.keys.as_slice().iter().collect();
    let stays = |key: &&RowKey| !pending.taken.contains(*key);
    let unknown = linked.iter().filter(|key| !appended.contains(*key));
    let kept = stored.iter().filter(stays).chain(unknown);
    let in_order: Vec<&RowKey> = if pending.is_whole {
        pending.keys.as_slice().iter().chain(kept).collect()
    } else {
        kept.chain(pending.keys.as_slice()).collect()
    };
    let mut seen = FxHashSet::default();
    let mut arranged = Vec::with_capacity(linked.len());
    for key in in_order {
        if members.contains(key) && seen.insert(key) {
            arranged.push(key.clone());
        }
    }
    debug_assert_eq!(arranged.len(), members.len());
    arranged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(numbers: &[u64]) -> Vec<RowKey> {
        numbers.iter().copied().map(RowKey::Integer).collect()
    }

    #[test]
    fn what_is_stored_comes_first_then_the_unknown_by_key_then_what_was_appended() {
        let mut pending = Arrangement::default();
        pending.append(&RowKey::Integer(5));
        pending.append(&RowKey::Integer(4));
        let arranged = arrange(
            &keys(&[9, 3, 8]),
            Some(&pending),
            &keys(&[1, 2, 3, 4, 5, 9]),
        );
        assert_eq!(arranged, keys(&[9, 3, 1, 2, 5, 4]));
    }

    #[test]
    fn adding_what_is_there_does_not_move_it_and_adding_it_anew_does() {
        let mut pending = Arrangement::default();
        pending.append(&RowKey::Integer(1));
        assert_eq!(
            arrange(&keys(&[1, 2]), Some(&pending), &keys(&[1, 2])),
            keys(&[1, 2])
        );
        pending.take(&RowKey::Integer(1));
        pending.append(&RowKey::Integer(1));
        assert_eq!(
            arrange(&keys(&[1, 2]), Some(&pending), &keys(&[1, 2])),
            keys(&[2, 1])
        );
    }

    #[test]
    fn after_a_whole_order_comes_what_others_have_added() {
        let pending = Arrangement::whole(keys(&[3, 1]));
        let arranged = arrange(
            &keys(&[1, 3, 7, 6]),
            Some(&pending),
            &keys(&[1, 3, 5, 6, 7]),
        );
        assert_eq!(arranged, keys(&[3, 1, 7, 6, 5]));
    }
}
