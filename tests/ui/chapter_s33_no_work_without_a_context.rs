//! A database has no identity map; a unit of work has, and one thread uses it.

use std::thread;

use musher::prelude::*;

#[derive(Entity, Debug)]
struct Tag {
    #[orm(primary_key)]
    id: Pk,
    name: String,
}

fn main() {}

fn on_the_database(orm: &Orm) {
    orm.create(Tag::build().name("new"));
}

fn on_two_threads(em: &mut EntityManager) {
    thread::scope(|scope| {
        scope.spawn(|| em.flush());
        scope.spawn(|| em.flush());
    });
}
