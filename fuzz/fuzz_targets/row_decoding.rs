//! Any bytes: decoding them as a row gives a row or an error, never a panic, and what decodes is
//! encoded to bytes that decode to the same row.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| musher::fuzzing::row_decoding(data));
