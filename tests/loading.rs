//! What is loaded of a graph, and what is left out: options of populate hints, named filters, queries
//! among the items of a collection. On both stores.

mod support;

#[path = "loading/choices.rs"]
mod choices;
#[path = "loading/dynamic.rs"]
mod dynamic;
#[path = "loading/exclude.rs"]
mod exclude;
#[path = "loading/fields.rs"]
mod fields;
#[path = "loading/matching.rs"]
mod matching;
#[path = "loading/named_filters.rs"]
mod named_filters;
#[path = "loading/partial.rs"]
mod partial;

#[path = "loading/pivot.rs"]
mod pivot;

use musher::prelude::*;

#[derive(Entity, Debug)]
struct Author {
    #[orm(primary_key)]
    id: Pk,
    name: String,
    #[orm(one_to_many(mapped_by = author))]
    books: Collection<Book>,
    #[orm(one_to_one(mapped_by = author))]
    portrait: Inverse<Portrait>,
}

#[derive(Entity, Debug)]
struct Book {
    #[orm(primary_key)]
    id: Pk,
    title: String,
    #[orm(default)]
    rating: Option<i16>,
    #[orm(default)]
    text: Lazy<String>,
    #[orm(many_to_one)]
    author: Option<Id<Author>>,
    #[orm(many_to_many)]
    tags: Collection<Tag>,
}

#[derive(Entity, Debug)]
struct Tag {
    #[orm(primary_key)]
    id: Pk,
    name: String,
    #[orm(many_to_many(mapped_by = tags))]
    books: Collection<Book>,
}

#[derive(Entity, Debug)]
struct Portrait {
    #[orm(primary_key)]
    id: Pk,
    painter: String,
    #[orm(one_to_one)]
    author: Id<Author>,
}

type Library = (Author, Book, Tag, Portrait);

type Shelf = (Id<Author>, [Id<Book>; 4], [Id<Tag>; 2]);

/// Ann with four books, of which Foo and Fox have the tag a, and Foo the tag b too.
fn ann(em: &mut EntityManager) -> musher::Result<Shelf> {
    let ann = em.create(Author::build().name("Ann"));
    let books =
        ["Foo", "Bar", "Fox", "Fog"].map(|title| em.create(Book::build().title(title).author(ann)));
    let tags = ["a", "b"].map(|name| em.create(Tag::build().name(name)));
    em.edit(books[0]).tags().add(tags);
    em.edit(books[2]).tags().add(tags[0]);
    em.flush()?;
    em.clear();
    Ok((ann, books, tags))
}

/// The titles that a collection shows, in its order.
fn titles(em: &EntityManager, author: Id<Author>) -> Vec<String> {
    let books = em.view(author).books();
    books.iter().map(|book| book.title.clone()).collect()
}
