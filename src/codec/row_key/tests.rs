//! Row keys against the typed keys that they stand for.

use std::hash::{BuildHasher, RandomState};

use proptest::prelude::*;
use serde::Deserialize;

use super::*;

/// What holds of any two keys of one type.
fn check<K: EntityKey>(a: &K, b: &K) {
    let (row_a, row_b) = (a.to_row_key(), b.to_row_key());
    assert_eq!(row_a.kind(), K::KIND);
    assert_eq!(K::from_row_key(&row_a).as_ref(), Ok(a));
    assert_eq!(row_a.cmp(&row_b), a.cmp(b));
    assert_eq!(row_a.to_vec().cmp(&row_b.to_vec()), a.cmp(b));
    assert_eq!(row_a == row_b, a == b);

    let mut encoded = Vec::new();
    a.encode_key(&mut encoded);
    assert_eq!(row_a.to_vec(), encoded);
    assert_eq!(row_a.encoded_length(), encoded.len());
    assert_eq!(RowKey::from_encoded(K::KIND, &encoded), Ok(row_a.clone()));

    let hasher = RandomState::new();
    assert_eq!(hasher.hash_one(&row_a), hasher.hash_one(row_a.clone()));
    if K::KIND == RowKeyKind::Integer {
        let mut input = &encoded[..];
        assert_eq!(RowKey::read_integer(&mut input), Ok(row_a));
        assert!(input.is_empty());
    }
}

/// A user's key that says it is a number, and leaves the rest to the defaults.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct InvoiceNumber(u64);

impl OrderedKey for InvoiceNumber {
    fn encode_key(&self, out: &mut Vec<u8>) {
        self.0.encode_key(out);
    }

    fn decode_key(input: &mut &[u8]) -> Result<Self, KeyError> {
        u64::decode_key(input).map(Self)
    }
}

impl EntityKey for InvoiceNumber {
    const KIND: RowKeyKind = RowKeyKind::Integer;
}

proptest! {
    #[test]
    fn a_row_key_is_the_typed_key(
        numbers: (u64, u64), narrow: (u8, u8), signed: (i64, i64), texts: (String, String),
        composite: ((String, u32), (String, u32)),
    ) {
        check(&numbers.0, &numbers.1);
        check(&narrow.0, &narrow.1);
        check(&InvoiceNumber(numbers.0), &InvoiceNumber(numbers.1));
        check(&signed.0, &signed.1);
        check(&texts.0, &texts.1);
        check(&composite.0, &composite.1);
    }

    #[test]
    fn arbitrary_bytes_give_a_key_or_an_error(bytes: Vec<u8>) {
        for kind in [RowKeyKind::Integer, RowKeyKind::Bytes] {
            if let Ok(key) = RowKey::from_encoded(kind, &bytes) {
                prop_assert_eq!(key.to_vec(), &bytes[..]);
                prop_assert!(!key.to_string().is_empty());
            }
        }
    }
}

#[test]
fn a_row_key_is_two_words() {
    assert_eq!(size_of::<RowKey>(), 16);
}

#[test]
fn keys_are_shown_readably() {
    assert_eq!(7u64.to_row_key().to_string(), "7");
    assert_eq!(
        format!("{:?}", String::from("intro").to_row_key()),
        "RowKey(\"intro\")"
    );
    assert_eq!((-1i64).to_row_key().to_string(), "0x7f");
    assert_eq!((String::from("a"), 3u64).describe(), "(\"a\", 3)");
}

#[test]
fn a_number_too_large_for_the_type_is_an_error() {
    let error = u8::from_row_key(&RowKey::Integer(256)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the key is 256, which is out of range for u8"
    );
}
