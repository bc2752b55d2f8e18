//! Whether stored values of a type can be read, as far as that is known while the program is compiled.
//!
//! The trick is that of `equality`: a constant of the type itself goes before that of the trait.

use std::marker::PhantomData;

/// Where the constant is asked for.
pub struct Readable<V>(PhantomData<V>);

/// What holds of every type of which nothing else is known.
pub trait ByDefault {
    /// Whether stored values can be read.
    const IS_READABLE: bool = true;
}

impl<V> ByDefault for Readable<V> {}

#[cfg(feature = "serde-json")]
macro_rules! unreadable {
    ($($value:ty),*) => {$(
        impl Readable<$value> {
            /// It says of itself what it is only where the format does.
            pub const IS_READABLE: bool = false;
        }
    )*};
}

#[cfg(feature = "serde-json")]
mod json {
    use std::collections::{BTreeMap, HashMap};

    use serde_json::{Map, Value};

    use super::Readable;

    unreadable!(Value, Map<String, Value>, Vec<Value>);
    unreadable!(BTreeMap<String, Value>, HashMap<String, Value>);
    unreadable!(
        Option<Value>,
        Option<Map<String, Value>>,
        Option<Vec<Value>>
    );
}
