//! Between the entities and the model: rows out of instances, addresses to ids and back.

use musher::prelude::*;
use musher::{LoadStrategy, Managed};

use super::domain::{
    Article, Comment, Cover, Frame, Node, TAG_NAMES, Tag, User, Vote, vote_keys, vote_number,
};
use super::state::{Kind, Row, Value};

/// What a collection shows.
pub struct Shown {
    pub name: &'static str,
    pub initialized: bool,
    pub items: Vec<u64>,
}

pub trait Modelled: Managed {
    const KIND: Kind;

    fn id(key: u64) -> Id<Self>;
    fn number(id: &Id<Self>) -> u64;

    /// The properties; lazy ones where they are loaded.
    fn row(&self) -> Row;
    fn collections(&self) -> Vec<Shown>;

    /// Loads every relation and lazy property.
    fn populate(em: &mut EntityManager, ids: &[Id<Self>]) -> musher::Result<()>;

    /// Finds one with everything, two relations deep.
    fn find_deep(
        em: &mut EntityManager,
        id: Id<Self>,
        strategy: LoadStrategy,
    ) -> musher::Result<Option<Id<Self>>>;

    /// The loaded rows that references lead to by view, with the addresses of their instances.
    fn followed(em: &EntityManager, id: Id<Self>) -> Vec<(*const (), Option<*const ()>)>;
}

fn pointer<T>(entity: &T) -> *const () {
    std::ptr::from_ref(entity).cast()
}

/// The instance that a view reached, and the instance of the same id.
macro_rules! reached {
    ($em:ident, $view:expr) => {{
        let view = $view;
        (
            view.try_get().map_or(std::ptr::null(), pointer),
            $em.get(view.id()).map(pointer),
        )
    }};
}

fn shown<T: Modelled>(name: &'static str, collection: &Collection<T>) -> Shown {
    Shown {
        name,
        initialized: collection.is_initialized(),
        items: collection.ids_unchecked().iter().map(T::number).collect(),
    }
}

fn loaded(row: &mut Row, name: &'static str, value: &Lazy<String>) {
    if let Some(value) = value.get() {
        row.insert(name, Value::text(value));
    }
}

macro_rules! numbered {
    () => {
        fn id(key: u64) -> Id<Self> {
            Id::new(key)
        }

        fn number(id: &Id<Self>) -> u64 {
            *id.key()
        }
    };
}

macro_rules! population {
    ($entity:ident, $all:expr, $deep:expr) => {
        fn populate(em: &mut EntityManager, ids: &[Id<Self>]) -> musher::Result<()> {
            em.populate(ids, $all).map(drop)
        }

        fn find_deep(
            em: &mut EntityManager,
            id: Id<Self>,
            strategy: LoadStrategy,
        ) -> musher::Result<Option<Id<Self>>> {
            em.find_one::<Self>(id)
                .populate($deep)
                .strategy(strategy)
                .unchecked()
                .one()
        }
    };
}

impl Modelled for User {
    const KIND: Kind = Kind::User;
    numbered!();
    population!(User, |u| (u.articles(), u.secret()), |u| (
        u.articles().tags(),
        u.articles().comments(),
        u.articles().text(),
        u.secret()
    ));

    fn row(&self) -> Row {
        let mut row = Row::from([
            ("email", Value::text(&self.email)),
            ("nickname", Value::optional_text(self.nickname.as_deref())),
        ]);
        loaded(&mut row, "secret", &self.secret);
        row
    }

    fn collections(&self) -> Vec<Shown> {
        vec![shown("articles", &self.articles)]
    }

    fn followed(_: &EntityManager, _: Id<Self>) -> Vec<(*const (), Option<*const ()>)> {
        Vec::new()
    }
}

impl Modelled for Article {
    const KIND: Kind = Kind::Article;
    numbered!();
    population!(
        Article,
        |a| (
            a.author(),
            a.editor(),
            a.cover(),
            a.tags(),
            a.comments(),
            a.votes(),
            a.text()
        ),
        |a| (
            a.author().articles(),
            a.editor().articles().cover(),
            a.cover().article(),
            a.tags().articles().text(),
            a.comments().article(),
            a.votes().voter(),
            a.text(),
        )
    );

    fn row(&self) -> Row {
        let mut row = Row::from([
            ("title", Value::text(&self.title)),
            ("writes", Value::Number(self.writes)),
            ("author", Value::Key(*self.author.key())),
            ("editor", Value::key(self.editor.map(Id::into_key))),
            ("cover", Value::key(self.cover.map(Id::into_key))),
        ]);
        loaded(&mut row, "text", &self.text);
        row
    }

    fn collections(&self) -> Vec<Shown> {
        vec![
            shown("tags", &self.tags),
            shown("comments", &self.comments),
            shown("votes", &self.votes),
        ]
    }

