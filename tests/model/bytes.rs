//! Operations out of a fuzzer's bytes: four a step, and all bytes mean something.

use crate::model::{Operation, Verb};

/// The steps that the bytes spell.
pub fn operations(data: &[u8]) -> impl Iterator<Item = Operation> + '_ {
    data.chunks_exact(4).map(|step| Operation {
        verb: Verb::WEIGHTED[usize::from(step[0]) % Verb::WEIGHTED.len()].0,
        who: step[1],
        whom: step[2],
        value: step[3],
    })
}
