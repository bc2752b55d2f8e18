//! The modules of `src/storage/sled` that are checked, where they find what they import.

#[path = "../../../src/storage/sled/group.rs"]
mod group;
mod group_commit;
mod journal;
mod sync;
