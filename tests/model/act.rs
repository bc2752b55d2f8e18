//! The operations that change or read one unit of work, applied to the database and to the model.

use musher::prelude::*;

use super::adapter::{
    Change, Modelled, assign_collection, assign_reference, change_collection, count_collection,
    init_collection, set_reference,
};
use super::domain::{Article, Comment, Cover, Node, Tag, User};
use super::environment::{Environment, with_kind};
use super::operation::{Operation, Verb};
use super::state::{Address, COLLECTIONS, Kind, REFERENCES, Reference, Value};
use super::unit::Unit;

/// A key that no row has.
const NOWHERE: u64 = 9999;

impl Environment {
    pub fn act(&mut self, operation: Operation) {
        match operation.verb {
            Verb::Create => drop(self.create(self.kind(operation), None, operation)),
            Verb::PersistKey => self.persist_key(operation),
            Verb::PersistManaged => self.persist_managed(operation),
            Verb::PersistTaken => self.persist_taken(operation),
            Verb::Recreate => self.recreate(operation),
            Verb::FindOne => self.find_one(operation),
            Verb::FindDeep => self.find_deep(operation),
            Verb::FindAll => self.find_all(operation),
            Verb::FindFiltered => self.find_filtered(operation),
            Verb::FindFlushing => self.find_flushing(operation),
            Verb::SetText => self.set_text(operation),
            Verb::SetLazy => self.set_lazy(operation),
            Verb::Refer => self.refer(operation),
            Verb::Assign => self.assign(operation),
            Verb::Add | Verb::Take | Verb::SetItems | Verb::RemoveAll => {
                self.change_items(operation);
            }
            Verb::AssignItems => self.assign_items(operation),
            Verb::SetInverse => self.set_inverse(operation),
            Verb::Remove => self.remove(operation),
            Verb::Populate => self.populate(operation),
            Verb::Init => self.init(operation),
            Verb::Count => self.count(operation),
            Verb::Refresh => self.refresh(operation),
            Verb::Detach => self.detach(operation),
            Verb::Flush
            | Verb::Clear
            | Verb::Switch
            | Verb::Reopen
            | Verb::Begin
            | Verb::BeginSerializable
            | Verb::Snapshot
            | Verb::Commit
            | Verb::Rollback => {
                unreachable!("applied by the environment itself")
            }
        }
    }

    pub fn kind(&self, operation: Operation) -> Kind {
        let _ = self;
        // Articles twice as often: most relations are theirs.
        let at = usize::from(operation.who) % (Kind::ALL.len() + 1);
        Kind::ALL.get(at).copied().unwrap_or(Kind::Article)
    }

    /// A row of any kind, by `who`.
    pub fn subject(&self, operation: Operation) -> Option<Address> {
        let kind = self.kind(operation);
        self.pick(kind, operation.who / 7)
    }

    pub fn knows(&self, at: Address) -> bool {
        let unit = &self.session().unit;
        unit.view.rows.contains_key(&at) || unit.base.rows.contains_key(&at)
    }

    fn persist_key(&mut self, operation: Operation) {
        let key = 1 + u64::from(operation.value) % 60;
        let kind = self.kind(operation);
        if kind != Kind::Tag && !self.knows((kind, key)) {
            self.create(kind, Some(key), operation);
        }
    }

    fn persist_managed(&mut self, operation: Operation) {
        let Some(at) = self
            .subject(operation)
            .filter(|(kind, _)| has_no_references(*kind))
        else {
            return;
        };
        self.load(at);
        let session = &self.sessions[self.at];
        let unit = session.unit.clone();
        self.unit().view.rows.remove(&at);
        self.create(at.0, Some(at.1), operation);
        *self.unit() = unit;
        self.unit().refused = true;
        self.flush();
    }

    fn persist_taken(&mut self, operation: Operation) {
        let taken = self.subject(operation).filter(|at| {
            has_no_references(at.0)
                && self.session().unit.base.rows.contains_key(at)
                && !self.is_managed(*at)
                && self.is_settled(*at)
        });
        let Some(at) = taken else { return };
        let unit = self.unit().clone();
        self.create(at.0, Some(at.1), operation);
        let flushed = self.flush_once();
        assert!(flushed.is_err(), "the key is taken");
        with_kind!(at.0, T => self.em().remove(T::id(at.1)));
        *self.unit() = unit;
    }

