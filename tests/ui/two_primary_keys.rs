//! An entity has one primary key.

use musher::prelude::*;

#[derive(Entity)]
struct Article {
    #[orm(primary_key)]
    id: Pk,
    #[orm(primary_key)]
    slug: String,
}

#[derive(Entity)]
struct Tag {
    name: String,
}

fn main() {}
