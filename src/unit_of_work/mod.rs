//! From touched instances to one atomic batch, and back into memory once it is committed.
//!
//! [`prepare`] runs hooks and makes change sets; [`plan`] judges constraints against the final state
//! and builds the batch, with the context as a shared reference, so that a failed write can't have
//! changed it; [`accept`] is the only step that follows a success. Nothing here performs I/O: `plan`
//! reads through the view that the store gives it. R5: whatever `prepare` changed in
//! memory, the savepoint of the flush takes back.

mod accept;
mod bulk;
mod change;
mod constraints;
mod difference;
mod follow;
mod hook_relations;
mod links;
mod orders;
mod plan;
mod prepare;
mod replay;
mod validate;
mod versions;

pub(crate) use accept::{accept, accept_bulk, differs_from_row, run_after_hooks};
pub(crate) use bulk::{Assigned, Bulk, Compute, NewRow};
pub(crate) use change::{Change, Prepared, encode_column};
pub(crate) use difference::difference;
pub(crate) use links::LinkWrite;
pub(crate) use plan::{Outcome, RowOutcome, plan};
pub(crate) use prepare::{Told, change_sets, look_ahead, prepare};
pub(crate) use replay::{Renew, Replayed, Staged, accept_replayed, replay};
pub(crate) use versions::{agree, read_version};
