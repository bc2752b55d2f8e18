//! What comes from elsewhere: JSON values that are assigned, detached values that are merged, and copies
//! of a unit of work. On both stores.

mod support;

#[cfg(feature = "serde-json")]
#[path = "assign/embedded.rs"]
mod embedded;
#[cfg(feature = "serde-json")]
#[path = "assign/json.rs"]
mod json;
#[path = "assign/merge.rs"]
mod merge;
