//! The property at the "many" end of a relation.
//!
//! A collection is a *projection*: it shows what the unit of work knows of the relation. Links are
//! changed through `em.edit(owner)`, which keeps both ends of the relation equal.

use std::any::Any;
use std::fmt;
use std::ops::Index;
use std::slice;

use super::list::OrderedSet;
use super::{Binding, Entity, Id, Membership, Origin};
use crate::codec::RowKey;
use crate::error::Result;

/// The entities at the "many" end of a relation, as ids in order, each once.
///
/// A collection of an entity that was found is *not initialized* until a populate hint, or
/// `em.edit(owner).items().init()`, loads it. Reading it before is an error that names the hint,
/// never an empty result; only [`indexing`](Index) reads what is in memory without that check.
pub struct Collection<T: Entity> {
    items: OrderedSet<Id<T>>,
    binding: Binding,
}

impl<T: Entity> Collection<T> {
    /// An empty collection, for constructors.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            items: OrderedSet::new(),
            binding: Binding::detached(),
        }
    }

    #[doc(hidden)]
    #[must_use]
    pub const fn not_loaded(origin: Origin) -> Self {
        Self {
            items: OrderedSet::new(),
            binding: Binding::not_loaded(origin),
        }
    }

    /// Whether the items are in memory: all of them, or, if it [is partial](Self::is_partial), those
    /// that were chosen. So it is for a new entity.
    #[must_use]
    pub fn is_initialized(&self) -> bool {
        self.binding.is_initialized()
    }

    /// Whether a populate hint has chosen among the items, with a filter, an offset or a limit. Reading
    /// shows what was chosen, corrected by what was added and taken out since. Items can be added and
    /// removed by id as with a collection that is not initialized; but the collection can't be replaced
    /// as a whole, since that would remove what it does not show. `em.edit(owner).items().init()`, or
    /// populating it again without a choice, loads all of it.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.binding.is_partial()
    }

    /// Whether links were added or removed that are not flushed yet.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        self.binding.is_dirty()
    }

    /// As [`try_iter`](Self::try_iter), unless only a part of the items is here.
    pub(crate) fn try_iter_whole(&self) -> Result<slice::Iter<'_, Id<T>>> {
        self.binding.check_whole()?;
        self.try_iter()
    }

    /// The items, in order.
    ///
    /// # Panics
    /// If the collection is not initialized; [`Collection::try_iter`] is the checked way.
    #[track_caller]
    pub fn iter(&self) -> slice::Iter<'_, Id<T>> {
        self.try_iter().unwrap_or_else(|error| panic!("{error}"))
    }

    /// The items, in order.
    ///
    /// # Errors
    /// [`NotLoaded`](crate::Error::NotLoaded) if the collection is not initialized.
    pub fn try_iter(&self) -> Result<slice::Iter<'_, Id<T>>> {
        self.binding.check_initialized()?;
        Ok(self.items.as_slice().iter())
    }

    /// The items as a list of their own, so that the entities can be changed while walking it.
    ///
    /// # Panics
    /// If the collection is not initialized.
    #[must_use]
    #[track_caller]
    pub fn ids(&self) -> Vec<Id<T>> {
        self.iter().cloned().collect()
    }

    /// What is in memory, initialized or not.
    #[must_use]
    pub fn ids_unchecked(&self) -> &[Id<T>] {
        self.items.as_slice()
    }

    /// The number of items.
    ///
    /// # Panics
    /// If the collection is not initialized; `em.edit(owner).items().load_count()` asks the
    /// database without loading them.
    #[must_use]
    #[track_caller]
    pub fn len(&self) -> usize {
        self.check_initialized();
        self.items.len()
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
        self.check_initialized();
        self.items.contains(id.key())
    }

    #[track_caller]
    fn check_initialized(&self) {
        let checked = self.binding.check_initialized();
        checked.unwrap_or_else(|error| panic!("{error}"));
    }
}

impl<T: Entity> Default for Collection<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// A copy belongs to no managed entity: where it is assigned, or persisted with a copy of its owner,
/// its items are what shall be. The copy of a collection that is not initialized,
/// or is partial, is likewise.
impl<T: Entity> Clone for Collection<T> {
    fn clone(&self) -> Self {
        Self {
            items: self.items.clone(),
            binding: self.binding.of_copy(),
        }
    }
}

impl<T: Entity> FromIterator<Id<T>> for Collection<T> {
    fn from_iter<I: IntoIterator<Item = Id<T>>>(ids: I) -> Self {
        Self {
            items: ids.into_iter().collect(),
            ..Self::new()
        }
    }
}

