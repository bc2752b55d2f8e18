//! Musher, an embedded, in-process object database: entities with relations, an identity map and
//! a unit of work over sled.
#![forbid(unsafe_code)]

mod codec;
mod context;
mod database;
mod entity;
mod error;
mod keyspace;
mod load;
mod log;
mod manager;
mod orm;
mod query;
mod schema;
mod serialize;
mod storage;
mod unit_of_work;

#[cfg(feature = "password")]
pub mod password;

#[cfg(fuzzing)]
#[doc(hidden)]
pub use codec::fuzzing;
