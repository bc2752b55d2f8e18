//! The laws of [`OrderedKey`], held for every type.

use std::cmp::Ordering;
use std::fmt::Debug;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Utc};
use proptest::prelude::*;

use super::*;

#[cfg(feature = "rust_decimal")]
mod decimal;
#[cfg(feature = "derive")]
mod derived;

fn encoded<K: OrderedKey>(key: &K) -> Vec<u8> {
    let mut out = Vec::new();
    key.encode_key(&mut out);
    out
}

/// What holds of any two keys of one type, `order` being how they compare as values.
fn check_ordered<K: OrderedKey + PartialEq + Debug>(a: &K, b: &K, order: Ordering) {
    let (bytes_a, bytes_b) = (encoded(a), encoded(b));
    assert_eq!(bytes_a.cmp(&bytes_b), order, "{a:?} and {b:?}");
    assert_eq!(
        bytes_b.starts_with(&bytes_a),
        order == Ordering::Equal,
        "{a:?} is a prefix of {b:?}"
    );
    assert_eq!(decode_whole::<K>(&bytes_a).as_ref(), Ok(a));

    // A key that is appended leaves what is there, and knows where it ends.
    let mut both = bytes_a.clone();
    b.encode_key(&mut both);
    assert_eq!(both[..bytes_a.len()], bytes_a);
    let mut input = &both[..];
    assert_eq!(K::decode_key(&mut input).as_ref(), Ok(a));
    assert_eq!(input, bytes_b);

    for end in 0..bytes_a.len() {
        assert!(
            decode_whole::<K>(&bytes_a[..end]).is_err(),
            "{a:?} cut at {end}"
        );
    }
}

fn check<K: OrderedKey + Ord + Debug>(a: &K, b: &K) {
    check_ordered(a, b, a.cmp(b));
    check_ordered(a, a, Ordering::Equal);
}

/// A key is found in one way only, and nothing that is read makes decoding panic.
fn check_arbitrary<K: OrderedKey>(bytes: &[u8]) {
    let mut input = bytes;
    if let Ok(key) = K::decode_key(&mut input) {
        assert_eq!(encoded(&key), bytes[..bytes.len() - input.len()]);
    }
}

/// Numbers of every magnitude and both signs.
fn signed() -> impl Strategy<Value = i64> {
    (any::<i64>(), 0u32..64).prop_map(|(number, shift)| number >> shift)
}

/// Texts in which zero bytes, their neighbours and shared prefixes are frequent.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[\0\u{1}ab\u{ff}]{0,6}", any::<String>()]
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    // The edges of the escapes and of the forms of integers.
    let tricky = prop::sample::select(vec![0u8, 1, 7, 8, 240, 241, 248, 249, 250, 0xfe, 0xff]);
    prop_oneof![
        prop::collection::vec(tricky, 0..10),
        prop::collection::vec(any::<u8>(), 0..40)
    ]
}

fn float() -> impl Strategy<Value = f64> {
    let special = vec![
        0.0,
        -0.0,
        f64::NAN,
        -f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MIN,
        f64::MAX,
    ];
    prop_oneof![
        any::<f64>(),
        any::<u64>().prop_map(f64::from_bits),
        prop::sample::select(special)
    ]
}

fn date() -> impl Strategy<Value = NaiveDate> {
    let days = NaiveDate::MIN.to_epoch_days()..=NaiveDate::MAX.to_epoch_days();
    let extremes = vec![NaiveDate::MIN, NaiveDate::MAX, NaiveDate::default()];
    prop_oneof![
        days.prop_map(|day| NaiveDate::from_epoch_days(day).unwrap()),
        (-400i32..400).prop_map(|day| NaiveDate::from_epoch_days(day).unwrap()),
        prop::sample::select(extremes),
    ]
}

/// Times, a tenth of them within a leap second.
fn time() -> impl Strategy<Value = NaiveTime> {
    let nanosecond = prop_oneof![
        4 => Just(0u32),
        5 => 0u32..1_000_000_000,
        1 => 1_000_000_000u32..2_000_000_000
    ];
    (0u32..86_400, nanosecond).prop_map(|(second, nanosecond)| {
        let time = NaiveTime::from_num_seconds_from_midnight_opt(second, 0).unwrap();
        time.with_nanosecond(nanosecond).unwrap()
    })
}

