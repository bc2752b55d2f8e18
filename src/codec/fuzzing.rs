//! Whole properties of this layer, for the fuzz targets.
//!
//! Owns what must hold whatever bytes come in, so that the fuzz crate, which sees only public
//! items, is a call each. A violation panics. It adds no check that the property tests lack, only
//! inputs that they would not think of.

#![cfg_attr(
    not(fuzzing),
    expect(unreachable_pub, reason = "public only in a build for the fuzzer")
)]

use std::fmt::Debug;

use chrono::{DateTime, NaiveTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::frame;
use super::key::OrderedKey;
use super::record::{PropertyNumber, Record, patch};
use super::row_key::{RowKey, RowKeyKind};
use super::value::{decode_value, encode_value, open_value, seal_value};

/// The key that rows and values are taken to be stored under.
const KEY: RowKey = RowKey::Integer(7);

/// Arbitrary bytes as a row and as values: they are refused, or are to the last bit what would be
/// written for what was read.
pub fn row_decoding(data: &[u8]) {
    check_row(data);
    // A fuzzer does not find checksums, so that the bytes are also tried with a right one.
    let mut framed = frame::begin(data.len());
    framed.extend_from_slice(data);
    frame::finish(&KEY, &mut framed);
    check_row(&framed);

    if let Ok((revision, bytes)) = open_value(&KEY, &framed) {
        assert_eq!(seal_value(&KEY, revision, bytes), framed);
    }
    check_value::<(u64, i32, bool)>(data);
    check_value::<String>(data);
    check_value::<Option<Vec<Option<char>>>>(data);
    check_value::<Vec<Vec<u128>>>(data);
    check_value::<Result<String, Vec<u8>>>(data);
    check_value::<DateTime<Utc>>(data);
}

/// Arbitrary bytes as pairs of keys: they are refused, or are keys that sort as values as they do
/// as bytes, and have one encoding.
pub fn key_order(data: &[u8]) {
    check_pair::<u64>(data);
    check_pair::<(i64, u32)>(data);
    check_pair::<(u128, i128, u8)>(data);
    check_pair::<String>(data);
    check_pair::<Vec<u8>>(data);
    check_pair::<(Option<String>, bool, char)>(data);
    check_pair::<(DateTime<Utc>, NaiveTime)>(data);
    check_pair::<(Option<Vec<u8>>, (i16, ()))>(data);
    check_floats(data);

    // Bytes seldom end where a text does, so that halves of the input are also taken as values.
    let (left, right) = data.split_at(data.len() / 2);
    check_order(&left.to_vec(), &right.to_vec());
    let text = |half| String::from_utf8_lossy(half).into_owned();
    check_order(&(text(left), left.to_vec()), &(text(right), right.to_vec()));

    for kind in [RowKeyKind::Integer, RowKeyKind::Bytes] {
        if let Ok(key) = RowKey::from_encoded(kind, data) {
            assert_eq!(key.to_vec(), data);
        }
    }
}

fn check_row(bytes: &[u8]) {
    let unverified = Record::parse_unverified(bytes);
    let Ok(record) = Record::parse(&KEY, bytes) else {
        return;
    };
    let unverified = unverified.expect("a right row is a row without its checksum too");
    let mut previous = None;
    for ((number, value), (_, span)) in record.iter().zip(record.spans()) {
        assert!(previous < Some(number));
        assert_eq!(&bytes[span], value);
        assert_eq!(record.get(number), Some(value));
        assert_eq!(unverified.get(number), Some(value));
        previous = Some(number);
    }
    if previous < Some(PropertyNumber(u16::MAX)) {
        assert_eq!(record.get(PropertyNumber(u16::MAX)), None);
    }
    let again = patch(&record, []).seal(&KEY, record.revision(), record.schema_version());
    assert_eq!(again, bytes);
}

fn check_value<V: Serialize + DeserializeOwned + 'static + PartialEq + Debug>(bytes: &[u8]) {
    let Ok(value) = decode_value::<V>(bytes) else {
        return;
    };
    // The bytes need not be the same: bincode reads numbers that are longer than need be.
    let mut again = Vec::new();
    encode_value(&value, &mut again).expect("what was decoded can be encoded");
    let decoded = decode_value::<V>(&again).expect("what was encoded can be decoded");
    assert_eq!(decoded, value);
}

fn check_pair<K: OrderedKey + Ord + Debug>(data: &[u8]) {
    let mut input = data;
    let Ok(first) = K::decode_key(&mut input) else {
        return;
    };
    assert_eq!(encoded(&first), data[..data.len() - input.len()]);
    let rest = input;
    let Ok(second) = K::decode_key(&mut input) else {
        return;
    };
    assert_eq!(encoded(&second), rest[..rest.len() - input.len()]);
    check_order(&first, &second);
}

fn check_order<K: OrderedKey + Ord + Debug>(first: &K, second: &K) {
    let (a, b) = (encoded(first), encoded(second));
    assert_eq!(a.cmp(&b), first.cmp(second), "{first:?} and {second:?}");
    assert_eq!(a.starts_with(&b), a == b, "{second:?} begins {first:?}");
    let mut input = &a[..];
    assert_eq!(K::decode_key(&mut input).as_ref(), Ok(first));
    assert!(input.is_empty());
}

fn check_floats(data: &[u8]) {
    let mut input = data;
    let (Ok(first), Ok(second)) = (f64::decode_key(&mut input), f64::decode_key(&mut input)) else {
        return;
    };
    let order = encoded(&first).cmp(&encoded(&second));
    assert_eq!(order, first.total_cmp(&second), "{first} and {second}");
    assert_eq!(encoded(&first), data[..8]);
}

fn encoded<K: OrderedKey>(key: &K) -> Vec<u8> {
    let mut out = Vec::new();
    key.encode_key(&mut out);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    /// Bytes of which half are at an edge of some form.
    fn byte() -> impl Strategy<Value = u8> {
        let edges = vec![0u8, 1, 2, 7, 8, 240, 241, 248, 249, 250, 255];
        prop_oneof![any::<u8>(), prop::sample::select(edges)]
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_pass(data in prop::collection::vec(byte(), 0..200)) {
            super::row_decoding(&data);
            super::key_order(&data);
        }
    }
}
