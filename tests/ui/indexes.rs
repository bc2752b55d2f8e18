//! What can be no part of an index, and what only the compiler can tell of one.

use musher::prelude::*;

#[derive(BaseEntity)]
struct Base {
    #[orm(primary_key)]
    id: Pk,
    #[orm(default)]
    rank: u8,
}

#[derive(Entity)]
#[orm(index(title, titel), unique(text, tags), index(author), unique(cache, id), index(length: u64 = text.len() as u64))]
struct Article {
    #[orm(primary_key)]
    id: Pk,
    title: String,
    text: Lazy<String>,
    #[orm(skip)]
    cache: u8,
    #[orm(many_to_one)]
    author: Id<Person>,
    #[orm(many_to_many)]
    tags: Collection<Person>,
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct Photo;

#[derive(Entity)]
#[orm(
    index(name, ranc),
    index(photo, rank),
    index(each(name)),
    index(size: u8 = name.len()),
    index(face: Photo = face_of(photo))
)]
struct Person {
    #[orm(base)]
    base: Base,
    name: String,
    photo: Photo,
    #[orm(unique(each))]
    age: u8,
}

fn face_of(photo: &Photo) -> Photo {
    photo.clone()
}

fn main() {}
