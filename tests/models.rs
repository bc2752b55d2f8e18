//! What entities declare of themselves beyond their properties and relations. On both stores.

mod support;

#[path = "models/cascade.rs"]
mod cascade;
#[path = "models/concurrency_check.rs"]
mod concurrency_check;
#[path = "models/eager.rs"]
mod eager;
#[path = "models/graph.rs"]
mod graph;
#[path = "models/orders.rs"]
mod orders;
#[path = "models/serialization.rs"]
mod serialization;
#[path = "models/stamps.rs"]
mod stamps;
#[path = "models/swap.rs"]
mod swap;
