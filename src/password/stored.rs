//! Reading a stored PHC string, and holding a password against it.

use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordVerifier as _, Version, password_hash,
};

use super::{
    error::PasswordError,
    parameters::{Parameters, check_length},
};

/// A stored hash that states everything: algorithm, version, parameters in bounds, salt and output.
///
/// The `argon2` crate would take its defaults for what a string leaves out, and a string cut short
/// would then read as a wrong password.
pub(super) struct StoredHash {
    phc: PasswordHash,
    algorithm: Algorithm,
    version: Version,
    parameters: Parameters,
    output_length: usize,
}

impl StoredHash {
    pub(super) fn parse(stored_hash: &str) -> Result<Self, PasswordError> {
        let phc = PasswordHash::new(stored_hash).map_err(PasswordError::malformed)?;
        let algorithm =
            Algorithm::try_from(phc.algorithm.as_str()).map_err(PasswordError::malformed)?;
        let version = phc
            .version
            .ok_or_else(|| PasswordError::malformed("it states no version"))?;
        let version = Version::try_from(version).map_err(PasswordError::malformed)?;
        let parameter = |name: &str| {
            phc.params
                .get_decimal(name)
                .ok_or_else(|| PasswordError::malformed(format!("it states no parameter `{name}`")))
        };
        let parameters = Parameters {
            memory_kib: parameter("m")?,
            iterations: parameter("t")?,
            parallelism: parameter("p")?,
        };
        let problems = parameters.problems();
        if !problems.is_empty() {
            return Err(PasswordError::malformed(problems.join("; ")));
        }
        // The crate knows which further parameters there may be.
        Params::try_from(&phc).map_err(PasswordError::malformed)?;
        if phc.salt.is_none() {
            return Err(PasswordError::malformed("it has no salt"));
        }
        let output_length = match &phc.hash {
            Some(output) => output.len(),
            None => return Err(PasswordError::malformed("it ends before the hash")),
        };
        Ok(Self {
            phc,
            algorithm,
            version,
            parameters,
            output_length,
        })
    }

    /// Whether `password` gives the same output with this hash's salt and parameters.
    pub(super) fn verify(&self, password: &str) -> Result<bool, PasswordError> {
        check_length(password)?;
        match Argon2::default().verify_password(password.as_bytes(), &self.phc) {
            Ok(()) => Ok(true),
            Err(password_hash::Error::PasswordInvalid) => Ok(false),
            Err(error) => Err(PasswordError::from_argon2(error)),
        }
    }

    /// Whether it is what argon2id with `parameters` makes today.
    pub(super) fn is_made_with(&self, parameters: Parameters) -> bool {
        self.algorithm == Algorithm::Argon2id
            && self.version == Version::V0x13
            && self.parameters == parameters
            && self.output_length == Params::DEFAULT_OUTPUT_LEN
    }
}
