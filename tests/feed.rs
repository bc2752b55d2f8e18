//! The change feed: what a subscriber is told of commits, in which order, and what it is told when it
//! is too slow.

mod support;

use musher::prelude::*;
use musher::{ChangeKind, Entity, FeedItem, Managed, Receiver, RowChange};
use support::*;

#[path = "feed/changes.rs"]
mod changes;
#[path = "feed/following.rs"]
mod following;
#[path = "feed/missed.rs"]
mod missed;
#[path = "feed/replay.rs"]
mod replay;
#[path = "feed/threads.rs"]
mod threads;
#[path = "feed/transactions.rs"]
mod transactions;

/// A change that the reader was in time for.
#[track_caller]
fn in_time<T: Entity>(item: FeedItem<T>) -> RowChange<T> {
    match item {
        FeedItem::Change(change) => change,
        FeedItem::Missed(missed) => panic!("{} changes were missed", missed.changes()),
    }
}

/// Everything that waits for the reader.
#[track_caller]
fn waiting<T: Entity>(feed: &Receiver<FeedItem<T>>) -> Vec<RowChange<T>> {
    feed.try_iter().map(in_time).collect()
}

/// The one change that waits for the reader.
#[track_caller]
fn only<T: Managed>(feed: &Receiver<FeedItem<T>>) -> RowChange<T> {
    let mut changes = waiting(feed);
    assert_eq!(changes.len(), 1, "{changes:?}");
    changes.remove(0)
}

/// What happened to which row, and to which of its properties.
type Summary<T> = (ChangeKind, Id<T>, Vec<&'static str>);

fn summary<T: Entity>(change: &RowChange<T>) -> Summary<T> {
    (change.kind(), change.id(), change.changed().collect())
}

#[track_caller]
fn summaries<T: Entity>(feed: &Receiver<FeedItem<T>>) -> Vec<Summary<T>> {
    waiting(feed).iter().map(summary).collect()
}
