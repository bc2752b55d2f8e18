//! Password hashing with argon2id, for the properties that hold users' passwords.
//!
//! Owns the choice of parameters, the salt, the limits and the errors; the algorithm itself is that
//! of the `argon2` crate, and none of its types shows here. Knows nothing of entities and keeps no
//! state: what to hash, and when, is decided in an entity's hook.
//!
//! Invariant: no message and no `Debug` output of this module contains a password or a hash.
//!
//! ```
//! use musher::password::PasswordHasher;
//!
//! // A program calls `musher::password::hash` and `musher::password::verify`, whose parameters
//! // are strong, and take their time.
//! let hasher = PasswordHasher::cheap_for_tests();
//! let stored = hasher.hash("correct horse")?;
//!
//! assert!(hasher.verify(&stored, "correct horse")?);
//! assert!(!hasher.verify(&stored, "battery staple")?);
//! # Ok::<(), musher::password::PasswordError>(())
//! ```

mod error;
mod hasher;
mod parameters;
mod stored;

pub use self::{
    error::PasswordError,
    hasher::{PasswordHasher, PasswordHasherBuilder},
    parameters::MAX_PASSWORD_BYTES,
};

use self::stored::StoredHash;

/// Hashes a password with the default parameters of [`PasswordHasher`] and a random salt.
///
/// The result is a PHC string such as `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>`, which names
/// the algorithm and its parameters, and is all that [`verify`] needs. Hashing the same password
/// twice gives two different strings. The password is taken byte for byte: a program that wants
/// Unicode normalization or a minimal length does that first.
///
/// It takes some tens of milliseconds of computing, and 19 MiB of memory, by design.
///
/// # Errors
///
/// [`PasswordError::TooLong`] above [`MAX_PASSWORD_BYTES`]; [`PasswordError::OutOfMemory`] and
/// [`PasswordError::Random`] when the machine has no memory or no randomness to give.
///
/// # Examples
///
/// ```
/// let stored = musher::password::hash("correct horse")?;
/// assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
/// # Ok::<(), musher::password::PasswordError>(())
/// ```
pub fn hash(password: &str) -> Result<String, PasswordError> {
    PasswordHasher::default().hash(password)
}

/// Whether `password` is the one that `stored_hash` was made from.
///
/// The stored hash comes first. Its own parameters are used, so hashes made with other parameters,
/// or by other programs, verify as well: any argon2 PHC string that states version, `m`, `t`, `p`,
/// salt and hash. The comparison takes the same time wherever the hashes differ.
///
/// # Errors
///
/// [`PasswordError::MalformedHash`] if `stored_hash` is no such string (a program that mixes up the
/// two arguments meets this error too); [`PasswordError::TooLong`] if the password is longer than
/// [`MAX_PASSWORD_BYTES`]; [`PasswordError::OutOfMemory`].
///
/// # Examples
///
/// ```
/// use musher::password::{self, PasswordHasher};
///
/// let stored = PasswordHasher::cheap_for_tests().hash("correct horse")?;
///
/// assert!(password::verify(&stored, "correct horse")?);
/// assert!(!password::verify(&stored, "Correct horse")?);
/// assert!(password::verify("correct horse", &stored).is_err());
/// # Ok::<(), musher::password::PasswordError>(())
/// ```
pub fn verify(stored_hash: &str, password: &str) -> Result<bool, PasswordError> {
    StoredHash::parse(stored_hash)?.verify(password)
}

