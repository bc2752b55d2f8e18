//! The model of one unit of work: the rows as it read them, the rows as it wants them, and what its
//! flush makes of the two.

use std::collections::BTreeSet;

use super::state::{Address, Kind, Reference, State, Value, reference_behind};

/// Why a flush fails. The database may name any one of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Failure {
    /// A second instance was given for a managed key.
    Refused,
    /// A row with a version was written by others since it was read.
    Stale,
    /// A row that was to be changed or removed is gone.
    Gone,
    /// A value breaks a rule, or a required reference was released.
    Invalid,
    Hook,
    /// A new row has the key, or the unique value, of another.
    Duplicate,
    /// A reference to no row, or a row is removed that others need.
    ForeignKey,
}

#[derive(Debug, Clone, Default)]
pub struct Unit {
    /// The rows as this unit of work read them.
    pub base: State,
    /// The rows as it shows them: with its changes, and still with those that it will remove.
    pub view: State,
    pub created: BTreeSet<Address>,
    pub removed: BTreeSet<Address>,
    /// Rows taken out of the collection of their owner, whose reference can't be `None`.
    pub orphans: BTreeSet<Address>,
    pub refused: bool,
    /// No hooks run, and nothing cascades but by `on_delete`: it is a bulk operation.
    pub is_bulk: bool,
    /// The rows that are in memory as the flush begins.
    pub loaded: BTreeSet<Address>,
}

/// What a flush that succeeds does.
#[derive(Debug)]
pub struct Flushed {
    pub state: State,
    pub writes: bool,
}

impl Unit {
    pub fn at(committed: &State) -> Self {
        Self {
            base: committed.clone(),
            view: committed.clone(),
            ..Self::default()
        }
    }

    /// Whether a row is there, and is not about to be removed.
    pub fn stays(&self, at: Address) -> bool {
        let goes = self.removed.contains(&at) && !self.created.contains(&at);
        self.view.rows.contains_key(&at) && !goes
    }

    /// The items of a collection.
    pub fn items(&self, owner: Address, collection: &str) -> BTreeSet<u64> {
        let Some(reference) = reference_behind(owner.0, collection) else {
            return self.view.linked(owner);
        };
        let mut items = self.view.referrers(reference, owner.1);
        let released =
            |key: u64| reference.required && self.orphans.contains(&(reference.from, key));
        items.retain(|key| !released(*key));
        items
    }

    /// Brings what was read up to date, and keeps what was changed (R8).
    pub fn rebase(&mut self, committed: &State) {
        let before = std::mem::replace(&mut self.base, committed.clone());
        for (at, row) in &committed.rows {
            if self.created.contains(at) || self.removed.contains(at) {
                continue;
            }
            let mine = self.view.rows.entry(*at).or_default();
            for (property, value) in row {
                let read = before.rows.get(at).and_then(|row| row.get(property));
                if read == mine.get(property) {
                    mine.insert(property, value.clone());
                }
            }
        }
        let gone = before
            .rows
            .keys()
            .filter(|at| !committed.rows.contains_key(at));
        for at in gone {
            self.view.rows.remove(at);
        }
        for link in before.links.difference(&committed.links) {
            self.view.links.remove(link);
        }
        let linked = committed.links.difference(&before.links);
        self.view.links.extend(linked);
    }

    pub fn set(&mut self, at: Address, property: &'static str, value: Value) {
        let row = self.view.rows.get_mut(&at).expect("the row is there");
        row.insert(property, value);
    }

    /// A reference is set; in a one-to-one relation, who had the target gives it up.
    pub fn refer(&mut self, from: Address, reference: Reference, to: Option<u64>) {
        // Who claims it last has it, be it there or not.
        if let (true, Some(to)) = (reference.unique, to) {
            for other in self.view.referrers(reference, to) {
                if other != from.1 {
                    self.set((from.0, other), reference.property, Value::Nothing);
                }
            }
        }
        self.set(from, reference.property, Value::key(to));
        if reference.required {
            self.orphans.remove(&from);
        }
    }

    pub fn add(&mut self, owner: Address, collection: &str, item: u64) {
        let Some(reference) = reference_behind(owner.0, collection) else {
            self.view.links.insert(link(owner, item));
            return;
        };
        if reference.unique {
            for other in self.items(owner, collection) {
                if other != item {
                    self.release(owner, collection, other);
                }
            }
        }
        self.refer((reference.from, item), reference, Some(owner.1));
    }

    pub fn release(&mut self, owner: Address, collection: &str, item: u64) {
        let Some(reference) = reference_behind(owner.0, collection) else {
            self.view.links.remove(&link(owner, item));
            return;
        };
        let at = (reference.from, item);
        if self.view.target(at, reference.property) != Some(owner.1) {
            return;
        }
        if reference.required {
            self.orphans.insert(at);
        } else {
            self.set(at, reference.property, Value::Nothing);
        }
    }

    pub fn remove(&mut self, at: Address) {
        if self.created.contains(&at) {
            let replaces = self.removed.contains(&at);
            self.forget(at);
            // One that took the place of a removed row gives it back to the removal.
            self.removed.extend(replaces.then_some(at));
        } else {
            self.removed.insert(at);
        }
    }

    /// What is pending for a row is given up.
    pub fn forget(&mut self, at: Address) {
        self.created.remove(&at);
        self.removed.remove(&at);
        self.orphans.remove(&at);
        match self.base.rows.get(&at) {
            Some(row) => self.view.rows.insert(at, row.clone()),
            None => self.view.rows.remove(&at),
        };
        self.view.unlink(at);
        for there in self.base.linked(at) {
            let link = if at.0 == Kind::Article {
                (at.1, there)
            } else {
                (there, at.1)
            };
            self.view.links.insert(link);
        }
    }
}

fn link(owner: Address, item: u64) -> (u64, u64) {
    match owner.0 {
        Kind::Article => (owner.1, item),
        _ => (item, owner.1),
    }
}
