//! A builder without a required property names it.

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

fn without_text(em: &mut EntityManager, user: Id<User>) {
    em.create(Article::build().title("Foo").author(user));
}

fn without_author(em: &mut EntityManager) {
    em.create(Article::build().title("Foo").text("Lorem ipsum"));
}

fn in_a_graph(em: &mut EntityManager, user: Id<User>) {
    em.create(Article::build().title("Foo").text("Lorem").author(user).tags([Tag::build()]));
}
