//! New rows: by constructors and builders, with keys given and generated, and whole graphs at once.

use musher::prelude::*;

use super::act::{reference, title_of};
use super::adapter::Modelled;
use super::domain::{Article, Comment, Cover, Node, TAG_NAMES, Tag, User, Vote, vote_number};
use super::environment::Environment;
use super::operation::Operation;
use super::state::{Address, Kind, Row, Value};

impl Environment {
    /// A new row with a given key, or the next one of the sequence.
    pub fn create(
        &mut self,
        kind: Kind,
        key: Option<u64>,
        operation: Operation,
    ) -> Option<Address> {
        let (key, row) = match kind {
            Kind::User => self.create_user(key, operation),
            Kind::Article => return Some((kind, self.create_article(key, operation))),
            Kind::Tag => self.create_tag(key, operation)?,
            Kind::Cover => self.create_cover(key, operation),
            Kind::Comment => self.create_comment(key, operation)?,
            Kind::Node => self.create_node(key, operation),
            Kind::Vote => self.create_vote(operation)?,
        };
        self.created((kind, key), row);
        Some((kind, key))
    }

    /// Notes a row that was created.
    fn created(&mut self, at: Address, row: Row) {
        let unit = self.unit();
        let before = unit.view.rows.get(&at).cloned();
        assert!(
            before.is_none() || unit.base.rows.contains_key(&at),
            "{at:?} is a new key"
        );
        unit.view.rows.insert(at, row);
        unit.created.insert(at);
        unit.orphans.remove(&at);
        self.known.insert(at);
    }

    fn create_user(&mut self, key: Option<u64>, operation: Operation) -> (u64, Row) {
        let email = format!("{}", operation.whom % 12);
        let nickname = operation
            .value
            .is_multiple_of(4)
            .then(|| format!("n{}", operation.whom % 3));
        let secret = self.fresh_text();
        let user = User {
            id: key.map_or_else(Pk::unset, Pk::from),
            email: email.clone(),
            nickname: nickname.clone(),
            secret: secret.clone().into(),
            articles: Collection::new(),
        };
        let id = self.em().persist(user);
        let row = Row::from([
            ("email", Value::Text(email)),
            ("nickname", Value::optional_text(nickname.as_deref())),
            ("secret", Value::Text(secret)),
        ]);
        (*id.key(), row)
    }

    fn create_article(&mut self, key: Option<u64>, operation: Operation) -> u64 {
        let (title, text) = (title_of(operation.whom), self.fresh_text());
        let builder = Article::build().title(title).text(text.clone());
        let builder = match key {
            Some(key) => builder.id(key),
            None => builder,
        };
        let author = self
            .pick(Kind::User, operation.whom)
            .filter(|_| operation.value % 4 != 3);
        let editor = self
            .pick(Kind::User, operation.value)
            .filter(|_| operation.value & 4 != 0);
        let cover = self.cover_for(operation);
        let builder = match editor {
            Some((_, key)) => builder.editor(User::id(key)),
            None => builder,
        };
        let builder = match cover {
            Some(key) => builder.cover(Cover::id(key)),
            None => builder,
        };
        let linked = self
            .pick(Kind::Tag, operation.value)
            .filter(|_| operation.value & 16 != 0);
        let missing = (0..TAG_NAMES.len() as u64)
            .find(|key| !self.knows((Kind::Tag, *key)))
            .filter(|_| operation.value & 32 != 0);
        let builder = match (linked, missing) {
            (Some((_, linked)), _) => builder.tags([Tag::id(linked)]),
            (None, Some(missing)) => {
                let name = TAG_NAMES[usize::try_from(missing).expect("it is small")];
                builder.tags([Tag::build().name(name).colour("graph")])
            }
            (None, None) => builder,
        };
        let (id, new_author) = if let Some((_, author)) = author {
            (self.em().create(builder.author(User::id(author))), None)
        } else {
            let email = self.fresh_text();
            let author = User::build().email(email.clone()).secret("graph");
            let id = self.em().create(builder.author(author));
            (id, Some(email))
        };
        let key = *id.key();
        let author = *self.em()[id].author.key();
        if let Some(email) = new_author {
            self.created((Kind::User, author), graph_user(email));
        }
        if let (None, Some(missing)) = (linked, missing) {
            let row = Row::from([("colour", Value::text("graph"))]);
            self.created((Kind::Tag, missing), row);
        }
        let tag = linked.map(|(_, key)| key).or(missing);
        self.unit().view.links.extend(tag.map(|tag| (key, tag)));
        let row = Row::from([
            ("title", Value::text(title)),
            ("text", Value::Text(text)),
            ("writes", Value::Number(0)),
            ("author", Value::Key(author)),
            ("editor", Value::key(editor.map(|(_, key)| key))),
            ("cover", Value::Nothing),
        ]);
        self.created((Kind::Article, key), row);
        self.unit()
            .refer((Kind::Article, key), reference("cover"), cover);
        key
    }

