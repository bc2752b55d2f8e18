//! The property named by `mapped_by` or `inversed_by` has to be there.

use musher::prelude::*;

#[derive(Entity)]
struct User {
    #[orm(primary_key)]
    id: Pk,
    #[orm(one_to_many(mapped_by = autor))]
    articles: Collection<Article>,
}

#[derive(Entity)]
struct Article {
    #[orm(primary_key)]
    id: Pk,
    #[orm(many_to_one(inversed_by = article))]
    author: Id<User>,
}

fn main() {}
