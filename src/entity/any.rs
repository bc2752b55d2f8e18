//! The traits between the derives and the core: [`Fields`] and [`Entity`] with the type, and
//! [`AnyEntity`] and [`EntityType`] without it.

use std::any::{Any, TypeId};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use serde::ser::SerializeMap;

use super::{
    AnyCollection, AnySubscriber, ChangeSetData, Event, EventArgs, EventSet, Groups, HydrateRow,
};
use crate::codec::value::{ValueError, decode_value, encode_value};
use crate::codec::{EntityKey, KeyError, OrderedKey, RowKey, RowKeyKind};
use crate::error::Result;
use crate::schema::{
    EntityDescription, FieldDescription, FieldSet, IndexDescription, OrderTerm, Target,
};

/// The properties of an entity or of a base entity, by position. Derives implement it.
///
/// The relation methods are called only with the position of a relation of the right kind, so a
/// type without relations keeps the defaults.
pub trait Fields: Sized + Send + Sync + 'static {
    /// How many properties there are, those of the base included.
    const COUNT: usize;

    /// The type of the version, or [`Unversioned`].
    type Version;

    /// The properties, in order.
    fn describe() -> Vec<FieldDescription>;

    /// Makes the instance of a stored row. The property at position 0 is the row's `first`.
    ///
    /// # Errors
    /// When a property's bytes can't be read.
    fn hydrate(row: &HydrateRow<'_>, first: usize) -> Result<Self>;

    /// Appends the stored form of a scalar or lazy property. `false`: it is lazy and not loaded.
    ///
    /// # Errors
    /// When serde refuses the value.
    fn encode(&self, field: usize, out: &mut Vec<u8>) -> Result<bool, ValueError>;

    /// Replaces a scalar or lazy property by what is stored. `None` unloads a lazy property.
    ///
    /// # Errors
    /// When the bytes can't be read.
    fn decode(&mut self, field: usize, stored: Option<&[u8]>) -> Result<(), ValueError>;

    /// Whether an embedded value may be absent.
    const HAS_OPTIONAL_VALUES: bool = false;

    /// Lets embedded values be there, and not, as they are in the row, before [`Fields::decode`] gives
    /// their properties. What the row says nothing of stays as it is.
    ///
    /// # Errors
    /// When a property of a value that comes to be there can't be read.
    fn embed(&mut self, row: &HydrateRow<'_>, first: usize) -> Result<()> {
        let _ = (row, first);
        Ok(())
    }

    /// The property's value, to be printed.
    fn debug(&self, field: usize) -> &dyn fmt::Debug;

    /// Sets the properties that have `on_update` or `updated_at`, but for those in `explicit`.
    fn apply_on_update(&mut self, explicit: &FieldSet, first: usize, now: SystemTime);

    /// Writes the entry of a key, scalar or loaded lazy property; of a lazy property that is not
    /// loaded, nothing.
    ///
    /// # Errors
    /// What the serializer says.
    fn serialize<M: SerializeMap>(
        &self,
        field: usize,
        name: &'static str,
        map: &mut M,
    ) -> Result<(), M::Error>;

    /// The names under which results of functions are serialized, base entity's first.
    #[must_use]
    fn computed() -> Vec<&'static str> {
        Vec::new()
    }

    /// Writes the entries of the results of functions, as far as the groups are asked for.
    ///
    /// # Errors
    /// What the serializer says.
    fn serialize_computed<M: SerializeMap>(
        &self,
        groups: &Groups,
        map: &mut M,
    ) -> Result<(), M::Error> {
        let _ = (groups, map);
        Ok(())
    }

    /// What a to-one relation refers to.
    fn to_one(&self, field: usize) -> Option<RowKey> {
        unreachable!("property {field} is no to-one relation")
    }

    /// Changes what a to-one relation refers to. `false`: `None` was given to a required one.
    fn set_to_one(&mut self, field: usize, target: Option<&RowKey>) -> bool {
        let _ = target;
        unreachable!("property {field} is no to-one relation")
    }

    /// A collection or an inverse to-one property.
    fn to_many(&self, field: usize) -> &dyn AnyCollection {
        unreachable!("property {field} is no collection")
    }

    /// A collection or an inverse to-one property, to be changed.
    fn to_many_mut(&mut self, field: usize) -> &mut dyn AnyCollection {
        unreachable!("property {field} is no collection")
    }
}

/// In the place of the version's type: the entity has no version.
#[derive(Debug)]
pub enum Unversioned {}

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

