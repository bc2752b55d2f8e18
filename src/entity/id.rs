//! The typed primary key: the handle by which a program holds an entity.
//!
//! An [`Id`] owns nothing and borrows nothing: it names a row, and whoever has the unit of work may
//! read or change that row's instance through it.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Entity, Item, Loaded};
use crate::codec::{EntityKey, KeyError, OrderedKey, RowKey, RowKeyKind};

/// The primary key of an entity, typed: two ids are equal exactly when they name the same row.
///
/// It is `Copy` where the key is, `Send`, hashable and serializes as the bare key, so it can be a
/// map key, a path parameter of a web framework, or a property: a to-one relation is a property of
/// type `Id<Target>` or `Option<Id<Target>>`.
///
/// ```
/// # use musher::prelude::*;
/// # #[derive(Entity, Debug)] struct Tag { #[orm(primary_key)] id: Pk, name: String }
/// let id: Id<Tag> = Id::new(7);
/// assert_eq!(format!("{id:?}"), "Tag(7)");
/// assert_eq!(id.to_string(), "7");
/// assert_eq!(id.key(), &7);
/// ```
pub struct Id<T: Entity> {
    key: T::Key,
}

impl<T: Entity> Id<T> {
    /// The id of the row with this key. Says nothing of whether there is such a row.
    pub const fn new(key: T::Key) -> Self {
        Self { key }
    }

    /// The key.
    pub const fn key(&self) -> &T::Key {
        &self.key
    }

    /// The key, by value.
    pub fn into_key(self) -> T::Key {
        self.key
    }

    #[doc(hidden)]
    pub fn row_key(&self) -> RowKey {
        self.key.to_row_key()
    }

    #[doc(hidden)]
    pub fn from_row_key(key: &RowKey) -> Result<Self, KeyError> {
        T::Key::from_row_key(key).map(Self::new)
    }

    /// The id of a key that the core itself made from an id of this type.
    pub(crate) fn from_own(key: &RowKey) -> Self {
        Self::from_row_key(key).expect("a row key in memory was made from a key of its entity")
    }
}

impl<T: Entity> Item for Id<T> {
    type Key = T::Key;

    fn key(&self) -> &T::Key {
        &self.key
    }
}

impl<T: Entity> Clone for Id<T> {
    fn clone(&self) -> Self {
        Self {
            key: self.key.clone(),
        }
    }
}

impl<T: Entity> Copy for Id<T> where T::Key: Copy {}

impl<T: Entity> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl<T: Entity> Eq for Id<T> {}

impl<T: Entity> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Entity> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}

impl<T: Entity> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl<T: Entity> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", T::NAME, self.key.describe())
    }
}

impl<T: Entity> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key.describe())
    }
}

impl<T: Entity> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.key.serialize(serializer)
    }
}

impl<'de, T: Entity> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::Key::deserialize(deserializer).map(Self::new)
    }
}

/// An id sorts, and is stored, as its key: so it can be a part of another key.
impl<T: Entity> OrderedKey for Id<T> {
    const SERIALIZES_UNIQUELY: bool = T::Key::SERIALIZES_UNIQUELY;

    fn encode_key(&self, out: &mut Vec<u8>) {
        self.key.encode_key(out);
    }

    fn decode_key(input: &mut &[u8]) -> Result<Self, KeyError> {
        T::Key::decode_key(input).map(Self::new)
    }
}

impl<T: Entity> EntityKey for Id<T> {
    const KIND: RowKeyKind = T::Key::KIND;

    fn describe(&self) -> String {
        self.key.describe()
    }

    fn to_row_key(&self) -> RowKey {
        self.key.to_row_key()
    }

    fn from_row_key(key: &RowKey) -> Result<Self, KeyError> {
        Self::from_row_key(key)
    }
}

/// What names one row of `T`: an [`Id`], or its bare key where that is a plain type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name a row of `{T}`",
    label = "expected an `Id<{T}>` or its key",
    note = "`Id::new(key)` makes an id of any key type"
)]
pub trait IntoId<T: Entity> {
    /// The id.
    fn into_id(self) -> Id<T>;
}

impl<T: Entity> IntoId<T> for Id<T> {
    fn into_id(self) -> Id<T> {
        self
    }
}

impl<T: Entity> IntoId<T> for &Id<T> {
    fn into_id(self) -> Id<T> {
        self.clone()
    }
}

impl<T: Entity> From<&Id<T>> for Id<T> {
    fn from(id: &Self) -> Self {
        id.clone()
    }
}

macro_rules! bare_keys {
    ($($key:ty),*) => {$(
        impl<T: Entity<Key = $key>> IntoId<T> for $key {
            fn into_id(self) -> Id<T> {
                Id::new(self)
            }
        }
    )*};
}

bare_keys!(u64, u32, i64, i32, String);
#[cfg(feature = "uuid")]
bare_keys!(uuid::Uuid);

impl<T: Entity<Key = String>> IntoId<T> for &str {
    fn into_id(self) -> Id<T> {
        Id::new(self.to_owned())
    }
}

/// What a to-one relation that may be empty is set to: an id, what a query has loaded, or `None`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no reference to a `{T}`",
    label = "expected an `Id<{T}>`, an `Option<Id<{T}>>` or `None`",
    note = "an optional handle becomes an optional id with `.map(|handle| handle.id())`"
)]
pub trait IntoReference<T: Entity> {
    /// The id, if any.
    fn into_reference(self) -> Option<Id<T>>;
}

impl<T: Entity> IntoReference<T> for Option<Id<T>> {
    fn into_reference(self) -> Self {
        self
    }
}

impl<T: Entity> IntoReference<T> for Id<T> {
    fn into_reference(self) -> Option<Id<T>> {
        Some(self)
    }
}

impl<T: Entity, L> IntoReference<T> for Loaded<T, L> {
    fn into_reference(self) -> Option<Id<T>> {
        Some(self.into())
    }
}
