//! Derive macros of Musher.
