//! What a collection, or an inverse to-one property, knows of the entity it belongs to.

use super::Origin;
use crate::codec::RowKey;
use crate::error::Result;

/// How much of a collection is in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership {
    /// Built by the program, and not of a managed entity yet: what it holds is what shall be.
    Detached,
    /// Of a managed entity; holds at most what this unit of work added.
    NotInitialized,
    /// Of a managed entity; holds what a populate hint has chosen with a filter, an offset or a limit.
    Partial,
    /// Of a managed entity; holds what the named filters let through, as if there were nothing else.
    Filtered,
    /// Of a managed entity; holds everything.
    Initialized,
}

/// Whose property it is, and how much of it is in memory.
#[derive(Clone)]
pub struct Binding {
    membership: Membership,
    dirty: bool,
    origin: Option<Origin>,
    /// Whose it is, once that is known.
    owner: Option<RowKey>,
}

impl Binding {
    /// Of no managed entity.
    pub(super) const fn detached() -> Self {
        Self {
            membership: Membership::Detached,
            dirty: false,
            origin: None,
            owner: None,
        }
    }

    /// Of an entity that was found.
    pub(super) const fn not_loaded(origin: Origin) -> Self {
        Self {
            membership: Membership::NotInitialized,
            dirty: false,
            origin: Some(origin),
            owner: None,
        }
    }

    pub(super) const fn membership(&self) -> Membership {
        self.membership
    }

    pub(super) fn is_initialized(&self) -> bool {
        self.membership != Membership::NotInitialized
    }

    /// An error that names the populate hint, if it is not initialized.
    pub(super) fn check_initialized(&self) -> Result<()> {
        match (self.membership, self.origin) {
            (Membership::NotInitialized, Some(origin)) => Err(origin.not_loaded(None)),
            _ => Ok(()),
        }
    }

    pub(super) fn is_partial(&self) -> bool {
        self.membership == Membership::Partial
    }

    /// An error that says how to load it as a whole, if only a part was chosen.
    pub(super) fn check_whole(&self) -> Result<()> {
        match (self.membership, self.origin) {
            (Membership::Partial, Some(origin)) => Err(origin.partial()),
            _ => self.check_initialized(),
        }
    }

    /// Whether links are pending.
    pub(super) const fn is_dirty(&self) -> bool {
        self.dirty
    }

    pub(super) const fn set_dirty(&mut self, dirty: bool) {
        self.dirty = dirty;
    }

    pub(super) const fn owner(&self) -> Option<&RowKey> {
        self.owner.as_ref()
    }

    /// Which property of which entity it is, once that is known.
    pub(super) const fn origin(&self) -> Option<Origin> {
        self.origin
    }

    /// Becomes that of a managed entity. What is pending stays pending.
    pub(super) fn bind(&mut self, owner: &RowKey, origin: Origin, membership: Membership) {
        self.owner = Some(owner.clone());
        self.origin = Some(origin);
        self.membership = membership;
    }

    /// A copy belongs to no managed entity: where it is assigned, or persisted with a copy of its
    /// owner, its items are what shall be. The copy of one that is not initialized,
    /// or holds a part, is likewise.
    pub(super) fn of_copy(&self) -> Self {
        match self.membership {
            Membership::NotInitialized | Membership::Partial => self.clone(),
            Membership::Filtered | Membership::Initialized | Membership::Detached => {
                Self::detached()
            }
        }
    }
}
