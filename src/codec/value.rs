//! Rust values as the bytes of a property, through serde.
//!
//! Owns everything that this crate knows of bincode (2.0.1, its standard configuration:
//! little-endian, integers of variable length), and the frame around a value that is stored outside
//! its row. Equal values give equal bytes, which is how changes are found, wherever a type
//! serializes itself in one way only. Types that do not are those with an order of their own making
//! (`HashMap` and `HashSet`: use `BTreeMap` and `BTreeSet`) and floats (`0.0` equals `-0.0`, but
//! their bytes differ); they are written more often than need be, and never wrongly.
//!
//! Invariant: what was encoded decodes, and decoding reserves no more than [`SMALL_LIMIT`] for up to
//! [`SMALL_LENGTH`] bytes and [`LARGE_LIMIT`] for more, whatever lengths the bytes claim. Two things
//! no limit of bincode covers, and a checksum must: elements without bytes (`Vec<()>`) are as many
//! as the bytes say, and a type that contains itself is entered as deeply as they say.

mod plain;

use bincode::config::{self, Configuration, Limit, LittleEndian, Varint};
use bincode::enc::write::Writer;
use bincode::error::{DecodeError, EncodeError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::frame::{self, FrameError};
use super::row_key::RowKey;
use super::varint;

/// The most bytes that one value may have.
pub(crate) const MAX_LENGTH: usize = 128 << 20;

/// The most that bincode accounts for one byte: a `u128` may be stored as one.
const LARGEST_SHARE: usize = 16;
/// Up to so many bytes are decoded within the small limit, as nearly all properties are.
const SMALL_LENGTH: usize = 64 << 10;
const SMALL_LIMIT: usize = SMALL_LENGTH * LARGEST_SHARE;
const LARGE_LIMIT: usize = MAX_LENGTH * LARGEST_SHARE;

/// Why a value cannot be encoded, or bytes are not a value.
#[derive(Debug, thiserror::Error)]
pub enum ValueError {
    /// The value's `Serialize` failed, or asks for what the format does not have.
    #[error("the value cannot be stored: {reason}")]
    Unsupported {
        /// What is wrong, as a clause.
        reason: String,
    },
    /// The value is larger than a stored value may be.
    #[error(
        "the value has {length} bytes, and at most {MAX_LENGTH} can be stored; split it, or keep it in a file"
    )]
    TooLarge {
        /// How many bytes there are.
        length: usize,
    },
    /// The bytes are none that the type is stored as.
    #[error("the stored bytes cannot be read as {expected}: {reason}")]
    Malformed {
        /// The Rust type that was expected.
        expected: &'static str,
        /// What is wrong, as a clause.
        reason: String,
    },
    /// The bytes go on after the value.
    #[error("{count} bytes follow the end of the stored {expected}")]
    TrailingBytes {
        /// The Rust type that was expected.
        expected: &'static str,
        /// How many bytes follow.
        count: usize,
    },
    /// Format or checksum of a value stored outside its row is wrong.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The revision of a value stored outside its row cannot be read.
    #[error("the revision of the stored value cannot be read")]
    Revision,
}

/// Appends the bytes of `value` to `out`, which on an error is left as it was.
///
/// # Errors
///
/// When the value's `Serialize` fails, when it has a sequence or map of unknown length, or when the
/// bytes are more than 128 MiB.
pub fn encode_value<V: Serialize + 'static>(
    value: &V,
    out: &mut Vec<u8>,
) -> Result<(), ValueError> {
    if plain::encode(value, out) {
        return Ok(());
    }
    encode_by_serde(value, out)
}

/// As [`encode_value`], of what is no date or time as a whole, and may borrow.
///
/// # Errors
///
/// As [`encode_value`].
pub(crate) fn encode_by_serde<V: Serialize>(
    value: &V,
    out: &mut Vec<u8>,
) -> Result<(), ValueError> {
    let start = out.len();
    let encoded = bincode::serde::encode_into_writer(value, Appender(out), config::standard());
    let length = out.len() - start;
    let checked = match encoded {
        Err(error) => Err(ValueError::Unsupported {
            reason: describe_encode(error),
        }),
        Ok(()) if length > MAX_LENGTH => Err(ValueError::TooLarge { length }),
        Ok(()) => Ok(()),
    };
    if checked.is_err() {
        out.truncate(start);
    }
    checked
}

