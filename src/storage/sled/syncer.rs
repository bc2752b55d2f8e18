//! The thread that puts commits on the disk which nobody waits for: it syncs the store when the oldest
//! of them has waited long enough.
//!
//! It decides when, and nothing else. What a failed sync means is the store's own rule: from then on
//! it refuses writes, and says why. So the thread has nothing to pass on, and ends.
//!
//! Invariant: while `due` is set the thread runs and begins to sync no later than then, unless an
//! earlier sync has failed.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::storage::{Durability, StorageError};

/// How long a commit waits of which nothing was said.
const OS_WAIT: Duration = Duration::from_millis(500);

/// How long a commit may wait for the disk; `None` where whoever makes it does.
pub(super) fn longest_wait(durability: Durability) -> Option<Duration> {
    match durability {
        Durability::Immediate => None,
        Durability::Interval(interval) => Some(interval),
        Durability::Os => Some(OS_WAIT),
    }
}

/// The running thread. Dropping it ends the thread and waits for it; what is due then is left to
/// whoever closes the store.
pub(super) struct Syncer {
    schedule: Arc<Schedule>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Schedule {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// When the next sync begins; `None` while nothing waits for one.
    due: Option<Instant>,
    ends: bool,
}

impl Syncer {
    /// Starts the thread.
    pub(super) fn start(
        sync: impl Fn() -> Result<(), StorageError> + Send + 'static,
    ) -> std::io::Result<Syncer> {
        let schedule = Arc::new(Schedule::default());
        let its_own = Arc::clone(&schedule);
        let thread = thread::Builder::new()
            .name("musher-syncer".to_owned())
            .spawn(move || run(&its_own, sync))?;
        Ok(Syncer {
            schedule,
            thread: Some(thread),
        })
    }

    /// Sees to it that a sync begins within `interval`.
    pub(super) fn sync_within(&self, interval: Duration) {
        // An interval that no clock can tell the end of never ends.
        let Some(due) = Instant::now().checked_add(interval) else {
            return;
        };
        let mut state = self.schedule.state.lock();
        if state.due.is_none_or(|known| due < known) {
            state.due = Some(due);
            self.schedule.changed.notify_one();
        }
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        self.schedule.state.lock().ends = true;
        self.schedule.changed.notify_one();
        let thread = self.thread.take().expect("it is joined once");
        if thread.join().is_err() {
            tracing::error!("the syncer of the database panicked");
        }
    }
}

impl Schedule {
    /// Waits until a sync is due; false when the thread is to end.
    fn wait_until_due(&self) -> bool {
        let mut state = self.state.lock();
        while !state.ends {
            match state.due {
                None => self.changed.wait(&mut state),
                Some(due) if due <= Instant::now() => {
                    // Commits made from here on ask for another sync: this one may not cover them.
                    state.due = None;
                    return true;
                }
                Some(due) => drop(self.changed.wait_until(&mut state, due)),
            }
        }
        false
    }
}

fn run(schedule: &Schedule, sync: impl Fn() -> Result<(), StorageError>) {
    while schedule.wait_until_due() {
        if let Err(error) = sync() {
            tracing::error!("syncing the database in the background failed: {error}");
            break;
        }
    }
}
