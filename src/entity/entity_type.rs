//! The types of entities as the core has them: a description, and functions; and lists of entities.

use std::any::TypeId;
use std::sync::Arc;

use super::{AnyEntity, AnySubscriber, ChangeSetData, Entity, Event, EventSet, HydrateRow};
use crate::codec::value::{decode_value, encode_value};
use crate::codec::{EntityKey, KeyError, OrderedKey, RowKey, RowKeyKind};
use crate::error::Result;
use crate::schema::{EntityDescription, Target};

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
