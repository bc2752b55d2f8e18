//! The modules of `src/storage/sled/journal` that are checked.

mod hand_over;
#[path = "../../../../src/storage/sled/journal/signals.rs"]
mod signals;
