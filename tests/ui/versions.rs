//! A version is a number in the row, and there is one of it.

use musher::prelude::*;

#[derive(Entity, Debug)]
struct Twice {
    #[orm(primary_key)]
    id: Pk,
    #[orm(version)]
    version: u64,
    #[orm(version)]
    revision: u64,
}

#[derive(Entity, Debug)]
struct Indexed {
    #[orm(primary_key)]
    id: Pk,
    #[orm(version, index)]
    version: u64,
}

#[derive(Entity, Debug)]
struct Apart {
    #[orm(primary_key)]
    id: Pk,
    #[orm(version)]
    version: Lazy<u64>,
}

#[derive(Entity, Debug)]
struct Text {
    #[orm(primary_key)]
    id: Pk,
    #[orm(version)]
    version: String,
}

fn main() {}