    fn followed(em: &EntityManager, id: Id<Self>) -> Vec<(*const (), Option<*const ()>)> {
        let view = em.view(id);
        let mut followed = vec![reached!(em, view.author())];
        followed.extend(view.editor().map(|editor| reached!(em, editor)));
        followed.extend(view.cover().map(|cover| reached!(em, cover)));
        followed
    }
}

impl Modelled for Tag {
    const KIND: Kind = Kind::Tag;
    population!(Tag, |t| t.articles(), |t| (
        t.articles().author().articles(),
        t.articles().tags()
    ));

    fn id(key: u64) -> Id<Self> {
        let position = usize::try_from(key).expect("it is a position");
        Id::new(TAG_NAMES[position].to_owned())
    }

    fn number(id: &Id<Self>) -> u64 {
        let position = TAG_NAMES.iter().position(|name| name == id.key());
        position.expect("no other tags are made") as u64
    }

    fn row(&self) -> Row {
        Row::from([("colour", Value::text(&self.colour))])
    }

    fn collections(&self) -> Vec<Shown> {
        vec![shown("articles", &self.articles)]
    }

    fn followed(_: &EntityManager, _: Id<Self>) -> Vec<(*const (), Option<*const ()>)> {
        Vec::new()
    }
}

impl Modelled for Cover {
    const KIND: Kind = Kind::Cover;
    numbered!();
    population!(Cover, |c| c.article(), |c| (
        c.article().author(),
        c.article().cover()
    ));

    fn row(&self) -> Row {
        let frame = self.frame.as_ref().map(frame_text);
        Row::from([
            ("label", Value::text(&self.label)),
            ("frame", Value::optional_text(frame.as_deref())),
        ])
    }

    fn collections(&self) -> Vec<Shown> {
        let initialized = self.article.is_initialized();
        let item = if initialized {
            self.article.get()
        } else {
            None
        };
        vec![Shown {
            name: "article",
            initialized,
            items: item.iter().map(Article::number).collect(),
        }]
    }

    fn followed(em: &EntityManager, id: Id<Self>) -> Vec<(*const (), Option<*const ()>)> {
        let view = em.view(id);
        if !view.article.is_initialized() {
            return Vec::new();
        }
        view.article()
            .map(|article| reached!(em, article))
            .into_iter()
            .collect()
    }
}

/// An embedded value, as the model has it.
pub fn frame_text(frame: &Frame) -> String {
    format!("{} {:?}", frame.colour, frame.width)
}

impl Modelled for Comment {
    const KIND: Kind = Kind::Comment;
    numbered!();
    population!(Comment, |c| c.article(), |c| (
        c.article().comments(),
        c.article().author()
    ));

    fn row(&self) -> Row {
        Row::from([
            ("body", Value::text(&self.body)),
            ("article", Value::Key(*self.article.key())),
        ])
    }

    fn collections(&self) -> Vec<Shown> {
        Vec::new()
    }

    fn followed(em: &EntityManager, id: Id<Self>) -> Vec<(*const (), Option<*const ()>)> {
        vec![reached!(em, em.view(id).article())]
    }
}

impl Modelled for Node {
    const KIND: Kind = Kind::Node;
    numbered!();
    population!(Node, |n| (n.parent(), n.children()), |n| (
        n.parent().parent().children(),
        n.children().children()
    ));

    fn row(&self) -> Row {
        Row::from([
            ("version", Value::Number(self.version)),
            ("label", Value::text(&self.label)),
            ("parent", Value::key(self.parent.map(Id::into_key))),
        ])
    }

    fn collections(&self) -> Vec<Shown> {
        vec![shown("children", &self.children)]
    }

    fn followed(em: &EntityManager, id: Id<Self>) -> Vec<(*const (), Option<*const ()>)> {
        em.view(id)
            .parent()
            .map(|parent| reached!(em, parent))
            .into_iter()
            .collect()
    }
}

impl Modelled for Vote {
    const KIND: Kind = Kind::Vote;
    population!(Vote, |v| (v.voter(), v.article()), |v| (
        v.voter().articles(),
        v.article().votes()
    ));

    fn id(key: u64) -> Id<Self> {
        let (voter, article) = vote_keys(key);
        Id::new((User::id(voter), Article::id(article)))
    }

    fn number(id: &Id<Self>) -> u64 {
        let (voter, article) = id.key();
        vote_number(User::number(voter), Article::number(article))
    }

    fn row(&self) -> Row {
        Row::from([
            ("voter", Value::Key(*self.voter.key())),
            ("article", Value::Key(*self.article.key())),
            ("stars", Value::Number(self.stars)),
        ])
    }

    fn collections(&self) -> Vec<Shown> {
        Vec::new()
    }

    fn followed(em: &EntityManager, id: Id<Self>) -> Vec<(*const (), Option<*const ()>)> {
        let view = em.view(id);
        vec![reached!(em, view.voter()), reached!(em, view.article())]
    }
}
