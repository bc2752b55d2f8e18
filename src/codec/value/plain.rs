//! The types that nearly every row has, without the detour over serde.
//!
//! Texts are stored as bincode stores them. It reads them into memory that it has filled with zeros before,
//! and checks limits that texts of a known length do not need: that takes four times as long.
//!
//! Dates and times are stored as their [ordered keys](crate::codec::key), and options of them behind the byte
//! with which bincode begins an option, because chrono's serde would make text of them, which takes longer to
//! read than the rest of a usual row. Only whole properties are; within other types it is serde that writes
//! them.

use std::any::{Any, TypeId};

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};

use crate::codec::{KeyError, OrderedKey};

/// bincode's two forms of an option.
const NONE: u8 = 0;
const SOME: u8 = 1;
/// The greatest number that bincode writes as one byte.
const LONGEST_SHORT: u8 = 250;

/// Appends the value, if it is a date or time, or an option of one.
pub(super) fn encode<V: Any>(value: &V, out: &mut Vec<u8>) -> bool {
    encode_as::<DateTime<Utc>, V>(value, out)
        || encode_as::<NaiveDateTime, V>(value, out)
        || encode_as::<NaiveDate, V>(value, out)
        || encode_as::<NaiveTime, V>(value, out)
}

/// The value, if it is of one of these types. Takes from `bytes` what it is stored as.
#[inline]
pub(super) fn decode<V: Any>(bytes: &mut &[u8]) -> Option<Result<V, KeyError>> {
    decode_text(bytes)
        .or_else(|| decode_as::<DateTime<Utc>, V>(bytes))
        .or_else(|| decode_as::<NaiveDateTime, V>(bytes))
        .or_else(|| decode_as::<NaiveDate, V>(bytes))
        .or_else(|| decode_as::<NaiveTime, V>(bytes))
}

// The comparisons of types are constants, of which nothing is left where they do not hold.

#[inline]
fn encode_as<M: OrderedKey + Any, V: Any>(value: &V, out: &mut Vec<u8>) -> bool {
    let value: &dyn Any = value;
    if let Some(moment) = value.downcast_ref::<M>() {
        moment.encode_key(out);
        return true;
    }
    let Some(moment) = value.downcast_ref::<Option<M>>() else {
        return false;
    };
    out.push(if moment.is_some() { SOME } else { NONE });
    if let Some(moment) = moment {
        moment.encode_key(out);
    }
    true
}

#[inline]
fn decode_as<M: OrderedKey + Any, V: Any>(bytes: &mut &[u8]) -> Option<Result<V, KeyError>> {
    if is::<V, M>() {
        return Some(M::decode_key(bytes).map(into));
    }
    if is::<V, Option<M>>() {
        return Some(decode_option::<M>(bytes).map(into));
    }
    None
}

/// A short text. Those whose length takes more than a byte are left to bincode: there it does not show. So are
/// those that are damaged, for the sake of what it says of them.
#[inline]
fn decode_text<V: Any>(bytes: &mut &[u8]) -> Option<Result<V, KeyError>> {
    if !is::<V, String>() {
        return None;
    }
    let (&length, rest) = bytes.split_first()?;
    let (text, rest) = rest.split_at_checked(usize::from(length))?;
    if length > LONGEST_SHORT {
        return None;
    }
    let text = str::from_utf8(text).ok()?;
    *bytes = rest;
    Some(Ok(into(text.to_owned())))
}

fn decode_option<M: OrderedKey>(bytes: &mut &[u8]) -> Result<Option<M>, KeyError> {
    let kind = "Option";
    match bytes.split_off_first() {
        Some(&NONE) => Ok(None),
        Some(&SOME) => M::decode_key(bytes).map(Some),
        Some(_) => Err(KeyError::NotCanonical { kind }),
        None => Err(KeyError::Truncated { kind }),
    }
}

fn is<V: Any, W: Any>() -> bool {
    TypeId::of::<V>() == TypeId::of::<W>()
}

/// A value as what its type is known to be.
fn into<W: Any, V: Any>(value: W) -> V {
    let mut value = Some(value);
    let value = (&mut value as &mut dyn Any).downcast_mut::<Option<V>>();
    value.and_then(Option::take).expect("it is the same type")
}
