//! What a flush makes of the committed rows, by the rules as they are written: constraints on the final
//! state, `on_delete`, orphans, versions, links as sets.

use std::collections::BTreeSet;

use super::domain::REFUSED;
use super::state::{Address, Held, Kind, OnDelete, REFERENCES, State, Value, references_of};
use super::unit::{Failure, Flushed, Unit};

impl Unit {
    /// The rows that the next flush updates.
    fn updated(&self) -> BTreeSet<Address> {
        let differs = |at: &&Address| self.base.rows.get(at) != self.view.rows.get(at);
        self.base
            .rows
            .keys()
            .filter(differs)
            .filter(|at| !self.removed.contains(at) && !self.created.contains(at))
            .filter(|at| !self.dies_an_orphan(**at))
            .copied()
            .collect()
    }

    fn dies_an_orphan(&self, at: Address) -> bool {
        let removal = references_of(at.0).any(|reference| reference.held == Held::OrphanRemoval);
        removal && self.orphans.contains(&at)
    }

    /// Who has a row in a collection: as it was changed here, or else as it is stored.
    fn owner(&self, committed: &State, at: Address, property: &str) -> Option<u64> {
        let (before, now) = (
            self.base.target(at, property),
            self.view.target(at, property),
        );
        if self.created.contains(&at) || before != now {
            return now;
        }
        committed.target(at, property)
    }

    /// The rows that go with those that are removed, because they are in collections of theirs that say
    /// so, and with these in turn.
    fn cascade(&self, committed: &State, removed: &BTreeSet<Address>) -> BTreeSet<Address> {
        let mut gone = BTreeSet::new();
        let mut open: Vec<Address> = removed.iter().copied().collect();
        while let Some(owner) = open.pop() {
            let cascades = REFERENCES
                .iter()
                .filter(|reference| reference.held != Held::Loosely);
            for reference in cascades.filter(|reference| reference.to == owner.0) {
                let stored = committed.keys(reference.from).into_iter();
                let rows = stored.map(|key| (reference.from, key));
                for at in rows.chain(self.created.iter().copied()) {
                    let goes = at.0 == reference.from
                        && self.owner(committed, at, reference.property) == Some(owner.1);
                    if goes && !removed.contains(&at) && gone.insert(at) {
                        open.push(at);
                    }
                }
            }
        }
        gone
    }

    /// The rows that are removed, with those that go with them, and all that go with them.
    fn doomed(
        &self,
        committed: &State,
        removed: BTreeSet<Address>,
        created: &BTreeSet<Address>,
    ) -> (BTreeSet<Address>, BTreeSet<Address>) {
        let orphans = self
            .orphans
            .iter()
            .filter(|at| self.base.rows.contains_key(at) && self.dies_an_orphan(**at));
        let mut doomed = removed;
        doomed.extend(orphans);
        if self.is_bulk {
            return (doomed, BTreeSet::new());
        }
        let gone = self.cascade(committed, &doomed);
        // A new row is never stored; one that took the place of a removed row gives it back to the removal.
        let stored = |at: &&Address| !created.contains(*at) || self.removed.contains(*at);
        doomed.extend(gone.iter().filter(stored));
        (doomed, gone)
    }

    /// What a flush makes of the committed rows, or everything that speaks against it.
    pub fn flush(&self, committed: &State) -> Result<Flushed, BTreeSet<Failure>> {
        let mut failures = BTreeSet::new();
        let mut state = committed.clone();
        if self.refused {
            failures.insert(Failure::Refused);
        }
        let dies = |at: &&Address| !self.dies_an_orphan(**at);
        let mut created: BTreeSet<Address> = self.created.iter().filter(dies).copied().collect();
        let mut updated = self.updated();
        let removed = self.removed.difference(&created).copied().collect();
        let (doomed, gone) = self.doomed(committed, removed, &created);
        created.retain(|at| !gone.contains(at));
        updated.retain(|at| !gone.contains(at));

        failures.extend(self.write(&mut state, &created, &updated));
        let released = |at: &&Address| !self.dies_an_orphan(**at) && self.stays(**at);
        if self.orphans.iter().any(|at| released(&at)) {
            failures.insert(Failure::Invalid);
        }
        for at in created.iter().chain(&updated) {
            failures.extend(self.judge(*at));
            if at.0 == Kind::Article
                && !self.is_bulk
                && let Some(row) = state.rows.get_mut(at)
            {
                let Value::Number(writes) = self.view.rows[at]["writes"] else {
                    unreachable!("it is a number")
                };
                row.insert("writes", Value::Number(writes + 1));
            }
        }
        let written = updated.iter().chain(&doomed);
        let mut seen = written.filter(|at| self.loaded.contains(at));
        if seen.any(|at| version(committed, *at) != version(&self.base, *at)) {
            failures.insert(Failure::Stale);
        }
        for at in &doomed {
            if state.rows.remove(at).is_none() {
                failures.insert(Failure::Gone);
            }
        }
        failures.extend(follow(
            &mut state,
            committed,
            &created,
            doomed.iter().copied().collect(),
        ));
        failures.extend(self.dangling(&state, created.iter().chain(&updated)));
        self.release_partners(&mut state, committed, &created, &updated);
        if state.has_duplicates() {
            failures.insert(Failure::Duplicate);
        }
        failures.extend(self.merge_links(&mut state));
        count_versions(&mut state, committed, &created, &updated);
        let writes = !created.is_empty()
            || !updated.is_empty()
            || !doomed.is_empty()
            || state.links != committed.links;
        if failures.is_empty() {
            Ok(Flushed { state, writes })
        } else {
            Err(failures)
        }
    }

