//! Musher, an embedded, in-process object database: entities with relations, an identity map and
//! a unit of work over sled.
#![forbid(unsafe_code)]

mod codec;
mod storage;

#[doc(hidden)]
#[cfg(fuzzing)]
pub use codec::fuzzing;
pub use codec::key::{KeyError, OrderedKey};
pub use codec::row_key::EntityKey;
