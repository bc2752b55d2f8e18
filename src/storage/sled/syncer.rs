//! The thread that puts commits on the disk which nobody waits for, a moment after they were made.
//!
//! It sleeps until there is such a commit. What fails in it is kept by what it calls, and told to
//! whoever writes next.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::storage::StorageError;

/// How long a commit may wait.
const DELAY: Duration = Duration::from_millis(500);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Asleep,
    /// There are commits to be synced.
    Called,
    Ended,
}

struct Signals {
    phase: Mutex<Phase>,
    changed: Condvar,
}

/// The running thread. Dropping it ends the thread and waits for it; what it has not synced then is
/// left to whoever drops it.
pub(super) struct Syncer {
    signals: Arc<Signals>,
    thread: Option<JoinHandle<()>>,
}

impl Syncer {
    /// Starts the thread, which calls `sync` where there is something to do.
    pub(super) fn start(
        sync: impl Fn() -> Result<(), StorageError> + Send + 'static,
    ) -> std::io::Result<Syncer> {
        let signals = Arc::new(Signals {
            phase: Mutex::new(Phase::Asleep),
            changed: Condvar::new(),
        });
        let its_own = Arc::clone(&signals);
        let thread = thread::Builder::new()
            .name("musher-syncer".to_owned())
            .spawn(move || run(&its_own, sync))?;
        Ok(Syncer {
            signals,
            thread: Some(thread),
        })
    }

    /// Tells it that there is a commit which nobody waits for.
    pub(super) fn call(&self) {
        let mut phase = self.signals.phase.lock();
        if *phase == Phase::Asleep {
            *phase = Phase::Called;
            self.signals.changed.notify_all();
        }
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        *self.signals.phase.lock() = Phase::Ended;
        self.signals.changed.notify_all();
        let thread = self.thread.take().expect("it is joined once");
        if thread.join().is_err() {
            tracing::error!("the syncer of the database panicked");
        }
    }
}

fn run(signals: &Signals, sync: impl Fn() -> Result<(), StorageError>) {
    loop {
        {
            let mut phase = signals.phase.lock();
            let changed = &signals.changed;
            changed.wait_while(&mut phase, |phase| *phase == Phase::Asleep);
            let end = Instant::now() + DELAY;
            changed.wait_while_until(&mut phase, |phase| *phase != Phase::Ended, end);
            if *phase == Phase::Ended {
                return;
            }
            // A commit that is made from now on calls again.
            *phase = Phase::Asleep;
        }
        if let Err(error) = sync() {
            tracing::error!("syncing the database: {error}");
            return;
        }
    }
}