    /// Writes new rows, and what changed of others.
    fn write(
        &self,
        state: &mut State,
        created: &BTreeSet<Address>,
        updated: &BTreeSet<Address>,
    ) -> BTreeSet<Failure> {
        let mut failures = BTreeSet::new();
        for at in created {
            let replaces = self.removed.contains(at);
            if state.rows.contains_key(at) && !replaces {
                failures.insert(Failure::Duplicate);
            }
            if replaces {
                state.unlink(*at);
            }
            state.rows.insert(*at, self.view.rows[at].clone());
        }
        for at in updated {
            let (old, new) = (&self.base.rows[at], &self.view.rows[at]);
            let Some(row) = state.rows.get_mut(at) else {
                failures.insert(Failure::Gone);
                continue;
            };
            for (property, value) in new
                .iter()
                .filter(|(property, value)| old[*property] != **value)
            {
                row.insert(property, value.clone());
            }
        }
        failures
    }

    /// Who holds the target of a one-to-one relation that another row is given lets go of it, unless this
    /// flush writes it anyway.
    fn release_partners(
        &self,
        state: &mut State,
        committed: &State,
        created: &BTreeSet<Address>,
        updated: &BTreeSet<Address>,
    ) {
        for reference in REFERENCES.iter().filter(|reference| reference.unique) {
            for at in created.union(updated).filter(|at| at.0 == reference.from) {
                let target = state.target(*at, reference.property);
                let is_new =
                    created.contains(at) || self.base.target(*at, reference.property) != target;
                let Some(target) = target.filter(|_| is_new) else {
                    continue;
                };
                for holder in committed.referrers(*reference, target) {
                    let holder = (reference.from, holder);
                    let is_written = created.contains(&holder)
                        || updated.contains(&holder)
                        || state.rows.get(&holder) != committed.rows.get(&holder);
                    if !is_written && let Some(row) = state.rows.get_mut(&holder) {
                        row.insert(reference.property, Value::Nothing);
                    }
                }
            }
        }
    }

    /// What speaks against one row by itself.
    fn judge(&self, at: Address) -> Option<Failure> {
        match self.view.rows[&at].get("title") {
            Some(Value::Text(title)) if title == REFUSED && !self.is_bulk => Some(Failure::Hook),
            Some(Value::Text(title)) if title.chars().count() > 6 => Some(Failure::Invalid),
            _ => None,
        }
    }

    fn dangling<'a>(
        &self,
        state: &State,
        written: impl Iterator<Item = &'a Address>,
    ) -> Option<Failure> {
        let dangles = |at: &Address| {
            references_of(at.0).any(|reference| {
                let to = state.target(*at, reference.property);
                let same =
                    !self.created.contains(at) && self.base.target(*at, reference.property) == to;
                to.is_some_and(|to| !same && !state.rows.contains_key(&(reference.to, to)))
            })
        };
        let mut written = written;
        written.any(dangles).then_some(Failure::ForeignKey)
    }

    /// Links are sets: adding what is there, and removing what is not, changes nothing.
    fn merge_links(&self, state: &mut State) -> Option<Failure> {
        let mut base = self.base.clone();
        for at in &self.created {
            // The links of the row that a new one replaces have gone with it.
            base.unlink(*at);
        }
        for link in base.links.difference(&self.view.links) {
            state.links.remove(link);
        }
        let mut failure = None;
        for link in self.view.links.difference(&base.links) {
            for at in [(Kind::Article, link.0), (Kind::Tag, link.1)] {
                if !state.rows.contains_key(&at) && !self.removed.contains(&at) {
                    failure = Some(Failure::ForeignKey);
                }
            }
            state.links.insert(*link);
        }
        let rows = &state.rows;
        state.links.retain(|(article, tag)| {
            rows.contains_key(&(Kind::Article, *article)) && rows.contains_key(&(Kind::Tag, *tag))
        });
        failure
    }
}

/// The version of a row, if it is there and has one.
fn version(state: &State, at: Address) -> Option<u64> {
    match state.rows.get(&at)?.get("version")? {
        Value::Number(version) => Some(*version),
        other => unreachable!("a version is no {other:?}"),
    }
}

/// Each row that a flush writes has the next version, also where it follows from another.
fn count_versions(
    state: &mut State,
    committed: &State,
    created: &BTreeSet<Address>,
    updated: &BTreeSet<Address>,
) {
    for (at, row) in &mut state.rows {
        let is_written = created.contains(at) || updated.contains(at);
        if (is_written || committed.rows.get(at) != Some(row)) && row.contains_key("version") {
            let before = version(committed, *at).unwrap_or_default();
            row.insert("version", Value::Number(before + 1));
        }
    }
}

/// Applies `on_delete` to the rows that were stored with a reference to what goes, and still have it.
/// Those that are created in their place do not follow.
fn follow(
    state: &mut State,
    committed: &State,
    created: &BTreeSet<Address>,
    mut gone: Vec<Address>,
) -> Option<Failure> {
    let mut failure = None;
    while let Some(target) = gone.pop() {
        if state.rows.contains_key(&target) {
            continue;
        }
        for kind in Kind::ALL {
            for reference in references_of(kind).filter(|reference| reference.to == target.0) {
                for key in committed.referrers(reference, target.1) {
                    let at = (kind, key);
                    let refers = state.target(at, reference.property) == Some(target.1);
                    if !refers || created.contains(&at) {
                        continue;
                    }
                    match reference.on_delete {
                        OnDelete::Restrict => failure = Some(Failure::ForeignKey),
                        OnDelete::SetNull => {
                            let row = state.rows.get_mut(&at).expect("it refers");
                            row.insert(reference.property, Value::Nothing);
                        }
                        OnDelete::Cascade => {
                            state.rows.remove(&at);
                            gone.push(at);
                        }
                    }
                }
            }
        }
    }
    failure
}
