//! References and collections of one unit of work: written, loaded and counted, in the database and in
//! the model.

use musher::prelude::*;

use super::act::title_of;
use super::adapter::Modelled;
use super::domain::{Article, Cover};
use super::environment::{Environment, with_kind};
use super::links::{
    Change, assign_collection, assign_reference, change_collection, count_collection,
    init_collection, matching_items, set_reference,
};
use super::operation::{Operation, Verb};
use super::state::{Address, COLLECTIONS, Kind, REFERENCES, Reference, Value};

/// A key that no row has.
const NOWHERE: u64 = 9999;

impl Environment {
    /// What a reference shall be, and of which row.
    pub fn wanted_reference(
        &self,
        operation: Operation,
    ) -> Option<(Address, Reference, Option<u64>)> {
        let changeable = || REFERENCES.into_iter().filter(|reference| !reference.is_key);
        let at = usize::from(operation.who) % changeable().count();
        let relation = changeable().nth(at)?;
        let from = self.pick(relation.from, operation.who / 5)?;
        if !relation.required && operation.value.is_multiple_of(4) {
            return Some((from, relation, None));
        }
        if operation.value % 16 == 15 {
            return Some((from, relation, Some(NOWHERE)));
        }
        let to = self.pick(relation.to, operation.whom)?;
        Some((from, relation, Some(to.1)))
    }

    /// The row of a cover, with who has it: only then can that one be released.
    pub fn know_partner(&mut self, cover: u64) {
        if self.session().unit.stays((Kind::Cover, cover)) {
            self.load((Kind::Cover, cover));
            let populated = Cover::populate(self.em(), &[Cover::id(cover)]);
            populated.expect("populating works");
        }
    }

    pub fn refer(&mut self, operation: Operation) {
        let Some((from, relation, to)) = self.wanted_reference(operation) else {
            return;
        };
        self.load(from);
        if let (true, Some(to)) = (relation.unique, to) {
            self.know_partner(to);
        }
        set_reference(self.em(), from.1, relation.property, to);
        self.unit().refer(from, relation, to);
    }

    pub fn assign(&mut self, operation: Operation) {
        let Some((from, relation, to)) = self.wanted_reference(operation) else {
            return;
        };
        self.load(from);
        if let (true, Some(to)) = (relation.unique, to) {
            self.know_partner(to);
        }
        assign_reference(self.em(), from.1, relation.property, to);
        if self.unit().view.target(from, relation.property) != to {
            self.unit().refer(from, relation, to);
        }
        self.sessions[self.at].unreconciled = true;
        if relation.unique || operation.value.is_multiple_of(2) {
            self.reconcile();
        }
    }

    /// A collection of many, and what shall be done to it.
    pub fn collection(&self, operation: Operation) -> Option<(Address, &'static str, Kind)> {
        let many = COLLECTIONS
            .iter()
            .filter(|(owner, _, items)| *owner != Kind::Cover && *items != Kind::Vote);
        let many: Vec<_> = many.collect();
        let (kind, name, items) = *many[usize::from(operation.who) % many.len()];
        let owner = self.pick(kind, operation.who / 5)?;
        Some((owner, name, items))
    }

    pub fn items(&self, kind: Kind, operation: Operation) -> Vec<u64> {
        let picks = [operation.whom, operation.whom / 3, operation.value];
        let count = usize::from(operation.value % 4);
        let mut items: Vec<u64> = picks[..count.min(3)]
            .iter()
            .filter_map(|number| self.pick(kind, *number))
            .map(|(_, key)| key)
            .collect();
        items.dedup();
        items
    }

    pub fn change_items(&mut self, operation: Operation) {
        let Some((owner, name, kind)) = self.collection(operation) else {
            return;
        };
        self.load(owner);
        let held = self.unit().items(owner, name);
        let change = match operation.verb {
            Verb::Add => Change::Add(self.items(kind, operation)),
            Verb::Take => {
                let at = usize::from(operation.whom) % held.len().max(1);
                let item = held.iter().nth(at).copied();
                let other = || self.pick(kind, operation.whom).map(|(_, key)| key);
                let Some(item) = item
                    .filter(|_| !operation.value.is_multiple_of(8))
                    .or_else(other)
                else {
                    return;
                };
                Change::Remove(item)
            }
            Verb::SetItems => Change::Set(self.items(kind, operation)),
            _ => Change::RemoveAll,
        };
        let changed = change_collection(self.em(), owner, name, &change);
        changed.expect("changing a collection works");
        self.changed_items(owner, name, change);
    }

    pub fn changed_items(&mut self, owner: Address, name: &str, change: Change) {
        let held = self.unit().items(owner, name);
        let (released, added) = match change {
            Change::Add(keys) => (Vec::new(), keys),
            Change::Remove(key) => (vec![key], Vec::new()),
            Change::Set(keys) => (
                held.into_iter().filter(|key| !keys.contains(key)).collect(),
                keys,
            ),
            Change::RemoveAll => (held.into_iter().collect(), Vec::new()),
        };
        for key in released {
            self.unit().release(owner, name, key);
        }
        for key in added {
            self.unit().add(owner, name, key);
        }
    }

