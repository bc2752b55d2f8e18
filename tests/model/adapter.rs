//! Between the entities and the model: rows out of instances, addresses to ids and back.

use musher::prelude::*;
use musher::{CollectionEdit, LoadStrategy, Managed};

use super::domain::{Article, Comment, Cover, Node, TAG_NAMES, Tag, User};
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
            a.text()
        ),
        |a| (
            a.author().articles(),
            a.editor().articles().cover(),
            a.cover().article(),
            a.tags().articles().text(),
            a.comments().article(),
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
        vec![shown("tags", &self.tags), shown("comments", &self.comments)]
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
        Row::from([("label", Value::text(&self.label))])
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

/// How a collection is changed.
#[derive(Debug, Clone)]
pub enum Change {
    Add(Vec<u64>),
    Remove(u64),
    Set(Vec<u64>),
    RemoveAll,
}

fn change<T: Modelled, U: Modelled>(
    mut collection: CollectionEdit<'_, T, U>,
    change: &Change,
) -> musher::Result<()> {
    let ids = |keys: &[u64]| keys.iter().map(|key| U::id(*key)).collect::<Vec<_>>();
    match change {
        Change::Add(keys) => drop(collection.add(ids(keys))),
        Change::Remove(key) => drop(collection.remove(U::id(*key))),
        Change::Set(keys) => drop(collection.set(ids(keys))?),
        Change::RemoveAll => drop(collection.remove_all()?),
    }
    Ok(())
}

/// Changes a collection of a loaded row.
pub fn change_collection(
    em: &mut EntityManager,
    (kind, key): (Kind, u64),
    name: &str,
    wanted: &Change,
) -> musher::Result<()> {
    match (kind, name) {
        (Kind::User, _) => change(em.edit(User::id(key)).articles(), wanted),
        (Kind::Article, "tags") => change(em.edit(Article::id(key)).tags(), wanted),
        (Kind::Article, _) => change(em.edit(Article::id(key)).comments(), wanted),
        (Kind::Tag, _) => change(em.edit(Tag::id(key)).articles(), wanted),
        (Kind::Node, _) => change(em.edit(Node::id(key)).children(), wanted),
        (Kind::Cover | Kind::Comment, _) => unreachable!("it has no such collection"),
    }
}

/// Replaces a collection of a loaded row by a plain assignment.
pub fn assign_collection(em: &mut EntityManager, (kind, key): (Kind, u64), name: &str, to: &[u64]) {
    fn made<T: Modelled>(keys: &[u64]) -> Collection<T> {
        keys.iter().map(|key| T::id(*key)).collect()
    }
    match (kind, name) {
        (Kind::User, _) => em[User::id(key)].articles = made(to),
        (Kind::Article, "tags") => em[Article::id(key)].tags = made(to),
        (Kind::Article, _) => em[Article::id(key)].comments = made(to),
        (Kind::Tag, _) => em[Tag::id(key)].articles = made(to),
        (Kind::Node, _) => em[Node::id(key)].children = made(to),
        (Kind::Cover | Kind::Comment, _) => unreachable!("it has no such collection"),
    }
}

/// Reads a collection anew.
pub fn init_collection(
    em: &mut EntityManager,
    (kind, key): (Kind, u64),
    name: &str,
) -> musher::Result<()> {
    match (kind, name) {
        (Kind::User, _) => em.edit(User::id(key)).articles().init().map(drop),
        (Kind::Article, "tags") => em.edit(Article::id(key)).tags().init().map(drop),
        (Kind::Article, _) => em.edit(Article::id(key)).comments().init().map(drop),
        (Kind::Tag, _) => em.edit(Tag::id(key)).articles().init().map(drop),
        (Kind::Node, _) => em.edit(Node::id(key)).children().init().map(drop),
        (Kind::Cover | Kind::Comment, _) => unreachable!("it has no such collection"),
    }
}

/// The number of items, asked of the database where the collection is not initialized.
pub fn count_collection(
    em: &mut EntityManager,
    (kind, key): (Kind, u64),
    name: &str,
) -> musher::Result<usize> {
    match (kind, name) {
        (Kind::User, _) => em.edit(User::id(key)).articles().load_count(),
        (Kind::Article, "tags") => em.edit(Article::id(key)).tags().load_count(),
        (Kind::Article, _) => em.edit(Article::id(key)).comments().load_count(),
        (Kind::Tag, _) => em.edit(Tag::id(key)).articles().load_count(),
        (Kind::Node, _) => em.edit(Node::id(key)).children().load_count(),
        (Kind::Cover | Kind::Comment, _) => unreachable!("it has no such collection"),
    }
}

/// Sets a to-one relation, so that both ends follow.
pub fn set_reference(em: &mut EntityManager, key: u64, property: &str, to: Option<u64>) {
    let required = "the reference is required";
    match property {
        "author" => {
            let author = Id::new(to.expect(required));
            em.edit(Article::id(key)).set_author(author);
        }
        "editor" => {
            em.edit(Article::id(key)).set_editor(to.map(Id::new));
        }
        "cover" => {
            em.edit(Article::id(key)).set_cover(to.map(Id::new));
        }
        "article" => {
            let article = Id::new(to.expect(required));
            em.edit(Comment::id(key)).set_article(article);
        }
        "parent" => {
            em.edit(Node::id(key)).set_parent(to.map(Id::new));
        }
        other => unreachable!("`{other}` is no reference"),
    }
}

/// Sets a to-one relation by a plain assignment.
pub fn assign_reference(em: &mut EntityManager, key: u64, property: &str, to: Option<u64>) {
    match property {
        "author" => em[Article::id(key)].author = Id::new(to.expect("it is required")),
        "editor" => em[Article::id(key)].editor = to.map(Id::new),
        "cover" => em[Article::id(key)].cover = to.map(Id::new),
        "article" => em[Comment::id(key)].article = Id::new(to.expect("it is required")),
        "parent" => em[Node::id(key)].parent = to.map(Id::new),
        other => unreachable!("`{other}` is no reference"),
    }
}
