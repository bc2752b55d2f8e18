//! Entities, with their type and without: [`Entity`], which derives implement, and [`AnyEntity`], on
//! which the core works.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::time::SystemTime;

use super::{AnyCollection, ChangeSetData, Event, EventArgs, EventSet, Fields, HydrateRow};
use crate::codec::value::ValueError;
use crate::codec::{EntityKey, RowKey};
use crate::error::Result;
use crate::schema::{FieldSet, IndexDescription, OrderTerm};

/// What has identity and is stored: implemented by `#[derive(Entity)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an entity",
    label = "not an entity",
    note = "add `#[derive(Entity)]` to `{Self}`"
)]
pub trait Entity: Fields {
    /// The type of the primary key.
    type Key: EntityKey;

    /// The typed difference that hooks see.
    type Payload<'a>: From<super::Payload<'a>>;

    /// The name that stored data, errors and logs use.
    const NAME: &'static str;

    /// The life-cycle events that have a hook.
    const HOOKS: EventSet;

    /// The indexes that are declared on the struct.
    #[must_use]
    fn indexes() -> Vec<IndexDescription> {
        Vec::new()
    }

    /// The order of rows where a query names none; by key, if it is empty.
    #[must_use]
    fn order() -> Vec<OrderTerm> {
        Vec::new()
    }

    /// The primary key, if it is set.
    fn key(&self) -> Option<Cow<'_, Self::Key>>;

    /// Sets the primary key.
    fn set_key(&mut self, key: Self::Key);

    /// A new primary key, where it is generated.
    fn generate_key(next_number: &mut dyn FnMut() -> u64) -> Option<Self::Key>;

    /// The number that a key takes out of the sequence.
    fn key_number(key: &Self::Key) -> Option<u64>;

    /// Runs the `on_init` or `on_load` hooks.
    fn on_instance(&mut self, event: Event) {
        let _ = event;
    }

    /// Runs the hooks of a `before_*` event.
    ///
    /// # Errors
    /// What the hook returns.
    fn before(&mut self, event: Event, args: &EventArgs<'_, Self>) -> Result<()> {
        let _ = (event, args);
        Ok(())
    }

    /// Runs the hooks of an `after_*` event.
    fn after(&self, event: Event, args: &EventArgs<'_, Self>) {
        let _ = (event, args);
    }
}

/// An entity with its type erased.
#[expect(
    clippy::missing_errors_doc,
    reason = "each method says what the one that it erases says"
)]
pub trait AnyEntity: Any + Send + Sync {
    /// [`Entity::key`].
    fn row_key(&self) -> Option<RowKey>;
    /// [`Entity::set_key`], with a key of this entity.
    fn set_row_key(&mut self, key: &RowKey);
    /// [`Fields::encode`].
    fn encode(&self, field: usize, out: &mut Vec<u8>) -> Result<bool, ValueError>;
    /// [`Fields::decode`].
    fn decode(&mut self, field: usize, stored: Option<&[u8]>) -> Result<(), ValueError>;
    /// [`Fields::HAS_OPTIONAL_VALUES`].
    fn has_optional_values(&self) -> bool;
    /// [`Fields::embed`].
    fn embed(&mut self, row: &HydrateRow<'_>) -> Result<()>;
    /// [`Fields::debug`].
    fn debug(&self, field: usize) -> &dyn fmt::Debug;
    /// [`Fields::apply_on_update`].
    fn apply_on_update(&mut self, explicit: &FieldSet, now: SystemTime);
    /// [`Fields::to_one`].
    fn to_one(&self, field: usize) -> Option<RowKey>;
    /// [`Fields::set_to_one`].
    fn set_to_one(&mut self, field: usize, target: Option<&RowKey>) -> bool;
    /// [`Fields::to_many`].
    fn to_many(&self, field: usize) -> &dyn AnyCollection;
    /// [`Fields::to_many_mut`].
    fn to_many_mut(&mut self, field: usize) -> &mut dyn AnyCollection;
    /// [`Entity::on_instance`].
    fn on_instance(&mut self, event: Event);
    /// [`Entity::before`].
    fn before(&mut self, event: Event, change: &ChangeSetData) -> Result<()>;
    /// [`Entity::after`].
    fn after(&self, event: Event, change: &ChangeSetData);
}

impl<T: Entity> AnyEntity for T {
    fn row_key(&self) -> Option<RowKey> {
        self.key().map(|key| key.to_row_key())
    }

    fn set_row_key(&mut self, key: &RowKey) {
        self.set_key(super::Id::<T>::from_own(key).into_key());
    }

    fn encode(&self, field: usize, out: &mut Vec<u8>) -> Result<bool, ValueError> {
        Fields::encode(self, field, out)
    }

    fn decode(&mut self, field: usize, stored: Option<&[u8]>) -> Result<(), ValueError> {
        Fields::decode(self, field, stored)
    }

    fn has_optional_values(&self) -> bool {
        T::HAS_OPTIONAL_VALUES
    }

    fn embed(&mut self, row: &HydrateRow<'_>) -> Result<()> {
        Fields::embed(self, row, 0)
    }

    fn debug(&self, field: usize) -> &dyn fmt::Debug {
        Fields::debug(self, field)
    }

    fn apply_on_update(&mut self, explicit: &FieldSet, now: SystemTime) {
        Fields::apply_on_update(self, explicit, 0, now);
    }

    fn to_one(&self, field: usize) -> Option<RowKey> {
        Fields::to_one(self, field)
    }

    fn set_to_one(&mut self, field: usize, target: Option<&RowKey>) -> bool {
        Fields::set_to_one(self, field, target)
    }

    fn to_many(&self, field: usize) -> &dyn AnyCollection {
        Fields::to_many(self, field)
    }

    fn to_many_mut(&mut self, field: usize) -> &mut dyn AnyCollection {
        Fields::to_many_mut(self, field)
    }

    fn on_instance(&mut self, event: Event) {
        Entity::on_instance(self, event);
    }

    fn before(&mut self, event: Event, change: &ChangeSetData) -> Result<()> {
        Entity::before(self, event, &EventArgs::new(change))
    }

    fn after(&self, event: Event, change: &ChangeSetData) {
        Entity::after(self, event, &EventArgs::new(change));
    }
}

/// Whether an embedded value of an instance, by its position, is there.
pub(crate) fn has_value(body: &dyn AnyEntity, value: usize) -> bool {
    let mut stored = Vec::new();
    // A value within one that is absent has nothing stored.
    body.encode(value, &mut stored).is_ok() && !matches!(stored.as_slice(), [] | [0])
}
