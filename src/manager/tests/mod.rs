//! Units of work over a store that fails.

#[allow(
    unreachable_pub,
    dead_code,
    reason = "the integration tests use the same entities"
)]
#[path = "../../../tests/support/domain.rs"]
mod domain;
mod faults;
mod memory;
mod steps;
