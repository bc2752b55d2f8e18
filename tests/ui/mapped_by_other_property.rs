//! The property named by `mapped_by` has to be a relation to this entity.

use musher::prelude::*;

#[derive(Entity)]
struct User {
    #[orm(primary_key)]
    id: Pk,
    #[orm(one_to_many(mapped_by = title))]
    articles: Collection<Article>,
    #[orm(one_to_many(mapped_by = tag))]
    others: Collection<Article>,
}

#[derive(Entity)]
struct Tag {
    #[orm(primary_key)]
    id: Pk,
}

#[derive(Entity)]
struct Article {
    #[orm(primary_key)]
    id: Pk,
    title: String,
    #[orm(many_to_one)]
    tag: Id<Tag>,
}

fn main() {}
