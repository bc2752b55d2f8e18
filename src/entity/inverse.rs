//! The inverse side of a one-to-one relation.

use std::any::Any;
use std::fmt;

use super::{AnyCollection, Entity, Id, Membership, Origin};
use crate::codec::RowKey;
use crate::error::Result;

/// The entity whose one-to-one reference points here, if any.
///
/// Like a [`Collection`](super::Collection) it is not stored with its owner, so it is not
/// initialized until a populate hint loads it, and it is changed through `em.edit(owner)`.
pub struct Inverse<T: Entity> {
    item: Option<Id<T>>,
    state: Membership,
    dirty: bool,
    origin: Option<Origin>,
    /// Whose it is, once that is known.
    owner: Option<RowKey>,
}

impl<T: Entity> Inverse<T> {
    /// No entity, for constructors.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            item: None,
            state: Membership::Detached,
            dirty: false,
            origin: None,
            owner: None,
        }
    }

    #[doc(hidden)]
    #[must_use]
    pub const fn not_loaded(origin: Origin) -> Self {
        Self {
            item: None,
            state: Membership::NotInitialized,
            dirty: false,
            origin: Some(origin),
            owner: None,
        }
    }

    /// Whether it is known who refers here. So it is for a new entity.
    #[must_use]
    pub fn is_initialized(&self) -> bool {
        self.state != Membership::NotInitialized
    }

    /// Whether a change of the relation is not flushed yet.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        self.dirty
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
        match (self.state, self.origin) {
            (Membership::NotInitialized, Some(origin)) => Err(origin.not_loaded(None)),
            _ => Ok(self.item.clone()),
        }
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
        match self.state {
            Membership::NotInitialized => Self {
                item: self.item.clone(),
                owner: self.owner.clone(),
                ..*self
            },
            Membership::Initialized | Membership::Detached => Self {
                item: self.item.clone(),
                ..Self::new()
            },
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
        match self.state {
            Membership::NotInitialized => f.write_str("<not loaded>"),
            Membership::Detached | Membership::Initialized => self.item.fmt(f),
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

    fn membership(&self) -> Membership {
        self.state
    }

    fn dirty(&self) -> bool {
        self.dirty
    }

    fn set_dirty(&mut self, dirty: bool) {
        self.dirty = dirty;
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

    fn owner(&self) -> Option<&RowKey> {
        self.owner.as_ref()
    }

    fn bind(
        &mut self,
        owner: &RowKey,
        origin: Origin,
        state: Membership,
        items: &mut dyn Iterator<Item = RowKey>,
    ) {
        self.owner = Some(owner.clone());
        self.item = items.last().map(|key| Id::from_own(&key));
        self.state = state;
        self.origin = Some(origin);
    }
}
