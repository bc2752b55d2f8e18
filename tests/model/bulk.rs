//! Bulk operations beside a unit of work: they make of the stored rows what a unit of work without hooks
//! would, and what is managed follows.

use musher::prelude::*;

use super::act::{reference, title_of};
use super::adapter::Modelled;
use super::domain::{Article, Cover, Node, Tag, User, Vote};
use super::environment::Environment;
use super::operation::{Operation, Verb};
use super::state::{Address, Kind, Row, Value};
use super::unit::{Failure, Unit};

/// A key that no row has.
const NOWHERE: u64 = 9999;

impl Environment {
    pub fn bulk(&mut self, operation: Operation) {
        match operation.verb {
            Verb::UpdateWhere => self.update_where(operation),
            Verb::UpdateReferences => self.update_references(operation),
            Verb::DeleteWhere => self.delete_where(operation),
            Verb::Upsert => self.upsert(operation),
            Verb::InsertMany => self.insert_many(operation),
            other => unreachable!("{other:?} is no bulk operation"),
        }
    }

    /// The stored rows of a kind for which a property has a value.
    fn met(&self, kind: Kind, property: &str, value: &Value) -> Vec<Address> {
        let rows = self.committed.rows.range((kind, 0)..=(kind, u64::MAX));
        let met = rows.filter(|(_, row)| row[property] == *value);
        met.map(|(at, _)| *at).collect()
    }

    /// Scalars, also of rows that have changes which are not flushed: those are kept.
    fn update_where(&mut self, operation: Operation) {
        let kind = [
            Kind::Article,
            Kind::Tag,
            Kind::Cover,
            Kind::User,
            Kind::Node,
            Kind::Vote,
        ][usize::from(operation.who) % 6];
        let (before, after) = (u64::from(operation.whom), u64::from(operation.value));
        let (property, before, after) = match kind {
            Kind::Article => {
                let [before, after] = [operation.whom, operation.value].map(title_of);
                ("title", Value::text(before), Value::text(after))
            }
            Kind::User => {
                let text = |number| Value::Text(format!("n{}", number % 4));
                ("nickname", text(before), text(after))
            }
            Kind::Vote => {
                let number = |number| Value::Number(number % 3);
                ("stars", number(before), number(after))
            }
            Kind::Tag => ("colour", label(before), label(after)),
            _ => ("label", label(before), label(after)),
        };
        if matches!(kind, Kind::User | Kind::Node) {
            // What mends a flush can't mend a version, nor a nickname that was taken by others.
            self.flush();
        }
        let mut wanted = self.outsider();
        let met = self.met(kind, property, &before);
        for at in &met {
            wanted.set(*at, property, after.clone());
        }
        let em = self.em();
        let (met_by, to) = (text_of(&before), text_of(&after));
        let done = match (kind, &before, &after) {
            (Kind::Vote, Value::Number(before), Value::Number(after)) => em
                .update_where::<Vote>(|v| v.stars().eq(*before))
                .set(|v| v.stars().set(*after))
                .execute(),
            (Kind::Article, ..) => em
                .update_where::<Article>(|a| a.title().eq(met_by))
                .set(|a| a.title().set(to))
                .execute(),
            (Kind::Tag, ..) => em
                .update_where::<Tag>(|t| t.colour().eq(met_by))
                .set(|t| t.colour().set(to))
                .execute(),
            (Kind::Cover, ..) => em
                .update_where::<Cover>(|c| c.label().eq(met_by))
                .set(|c| c.label().set(to))
                .execute(),
            (Kind::User, ..) => em
                .update_where::<User>(|u| u.nickname().eq(met_by))
                .set(|u| u.nickname().set(to))
                .execute(),
            _ => em
                .update_where::<Node>(|n| n.label().eq(met_by))
                .set(|n| n.label().set(to))
                .execute(),
        };
        self.judge_bulk(&wanted, done, met.len());
    }

    fn update_references(&mut self, operation: Operation) {
        self.flush();
        let Some((_, article)) = self.pick(Kind::Article, operation.whom) else {
            return;
        };
        let at = (Kind::Article, article);
        let mut wanted = self.outsider();
        let target = |kind, number| match self.pick(kind, number) {
            Some((_, key)) if !operation.value.is_multiple_of(16) => key,
            _ => NOWHERE,
        };
        let (user, cover) = (
            target(Kind::User, operation.value),
            target(Kind::Cover, operation.value),
        );
        let title = wanted.view.rows[&at]["title"].clone();
        let met = match operation.who % 4 {
            0 => self.met(Kind::Article, "title", &title),
            1 => self.met(Kind::Article, "editor", &Value::Key(user)),
            _ => vec![at],
        };
        for at in &met {
            match operation.who % 4 {
                0 => wanted.set(*at, "author", Value::Key(user)),
                1 => wanted.set(*at, "editor", Value::Nothing),
                2 => wanted.set(*at, "editor", Value::Key(user)),
                _ => wanted.refer(*at, reference("cover"), Some(cover)),
            }
        }
        let title = text_of(&title);
        let em = self.em();
        let done = match operation.who % 4 {
            0 => em
                .update_where::<Article>(|a| a.title().eq(title))
                .set(|a| a.author().set(User::id(user)))
                .execute(),
            1 => em
                .update_where::<Article>(|a| a.editor().id().eq(User::id(user)))
                .set(|a| a.editor().set_none())
                .execute(),
            2 => em
                .update_where::<Article>(|a| a.id().eq(Article::id(article)))
                .set(|a| a.editor().set(User::id(user)))
                .execute(),
            _ => em
                .update_where::<Article>(|a| a.id().eq(Article::id(article)))
                .set(|a| a.cover().set(Cover::id(cover)))
                .execute(),
        };
        self.judge_bulk(&wanted, done, met.len());
    }

