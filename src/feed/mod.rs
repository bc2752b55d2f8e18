//! The feed of committed changes: who follows which entity, and in which order they are told.
//!
//! A commit takes a [`Ticket`] while it is planned, under the store's lock, and hands it in when the
//! store has answered. Changes are told without any lock of the store, and never wait for a
//! subscriber. Nothing here knows what a change is made of, nor how a subscriber keeps what it was
//! told.
//!
//! Locks are taken in this order: the store's, `subscriptions`, `order`.
//!
//! Invariant: a subscriber is told the commits that were planned after it subscribed, in the order
//! of their numbers, and of those that fail nothing.

mod order;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use self::order::{Order, Place};
use crate::codec::RowKey;
use crate::entity::ChangeSetData;
use crate::schema::{EntityIndex, FieldIndex, Schema};
use crate::storage::CommitSequence;

/// What a commit made of one row.
#[derive(Debug)]
pub(crate) struct CommittedChange {
    pub(crate) commit: CommitSequence,
    pub(crate) difference: ChangeSetData,
    pub(crate) links: Vec<CollectionChange>,
}

/// What a commit made of a many-to-many collection, at its owning side.
#[derive(Debug)]
pub(crate) struct CollectionChange {
    pub(crate) field: FieldIndex,
    pub(crate) added: Vec<RowKey>,
    pub(crate) removed: Vec<RowKey>,
}

/// The changes of one commit, entity by entity, ascending by key.
pub(crate) type Changes = Vec<Arc<CommittedChange>>;

/// Who is told.
pub(crate) trait Subscriber: Send {
    /// Takes a change, or notes that it was missed. Never waits.
    ///
    /// # Errors
    /// If nobody is there any more who could read it.
    fn tell(&mut self, change: &Arc<CommittedChange>) -> Result<(), Unsubscribed>;
}

/// The reader of a subscription is gone.
pub(crate) struct Unsubscribed;

/// A subscriber, and since when it is one.
struct Subscription {
    /// The last commit before it.
    after: CommitSequence,
    subscriber: Box<dyn Subscriber>,
}

/// All subscriptions of one database.
pub(crate) struct Feed {
    /// How many there are, so that a commit without any looks at one number.
    total: AtomicUsize,
    /// How many each entity has.
    of_entity: Vec<AtomicUsize>,
    subscriptions: Mutex<BTreeMap<EntityIndex, Vec<Subscription>>>,
    order: Mutex<Order>,
}

impl Feed {
    pub(crate) fn new(schema: &Schema) -> Self {
        Self {
            total: AtomicUsize::new(0),
            of_entity: schema.indexes().map(|_| AtomicUsize::new(0)).collect(),
            subscriptions: Mutex::default(),
            order: Mutex::default(),
        }
    }

    /// Tells `subscriber` every commit after `after`. To miss none, it is called where no commit is
    /// being planned: inside the store's write closure.
    pub(crate) fn subscribe(
        &self,
        entity: EntityIndex,
        after: CommitSequence,
        subscriber: Box<dyn Subscriber>,
    ) {
        let mut subscriptions = self.subscriptions.lock();
        let subscription = Subscription { after, subscriber };
        subscriptions.entry(entity).or_default().push(subscription);
        self.count(entity).fetch_add(1, Ordering::Release);
        self.total.fetch_add(1, Ordering::Release);
    }

    /// Whether anybody follows anything.
    pub(crate) fn is_followed(&self) -> bool {
        self.total.load(Ordering::Acquire) > 0
    }

    /// Whether anybody follows the entity.
    pub(crate) fn follows(&self, entity: EntityIndex) -> bool {
        self.count(entity).load(Ordering::Acquire) > 0
    }

    /// For a commit that is about to be planned.
    pub(crate) fn ticket(&self) -> Ticket<'_> {
        Ticket {
            feed: self,
            place: None,
        }
    }

    fn count(&self, entity: EntityIndex) -> &AtomicUsize {
        &self.of_entity[usize::from(entity.0)]
    }

    /// Tells what is committed, as far as no earlier commit is still under way. Whoever hands in the
    /// earlier one tells the rest.
    fn tell(&self) {
        let mut subscriptions = self.subscriptions.lock();
        loop {
            // The lock of the order is held for a moment only: commits take their places meanwhile.
            let Some(changes) = self.order.lock().take_next() else {
                return;
            };
            for change in changes {
                let entity = change.difference.entity;
                let Some(of_entity) = subscriptions.get_mut(&entity) else {
                    continue;
                };
                of_entity.retain_mut(|subscription| {
                    let told = change.commit <= subscription.after
                        || subscription.subscriber.tell(&change).is_ok();
                    if !told {
                        self.count(entity).fetch_sub(1, Ordering::Release);
                        self.total.fetch_sub(1, Ordering::Release);
                    }
                    told
                });
            }
        }
    }
}

/// The place of a commit in the order in which commits are told. A ticket that is dropped gives its
/// place up: the commit failed.
pub(crate) struct Ticket<'a> {
    feed: &'a Feed,
    place: Option<Place>,
}

impl Ticket<'_> {
    /// Takes the place of commit `sequence`, which is being planned and makes these changes. A plan
    /// that is repeated takes its new place.
    pub(crate) fn plan(&mut self, sequence: CommitSequence, changes: Changes) {
        let mut order = self.feed.order.lock();
        if let Some(place) = self.place.take() {
            order.leave(place);
        }
        if !changes.is_empty() {
            self.place = Some(order.enter(sequence, changes));
        }
    }

    /// The commit stands.
    pub(crate) fn committed(mut self) {
        if let Some(place) = self.place.take() {
            self.feed.order.lock().succeed(place);
            self.feed.tell();
        }
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            self.feed.order.lock().leave(place);
            self.feed.tell();
        }
    }
}
