//! Queries against a model: whatever way a query takes, by key, by index, along an index or over all
//! rows, it finds what a walk over plain values finds, in the same order. On both stores.

mod support;

#[path = "queries/aggregates.rs"]
mod aggregates;
#[path = "queries/composed.rs"]
mod composed;
#[path = "queries/explained.rs"]
mod explained;
#[cfg(feature = "regex")]
#[path = "queries/expressions.rs"]
mod expressions;
#[path = "queries/model.rs"]
mod model;
#[path = "queries/pages.rs"]
mod pages;
#[path = "queries/plain.rs"]
mod plain;
#[path = "queries/plans.rs"]
mod plans;
#[path = "queries/scans.rs"]
mod scans;
#[path = "queries/shelf.rs"]
mod shelf;
#[path = "queries/streams.rs"]
mod streams;

use musher::Filter;
use musher::prelude::*;
use support::on_both_stores;

#[derive(Entity, Debug)]
struct Author {
    #[orm(primary_key)]
    id: Pk,
    name: String,
    rank: Option<u8>,
}

#[derive(Entity, Debug)]
struct Book {
    #[orm(primary_key)]
    id: Pk,
    #[orm(index)]
    title: String,
    #[orm(unique)]
    isbn: Option<u32>,
    #[orm(index)]
    year: Option<i16>,
    pages: u16,
    #[orm(many_to_one)]
    author: Option<Id<Author>>,
    #[orm(many_to_many)]
    tags: Collection<Tag>,
}

#[derive(Entity, Debug)]
struct Tag {
    #[orm(primary_key)]
    name: String,
}

#[derive(Entity, Debug)]
struct Loan {
    #[orm(primary_key)]
    id: Pk,
    #[orm(many_to_one)]
    book: Id<Book>,
}

type Library = (Author, Book, Tag, Loan);

#[test]
fn like_follows_sql_and_matches_no_none() {
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        for title in ["Rust", "rust", "trust", "Robust"] {
            em.create(Book::build().title(title).pages(1));
        }
        em.flush()?;
        let mut like = |pattern: &str| {
            em.find::<Book>()
                .filter(|b| b.title().like(pattern))
                .count()
        };
        assert_eq!(like("%ust")?, 4);
        assert_eq!(like("R%")?, 2);
        assert_eq!(like("_ust")?, 2);
        assert_eq!(like("ru\\_t")?, 0);
        assert_eq!(
            em.find::<Tag>()
                .filter(|t| t.name().starts_with("x"))
                .count()?,
            0
        );
        em.create(Tag::build().name("xyz"));
        em.flush()?;
        assert_eq!(
            em.find::<Tag>()
                .filter(|t| t.name().starts_with("xy"))
                .count()?,
            1
        );
        assert_eq!(
            em.find::<Tag>()
                .filter(|t| t.name().ends_with("xy"))
                .count()?,
            0
        );
        Ok(())
    });
}

#[test]
fn conditions_are_put_together_at_run_time() {
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        for (title, pages) in [("a", 1), ("b", 2), ("c", 3)] {
            em.create(Book::build().title(title).pages(pages));
        }
        em.flush()?;
        let wanted = [("title", "a"), ("pages", "3")];
        let filter = |book: <Book as musher::Managed>::Path<Book>| {
            Filter::any(wanted.iter().map(|(property, value)| {
                match *property {
                    "title" => book.title().eq(*value),
                    _ => book
                        .pages()
                        .eq(value.parse::<u16>().expect("it is a number")),
                }
            }))
        };
        assert_eq!(em.find::<Book>().filter(filter).count()?, 2);
        assert_eq!(em.find::<Book>().filter(|_| Filter::all([])).count()?, 3);
        assert_eq!(em.find::<Book>().filter(|_| Filter::any([])).count()?, 0);
        Ok(())
    });
}

#[test]
fn ids_loads_nothing_and_first_follows_the_order() {
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        let [a, b] = ["a", "b"].map(|title| em.create(Book::build().title(title).pages(1)));
        em.flush()?;
        em.clear();
        let ids = em.find::<Book>().order_by(|b| b.title().desc()).ids()?;
        assert_eq!(ids, [b, a]);
        assert!(!em.is_managed(a) && !em.is_managed(b));
        assert_eq!(
            em.find::<Book>().order_by(|b| b.title().desc()).first()?,
            Some(b)
        );
        assert_eq!(
            em.find::<Book>().filter(|b| b.title().eq("c")).first()?,
            None
        );
        Ok(())
    });
}

// The property of the other entity was looked up among the properties of this one, and there are fewer.
#[test]
fn a_condition_on_an_entity_with_more_properties_is_judged() {
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        let ann = em.create(Author::build().name("Ann"));
        em.create(Book::build().title("a").pages(7).author(ann));
        em.create(Loan::build().book(Book::build().title("b").pages(3)));
        em.flush()?;
        let loans = em.find::<Loan>().filter(|l| l.book().pages().lt(5_u16));
        assert_eq!(loans.count()?, 1);
        let loans = em
            .find::<Loan>()
            .filter(|l| l.book().title().starts_with("a"));
        assert_eq!(loans.count()?, 0);
        Ok(())
    });
}

#[test]
fn pending_work_on_what_an_order_looks_at_is_flushed_first() {
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        let [ann, bob] = ["Ann", "Bob"].map(|name| em.create(Author::build().name(name)));
        let [one, two] =
            [ann, bob].map(|author| em.create(Book::build().title("a").pages(1).author(author)));
        em.flush()?;
        em[ann].name = "Zoe".into();
        let by_name = em
            .find::<Book>()
            .order_by(|b| b.author().name().asc())
            .all()?;
        assert_eq!(by_name, [two, one]);
        Ok(())
    });
}
