//! Any two keys: their bytes sort as their values do, and decode to the values.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| musher::fuzzing::key_order(data));
