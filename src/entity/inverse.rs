//! The inverse side of a one-to-one relation.

use std::any::Any;
use std::fmt;

use super::{AnyCollection, Binding, Entity, Id, Membership, Origin};
use crate::codec::RowKey;
use crate::error::Result;

/// The entity whose one-to-one reference points here, if any.
///
/// Like a [`Collection`](super::Collection) it is not stored with its owner, so it is not
/// initialized until a populate hint loads it, and it is changed through `em.edit(owner)`.
pub struct Inverse<T: Entity> {
    item: Option<Id<T>>,
    binding: Binding,
}

impl<T: Entity> Inverse<T> {
    /// No entity, for constructors.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            item: None,
            binding: Binding::detached(),
        }
    }

    #[doc(hidden)]
    #[must_use]
    pub const fn not_loaded(origin: Origin) -> Self {
        Self {
            item: None,
            binding: Binding::not_loaded(origin),
        }
    }

    /// Whether it is known who refers here. So it is for a new entity.
    #[must_use]
    pub fn is_initialized(&self) -> bool {
        self.binding.is_initialized()
    }

    /// Whether a change of the relation is not flushed yet.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        self.binding.is_dirty()
    }

    /// The entity that refers here.
    ///
    /// # Panics
    /// If it is not initialized; [`Inverse::try_get`] is the checked way.
    #[track_caller]
    pub fn get(&self) -> Option<Id<T>> {
        self.try_get().unwrap_or_else(|error| panic!("{error}"))
    }

    /// What is in memory, initialized or not.
    pub(crate) const fn as_id(&self) -> Option<&Id<T>> {
        self.item.as_ref()
    }

    /// The entity that refers here.
    ///
    /// # Errors
    /// [`NotLoaded`](crate::Error::NotLoaded) if it is not initialized.
    pub fn try_get(&self) -> Result<Option<Id<T>>> {
        self.binding.check_initialized()?;
        Ok(self.item.clone())
    }
}

impl<T: Entity> Default for Inverse<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// As with a [`Collection`](super::Collection), a copy belongs to no managed entity.
impl<T: Entity> Clone for Inverse<T> {
    fn clone(&self) -> Self {
        Self {
            item: self.item.clone(),
            binding: self.binding.of_copy(),
        }
    }
}

impl<T: Entity> From<Id<T>> for Inverse<T> {
    fn from(id: Id<T>) -> Self {
        Self {
            item: Some(id),
            ..Self::new()
        }
    }
}

impl<T: Entity> fmt::Debug for Inverse<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.binding.membership() {
            Membership::NotInitialized => f.write_str("<not loaded>"),
            Membership::Detached
            | Membership::Partial
            | Membership::Filtered
            | Membership::Initialized => self.item.fmt(f),
        }
    }
}

impl<T: Entity> AnyCollection for Inverse<T> {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn is_single(&self) -> bool {
        true
    }

    fn binding(&self) -> &Binding {
        &self.binding
    }

    fn binding_mut(&mut self) -> &mut Binding {
        &mut self.binding
    }

    fn keys(&self) -> Vec<RowKey> {
        self.item.iter().map(Id::row_key).collect()
    }

    fn count(&self) -> usize {
        usize::from(self.item.is_some())
    }

    fn holds(&self, key: &RowKey) -> bool {
        self.item.as_ref().is_some_and(|id| id.row_key() == *key)
    }

    /// There is room for one: the newcomer takes the place.
    fn put(&mut self, key: &RowKey) -> bool {
        let changed = !self.holds(key);
        self.item = Some(Id::from_own(key));
        changed
    }

    fn take(&mut self, key: &RowKey) -> bool {
        let held = self.holds(key);
        if held {
            self.item = None;
        }
        held
    }

    fn bind(
        &mut self,
        owner: &RowKey,
        origin: Origin,
        state: Membership,
        items: &mut dyn Iterator<Item = RowKey>,
    ) {
        self.binding.bind(owner, origin, state);
        self.item = items.last().map(|key| Id::from_own(&key));
    }
}
