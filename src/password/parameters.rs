//! What argon2id is told: memory, passes and lanes, and the bounds of these and of the password.
//!
//! The bounds are ours, and tighter than those of the algorithm, so that neither a slip of the pen
//! nor a damaged stored hash can ask for terabytes or for years.

use super::error::PasswordError;

/// The longest password that is hashed or verified, in bytes of UTF-8.
///
/// Argon2 itself stops at 2^32 - 1 bytes. This limit is lower, so that a request cannot make a
/// server digest megabytes, and far above the 64 characters that the [OWASP authentication cheat
/// sheet][owasp] asks to permit at least.
///
/// [owasp]: https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html
pub const MAX_PASSWORD_BYTES: usize = 4096;

/// The highest memory cost, in KiB: 4 GiB.
const MAX_MEMORY_KIB: u32 = 4 * 1024 * 1024;
/// The highest number of passes. It bounds what a damaged or hostile stored hash can cost.
const MAX_ITERATIONS: u32 = 1024;
/// The highest number of lanes that the PHC string of argon2 has room for.
const MAX_PARALLELISM: u32 = 255;
/// Argon2 needs two blocks of 1 KiB in each of a lane's four slices (RFC 9106, section 3.1).
pub(super) const MIN_MEMORY_KIB_PER_LANE: u32 = 8;

/// The parameters that a PHC string states. They are within bounds once [`Parameters::problems`]
/// has found nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parameters {
    pub(super) memory_kib: u32,
    pub(super) iterations: u32,
    pub(super) parallelism: u32,
}

impl Parameters {
    /// Everything that is wrong with these parameters.
    pub(super) fn problems(self) -> Vec<String> {
        let mut problems = Vec::new();
        if !(1..=MAX_PARALLELISM).contains(&self.parallelism) {
            problems.push(format!(
                "parallelism is {}, but has to be 1 to {MAX_PARALLELISM}",
                self.parallelism
            ));
        }
        let lanes = self.parallelism.clamp(1, MAX_PARALLELISM);
        let min_memory_kib = MIN_MEMORY_KIB_PER_LANE * lanes;
        if !(min_memory_kib..=MAX_MEMORY_KIB).contains(&self.memory_kib) {
            problems.push(format!(
                "memory is {} KiB, but has to be {min_memory_kib} to {MAX_MEMORY_KIB} KiB \
                 ({MIN_MEMORY_KIB_PER_LANE} KiB at least for each of {lanes} lanes)",
                self.memory_kib
            ));
        }
        if !(1..=MAX_ITERATIONS).contains(&self.iterations) {
            problems.push(format!(
                "iterations is {}, but has to be 1 to {MAX_ITERATIONS}",
                self.iterations
            ));
        }
        problems
    }
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1024,
            iterations: 2,
            parallelism: 1,
        }
    }
}

/// The one gate that every password passes before it is hashed or verified.
pub(super) fn check_length(password: &str) -> Result<(), PasswordError> {
    if password.len() > MAX_PASSWORD_BYTES {
        return Err(PasswordError::TooLong);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use argon2::Params;

    use super::*;

    #[test]
    fn the_bounds_themselves_are_parameters_of_argon2() {
        for (memory_kib, iterations, parallelism) in [
            (8, 1, 1),
            (8 * MAX_PARALLELISM, 1, MAX_PARALLELISM),
            (MAX_MEMORY_KIB, MAX_ITERATIONS, MAX_PARALLELISM),
        ] {
            assert!(Params::new(memory_kib, iterations, parallelism, None).is_ok());
        }
    }
}
