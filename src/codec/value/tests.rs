//! Values of every shape that serde knows, there and back.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use chrono::{DateTime, NaiveDate, Utc};
use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::codec::OrderedKey;

/// The key that the values are stored under.
const KEY: RowKey = RowKey::Integer(7);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Shape {
    Point,
    Circle(f64),
    Named { name: String, sides: Option<u16> },
}

fn encoded<V: Serialize + 'static>(value: &V) -> Vec<u8> {
    let mut out = Vec::new();
    encode_value(value, &mut out).unwrap();
    out
}

fn check<V: Serialize + DeserializeOwned + PartialEq + Debug + 'static>(value: &V) {
    let bytes = encoded(value);
    assert_eq!(decode_value::<V>(&bytes).as_ref().unwrap(), value);

    let mut longer = bytes.clone();
    longer.push(0);
    assert!(matches!(
        decode_value::<V>(&longer),
        Err(ValueError::TrailingBytes { count: 1, .. })
    ));
    if let Some((_, shorter)) = bytes.split_last() {
        assert!(decode_value::<V>(shorter).is_err());
    }
}

fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![
        Just(Shape::Point),
        (-1e9..1e9).prop_map(Shape::Circle),
        any::<(String, Option<u16>)>().prop_map(|(name, sides)| Shape::Named { name, sides }),
    ]
}

proptest! {
    #[test]
    fn values_read_back(
        numbers: (u64, i64, u128, i8), text: String, flags: Vec<Option<bool>>,
        map: BTreeMap<String, Vec<u32>>, shape in shape(), seconds in -1_000_000_000_000i64..1_000_000_000_000,
    ) {
        check(&numbers);
        check(&text);
        check(&Some(text.clone()));
        check(&flags);
        check(&map);
        check(&vec![shape.clone(); 2]);
        check(&(shape, 'é', 0.5f32));
        let moment = DateTime::<Utc>::from_timestamp(seconds, 5).unwrap();
        check(&moment);
        check(&Some(moment));
        check(&None::<DateTime<Utc>>);
        check(&(moment, 1u8));
        check(&vec![moment]);
        check(&moment.naive_utc());
        check(&Some(moment.naive_utc()));
        check(&moment.time());
        check(&NaiveDate::from_num_days_from_ce_opt(i32::from(numbers.3)).unwrap());
    }

    /// Whatever order a map was filled in, it has one encoding.
    #[test]
    fn equal_values_have_equal_bytes(pairs: HashMap<u16, String>) {
        let pairs: Vec<_> = pairs.into_iter().collect();
        let there: BTreeMap<_, _> = pairs.iter().cloned().collect();
        let back: BTreeMap<_, _> = pairs.iter().rev().cloned().collect();
        prop_assert_eq!(encoded(&there), encoded(&back));
    }

    #[test]
    fn arbitrary_bytes_give_a_value_or_an_error(bytes: Vec<u8>) {
        let _ = decode_value::<u64>(&bytes);
        let _ = decode_value::<String>(&bytes);
        let _ = decode_value::<Vec<Shape>>(&bytes);
        let _ = decode_value::<HashMap<String, Vec<u8>>>(&bytes);
        let _ = decode_value::<Vec<Vec<u128>>>(&bytes);
        let _ = decode_value::<(char, DateTime<Utc>, [u8; 4])>(&bytes);
        let _ = decode_value::<DateTime<Utc>>(&bytes);
        let _ = decode_value::<Option<DateTime<Utc>>>(&bytes);
        let _ = open_value(&KEY, &bytes);
    }

    #[test]
    fn a_sealed_value_opens_and_damage_is_noticed(revision: u64, bytes: Vec<u8>, at: prop::sample::Index, flip in 1u8..) {
        let mut sealed = seal_value(&KEY, revision, &bytes);
        prop_assert_eq!(open_value(&KEY, &sealed).unwrap(), (revision, &bytes[..]));
        let at = at.index(sealed.len());
        sealed[at] ^= flip;
        prop_assert!(open_value(&KEY, &sealed).is_err());
    }
}

/// chrono's serde would make a text of 30 bytes of the first.
#[test]
fn moments_are_their_ordered_keys() {
    let moment = DateTime::from_timestamp(1_700_000_000, 123_000_000).unwrap();
    let mut key = Vec::new();
    moment.encode_key(&mut key);
    assert_eq!(encoded(&moment), key);
    assert!(key.len() <= 12);
    assert_eq!(encoded(&Some(moment)), [&[1], &key[..]].concat());
    assert_eq!(encoded(&None::<DateTime<Utc>>), [0]);
    for damaged in [&[][..], &[2], &[1]] {
        let error = decode_value::<Option<DateTime<Utc>>>(damaged).unwrap_err();
        assert!(matches!(error, ValueError::Malformed { .. }), "{error}");
    }
}

/// A length of eight bytes costs nine to write, and must not be believed.
#[test]
fn a_hostile_length_reserves_nothing() {
    for length in [u64::MAX, i64::MAX as u64, 1 << 40, 1 << 30] {
        let bytes = encoded(&length);
        for error in [
            decode_value::<String>(&bytes).map(drop).unwrap_err(),
            decode_value::<Vec<u64>>(&bytes).map(drop).unwrap_err(),
            decode_value::<HashMap<u64, u64>>(&bytes)
                .map(drop)
                .unwrap_err(),
        ] {
            assert!(matches!(error, ValueError::Malformed { .. }), "{error}");
        }
    }
    let error = decode_value::<String>(&encoded(&(1u64 << 40))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the stored bytes cannot be read as alloc::string::String: they claim more than they can hold"
    );
}

/// The limits count a value's size in memory, of which one stored byte can stand for sixteen.
#[test]
fn what_is_encoded_is_within_the_limits() {
    for count in [
        SMALL_LENGTH - 8,
        SMALL_LENGTH - 3,
        SMALL_LENGTH,
        SMALL_LENGTH + 1,
    ] {
        check(&vec![0u128; count]);
        check(&vec![vec![0u8; 1]; count / 2]);
        check(&"x".repeat(count));
    }
}

#[test]
fn a_failed_encoding_leaves_the_buffer_as_it_was() {
    struct Endless;

    impl Serialize for Endless {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeSeq;
            serializer.serialize_seq(None)?.end()
        }
    }

    let mut out = vec![1, 2];
    let error = encode_value(&("before", Endless), &mut out).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the value cannot be stored: it serializes a sequence or map without saying its length first"
    );
    assert_eq!(out, [1, 2]);
}
