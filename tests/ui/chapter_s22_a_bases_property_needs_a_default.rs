//! What the base requires, no entity could be created with.

use musher::prelude::*;

#[derive(BaseEntity, Debug)]
struct Base {
    #[orm(primary_key)]
    id: Pk,
    created_at: u64,
}

fn main() {}
