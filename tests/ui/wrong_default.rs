//! A default has the type of its property, and reads what is there before it.

use musher::prelude::*;

#[derive(Entity)]
struct Article {
    #[orm(primary_key)]
    id: Pk,
    #[orm(default = "many")]
    count: u32,
    #[orm(default = 5)]
    featured: bool,
    #[orm(default = label.len())]
    length: usize,
    #[orm(default)]
    label: String,
}

fn main() {}
