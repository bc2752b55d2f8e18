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

/// What a set holds, with the key by which it is known.
///
/// The index is made of keys, and not of items, so that its code is compiled once for each type of
/// key, and not for each entity of a program.
pub(crate) trait Item: Clone {
    type Key: Clone + Eq + Hash;

    fn key(&self) -> &Self::Key;
}

/// Items in order, each once.
pub(crate) struct OrderedSet<V: Item> {
    /// With gaps, once there is an index.
    items: Vec<V>,
    /// Made when the list grows past [`WALKED`], and then kept.
    index: Option<Box<Index<V>>>,
}

struct Index<V: Item> {
    /// Where each item stands.
    places: FxHashMap<V::Key, usize>,
    /// The items without gaps, where there are gaps and somebody has asked.
    dense: OnceLock<Vec<V>>,
}

impl<V: Item> OrderedSet<V> {
    pub(crate) const fn new() -> Self {
        Self {
            items: Vec::new(),
            index: None,
        }
    }

    pub(crate) fn len(&self) -> usize {
        match &self.index {
            Some(index) => index.places.len(),
            None => self.items.len(),
        }
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

    pub(crate) fn as_slice(&self) -> &[V] {
        match &self.index {
            Some(index) if index.places.len() < self.items.len() => {
                index.dense.get_or_init(|| index.present(&self.items))
            }
            _ => &self.items,
        }
    }

    pub(crate) fn contains(&self, key: &V::Key) -> bool {
        match &self.index {
            Some(index) => index.places.contains_key(key),
            None => self.walk_to(key).is_some(),
        }
    }

    /// Appends, unless it is there. Says whether it was appended.
    pub(crate) fn insert(&mut self, item: V) -> bool {
        if self.contains(item.key()) {
            return false;
        }
        if let Some(index) = &mut self.index {
            index.dense.take();
            index.places.insert(item.key().clone(), self.items.len());
        }
        self.items.push(item);
        if self.index.is_none() && self.items.len() > WALKED {
            self.index = Some(Box::new(Index::of(&self.items)));
        }
        self.assert_invariant();
        true
    }

    /// Takes out, keeping the order of the rest. Says whether it was there.
    pub(crate) fn remove(&mut self, key: &V::Key) -> bool {
        let Some(index) = &mut self.index else {
            let place = self.walk_to(key);
            if let Some(place) = place {
                self.items.remove(place);
            }
            return place.is_some();
        };
        if index.places.remove(key).is_none() {
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
            self.items = match index.dense.take() {
                Some(dense) => dense,
                None => index.present(&self.items),
            };
            **index = Index::of(&self.items);
        }
    }

    /// Where the item stands in a list without an index.
    fn walk_to(&self, key: &V::Key) -> Option<usize> {
        self.items.iter().position(|item| item.key() == key)
    }

    fn assert_invariant(&self) {
        debug_assert!(self.index.is_some() || self.items.len() <= WALKED);
        debug_assert!(self.len() <= self.items.len());
    }
}

impl<V: Item> Index<V> {
    /// Of a list without gaps.
    fn of(items: &[V]) -> Self {
        let mut places = FxHashMap::default();
        places.reserve(items.len());
        for item in items {
            places.insert(item.key().clone(), places.len());
        }
        Self {
            places,
            dense: OnceLock::new(),
        }
    }

    /// The items that are no gaps.
    fn present(&self, items: &[V]) -> Vec<V> {
        let mut present = Vec::with_capacity(self.places.len());
        for (place, item) in items.iter().enumerate() {
            if self.places.get(item.key()) == Some(&place) {
                present.push(item.clone());
            }
        }
        present
    }
}

impl<V: Item> FromIterator<V> for OrderedSet<V> {
    fn from_iter<I: IntoIterator<Item = V>>(items: I) -> Self {
        let mut list = Self::new();
        for item in items {
            list.insert(item);
        }
        list
    }
}

impl<V: Item> Clone for OrderedSet<V> {
    fn clone(&self) -> Self {
        let items = self.as_slice().to_vec();
        let index = self.index.is_some().then(|| Box::new(Index::of(&items)));
        Self { items, index }
    }
}

impl<V: Item> Default for OrderedSet<V> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    impl Item for u8 {
        type Key = Self;

        fn key(&self) -> &Self {
            self
        }
    }

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