    /// A cover for a new article, with who has it known.
    fn cover_for(&mut self, operation: Operation) -> Option<u64> {
        let (_, key) = self
            .pick(Kind::Cover, operation.whom)
            .filter(|_| operation.value & 8 != 0)?;
        self.know_partner(key);
        Some(key)
    }

    fn create_tag(&mut self, key: Option<u64>, operation: Operation) -> Option<(u64, Row)> {
        let given = key.is_some();
        let key = key.unwrap_or_else(|| u64::from(operation.whom) % TAG_NAMES.len() as u64);
        if !given && self.knows((Kind::Tag, key)) {
            return None;
        }
        let colour = format!("colour {}", operation.value % 3);
        let name = TAG_NAMES[usize::try_from(key).expect("it is small")].to_owned();
        let tag = Tag {
            name,
            colour: colour.clone(),
            articles: Collection::new(),
        };
        self.em().persist(tag);
        Some((key, Row::from([("colour", Value::Text(colour))])))
    }

    fn create_cover(&mut self, key: Option<u64>, operation: Operation) -> (u64, Row) {
        let builder = Cover::build().label("cover");
        let builder = match key {
            Some(key) => builder.id(key),
            None => builder,
        };
        let article = self
            .pick(Kind::Article, operation.whom)
            .filter(|_| operation.value.is_multiple_of(2));
        let id = match article {
            Some((_, article)) => self.em().create(builder.article(Article::id(article))),
            None => self.em().create(builder),
        };
        let key = *id.key();
        if let Some(article) = article {
            self.unit().refer(article, reference("cover"), Some(key));
        }
        let row = Row::from([("label", Value::text("cover")), ("frame", Value::Nothing)]);
        (key, row)
    }

    fn create_comment(&mut self, key: Option<u64>, operation: Operation) -> Option<(u64, Row)> {
        let (_, article) = self.pick(Kind::Article, operation.whom)?;
        let comment = Comment {
            id: key.map_or_else(Pk::unset, Pk::from),
            body: "body".to_owned(),
            article: Article::id(article),
        };
        let id = self.em().persist(comment);
        let row = Row::from([
            ("body", Value::text("body")),
            ("article", Value::Key(article)),
        ]);
        Some((*id.key(), row))
    }

    /// Its key is of the rows that it is about, so there may be one already.
    fn create_vote(&mut self, operation: Operation) -> Option<(u64, Row)> {
        let (_, voter) = self.pick(Kind::User, operation.whom)?;
        let (_, article) = self.pick(Kind::Article, operation.value)?;
        let number = vote_number(voter, article);
        if self.knows((Kind::Vote, number)) {
            return None;
        }
        let stars = u64::from(operation.value % 3);
        let new = Vote::build()
            .voter(User::id(voter))
            .article(Article::id(article));
        self.em().create(new.stars(stars));
        let row = Row::from([
            ("voter", Value::Key(voter)),
            ("article", Value::Key(article)),
            ("stars", Value::Number(stars)),
        ]);
        Some((number, row))
    }

    fn create_node(&mut self, key: Option<u64>, operation: Operation) -> (u64, Row) {
        let builder = Node::build().label("node");
        let builder = match key {
            Some(key) => builder.id(key),
            None => builder,
        };
        let parent = self
            .pick(Kind::Node, operation.whom)
            .filter(|_| operation.value.is_multiple_of(2));
        let child = self
            .pick(Kind::Node, operation.value)
            .filter(|_| operation.value.is_multiple_of(3));
        let builder = match parent {
            Some((_, key)) => builder.parent(Node::id(key)),
            None => builder,
        };
        let builder = match child {
            Some((_, key)) => builder.children([Node::id(key)]),
            None => builder,
        };
        let id = self.em().create(builder);
        let key = *id.key();
        if let Some(child) = child {
            self.unit().refer(child, reference("parent"), Some(key));
        }
        let parent = Value::key(parent.map(|(_, key)| key));
        (
            key,
            Row::from([
                ("version", Value::Number(0)),
                ("label", Value::text("node")),
                ("parent", parent),
            ]),
        )
    }
}

/// The user that is created within an article's builder.
fn graph_user(email: String) -> Row {
    Row::from([
        ("email", Value::Text(email)),
        ("nickname", Value::Nothing),
        ("secret", Value::text("graph")),
    ])
}
