//! The bounded queue between the feed and the reader of a subscription.
//!
//! A full queue takes one thing more: the marker of a gap, which stands where changes are missing and
//! counts them. The gap is closed, and changes are told again, when there is room behind the marker
//! or when the reader has looked at it, whichever comes first. So the reader learns of a gap even if
//! nothing is ever committed again, and each change is either told or counted once.
//!
//! Invariant: without an open gap there is room for a marker.

use std::fmt;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, bounded};
use parking_lot::Mutex;

use super::{FeedItem, RowChange};
use crate::entity::Entity;
use crate::feed::{CommittedChange, Subscriber, Unsubscribed};

/// Changes that were committed while the queue was full.
///
/// It stands in the order of changes where they are missing.
#[derive(Clone)]
pub struct Missed {
    gap: Arc<Mutex<Gap>>,
}

struct Gap {
    changes: u64,
    is_open: bool,
}

impl Missed {
    /// How many changes were missed, at least one. Those that come after the first call are no part
    /// of it: they are told, or counted by a marker of their own.
    #[must_use]
    pub fn changes(&self) -> u64 {
        let mut gap = self.gap.lock();
        gap.is_open = false;
        gap.changes
    }

    fn new() -> Self {
        let gap = Gap {
            changes: 1,
            is_open: true,
        };
        Self {
            gap: Arc::new(Mutex::new(gap)),
        }
    }

    /// Counts one change more. `false`: the gap is closed.
    fn count(&self) -> bool {
        let mut gap = self.gap.lock();
        gap.changes += u64::from(gap.is_open);
        gap.is_open
    }
}

impl fmt::Debug for Missed {
    /// Looks without closing the gap.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let changes = self.gap.lock().changes;
        f.debug_struct("Missed").field("changes", &changes).finish()
    }
}

/// The writing end.
pub(super) struct Queue<T: Entity> {
    sender: Sender<FeedItem<T>>,
    capacity: usize,
    /// The marker of the last gap, while nothing is told behind it.
    missed: Option<Missed>,
}

/// A queue that holds up to `capacity` changes.
pub(super) fn queue<T: Entity>(capacity: usize) -> (Queue<T>, Receiver<FeedItem<T>>) {
    let (sender, receiver) = bounded(capacity.saturating_add(1));
    let queue = Queue {
        sender,
        capacity,
        missed: None,
    };
    (queue, receiver)
}

impl<T: Entity> Queue<T> {
    /// Whether there is room for nothing but a marker. Only this end puts things in, so what is not
    /// full stays so.
    fn is_full(&self) -> bool {
        self.sender.len() >= self.capacity
    }
}

impl<T: Entity> Subscriber for Queue<T> {
    fn tell(&mut self, change: &Arc<CommittedChange>) -> Result<(), Unsubscribed> {
        if self.is_full() && self.missed.as_ref().is_some_and(Missed::count) {
            return Ok(());
        }
        // No gap is open, or there is room behind its marker.
        let item = if self.is_full() {
            let missed = self.missed.insert(Missed::new());
            FeedItem::Missed(missed.clone())
        } else {
            self.missed = None;
            FeedItem::Change(RowChange::new(Arc::clone(change)))
        };
        self.sender.try_send(item).map_err(|_| Unsubscribed)
    }
}
