//! Queries among the items of a collection.

use super::{Author, Book, Library, ann};
use crate::support::on_both_stores;

#[test]
fn it_reads_and_changes_nothing_of_what_the_collection_shows() {
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        let (ann, books, [a, _]) = ann(&mut em)?;
        em.find_one(ann).or_fail()?;
        let found = em
            .edit(ann)
            .books()
            .matching(|b| b.title().starts_with("F"))
            .order_by(|b| b.title().asc())
            .offset(1)
            .limit(2)
            .populate(|b| b.tags())
            .all()?;
        assert_eq!(found, [books[0], books[2]]);
        assert!(em[books[2]].tags.contains(&a));
        assert!(!em[ann].books.is_initialized());

        em.clear();
        em.find_one(ann).or_fail()?;
        let mut edit = em.edit(ann);
        assert_eq!(
            edit.books()
                .matching(|b| b.tags().any(|t| t.id().eq(*a.key())))
                .ids()?,
            [books[0], books[2]]
        );
        assert_eq!(edit.books().find().count()?, 4);
        assert_eq!(
            edit.books().find().order_by(|b| b.title().asc()).first()?,
            Some(books[1])
        );
        assert!(edit.books().matching(|b| b.title().eq("Fog")).exists()?);
        assert!(!edit.books().matching(|b| b.title().eq("Fig")).exists()?);
        assert!(!em.is_managed(books[0]), "ids and counts load nothing");
        Ok(())
    });
}

#[test]
fn what_is_pending_counts() {
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        let (ann, books, [a, b]) = ann(&mut em)?;
        em.find_one(b).or_fail()?;
        em.find_one(ann).or_fail()?;
        // Links that were not flushed,
        em.edit(b)
            .books()
            .add([books[1], books[3]])
            .remove(books[0]);
        assert_eq!(em.edit(b).books().load_count()?, 2);
        assert_eq!(
            em.edit(b)
                .books()
                .matching(|b| b.title().starts_with("F"))
                .ids()?,
            [books[3]]
        );
        // and items that are new, were moved or removed.
        em.create(Book::build().title("Fad").author(ann));
        em.find_one(books[0]).or_fail()?;
        em[books[0]].author = None;
        em.find_one(books[2]).or_fail()?;
        em.remove(books[2]);
        let count = em
            .edit(ann)
            .books()
            .matching(|b| b.title().starts_with("F"))
            .count()?;
        assert_eq!(count, 2);
        assert_eq!(em.edit(ann).books().load_count()?, 3);
        assert_eq!(em.edit(b).books().load_count()?, 2);
        em.find_one(a).or_fail()?;
        assert_eq!(em.edit(a).books().load_count()?, 1);
        Ok(())
    });
}

#[test]
fn a_new_owner_has_items_too() {
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        let bob = em.create(Author::build().name("Bob"));
        let book = em.create(Book::build().title("Foo").author(bob));
        assert_eq!(
            em.edit(bob)
                .books()
                .matching(|b| b.title().eq("Foo"))
                .all()?,
            [book]
        );
        Ok(())
    });
}
