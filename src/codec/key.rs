//! Keys whose byte order is their order as Rust values.
//!
//! Owns the trait [`OrderedKey`], its errors, and the implementations for the types of the standard
//! library, of chrono, of uuid and of `rust_decimal`. It refuses to know what a key is used for.
//!
//! The laws, which the property tests in `key/tests.rs` hold for every type:
//!
//! - order: `a.cmp(&b)` equals the comparison of their bytes;
//! - no encoding is a prefix of another of the same type, so that encodings can be put one after
//!   the other, and the bytes of a tuple sort as the tuple does;
//! - decoding gives back the value and consumes exactly its bytes;
//! - one value has one encoding: any other form of it is refused.

mod compound;
#[cfg(feature = "rust_decimal")]
mod decimal;
mod float;
mod integer;
#[cfg(test)]
mod tests;
mod text;
mod time;

use super::varint::VarintError;

/// A value that can be stored as a key, such that keys sort as bytes the way the values sort.
///
/// Implemented for all integers of fixed size, `bool`, `char`, `String`, `Vec<u8>`, `f32`, `f64`,
/// `Option`, `()`, tuples of up to eight, `chrono`'s `NaiveDate`, `NaiveTime`, `NaiveDateTime`,
/// `DateTime<Utc>` and `TimeDelta`, `std`'s `Duration`, [`Id`](crate::Id), and with the features of
/// their names for `Uuid` and `rust_decimal`'s `Decimal`. `usize` and `isize` are left out because a
/// database outlives the machine that wrote it. `#[derive(OrderedKey)]` implements it for structs
/// and enums made of such values.
///
/// # Laws
///
/// An implementation must keep these, or look-ups and ranges over the key will miss rows:
///
/// - `a.cmp(&b)` equals the comparison of what `encode_key` appends for `a` and for `b`;
/// - what it appends for one value is never the beginning of what it appends for another;
/// - `decode_key` gives back the value, consumes exactly the bytes of that value, and fails, rather
///   than panics, on bytes that `encode_key` never writes.
///
/// The simplest way to keep them is to encode through types that have them already.
///
/// # Floats
///
/// Floats sort as [`f64::total_cmp`] sorts them, with two exceptions that make equal numbers equal
/// keys: `-0.0` is stored as `0.0`, and every NaN as one NaN, which sorts after infinity.
///
/// # Example
///
/// By hand, where the stored form shall not be what the derive gives:
///
/// ```
/// use musher::{KeyError, OrderedKey};
///
/// #[derive(Debug, PartialEq, PartialOrd)]
/// enum Priority {
///     Low,
///     High,
/// }
///
/// impl OrderedKey for Priority {
///     fn encode_key(&self, out: &mut Vec<u8>) {
///         let rank: u8 = match self {
///             Priority::Low => 0,
///             Priority::High => 1,
///         };
///         rank.encode_key(out);
///     }
///
///     fn decode_key(input: &mut &[u8]) -> Result<Self, KeyError> {
///         match u8::decode_key(input)? {
///             0 => Ok(Priority::Low),
///             1 => Ok(Priority::High),
///             rank => Err(KeyError::invalid("Priority", format!("there is no rank {rank}"))),
///         }
///     }
/// }
///
/// let mut bytes = Vec::new();
/// (Priority::High, String::from("disk full")).encode_key(&mut bytes);
///
/// let mut input = &bytes[..];
/// assert_eq!(Priority::decode_key(&mut input)?, Priority::High);
/// assert_eq!(String::decode_key(&mut input)?, "disk full");
/// assert!(input.is_empty());
/// # Ok::<(), KeyError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no order in the store",
    label = "not an ordered value",
    note = "add `#[derive(OrderedKey)]` to a type of your own"
)]
pub trait OrderedKey: Sized + 'static {
    /// Whether equal values serialize alike. Those that need not, such as floats, are compared by
    /// their keys where a condition asks for equality.
    #[doc(hidden)]
    const SERIALIZES_UNIQUELY: bool = true;

    /// Appends the key's bytes to `out`, and changes nothing that `out` already holds.
    fn encode_key(&self, out: &mut Vec<u8>);

    /// Takes one key off the front of `input`.
    ///
    /// # Errors
    ///
    /// When `input` does not begin with bytes that [`encode_key`](Self::encode_key) writes. How much
    /// of `input` is left is then unspecified.
    fn decode_key(input: &mut &[u8]) -> Result<Self, KeyError>;
}

/// Why bytes are not a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The bytes end before the key does.
    #[error("the key's bytes end inside its {kind}")]
    Truncated {
        /// The type that was being read.
        kind: &'static str,
    },
    /// The bytes say what they say in a form that is never written.
    #[error("the key's bytes are not the one form in which {kind} is written")]
    NotCanonical {
        /// The type that was being read.
        kind: &'static str,
    },
    /// The number does not fit the type: the key was written by a wider one.
    #[error("the key is {value}, which is out of range for {kind}")]
    OutOfRange {
        /// The type that was being read.
        kind: &'static str,
        /// The number that was found.
        value: String,
    },
    /// The text of a string key is not UTF-8.
    #[error("the key's text is not UTF-8")]
    NotText(#[from] std::str::Utf8Error),
    /// Bytes follow where the key should be all there is.
    #[error("{count} bytes follow the end of the key")]
    TrailingBytes {
        /// How many bytes follow.
        count: usize,
    },
    /// The bytes are a well-formed key of another type or of no value of this one.
    #[error("the key cannot be read as {kind}: {reason}")]
    Invalid {
        /// The type that was being read.
        kind: &'static str,
        /// What is wrong, as a clause.
        reason: String,
    },
}

impl KeyError {
    /// The error of an [`OrderedKey`] implementation for a type of your own: `kind` names the type,
    /// `reason` says in a clause what is wrong with the bytes.
    #[must_use]
    pub fn invalid(kind: &'static str, reason: impl Into<String>) -> Self {
        Self::Invalid {
            kind,
            reason: reason.into(),
        }
    }

    fn from_varint(error: VarintError, kind: &'static str) -> Self {
        match error {
            VarintError::Truncated => Self::Truncated { kind },
            VarintError::NotCanonical => Self::NotCanonical { kind },
        }
    }
}

/// Decodes a key that must be all of `bytes`.
pub(crate) fn decode_whole<K: OrderedKey>(mut bytes: &[u8]) -> Result<K, KeyError> {
    let key = K::decode_key(&mut bytes)?;
    match bytes.len() {
        0 => Ok(key),
        count => Err(KeyError::TrailingBytes { count }),
    }
}

/// Takes `N` bytes off the front of `input`.
fn take_array<const N: usize>(input: &mut &[u8], kind: &'static str) -> Result<[u8; N], KeyError> {
    let (bytes, rest) = input
        .split_first_chunk::<N>()
        .ok_or(KeyError::Truncated { kind })?;
    *input = rest;
    Ok(*bytes)
}