/// Whether `stored_hash` is to be replaced by one that `hasher` makes.
///
/// True if it was made with another algorithm, version, output length or any other parameter than
/// `hasher` would use, and if it cannot be read at all. The time to ask is just after a successful
/// [`verify`], when the password is at hand.
///
/// # Examples
///
/// ```
/// use musher::password::{self, PasswordHasher};
///
/// let weak = PasswordHasher::cheap_for_tests();
/// let stored = weak.hash("correct horse")?;
///
/// assert!(!password::needs_rehash(&stored, &weak));
/// assert!(password::needs_rehash(&stored, &PasswordHasher::default()));
/// # Ok::<(), musher::password::PasswordError>(())
/// ```
#[must_use]
pub fn needs_rehash(stored_hash: &str, hasher: &PasswordHasher) -> bool {
    StoredHash::parse(stored_hash).map_or(true, |stored| !hasher.makes(&stored))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: PasswordHasher = PasswordHasher::cheap_for_tests();

    #[test]
    fn a_password_verifies_against_its_own_hash_only() {
        for password in ["secret", "", "pässwörd 🔑", " spaces ", "nul\0inside"] {
            let stored = CHEAP.hash(password).unwrap();
            assert_eq!(verify(&stored, password), Ok(true), "{password}");
            assert_eq!(verify(&stored, "another"), Ok(false), "{password}");
            assert_eq!(verify(&stored, &format!("{password} ")), Ok(false));
        }
    }

    /// The test vector of the reference implementation's `test.c` for argon2id, version 1.3, with
    /// the password `password` and the salt `somesalt`.
    #[test]
    fn a_hash_of_the_reference_implementation_verifies() {
        let stored = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$\
                      nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        assert_eq!(verify(stored, "password"), Ok(true));
        assert_eq!(verify(stored, "passwore"), Ok(false));
    }

    #[test]
    fn the_defaults_are_those_of_owasp() {
        let stored = hash("secret").unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_eq!(verify(&stored, "secret"), Ok(true));
    }

    #[test]
    fn the_phc_string_states_the_parameters() {
        let hasher = PasswordHasher::builder()
            .memory_kib(64)
            .iterations(3)
            .parallelism(2)
            .build()
            .unwrap();
        let stored = hasher.hash("secret").unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=64,t=3,p=2$"));
        assert_eq!(CHEAP.verify(&stored, "secret"), Ok(true));
    }

    #[test]
    fn two_hashes_of_one_password_differ_in_salt_and_output() {
        let (first, second) = (CHEAP.hash("same").unwrap(), CHEAP.hash("same").unwrap());
        for field in [4, 5] {
            let of = |stored: &str| stored.split('$').nth(field).map(str::to_owned);
            assert_ne!(of(&first).unwrap(), of(&second).unwrap());
        }
    }

    #[test]
    fn a_malformed_hash_is_an_error_that_quotes_neither_hash_nor_password() {
        let good = CHEAP.hash("opensesame").unwrap();
        let salt_and_output = good.split_once("p=1$").unwrap().1;
        let without_output = good.rsplit_once('$').unwrap().0;
        for stored in [
            "",
            "opensesame",
            "$argon2id$",
            "$2b$12$abcdefghijklmnopqrstuv",
            &good[1..],
            &format!("{good}$more"),
            &format!("{good}\n"),
            without_output,
            &format!("$argon2id$m=8,t=1,p=1${salt_and_output}"),
            &format!("$argon2id$v=18$m=8,t=1,p=1${salt_and_output}"),
            &format!("$argon2id$v=19$m=8,t=1${salt_and_output}"),
            &format!("$argon2id$v=19$m=8,t=0,p=1${salt_and_output}"),
            &format!("$argon2id$v=19$m=4294967295,t=1,p=1${salt_and_output}"),
            &format!("$argon2id$v=19$m=8,t=1,p=1,x=1${salt_and_output}"),
        ] {
            let error = verify(stored, "opensesame").unwrap_err();
            assert!(
                matches!(error, PasswordError::MalformedHash { .. }),
                "{stored}: {error}"
            );
            for message in [error.to_string(), format!("{error:?}")] {
                assert!(!message.contains("opensesame"), "{message}");
                assert!(!message.contains(salt_and_output), "{message}");
            }
            assert!(needs_rehash(stored, &CHEAP), "{stored}");
        }
    }

    #[test]
    fn swapped_arguments_are_an_error() {
        let stored = CHEAP.hash("secret").unwrap();
        assert!(verify("secret", &stored).is_err());
    }

    #[test]
    fn a_password_over_the_limit_is_an_error() {
        let longest = "x".repeat(MAX_PASSWORD_BYTES);
        let stored = CHEAP.hash(&longest).unwrap();
        assert_eq!(verify(&stored, &longest), Ok(true));

        let too_long = longest + "x";
        assert_eq!(CHEAP.hash(&too_long), Err(PasswordError::TooLong));
        assert_eq!(verify(&stored, &too_long), Err(PasswordError::TooLong));
    }

    #[test]
    fn every_parameter_out_of_bounds_is_named_at_once() {
        let error = PasswordHasher::builder()
            .memory_kib(15)
            .iterations(0)
            .parallelism(2)
            .build()
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "invalid password hashing parameters: memory is 15 KiB, but has to be 16 to 4194304 \
             KiB (8 KiB at least for each of 2 lanes); iterations is 0, but has to be 1 to 1024"
        );
        for builder in [
            PasswordHasher::builder().parallelism(0),
            PasswordHasher::builder().parallelism(256),
            PasswordHasher::builder().memory_kib(u32::MAX),
            PasswordHasher::builder().iterations(u32::MAX),
        ] {
            assert!(builder.build().is_err(), "{builder:?}");
        }
    }

    #[test]
    fn a_hash_made_otherwise_needs_a_rehash() {
        let stored = CHEAP.hash("secret").unwrap();
        assert!(!needs_rehash(&stored, &CHEAP));
        for hasher in [
            PasswordHasher::builder().memory_kib(9),
            PasswordHasher::builder().memory_kib(8).iterations(2),
            PasswordHasher::builder().memory_kib(16).parallelism(2),
        ] {
            assert!(needs_rehash(&stored, &hasher.build().unwrap()));
        }
        assert!(needs_rehash(
            &stored.replace("$argon2id$", "$argon2i$"),
            &CHEAP
        ));
        assert!(needs_rehash(&stored.replace("$v=19$", "$v=16$"), &CHEAP));
        let shorter = &stored[..stored.len() - 4];
        assert!(needs_rehash(shorter, &CHEAP));
    }
}
