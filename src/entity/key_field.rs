//! The property that holds the primary key: [`Pk`] where Musher generates it, a plain key type
//! where the program does.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::codec::EntityKey;

/// A generated primary key: unset until the entity is managed, then never changed.
///
/// Prints `unset` before. It dereferences to the key, which panics while unset; [`Pk::get`] is the
/// checked way. To choose the key of a new entity yourself, set it before: `Pk::from(7)`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pk<K = u64>(Option<K>);

impl<K> Pk<K> {
    /// A key that is not there yet.
    #[must_use]
    pub const fn unset() -> Self {
        Self(None)
    }

    /// The key, if it is set.
    pub const fn get(&self) -> Option<&K> {
        self.0.as_ref()
    }
}

impl<K> Default for Pk<K> {
    fn default() -> Self {
        Self::unset()
    }
}

impl<K> From<K> for Pk<K> {
    fn from(key: K) -> Self {
        Self(Some(key))
    }
}

impl<K> Deref for Pk<K> {
    type Target = K;

    #[track_caller]
    fn deref(&self) -> &K {
        self.0
            .as_ref()
            .expect("the primary key is unset until `em.persist` or `em.create` manages the entity")
    }
}

impl<K: fmt::Debug> fmt::Debug for Pk<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(key) => key.fmt(f),
            None => f.write_str("unset"),
        }
    }
}

impl<K: fmt::Display> fmt::Display for Pk<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(key) => key.fmt(f),
            None => f.write_str("unset"),
        }
    }
}

impl<K: Serialize> Serialize for Pk<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// The key, or nothing: what has no key yet may lack it.
///
/// ```
/// # use musher::prelude::*;
/// # fn main() -> serde_json::Result<()> {
/// assert_eq!(serde_json::from_str::<Pk>("7")?, Pk::from(7));
/// assert_eq!(serde_json::from_str::<Pk>("null")?, Pk::unset());
/// # Ok(()) }
/// ```
impl<'de, K: Deserialize<'de>> Deserialize<'de> for Pk<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self)
    }
}

/// A key that Musher can generate.
#[diagnostic::on_unimplemented(
    message = "keys of type `{Self}` can't be generated",
    label = "not a generated key",
    note = "`Pk` goes with `u64`, `u32`, `i64`, `i32` and, with the feature `uuid`, `uuid::Uuid`; other key types stand without `Pk` and are set by the program"
)]
pub trait GeneratedKey: EntityKey {
    /// The key of the `number`th entity, counted from 1.
    fn generate(next_number: &mut dyn FnMut() -> u64) -> Self;

    /// The number that a key set by the program takes out of the sequence.
    fn number(&self) -> Option<u64>;
}

macro_rules! sequence_keys {
    ($($key:ty),*) => {$(
        impl GeneratedKey for $key {
            fn generate(next_number: &mut dyn FnMut() -> u64) -> Self {
                <$key>::try_from(next_number()).expect("the sequence fits the key type")
            }

            /// The upper half of the range is left to programs: a key from there does not
            /// exhaust the sequence.
            fn number(&self) -> Option<u64> {
                (*self <= <$key>::MAX / 2).then(|| u64::try_from(*self).ok()).flatten()
            }
        }
    )*};
}

sequence_keys!(u64, u32, i64, i32);

#[cfg(feature = "uuid")]
impl GeneratedKey for uuid::Uuid {
    fn generate(_: &mut dyn FnMut() -> u64) -> Self {
        Self::now_v7()
    }

    fn number(&self) -> Option<u64> {
        None
    }
}

/// A type that can stand as the primary key property.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be a primary key",
    label = "not a key type",
    note = "use `Pk` (a generated `u64`), or a type that implements `musher::EntityKey`"
)]
pub trait KeyField {
    /// The key's type.
    type Key: EntityKey;

    /// The key, if it is set.
    fn key(&self) -> Option<&Self::Key>;

    /// Sets the key.
    fn set_key(&mut self, key: Self::Key);

    /// A new key, where keys of this type are generated.
    fn generate(next_number: &mut dyn FnMut() -> u64) -> Option<Self::Key>;

    /// The number that a key takes out of the sequence.
    fn number(key: &Self::Key) -> Option<u64>;
}

impl<K: GeneratedKey> KeyField for Pk<K> {
    type Key = K;

    fn key(&self) -> Option<&K> {
        self.get()
    }

    fn set_key(&mut self, key: K) {
        self.0 = Some(key);
    }

    fn generate(next_number: &mut dyn FnMut() -> u64) -> Option<K> {
        Some(K::generate(next_number))
    }

    fn number(key: &K) -> Option<u64> {
        key.number()
    }
}

impl<K: EntityKey> KeyField for K {
    type Key = K;

    fn key(&self) -> Option<&K> {
        Some(self)
    }

    fn set_key(&mut self, key: K) {
        *self = key;
    }

    fn generate(_: &mut dyn FnMut() -> u64) -> Option<K> {
        None
    }

    fn number(_: &K) -> Option<u64> {
        None
    }
}
