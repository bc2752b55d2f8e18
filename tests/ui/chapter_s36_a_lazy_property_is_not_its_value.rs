//! A lazy property has to hold that it is not loaded.

use musher::prelude::*;

#[derive(Entity, Debug)]
struct Article {
    #[orm(primary_key)]
    id: Pk,
    text: Lazy<String>,
}

fn main() {}

fn text(em: &EntityManager, article: Id<Article>) -> &String {
    &em[article].text
}
