//! The protocol of a group commit: whoever comes while a sync runs waits for the next one, which then
//! covers all who came.
//!
//! It knows neither files nor an engine, so that `models/` can run it in every interleaving. Invariant:
//! `synced` never exceeds what the disk has confirmed. After one failed sync it stays where it was for
//! good, since a system that has once dropped dirty pages will confirm the next sync without them.

use super::sync::{AtomicU64, Mutex, Ordering};

/// How far the disk has confirmed commits.
pub(super) struct Group<W> {
    /// Whoever holds it syncs for all. What is synced is recorded there.
    witness: Mutex<W>,
    /// Changes only while the witness is locked.
    synced: AtomicU64,
}

/// The steps of one sync. Numbers are those of commits.
pub(super) trait Disk<W> {
    /// Why a commit is not confirmed.
    type Error;

    /// The last commit that is written, and whatever was written before it.
    fn committed(&self) -> u64;

    /// Returns when every commit written before the call is on the disk.
    fn confirm(&self) -> Result<(), Self::Error>;

    /// Remembers that everything up to `covered` is on the disk.
    fn record(&self, witness: &mut W, covered: u64) -> Result<(), Self::Error>;

    /// The failure of an earlier sync: no other one is tried.
    fn refusal(&self) -> Option<Self::Error>;

    /// Refuses every later sync, after one that was to cover everything up to `covered`.
    fn refuse(&self, covered: u64, error: &Self::Error);
}

impl<W> Group<W> {
    /// For commits of which those up to `synced` are on the disk.
    pub(super) fn new(witness: W, synced: u64) -> Group<W> {
        Group {
            witness: Mutex::new(witness),
            synced: AtomicU64::new(synced),
        }
    }

    /// The last commit that is known to be on the disk.
    pub(super) fn synced(&self) -> u64 {
        self.synced.load(Ordering::Acquire)
    }

    /// Returns when the commit `wanted`, which is written, is on the disk.
    pub(super) fn ensure<D: Disk<W>>(&self, disk: &D, wanted: u64) -> Result<(), D::Error> {
        let mut witness = self.witness.lock();
        if self.synced() >= wanted {
            return Ok(());
        }
        if let Some(refusal) = disk.refusal() {
            return Err(refusal);
        }
        // Asked just before the sync, so that one sync serves all who wait.
        let covered = disk.committed();
        debug_assert!(covered >= wanted, "only written commits are made durable");
        let advanced = disk.confirm().and_then(|()| {
            self.synced.store(covered, Ordering::Release);
            disk.record(&mut witness, covered)
        });
        if let Err(error) = &advanced {
            disk.refuse(covered, error);
        }
        advanced
    }

    /// Lends the witness, while nobody syncs.
    pub(super) fn with_witness<R>(&self, look: impl FnOnce(&mut W) -> R) -> R {
        look(&mut self.witness.lock())
    }
}
