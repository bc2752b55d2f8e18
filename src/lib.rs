//! Musher, an embedded, in-process object database: entities with relations, an identity map and
//! a unit of work over sled.
#![forbid(unsafe_code)]

mod codec;
mod storage;

#[cfg(feature = "password")]
pub mod password;