    fn is_managed(&self, (kind, key): Address) -> bool {
        with_kind!(kind, T => self.session().em.is_managed(T::id(key)))
    }

    fn recreate(&mut self, operation: Operation) {
        let Some(at) = self.subject(operation).filter(|at| self.is_alone(*at)) else {
            return;
        };
        with_kind!(at.0, T => self.em().remove(T::id(at.1)));
        self.unit().remove(at);
        self.unit().view.unlink(at);
        self.create(at.0, Some(at.1), operation);
    }

    /// Whether no other row refers to a row, neither stored nor pending.
    fn is_alone(&self, at: Address) -> bool {
        let unit = &self.session().unit;
        [&unit.base, &unit.view].iter().all(|state| {
            let referred = REFERENCES
                .iter()
                .filter(|reference| reference.to == at.0)
                .any(|reference| !state.referrers(*reference, at.1).is_empty());
            !referred
        })
    }

    fn set_text(&mut self, operation: Operation) {
        let Some(at) = self.subject(operation) else {
            return;
        };
        self.load(at);
        let email = format!("{}", operation.whom % 12);
        let nickname =
            (!operation.whom.is_multiple_of(4)).then(|| format!("n{}", operation.whom % 4));
        let title = title_of(operation.whom);
        let label = format!("label {}", operation.whom % 3);
        let key = at.1;
        let em = self.em();
        let (property, value) = match at.0 {
            Kind::User if operation.value.is_multiple_of(2) => {
                em[User::id(key)].nickname.clone_from(&nickname);
                ("nickname", Value::optional_text(nickname.as_deref()))
            }
            Kind::User => {
                em[User::id(key)].email.clone_from(&email);
                ("email", Value::Text(email))
            }
            Kind::Article => {
                title.clone_into(&mut em[Article::id(key)].title);
                ("title", Value::text(title))
            }
            Kind::Tag => {
                em[Tag::id(key)].colour.clone_from(&label);
                ("colour", Value::Text(label))
            }
            Kind::Cover => {
                em[Cover::id(key)].label.clone_from(&label);
                ("label", Value::Text(label))
            }
            Kind::Comment => {
                em.with(Comment::id(key), |comment, _| {
                    comment.body.clone_from(&label);
                });
                ("body", Value::Text(label))
            }
            Kind::Node => {
                em.edit(Node::id(key)).label.clone_from(&label);
                ("label", Value::Text(label))
            }
        };
        self.unit().set(at, property, value);
    }

    fn set_lazy(&mut self, operation: Operation) {
        let kind = [Kind::User, Kind::Article][usize::from(operation.who % 2)];
        let Some(at) = self.pick(kind, operation.whom) else {
            return;
        };
        self.load(at);
        let text = self.fresh_text();
        let em = self.em();
        let property = if kind == Kind::User {
            em[User::id(at.1)].secret = text.clone().into();
            "secret"
        } else {
            em[Article::id(at.1)].text = text.clone().into();
            "text"
        };
        self.unit().set(at, property, Value::Text(text));
    }