/// What the core needs of an entity's type: its description, and how to make instances.
#[derive(Clone)]
pub struct EntityType {
    pub(crate) description: EntityDescription,
    pub(crate) key_kind: RowKeyKind,
    pub(crate) key_name: fn() -> &'static str,
    pub(crate) hooks: EventSet,
    /// Who is told of flushes beside the hooks.
    pub(crate) subscribers: Vec<Arc<dyn AnySubscriber>>,
    pub(crate) hydrate: fn(&HydrateRow<'_>) -> Result<Box<dyn AnyEntity>>,
    pub(crate) print_key: fn(&RowKey) -> String,
    pub(crate) key_number: fn(&RowKey) -> Option<u64>,
    pub(crate) key_of_value: fn(&[u8]) -> Option<RowKey>,
    pub(crate) skip_key: fn(&mut &[u8]) -> Result<(), KeyError>,
    /// The stored form of a key, as that of a property of its type would be.
    pub(crate) value_of_key: fn(&RowKey) -> Result<Vec<u8>>,
    #[cfg(feature = "serde-json")]
    pub(crate) key_of_json: fn(&serde_json::Value) -> Option<RowKey>,
    #[cfg(feature = "serde-json")]
    pub(crate) generate_key: fn(&mut dyn FnMut() -> u64) -> Option<RowKey>,
}

impl EntityType {
    /// The type of `T`.
    #[must_use]
    pub fn of<T: Entity>() -> Self {
        Self {
            description: EntityDescription {
                name: T::NAME,
                type_id: TypeId::of::<T>(),
                fields: T::describe(),
                computed: T::computed(),
                indexes: T::indexes(),
                order: T::order(),
            },
            key_kind: T::Key::KIND,
            key_name: std::any::type_name::<T::Key>,
            hooks: T::HOOKS,
            subscribers: Vec::new(),
            hydrate: |row| Ok(Box::new(T::hydrate(row, 0)?)),
            print_key: |key| {
                super::Id::<T>::from_row_key(key)
                    .map_or_else(|_| format!("{key:?}"), |id| id.to_string())
            },
            key_number: |key| {
                super::Id::<T>::from_row_key(key)
                    .ok()
                    .and_then(|id| T::key_number(id.key()))
            },
            key_of_value: |stored| {
                decode_value::<T::Key>(stored)
                    .ok()
                    .map(|key| key.to_row_key())
            },
            skip_key: |key| T::Key::decode_key(key).map(drop),
            value_of_key: |key| {
                let mut value = Vec::new();
                encode_value(&T::Key::from_row_key(key)?, &mut value)?;
                Ok(value)
            },
            #[cfg(feature = "serde-json")]
            key_of_json: |value| {
                let key = <T::Key as serde::Deserialize>::deserialize(value).ok()?;
                Some(key.to_row_key())
            },
            #[cfg(feature = "serde-json")]
            generate_key: |next| T::generate_key(next).map(|key| key.to_row_key()),
        }
    }
}

impl EntityType {
    /// How many are told of a `before_*` event, one after the other: the hooks, and each subscriber.
    pub(crate) fn stages(&self, event: Event) -> usize {
        usize::from(self.hooks.contains(event)) + self.subscribers.len()
    }

    /// Tells one of them.
    pub(crate) fn before(
        &self,
        stage: usize,
        event: Event,
        entity: &mut dyn AnyEntity,
        change: &ChangeSetData,
    ) -> Result<()> {
        match stage.checked_sub(usize::from(self.hooks.contains(event))) {
            None => entity.before(event, change),
            Some(at) => self.subscribers[at].before(event, entity, change),
        }
    }

    /// Tells all of an `after_*` event.
    pub(crate) fn after(&self, event: Event, entity: &dyn AnyEntity, change: &ChangeSetData) {
        if self.hooks.contains(event) {
            entity.after(event, change);
        }
        for subscriber in &self.subscribers {
            subscriber.after(event, entity, change);
        }
    }

    /// Whether a flush may change an instance by itself.
    pub(crate) fn has_hooks(&self) -> bool {
        self.hooks != EventSet::new() || !self.subscribers.is_empty()
    }
}

impl Target {
    /// The target `T`.
    #[must_use]
    pub fn of<T: Entity>() -> Self {
        Self {
            type_id: TypeId::of::<T>(),
            name: T::NAME,
        }
    }
}

/// One entity or a tuple of them: what `Orm::builder().entities::<..>()` takes. Tuples nest.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an entity, nor a tuple of entities",
    label = "expected entities",
    note = "tuples hold up to 16 entities, and may hold tuples: `((A, B), (C, D))`"
)]
pub trait EntityList {
    /// Appends the types.
    fn collect(types: &mut Vec<EntityType>);
}

impl<T: Entity> EntityList for T {
    fn collect(types: &mut Vec<EntityType>) {
        types.push(EntityType::of::<T>());
    }
}

macro_rules! tuples {
    ($($name:ident)*) => {
        impl<$($name: EntityList),*> EntityList for ($($name,)*) {
            fn collect(types: &mut Vec<EntityType>) {
                $($name::collect(types);)*
            }
        }
    };
}

tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
tuples!(A B C D E F G);
tuples!(A B C D E F G H);
tuples!(A B C D E F G H I);
tuples!(A B C D E F G H I J);
tuples!(A B C D E F G H I J K);
tuples!(A B C D E F G H I J K L);
tuples!(A B C D E F G H I J K L M);
tuples!(A B C D E F G H I J K L M N);
tuples!(A B C D E F G H I J K L M N O);
tuples!(A B C D E F G H I J K L M N O P);
