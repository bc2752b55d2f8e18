//! A primary key is generated, or made of properties, and there is one.

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
