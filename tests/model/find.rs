//! Queries: by key and by condition, with and without a flush before them.

use std::collections::BTreeSet;

use musher::prelude::*;
use musher::{EntityFilter, Filter, FlushMode, LoadStrategy};

use super::act::{reference, title_of};
use super::adapter::Modelled;
use super::domain::{Article, ArticlePath, Node, User};
use super::environment::{Environment, with_kind};
use super::operation::{Operation, Verb};
use super::state::{Address, COLLECTIONS, Kind, State, Value};
use super::unit::Unit;

/// Articles with a title.
struct Titled(&'static str);

impl EntityFilter<Article> for Titled {
    fn condition(&self, article: ArticlePath<Article>) -> Filter<Article> {
        article.title().eq(self.0)
    }
}

impl Environment {
    pub fn find_one(&mut self, operation: Operation) {
        let kind = self.kind(operation);
        let known: Vec<Address> = self
            .known
            .iter()
            .filter(|at| at.0 == kind)
            .copied()
            .collect();
        let at = usize::from(operation.whom) % known.len().max(1);
        if let Some(at) = known.get(at) {
            self.load(*at);
        }
    }

    pub fn find_deep(&mut self, operation: Operation) {
        let Some((kind, key)) = self.subject(operation) else {
            return;
        };
        let strategy = if operation.value.is_multiple_of(2) {
            LoadStrategy::SelectIn
        } else {
            LoadStrategy::Joined
        };
        with_kind!(kind, T => {
            let found = T::find_deep(self.em(), T::id(key), strategy);
            assert_eq!(found.expect("finding works"), Some(T::id(key)));
        });
        self.sessions[self.at].unreconciled = false;
    }

    pub fn find_all(&mut self, operation: Operation) {
        let kind = self.kind(operation);
        with_kind!(kind, T => self.find_all_of::<T>());
    }

    fn find_all_of<T: Modelled>(&mut self) {
        let ids = self.em().find::<T>().all().expect("finding works");
        self.sessions[self.at].unreconciled = false;
        let unit = &self.session().unit;
        let mut wanted = unit.base.keys(T::KIND);
        wanted.retain(|key| unit.stays((T::KIND, *key)));
        assert_eq!(ids.iter().map(T::number).collect::<Vec<_>>(), wanted);
        assert!(
            ids.iter()
                .all(|id| self.session().em.is_initialized(id.clone()))
        );
    }

    /// What a condition finds is what is stored, whatever is pending.
    pub fn find_filtered(&mut self, operation: Operation) {
        let base = self.unit().base.clone();
        let email = format!("{}", operation.whom % 12);
        let condition = (
            operation.value % CONDITIONS,
            title_of(operation.whom),
            &*email,
        );
        let (kind, found) = found(self.em(), condition);
        self.sessions[self.at].unreconciled = false;
        let unit = &self.session().unit;
        let mut wanted = base.keys(kind);
        wanted.retain(|key| unit.stays((kind, *key)) && meets(&base, (kind, *key), condition));
        assert_eq!(found, wanted, "filter {condition:?}");
    }

    /// In another unit of work, which sees nothing of what is pending.
    pub fn find_named(&mut self, operation: Operation) {
        let title = title_of(operation.whom);
        let state = self.outside().clone();
        let titled = |keys: &mut dyn Iterator<Item = u64>| -> BTreeSet<u64> {
            keys.filter(|key| state.rows[&(Kind::Article, *key)]["title"] == Value::text(title))
                .collect()
        };
        let mut fork = self.session().em.fork();
        let found = fork
            .find::<Article>()
            .with_filter(Titled(title))
            .populate(|a| a.author().articles())
            .all()
            .expect("finding works");
        let keys: BTreeSet<u64> = found
            .iter()
            .map(|found| Article::number(&found.id()))
            .collect();
        let wanted = titled(&mut state.keys(Kind::Article).into_iter());
        assert_eq!(keys, wanted, "the articles with the title {title:?}");
        let author = reference("author");
        for key in keys {
            let user = state.target((Kind::Article, key), "author");
            let user = user.expect("it is required");
            let shown = fork[User::id(user)].articles.ids();
            let shown: BTreeSet<u64> = shown.iter().map(Article::number).collect();
            let wanted = titled(&mut state.referrers(author, user).into_iter());
            assert_eq!(shown, wanted, "those of user {user}");
        }
    }

    pub fn find_flushing(&mut self, operation: Operation) {
        self.flush();
        self.act(Operation {
            verb: Verb::SetText,
            ..operation
        });
        let wanted = self.session().unit.flush(&self.committed);
        self.em().set_flush_mode(FlushMode::Always);
        let found = self.em().find::<Article>().all();
        self.em().set_flush_mode(FlushMode::Commit);
        match (found, wanted) {
            (Ok(found), Ok(wanted)) => {
                assert_eq!(numbers(Ok(found)), wanted.state.keys(Kind::Article));
                if let Some(begun) = self.begun.last_mut() {
                    begun.wrote |= wanted.writes;
                }
                self.committed = wanted.state;
                *self.unit() = Unit::at(&self.committed.clone());
                self.verify_committed();
            }
            (Err(_), Err(_)) => {}
            (found, wanted) => panic!("{found:?}, and the model says {wanted:?}"),
        }
    }
}

fn numbers<T: Modelled>(ids: musher::Result<Vec<Id<T>>>) -> Vec<u64> {
    ids.expect("finding works").iter().map(T::number).collect()
}

/// How many conditions there are.
const CONDITIONS: u8 = 9;

/// A condition, with the title and the email that it may be about.
type Condition<'a> = (u8, &'a str, &'a str);

/// What the database finds.
fn found(em: &mut EntityManager, (condition, title, email): Condition<'_>) -> (Kind, Vec<u64>) {
    match condition {
        0 => (
            Kind::Article,
            numbers(em.find::<Article>().filter(|a| a.title().eq(title)).all()),
        ),
        1 => (
            Kind::Article,
            numbers(
                em.find::<Article>()
                    .filter(|a| a.author().email().ne(email))
                    .all(),
            ),
        ),
        2 => (
            Kind::User,
            numbers(em.find::<User>().filter(|u| u.nickname().is_none()).all()),
        ),
        3 => (
            Kind::User,
            numbers(em.find::<User>().filter(|u| u.email().eq(email)).all()),
        ),
        4 => (
            Kind::Node,
            numbers(
                em.find::<Node>()
                    .filter(|n| n.parent().label().eq("node"))
                    .all(),
            ),
        ),
        5 => (
            Kind::User,
            numbers(
                em.find::<User>()
                    .filter(|u| u.articles().any(|a| a.title().eq(title)))
                    .all(),
            ),
        ),
        6 => (
            Kind::Article,
            numbers(
                em.find::<Article>()
                    .filter(|a| a.tags().none(|t| t.colour().eq("graph")))
                    .all(),
            ),
        ),
        7 => (
            Kind::Node,
            numbers(
                em.find::<Node>()
                    .filter(|n| n.children().count().ge(2))
                    .all(),
            ),
        ),
        _ => (
            Kind::Article,
            numbers(
                em.find::<Article>()
                    .filter(|a| a.votes().all(|v| v.stars().gt(0)))
                    .all(),
            ),
        ),
    }
}

/// Whether a row meets it.
fn meets(base: &State, (kind, key): Address, (condition, title, email): Condition<'_>) -> bool {
    let stored = Unit::at(base);
    let row = &base.rows[&(kind, key)];
    let items = |name: &'static str, key: u64| {
        let of = COLLECTIONS
            .iter()
            .find(|(owner, collection, _)| (*owner, *collection) == (kind, name));
        let (.., of) = *of.expect("there is such a collection");
        let items = stored.items((kind, key), name).into_iter();
        items
            .map(|item| base.rows[&(of, item)].clone())
            .collect::<Vec<_>>()
            .into_iter()
    };
    match condition {
        0 => row["title"] == Value::text(title),
        1 => {
            let author = base.target((kind, key), "author").expect("it is required");
            base.rows[&(Kind::User, author)]["email"] != Value::text(email)
        }
        2 => row["nickname"] == Value::Nothing,
        3 => row["email"] == Value::text(email),
        4 => base
            .target((kind, key), "parent")
            .is_some_and(|parent| base.rows[&(kind, parent)]["label"] == Value::text("node")),
        5 => items("articles", key).any(|row| row["title"] == Value::text(title)),
        6 => !items("tags", key).any(|row| row["colour"] == Value::text("graph")),
        7 => items("children", key).count() >= 2,
        _ => items("votes", key).all(|row| row["stars"] > Value::Number(0)),
    }
}
