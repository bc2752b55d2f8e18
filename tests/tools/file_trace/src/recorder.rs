//! What is being recorded: below which directory, which open files lie there, and the trace.
//!
//! Invariant: one thing at a time is done and recorded, but for syncs, which take long and are
//! recorded as a beginning and an end.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::event::{self, Event, Handle};
use crate::hooks;

static STARTED: AtomicBool = AtomicBool::new(false);
static RECORDER: Mutex<Option<Recorder>> = Mutex::new(None);

pub(crate) struct Recorder {
    root: PathBuf,
    trace: i32,
    /// The paths of the open files that are recorded.
    open: HashMap<i32, PathBuf>,
    syncs: u64,
    buffer: Vec<u8>,
}

/// Begins to record.
pub(crate) fn start(root: PathBuf, trace: i32) {
    let mut recorder = RECORDER.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(recorder.is_none(), "it records already");
    *recorder = Some(Recorder {
        root,
        trace,
        open: HashMap::new(),
        syncs: 0,
        buffer: Vec::new(),
    });
    STARTED.store(true, Ordering::Release);
}

/// The recorder, for one thread at a time, once it records.
pub(crate) struct Turn(MutexGuard<'static, Option<Recorder>>);

/// Waits until it is this thread's turn; `None` as long as nothing is recorded.
pub(crate) fn turn() -> Option<Turn> {
    if !STARTED.load(Ordering::Acquire) {
        return None;
    }
    let recorder = RECORDER.lock().unwrap_or_else(PoisonError::into_inner);
    Some(Turn(recorder))
}

impl Turn {
    fn recorder(&mut self) -> &mut Recorder {
        self.0.as_mut().expect("it was started")
    }

    /// The whole path of `path` in the open `directory`, if what it names is recorded.
    pub(crate) fn locate(&self, directory: i32, path: &Path) -> Option<PathBuf> {
        let recorder = self.0.as_ref()?;
        let path = match recorder.open.get(&directory) {
            Some(directory) => directory.join(path),
            None => path.to_owned(),
        };
        path.starts_with(&recorder.root).then_some(path)
    }

    /// Whether the open file is recorded.
    pub(crate) fn knows(&self, descriptor: i32) -> bool {
        let recorder = self.0.as_ref();
        recorder.is_some_and(|recorder| recorder.open.contains_key(&descriptor))
    }

    /// From now on the open file is recorded.
    pub(crate) fn add(&mut self, descriptor: i32, path: PathBuf) {
        self.recorder().open.insert(descriptor, path);
    }

    /// From now on the open file is recorded no more.
    pub(crate) fn remove(&mut self, descriptor: i32) {
        self.recorder().open.remove(&descriptor);
    }

    /// A number for a sync that begins.
    pub(crate) fn next_sync(&mut self) -> u64 {
        let recorder = self.recorder();
        recorder.syncs += 1;
        recorder.syncs
    }

    /// Appends `event` to the trace.
    pub(crate) fn record(&mut self, event: &Event) {
        let recorder = self.recorder();
        recorder.buffer.clear();
        event::encode(event, &mut recorder.buffer);
        hooks::append(recorder.trace, &recorder.buffer);
    }
}

/// The handle of an open file.
pub(crate) fn handle(descriptor: i32) -> Handle {
    u64::try_from(descriptor).expect("the descriptors of open files are not negative")
}
