//! An operator exists for the types that have it, and a collection is asked how many of its items meet a
//! condition: they have no one value to compare or to order by.

use std::collections::BTreeMap;

use musher::prelude::*;

#[derive(Entity, Debug)]
struct Article {
    #[orm(primary_key)]
    id: Pk,
    title: String,
    rating: u8,
    settings: BTreeMap<String, String>,
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

fn a_number_has_no_beginning(em: &mut EntityManager) {
    let _ = em.find::<Article>().filter(|a| a.rating().starts_with("5")).all();
}

fn a_map_has_no_order(em: &mut EntityManager) {
    let _ = em.find::<Article>().filter(|a| a.settings().lt(BTreeMap::new())).all();
    let _ = em.find::<Article>().order_by(|a| a.settings().asc()).all();
}

fn what_is_required_is_never_none(em: &mut EntityManager) {
    let _ = em.find::<Article>().filter(|a| a.title().is_none()).all();
}

fn many_items_have_no_one_value(em: &mut EntityManager) {
    let _ = em.find::<Article>().filter(|a| a.tags().name().eq("rust")).all();
    let _ = em.find::<Article>().order_by(|a| a.tags().name().asc()).all();
}

fn a_number_of_items_is_no_condition(em: &mut EntityManager) {
    let _ = em.find::<Article>().filter(|a| a.tags().count()).all();
}

fn a_condition_on_items_is_one_on_the_item(em: &mut EntityManager) {
    let _ = em.find::<Article>().filter(|a| a.tags().any(|t| t.title().eq("rust"))).all();
}