fn moment() -> impl Strategy<Value = DateTime<Utc>> {
    prop_oneof![
        (date(), time()).prop_map(|(date, time)| date.and_time(time).and_utc()),
        prop::sample::select(vec![DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC]),
    ]
}

/// The number that a float is as a key.
fn canonical(number: f64) -> f64 {
    if number.is_nan() {
        f64::NAN.abs()
    } else {
        number + 0.0
    }
}

proptest! {
    #[test]
    fn integers(a: (u8, u16, u32), b: (u8, u16, u32), long in (signed(), signed()), wide: (i128, i128)) {
        check(&a.0, &b.0);
        check(&a.1, &b.1);
        check(&a.2, &b.2);
        check(&long.0, &long.1);
        check(&long.0.cast_unsigned(), &long.1.cast_unsigned());
        check(&long.0.unsigned_abs(), &long.1.unsigned_abs());
        check(&wide.0, &wide.1);
        check(&wide.0.cast_unsigned(), &wide.1.cast_unsigned());
    }

    #[test]
    fn narrow_signed_integers(a: (i8, i16, i32), b: (i8, i16, i32)) {
        check(&a.0, &b.0);
        check(&a.1, &b.1);
        check(&a.2, &b.2);
    }

    #[test]
    fn neighbouring_integers(a in signed()) {
        let next = a.saturating_add(1);
        check(&a, &next);
        check(&a.cast_unsigned(), &next.cast_unsigned());
        check(&i128::from(a), &i128::from(next));
    }

    #[test]
    fn small_things(a: (bool, char), b: (bool, char)) {
        check(&a.0, &b.0);
        check(&a.1, &b.1);
        check(&(), &());
    }

    #[test]
    fn texts_and_bytes(texts in (text(), text()), strings in (bytes(), bytes())) {
        check(&texts.0, &texts.1);
        check(&strings.0, &strings.1);
        let longer = format!("{}{}", texts.0, texts.1);
        check(&texts.0, &longer);
    }

    #[test]
    fn floats(a in float(), b in float()) {
        let order = canonical(a).total_cmp(&canonical(b));
        prop_assert_eq!(encoded(&a).cmp(&encoded(&b)), order);
        let decoded = decode_whole::<f64>(&encoded(&a)).unwrap();
        prop_assert_eq!(decoded.to_bits(), canonical(a).to_bits());
        if a.partial_cmp(&b) == Some(Ordering::Equal) {
            prop_assert_eq!(encoded(&a), encoded(&b));
        }
    }

    #[test]
    fn short_floats(a: u32, b: u32) {
        let (a, b) = (f32::from_bits(a), f32::from_bits(b));
        let order = canonical(a.into()).total_cmp(&canonical(b.into()));
        prop_assert_eq!(encoded(&a).cmp(&encoded(&b)), order);
        let decoded = decode_whole::<f32>(&encoded(&a)).unwrap();
        prop_assert_eq!(decoded.partial_cmp(&a), a.partial_cmp(&a));
    }

    #[test]
    fn dates_and_times(a in (date(), time(), moment()), b in (date(), time(), moment())) {
        check(&a.0, &b.0);
        check(&a.1, &b.1);
        check(&a.0.and_time(a.1), &b.0.and_time(b.1));
        check(&a.2, &b.2);
    }

    #[test]
    fn options(a: Option<u64>, b: Option<u64>, c in prop::option::of(text()), d in prop::option::of(text())) {
        check(&a, &b);
        check(&c, &d);
        check(&Some(a), &Some(b));
        check(&None, &Some(c));
    }

    #[test]
    fn tuples(
        a in (text(), signed(), prop::option::of(text()), bytes(), moment()),
        b in (text(), signed(), prop::option::of(text()), bytes(), moment()),
    ) {
        check(&a, &b);
        let same_head = (a.0.clone(), b.1, b.2.clone(), b.3.clone(), b.4);
        check(&a, &same_head);
        check(&((a.0.clone(), a.1), a.2.clone()), &((b.0.clone(), b.1), b.2.clone()));
        check(&(a.0.clone(),), &(b.0.clone(),));
        check(
            &(true, (), 'x', a.1, a.4, 1u8, a.3.clone(), a.0.clone()),
            &(true, (), 'x', a.1, a.4, 1u8, a.3.clone(), b.0.clone()),
        );
    }

    /// A scan over the bytes of a first component finds exactly the tuples that begin with it.
    #[test]
    fn a_prefix_finds_its_component_and_no_other(a in text(), b in text(), rest in signed()) {
        prop_assert_eq!(encoded(&(b.clone(), rest)).starts_with(&encoded(&a)), a == b);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in bytes()) {
        check_arbitrary::<(u8, u16, u32)>(&bytes);
        check_arbitrary::<u64>(&bytes);
        check_arbitrary::<u128>(&bytes);
        check_arbitrary::<(i8, i16)>(&bytes);
        check_arbitrary::<i32>(&bytes);
        check_arbitrary::<i64>(&bytes);
        check_arbitrary::<i128>(&bytes);
        check_arbitrary::<bool>(&bytes);
        check_arbitrary::<char>(&bytes);
        check_arbitrary::<String>(&bytes);
        check_arbitrary::<Vec<u8>>(&bytes);
        check_arbitrary::<Option<Option<String>>>(&bytes);
        check_arbitrary::<f32>(&bytes);
        check_arbitrary::<f64>(&bytes);
        check_arbitrary::<NaiveDate>(&bytes);
        check_arbitrary::<NaiveTime>(&bytes);
        check_arbitrary::<NaiveDateTime>(&bytes);
        check_arbitrary::<DateTime<Utc>>(&bytes);
        check_arbitrary::<(String, i64, Option<bool>)>(&bytes);
    }
}