/// Reads what is in memory, without asking whether the collection is initialized.
impl<T: Entity> Index<usize> for Collection<T> {
    type Output = Id<T>;

    #[track_caller]
    fn index(&self, index: usize) -> &Id<T> {
        let items = self.items.as_slice();
        items.get(index).unwrap_or_else(|| {
            panic!(
                "Collection<{}> holds {} items in memory, there is none at {index}",
                T::NAME,
                items.len()
            )
        })
    }
}

impl<'a, T: Entity> IntoIterator for &'a Collection<T> {
    type Item = &'a Id<T>;
    type IntoIter = slice::Iter<'a, Id<T>>;

    #[track_caller]
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T: Entity> fmt::Debug for Collection<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Collection<{}> ", T::NAME)?;
        let mut fields = f.debug_map();
        for (position, id) in self.items.as_slice().iter().enumerate() {
            fields.entry(&position, id);
        }
        fields.entry(&format_args!("initialized"), &self.is_initialized());
        if self.is_partial() {
            fields.entry(&format_args!("partial"), &true);
        }
        fields
            .entry(&format_args!("dirty"), &self.binding.is_dirty())
            .finish()
    }
}

/// A collection, or an inverse to-one property, with the type of its items erased.
pub trait AnyCollection: Any {
    /// The collection with its type.
    fn as_any(&self) -> &dyn Any;
    /// Whether there is room for one item only.
    fn is_single(&self) -> bool;
    /// Whose it is, and how much of it is in memory.
    fn binding(&self) -> &Binding;
    /// Whose it is, and how much of it is in memory.
    fn binding_mut(&mut self) -> &mut Binding;
    /// The items in memory.
    fn keys(&self) -> Vec<RowKey>;
    /// The number of items in memory.
    fn count(&self) -> usize;
    /// Whether the item is in memory.
    fn holds(&self, key: &RowKey) -> bool;
    /// Puts an item in memory. Says whether that changed anything.
    fn put(&mut self, key: &RowKey) -> bool;
    /// Takes an item out of memory. Says whether that changed anything.
    fn take(&mut self, key: &RowKey) -> bool;
    /// Becomes the collection of a managed entity, in the given state, holding the given items.
    fn bind(
        &mut self,
        owner: &RowKey,
        origin: Origin,
        state: Membership,
        items: &mut dyn Iterator<Item = RowKey>,
    );

    /// How much is in memory.
    fn membership(&self) -> Membership {
        self.binding().membership()
    }

    /// Whether links are pending.
    fn dirty(&self) -> bool {
        self.binding().is_dirty()
    }

    /// Marks links as pending, or as flushed.
    fn set_dirty(&mut self, dirty: bool) {
        self.binding_mut().set_dirty(dirty);
    }

    /// Whose it is, once that is known. A program can move a collection to another entity.
    fn owner(&self) -> Option<&RowKey> {
        self.binding().owner()
    }

    /// Which property it is, once that is known. A program can move a collection to another one.
    fn origin(&self) -> Option<Origin> {
        self.binding().origin()
    }
}

impl<T: Entity> AnyCollection for Collection<T> {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn is_single(&self) -> bool {
        false
    }

    fn binding(&self) -> &Binding {
        &self.binding
    }

    fn binding_mut(&mut self) -> &mut Binding {
        &mut self.binding
    }

    fn keys(&self) -> Vec<RowKey> {
        let items = self.items.as_slice();
        // A loop: an iterator that collects is several functions more for each entity of a program.
        let mut keys = Vec::with_capacity(items.len());
        for id in items {
            keys.push(id.row_key());
        }
        keys
    }

    fn count(&self) -> usize {
        self.items.len()
    }

    fn holds(&self, key: &RowKey) -> bool {
        self.items.contains(Id::<T>::from_own(key).key())
    }

    fn put(&mut self, key: &RowKey) -> bool {
        self.items.insert(Id::from_own(key))
    }

    fn take(&mut self, key: &RowKey) -> bool {
        self.items.remove(Id::<T>::from_own(key).key())
    }

    fn bind(
        &mut self,
        owner: &RowKey,
        origin: Origin,
        state: Membership,
        items: &mut dyn Iterator<Item = RowKey>,
    ) {
        self.binding.bind(owner, origin, state);
        self.items.clear();
        for key in items {
            self.items.insert(Id::from_own(&key));
        }
    }
}
