//! The primitives of the protocols between threads. `models/` compiles these protocols with
//! primitives of its own, of the same shape, that run every interleaving.

pub(super) use std::sync::atomic::{AtomicU64, Ordering};

pub(super) use parking_lot::{Condvar, Mutex};
