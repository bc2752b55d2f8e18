//! The rules of the derives, each broken once; all are reported at once.

use musher::prelude::*;

#[derive(Entity)]
struct Article {
    #[orm(primary_key, hidden)]
    id: Pk,
    other_id: Pk,
    author: Id<User>,
    #[orm(many_to_one)]
    editor: User,
    #[orm(many_to_one(mapped_by = articles))]
    reader: Id<User>,
    #[orm(many_to_one(on_delete = set_null))]
    owner: Id<User>,
    #[orm(many_to_one, unique)]
    cover: Id<Image>,
    #[orm(many_to_one, length = 4, default = 5, on_update = 6)]
    place: Id<Place>,
    #[orm(one_to_many)]
    comments: Collection<Comment>,
    #[orm(one_to_many(mapped_by = article, on_delete = cascade))]
    notes: Collection<Note>,
    #[orm(many_to_many(mapped_by = articles, inversed_by = articles))]
    tags: Collection<Tag>,
    #[orm(one_to_one)]
    page: Inverse<Page>,
    #[orm(unique)]
    text: Lazy<String>,
    summary: Option<Lazy<String>>,
    #[orm(many_to_one)]
    is_initialized: Id<User>,
    #[orm(skip, index)]
    cache: Vec<u8>,
    #[orm(base, hidden)]
    base: Base,
    #[orm(base)]
    second: Base,
}

#[derive(Entity)]
struct Generic<T> {
    #[orm(primary_key)]
    id: Pk,
    value: T,
}

#[derive(Entity)]
struct Tuple(u64);

#[derive(Entity)]
enum Choice {
    One,
}

fn main() {}