/// The value that is all of `bytes`.
///
/// # Errors
///
/// When `bytes` is nothing that [`encode_value`] writes for a `V`.
pub fn decode_value<V: DeserializeOwned + 'static>(bytes: &[u8]) -> Result<V, ValueError> {
    let mut rest = bytes;
    if let Some(value) = plain::decode(&mut rest) {
        let expected = std::any::type_name::<V>();
        return match (value, rest.len()) {
            (Ok(value), 0) => Ok(value),
            (Ok(_), count) => Err(ValueError::TrailingBytes { expected, count }),
            (Err(error), _) => Err(ValueError::Malformed {
                expected,
                reason: error.to_string(),
            }),
        };
    }
    let length = bytes.len();
    if length <= SMALL_LENGTH {
        decode_within::<V, SMALL_LIMIT>(bytes)
    } else if length <= MAX_LENGTH {
        decode_within::<V, LARGE_LIMIT>(bytes)
    } else {
        Err(ValueError::TooLarge { length })
    }
}

/// The bytes to store for a value that is kept outside its row.
pub(crate) fn seal_value(key: &RowKey, revision: u64, bytes: &[u8]) -> Vec<u8> {
    let mut sealed = frame::begin(varint::length(revision) + bytes.len());
    varint::write(revision, &mut sealed);
    sealed.extend_from_slice(bytes);
    frame::finish(key, &mut sealed);
    sealed
}

/// The revision and the bytes that were sealed.
///
/// # Errors
///
/// When `sealed` is not, to the last bit, what [`seal_value`] gave.
pub(crate) fn open_value<'s>(
    key: &RowKey,
    sealed: &'s [u8],
) -> Result<(u64, &'s [u8]), ValueError> {
    let mut body = frame::open(key, sealed)?;
    let revision = varint::read(&mut body).map_err(|_| ValueError::Revision)?;
    Ok((revision, body))
}

fn decode_within<V: DeserializeOwned, const LIMIT: usize>(bytes: &[u8]) -> Result<V, ValueError> {
    let config: Configuration<LittleEndian, Varint, Limit<LIMIT>> =
        config::standard().with_limit::<LIMIT>();
    let expected = std::any::type_name::<V>();
    let (value, consumed) = bincode::serde::decode_from_slice(bytes, config).map_err(|error| {
        ValueError::Malformed {
            expected,
            reason: describe_decode(error),
        }
    })?;
    match bytes.len() - consumed {
        0 => Ok(value),
        count => Err(ValueError::TrailingBytes { expected, count }),
    }
}

/// A vector that bincode appends to, where its own functions make a new one or fill a slice.
struct Appender<'a>(&'a mut Vec<u8>);

impl Writer for Appender<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

/// What went wrong, in words: bincode itself shows its errors only as the program text of an enum.
fn describe_encode(error: EncodeError) -> String {
    use bincode::serde::EncodeError as SerdeError;
    match error {
        EncodeError::OtherString(message) => message,
        EncodeError::Other(message) => message.into(),
        EncodeError::Serde(SerdeError::SequenceMustHaveLength) => {
            "it serializes a sequence or map without saying its length first".into()
        }
        other => other.to_string(),
    }
}

/// The same for decoding.
fn describe_decode(error: DecodeError) -> String {
    use bincode::serde::DecodeError as SerdeError;
    match error {
        DecodeError::OtherString(message) => message,
        DecodeError::Other(message) => message.into(),
        DecodeError::UnexpectedEnd { .. } => "they end too early".into(),
        DecodeError::LimitExceeded => "they claim more than they can hold".into(),
        DecodeError::Utf8 { inner } => format!("the text in them is damaged: {inner}"),
        DecodeError::InvalidBooleanValue(found) => format!("{found} is no bool"),
        DecodeError::InvalidCharEncoding(_) => "the character in them is damaged".into(),
        DecodeError::UnexpectedVariant { found, .. } => format!("there is no variant {found}"),
        DecodeError::Serde(SerdeError::AnyNotSupported | SerdeError::IgnoredAnyNotSupported) => {
            "the type can only be read from a format that describes itself, as JSON does \
             (`serde_json::Value`, `#[serde(untagged)]`, `#[serde(flatten)]`): write `musher::Json<..>` around it, or \
             around the field in it that is such a type"
                .into()
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
