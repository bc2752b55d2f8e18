//! The items of a collection: a list in order without duplicates, with quick membership once long.

use rustc_hash::FxHashSet;

use super::{Entity, Id};

/// Up to this length a walk over the list beats a hash table.
const WALKED: usize = 16;

/// Ids in order, each once. `index` is built when the list grows past [`WALKED`], and then kept
/// equal to it.
pub(super) struct IdList<T: Entity> {
    items: Vec<Id<T>>,
    index: Option<Box<FxHashSet<Id<T>>>>,
}

impl<T: Entity> IdList<T> {
    pub(super) const fn new() -> Self {
        Self {
            items: Vec::new(),
            index: None,
        }
    }

    pub(super) fn as_slice(&self) -> &[Id<T>] {
        &self.items
    }

    pub(super) fn contains(&self, id: &Id<T>) -> bool {
        match &self.index {
            Some(index) => index.contains(id),
            None => self.items.contains(id),
        }
    }

    /// Appends, unless it is there. Says whether it was appended.
    pub(super) fn insert(&mut self, id: Id<T>) -> bool {
        if self.contains(&id) {
            return false;
        }
        if let Some(index) = &mut self.index {
            index.insert(id.clone());
        } else if self.items.len() == WALKED {
            self.index = Some(Box::new(self.items.iter().chain([&id]).cloned().collect()));
        }
        self.items.push(id);
        self.assert_invariant();
        true
    }

    /// Takes out, keeping the order of the rest. Says whether it was there.
    pub(super) fn remove(&mut self, id: &Id<T>) -> bool {
        if self.index.as_mut().is_some_and(|index| !index.remove(id)) {
            return false;
        }
        let Some(at) = self.items.iter().position(|item| item == id) else {
            return false;
        };
        self.items.remove(at);
        self.assert_invariant();
        true
    }

    pub(super) fn clear(&mut self) {
        *self = Self::new();
    }

    fn assert_invariant(&self) {
        debug_assert!(
            self.index
                .as_ref()
                .is_none_or(|index| index.len() == self.items.len())
        );
        debug_assert!(self.index.is_some() || self.items.len() <= WALKED);
    }
}

impl<T: Entity> FromIterator<Id<T>> for IdList<T> {
    fn from_iter<I: IntoIterator<Item = Id<T>>>(ids: I) -> Self {
        let mut list = Self::new();
        for id in ids {
            list.insert(id);
        }
        list
    }
}

impl<T: Entity> Clone for IdList<T> {
    fn clone(&self) -> Self {
        Self {
            items: self.items.clone(),
            index: self.index.clone(),
        }
    }
}
