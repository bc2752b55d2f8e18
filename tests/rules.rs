//! The rules that a program may rely on, one test or more for each, on both stores: R1 to R18, where
//! R14 is in `threads.rs`.

mod support;

#[path = "rules/constraints.rs"]
mod constraints;
#[path = "rules/failure.rs"]
mod failure;
#[path = "rules/flush_modes.rs"]
mod flush_modes;
#[path = "rules/freshness.rs"]
mod freshness;
#[path = "rules/hooks.rs"]
mod hooks;
#[path = "rules/identity.rs"]
mod identity;
#[path = "rules/links.rs"]
mod links;
#[path = "rules/loading.rs"]
mod loading;
#[path = "rules/open.rs"]
mod open;
#[path = "rules/removal.rs"]
mod removal;
#[path = "rules/sides.rs"]
mod sides;
#[path = "rules/strategies.rs"]
mod strategies;
#[path = "rules/validation.rs"]
mod validation;
