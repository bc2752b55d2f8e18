//! Life-cycle events, and what a hook is told.

use std::any::Any;
use std::cell::OnceCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::{Entity, Id};
use crate::codec::value::decode_value;
use crate::codec::{EntityKey, RowKey};
use crate::schema::{EntityIndex, FieldSet, Schema};

/// A moment in an entity's life that can have hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Event {
    /// The instance became managed: created, persisted or loaded.
    OnInit,
    /// The instance was loaded from its row.
    OnLoad,
    /// A flush is about to insert the row.
    BeforeCreate,
    /// The row was inserted, and the commit has succeeded.
    AfterCreate,
    /// A flush is about to update the row.
    BeforeUpdate,
    /// The row was updated, and the commit has succeeded.
    AfterUpdate,
    /// A flush is about to remove the row.
    BeforeDelete,
    /// The row was removed, and the commit has succeeded.
    AfterDelete,
}

impl Event {
    /// The name, as in `#[orm(..)]`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OnInit => "on_init",
            Self::OnLoad => "on_load",
            Self::BeforeCreate => "before_create",
            Self::AfterCreate => "after_create",
            Self::BeforeUpdate => "before_update",
            Self::AfterUpdate => "after_update",
            Self::BeforeDelete => "before_delete",
            Self::AfterDelete => "after_delete",
        }
    }
}

/// A set of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EventSet(u16);

impl EventSet {
    /// The set of nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self(0)
    }

    /// The set with one event more.
    #[must_use]
    pub const fn with(self, event: Event) -> Self {
        Self(self.0 | 1 << event as u16)
    }

    /// Whether the event is in the set.
    #[must_use]
    pub const fn contains(self, event: Event) -> bool {
        self.0 >> event as u16 & 1 == 1
    }
}

/// What a flush does to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// The row is inserted.
    Create,
    /// Properties of the row are changed.
    Update,
    /// The row is removed.
    Delete,
}

impl ChangeKind {
    /// The event that follows the commit.
    #[must_use]
    pub const fn after(self) -> Event {
        match self {
            Self::Create => Event::AfterCreate,
            Self::Update => Event::AfterUpdate,
            Self::Delete => Event::AfterDelete,
        }
    }
}

/// The difference between an instance and its row, with the type erased.
#[derive(Debug, Clone)]
pub struct ChangeSetData {
    pub(crate) schema: Arc<Schema>,
    pub(crate) entity: EntityIndex,
    pub(crate) kind: ChangeKind,
    pub(crate) key: RowKey,
    pub(crate) changed: FieldSet,
    /// The stored form of the changed properties, by position.
    pub(crate) new_values: Vec<(usize, Vec<u8>)>,
    /// What the row has for the changed properties, by position, as far as it was loaded.
    pub(crate) old_values: Vec<(usize, Vec<u8>)>,
}

impl ChangeSetData {
    pub(crate) fn id<T: Entity>(&self) -> Id<T> {
        Id::from_own(&self.key)
    }

    /// The new values, with the type that the entity's derive has made for them.
    pub(crate) fn payload<T: Entity>(&self) -> T::Payload<'_> {
        Payload::new(&self.new_values).into()
    }

    /// The old values, likewise.
    pub(crate) fn original<T: Entity>(&self) -> T::Payload<'_> {
        Payload::new(&self.old_values).into()
    }

    /// The names of the changed properties.
    pub(crate) fn changed_names(&self) -> impl Iterator<Item = &'static str> + '_ {
        let entity = self.schema.entity(self.entity);
        self.changed.iter().map(|field| entity.fields[field].name)
    }
}

/// What a life-cycle hook is told.
///
/// It holds no unit of work, so a hook cannot flush or query: it may change its own entity
/// (`before_*`), or refuse.
pub struct EventArgs<'a, T: Entity> {
    change_set: ChangeSet<'a, T>,
}

impl<'a, T: Entity> EventArgs<'a, T> {
    pub(crate) fn new(data: &'a ChangeSetData) -> Self {
        Self {
            change_set: ChangeSet::new(data),
        }
    }

    /// What this flush changes of the entity.
    #[must_use]
    pub const fn change_set(&self) -> &ChangeSet<'a, T> {
        &self.change_set
    }

    /// The entity's id.
    #[must_use]
    pub fn id(&self) -> Id<T> {
        self.change_set.id()
    }
}

/// The difference between an instance and its row.
pub struct ChangeSet<'a, T: Entity> {
    data: &'a ChangeSetData,
    payload: T::Payload<'a>,
    original: T::Payload<'a>,
    entity: PhantomData<fn() -> T>,
}

impl<'a, T: Entity> ChangeSet<'a, T> {
    pub(crate) fn new(data: &'a ChangeSetData) -> Self {
        Self {
            data,
            payload: data.payload::<T>(),
            original: data.original::<T>(),
            entity: PhantomData,
        }
    }

    /// The row's id.
    #[must_use]
    pub fn id(&self) -> Id<T> {
        self.data.id()
    }

