//! Texts compared with regular expressions.

use musher::prelude::*;

use super::{Author, Book, Library};
use crate::support::{on_both_stores, refused};

#[test]
fn a_text_matches_a_regular_expression_somewhere_or_where_it_is_anchored() {
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        for title in ["Rust 2021", "rust", "Trust", "Über Rust"] {
            em.create(Book::build().title(title).pages(1));
        }
        em.flush()?;
        let mut count = |pattern: &str| {
            em.find::<Book>()
                .filter(|b| b.title().matches(pattern))
                .count()
        };
        assert_eq!(count("ust")?, 4);
        assert_eq!(count("^[Rr]ust")?, 2);
        assert_eq!(count(r"\d{4}$")?, 1);
        assert_eq!(count("(?i)^rust$")?, 1);
        assert_eq!(count(r"^\p{Lu}ber")?, 1);
        Ok(())
    });
}

#[test]
fn none_matches_nothing_and_is_found_by_the_opposite() {
    #[derive(Entity, Debug)]
    struct Note {
        #[orm(primary_key)]
        id: Pk,
        text: Option<String>,
    }
    on_both_stores::<Note>(|orm| {
        let mut em = orm.em();
        em.create(Note::build());
        let any = em.find::<Note>().filter(|n| n.text().matches(".*"));
        assert_eq!(any.count()?, 0);
        let none = em.find::<Note>().filter(|n| n.text().matches(".*").not());
        assert_eq!(none.count()?, 1);
        Ok(())
    });
}

#[test]
fn a_literal_beginning_is_found_by_the_index() {
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        for at in 0..50_u16 {
            em.create(Book::build().title(format!("book {at:02}")).pages(at));
        }
        let query = em
            .find::<Book>()
            .filter(|b| b.title().matches("^book 1[2-4]"));
        let explanation = query.explain()?;
        assert_eq!(explanation.access, "index on title, range");
        assert_eq!((explanation.rows_examined, explanation.rows_found), (10, 3));
        Ok(())
    });
}

#[test]
fn what_is_no_regular_expression_is_an_error_when_the_query_ends() {
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        em.create(Author::build().name("Ann"));
        let error = refused(
            em.find::<Book>()
                .filter(|b| b.author().name().matches("(a"))
                .all(),
        );
        let text = error.to_string();
        let expected =
            "Book: `author.name` is compared with a pattern, but \"(a\" is no regular expression: ";
        assert!(
            text.starts_with(expected) && text.contains("unclosed group"),
            "{text}"
        );
        let in_items = |q: musher::Find<'_, Book>| {
            q.filter(|b| b.tags().any(|t| t.name().matches("[").not()))
                .limit(0)
                .all()
        };
        let error = refused(in_items(em.find::<Book>()));
        assert!(
            error.to_string().starts_with("Book: `name` is compared"),
            "{error}"
        );
        assert!(
            em.find::<Book>()
                .filter(|b| b.title().matches("*"))
                .count()
                .is_err()
        );
        assert!(
            em.find::<Book>()
                .filter(|b| b.title().matches("*"))
                .explain()
                .is_err()
        );
        Ok(())
    });
}
