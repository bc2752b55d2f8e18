//! A stamp is a time.

use musher::prelude::*;

#[derive(Entity, Debug)]
struct Page {
    #[orm(primary_key)]
    id: Pk,
    #[orm(updated_at)]
    updated_at: u64,
}

fn main() {}