/// Durations of every magnitude and both signs.
fn delta() -> impl Strategy<Value = TimeDelta> {
    (signed(), 0u32..1_000_000_000).prop_map(|(seconds, nanoseconds)| {
        TimeDelta::new(seconds / 1000, nanoseconds).expect("it is within the range")
    })
}

proptest! {
    #[test]
    fn durations(deltas in (delta(), delta()), a: (u64, u32), b: (u64, u32)) {
        check(&deltas.0, &deltas.1);
        let duration = |(seconds, nanoseconds): (u64, u32)| {
            Duration::new(seconds, nanoseconds % 1_000_000_000)
        };
        check(&duration(a), &duration(b));
    }

    #[test]
    fn arbitrary_bytes_are_no_durations_or_are_theirs(bytes in bytes()) {
        check_arbitrary::<Duration>(&bytes);
        check_arbitrary::<TimeDelta>(&bytes);
    }
}

#[test]
fn durations_around_zero_and_at_the_ends_of_the_range() {
    let nanoseconds = [
        -1_000_000_001,
        -1_000_000_000,
        -999_999_999,
        -1,
        0,
        1,
        1_500_000_000,
    ];
    let mut deltas = vec![TimeDelta::MIN];
    deltas.extend(nanoseconds.map(TimeDelta::nanoseconds));
    deltas.push(TimeDelta::MAX);
    for (at, one) in deltas.iter().enumerate() {
        deltas[at..].iter().for_each(|other| check(one, other));
    }
}

#[cfg(feature = "uuid")]
proptest! {
    #[test]
    fn uuids(a: u128, b: u128) {
        check(&uuid::Uuid::from_u128(a), &uuid::Uuid::from_u128(b));
    }
}

#[test]
fn small_keys_are_short() {
    assert_eq!(encoded(&200u64).len(), 1);
    assert_eq!(encoded(&-100i64).len(), 1);
    assert_eq!(encoded(&String::from("slug")).len(), 6);
    assert_eq!(
        encoded(&NaiveDate::from_ymd_opt(2025, 11, 22).unwrap()).len(),
        3
    );
}
