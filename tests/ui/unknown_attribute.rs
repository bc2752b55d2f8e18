//! A misspelt or misplaced attribute is told what it was meant to be.

use musher::prelude::*;

#[derive(Entity)]
#[orm(beforeCreate = Article::check, unique)]
struct Article {
    #[orm(primaryKey)]
    id: Pk,
    #[orm(uniqe, index, index)]
    title: String,
    #[orm(nullable, length(100))]
    summary: String,
    #[orm(lazy)]
    text: String,
    #[orm(on_load = Article::check)]
    slug: String,
    #[orm(versioned)]
    version: u32,
}

fn main() {}
