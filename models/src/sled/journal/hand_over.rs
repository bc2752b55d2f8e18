//! The hand-over of overlays from those who freeze them to the applier, and back-pressure.
//!
//! Checked in every interleaving: every frozen overlay is applied once, in order, before the next one
//! is frozen; whoever waits is woken, also by an applier that fails (loom reports a deadlock); a thread
//! that is asked to end does.

use loom::sync::Arc;
use loom::thread;

use super::super::sync::Mutex;
use super::signals::Signals;

/// How the applier ends its work on an overlay.
#[derive(Clone, Copy, PartialEq)]
enum Applier {
    Works,
    /// Fails at the second overlay, and ends.
    Fails,
    /// A mistake: as before, and it tells nobody.
    FailsSilently,
}

#[derive(Default)]
struct Store {
    signals: Signals,
    /// The frozen overlay, by its number.
    frozen: Mutex<Option<u64>>,
    applied: Mutex<Vec<u64>>,
}

impl Store {
    /// What the applier's thread does.
    fn apply(&self, applier: Applier) {
        while self.signals.wait_for_work() {
            let overlay = self.frozen.lock().expect("a busy applier has an overlay");
            if overlay == 2 && applier != Applier::Works {
                if applier == Applier::Fails {
                    self.signals.end();
                }
                return;
            }
            if !self.signals.goes_on() {
                return;
            }
            self.applied.lock().push(overlay);
            *self.frozen.lock() = None;
            self.signals.finish();
        }
    }

    /// What a commit does that finds its overlay full.
    fn freeze(&self, overlay: u64) -> bool {
        self.signals.wait_while_busy();
        if !self.signals.is_idle() {
            return false;
        }
        let before = self.frozen.lock().replace(overlay);
        assert_eq!(before, None, "one overlay is frozen at a time");
        self.signals.begin();
        true
    }
}

fn run(applier: Applier) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(move || {
        let store = Arc::new(Store::default());
        let thread = {
            let store = Arc::clone(&store);
            thread::spawn(move || store.apply(applier))
        };
        // The writer's lock lets one of them freeze at a time.
        let frozen = (1..=3).take_while(|overlay| store.freeze(*overlay)).count();
        store.signals.wait_while_busy();
        store.signals.end();
        thread.join().expect("the applier does not panic");
        let applied = store.applied.lock();
        match applier {
            Applier::Works => assert_eq!((frozen, applied.as_slice()), (3, &[1, 2, 3][..])),
            _ => assert_eq!((frozen, applied.as_slice()), (2, &[1][..])),
        }
    });
}

#[test]
fn every_overlay_is_applied_once_and_in_order() {
    run(Applier::Works);
}

#[test]
fn a_failing_applier_wakes_who_waits_for_it() {
    run(Applier::Fails);
}

#[test]
#[should_panic(expected = "deadlock")]
fn an_applier_that_fails_and_tells_nobody_is_found() {
    run(Applier::FailsSilently);
}
