//! What has no `#[derive(Entity)]` is no entity: it has no id, and can't be looked for.
//!
//! A relation to such a type says the same first, and then once more for everything generated that
//! needs the entity at the other end.

use musher::prelude::*;

struct User {
    name: String,
}

struct Page {
    author: Id<User>,
}

fn find(em: &mut EntityManager) {
    let _ = em.find::<User>();
}

fn main() {}
