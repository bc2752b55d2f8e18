//! The types that are primary keys out of the box.
//!
//! Owns the choice of their [`RowKeyKind`]: unsigned integers up to `u64` are passed around as
//! numbers, without allocation; all others as their encoded bytes.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

use super::{EntityKey, RowKey, RowKeyKind};
use crate::codec::key::{KeyError, decode_whole};

macro_rules! integer {
    ($($integer:ty),*) => {$(
        impl EntityKey for $integer {
            const KIND: RowKeyKind = RowKeyKind::Integer;

            #[inline]
            fn to_row_key(&self) -> RowKey {
                RowKey::Integer(u64::from(*self))
            }

            #[inline]
            fn from_row_key(key: &RowKey) -> Result<Self, KeyError> {
                match key {
                    RowKey::Integer(number) => {
                        Self::try_from(*number).map_err(|_| KeyError::OutOfRange {
                            kind: stringify!($integer),
                            value: number.to_string(),
                        })
                    }
                    RowKey::Bytes(bytes) => decode_whole(bytes),
                }
            }
        }
    )*};
}

macro_rules! bytes {
    ($($key:ty),*) => {$(
        impl EntityKey for $key {}
    )*};
}

macro_rules! tuple {
    ($($component:ident)*) => {
        impl<$($component: EntityKey),*> EntityKey for ($($component,)*) {}
    };
}

integer!(u8, u16, u32, u64);
bytes!(u128, i8, i16, i32, i64, i128, bool, char, Vec<u8>);
bytes!(NaiveDate, NaiveTime, NaiveDateTime, DateTime<Utc>);
bytes!(Duration, TimeDelta);
#[cfg(feature = "rust_decimal")]
bytes!(rust_decimal::Decimal);
#[cfg(feature = "uuid")]
bytes!(uuid::Uuid);

impl EntityKey for String {
    fn describe(&self) -> String {
        self.clone()
    }
}

tuple!(A);
tuple!(A B);
tuple!(A B C);
tuple!(A B C D);
tuple!(A B C D E);
tuple!(A B C D E F);
tuple!(A B C D E F G);
tuple!(A B C D E F G H);
