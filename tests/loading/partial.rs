//! A collection that shows a part of its items, and what may be done with it.

use musher::prelude::*;

use super::{Author, Book, Library, ann, titles};
use crate::support::{on_both_stores, refused};

fn with_f(em: &mut EntityManager, author: Id<Author>) -> musher::Result<()> {
    em.populate(author, |a| {
        a.books().filter(|b| b.title().starts_with("F")).limit(2)
    })
    .map(drop)
}

#[test]
fn it_says_that_it_is_partial() {
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        let (ann, ..) = ann(&mut em)?;
        em.find_one(ann).or_fail()?;
        with_f(&mut em, ann)?;
        assert_eq!(titles(&em, ann), ["Foo", "Fox"]);
        assert!(em[ann].books.is_partial() && em[ann].books.is_initialized());
        assert!(em.view(ann).books().is_partial() && em.edit(ann).books().is_partial());
        let printed = format!("{:?}", em[ann].books);
        assert!(printed.contains("partial: true"), "{printed}");
        let printed = format!("{:?}", em.view(ann));
        assert!(printed.contains("partial: true"), "{printed}");
        Ok(())
    });
}

#[test]
fn serialization_says_what_is_there() {
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        let (ann, books, _) = ann(&mut em)?;
        em.find_one(ann).or_fail()?;
        with_f(&mut em, ann)?;
        let json = serde_json::to_value(em.serialize(ann)).expect("it can be written");
        assert_eq!(json["books"], serde_json::json!([books[0], books[2]]));
        Ok(())
    });
}

#[test]
fn items_are_added_and_removed_by_id_and_nothing_else_goes() {
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        let (ann, books, _) = ann(&mut em)?;
        em.find_one(ann).or_fail()?;
        with_f(&mut em, ann)?;
        let new = em.create(Book::build().title("New"));
        // Bar is not shown, Foo is.
        em.edit(ann).books().add(new).remove([books[0], books[1]]);
        assert_eq!(em[ann].books.ids(), [books[2], new]);
        em.flush()?;
        assert!(!em[ann].books.is_dirty() && em[ann].books.is_partial());
        em.edit(ann).books().init()?;
        assert_eq!(em[ann].books.ids(), [books[2], books[3], new]);
        assert!(!em[ann].books.is_partial());
        Ok(())
    });
}

#[test]
fn links_are_added_and_removed_by_id_and_nothing_else_goes() {
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        let (_, books, [a, b]) = ann(&mut em)?;
        em.find_one(a).populate(|t| t.books().limit(1)).or_fail()?;
        assert_eq!(em[a].books.ids(), [books[0]]);
        em.edit(a)
            .books()
            .add([books[0], books[1]])
            .remove(books[2]);
        em.flush()?;
        assert_eq!(em[a].books.ids(), [books[0], books[1]]);
        em.populate(a, |t| t.books())?;
        assert_eq!(em[a].books.ids(), [books[0], books[1]]);
        em.find_one(b).populate(|t| t.books()).or_fail()?;
        assert_eq!(em[b].books.ids(), [books[0]]);
        Ok(())
    });
}

#[test]
fn it_is_not_replaced_as_a_whole() {
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        let (ann, books, [a, _]) = ann(&mut em)?;
        em.find_one(ann).or_fail()?;
        with_f(&mut em, ann)?;
        let message = "Author.books holds a part of its items, and the rest is not loaded; what is not shown would be \
                       judged unseen; load all of it first, with `em.edit(id).books().init()` or a populate hint \
                       without filter, offset and limit";
        assert_eq!(
            refused(em.edit(ann).books().set(books[0])).to_string(),
            message
        );
        assert_eq!(
            refused(em.edit(ann).books().remove_all()).to_string(),
            message
        );
        assert_eq!(
            refused(em.edit(ann).books().remove_if(|_| true)).to_string(),
            message
        );
        // Neither when the list was assigned,
        em[ann].books = [books[0]].into_iter().collect();
        assert_eq!(refused(em.flush()).to_string(), message);
        assert_eq!(refused(em.find::<Book>().all()).to_string(), message);
        // until all of it is there.
        em.edit(ann).books().init()?;
        assert_eq!(em[ann].books.ids(), books);
        em[ann].books = [books[0]].into_iter().collect();
        em.flush()?;
        assert_eq!(em[books[1]].author, None);
        // The other way round: a part is no list for somebody else.
        em.find_one(a).populate(|t| t.books().limit(1)).or_fail()?;
        let tags = em.find::<super::Tag>().all()?;
        em[tags[1]].books = em[a].books.clone();
        assert!(
            refused(em.flush())
                .to_string()
                .starts_with("Tag.books holds a part")
        );
        Ok(())
    });
}

