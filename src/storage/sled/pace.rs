//! How much the engine may have written and not synced, and how that is kept.
//!
//! The engine's log is a sequence of segments. Each begins with a header that says how far the log
//! had been handed to the system by then, and recovery takes all before that for present. While the
//! header of one segment at most is not on the disk, that is true of all older segments, and a loss
//! of power costs no more than the end of the log. If there are two, the later one may be on the disk
//! and the earlier one not: the engine then misses what lies between without a word, loses
//! everything, or does not open.
//!
//! How much the engine writes for one key is its own decision: now and then it writes the whole
//! leaf again, up to 100 KiB, and another one to make room. What it has written is only known after a
//! flush. So it is flushed after every few keys, and synced long before a segment's length has come
//! together.
//!
//! Invariant: less than a segment is written between two syncs.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// The length of a segment in a new database: many times what the engine was ever seen to write for
/// as many keys as it is given between two flushes.
pub(super) const SEGMENT_LENGTH: usize = 2 * 1024 * 1024;

/// What the engine writes for a key beside the key and the value, roughly.
const WRITE_WEIGHT: usize = 64;

/// The engine is flushed when it was given so much,
const FLUSH_WEIGHT: usize = 32 * 1024;
/// or so many keys.
const FLUSH_WRITES: usize = 48;

/// What a transaction may give the engine, which is neither flushed nor synced within one,
const TRANSACTION_WEIGHT: usize = 64 * 1024;
/// and the most keys that it may write.
const TRANSACTION_WRITES: usize = 96;

/// How much the engine is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Load {
    writes: usize,
    weight: usize,
}

impl Load {
    /// A key with its new value.
    pub(super) fn of_write(key: usize, new: usize) -> Load {
        Load {
            writes: 1,
            weight: WRITE_WEIGHT + key + new,
        }
    }

    /// The old value that a write replaces: its leaf is written again without it.
    pub(super) fn of_replaced(old: usize) -> Load {
        Load {
            writes: 0,
            weight: old,
        }
    }

    /// So many writes alike.
    pub(super) fn times(self, count: u64) -> Load {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        Load {
            writes: self.writes.saturating_mul(count),
            weight: self.weight.saturating_mul(count),
        }
    }

    /// Both.
    pub(super) fn and(self, other: Load) -> Load {
        Load {
            writes: self.writes.saturating_add(other.writes),
            weight: self.weight.saturating_add(other.weight),
        }
    }

    /// Whether the engine may be given it in one transaction.
    pub(super) fn fits_a_transaction(self) -> bool {
        self.writes <= TRANSACTION_WRITES && self.weight <= TRANSACTION_WEIGHT
    }
}

/// What the engine was given and has written since it was last flushed and synced.
#[derive(Debug)]
pub(super) struct Pace {
    segment_length: u64,
    weight: AtomicUsize,
    writes: AtomicUsize,
    /// Bytes that were flushed ever, and how many of them were synced.
    flushed: AtomicU64,
    synced: AtomicU64,
}

impl Pace {
    /// For an engine whose log has segments of this length.
    pub(super) fn new(segment_length: usize) -> Pace {
        Pace {
            segment_length: segment_length as u64,
            weight: AtomicUsize::new(0),
            writes: AtomicUsize::new(0),
            flushed: AtomicU64::new(0),
            synced: AtomicU64::new(0),
        }
    }

    /// Counts what the engine was given. Whether it is to be flushed now.
    pub(super) fn wrote(&self, load: Load) -> bool {
        let weight = self.weight.fetch_add(load.weight, Ordering::Relaxed) + load.weight;
        let writes = self.writes.fetch_add(load.writes, Ordering::Relaxed) + load.writes;
        weight >= FLUSH_WEIGHT || writes >= FLUSH_WRITES
    }

    /// Counts what a flush has written. Whether it is to be synced now.
    pub(super) fn flushed(&self, bytes: usize) -> bool {
        self.writes.store(0, Ordering::Relaxed);
        // The engine does not tell what it has written before of its own accord, as it does where a
        // segment ends.
        let bytes = bytes.max(self.weight.swap(0, Ordering::Relaxed));
        self.flushed.fetch_add(bytes as u64, Ordering::AcqRel);
        self.unsynced() >= self.segment_length / 5
    }

    /// Whether a transaction may begin without a sync.
    pub(super) fn has_room(&self) -> bool {
        self.unsynced() < self.segment_length / 8
    }

    /// How many bytes were flushed so far.
    pub(super) fn count_flushed(&self) -> u64 {
        self.flushed.load(Ordering::Acquire)
    }

    /// So many bytes are on the disk.
    pub(super) fn synced(&self, flushed: u64) {
        self.synced.fetch_max(flushed, Ordering::AcqRel);
    }

    fn unsynced(&self) -> u64 {
        // In this order, since no more is synced than was flushed.
        let synced = self.synced.load(Ordering::Acquire);
        self.flushed.load(Ordering::Acquire) - synced
    }
}
