//! `em.lock` compares versions, so the entity needs one.

use musher::prelude::*;

#[derive(Entity, Debug)]
struct Tag {
    #[orm(primary_key)]
    id: Pk,
}

fn main() {
    let orm = Orm::builder().entities::<Tag>().in_memory().unwrap();
    let mut em = orm.em();
    let tag = em.create(Tag::build());
    em.lock(tag, 1).unwrap();
}
