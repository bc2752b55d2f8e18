//! The hasher: argon2id with chosen parameters, and the builder that checks them.

use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, Version};

use super::{
    error::PasswordError,
    parameters::{MIN_MEMORY_KIB_PER_LANE, Parameters, check_length},
    stored::StoredHash,
};

/// Parameters of argon2id.
///
/// The default is what the [OWASP password storage cheat sheet][owasp] gives as its minimum: 19 MiB
/// of memory (`m=19456`), two passes (`t=2`), one lane (`p=1`). A server with memory to spare can
/// take the second recommendation of [RFC 9106, section 4][rfc], which is 64 MiB, 3 passes and 4
/// lanes. Lanes are computed one after the other: they add no speed here.
///
/// [owasp]: https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
/// [rfc]: https://www.rfc-editor.org/rfc/rfc9106.html#section-4
///
/// # Examples
///
/// ```
/// use musher::password::PasswordHasher;
///
/// let hasher = PasswordHasher::builder()
///     .memory_kib(64 * 1024)
///     .iterations(3)
///     .parallelism(4)
///     .build()?;
/// assert_ne!(hasher, PasswordHasher::default());
/// # Ok::<(), musher::password::PasswordError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PasswordHasher {
    parameters: Parameters,
}

impl PasswordHasher {
    /// Starts from the default parameters.
    pub fn builder() -> PasswordHasherBuilder {
        PasswordHasherBuilder {
            parameters: Parameters::default(),
        }
    }

    /// The least that argon2 allows: 8 KiB, one pass, one lane.
    ///
    /// **Insecure.** Such a hash can be guessed at millions of passwords a second. It is for tests,
    /// which have no secrets to keep and no time to lose.
    #[must_use]
    pub const fn cheap_for_tests() -> Self {
        Self {
            parameters: Parameters {
                memory_kib: MIN_MEMORY_KIB_PER_LANE,
                iterations: 1,
                parallelism: 1,
            },
        }
    }

    /// Hashes a password with these parameters and a random salt of 16 bytes.
    ///
    /// # Errors
    ///
    /// As [`hash`](super::hash()).
    ///
    /// # Examples
    ///
    /// ```
    /// use musher::password::PasswordHasher;
    ///
    /// let stored = PasswordHasher::cheap_for_tests().hash("correct horse")?;
    /// assert!(stored.starts_with("$argon2id$v=19$m=8,t=1,p=1$"));
    /// # Ok::<(), musher::password::PasswordError>(())
    /// ```
    #[expect(
        clippy::missing_panics_doc,
        reason = "a hasher cannot be built out of bounds"
    )]
    pub fn hash(&self, password: &str) -> Result<String, PasswordError> {
        check_length(password)?;
        let Parameters {
            memory_kib,
            iterations,
            parallelism,
        } = self.parameters;
        let params = Params::new(memory_kib, iterations, parallelism, None)
            .expect("the parameters were checked when this hasher was built");
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password(password.as_bytes())
            .map(|phc| phc.to_string())
            .map_err(PasswordError::from_argon2)
    }

    /// Whether `password` is the one that `stored_hash` was made from.
    ///
    /// The same as [`verify`](super::verify()): the parameters are those of the stored hash, not of this hasher.
    ///
    /// # Errors
    ///
    /// As [`verify`](super::verify()).
    ///
    /// # Examples
    ///
    /// ```
    /// use musher::password::PasswordHasher;
    ///
    /// let stored = PasswordHasher::cheap_for_tests().hash("correct horse")?;
    /// assert!(PasswordHasher::default().verify(&stored, "correct horse")?);
    /// # Ok::<(), musher::password::PasswordError>(())
    /// ```
    pub fn verify(&self, stored_hash: &str, password: &str) -> Result<bool, PasswordError> {
        StoredHash::parse(stored_hash)?.verify(password)
    }

    /// Whether `stored` is of the kind that this hasher makes.
    pub(super) fn makes(&self, stored: &StoredHash) -> bool {
        stored.is_made_with(self.parameters)
    }
}

/// Collects the parameters of a [`PasswordHasher`]; made by [`PasswordHasher::builder`].
#[derive(Debug, Clone, Copy)]
#[must_use = "a builder does nothing before `build()`"]
pub struct PasswordHasherBuilder {
    parameters: Parameters,
}

impl PasswordHasherBuilder {
    /// The memory that one hash needs, in KiB: at least 8 for each lane, at most 4 GiB.
    pub const fn memory_kib(mut self, memory_kib: u32) -> Self {
        self.parameters.memory_kib = memory_kib;
        self
    }

    /// The number of passes over that memory: 1 to 1024.
    pub const fn iterations(mut self, iterations: u32) -> Self {
        self.parameters.iterations = iterations;
        self
    }

    /// The number of lanes that the memory is divided into: 1 to 255.
    pub const fn parallelism(mut self, parallelism: u32) -> Self {
        self.parameters.parallelism = parallelism;
        self
    }

    /// The hasher with these parameters.
    ///
    /// # Errors
    ///
    /// [`PasswordError::InvalidParameters`], which names every parameter that is out of bounds.
    ///
    /// # Examples
    ///
    /// ```
    /// use musher::password::PasswordHasher;
    ///
    /// let error = PasswordHasher::builder().iterations(0).build().unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "invalid password hashing parameters: iterations is 0, but has to be 1 to 1024",
    /// );
    /// ```
    pub fn build(self) -> Result<PasswordHasher, PasswordError> {
        let problems = self.parameters.problems();
        if problems.is_empty() {
            Ok(PasswordHasher {
                parameters: self.parameters,
            })
        } else {
            Err(PasswordError::InvalidParameters { problems })
        }
    }
}
