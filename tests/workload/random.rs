//! Numbers drawn from a seed: `SplitMix64`, see Steele, Lea and Flood, "Fast Splittable Pseudorandom
//! Number Generators", 2014.

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

#[derive(Clone, Debug)]
pub struct Random {
    seed: u64,
    state: u64,
}

impl Random {
    /// Seeded by the environment variable of this name, or else by the clock.
    pub fn from_environment(variable: &str) -> Self {
        let seed = if let Ok(seed) = env::var(variable) {
            seed.parse().expect("the seed is a number")
        } else {
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            u64::from(now.expect("it is after 1970").subsec_nanos())
        };
        Self::from_seed(seed)
    }

    pub const fn from_seed(seed: u64) -> Self {
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

    /// Whether something is the case that is so in so many of a hundred cases.
    pub const fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// A position in something of this length.
    pub fn position(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).expect("it is less than the length")
    }
}
