//! One managed instance: where it is in its life, its properties, and the row it was made of.

use crate::codec::RowKey;
use crate::codec::record::Record;
use crate::entity::AnyEntity;
use crate::schema::FieldIndex;
use crate::storage::Bytes;

/// Where a managed instance is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    /// Not in the store yet; the next flush inserts it. `replaces`: a row of the same key is removed
    /// by the same flush.
    New { replaces: bool },
    /// In the store, as far as this unit of work knows.
    Managed,
    /// The next flush removes its row.
    Removed,
}

/// One managed instance.
pub(crate) struct Slot {
    pub(crate) key: RowKey,
    pub(crate) life: Life,
    /// Absent only while it is lent out, or when a row is removed that was never loaded.
    pub(crate) body: Option<Box<dyn AnyEntity>>,
    /// The row as it was read or written last. The snapshot that changes are measured against.
    pub(crate) row: Option<Bytes>,
    /// The stored values of the lazy properties that are loaded.
    pub(crate) lazies: Vec<(FieldIndex, Bytes)>,
    /// Others have written the row since it was read, and perhaps its lazy values. The next read of the
    /// row reads those anew that are loaded.
    pub(crate) has_stale_lazies: bool,
    /// What the to-one relations held when both ends last agreed. There while touched.
    linked: Option<Box<[Option<RowKey>]>>,
}

impl Slot {
    pub(crate) fn new(key: RowKey, body: Box<dyn AnyEntity>) -> Self {
        Self {
            key,
            life: Life::New { replaces: false },
            body: Some(body),
            row: None,
            lazies: Vec::new(),
            has_stale_lazies: false,
            linked: None,
        }
    }

    pub(crate) fn loaded(key: RowKey, body: Box<dyn AnyEntity>, row: Bytes) -> Self {
        Self {
            key,
            life: Life::Managed,
            body: Some(body),
            row: Some(row),
            lazies: Vec::new(),
            has_stale_lazies: false,
            linked: None,
        }
    }

    /// A row that shall be removed without having been loaded.
    pub(crate) fn removed_unseen(key: RowKey) -> Self {
        Self {
            key,
            life: Life::Removed,
            body: None,
            row: None,
            lazies: Vec::new(),
            has_stale_lazies: false,
            linked: None,
        }
    }

    #[inline]
    pub(crate) fn is_touched(&self) -> bool {
        self.linked.is_some()
    }

    pub(super) fn mark_touched(&mut self, linked: Box<[Option<RowKey>]>) {
        debug_assert!(self.linked.is_none());
        self.linked = Some(linked);
    }

    pub(super) fn mark_clean(&mut self) {
        self.linked = None;
    }

    pub(super) fn linked(&self) -> Option<&[Option<RowKey>]> {
        self.linked.as_deref()
    }

    /// Touched or not, as it once was.
    pub(super) fn set_linked(&mut self, linked: Option<Box<[Option<RowKey>]>>) {
        self.linked = linked;
    }

    /// What the to-one relations held when both ends last agreed, in the order of the schema's list.
    pub(super) fn linked_mut(&mut self) -> &mut [Option<RowKey>] {
        self.linked.as_deref_mut().expect("the instance is touched")
    }

    pub(crate) fn is_new(&self) -> bool {
        matches!(self.life, Life::New { .. })
    }

    pub(crate) fn is_removed(&self) -> bool {
        self.life == Life::Removed
    }

    /// The stored row, parsed. Its bytes were verified when they were read.
    pub(crate) fn record(&self) -> Option<Record<'_>> {
        self.row.as_deref().map(|row| {
            Record::parse_unverified(row).expect("the row was verified when it was read")
        })
    }

    pub(crate) fn lazy(&self, field: FieldIndex) -> Option<&Bytes> {
        self.lazies
            .iter()
            .find(|(at, _)| *at == field)
            .map(|(_, stored)| stored)
    }

    pub(crate) fn set_lazy(&mut self, field: FieldIndex, stored: Bytes) {
        match self.lazies.iter_mut().find(|(at, _)| *at == field) {
            Some((_, old)) => *old = stored,
            None => self.lazies.push((field, stored)),
        }
    }
}