    /// What a reference shall be, and of which row.
    fn wanted_reference(&self, operation: Operation) -> Option<(Address, Reference, Option<u64>)> {
        let relation = REFERENCES[usize::from(operation.who) % REFERENCES.len()];
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

    fn refer(&mut self, operation: Operation) {
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

    fn assign(&mut self, operation: Operation) {
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
    fn collection(&self, operation: Operation) -> Option<(Address, &'static str, Kind)> {
        let many = COLLECTIONS
            .iter()
            .filter(|(owner, ..)| *owner != Kind::Cover);
        let many: Vec<_> = many.collect();
        let (kind, name, items) = *many[usize::from(operation.who) % many.len()];
        let owner = self.pick(kind, operation.who / 5)?;
        Some((owner, name, items))
    }

    fn items(&self, kind: Kind, operation: Operation) -> Vec<u64> {
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

    fn change_items(&mut self, operation: Operation) {
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

    fn changed_items(&mut self, owner: Address, name: &str, change: Change) {
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

    fn assign_items(&mut self, operation: Operation) {
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

    fn set_inverse(&mut self, operation: Operation) {
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

    fn remove(&mut self, operation: Operation) {
        let Some(at) = self.subject(operation) else {
            return;
        };
        if self.unit().removed.contains(&at) {
            // It took the place of a removed row, which has no instance to come back.
            return;
        }
        if self.unit().created.contains(&at) && self.owns_unseen(at) {
            return;
        }
        with_kind!(at.0, T => self.em().remove(T::id(at.1)));
        self.unit().remove(at);
    }

    /// Whether rows that are not loaded were given the row as the target of a reference.
    fn owns_unseen(&self, at: Address) -> bool {
        let view = &self.session().unit.view;
        REFERENCES
            .into_iter()
            .filter(|reference| reference.to == at.0)
            .any(|reference| {
                let referrers = view.referrers(reference, at.1);
                referrers
                    .into_iter()
                    .any(|key| !self.is_loaded((reference.from, key)))
            })
    }

    fn populate(&mut self, operation: Operation) {
        let kind = self.kind(operation);
        with_kind!(kind, T => self.populate_kind::<T>());
        self.sessions[self.at].unreconciled = false;
    }

    /// Populates all that are loaded: afterwards all that there is, is in memory.
    fn populate_kind<T: Modelled>(&mut self) {
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
    fn verify_loaded(&self, rows: impl Iterator<Item = Address>) {
        for at in rows.filter(|at| self.session().unit.stays(*at)) {
            assert!(self.is_loaded(at), "the populated {at:?} is in memory");
        }
    }

    fn init(&mut self, operation: Operation) {
        let Some((owner, name, _)) = self.collection(operation) else {
            return;
        };
        self.load(owner);
        init_collection(self.em(), owner, name).expect("reading a collection works");
    }

    fn count(&mut self, operation: Operation) {
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

    /// A row that is stored is read anew: what was changed in it is overwritten.
    fn refresh(&mut self, operation: Operation) {
        let Some(at) = self.subject(operation) else {
            return;
        };
        let unit = &self.session().unit;
        if unit.created.contains(&at) || unit.orphans.contains(&at) || self.steals(at) {
            return;
        }
        self.load(at);
        with_kind!(at.0, T => self.em().refresh(T::id(at.1)).expect("refreshing works"));
        let row = self.unit().base.rows[&at].clone();
        self.unit().view.rows.insert(at, row);
    }

    /// Whether a row has, as it is stored, a one-to-one target that another row was given since.
    fn steals(&self, at: Address) -> bool {
        let unit = &self.session().unit;
        let target = unit.base.target(at, "cover");
        at.0 == Kind::Article
            && target.is_some_and(|to| {
                unit.view
                    .referrers(reference("cover"), to)
                    .iter()
                    .any(|other| *other != at.1)
            })
    }

    /// Whether nothing is pending for a row, its links and its collections.
    fn is_settled(&self, at: Address) -> bool {
        let unit = &self.session().unit;
        let read = Unit::at(&unit.base);
        let mut collections = COLLECTIONS.iter().filter(|(owner, ..)| *owner == at.0);
        unit.base.rows.get(&at) == unit.view.rows.get(&at)
            && collections.all(|(_, name, _)| read.items(at, name) == unit.items(at, name))
            && !unit.orphans.contains(&at)
            && !unit.created.contains(&at)
            // Open: `detaching_an_item_of_a_collection_that_was_set_keeps_the_link`.
            && unit.view.linked(at).is_empty()
    }

    /// A row for which nothing is pending is given up.
    fn detach(&mut self, operation: Operation) {
        let Some(at) = self.subject(operation) else {
            return;
        };
        if self.is_settled(at) {
            self.reconcile();
            with_kind!(at.0, T => {
                self.em().detach(T::id(at.1));
                assert!(!self.em().is_managed(T::id(at.1)));
            });
        }
    }
}

pub fn reference(property: &str) -> Reference {
    let found = REFERENCES
        .into_iter()
        .find(|reference| reference.property == property && reference.from != Kind::Comment);
    found.expect("there is such a reference")
}

/// Rows without references, so that an instance that is given up has not changed another.
fn has_no_references(kind: Kind) -> bool {
    matches!(kind, Kind::User | Kind::Tag)
}

pub fn title_of(number: u8) -> &'static str {
    const TITLES: [&str; 8] = [
        "",
        "a",
        "ä",
        "b",
        "aaaaaa",
        "a\0",
        super::domain::REFUSED,
        "too long",
    ];
    TITLES[usize::from(number) % TITLES.len()]
}
