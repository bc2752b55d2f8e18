//! Numbers drawn from a seed: `SplitMix64`, see Steele, Lea and Flood, "Fast Splittable Pseudorandom
//! Number Generators", 2014.

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

pub struct Random {
    seed: u64,
    state: u64,
}

impl Random {
    /// Seeded by `MUSHER_CRASH_SEED`, or else by the clock.
    pub fn from_environment() -> Self {
        let seed = if let Ok(seed) = env::var("MUSHER_CRASH_SEED") {
            seed.parse().expect("MUSHER_CRASH_SEED is a number")
        } else {
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            u64::from(now.expect("it is after 1970").subsec_nanos())
        };
        Self { seed, state: seed }
    }

    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// A number less than `bound`.
    pub const fn below(&mut self, bound: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}
