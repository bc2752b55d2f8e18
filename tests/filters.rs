//! Filters that lead through relations, on both stores.

mod support;

use musher::prelude::*;
use support::for_each_store;

#[derive(Entity, Debug)]
struct Author {
    #[orm(primary_key)]
    id: Pk,
    name: String,
    #[orm(one_to_many(mapped_by = author))]
    books: Collection<Book>,
}

#[derive(Entity, Debug)]
struct Book {
    #[orm(primary_key)]
    id: Pk,
    title: String,
    #[orm(many_to_one)]
    author: Id<Author>,
    #[orm(many_to_many)]
    tags: Collection<Tag>,
}

#[derive(Entity, Debug)]
struct Tag {
    #[orm(primary_key)]
    id: Pk,
    name: String,
}
