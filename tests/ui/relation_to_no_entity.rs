//! A relation refers to an entity.

use musher::prelude::*;

struct User;

#[derive(Entity)]
struct Article {
    #[orm(primary_key)]
    id: Pk,
    #[orm(many_to_one)]
    author: Id<User>,
}

fn main() {}
