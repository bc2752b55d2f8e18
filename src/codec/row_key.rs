//! The primary key of a row, as the core that knows no entity type passes it around.
//!
//! Owns [`RowKey`], which is either a number or the encoded bytes of any other key, and
//! [`EntityKey`], what a type must be to serve as a primary key. It refuses to compare keys of
//! different entities.
//!
//! Invariant: the keys of one entity are all of one kind, and sort as their encoded bytes do.

mod implementations;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::key::{KeyError, OrderedKey, decode_whole};
use super::varint;

/// A type that can be the primary key of an entity.
///
/// Implemented for all integers of fixed size, `bool`, `char`, `String`, `Vec<u8>`, dates,
/// times and durations, [`Id`](crate::Id), with the features of their names for `Uuid` and `Decimal`,
/// and for tuples of up to eight of these (composite
/// keys).
///
/// A type of your own derives [`OrderedKey`] and this trait, or implements the first by hand and then
/// this one, with nothing in it:
///
/// ```
/// # #[cfg(feature = "derive")] {
/// use musher::{EntityKey, OrderedKey};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(EntityKey, OrderedKey)]
/// #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
/// struct Isbn(String);
///
/// let key = Isbn("978-0132350884".into());
/// assert_eq!(key.describe(), r#"Isbn("978-0132350884")"#);
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be a primary key, nor a part of one",
    label = "not a key type",
    note = "add `#[derive(EntityKey, OrderedKey)]` to a type of your own"
)]
pub trait EntityKey:
    OrderedKey
    + Clone
    + Eq
    + Ord
    + Hash
    + fmt::Debug
    + Send
    + Sync
    + Serialize
    + DeserializeOwned
    + 'static
{
    /// How the core holds keys of this type. `Integer` only for a type whose
    /// [`OrderedKey`] bytes are those of a `u64`.
    #[doc(hidden)]
    const KIND: RowKeyKind = RowKeyKind::Bytes;

    /// The key as messages show it.
    ///
    /// This is the `Debug` form, which a text needs (its quotes show where it ends) and a tuple has.
    fn describe(&self) -> String {
        format!("{self:?}")
    }

    /// The key in the form that the core passes around.
    #[doc(hidden)]
    fn to_row_key(&self) -> RowKey {
        let mut bytes = Vec::new();
        self.encode_key(&mut bytes);
        match RowKey::from_encoded(Self::KIND, &bytes) {
            Ok(key) => key,
            Err(error) => panic!("{} is not encoded as a u64: {error}", self.describe()),
        }
    }

    /// The key that `key` was made from.
    #[doc(hidden)]
    fn from_row_key(key: &RowKey) -> Result<Self, KeyError> {
        match key {
            RowKey::Integer(_) => decode_whole(&key.to_vec()),
            RowKey::Bytes(bytes) => decode_whole(bytes),
        }
    }
}

/// How the core holds the primary keys of an entity.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RowKeyKind {
    /// As the number itself: unsigned integers up to `u64`.
    Integer,
    /// As the encoded bytes.
    Bytes,
}

/// The primary key of a row: sixteen bytes, cheap to clone, and for a number without allocation.
#[doc(hidden)]
#[derive(Clone, PartialEq, Eq)]
pub enum RowKey {
    /// A number, stored as the varint that `u64` is as an [`OrderedKey`].
    Integer(u64),
    /// The encoded form of a key of any other type.
    Bytes(Arc<[u8]>),
}

impl RowKey {
    /// A key that none of its kind is less than.
    #[must_use]
    pub(crate) fn least(kind: RowKeyKind) -> Self {
        match kind {
            RowKeyKind::Integer => Self::Integer(0),
            RowKeyKind::Bytes => Self::Bytes(Arc::from([])),
        }
    }

    /// Which of the two forms this is.
    #[must_use]
    pub fn kind(&self) -> RowKeyKind {
        match self {
            Self::Integer(_) => RowKeyKind::Integer,
            Self::Bytes(_) => RowKeyKind::Bytes,
        }
    }

    /// Appends the key as it is stored.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        match self {
            Self::Integer(number) => varint::write(*number, out),
            Self::Bytes(bytes) => out.extend_from_slice(bytes),
        }
    }

    /// The key as it is stored.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.encoded_length());
        self.write_to(&mut out);
        out
    }

    /// Adds the key to a checksum: a number as its eight big-endian bytes, any other as it is stored.
    pub(crate) fn add_to(&self, hasher: &mut crc32fast::Hasher) {
        match self {
            Self::Integer(number) => hasher.update(&number.to_be_bytes()),
            Self::Bytes(bytes) => hasher.update(bytes),
        }
    }

    /// How many bytes the stored key has.
    #[must_use]
    pub fn encoded_length(&self) -> usize {
        match self {
            Self::Integer(number) => varint::length(*number),
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    /// Takes a key of kind `Integer` off the front of `input`, for lists of keys.
    ///
    /// # Errors
    ///
    /// When `input` does not begin with a varint.
    pub fn read_integer(input: &mut &[u8]) -> Result<Self, KeyError> {
        u64::decode_key(input).map(Self::Integer)
    }

    /// The key whose stored form is all of `bytes`. Bytes of kind `Bytes` are taken as they are:
    /// only the key's type can judge them, and does in [`EntityKey::from_row_key`].
    ///
    /// # Errors
    ///
    /// When `kind` is `Integer` and `bytes` is not one varint and nothing more.
    pub fn from_encoded(kind: RowKeyKind, bytes: &[u8]) -> Result<Self, KeyError> {
        match kind {
            RowKeyKind::Integer => decode_whole(bytes).map(Self::Integer),
            RowKeyKind::Bytes => Ok(Self::Bytes(Arc::from(bytes))),
        }
    }

    /// The key in the stored form of a to-one relation: no bytes are no reference.
    ///
    /// # Errors
    ///
    /// As [`RowKey::from_encoded`].
    pub fn decode_reference(kind: RowKeyKind, bytes: &[u8]) -> Result<Option<Self>, KeyError> {
        if bytes.is_empty() {
            Ok(None)
        } else {
            Self::from_encoded(kind, bytes).map(Some)
        }
    }
}

impl Ord for RowKey {
    fn cmp(&self, other: &Self) -> Ordering {
        debug_assert_eq!(
            self.kind(),
            other.kind(),
            "keys of two entities were compared"
        );
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a.cmp(b),
            (Self::Bytes(a), Self::Bytes(b)) => a.cmp(b),
            (Self::Integer(_), Self::Bytes(_)) => Ordering::Less,
            (Self::Bytes(_), Self::Integer(_)) => Ordering::Greater,
        }
    }
}

impl PartialOrd for RowKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for RowKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // The kind is left out, because a map holds keys of one kind only, and the number of a row
        // is hashed at every step of the identity map.
        match self {
            Self::Integer(number) => state.write_u64(*number),
            Self::Bytes(bytes) => bytes.hash(state),
        }
    }
}

impl fmt::Display for RowKey {
    /// A number as itself, bytes that are a readable string as that string in quotes, and all other
    /// bytes in hexadecimal.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = match self {
            Self::Integer(number) => return write!(formatter, "{number}"),
            Self::Bytes(bytes) => bytes,
        };
        match decode_whole::<String>(bytes) {
            Ok(text) if !text.chars().any(char::is_control) => write!(formatter, "\"{text}\""),
            _ => {
                formatter.write_str("0x")?;
                bytes
                    .iter()
                    .try_for_each(|byte| write!(formatter, "{byte:02x}"))
            }
        }
    }
}

impl fmt::Debug for RowKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RowKey({self})")
    }
}
