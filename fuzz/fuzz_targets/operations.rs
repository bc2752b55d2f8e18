//! Any sequence of operations leaves the database equal to a model made of plain maps.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| musher::fuzzing::operations(data));
