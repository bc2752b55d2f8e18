//! A set in the order of insertion, with quick membership and removal once long.
//!
//! What is taken out of a long list leaves a gap, so that nothing behind it moves, and gaps are closed
//! when half of the list is gaps. Who asks for the items as a slice meanwhile gets a copy without gaps,
//! which is kept until the next change.
//!
//! Invariant: an item stands where `index` says; what stands elsewhere is a gap.

use std::hash::Hash;
use std::sync::OnceLock;

use rustc_hash::FxHashMap;

/// Up to this length a walk over the list beats a hash table.
const WALKED: usize = 16;

/// Items in order, each once.
pub(crate) struct OrderedSet<V> {
    /// With gaps, once there is an index.
    items: Vec<V>,
    /// Made when the list grows past [`WALKED`], and then kept.
    index: Option<Box<Index<V>>>,
}

struct Index<V> {
    /// Where each item stands.
    places: FxHashMap<V, usize>,
    /// The items without gaps, where there are gaps and somebody has asked.
    dense: OnceLock<Vec<V>>,
}

impl<V> OrderedSet<V> {
    pub(crate) const fn new() -> Self {
        Self {
            items: Vec::new(),
            index: None,
        }
    }

    pub(crate) fn len(&self) -> usize {
        let index = self.index.as_ref();
        index.map_or(self.items.len(), |index| index.places.len())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether [`as_slice`](Self::as_slice) has to make a copy.
    pub(crate) fn has_gaps(&self) -> bool {
        self.len() < self.items.len()
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::new();
    }
}

impl<V: Clone + Eq + Hash> OrderedSet<V> {
    pub(crate) fn as_slice(&self) -> &[V] {
        match &self.index {
            Some(index) if index.places.len() < self.items.len() => {
                index.dense.get_or_init(|| index.present(&self.items))
            }
            _ => &self.items,
        }
    }

    pub(crate) fn contains(&self, item: &V) -> bool {
        match &self.index {
            Some(index) => index.places.contains_key(item),
            None => self.items.contains(item),
        }
    }

    /// Appends, unless it is there. Says whether it was appended.
    pub(crate) fn insert(&mut self, item: V) -> bool {
        if self.contains(&item) {
            return false;
        }
        if let Some(index) = &mut self.index {
            index.dense.take();
            index.places.insert(item.clone(), self.items.len());
        }
        self.items.push(item);
        if self.index.is_none() && self.items.len() > WALKED {
            self.index = Some(Box::new(Index::of(&self.items)));
        }
        self.assert_invariant();
        true
    }

    /// Takes out, keeping the order of the rest. Says whether it was there.
    pub(crate) fn remove(&mut self, item: &V) -> bool {
        let Some(index) = &mut self.index else {
            let at = self.items.iter().position(|other| other == item);
            return at.map(|at| self.items.remove(at)).is_some();
        };
        if index.places.remove(item).is_none() {
            return false;
        }
        index.dense.take();
        if index.places.len() <= self.items.len() / 2 {
            self.close_gaps();
        }
        self.assert_invariant();
        true
    }

    /// Makes the list what [`as_slice`](Self::as_slice) shows.
    pub(crate) fn close_gaps(&mut self) {
        let Some(index) = &mut self.index else { return };
        if index.places.len() < self.items.len() {
            let dense = index.dense.take();
            self.items = dense.unwrap_or_else(|| index.present(&self.items));
            **index = Index::of(&self.items);
        }
    }

    fn assert_invariant(&self) {
        debug_assert!(self.index.is_some() || self.items.len() <= WALKED);
        debug_assert!(self.len() <= self.items.len());
    }
}

impl<V: Clone + Eq + Hash> Index<V> {
    /// Of a list without gaps.
    fn of(items: &[V]) -> Self {
        Self {
            places: items.iter().cloned().zip(0..).collect(),
            dense: OnceLock::new(),
        }
    }

    /// The items that are no gaps.
    fn present(&self, items: &[V]) -> Vec<V> {
        let is_present = |(at, item): &(usize, &V)| self.places.get(*item) == Some(at);
        let present = items.iter().enumerate().filter(is_present);
        present.map(|(_, item)| item.clone()).collect()
    }
}

impl<V: Clone + Eq + Hash> FromIterator<V> for OrderedSet<V> {
    fn from_iter<I: IntoIterator<Item = V>>(items: I) -> Self {
        let mut list = Self::new();
        for item in items {
            list.insert(item);
        }
        list
    }
}

impl<V: Clone + Eq + Hash> Clone for OrderedSet<V> {
    fn clone(&self) -> Self {
        let items = self.as_slice().to_vec();
        let index = self.index.is_some().then(|| Box::new(Index::of(&items)));
        Self { items, index }
    }
}

impl<V> Default for OrderedSet<V> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against a plain list: steps that are odd insert, the others remove.
        #[test]
        fn it_is_a_list_without_duplicates(steps in vec((any::<bool>(), any::<bool>(), 0..60_u8), 0..300)) {
            let (mut set, mut model) = (OrderedSet::new(), Vec::new());
            for (insert, look, item) in steps {
                let known = model.contains(&item);
                if insert {
                    prop_assert_eq!(set.insert(item), !known);
                    if !known {
                        model.push(item);
                    }
                } else {
                    prop_assert_eq!(set.remove(&item), known);
                    model.retain(|other| *other != item);
                }
                prop_assert_eq!(set.len(), model.len());
                prop_assert_eq!(set.contains(&item), insert);
                if look {
                    prop_assert_eq!(set.as_slice(), model.as_slice());
                }
            }
            prop_assert_eq!(set.as_slice(), &model[..]);
            set.close_gaps();
            prop_assert_eq!(set.as_slice(), model.as_slice());
        }
    }
}
