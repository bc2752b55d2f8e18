//! Primary keys of every kind: enums, newtypes, dates, several properties, a relation as a part. Rows
//! come in the natural order of their keys, whatever the order in which they were written.

#![allow(clippy::needless_pass_by_value, reason = "tests read better so")]

mod support;

#[path = "keys/composed.rs"]
mod composed;
#[path = "keys/natural_order.rs"]
mod natural_order;

use support::{on_both_stores, refused};
