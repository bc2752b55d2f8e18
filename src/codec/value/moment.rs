//! Dates and times. chrono's serde makes text of them for every format, which takes longer to read than the
//! rest of a usual row; they are stored as their [ordered keys](crate::codec::key) instead, and options of
//! them behind the byte with which bincode begins an option.
//!
//! Only whole properties are. Within other types it is serde that writes them.

use std::any::{Any, TypeId};

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};

use crate::codec::{KeyError, OrderedKey};

/// bincode's two forms of an option.
const NONE: u8 = 0;
const SOME: u8 = 1;

/// Appends the value, if it is a date or time, or an option of one.
pub(super) fn encode<V: Any>(value: &V, out: &mut Vec<u8>) -> bool {
    encode_as::<DateTime<Utc>, V>(value, out)
        || encode_as::<NaiveDateTime, V>(value, out)
        || encode_as::<NaiveDate, V>(value, out)
        || encode_as::<NaiveTime, V>(value, out)
}

/// The value, if a `V` is a date or time, or an option of one. Takes from `bytes` what it is stored as.
pub(super) fn decode<V: Any>(bytes: &mut &[u8]) -> Option<Result<V, KeyError>> {
    decode_as::<DateTime<Utc>, V>(bytes)
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
