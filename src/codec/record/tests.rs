//! Rows against a plain map of numbers to bytes.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::codec::frame::FrameError;

/// The key that the rows are stored under.
const KEY: RowKey = RowKey::Integer(7);

type Model = BTreeMap<u16, Vec<u8>>;

/// Few numbers, so that changes often meet what is there, and now and then the largest.
fn number() -> impl Strategy<Value = u16> {
    prop_oneof![8 => 0u16..12, 1 => 200u16..300, 1 => Just(u16::MAX)]
}

fn model() -> impl Strategy<Value = Model> {
    let short = prop::collection::vec(any::<u8>(), 0..12);
    let long = prop::collection::vec(any::<u8>(), 235..300);
    prop::collection::btree_map(number(), prop_oneof![9 => short, 1 => long], 0..14)
}

fn build(model: &Model) -> RowBody {
    let mut builder = RowBodyBuilder::new();
    for (number, bytes) in model {
        builder.push(PropertyNumber(*number), bytes);
    }
    builder.finish()
}

/// Arbitrary bytes, half of them small numbers, which are a right table now and then.
fn arbitrary_body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..60),
        prop::collection::vec(0u8..4, 3..12),
    ]
}

fn collect<'a>(properties: impl Iterator<Item = (PropertyNumber, &'a [u8])>) -> Model {
    properties
        .map(|(number, bytes)| (number.0, bytes.to_vec()))
        .collect()
}

/// Puts a right checksum before a body, to reach what lies behind it.
fn framed(body: &[u8]) -> Vec<u8> {
    let mut bytes = frame::begin(body.len());
    bytes.extend_from_slice(body);
    frame::finish(&KEY, &mut bytes);
    bytes
}

fn parse_error(body: &[u8]) -> RecordError {
    Record::parse(&KEY, &framed(body)).unwrap_err()
}

proptest! {
    #[test]
    fn a_row_is_the_map_it_was_built_from(model in model(), revision: u64, version: u32, asked in number()) {
        let body = build(&model);
        prop_assert_eq!(&collect(body.iter()), &model);
        prop_assert_eq!(body.get(PropertyNumber(asked)), model.get(&asked).map(Vec::as_slice));

        let bytes = body.seal(&KEY, revision, version);
        for record in [Record::parse(&KEY, &bytes).unwrap(), Record::parse_unverified(&bytes).unwrap()] {
            prop_assert_eq!(record.revision(), revision);
            prop_assert_eq!(record.schema_version(), version);
            prop_assert_eq!(record.properties().len(), model.len());
            prop_assert_eq!(&collect(record.iter()), &model);
            let spans = record.spans().map(|(number, span)| (number, &bytes[span]));
            prop_assert_eq!(&collect(spans), &model);
            for number in model.keys().copied().chain([asked]) {
                let expected = model.get(&number).map(Vec::as_slice);
                prop_assert_eq!(record.get(PropertyNumber(number)), expected);
            }
        }
    }

    #[test]
    fn a_patch_is_the_map_changed(
        model in model(),
        changes in prop::collection::btree_map(number(), prop::option::of(prop::collection::vec(any::<u8>(), 0..9)), 0..8),
    ) {
        let bytes = build(&model).seal(&KEY, 1, 1);
        let record = Record::parse(&KEY, &bytes).unwrap();
        let patched = patch(
            &record,
            changes.iter().map(|(number, change)| (PropertyNumber(*number), change.as_deref())),
        );
        let mut expected = model;
        for (number, change) in changes {
            match change {
                Some(bytes) => expected.insert(number, bytes),
                None => expected.remove(&number),
            };
        }
        prop_assert_eq!(patched, build(&expected));
    }

    #[test]
    fn arbitrary_bytes_give_a_row_or_an_error(body in arbitrary_body()) {
        prop_assert!(Record::parse(&KEY, &body).is_err());
        let _ = Record::parse_unverified(&body);
        let bytes = framed(&body);
        if let Ok(record) = Record::parse(&KEY, &bytes) {
            let again = patch(&record, []).seal(&KEY, record.revision(), record.schema_version());
            prop_assert_eq!(again, bytes);
        }
    }

    #[test]
    fn any_cut_is_noticed(model in model(), cut: prop::sample::Index) {
        let bytes = build(&model).seal(&KEY, 9, 2);
        let cut = &bytes[..cut.index(bytes.len())];
        prop_assert!(Record::parse(&KEY, cut).is_err());
        prop_assert!(Record::parse_unverified(cut).is_err());
    }
}

