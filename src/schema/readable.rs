//! Whether what is stored of a type can be read again, as far as that is known while the program is
//! compiled.
//!
//! Stored values do not describe themselves, and serde has types that ask for just that. Most of a
//! program's types tell nobody, so what is written of them is read back before it is stored.
//!
//! The trick is that of `equality`: a constant of the type itself goes before that of the trait.

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;

/// Where the constant is asked for.
pub struct Readable<V>(PhantomData<V>);

/// What is known of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readability {
    /// What was written can be read.
    Always,
    /// It depends on how serde reads and writes it.
    Unknown,
    /// It can't be read.
    Never,
}

impl Readability {
    /// Whether the type may be that of a property.
    #[must_use]
    pub const fn is_possible(self) -> bool {
        !matches!(self, Self::Never)
    }
}

/// What holds of every type of which nothing else is known.
pub trait ByDefault {
    /// Whether stored values can be read.
    const READABILITY: Readability = Readability::Unknown;
}

impl<V> ByDefault for Readable<V> {}

/// Types that serde writes as it reads them.
pub trait AlwaysReadable {}

impl<V: AlwaysReadable> Readable<V> {
    /// What was written can be read.
    pub const READABILITY: Readability = Readability::Always;
}

macro_rules! always {
    ($($value:ty)*) => {
        $(impl AlwaysReadable for $value {})*
    };
}

always!(bool char i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize f32 f64 String);
always!(std::time::Duration chrono::NaiveDate chrono::NaiveTime chrono::NaiveDateTime);
#[cfg(feature = "uuid")]
always!(uuid::Uuid);

impl<Z: chrono::TimeZone> AlwaysReadable for chrono::DateTime<Z> {}
impl<V: AlwaysReadable> AlwaysReadable for Option<V> {}
impl<V: AlwaysReadable> AlwaysReadable for Vec<V> {}
impl<V: AlwaysReadable> AlwaysReadable for BTreeSet<V> {}
impl<K: AlwaysReadable, V: AlwaysReadable> AlwaysReadable for BTreeMap<K, V> {}
#[cfg(feature = "serde-json")]
impl<V> AlwaysReadable for crate::codec::Json<V> {}

#[cfg(feature = "serde-json")]
mod json {
    use std::collections::{BTreeMap, HashMap};

    use serde_json::{Map, Value};

    use super::{Readability, Readable};

    macro_rules! never {
        ($($value:ty),*) => {$(
            impl Readable<$value> {
                /// It says of itself what it is only where the format does.
                pub const READABILITY: Readability = Readability::Never;
            }
        )*};
    }

    never!(Value, Map<String, Value>, Vec<Value>);
    never!(BTreeMap<String, Value>, HashMap<String, Value>);
    never!(
        Option<Value>,
        Option<Map<String, Value>>,
        Option<Vec<Value>>
    );
}
