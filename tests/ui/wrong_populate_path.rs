//! A populate hint is a path of relations and lazy properties that exist.

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

fn misspelt(em: &mut EntityManager, article: Id<Article>) {
    let _ = em.find_one(article).populate(|a| a.autor()).or_fail();
}

fn of_another_entity(em: &mut EntityManager, article: Id<Article>) {
    let _ = em.find_one(article).populate(|a| a.author().tags()).or_fail();
}

fn not_a_relation(em: &mut EntityManager, article: Id<Article>) {
    let _ = em.find_one(article).populate(|a| a.title()).or_fail();
}
