//! Properties of every type of value: stored and read back, changed, found with and without an index,
//! sorted. On both stores; the database verifies clean after each.

mod support;

#[path = "values/ordered.rs"]
mod ordered;

use support::on_both_stores;