    /// Whether the row is inserted, updated or removed.
    #[must_use]
    pub const fn kind(&self) -> ChangeKind {
        self.data.kind
    }

    /// The computed difference: a property is there exactly if this flush writes it.
    #[must_use]
    pub const fn payload(&self) -> &T::Payload<'a> {
        &self.payload
    }

    /// What the changed properties were when the row was read; nothing for a new row.
    #[must_use]
    pub const fn original(&self) -> &T::Payload<'a> {
        &self.original
    }

    /// The names of the properties in the payload.
    pub fn changed(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.data.changed_names()
    }
}

impl<T: Entity> fmt::Debug for ChangeSet<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let changed: Vec<_> = self.changed().collect();
        f.debug_struct("ChangeSet")
            .field("kind", &self.kind())
            .field("changed", &changed)
            .finish_non_exhaustive()
    }
}

/// Stored values, decoded when they are asked for. The typed payload that a derive makes is a
/// shell around it.
pub struct Payload<'a> {
    values: &'a [(usize, Vec<u8>)],
    decoded: Vec<OnceCell<Box<dyn Any>>>,
}

impl AsRef<Self> for Payload<'_> {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl<'a> Payload<'a> {
    fn new(values: &'a [(usize, Vec<u8>)]) -> Self {
        Self {
            values,
            decoded: values.iter().map(|_| OnceCell::new()).collect(),
        }
    }

    /// The value of a scalar or lazy property.
    ///
    /// # Panics
    /// If the bytes, which this process encoded or verified itself, can't be decoded.
    #[must_use]
    pub fn value<V: DeserializeOwned + 'static>(&self, field: usize) -> Option<&V> {
        self.decoded(field, |stored| {
            decode_value::<V>(stored).expect("the payload was encoded from this type")
        })
    }

    /// The id that a to-one relation holds; for an optional relation that was set to `None`, the
    /// inner `None`.
    ///
    /// # Panics
    /// As [`Payload::value`].
    #[must_use]
    pub fn to_one<T: Entity>(&self, field: usize) -> Option<&Option<Id<T>>> {
        self.decoded(field, |stored| {
            RowKey::decode_reference(T::Key::KIND, stored)
                .map(|key| key.as_ref().map(Id::from_own))
                .expect("the payload was encoded from this type")
        })
    }

    /// What changes of an embedded value, whose properties are at these positions; `None`, if none does.
    #[must_use]
    pub fn embedded(&self, field: usize, places: Range<usize>) -> Option<EmbeddedPayload<'_>> {
        self.optional_embedded(field, places).flatten()
    }

    /// The same of a value that may be absent; for one that is absent, the inner `None`.
    #[must_use]
    pub fn optional_embedded(
        &self,
        field: usize,
        places: Range<usize>,
    ) -> Option<Option<EmbeddedPayload<'_>>> {
        let presence = self.position(field).map(|at| self.values[at].1.as_slice());
        let changes = || self.values.iter().any(|(at, _)| places.contains(at));
        match presence {
            Some([] | [0]) => Some(None),
            Some(_) => Some(Some(EmbeddedPayload::new(self, places.start))),
            None => changes().then(|| Some(EmbeddedPayload::new(self, places.start))),
        }
    }

    fn position(&self, field: usize) -> Option<usize> {
        self.values
            .iter()
            .position(|(position, _)| *position == field)
    }

    fn decoded<V: 'static>(&self, field: usize, decode: impl FnOnce(&[u8]) -> V) -> Option<&V> {
        let at = self.position(field)?;
        self.decoded[at]
            .get_or_init(|| Box::new(decode(&self.values[at].1)))
            .downcast_ref()
    }
}

/// What a flush changes of an embedded value. The typed payload of the value is a shell around it.
#[derive(Clone, Copy)]
pub struct EmbeddedPayload<'a> {
    payload: &'a Payload<'a>,
    /// The position of the value's first property.
    first: usize,
}

impl<'a> EmbeddedPayload<'a> {
    const fn new(payload: &'a Payload<'a>, first: usize) -> Self {
        Self { payload, first }
    }

    /// [`Payload::value`].
    #[must_use]
    pub fn value<V: DeserializeOwned + 'static>(self, field: usize) -> Option<&'a V> {
        self.payload.value(self.first + field)
    }

    /// [`Payload::embedded`].
    #[must_use]
    pub fn embedded(self, field: usize, places: Range<usize>) -> Option<EmbeddedPayload<'a>> {
        self.payload
            .embedded(self.first + field, self.within(&places))
    }

    /// [`Payload::optional_embedded`].
    #[must_use]
    pub fn optional_embedded(
        self,
        field: usize,
        places: Range<usize>,
    ) -> Option<Option<EmbeddedPayload<'a>>> {
        self.payload
            .optional_embedded(self.first + field, self.within(&places))
    }

    const fn within(self, places: &Range<usize>) -> Range<usize> {
        self.first + places.start..self.first + places.end
    }
}
