//! Pending links: what the next flush does to many-to-many relations, and to rows that were given
//! or refused an owner without being loaded.
//!
//! Links are sets, and an entry says how a link shall be in the end, so applying it twice is
//! applying it once: `Add` inserts if absent, `Remove` deletes if present.

use std::collections::{BTreeMap, BTreeSet};

use super::Instance;
use super::adoptions::Adoptions;
use super::arrangement::Arrangement;
use crate::codec::RowKey;
use crate::schema::{FieldIndex, JoinIndex, Side};

/// How a link shall be after the flush.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkChange {
    Add,
    Remove,
}

/// A row that lost its owner in a collection, and has not got another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Orphan {
    /// The owner that let it go.
    pub(crate) owner: RowKey,
    /// The to-one relation of the orphan.
    pub(crate) field: FieldIndex,
    /// Whether the row is removed unless it finds an owner; else that is an error.
    pub(crate) removal: bool,
}

/// Relation and key at one side, to the keys at the other.
type Links = BTreeMap<(JoinIndex, RowKey), BTreeMap<RowKey, LinkChange>>;

/// Pending links. Every link is held twice, by owner and by target.
#[derive(Clone, Default)]
pub(crate) struct LinkLedger {
    by_owner: Links,
    by_target: Links,
    /// Owners, or targets, all of whose links go but for those added since.
    cleared: BTreeMap<(JoinIndex, Side), BTreeSet<RowKey>>,
    pub(crate) orphans: BTreeMap<Instance, Orphan>,
    /// Rows not loaded that shall get an owner, or lose it.
    pub(crate) adopted: Adoptions,
    /// Pending orders of many-to-many collections that keep one, by owner.
    pub(crate) orders: BTreeMap<(JoinIndex, RowKey), Arrangement>,
    /// Collections marked dirty, so that accepting a flush finds them.
    pub(crate) dirty: BTreeSet<(Instance, FieldIndex)>,
    /// Collections that show a part of their items, so that replacing one as a whole can be refused.
    /// Nothing that is pending.
    pub(crate) partial: BTreeSet<(Instance, FieldIndex)>,
}

impl LinkLedger {
    pub(crate) fn is_empty(&self) -> bool {
        self.by_owner.is_empty()
            && self.cleared.is_empty()
            && self.orders.is_empty()
            && self.orphans.is_empty()
            && self.adopted.is_empty()
            && self.dirty.is_empty()
    }

    /// Notes how the link between `here`, at `side`, and `there` shall be.
    pub(crate) fn set(
        &mut self,
        join: JoinIndex,
        side: Side,
        here: &RowKey,
        there: &RowKey,
        change: LinkChange,
    ) {
        let (owner, target) = at_sides(side, here, there);
        self.by_owner
            .entry((join, owner.clone()))
            .or_default()
            .insert(target.clone(), change);
        self.by_target
            .entry((join, target.clone()))
            .or_default()
            .insert(owner.clone(), change);
    }

    /// Notes where a link that is to be or to go stands in the order of its owner.
    pub(crate) fn arrange(
        &mut self,
        join: JoinIndex,
        side: Side,
        (here, there): (&RowKey, &RowKey),
        change: LinkChange,
    ) {
        let (owner, target) = at_sides(side, here, there);
        let order = self.orders.entry((join, owner.clone())).or_default();
        match change {
            LinkChange::Add => order.append(target),
            LinkChange::Remove => order.take(target),
        }
    }

    /// Notes the whole order of an owner's items.
    pub(crate) fn set_order(&mut self, join: JoinIndex, owner: &RowKey, items: Vec<RowKey>) {
        let order = Arrangement::whole(items);
        self.orders.insert((join, owner.clone()), order);
    }

    /// Notes that all links of `here` go. Pending ones are forgotten.
    pub(crate) fn clear(&mut self, join: JoinIndex, side: Side, here: &RowKey) {
        self.forget(join, side, here);
        self.cleared
            .entry((join, side))
            .or_default()
            .insert(here.clone());
    }

    /// Forgets what is pending for `here`, which is given up but stays stored. A link that is to
    /// survive the clearing of its other end is stored too, and is remembered.
    pub(crate) fn forget_detached(&mut self, join: JoinIndex, side: Side, here: &RowKey) {
        let kept: Vec<RowKey> = self
            .of(join, side, here)
            .filter(|(there, change)| {
                *change == LinkChange::Add && self.is_cleared(join, side.other(), there)
            })
            .map(|(there, _)| there.clone())
            .collect();
        self.forget(join, side, here);
        for there in kept {
            self.set(join, side, here, &there, LinkChange::Add);
        }
    }

