//! `cascade(remove)` and `orphan_removal`: what goes with a removed entity, loaded or not, and with its
//! hooks.

use std::cell::RefCell;
use std::collections::BTreeSet;

use musher::prelude::*;

use crate::support::{on_both_stores, refused};

thread_local! {
    static GONE: RefCell<BTreeSet<String>> = const { RefCell::new(BTreeSet::new()) };
}

/// What hooks have told of removals since they were asked last.
fn gone() -> Vec<String> {
    GONE.take().into_iter().collect()
}

#[derive(Entity, Debug)]
struct Author {
    #[orm(primary_key)]
    id: Pk,
    name: String,
    #[orm(one_to_many(mapped_by = author, cascade(remove)))]
    books: Collection<Book>,
}

/// Its reference restricts: by itself it would hold its author.
#[derive(Entity, Debug)]
#[orm(before_delete = Self::before_delete, after_delete = Self::after_delete)]
struct Book {
    #[orm(primary_key)]
    id: Pk,
    title: String,
    #[orm(many_to_one(inversed_by = books))]
    author: Id<Author>,
    #[orm(one_to_many(mapped_by = book, orphan_removal))]
    pages: Collection<Page>,
    #[orm(one_to_one(mapped_by = book, cascade(remove)))]
    cover: Inverse<Cover>,
    #[orm(many_to_many)]
    tags: Collection<Tag>,
}

#[derive(Entity, Debug)]
#[orm(before_delete = Self::before_delete)]
struct Page {
    #[orm(primary_key)]
    id: Pk,
    number: u32,
    #[orm(many_to_one(inversed_by = pages))]
    book: Id<Book>,
}

/// Takes its picture with it.
#[derive(Entity, Debug)]
struct Cover {
    #[orm(primary_key)]
    id: Pk,
    #[orm(one_to_one(inversed_by = cover))]
    book: Option<Id<Book>>,
    #[orm(many_to_one(cascade(remove)))]
    picture: Id<Picture>,
}

#[derive(Entity, Debug)]
#[orm(before_delete = Self::before_delete)]
struct Picture {
    #[orm(primary_key)]
    id: Pk,
    name: String,
}

#[derive(Entity, Debug)]
struct Tag {
    #[orm(primary_key)]
    id: Pk,
    name: String,
}

mod hooks {
    use super::*;

    fn tell(what: String) -> musher::Result<()> {
        if what == "picture: keep it" {
            return Err(Error::other("it is kept"));
        }
        GONE.with_borrow_mut(|gone| gone.insert(what));
        Ok(())
    }

    impl Book {
        pub(super) fn before_delete(&mut self, _: &EventArgs<Self>) -> musher::Result<()> {
            tell(format!("before {}", self.title))
        }

        pub(super) fn after_delete(&self, _: &EventArgs<Self>) {
            GONE.with_borrow_mut(|gone| gone.insert(format!("after {}", self.title)));
        }
    }

    impl Page {
        pub(super) fn before_delete(&mut self, _: &EventArgs<Self>) -> musher::Result<()> {
            tell(format!("page {}", self.number))
        }
    }

    impl Picture {
        pub(super) fn before_delete(&mut self, _: &EventArgs<Self>) -> musher::Result<()> {
            tell(format!("picture: {}", self.name))
        }
    }
}

type Library = (Author, Book, Page, Cover, Picture, Tag);

/// Ann's only book, with two pages, a cover and a tag; and a tag.
fn library(orm: &Orm) -> musher::Result<(EntityManager, Id<Author>, Id<Book>)> {
    gone();
    let mut em = orm.em();
    let book = em.create(
        Book::build()
            .title("One")
            .author(Author::build().name("Ann"))
            .cover(Cover::build().picture(Picture::build().name("front")))
            .tags([Tag::build().name("rust")]),
    );
    for number in [1, 2] {
        em.create(Page::build().number(number).book(book));
    }
    let ann = em[book].author;
    em.flush()?;
    em.clear();
    Ok((em, ann, book))
}

fn counts(orm: &Orm) -> musher::Result<[usize; 6]> {
    let mut em = orm.em();
    Ok([
        em.find::<Author>().count()?,
        em.find::<Book>().count()?,
        em.find::<Page>().count()?,
        em.find::<Cover>().count()?,
        em.find::<Picture>().count()?,
        em.find::<Tag>().count()?,
    ])
}

