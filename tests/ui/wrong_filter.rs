//! A filter compares a property with a value of its type.

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

fn another_type(em: &mut EntityManager) {
    let _ = em.find::<Article>().filter(|a| a.title().eq(5)).all();
}

fn misspelt(em: &mut EntityManager) {
    let _ = em.find::<Article>().filter(|a| a.author().nmae().eq("Foo")).all();
}
