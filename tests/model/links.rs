//! Collections and references by their names: how each is written, read and counted.

use std::collections::BTreeSet;

use musher::CollectionEdit;
use musher::prelude::*;

use super::adapter::Modelled;
use super::domain::{Article, Comment, Node, Tag, User};
use super::state::Kind;

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
        (Kind::Cover | Kind::Comment | Kind::Vote, _) => unreachable!("it has no such collection"),
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
        (Kind::Cover | Kind::Comment | Kind::Vote, _) => unreachable!("it has no such collection"),
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
        (Kind::Cover | Kind::Comment | Kind::Vote, _) => unreachable!("it has no such collection"),
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
        (Kind::Cover | Kind::Comment | Kind::Vote, _) => unreachable!("it has no such collection"),
    }
}

/// The items whose text the database says is this one; whether they become instances is all the same.
pub fn matching_items(
    em: &mut EntityManager,
    (kind, key): (Kind, u64),
    name: &str,
    text: &str,
) -> musher::Result<BTreeSet<u64>> {
    fn numbers<T: Modelled>(ids: musher::Result<Vec<Id<T>>>) -> musher::Result<BTreeSet<u64>> {
        Ok(ids?.iter().map(T::number).collect())
    }
    match (kind, name) {
        (Kind::User, _) => numbers(
            em.edit(User::id(key))
                .articles()
                .matching(|a| a.title().eq(text))
                .all(),
        ),
        (Kind::Article, "tags") => numbers(
            em.edit(Article::id(key))
                .tags()
                .matching(|t| t.colour().eq(text))
                .all(),
        ),
        (Kind::Article, _) => numbers(
            em.edit(Article::id(key))
                .comments()
                .matching(|c| c.body().eq(text))
                .ids(),
        ),
        (Kind::Tag, _) => numbers(
            em.edit(Tag::id(key))
                .articles()
                .matching(|a| a.title().eq(text))
                .ids(),
        ),
        (Kind::Node, _) => numbers(
            em.edit(Node::id(key))
                .children()
                .matching(|n| n.label().eq(text))
                .all(),
        ),
        (Kind::Cover | Kind::Comment | Kind::Vote, _) => unreachable!("it has no such collection"),
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
