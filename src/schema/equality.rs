//! The equality of stored values whose bytes differ, of a type of which nobody has said that it is an
//! [`OrderedKey`].
//!
//! A derive knows a property's type by its tokens only. So it names `Equality::<V>::EQUAL`, and the
//! compiler takes the constant of the type itself where `V` is an ordered key, and else that of the
//! trait.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use crate::codec::OrderedKey;
use crate::codec::value::decode_value;

/// Whether two stored values that differ are equal all the same.
pub type Equal = fn(&[u8], &[u8]) -> bool;

/// Where the constant is asked for.
pub struct Equality<V>(PhantomData<V>);

/// What holds of every type: what is equal is stored alike.
pub trait OfAnyType {
    /// The comparison.
    const EQUAL: Equal = |_, _| false;
}

impl<V> OfAnyType for Equality<V> {}

impl<V: OrderedKey + DeserializeOwned> Equality<V> {
    /// The comparison.
    pub const EQUAL: Equal = if V::SERIALIZES_UNIQUELY {
        |_, _| false
    } else {
        equal_keys::<V>
    };
}

fn equal_keys<V: OrderedKey + DeserializeOwned>(one: &[u8], other: &[u8]) -> bool {
    let key = |stored: &[u8]| {
        let mut key = Vec::new();
        decode_value::<V>(stored).ok()?.encode_key(&mut key);
        Some(key)
    };
    key(one).is_some_and(|one| Some(one) == key(other))
}
