//! The message names what is missing, and nothing that has a default.

use musher::prelude::*;

#[derive(BaseEntity, Debug)]
struct Base {
    #[orm(primary_key)]
    id: Pk,
    #[orm(default = 0)]
    created_at: u64,
}

#[derive(Entity, Debug)]
struct User {
    #[orm(base)]
    base: Base,
    full_name: String,
}

#[derive(Entity, Debug)]
struct Article {
    #[orm(base)]
    base: Base,
    #[orm(unique, default = title.to_lowercase())]
    slug: String,
    title: String,
    text: Lazy<String>,
    #[orm(many_to_one)]
    author: Id<User>,
}

fn main() {}

fn without_text(em: &mut EntityManager, user: Id<User>) {
    em.create(Article::build().title("Foo is Bar").author(user));
}