fn sample() -> RowBody {
    let mut builder = RowBodyBuilder::new();
    builder.push(PropertyNumber(1), b"one");
    builder.push(PropertyNumber(2), b"");
    builder.push(PropertyNumber(300), b"three hundred");
    builder.finish()
}

#[test]
fn a_row_has_the_documented_bytes() {
    let bytes = sample().seal(&KEY, 7, 2);
    let body = b"\x07\x02\x03\x01\x03\x02\x00\xf1\x3c\x0donethree hundred";
    assert_eq!(bytes[0], 1);
    let key_and_body = [&[0, 0, 0, 0, 0, 0, 0, 7], &body[..]].concat();
    assert_eq!(bytes[1..5], crc32fast::hash(&key_and_body).to_le_bytes());
    assert_eq!(bytes[5..], body[..]);
}

#[test]
fn every_change_of_a_byte_is_noticed() {
    let bytes = sample().seal(&KEY, 7, 2);
    for at in 0..bytes.len() {
        for flip in 1..=255 {
            let mut damaged = bytes.clone();
            damaged[at] ^= flip;
            assert!(
                Record::parse(&KEY, &damaged).is_err(),
                "byte {at} changed by {flip:#x}"
            );
        }
    }
}

#[test]
fn a_row_says_what_is_wrong_with_it() {
    let newer = [2, 0, 0, 0, 0];
    assert_eq!(
        Record::parse(&KEY, &newer).unwrap_err(),
        RecordError::Frame(FrameError::NewerFormat { found: 2 })
    );
    let part = RecordPart::Revision;
    assert_eq!(parse_error(&[]), RecordError::Truncated { part });
    let part = RecordPart::PropertyCount;
    assert_eq!(parse_error(&[7, 2]), RecordError::Truncated { part });
    let part = RecordPart::Values;
    assert_eq!(
        parse_error(&[7, 2, 1, 5, 3, 0, 0]),
        RecordError::Truncated { part }
    );
    assert_eq!(
        parse_error(&[7, 2, 2, 5, 0, 5, 0]),
        RecordError::NotAscending {
            previous: 5,
            number: 5
        }
    );
    assert_eq!(
        parse_error(&[7, 2, 1, 5, 1, 0, 0]),
        RecordError::TrailingBytes { count: 1 }
    );
    let part = RecordPart::PropertyNumber;
    assert_eq!(
        parse_error(&[7, 2, 1, 250, 1, 8, 240, 0]),
        RecordError::OutOfRange { part, value: 67824 }
    );
    let part = RecordPart::PropertyLength;
    assert_eq!(
        parse_error(&[7, 2, 1, 5, 250, 0, 0, 1, 0]),
        RecordError::NotCanonical { part }
    );
}

/// Lengths that sum up to more than any memory must neither wrap around nor be believed.
#[test]
fn lengths_beyond_all_memory_are_an_error() {
    let mut body = vec![7, 2, 2, 1];
    varint::write(u64::MAX, &mut body);
    body.push(2);
    varint::write(2, &mut body);
    let part = RecordPart::PropertyLength;
    assert_eq!(
        parse_error(&body),
        RecordError::OutOfRange { part, value: 2 }
    );

    let mut body = vec![7, 2];
    varint::write(u64::MAX, &mut body);
    let part = RecordPart::PropertyNumber;
    assert_eq!(parse_error(&body), RecordError::Truncated { part });
}

#[test]
fn a_property_that_fails_leaves_the_builder_as_it_was() {
    let mut builder = RowBodyBuilder::new();
    builder.push(PropertyNumber(1), b"one");
    let failed = builder.property(PropertyNumber(2), |out| {
        out.extend_from_slice(b"half");
        Err("no")
    });
    assert_eq!(failed, Err("no"));
    builder.push(PropertyNumber(2), b"two");
    let expected = Model::from([(1, b"one".to_vec()), (2, b"two".to_vec())]);
    assert_eq!(collect(builder.finish().iter()), expected);
}

#[test]
#[should_panic(expected = "property 3 was added out of order")]
fn properties_out_of_order_are_a_broken_caller() {
    let mut builder = RowBodyBuilder::new();
    builder.push(PropertyNumber(3), b"");
    builder.push(PropertyNumber(3), b"");
}

#[test]
#[should_panic(expected = "changes are not ascending")]
fn changes_out_of_order_are_a_broken_caller() {
    let bytes = sample().seal(&KEY, 1, 1);
    let record = Record::parse(&KEY, &bytes).unwrap();
    patch(
        &record,
        [(PropertyNumber(2), None), (PropertyNumber(1), None)],
    );
}
