//! The group commit: threads write commits one after the other and wait for the disk together.
//!
//! Checked in every interleaving: no commit is acknowledged that is not on the disk; what is said to be
//! synced is on the disk, whoever asks; the witness is never ahead of the disk; every waiter comes back
//! (loom reports a deadlock); after a failed sync, whose commit is not on the disk gets an error.

use loom::sync::Arc;
use loom::thread;

use super::group::{Disk, Group};
use super::sync::{AtomicU64, Mutex, Ordering};

/// When a commit is counted as written.
#[derive(Clone, Copy, PartialEq)]
enum Publish {
    AfterWriting,
    /// A mistake: a sync may cover a commit that is not in the file yet.
    BeforeWriting,
}

/// What a sync does.
#[derive(Clone, Copy, PartialEq)]
enum Syncs {
    Succeed,
    /// The first fails, and the system has dropped what was to be synced; later ones succeed.
    FailOnce,
    /// A mistake: as before, and the failure is not remembered.
    FailOnceAndForget,
}

/// What the system has in memory.
struct File {
    written: u64,
    dropped: bool,
    failed: bool,
}

struct Database {
    /// One commit at a time.
    writer: Mutex<u64>,
    committed: AtomicU64,
    file: Mutex<File>,
    /// Read without order, so that only the order of the protocol itself counts.
    on_disk: AtomicU64,
    refused: AtomicU64,
    group: Group<u64>,
    publish: Publish,
    syncs: Syncs,
}

impl Database {
    fn new(publish: Publish, syncs: Syncs) -> Arc<Database> {
        Arc::new(Database {
            writer: Mutex::new(0),
            committed: AtomicU64::new(0),
            file: Mutex::new(File {
                written: 0,
                dropped: false,
                failed: false,
            }),
            on_disk: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            group: Group::new(0, 0),
            publish,
            syncs,
        })
    }

    fn on_disk(&self) -> u64 {
        self.on_disk.load(Ordering::Relaxed)
    }

    /// A durable commit, as both commit paths make it.
    fn commit(&self) {
        let sequence = {
            let mut last = self.writer.lock();
            if self.refused.load(Ordering::Acquire) != 0 {
                return;
            }
            let sequence = *last + 1;
            if self.publish == Publish::BeforeWriting {
                self.committed.store(sequence, Ordering::Release);
            }
            self.file.lock().written = sequence;
            if self.publish == Publish::AfterWriting {
                self.committed.store(sequence, Ordering::Release);
            }
            *last = sequence;
            sequence
        };
        let confirmed = self.group.ensure(self, sequence);
        let on_disk = self.on_disk();
        if confirmed.is_ok() {
            assert!(on_disk >= sequence, "commit {sequence} is acknowledged");
        }
    }

    /// Looks what is said to be synced, without any lock.
    fn look(&self) -> u64 {
        let synced = self.group.synced();
        assert!(self.on_disk() >= synced, "{synced} is said to be synced");
        synced
    }

    fn check_witness(&self) {
        let witnessed = self.group.with_witness(|witness| *witness);
        assert!(self.on_disk() >= witnessed, "the witness is ahead");
    }
}

impl Disk<u64> for Database {
    type Error = ();

    fn committed(&self) -> u64 {
        self.committed.load(Ordering::Acquire)
    }

    fn confirm(&self) -> Result<(), ()> {
        let mut file = self.file.lock();
        if self.syncs != Syncs::Succeed && !file.failed {
            file.failed = true;
            file.dropped = true;
            return Err(());
        }
        if !file.dropped {
            self.on_disk.store(file.written, Ordering::Relaxed);
        }
        Ok(())
    }

    fn record(&self, witness: &mut u64, covered: u64) -> Result<(), ()> {
        assert!(self.on_disk() >= covered, "the witness gets ahead");
        *witness = covered;
        Ok(())
    }

    fn refusal(&self) -> Option<()> {
        (self.refused.load(Ordering::Acquire) != 0).then_some(())
    }

    fn refuse(&self, _covered: u64, (): &()) {
        if self.syncs == Syncs::FailOnce {
            self.refused.store(1, Ordering::Release);
        }
    }
}

fn spawn_committers(database: &Arc<Database>, count: usize) -> Vec<thread::JoinHandle<()>> {
    let committer = |_| {
        let database = Arc::clone(database);
        thread::spawn(move || database.commit())
    };
    (0..count).map(committer).collect()
}

fn run(publish: Publish, syncs: Syncs, committers: usize) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(move || {
        let database = Database::new(publish, syncs);
        let threads = spawn_committers(&database, committers);
        database.look();
        for thread in threads {
            thread.join().expect("no thread panics");
        }
        database.look();
        database.check_witness();
    });
}

#[test]
fn no_commit_is_acknowledged_before_its_sync() {
    run(Publish::AfterWriting, Syncs::Succeed, 3);
}

#[test]
fn what_is_said_to_be_synced_is_on_the_disk_for_whoever_asks() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(|| {
        let database = Database::new(Publish::AfterWriting, Syncs::Succeed);
        let threads = spawn_committers(&database, 2);
        while database.look() == 0 {
            thread::yield_now();
        }
        for thread in threads {
            thread.join().expect("no thread panics");
        }
    });
}

#[test]
fn a_failed_sync_is_told_to_everybody_whom_it_concerns() {
    run(Publish::AfterWriting, Syncs::FailOnce, 3);
}

#[test]
#[should_panic(expected = "the witness gets ahead")]
fn a_commit_that_is_counted_before_it_is_written_is_found() {
    run(Publish::BeforeWriting, Syncs::Succeed, 2);
}

#[test]
#[should_panic(expected = "the witness gets ahead")]
fn a_failed_sync_that_is_forgotten_is_found() {
    run(Publish::AfterWriting, Syncs::FailOnceAndForget, 2);
}
