//! Populate paths that come from outside.

use musher::prelude::*;

use super::{Book, Library, ann};
use crate::support::{on_both_stores, refused};

#[derive(Entity, Debug)]
struct Account {
    #[orm(primary_key)]
    id: Pk,
    #[orm(hidden)]
    secret: Lazy<String>,
    note: Lazy<String>,
    #[orm(hidden, many_to_one)]
    owner: Option<Id<Account>>,
}

#[test]
fn a_path_of_names_populates_as_a_typed_one_does() {
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        let (ann, books, tags) = ann(&mut em)?;
        em.find_one(books[0])
            .populate_dyn(&["author.books", "tags", "text"])?
            .or_fail()?;
        assert_eq!(em[ann].books.ids(), books);
        assert_eq!(em[books[0]].tags.ids(), tags);
        assert_eq!(em.view(books[0]).text(), "");
        let all = em.find::<Book>().populate_dyn(["tags".to_owned()])?.all()?;
        assert!(all.iter().all(|book| em[*book].tags.is_initialized()));
        em.populate_dyn(ann, ["portrait"])?;
        assert_eq!(em[ann].portrait.get(), None);
        Ok(())
    });
}

#[test]
fn a_wrong_path_is_an_error_that_says_what_there_is_and_nothing_is_loaded() {
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        let (_, books, _) = ann(&mut em)?;
        let mut message = |path: &str| {
            let found = em.find_one(books[0]).populate_dyn(["tags", path]);
            let error = refused(found.and_then(musher::FindOne::one));
            assert!(matches!(error, Error::Query { .. }));
            assert!(!em.is_managed(books[0]));
            error.to_string()
        };
        let at = |path: &str, step: &str| {
            format!("Book: the populate path `{path}` can't be followed at `{step}`: ")
        };
        assert_eq!(
            message("author.boks"),
            at("author.boks", "boks")
                + "Author has no such relation or lazy property (did you mean `books`?); what can be populated of \
                   Author is `books`, `portrait`"
        );
        assert_eq!(
            message("xyz"),
            at("xyz", "xyz")
                + "Book has no such relation or lazy property; what can be populated of Book is `text`, `author`, `tags`"
        );
        assert_eq!(
            message("title"),
            at("title", "title")
                + "it is a plain property of Book, and is loaded with it; what can be populated of Book is `text`, \
                   `author`, `tags`"
        );
        assert_eq!(
            message("text.tags"),
            at("text.tags", "tags") + "what is before it is a lazy property, and leads nowhere"
        );
        assert!(message("").starts_with(&at("", "")));
        assert!(message("author.").starts_with(&at("author.", "")));
        Ok(())
    });
}

#[test]
fn what_is_hidden_is_no_step_and_is_not_told_of() {
    on_both_stores::<Account>(|orm| {
        let mut em = orm.em();
        let account = em.create(Account::build().secret("x").note("y"));
        em.flush()?;
        for hidden in ["secret", "owner"] {
            let error = refused(em.populate_dyn(account, [hidden])).to_string();
            assert!(
                error.ends_with("; what can be populated of Account is `note`"),
                "{error}"
            );
            assert!(!error.contains("did you mean"), "{error}");
        }
        em.populate_dyn(account, ["note"])
    });
}
