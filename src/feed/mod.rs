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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::ChangeKind;
    use crate::schema::{self, FieldSet};

    const ENTITY: EntityIndex = EntityIndex(0);

    /// What a subscriber was told: the numbers of commits.
    type Told = Arc<Mutex<Vec<u64>>>;

    impl Subscriber for Told {
        fn tell(&mut self, change: &Arc<CommittedChange>) -> Result<(), Unsubscribed> {
            if Arc::strong_count(self) == 1 {
                return Err(Unsubscribed);
            }
            self.lock().push(change.commit.0);
            Ok(())
        }
    }

    fn feed() -> Feed {
        Feed {
            total: AtomicUsize::new(0),
            of_entity: vec![AtomicUsize::new(0)],
            subscriptions: Mutex::default(),
            order: Mutex::default(),
        }
    }

    fn subscribe(feed: &Feed, after: u64) -> Told {
        let told = Told::default();
        feed.subscribe(ENTITY, CommitSequence(after), Box::new(Arc::clone(&told)));
        told
    }

    fn plan<'f>(feed: &'f Feed, ticket: Option<Ticket<'f>>, commit: u64) -> Ticket<'f> {
        let difference = ChangeSetData {
            schema: Arc::new(schema::build(Vec::new()).unwrap()),
            entity: ENTITY,
            kind: ChangeKind::Update,
            key: RowKey::Integer(1),
            changed: FieldSet::new(),
            new_values: Vec::new(),
            old_values: Vec::new(),
        };
        let commit = CommitSequence(commit);
        let change = CommittedChange {
            commit,
            difference,
            links: Vec::new(),
        };
        let mut ticket = ticket.unwrap_or_else(|| feed.ticket());
        ticket.plan(commit, vec![Arc::new(change)]);
        ticket
    }

    #[test]
    fn commits_are_told_in_the_order_of_their_numbers() {
        let feed = feed();
        let told = subscribe(&feed, 0);
        let [first, second, third] = [1, 2, 3].map(|commit| plan(&feed, None, commit));
        third.committed();
        second.committed();
        assert!(told.lock().is_empty());
        first.committed();
        assert_eq!(*told.lock(), [1, 2, 3]);
    }

    #[test]
    fn a_commit_that_fails_is_not_told_and_nobody_waits_for_it() {
        let feed = feed();
        let told = subscribe(&feed, 0);
        let failed = plan(&feed, None, 1);
        let next = plan(&feed, None, 1);
        next.committed();
        assert!(told.lock().is_empty());
        drop(failed);
        assert_eq!(*told.lock(), [1]);
        // So does one that changed nothing that is followed, and one that was never planned.
        feed.ticket().committed();
        drop(feed.ticket());
        plan(&feed, None, 2).committed();
        assert_eq!(*told.lock(), [1, 2]);
    }

    #[test]
    fn a_plan_that_is_repeated_counts_once_and_at_its_new_place() {
        let feed = feed();
        let told = subscribe(&feed, 0);
        let repeated = plan(&feed, None, 1);
        plan(&feed, None, 1).committed();
        assert!(told.lock().is_empty(), "it could be the one before");
        plan(&feed, Some(repeated), 2).committed();
        assert_eq!(*told.lock(), [1, 2]);
    }

    #[test]
    fn a_subscriber_is_not_told_what_was_planned_before_it() {
        let feed = feed();
        let early = subscribe(&feed, 0);
        let under_way = plan(&feed, None, 1);
        let late = subscribe(&feed, 1);
        under_way.committed();
        plan(&feed, None, 2).committed();
        assert_eq!(*early.lock(), [1, 2]);
        assert_eq!(*late.lock(), [2]);
    }

    #[test]
    fn a_subscriber_that_is_gone_is_forgotten() {
        let feed = feed();
        assert!(!feed.is_followed());
        let (first, second) = (subscribe(&feed, 0), subscribe(&feed, 0));
        drop(first);
        plan(&feed, None, 1).committed();
        assert!(feed.is_followed() && feed.follows(ENTITY));
        drop(second);
        plan(&feed, None, 2).committed();
        assert!(!feed.is_followed() && !feed.follows(ENTITY));
    }
}
