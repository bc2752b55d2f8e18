//! The errors of password hashing. Their messages say what is wrong and what to do, and contain
//! neither a password nor a hash.

use argon2::password_hash;

use super::parameters::MAX_PASSWORD_BYTES;

/// Why a password could not be hashed or verified. A wrong password is no error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// Parameters of a [`PasswordHasher`](super::PasswordHasher) are out of bounds.
    #[error("invalid password hashing parameters: {}", problems.join("; "))]
    InvalidParameters {
        /// One sentence for each parameter that is wrong.
        problems: Vec<String>,
    },
    /// The password is longer than [`MAX_PASSWORD_BYTES`](super::MAX_PASSWORD_BYTES).
    #[error(
        "the password is longer than {MAX_PASSWORD_BYTES} bytes, limit its length before hashing \
         or verifying it"
    )]
    TooLong,
    /// The stored hash is no argon2 PHC string.
    #[error(
        "the stored password hash is malformed: {reason}; verify takes the stored hash first, \
         then the password"
    )]
    MalformedHash {
        /// What is wrong with it.
        reason: String,
    },
    /// The memory that the parameters ask for could not be allocated.
    #[error("not enough memory to hash the password, free some or lower the hasher's `memory_kib`")]
    OutOfMemory,
    /// The operating system gave no random bytes for the salt.
    #[error("the operating system gave no random bytes for the salt of the password hash")]
    Random,
}

impl PasswordError {
    /// Sorts the errors of the `argon2` crate. The causes that are the caller's have been ruled out
    /// before, so whatever remains is in the stored hash.
    pub(super) fn from_argon2(error: password_hash::Error) -> Self {
        match error {
            password_hash::Error::OutOfMemory => Self::OutOfMemory,
            password_hash::Error::RngFailure => Self::Random,
            error => Self::malformed(error),
        }
    }

    pub(super) fn malformed(reason: impl std::fmt::Display) -> Self {
        Self::MalformedHash {
            reason: reason.to_string(),
        }
    }
}
