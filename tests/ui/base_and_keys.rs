//! The primary key is in the base or in the entity, not in both and not in neither.

use musher::prelude::*;

#[derive(BaseEntity)]
struct Keyed {
    #[orm(primary_key)]
    id: Pk,
}

#[derive(BaseEntity)]
struct Keyless {
    #[orm(default)]
    note: String,
}

#[derive(Entity)]
struct Both {
    #[orm(base)]
    base: Keyed,
    #[orm(primary_key)]
    id: Pk,
}

#[derive(Entity)]
struct Neither {
    #[orm(base)]
    base: Keyless,
}

fn main() {}
