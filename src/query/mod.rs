//! Conditions, and the rows that meet them.
//!
//! Knows stored rows only: an instance that differs from its row is flushed before a query asks
//! (R17). Nothing is hydrated here.

mod describe;
mod execute;
mod filter;
mod property;

pub(crate) use describe::describe;
pub(crate) use execute::execute;
pub(crate) use filter::Condition;
pub use filter::Filter;
pub use property::{IntoOperand, Property};
