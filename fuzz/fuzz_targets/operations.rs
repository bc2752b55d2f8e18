//! Any sequence of operations leaves the database equal to a model made of plain maps.
//!
//! The model, and how operations are applied to both, is that of `tests/model.rs`.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/model/bytes.rs"]
mod bytes;
#[path = "../../tests/model/mod.rs"]
mod model;

use model::{Environment, Place};

/// Longer runs find little more, and are slow.
const MOST_STEPS: usize = 100;

fuzz_target!(|data: &[u8]| {
    let mut environment = Environment::new(Place::Memory);
    for operation in bytes::operations(data).take(MOST_STEPS) {
        environment.apply(operation);
    }
    environment.finish();
});
