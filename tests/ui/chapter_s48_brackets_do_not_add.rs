//! Brackets read a collection; links are changed by `em.edit(..)`.

use musher::prelude::*;

#[derive(Entity, Debug)]
struct Article {
    #[orm(primary_key)]
    id: Pk,
    #[orm(many_to_many)]
    tags: Collection<Tag>,
}

#[derive(Entity, Debug)]
struct Tag {
    #[orm(primary_key)]
    id: Pk,
}

fn main() {}

fn assign(em: &mut EntityManager, article: Id<Article>, tag: Id<Tag>) {
    em[article].tags[0] = tag;
}