    fn delete_where(&mut self, operation: Operation) {
        self.flush();
        let mut wanted = self.outsider();
        let title = title_of(operation.whom);
        let stars = u64::from(operation.whom % 3);
        let kind = [Kind::Article, Kind::Vote, Kind::User, Kind::Node, Kind::Tag]
            [usize::from(operation.who) % 5];
        let picked = self.pick(kind, operation.whom);
        let met = match kind {
            Kind::Article => self.met(kind, "title", &Value::text(title)),
            Kind::Vote => self.met(kind, "stars", &Value::Number(stars)),
            _ => picked.into_iter().collect(),
        };
        for at in &met {
            wanted.remove(*at);
        }
        let key = picked.map_or(NOWHERE, |(_, key)| key);
        let em = self.em();
        let done = match (kind, picked) {
            (Kind::Article, _) => em
                .delete_where::<Article>(|a| a.title().eq(title))
                .execute(),
            (Kind::Vote, _) => em.delete_where::<Vote>(|v| v.stars().eq(stars)).execute(),
            (_, None) => return,
            (Kind::User, _) => em
                .delete_where::<User>(|u| u.id().eq(User::id(key)))
                .execute(),
            (Kind::Node, _) => em
                .delete_where::<Node>(|n| n.id().eq(Node::id(key)))
                .execute(),
            _ => em
                .delete_where::<Tag>(|t| t.name().eq(Tag::id(key).into_key()))
                .execute(),
        };
        self.judge_bulk(&wanted, done, met.len());
    }

    /// A user by its email.
    fn upsert(&mut self, operation: Operation) {
        self.flush();
        let mut wanted = self.outsider();
        let (email, secret) = (format!("{}", operation.whom % 12), self.fresh_text());
        let nickname =
            (!operation.value.is_multiple_of(3)).then(|| format!("n{}", operation.value % 4));
        let there = self.met(Kind::User, "email", &Value::text(&email));
        let builder = User::build().email(email.clone()).secret(secret.clone());
        let builder = match &nickname {
            Some(nickname) => builder.nickname(Some(nickname.clone())),
            None => builder,
        };
        let done = self.em().upsert(builder).on(|u| u.email()).execute();
        let key = match (there.first(), &done) {
            (Some((_, key)), _) => *key,
            (None, Ok(done)) => *done.id().key(),
            (None, Err(_)) => NOWHERE,
        };
        let at = (Kind::User, key);
        if there.is_empty() {
            let row = Row::from([("email", Value::Text(email)), ("nickname", Value::Nothing)]);
            wanted.view.rows.insert(at, row);
            wanted.created.insert(at);
            self.known.insert(at);
        }
        wanted.set(at, "secret", Value::Text(secret));
        if let Some(nickname) = nickname {
            wanted.set(at, "nickname", Value::Text(nickname));
        }
        let done = done.map(|done| assert_eq!(*done.id().key(), key));
        self.judge_bulk(&wanted, done.map(|()| 1), 1);
    }

    /// Two articles of one author, with a tag.
    fn insert_many(&mut self, operation: Operation) {
        self.flush();
        let mut wanted = self.outsider();
        let author = self.pick(Kind::User, operation.whom);
        let author = author.map_or(NOWHERE, |(_, key)| key);
        let tag = self.pick(Kind::Tag, operation.value);
        let title = title_of(operation.who);
        let rows = [0, 1].map(|_| {
            let article = Article::build().author(User::id(author)).text("bulk");
            article.title(title).tags(tag.map(|(_, key)| Tag::id(key)))
        });
        let done = self.em().insert_many(rows).execute();
        let keys = match &done {
            Ok(ids) => ids.iter().map(Article::number).collect(),
            Err(_) => vec![NOWHERE],
        };
        for key in &keys {
            let at = (Kind::Article, *key);
            let row = Row::from([
                ("title", Value::text(title)),
                ("text", Value::text("bulk")),
                ("writes", Value::Number(0)),
                ("author", Value::Key(author)),
                ("editor", Value::Nothing),
                ("cover", Value::Nothing),
            ]);
            wanted.view.rows.insert(at, row);
            wanted.created.insert(at);
            wanted.view.links.extend(tag.map(|(_, tag)| (*key, tag)));
        }
        if done.is_ok() {
            self.known.extend(wanted.created.iter());
        }
        self.judge_bulk(&wanted, done.map(|ids| ids.len()), 2);
    }

    /// One that knows what is stored and nothing else.
    fn outsider(&self) -> Unit {
        Unit {
            is_bulk: true,
            ..Unit::at(&self.committed)
        }
    }

    /// Compares what an operation did with what it should.
    fn judge_bulk(&mut self, wanted: &Unit, done: musher::Result<usize>, met: usize) {
        match (done, wanted.flush(&self.committed)) {
            (Ok(done), Ok(wanted)) => {
                assert_eq!(done, met, "the number of rows");
                if let Some(begun) = self.begun.last_mut() {
                    begun.wrote |= wanted.writes;
                }
                self.unit().rebase(&wanted.state);
                self.committed = wanted.state;
            }
            (Err(error), Err(failures)) => {
                let failure: Failure = Self::classify(&error);
                assert!(
                    failures.contains(&failure),
                    "the operation fails for {error}, and the model says {failures:?}"
                );
            }
            (done, wanted) => panic!("it gives {done:?}, and the model says {wanted:?}"),
        }
        self.verify_committed();
    }
}

fn label(number: u64) -> Value {
    Value::Text(format!("label {}", number % 3))
}

fn text_of(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        _ => String::new(),
    }
}
