//! Rows of one unit of work: persisted, changed, removed, read anew and given up, in the database and in
//! the model.

use super::act::{reference, title_of};
use super::adapter::{Modelled, frame_text};
use super::domain::{Article, Comment, Cover, Frame, Node, Tag, User, Vote};
use super::environment::{Environment, with_kind};
use super::operation::Operation;
use super::state::{Address, COLLECTIONS, Kind, REFERENCES, Value};
use super::unit::Unit;

impl Environment {
    pub fn persist_key(&mut self, operation: Operation) {
        let key = 1 + u64::from(operation.value) % 60;
        let kind = self.kind(operation);
        if !matches!(kind, Kind::Tag | Kind::Vote) && !self.knows((kind, key)) {
            self.create(kind, Some(key), operation);
        }
    }

    pub fn persist_managed(&mut self, operation: Operation) {
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

    pub fn persist_taken(&mut self, operation: Operation) {
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

    pub fn is_managed(&self, (kind, key): Address) -> bool {
        with_kind!(kind, T => self.session().em.is_managed(T::id(key)))
    }

    pub fn recreate(&mut self, operation: Operation) {
        let subject = self.subject(operation);
        let Some(at) = subject.filter(|at| at.0 != Kind::Vote && self.is_alone(*at)) else {
            return;
        };
        with_kind!(at.0, T => self.em().remove(T::id(at.1)));
        self.unit().remove(at);
        self.unit().view.unlink(at);
        self.create(at.0, Some(at.1), operation);
    }

    /// Whether no other row refers to a row, neither stored nor pending.
    pub fn is_alone(&self, at: Address) -> bool {
        let unit = &self.session().unit;
        [&unit.base, &unit.view].iter().all(|state| {
            let referred = REFERENCES
                .iter()
                .filter(|reference| reference.to == at.0)
                .any(|reference| !state.referrers(*reference, at.1).is_empty());
            !referred
        })
    }

    pub fn set_text(&mut self, operation: Operation) {
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
            Kind::Cover if operation.value.is_multiple_of(2) => {
                let frame = frame_of(operation);
                em[Cover::id(key)].frame.clone_from(&frame);
                let text = frame.as_ref().map(frame_text);
                ("frame", Value::optional_text(text.as_deref()))
            }
            Kind::Vote => {
                let stars = u64::from(operation.whom % 3);
                em[Vote::id(key)].stars = stars;
                ("stars", Value::Number(stars))
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

    pub fn set_lazy(&mut self, operation: Operation) {
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

    pub fn remove(&mut self, operation: Operation) {
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
    pub fn owns_unseen(&self, at: Address) -> bool {
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

    /// A row that is stored is read anew: what was changed in it is overwritten.
    pub fn refresh(&mut self, operation: Operation) {
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

    /// An article, its text and its tags are read anew; pending links stay.
    pub fn refresh_with(&mut self, operation: Operation) {
        let Some(at) = self.pick(Kind::Article, operation.who) else {
            return;
        };
        let unit = &self.session().unit;
        if unit.created.contains(&at) || unit.orphans.contains(&at) || self.steals(at) {
            return;
        }
        self.load(at);
        let refreshed = self
            .em()
            .refresh_with(Article::id(at.1), |a| (a.tags(), a.text()));
        refreshed.expect("refreshing works");
        let unit = self.unit();
        let linked = unit.base.linked(at).into_iter().chain(unit.view.linked(at));
        let tags = linked.map(|key| (Kind::Tag, key));
        let rows: Vec<Address> = tags.chain([at]).collect();
        for at in rows {
            let is_ours = unit.created.contains(&at) || unit.removed.contains(&at);
            if let (Some(row), false) = (unit.base.rows.get(&at), is_ours) {
                unit.view.rows.insert(at, row.clone());
            }
        }
    }

    /// Whether a row has, as it is stored, a one-to-one target that another row was given since.
    pub fn steals(&self, at: Address) -> bool {
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
    pub fn is_settled(&self, at: Address) -> bool {
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
    pub fn detach(&mut self, operation: Operation) {
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

/// Rows without references, so that an instance that is given up has not changed another.
fn has_no_references(kind: Kind) -> bool {
    matches!(kind, Kind::User | Kind::Tag)
}

fn frame_of(operation: Operation) -> Option<Frame> {
    let frame = Frame {
        colour: format!("colour {}", operation.whom % 2),
        width: operation.whom.is_multiple_of(3).then_some(3),
    };
    (!operation.whom.is_multiple_of(4)).then_some(frame)
}
