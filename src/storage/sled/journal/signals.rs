//! The signals between the applier and those who freeze overlays.
//!
//! ```text
//! Idle --freeze--> Busy --applied--> Idle          any --stop, failure--> Ended
//! ```
//!
//! It knows neither overlays nor an engine, so that `models/` can run it in every interleaving.
//! Invariant: whoever waits is woken by the change of phase that it waits for.

use super::super::sync::{Condvar, Mutex};

/// What the thread is doing, and what it is asked to.
#[derive(Default)]
pub(super) struct Signals {
    phase: Mutex<Phase>,
    changed: Condvar,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Idle,
    Busy,
    /// The thread ends as soon as it notices, or has ended.
    Ended,
}

impl Signals {
    /// Whether an overlay may be frozen now.
    pub(super) fn is_idle(&self) -> bool {
        *self.phase.lock() == Phase::Idle
    }

    /// Gives the thread an overlay that has just been frozen.
    pub(super) fn begin(&self) {
        self.change(|phase| match phase {
            Phase::Idle => Phase::Busy,
            Phase::Busy => unreachable!("one overlay is frozen at a time"),
            Phase::Ended => Phase::Ended,
        });
    }

    /// Waits until there is no frozen overlay, or there is no thread to wait for.
    pub(super) fn wait_while_busy(&self) {
        let mut phase = self.phase.lock();
        self.changed
            .wait_while(&mut phase, |phase| *phase == Phase::Busy);
    }

    /// Asks the thread to end, whatever is left to do.
    pub(super) fn end(&self) {
        self.change(|_| Phase::Ended);
    }

    /// Says that the overlay is in the engine.
    pub(super) fn finish(&self) {
        self.change(|phase| match phase {
            Phase::Busy => Phase::Idle,
            Phase::Idle => unreachable!("only a busy thread finishes"),
            Phase::Ended => Phase::Ended,
        });
    }

    /// Waits for work; false when the thread is to end.
    pub(super) fn wait_for_work(&self) -> bool {
        let mut phase = self.phase.lock();
        self.changed
            .wait_while(&mut phase, |phase| *phase == Phase::Idle);
        *phase == Phase::Busy
    }

    /// Whether nobody has asked the thread to end.
    pub(super) fn goes_on(&self) -> bool {
        *self.phase.lock() != Phase::Ended
    }

    fn change(&self, next: impl FnOnce(Phase) -> Phase) {
        let mut phase = self.phase.lock();
        *phase = next(*phase);
        self.changed.notify_all();
    }
}
