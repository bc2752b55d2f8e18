//! Bulk operations: rows are written without instances, under the same rules as in a flush. On both
//! stores.

mod support;

#[path = "bulk/insert.rs"]
mod insert;
#[path = "bulk/memory.rs"]
mod memory;
#[path = "bulk/model.rs"]
mod model;
#[path = "bulk/slices.rs"]
mod slices;
#[path = "bulk/transactions.rs"]
mod transactions;
#[path = "bulk/upsert.rs"]
mod upsert;
#[path = "bulk/where_.rs"]
mod where_;
