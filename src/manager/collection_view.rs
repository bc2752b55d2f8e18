//! Reading a collection together with its items.

use std::fmt;
use std::marker::PhantomData;
use std::slice;

use super::{EntityManager, Managed, View, debug};
use crate::entity::{Collection, Id, List, Origin, Unchecked};
use crate::error::Result;

/// A collection, with its items as views.
///
/// Iterating it checks that it is initialized; [`get`](Self::get) and
/// [`get_items_unchecked`](Self::get_items_unchecked) read what is in memory without asking.
pub struct CollectionView<'em, T: Managed, L = Unchecked> {
    em: &'em EntityManager,
    items: &'em Collection<T>,
    origin: Origin,
    owner: String,
    populated: PhantomData<fn() -> L>,
}

impl<'em, T: Managed, L> CollectionView<'em, T, L> {
    pub(super) const fn new(
        em: &'em EntityManager,
        items: &'em Collection<T>,
        origin: Origin,
        owner: String,
    ) -> Self {
        Self {
            em,
            items,
            origin,
            owner,
            populated: PhantomData,
        }
    }
}

impl<'em, T: Managed, L: List> CollectionView<'em, T, L> {
    /// Whether the items are in memory: see [`Collection::is_initialized`].
    #[must_use]
    pub fn is_initialized(&self) -> bool {
        self.items.is_initialized()
    }

    /// Whether a populate hint has chosen among the items: see [`Collection::is_partial`].
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.items.is_partial()
    }

    /// Whether links were added or removed that are not flushed yet.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        self.items.is_dirty()
    }

    /// The items.
    ///
    /// # Panics
    /// If the collection is not initialized; [`get_items`](Self::get_items) is the checked way.
    #[must_use]
    #[track_caller]
    pub fn iter(&self) -> CollectionIter<'em, T, L> {
        if let Err(error) = self.check() {
            panic!("{error}");
        }
        CollectionIter {
            em: self.em,
            items: self.items.ids_unchecked().iter(),
            populated: PhantomData,
        }
    }

    /// The items.
    ///
    /// # Errors
    /// [`NotLoaded`](crate::Error::NotLoaded) if the collection is not initialized.
    pub fn get_items(&self) -> Result<Vec<T::View<'em, L>>> {
        self.check()?;
        Ok(self.get_items_unchecked())
    }

    /// What is in memory, whether the collection is initialized or not.
    #[must_use]
    pub fn get_items_unchecked(&self) -> Vec<T::View<'em, L>> {
        CollectionIter {
            em: self.em,
            items: self.items.ids_unchecked().iter(),
            populated: PhantomData,
        }
        .collect()
    }

    /// The item at a position among what is in memory, whether the collection is initialized or not.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<T::View<'em, L>> {
        self.items
            .ids_unchecked()
            .get(index)
            .map(|id| View::of(self.em, id).into())
    }

    /// The items as plain copies: changing them changes no entity.
    ///
    /// # Errors
    /// [`NotLoaded`](crate::Error::NotLoaded) if the collection, or an item, is not initialized.
    pub fn to_vec(&self) -> Result<Vec<T>>
    where
        T: Clone,
    {
        self.check()?;
        self.items
            .ids_unchecked()
            .iter()
            .map(|id| self.em.try_get(id.clone()).cloned())
            .collect()
    }

    /// The number of items.
    ///
    /// # Panics
    /// If the collection is not initialized.
    #[must_use]
    #[track_caller]
    pub fn len(&self) -> usize {
        self.iter().len()
    }

    /// Whether there are no items.
    ///
    /// # Panics
    /// If the collection is not initialized.
    #[must_use]
    #[track_caller]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the entity is among the items.
    ///
    /// # Panics
    /// If the collection is not initialized.
    #[must_use]
    #[track_caller]
    pub fn contains(&self, id: &Id<T>) -> bool {
        let _checked = self.iter();
        self.items.contains(id)
    }

    fn check(&self) -> Result<()> {
        if self.items.is_initialized() {
            Ok(())
        } else {
            Err(self.origin.not_loaded(Some(&self.owner)))
        }
    }
}

impl<'em, T: Managed, L: List> IntoIterator for CollectionView<'em, T, L> {
    type Item = T::View<'em, L>;
    type IntoIter = CollectionIter<'em, T, L>;

    #[track_caller]
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'em, T: Managed, L: List> IntoIterator for &CollectionView<'em, T, L> {
    type Item = T::View<'em, L>;
    type IntoIter = CollectionIter<'em, T, L>;

    #[track_caller]
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Prints as the collection does within its owner.
impl<T: Managed, L> fmt::Debug for CollectionView<'_, T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug::fmt_items(self.em, self.em.entity_index::<T>(), self.items, f)
    }
}

/// The items of a collection, as views.
pub struct CollectionIter<'em, T: Managed, L = Unchecked> {
    em: &'em EntityManager,
    items: slice::Iter<'em, Id<T>>,
    populated: PhantomData<fn() -> L>,
}

impl<'em, T: Managed, L: List> Iterator for CollectionIter<'em, T, L> {
    type Item = T::View<'em, L>;

    fn next(&mut self) -> Option<Self::Item> {
        self.items.next().map(|id| View::of(self.em, id).into())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.items.size_hint()
    }
}

impl<T: Managed, L: List> DoubleEndedIterator for CollectionIter<'_, T, L> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.items
            .next_back()
            .map(|id| View::of(self.em, id).into())
    }
}

impl<T: Managed, L: List> ExactSizeIterator for CollectionIter<'_, T, L> {}
