//! Bytes of values.
//!
//! Owns how a key, a property and a row look as bytes, and nothing else: it knows no tree, no
//! entity and no storage engine. Every decoder here takes arbitrary bytes and answers with a value
//! or an error; none of them panics on what it reads. The bytes are drawn in `docs/format.md`.

mod frame;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
#[cfg(feature = "serde-json")]
mod json;
pub(crate) mod key;
pub(crate) mod list;
pub(crate) mod record;
pub(crate) mod row_key;
pub(crate) mod value;
pub(crate) mod varint;

#[cfg(feature = "serde-json")]
pub use json::Json;
pub use key::{KeyError, OrderedKey};
pub(crate) use row_key::RowKeyKind;
pub use row_key::{EntityKey, RowKey};
