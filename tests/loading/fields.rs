//! Single properties instead of entities.

use super::{Author, Book, Library, Portrait, ann};
use crate::support::{on_both_stores, refused};

#[test]
fn rows_are_tuples_of_what_was_asked_for_and_nothing_is_loaded() {
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        let (ann, books, _) = ann(&mut em)?;
        let rows: Vec<(String, String, u64)> = em
            .find::<Book>()
            .filter(|b| b.title().starts_with("F"))
            .order_by(|b| b.title().desc())
            .offset(1)
            .limit(2)
            .fields(|b| (b.title(), b.author().name(), b.author().id()))
            .all()?;
        let expected = [("Foo", "Ann", *ann.key()), ("Fog", "Ann", *ann.key())];
        assert_eq!(
            rows,
            expected.map(|(title, name, id)| (title.into(), name.into(), id))
        );
        assert!(!em.is_managed(ann) && books.iter().all(|book| !em.is_managed(*book)));
        assert_eq!(
            em.statistics().lookups,
            2,
            "one for the books, one for their authors"
        );

        let ids = em.find::<Book>().fields(|b| b.id()).all()?;
        assert_eq!(ids, books.map(|book| *book.key()));
        let first = em
            .find::<Book>()
            .order_by(|b| b.title().asc())
            .fields(|b| (b.title(),));
        assert_eq!(first.first()?, Some(("Bar".to_owned(),)));
        let none = em
            .find::<Book>()
            .filter(|b| b.title().eq("x"))
            .fields(|b| b.title());
        assert_eq!(none.first()?, None);
        Ok(())
    });
}

#[test]
fn the_key_of_a_reference_needs_no_look_up() {
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        let (ann, ..) = ann(&mut em)?;
        let before = em.statistics().lookups;
        let authors = em.find::<Book>().fields(|b| b.author().id()).all()?;
        assert_eq!(authors, [*ann.key(); 4]);
        assert_eq!(em.statistics().lookups - before, 1);
        Ok(())
    });
}

#[test]
fn what_is_behind_none_is_asked_for_as_optional() {
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        let (ann, ..) = ann(&mut em)?;
        let alone = em.create(Book::build().title("Alone").rating(Some(3)));
        let fields = em.find::<Book>().filter(|b| b.id().eq(*alone.key()));
        let rows = fields
            .fields(|b| (b.title(), b.rating(), b.author().name().optional()))
            .all()?;
        assert_eq!(rows, [("Alone".to_owned(), Some(3), None)]);
        let error = refused(em.find::<Book>().fields(|b| b.author().name()).all());
        assert_eq!(
            error.to_string(),
            format!(
                "Book: there is no `author.name` of Book {alone}, since a relation or an embedded value on the way is `None`; ask for it as \
                 `.optional()`, or only for rows that have it"
            )
        );

        // Behind an inverse one-to-one relation there is one row, too, or none.
        em.create(Portrait::build().painter("Bob").author(ann));
        em.create(Author::build().name("Cid"));
        let painters = em
            .find::<Author>()
            .fields(|a| (a.name(), a.portrait().painter().optional()));
        let expected = [
            ("Ann".to_owned(), Some("Bob".to_owned())),
            ("Cid".to_owned(), None),
        ];
        assert_eq!(painters.all()?, expected);
        let deep = em
            .find::<Portrait>()
            .fields(|p| p.author().portrait().painter());
        assert_eq!(deep.all()?, ["Bob"]);
        Ok(())
    });
}

#[test]
fn what_is_pending_is_seen() {
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        let (ann, ..) = ann(&mut em)?;
        em.find_one(ann).or_fail()?;
        em[ann].name = "Zoe".into();
        let names = em.find::<Book>().limit(1).fields(|b| b.author().name());
        assert_eq!(names.all()?, ["Zoe"]);
        Ok(())
    });
}
