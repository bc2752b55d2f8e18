//! Queries among the items of a collection.

use musher::prelude::*;
use proptest::prelude::*;

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

#[derive(Entity, Debug)]
struct Blogger {
    #[orm(primary_key)]
    id: Pk,
    #[orm(one_to_many(mapped_by = author))]
    posts: Collection<Post>,
}

#[derive(Entity, Debug)]
#[orm(index(author, day))]
struct Post {
    #[orm(primary_key)]
    id: Pk,
    day: u32,
    #[orm(many_to_one)]
    author: Option<Id<Blogger>>,
}

type Blogs = (Blogger, Post);

#[test]
fn the_first_items_of_many_are_read_off_an_index_of_owner_and_order() {
    on_both_stores::<Blogs>(|orm| {
        let mut em = orm.em();
        let [ann, bob] = [(); 2].map(|()| em.create(Blogger::build()));
        for at in 0..200_u32 {
            let author = if at % 2 == 0 { ann } else { bob };
            em.create(Post::build().day(at * 7 % 200).author(author));
        }
        em.flush()?;
        em.clear();
        em.find_one(ann).or_fail()?;
        let before = em.statistics().rows_read;
        let mut edit = em.edit(ann);
        let posts = edit.posts().find().order_by(|p| p.day().desc());
        let last = posts.limit(3).all()?;
        assert_eq!(em.statistics().rows_read - before, 3);
        let days: Vec<u32> = last.iter().map(|id| em[*id].day).collect();
        assert_eq!(days, [198, 196, 194]);
        assert!(
            em.edit(ann)
                .posts()
                .matching(|p| p.day().gt(190_u32))
                .exists()?
        );
        let mut edit = em.edit(ann);
        let early = edit.posts().matching(|p| p.day().lt(10_u32));
        assert_eq!(early.count()?, 5);
        Ok(())
    });
}

#[test]
fn what_is_removed_and_not_flushed_takes_no_place() {
    on_both_stores::<Blogs>(|orm| {
        let mut em = orm.em();
        let ann = em.create(Blogger::build());
        let posts = [1_u32, 2, 3].map(|day| em.create(Post::build().day(day).author(ann)));
        em.flush()?;
        em.set_flush_mode(FlushMode::Commit);
        em.remove(posts[0]);
        let mut edit = em.edit(ann);
        let by_day = edit.posts().find().order_by(|p| p.day().asc());
        assert_eq!(by_day.first()?, Some(posts[1]));
        assert!(
            !em.edit(ann)
                .posts()
                .matching(|p| p.day().eq(1_u32))
                .exists()?
        );
        assert_eq!(em.edit(ann).posts().find().count()?, 2);
        Ok(())
    });
}

/// What becomes of a post before the items are asked.
#[derive(Debug, Clone, Copy)]
enum Change {
    Nothing,
    Day(u32),
    Author(Option<usize>),
    Removal,
    /// Given to an author without being loaded.
    Adoption(usize),
}

fn changes() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => Just(Change::Nothing),
        1 => (0_u32..9).prop_map(Change::Day),
        1 => prop::option::of(0_usize..2).prop_map(Change::Author),
        1 => Just(Change::Removal),
        1 => (0_usize..2).prop_map(Change::Adoption),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    // Whether the index may answer or not, because something is pending.
    #[test]
    fn items_are_those_of_plain_values_whatever_is_pending(
        posts in prop::collection::vec((0_u32..9, prop::option::of(0_usize..2), changes()), 0..30),
        is_changed in any::<bool>(),
        least in 0_u32..9,
        take in 1_usize..9,
    ) {
        on_both_stores::<Blogs>(|orm| {
            let mut em = orm.em();
            let authors = [(); 2].map(|()| em.create(Blogger::build()));
            let mut plain = Vec::new();
            for (day, author, _) in &posts {
                let id = em.create(Post::build().day(*day));
                em[id].author = author.map(|at| authors[at]);
                plain.push((*day, id, *author));
            }
            em.flush()?;
            em.clear();
            em.find::<Blogger>().all()?;
            for ((.., change), post) in posts.iter().zip(&mut plain).filter(|_| is_changed) {
                let id = post.1;
                match change {
                    Change::Nothing => {}
                    Change::Day(day) => {
                        em.find_one(id).or_fail()?;
                        em[id].day = *day;
                        post.0 = *day;
                    }
                    Change::Author(author) => {
                        em.find_one(id).or_fail()?;
                        em[id].author = author.map(|at| authors[at]);
                        post.2 = *author;
                    }
                    Change::Removal => {
                        em.find_one(id).or_fail()?;
                        em.remove(id);
                        post.2 = None;
                    }
                    Change::Adoption(author) => {
                        em.edit(authors[*author]).posts().add(id);
                        post.2 = Some(*author);
                    }
                }
            }
            for (at, author) in authors.iter().enumerate() {
                let mut wanted: Vec<_> = plain.iter().filter(|post| post.2 == Some(at) && post.0 >= least).collect();
                wanted.sort_unstable_by_key(|post| (post.0, *post.1.key()));
                let count = wanted.len();
                let wanted: Vec<_> = wanted.into_iter().map(|post| post.1).take(take).collect();
                let mut edit = em.edit(*author);
                assert_eq!(edit.posts().matching(|p| p.day().ge(least)).count()?, count);
                assert_eq!(edit.posts().matching(|p| p.day().ge(least)).exists()?, count > 0);
                let first = edit.posts().matching(|p| p.day().ge(least)).order_by(|p| p.day().asc());
                assert_eq!(first.limit(take).all()?, wanted);
            }
            Ok(())
        });
    }
}