    /// Forgets what is pending for `here`.
    pub(crate) fn forget(&mut self, join: JoinIndex, side: Side, here: &RowKey) {
        let (near, far) = match side {
            Side::Owner => (&mut self.by_owner, &mut self.by_target),
            Side::Inverse => (&mut self.by_target, &mut self.by_owner),
        };
        for there in near
            .remove(&(join, here.clone()))
            .unwrap_or_default()
            .into_keys()
        {
            let links = far
                .get_mut(&(join, there.clone()))
                .expect("every link is held twice");
            links.remove(here);
            if links.is_empty() {
                far.remove(&(join, there));
            }
        }
        if side == Side::Owner {
            self.orders.remove(&(join, here.clone()));
        }
        if let Some(keys) = self.cleared.get_mut(&(join, side)) {
            keys.remove(here);
            if keys.is_empty() {
                self.cleared.remove(&(join, side));
            }
        }
    }

    pub(crate) fn is_cleared(&self, join: JoinIndex, side: Side, here: &RowKey) -> bool {
        self.cleared
            .get(&(join, side))
            .is_some_and(|keys| keys.contains(here))
    }

    /// The pending links of `here`, by the key at the other side.
    pub(crate) fn of(
        &self,
        join: JoinIndex,
        side: Side,
        here: &RowKey,
    ) -> impl Iterator<Item = (&RowKey, LinkChange)> {
        let links = match side {
            Side::Owner => &self.by_owner,
            Side::Inverse => &self.by_target,
        };
        links
            .get(&(join, here.clone()))
            .into_iter()
            .flatten()
            .map(|(there, change)| (there, *change))
    }

    /// All pending links: relation, owner, target.
    pub(crate) fn links(&self) -> impl Iterator<Item = (JoinIndex, &RowKey, &RowKey, LinkChange)> {
        self.by_owner.iter().flat_map(|((join, owner), targets)| {
            targets
                .iter()
                .map(move |(target, change)| (*join, owner, target, *change))
        })
    }

    /// The relations of pending links, some of them more than once.
    pub(crate) fn joins(&self) -> impl Iterator<Item = JoinIndex> {
        let linked = self.by_owner.keys().map(|(join, _)| *join);
        linked.chain(self.cleared.keys().map(|(join, _)| *join))
    }

    /// All keys whose links go.
    pub(crate) fn cleared(&self) -> impl Iterator<Item = (JoinIndex, Side, &RowKey)> {
        self.cleared
            .iter()
            .flat_map(|((join, side), keys)| keys.iter().map(move |key| (*join, *side, key)))
    }
}

/// The owner and the target among the key at `side` and the key at the other side.
fn at_sides<'a>(side: Side, here: &'a RowKey, there: &'a RowKey) -> (&'a RowKey, &'a RowKey) {
    match side {
        Side::Owner => (here, there),
        Side::Inverse => (there, here),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOIN: JoinIndex = JoinIndex(0);

    fn key(number: u64) -> RowKey {
        RowKey::Integer(number)
    }

    fn pending(ledger: &LinkLedger, side: Side, here: u64) -> Vec<(RowKey, LinkChange)> {
        ledger
            .of(JOIN, side, &key(here))
            .map(|(there, change)| (there.clone(), change))
            .collect()
    }

    #[test]
    fn a_link_is_seen_from_both_sides_and_the_last_word_counts() {
        let mut ledger = LinkLedger::default();
        ledger.set(JOIN, Side::Owner, &key(1), &key(7), LinkChange::Add);
        ledger.set(JOIN, Side::Inverse, &key(7), &key(1), LinkChange::Remove);
        assert_eq!(
            pending(&ledger, Side::Owner, 1),
            [(key(7), LinkChange::Remove)]
        );
        assert_eq!(
            pending(&ledger, Side::Inverse, 7),
            [(key(1), LinkChange::Remove)]
        );
    }

    #[test]
    fn clearing_one_side_forgets_its_pending_links_and_no_others() {
        let mut ledger = LinkLedger::default();
        ledger.set(JOIN, Side::Owner, &key(1), &key(7), LinkChange::Add);
        ledger.set(JOIN, Side::Owner, &key(2), &key(7), LinkChange::Add);
        ledger.clear(JOIN, Side::Owner, &key(1));
        assert_eq!(pending(&ledger, Side::Owner, 1), []);
        assert_eq!(
            pending(&ledger, Side::Inverse, 7),
            [(key(2), LinkChange::Add)]
        );
        assert!(ledger.is_cleared(JOIN, Side::Owner, &key(1)));
        ledger.forget(JOIN, Side::Owner, &key(1));
        ledger.forget(JOIN, Side::Inverse, &key(7));
        assert!(ledger.is_empty());
    }
}
