//! What a query leaves out are properties of the entity itself, and never its key.

use musher::prelude::*;

#[derive(Entity, Debug)]
struct User {
    #[orm(primary_key)]
    id: Pk,
    name: String,
}

#[derive(Entity, Debug)]
struct Article {
    #[orm(primary_key)]
    id: Pk,
    title: String,
    #[orm(many_to_one)]
    author: Id<User>,
}

fn main() {}

fn the_key(em: &mut EntityManager) {
    let _ = em.find::<Article>().exclude(|a| a.id()).all();
}

fn of_another_entity(em: &mut EntityManager) {
    let _ = em.find::<Article>().exclude(|a| (a.title(), a.author().name())).all();
}

fn what_is_populated(em: &mut EntityManager) {
    let _ = em.find::<Article>().populate(|a| a.author()).exclude(|a| a.title()).all();
}