    pub fn assign_items(&mut self, operation: Operation) {
        let Some((owner, name, kind)) = self.collection(operation) else {
            return;
        };
        self.load(owner);
        self.reconcile();
        let items = self.items(kind, operation);
        assign_collection(self.em(), owner, name, &items);
        self.reconcile();
        self.changed_items(owner, name, Change::Set(items));
    }

    pub fn set_inverse(&mut self, operation: Operation) {
        let Some(cover) = self.pick(Kind::Cover, operation.who) else {
            return;
        };
        self.know_partner(cover.1);
        let article = self
            .pick(Kind::Article, operation.whom)
            .filter(|_| !operation.value.is_multiple_of(4));
        let id = article.map(|(_, key)| Article::id(key));
        self.em().edit(Cover::id(cover.1)).set_article(id);
        for before in self.unit().items(cover, "article") {
            if Some(before) != article.map(|(_, key)| key) {
                self.unit().release(cover, "article", before);
            }
        }
        if let Some((_, article)) = article {
            self.unit().add(cover, "article", article);
        }
    }

    pub fn populate(&mut self, operation: Operation) {
        let kind = self.kind(operation);
        with_kind!(kind, T => self.populate_kind::<T>());
        self.sessions[self.at].unreconciled = false;
    }

    /// Populates all that are loaded: afterwards all that there is, is in memory.
    pub fn populate_kind<T: Modelled>(&mut self) {
        let mut keys = self.unit().view.keys(T::KIND);
        keys.retain(|key| self.is_loaded((T::KIND, *key)));
        let ids: Vec<Id<T>> = keys.iter().map(|key| T::id(*key)).collect();
        T::populate(self.em(), &ids).expect("populating works");
        for (id, key) in ids.into_iter().zip(keys) {
            let entity = &self.sessions[self.at].em[id];
            assert!(entity.collections().iter().all(|shown| shown.initialized));
            let wanted = &self.sessions[self.at].unit.view.rows[&(T::KIND, key)];
            assert_eq!(entity.row().len(), wanted.len(), "everything is loaded");
            for shown in entity.collections() {
                let named = COLLECTIONS
                    .iter()
                    .find(|(owner, name, _)| *owner == T::KIND && *name == shown.name);
                let items = shown
                    .items
                    .into_iter()
                    .map(|item| (named.expect("it is listed").2, item));
                self.verify_loaded(items);
            }
            let references = REFERENCES
                .iter()
                .filter(|reference| reference.from == T::KIND);
            let targets = references.filter_map(|reference| {
                let to = self
                    .session()
                    .unit
                    .view
                    .target((T::KIND, key), reference.property)?;
                Some((reference.to, to))
            });
            self.verify_loaded(targets);
        }
    }

    /// Rows that were populated are in memory, as far as they are there.
    pub fn verify_loaded(&self, rows: impl Iterator<Item = Address>) {
        for at in rows.filter(|at| self.session().unit.stays(*at)) {
            assert!(self.is_loaded(at), "the populated {at:?} is in memory");
        }
    }

    pub fn init(&mut self, operation: Operation) {
        let Some((owner, name, _)) = self.collection(operation) else {
            return;
        };
        self.load(owner);
        init_collection(self.em(), owner, name).expect("reading a collection works");
    }

    pub fn count(&mut self, operation: Operation) {
        let Some((owner, name, _)) = self.collection(operation) else {
            return;
        };
        self.load(owner);
        let count = count_collection(self.em(), owner, name).expect("counting works");
        assert_eq!(
            count,
            self.unit().items(owner, name).len(),
            "{owner:?}: `{name}`"
        );
    }

    /// What is asked of the database is what is stored, among the items that are shown.
    pub fn matching(&mut self, operation: Operation) {
        let Some((owner, name, kind)) = self.collection(operation) else {
            return;
        };
        self.load(owner);
        let text = match kind {
            Kind::Article => title_of(operation.value).to_owned(),
            _ => format!("label {}", operation.value % 3),
        };
        let found = matching_items(self.em(), owner, name, &text).expect("finding works");
        let unit = &self.session().unit;
        let property = match kind {
            Kind::Article => "title",
            Kind::Tag => "colour",
            Kind::Comment => "body",
            _ => "label",
        };
        let mut wanted = unit.items(owner, name);
        wanted.retain(|key| {
            let row = unit.base.rows.get(&(kind, *key));
            let meets = row.is_some_and(|row| row[property] == Value::text(&text));
            meets && unit.stays((kind, *key))
        });
        assert_eq!(found, wanted, "{owner:?}: `{name}` with {text}");
    }
}
