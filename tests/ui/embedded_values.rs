//! An embedded value is a struct with its own derive, and paths lead to its properties.

use musher::prelude::*;

#[derive(Debug, Clone)]
struct Plain {
    city: String,
}

#[derive(Embedded, Debug, Clone)]
struct Address {
    city: String,
    #[orm(many_to_one)]
    owner: Id<Broken>,
}

#[derive(Embedded, Debug, Clone)]
struct Home {
    city: String,
}

#[derive(Entity, Debug)]
struct Broken {
    #[orm(primary_key)]
    id: Pk,
    #[orm(embedded)]
    plain: Plain,
}

#[derive(Entity, Debug)]
struct User {
    #[orm(primary_key)]
    id: Pk,
    #[orm(embedded)]
    home: Home,
    #[orm(embedded)]
    office: Option<Home>,
}

fn main() {}

fn misspelt(em: &mut EntityManager) {
    let _ = em.find::<User>().filter(|u| u.home().ctiy().eq("Graz")).all();
}

fn always_there(em: &mut EntityManager) {
    let _ = em.find::<User>().filter(|u| u.home().is_none()).all();
}

fn as_a_whole(em: &mut EntityManager) {
    let _ = em.find::<User>().order_by(|u| u.office()).all();
}
