//! Where tests make the disk fail: every write and every wait for the disk asks here first.
//!
//! Outside of tests this is nothing at all. It knows no policy: what fails, and when, is the
//! business of the test that gives the hook.

use std::io;
#[cfg(test)]
use std::sync::Arc;

/// A step after which a killed process may have stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// One record goes to a journal file.
    JournalWrite,
    /// A journal file is synced.
    JournalSync,
    /// The number of a durable commit goes to the witness.
    WitnessWrite,
    /// The witness is synced.
    WitnessSync,
    /// One key goes from the overlay to the engine.
    EngineWrite,
    /// The engine is flushed and its file synced.
    EngineSync,
}

/// What a test calls before each operation.
#[cfg(test)]
pub(super) type Hook = Arc<dyn Fn(Operation) -> io::Result<()> + Send + Sync>;

/// The faults of one store: none, but in tests.
#[derive(Clone, Default)]
pub(super) struct Faults {
    #[cfg(test)]
    hook: Option<Hook>,
}

impl Faults {
    /// Faults that `hook` decides on.
    #[cfg(test)]
    pub(super) fn from_hook(hook: Hook) -> Faults {
        Faults { hook: Some(hook) }
    }

    /// Fails where a test wants `operation` to fail.
    #[cfg(test)]
    pub(super) fn check(&self, operation: Operation) -> io::Result<()> {
        self.hook.as_ref().map_or(Ok(()), |hook| hook(operation))
    }

    /// Fails never.
    #[cfg(not(test))]
    #[expect(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "tests do more"
    )]
    pub(super) fn check(&self, _operation: Operation) -> io::Result<()> {
        Ok(())
    }
}
