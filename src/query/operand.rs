//! What a property can be compared with: values of its type, and what stands for one.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

use crate::entity::{Entity, Id};

/// What a property of type `V` can be compared with: a value of the type, and what stands for one.
#[diagnostic::on_unimplemented(
    message = "a property of type `{V}` can't be compared with `{Self}`",
    label = "expected `{V}`"
)]
pub trait IntoOperand<V> {
    /// The value.
    fn into_operand(self) -> V;
}

impl<V> IntoOperand<V> for V {
    fn into_operand(self) -> V {
        self
    }
}

impl IntoOperand<String> for &str {
    fn into_operand(self) -> String {
        self.to_owned()
    }
}

impl IntoOperand<Option<String>> for &str {
    fn into_operand(self) -> Option<String> {
        Some(self.to_owned())
    }
}

/// A value stands for one that may be absent.
macro_rules! present {
    ($($value:ty),*) => {$(
        impl IntoOperand<Option<$value>> for $value {
            fn into_operand(self) -> Option<$value> {
                Some(self)
            }
        }
    )*};
}

present!(u8, u16, u32, u64, u128, i8, i16, i32, i64, i128);
present!(bool, char, f32, f64, String, Vec<u8>);
present!(
    NaiveDate,
    NaiveTime,
    NaiveDateTime,
    DateTime<Utc>,
    Duration,
    TimeDelta
);
#[cfg(feature = "uuid")]
present!(uuid::Uuid);
#[cfg(feature = "rust_decimal")]
present!(rust_decimal::Decimal);

/// An id stands for its key, so that it compares with the key of its entity.
macro_rules! ids {
    ($($key:ty),*) => {$(
        impl<T: Entity<Key = $key>> IntoOperand<$key> for Id<T> {
            fn into_operand(self) -> $key {
                self.into_key()
            }
        }
    )*};
}

ids!(u32, u64, i32, i64, String);
#[cfg(feature = "uuid")]
ids!(uuid::Uuid);
