//! What a base can't hold.

use musher::prelude::*;

#[derive(BaseEntity)]
#[orm(name = "base", on_load = Base::load)]
struct Base {
    #[orm(primary_key)]
    id: u64,
    title: String,
    text: Lazy<String>,
    #[orm(many_to_one)]
    author: Id<User>,
    #[orm(base)]
    inner: Inner,
}

fn main() {}
