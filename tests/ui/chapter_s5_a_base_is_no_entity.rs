//! A base entity has no table of its own.

use musher::prelude::*;

#[derive(BaseEntity, Debug)]
struct Base {
    #[orm(primary_key)]
    id: Pk,
}

fn main() {
    let _ = Orm::builder().entities::<Base>().in_memory();
}
