//! A relation takes entities, builders and ids of its target.

use musher::prelude::*;

#[derive(Entity, Debug)]
struct User {
    #[orm(primary_key)]
    id: Pk,
    name: String,
    #[orm(one_to_many(mapped_by = author))]
    articles: Collection<Article>,
}

#[derive(Entity, Debug)]
struct Article {
    #[orm(primary_key)]
    id: Pk,
    title: String,
    text: Lazy<String>,
    #[orm(many_to_one(inversed_by = articles))]
    author: Id<User>,
    #[orm(many_to_many)]
    tags: Collection<Tag>,
}

#[derive(Entity, Debug)]
struct Tag {
    #[orm(primary_key)]
    id: Pk,
    name: String,
}

fn main() {}

fn another_entity(em: &mut EntityManager, tag: Id<Tag>) {
    em.create(Article::build().title("Foo").text("Lorem").author(tag));
}

fn a_bare_key(em: &mut EntityManager) {
    em.create(Article::build().title("Foo").text("Lorem").author(1));
}

fn set(em: &mut EntityManager, article: Id<Article>, tag: Id<Tag>) {
    em.edit(article).set_author(tag);
}
