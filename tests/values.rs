//! Properties of every type of value: stored and read back, changed, found with and without an index,
//! sorted. On both stores; the database verifies clean after each.

mod support;

#[path = "values/embedded.rs"]
mod embedded;
#[path = "values/evolution.rs"]
mod evolution;
#[path = "values/lists.rs"]
mod lists;
#[path = "values/ordered.rs"]
mod ordered;
#[path = "values/payload.rs"]
mod payload;
#[path = "values/unordered.rs"]
mod unordered;

use support::{on_both_stores, refused};