const ALL: [&str; 5] = [
    "after One",
    "before One",
    "page 1",
    "page 2",
    "picture: front",
];

#[test]
fn what_is_held_goes_with_its_hooks_loaded_or_not() {
    on_both_stores::<Library>(|orm| {
        for loaded in 0..3 {
            let (mut em, ann, _) = library(orm)?;
            match loaded {
                0 => {}
                1 => {
                    em.find_one(ann).or_fail()?;
                }
                _ => {
                    em.find_one(ann)
                        .populate(|a| (a.books().pages(), a.books().cover().picture()))
                        .or_fail()?;
                }
            }
            em.remove(ann);
            em.flush()?;
            assert_eq!(gone(), ALL);
            let [authors, books, pages, covers, pictures, tags] = counts(orm)?;
            assert_eq!([authors, books, pages, covers, pictures], [0; 5]);
            assert_eq!(tags, loaded + 1, "links go, what they led to stays");
        }
        Ok(())
    });
}

#[test]
fn a_query_sees_what_a_pending_removal_takes_with_it() {
    on_both_stores::<Library>(|orm| {
        let (mut em, ann, _) = library(orm)?;
        em.remove(ann);
        assert_eq!(em.find::<Picture>().count()?, 0);
        Ok(())
    });
}

#[test]
fn what_moved_away_stays_and_what_was_put_there_goes() {
    on_both_stores::<Library>(|orm| {
        let (mut em, ann, book) = library(orm)?;
        let ben = em.create(Author::build().name("Ben"));
        let of_ben = em.create(Book::build().title("Two").author(ben));
        em.flush()?;
        em.find_one(book).or_fail()?;
        em[book].author = ben; // written raw: reconciled by the flush
        em.edit(of_ben).set_author(ann);
        let never_stored = em.create(Book::build().title("Three").author(ann));
        em.remove(ann);
        em.flush()?;
        assert_eq!(gone(), ["after Two", "before Two"]);
        assert!(!em.is_managed(never_stored) && !em.is_managed(of_ben));
        assert_eq!(em.find::<Book>().all()?, [book]);
        assert_eq!(counts(orm)?, [1, 1, 2, 1, 1, 1]);
        Ok(())
    });
}

#[test]
fn what_counts_is_the_stored_owner_of_an_item_whose_reference_was_not_changed() {
    on_both_stores::<Library>(|orm| {
        let (mut em, ann, book) = library(orm)?;
        let ben = em.create(Author::build().name("Ben"));
        em.flush()?;
        em.find_one(book).or_fail()?;
        em[book].title = "Renamed".into();
        let mut other = orm.em();
        other.find_one(book).or_fail()?;
        other[book].author = ben;
        other.flush()?;
        em.remove(ann);
        em.flush()?;
        assert_eq!(gone(), [""; 0], "it has moved away");
        assert_eq!(em.find::<Book>().all()?, [book]);
        assert_eq!((em[book].title.as_str(), em[book].author), ("Renamed", ben));

        let cat = em.create(Author::build().name("Cat"));
        em.flush()?;
        em.edit(book).title = "Moved".into();
        other.find_one(book).or_fail()?;
        other[book].author = cat;
        other.flush()?;
        em.remove(cat);
        em.flush()?;
        let told = gone();
        assert!(told.contains(&"before Moved".to_owned()), "{told:?}");
        assert_eq!(counts(orm)?, [1, 0, 0, 0, 0, 1]);
        Ok(())
    });
}

#[test]
fn what_is_removed_unseen_leaves_who_was_given_it() {
    on_both_stores::<Library>(|orm| {
        let (mut em, ann, book) = library(orm)?;
        let ben = em.create(Author::build().name("Ben").books([book]));
        assert_eq!(em[ben].books.ids(), [book]);
        em.remove(book);
        em.flush()?;
        assert_eq!(em[ben].books.ids(), []);
        assert_eq!(gone(), ALL);
        em.find_one(ann).populate(|a| a.books()).or_fail()?;
        assert_eq!(em[ann].books.ids(), []);
        Ok(())
    });
}

