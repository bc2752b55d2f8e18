//! Bytes on disk: named trees of ordered keys, read through a consistent view and changed by
//! atomic batches.
//!
//! This layer knows neither entities nor how their values are encoded: keys and values are opaque
//! bytes. Everything above it sees only [`Store`] and [`Reader`], so that another engine can take
//! sled's place; sled's own types never leave `storage/sled/`.
//!
//! Invariant: what a reader sees is the state after some whole commit, never half of one, and the
//! sequence number of that commit grows by one with each.

mod batch;
mod copy;
mod error;
#[cfg(all(test, feature = "derive"))]
pub(crate) mod failing;
mod lasting;
mod memory;
mod range;
mod read_set;
mod sled;
mod snapshot;
mod staged;
mod store;
#[cfg(test)]
mod tests;
mod walk;

pub(crate) use batch::{Batch, Write};
pub(crate) use copy::{Copied, copy};
pub(crate) use error::StorageError;
pub(crate) use lasting::LastingView;
pub(crate) use memory::MemoryStore;
pub(crate) use range::KeyRange;
pub(crate) use read_set::{NotingReader, ReadSet};
pub use sled::CommitPath;
pub(crate) use sled::{Draft, Import, SledOptions, SledStore, remove_rescued};
pub(crate) use snapshot::{Snapshot, SnapshotStore};
pub(crate) use staged::StagedReader;
pub use store::Durability;
pub(crate) use store::{
    Bytes, CommitSequence, Committed, Direction, Lent, MAX_KEY_LENGTH, Reader, Store, StoreExt,
    TreeId, Visit,
};
pub(crate) use walk::walk;
