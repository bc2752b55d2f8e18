//! The protocols between Musher's threads, run in every interleaving that the memory model of Rust
//! permits, as far as two or three preemptions lead: `cd models && cargo test`.
//!
//! The protocols are the library's own files, compiled here with the primitives of [loom]. What they
//! drive, files and an engine, is played by the models. Every model has a twin with a planted mistake,
//! which must be found.
//!
//! [loom]: https://docs.rs/loom

#![cfg(test)]

mod sled;
