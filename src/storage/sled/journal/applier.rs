//! The thread that carries frozen overlays into the engine.
//!
//! It holds no lock while it works; readers and commits go on. When it fails, it ends, and the
//! store takes no more writes; what is visible stays as it is, because the frozen overlay stays
//! where it is.
//!
//! Invariant: while it is busy there is a frozen overlay, and the journal file of that overlay is
//! not written to.

use std::sync::Arc;
use std::thread::{self, JoinHandle};

use super::apply::{self, Applied};
use super::shared::Shared;
use crate::storage::error::Cause;
use crate::storage::sled::health::catch;

/// The running thread. Dropping it ends the thread and waits for it.
pub(super) struct Applier {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Applier {
    /// Starts the thread.
    pub(super) fn start(shared: &Arc<Shared>) -> std::io::Result<Applier> {
        let its_own = Arc::clone(shared);
        let thread = thread::Builder::new()
            .name("musher-applier".to_owned())
            .spawn(move || run(&its_own))?;
        Ok(Applier {
            shared: Arc::clone(shared),
            thread: Some(thread),
        })
    }
}

impl Drop for Applier {
    fn drop(&mut self) {
        self.shared.applier.end();
        let thread = self.thread.take().expect("it is joined once");
        if thread.join().is_err() {
            tracing::error!("the applier of the database panicked");
        }
    }
}

fn run(shared: &Shared) {
    while shared.applier.wait_for_work() {
        let failure = match catch(|| apply_frozen(shared)) {
            Ok(Ok(Applied::Whole)) => {
                shared.applier.finish();
                continue;
            }
            Ok(Ok(Applied::InPart)) => break,
            Ok(Err(error)) => error.to_string(),
            Err(what) => what,
        };
        tracing::error!("carrying commits from the journal into the engine failed: {failure}");
        let reason = format!("carrying commits from the journal into the engine: {failure}");
        shared.engine.health.refuse_writes(reason);
        break;
    }
    shared.applier.end();
}

fn apply_frozen(shared: &Shared) -> Result<Applied, Cause> {
    let (trees, overlay) = {
        let state = shared.state.read();
        let frozen = state.frozen.clone();
        let overlay = frozen.expect("a busy applier has a frozen overlay");
        (state.trees.slots().to_vec(), overlay)
    };
    // Once a part of a commit is in the engine, the journal must have all of it for good, and it
    // must be known that it had.
    shared.make_durable(overlay.last())?;
    shared.durable.sync_witness(&shared.engine)?;
    let go_on = || shared.applier.goes_on();
    let applied = apply::apply(&shared.engine, &trees, &overlay, &go_on)?;
    if applied == Applied::Whole {
        let dropped = shared.state.write().frozen.take();
        // Freed outside of the lock, since that takes a while.
        drop((dropped, overlay));
    }
    Ok(applied)
}