#[test]
fn a_rolled_back_populate_leaves_the_collection_as_it_was() {
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        let (ann, books, _) = ann(&mut em)?;
        em.find_one(ann).populate(|a| a.books()).or_fail()?;
        em.begin();
        with_f(&mut em, ann)?;
        assert!(em[ann].books.is_partial());
        em.rollback();
        assert_eq!(em[ann].books.ids(), books);
        em.edit(ann).books().set(books[0])?;
        em.flush()
    });
}

#[test]
fn an_order_alone_shows_all_and_the_collection_is_whole() {
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        let (ann, books, _) = ann(&mut em)?;
        em.find_one(ann)
            .populate(|a| a.books().order_by(|b| b.title().asc()))
            .or_fail()?;
        assert_eq!(titles(&em, ann), ["Bar", "Fog", "Foo", "Fox"]);
        assert!(!em[ann].books.is_partial());
        em.edit(ann).books().set(books[0])?;
        em.flush()?;
        assert_eq!(
            em.find::<Book>()
                .filter(|b| b.author().name().ne("Ann"))
                .count()?,
            3
        );
        Ok(())
    });
}

#[test]
fn what_is_pending_is_flushed_before_items_are_chosen() {
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        let (ann, books, _) = ann(&mut em)?;
        em.find_one(ann).or_fail()?;
        em.find_one(books[1]).or_fail()?;
        em[books[1]].title = "Faq".into();
        em.create(Book::build().title("Fad").author(ann));
        em.populate(ann, |a| {
            a.books()
                .filter(|b| b.title().starts_with("F"))
                .order_by(|b| b.title().asc())
        })?;
        assert_eq!(titles(&em, ann), ["Fad", "Faq", "Fog", "Foo", "Fox"]);
        Ok(())
    });
}

#[test]
fn references_are_keys_without_rows() {
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        let (ann, books, _) = ann(&mut em)?;
        em.find_one(ann)
            .populate(|a| a.books().references())
            .or_fail()?;
        assert_eq!(em[ann].books.ids(), books);
        assert!(books.iter().all(|book| !em.is_initialized(*book)));
        assert!(!em[ann].books.is_partial());
        em.edit(ann).books().remove(books[3]);
        em.flush()?;
        // A hint for the rows loads what is missing.
        em.populate(ann, |a| a.books())?;
        assert_eq!(titles(&em, ann), ["Foo", "Bar", "Fox"]);

        em.clear();
        em.find_one(ann)
            .populate(|a| {
                a.books()
                    .order_by(|b| b.title().desc())
                    .limit(1)
                    .references()
            })
            .or_fail()?;
        assert_eq!(em[ann].books.ids(), [books[2]]);
        assert!(!em.is_initialized(books[2]));
        Ok(())
    });
}

#[test]
fn two_choices_of_one_collection_are_refused() {
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        let (ann, ..) = ann(&mut em)?;
        let error = refused(
            em.find_one(ann)
                .populate(|a| (a.books().limit(1), a.books().limit(2)))
                .one(),
        );
        assert!(
            error
                .to_string()
                .contains("two populate hints choose among the items of `books`"),
            "{error}"
        );
        assert!(!em.is_managed(ann));
        Ok(())
    });
}

#[test]
fn a_path_that_only_the_program_knows_may_not_choose_behind_a_to_one_relation() {
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        let (ann, books, _) = ann(&mut em)?;
        let error = refused(
            em.find_one(books[0])
                .populate(|b| b.author().unchecked().limit(1))
                .one(),
        );
        assert!(
            error.to_string().contains("`author` leads to one row"),
            "{error}"
        );
        let error = refused(
            em.find_one(ann)
                .populate(|a| a.portrait().unchecked().limit(1))
                .one(),
        );
        assert!(
            error.to_string().contains("`portrait` leads to one row"),
            "{error}"
        );
        Ok(())
    });
}
