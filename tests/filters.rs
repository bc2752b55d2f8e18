//! Filters that lead through relations.

mod support;

use musher::prelude::*;
use musher::{Orm, Result};
use support::on_both_stores;

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

/// Two authors; the first has two books, one of them with two tags.
fn shelf(orm: &Orm) -> Result<[Id<Author>; 2]> {
    let mut em = orm.em();
    let first = em.create(Author::build().name("Anna"));
    let second = em.create(Author::build().name("Bert"));
    let tags = [Tag::build().name("red"), Tag::build().name("old")];
    em.create(Book::build().title("One").author(first).tags(tags));
    em.create(Book::build().title("Two").author(first));
    em.create(Book::build().title("Three").author(second));
    em.flush()?;
    Ok([first, second])
}

#[test]
fn behind_a_collection_one_item_that_compares_so_is_enough() {
    on_both_stores::<(Author, Book, Tag)>(|orm| {
        let [first, second] = shelf(orm)?;
        let mut em = orm.em();
        let two = em
            .find::<Author>()
            .filter(|a| a.books().title().eq("Two"))
            .all()?;
        assert_eq!(two, [first]);
        let red = em
            .find::<Author>()
            .filter(|a| a.books().tags().name().eq("red"))
            .all()?;
        assert_eq!(red, [first]);
        let three = em
            .find::<Author>()
            .filter(|a| a.books().title().eq("Three"))
            .all()?;
        assert_eq!(three, [second]);
        assert_eq!(
            em.find::<Book>()
                .filter(|b| b.tags().name().eq("blue"))
                .count()?,
            0
        );
        Ok(())
    });
}

#[test]
fn behind_a_collection_not_equal_means_that_no_item_is_equal() {
    on_both_stores::<(Author, Book, Tag)>(|orm| {
        let [_, second] = shelf(orm)?;
        let mut em = orm.em();
        let others = em
            .find::<Author>()
            .filter(|a| a.books().title().ne("One"))
            .all()?;
        assert_eq!(others, [second]);
        Ok(())
    });
}

#[test]
fn the_key_of_a_reference_is_found_by_its_index_and_reads_no_target() {
    on_both_stores::<(Author, Book, Tag)>(|orm| {
        let [first, second] = shelf(orm)?;
        let mut em = orm.em();
        let books = em
            .find::<Book>()
            .filter(|b| b.author().id().eq(*first.key()))
            .all()?;
        assert_eq!(books.len(), 2);
        let statistics = em.statistics();
        assert_eq!((statistics.lookups, statistics.rows_read), (1, 2));
        let neither = em.find::<Book>().filter(|b| {
            b.author()
                .id()
                .ne(*first.key())
                .and(b.author().id().lt(*second.key()))
        });
        assert_eq!(neither.count()?, 0);
        Ok(())
    });
}
