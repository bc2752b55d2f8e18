//! The model test's parts, shared with the fuzz target of the same name.
//!
//! `domain` is what is stored; `state` and `unit` are the model, which knows no database;
//! `environment` holds the two side by side and applies each operation to both; `verify` compares.

mod act;
mod adapter;
mod bulk;
mod copies;
mod create;
mod domain;
mod environment;
mod find;
mod links;
mod mend;
mod operation;
mod outcome;
mod relations;
mod rows;
mod state;
mod transaction;
mod unit;
mod verify;

pub use environment::{Environment, Place};
pub use operation::{Operation, Verb};
