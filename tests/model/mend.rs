//! What a program does when its flush has failed: it mends each cause through the public interface,
//! so that the same flush succeeds.

use std::collections::BTreeSet;

use super::adapter::Modelled;
use super::domain::{Article, User};
use super::environment::{Environment, with_kind};
use super::links::{Change, change_collection, set_reference};
use super::operation::{Operation, Verb};
use super::state::{Address, Kind, OnDelete, REFERENCES, Reference, Value};

impl Environment {
    pub fn mend(&mut self) {
        self.mend_titles();
        self.mend_duplicates();
        self.mend_links();
        for reference in REFERENCES {
            self.mend_references(reference);
        }
        self.mend_orphans();
    }

    fn staying(&self, kind: Kind) -> Vec<Address> {
        let unit = &self.session().unit;
        let mut rows: Vec<Address> = unit
            .view
            .keys(kind)
            .into_iter()
            .map(|key| (kind, key))
            .collect();
        rows.retain(|at| unit.stays(*at));
        rows
    }

    fn mend_titles(&mut self) {
        for at in self.staying(Kind::Article) {
            let title = Self::text_of(&self.unit().view.rows[&at], "title");
            if title.is_some_and(|title| title.chars().count() > 5) {
                self.load(at);
                "ok".clone_into(&mut self.em()[Article::id(at.1)].title);
                self.unit().set(at, "title", Value::text("ok"));
            }
        }
    }

    fn mend_duplicates(&mut self) {
        let (mut emails, mut nicknames) = (BTreeSet::new(), BTreeSet::new());
        for at in self.staying(Kind::User) {
            let row = self.unit().view.rows[&at].clone();
            if !emails.insert(row["email"].clone()) {
                self.load(at);
                let email = self.fresh_text();
                self.em()[User::id(at.1)].email.clone_from(&email);
                self.unit().set(at, "email", Value::Text(email));
            }
            if row["nickname"] != Value::Nothing && !nicknames.insert(row["nickname"].clone()) {
                self.load(at);
                self.em()[User::id(at.1)].nickname = None;
                self.unit().set(at, "nickname", Value::Nothing);
            }
        }
    }

    fn mend_links(&mut self) {
        for (article, tag) in self.unit().view.links.clone() {
            let owner = (Kind::Article, article);
            if self.unit().stays(owner) && !self.unit().view.rows.contains_key(&(Kind::Tag, tag)) {
                self.load(owner);
                let change = Change::Remove(tag);
                change_collection(self.em(), owner, "tags", &change).expect("it needs no reading");
                self.unit().release(owner, "tags", tag);
            }
        }
    }

    /// References to rows that will not be there lead elsewhere.
    fn mend_references(&mut self, reference: Reference) {
        for at in self.staying(reference.from) {
            let Some(to) = self.unit().view.target(at, reference.property) else {
                continue;
            };
            if self.unit().stays((reference.to, to)) {
                continue;
            }
            let unit = &self.session().unit;
            let follows =
                unit.base.target(at, reference.property) == Some(to) && !unit.created.contains(&at);
            match (follows, reference.on_delete) {
                (true, OnDelete::SetNull | OnDelete::Cascade) => {}
                (false, OnDelete::SetNull) => self.point(at, reference, None),
                (_, OnDelete::Restrict) => {
                    let user = self.some_user();
                    self.point(at, reference, Some(user));
                }
                (false, OnDelete::Cascade) if self.unit().removed.contains(&at) => {
                    let article = self.some_article();
                    self.point(at, reference, Some(article));
                }
                (false, OnDelete::Cascade) => {
                    with_kind!(at.0, T => self.em().remove(T::id(at.1)));
                    self.unit().remove(at);
                }
            }
        }
    }

    fn point(&mut self, at: Address, reference: Reference, to: Option<u64>) {
        self.load(at);
        set_reference(self.em(), at.1, reference.property, to);
        self.unit().refer(at, reference, to);
    }

    fn some_user(&mut self) -> u64 {
        self.some(Kind::User)
    }

    fn some_article(&mut self) -> u64 {
        self.some(Kind::Article)
    }

    /// A row that stays; a new one where there is none.
    fn some(&mut self, kind: Kind) -> u64 {
        if let Some((_, key)) = self.pick(kind, 0) {
            return key;
        }
        let operation = Operation {
            verb: Verb::Create,
            who: 0,
            whom: 0,
            value: 1,
        };
        self.create(kind, None, operation)
            .expect("users and articles can always be made")
            .1
    }

    /// An article that its author let go finds one again, where possible the same.
    fn mend_orphans(&mut self) {
        for at in self.unit().orphans.clone() {
            if at.0 != Kind::Article || !self.unit().stays(at) {
                continue;
            }
            let before = self.unit().view.target(at, "author");
            let before = before.filter(|user| self.session().unit.stays((Kind::User, *user)));
            let user = before.unwrap_or_else(|| self.some_user());
            let author = REFERENCES[0];
            self.point(at, author, Some(user));
        }
    }
}