#[test]
fn a_shared_target_of_a_to_one_relation_is_judged_by_who_else_refers_to_it() {
    on_both_stores::<Library>(|orm| {
        let (mut em, _, book) = library(orm)?;
        let cover = em.find::<Cover>().or_fail()?;
        let picture = em[cover].picture;
        let other = em.create(Cover::build().picture(picture));
        em.flush()?;
        em.remove(book);
        let error = refused(em.flush());
        assert!(
            matches!(
                &error,
                Error::ForeignKeyViolation {
                    entity: "Cover",
                    ..
                }
            ),
            "{error}"
        );
        assert_eq!(counts(orm)?, [1, 1, 2, 2, 1, 1]);
        em.remove(other);
        em.flush()?;
        assert_eq!(counts(orm)?, [1, 0, 0, 0, 0, 1]);
        Ok(())
    });
}

#[test]
fn a_hook_that_refuses_keeps_everything_and_nothing_stays_marked() {
    on_both_stores::<Library>(|orm| {
        let (mut em, ann, book) = library(orm)?;
        let picture = em.find::<Picture>().or_fail()?;
        em[picture].name = "keep it".into();
        em.flush()?;
        em.remove(ann);
        assert!(matches!(
            refused(em.flush()),
            Error::Hook {
                entity: "Picture",
                ..
            }
        ));
        assert_eq!(counts(orm)?, [1, 1, 2, 1, 1, 1]);
        assert!(!em.is_managed(book), "as before the flush");

        em.clear(); // takes the removal back
        em.find_one(picture).or_fail()?;
        em[picture].name = "front".into();
        em.flush()?;
        assert_eq!(counts(orm)?, [1, 1, 2, 1, 1, 1]);
        em.transactional(|em| {
            em.remove(ann);
            Ok(())
        })?;
        assert_eq!(counts(orm)?, [0, 0, 0, 0, 0, 1]);
        Ok(())
    });
}

#[test]
fn an_orphan_takes_with_it_what_it_holds_unless_it_finds_an_owner() {
    on_both_stores::<Shelves>(|orm| {
        let mut em = orm.em();
        let [one, two] = ["one", "two"].map(|name| em.create(Shelf::build().name(name)));
        let lots: Vec<_> = (0..3)
            .map(|at| em.create(Lot::build().label(at).shelf(one)))
            .collect();
        let stickers: Vec<_> = lots
            .iter()
            .map(|lot| em.create(Sticker::build().lot(*lot)))
            .collect();
        em.flush()?;
        em.clear();

        em.find_one(one).populate(|s| s.lots()).or_fail()?;
        em.find_one(two).or_fail()?;
        em.edit(one).lots().remove(lots.clone());
        em.edit(one).lots().add(lots[0]); // back again
        em.edit(two).lots().add(lots[1]); // to another
        em.flush()?;
        assert_eq!(em.find::<Lot>().all()?, [lots[0], lots[1]]);
        assert_eq!(em.find::<Sticker>().all()?, [stickers[0], stickers[1]]);
        assert_eq!((em[lots[0]].shelf, em[lots[1]].shelf), (one, two));
        assert_eq!(em[one].lots.ids(), [lots[0]]);

        // Unseen, too.
        em.clear();
        em.find_one(one).or_fail()?;
        em.find_one(two).or_fail()?;
        em.edit(one).lots().remove(lots[0]);
        em.edit(one).lots().add(lots[0]);
        em.edit(two).lots().remove(lots[1]);
        em.flush()?;
        assert_eq!(em.find::<Lot>().all()?, [lots[0]]);
        assert_eq!(em.find::<Sticker>().all()?, [stickers[0]]);
        em.remove(one);
        em.flush()?;
        assert_eq!(
            em.find::<Sticker>().count()?,
            0,
            "what may be no orphan goes with its owner"
        );
        Ok(())
    });
}

#[derive(Entity, Debug)]
struct Shelf {
    #[orm(primary_key)]
    id: Pk,
    name: String,
    #[orm(one_to_many(mapped_by = shelf, orphan_removal))]
    lots: Collection<Lot>,
}

#[derive(Entity, Debug)]
struct Lot {
    #[orm(primary_key)]
    id: Pk,
    label: u32,
    #[orm(many_to_one(inversed_by = lots))]
    shelf: Id<Shelf>,
    #[orm(one_to_many(mapped_by = lot, cascade(remove)))]
    stickers: Collection<Sticker>,
}

#[derive(Entity, Debug)]
struct Sticker {
    #[orm(primary_key)]
    id: Pk,
    #[orm(many_to_one(inversed_by = stickers))]
    lot: Id<Lot>,
}

type Shelves = (Shelf, Lot, Sticker);
