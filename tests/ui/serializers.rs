//! Groups are types; a serializer takes a reference to the value, a computed property one to the entity.

use musher::prelude::*;

struct Admin;

#[derive(Entity, Debug)]
struct Unknown {
    #[orm(primary_key)]
    id: Pk,
    #[orm(groups(Adnim))]
    balance: u64,
}

#[derive(Entity, Debug)]
#[orm(computed(loud = shout))]
struct Mistyped {
    #[orm(primary_key)]
    id: Pk,
    #[orm(groups(Admin), serializer = shout)]
    balance: u64,
}

fn shout(text: &str) -> String {
    text.to_uppercase()
}

fn main() {}
