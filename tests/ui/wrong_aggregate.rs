//! Sums are of numbers, groups by what has an order, and aggregates of aggregates.

use musher::prelude::*;

#[derive(Entity, Debug)]
struct Article {
    #[orm(primary_key)]
    id: Pk,
    title: String,
    rating: f64,
    #[orm(many_to_many)]
    tags: Collection<Tag>,
}

#[derive(Entity, Debug)]
struct Tag {
    #[orm(primary_key)]
    id: Pk,
}

fn main() {}

fn the_sum_of_texts(em: &mut EntityManager) {
    let _ = em.find::<Article>().aggregate(|a| a.title().sum());
}

fn no_aggregate(em: &mut EntityManager) {
    let _ = em.find::<Article>().aggregate(|a| (a.rating().max(), a.title()));
}

fn groups_without_an_order(em: &mut EntityManager) {
    let _ = em.find::<Article>().group_by(|a| a.rating()).aggregate(|a| a.id().count());
}
