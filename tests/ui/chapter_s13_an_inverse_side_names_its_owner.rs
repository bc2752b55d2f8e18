//! The inverse side of a relation does not stand alone.

use musher::prelude::*;

#[derive(Entity, Debug)]
struct User {
    #[orm(primary_key)]
    id: Pk,
    #[orm(one_to_many)]
    articles: Collection<Article>,
}

#[derive(Entity, Debug)]
struct Article {
    #[orm(primary_key)]
    id: Pk,
}

fn main() {}
