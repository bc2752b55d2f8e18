//! Queries over many rows: one after the other, and in batches.

use musher::prelude::*;
use musher::{Find, Result};

use super::{Author, Book, Library};
use crate::support::{on_both_stores, refused};

/// A thousand books: more than a stream reads at once.
fn thousand(orm: &Orm) -> Result<()> {
    let mut em = orm.em();
    let ann = em.create(Author::build().name("Ann"));
    for at in 0..1000_u16 {
        let book = Book::build()
            .title(format!("{:03}", at * 7 % 1000))
            .pages(at % 10);
        em.create(book.author(ann));
    }
    em.flush()
}

fn streamed(
    em: &mut EntityManager,
    query: fn(Find<'_, Book>) -> Find<'_, Book>,
) -> Result<Vec<Id<Book>>> {
    query(em.find())
        .stream()?
        .map(|book| Ok(Id::new(*book?.id)))
        .collect()
}

#[test]
fn a_stream_has_the_rows_of_the_query_in_its_order() {
    on_both_stores::<Library>(|orm| {
        thousand(orm)?;
        let queries: [fn(Find<'_, Book>) -> Find<'_, Book>; 9] = [
            |q| q,
            |q| q.order_by(|b| b.id().desc()),
            |q| q.order_by(|b| b.title().asc()),
            |q| {
                q.order_by(|b| (b.title().desc(), b.id().desc()))
                    .offset(3)
                    .limit(600)
            },
            |q| q.order_by(|b| b.pages().desc()),
            |q| q.filter(|b| b.title().ge("300")),
            |q| {
                q.filter(|b| b.title().ge("300"))
                    .order_by(|b| b.title().desc())
            },
            |q| {
                q.filter(|b| b.author().name().eq("Ann"))
                    .order_by(|b| b.pages().asc())
                    .limit(500)
            },
            |q| q.filter(|b| b.pages().eq(7_u16)).limit(0),
        ];
        for query in queries {
            let mut em = orm.em();
            let all = query(em.find()).ids()?;
            assert_eq!(streamed(&mut em, query)?, all);
        }
        Ok(())
    });
}

#[test]
fn a_stream_is_of_one_moment_and_nobody_waits_for_it() {
    on_both_stores::<Library>(|orm| {
        thousand(orm)?;
        let mut em = orm.em();
        let mut stream = em.find::<Book>().order_by(|b| b.title().asc()).stream()?;
        let first = stream.next().expect("there is a first")?;
        assert_eq!(first.title, "000");
        let mut other = orm.em();
        for id in other.find::<Book>().all()? {
            other[id].title = "changed".into();
        }
        other.create(Book::build().title("500").pages(1));
        other.flush()?;
        let rest: Vec<String> = stream.map(|book| Ok(book?.title)).collect::<Result<_>>()?;
        let expected: Vec<String> = (1..1000).map(|at| format!("{at:03}")).collect();
        assert_eq!(rest, expected);
        Ok(())
    });
}

#[test]
fn a_stream_sees_what_is_pending_and_manages_nothing() {
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        let id = em.create(Book::build().title("a").pages(1));
        let books: Vec<Book> = em.find::<Book>().stream()?.collect::<Result<_>>()?;
        assert_eq!((books.len(), books[0].title.as_str()), (1, "a"));
        em.clear();
        assert_eq!(em.find::<Book>().stream()?.count(), 1);
        assert!(!em.is_managed(id));
        Ok(())
    });
}

#[test]
fn batches_are_loaded_populated_and_flushed_each_in_a_unit_of_work_of_its_own() {
    on_both_stores::<Library>(|orm| {
        thousand(orm)?;
        let mut em = orm.em();
        let mut sizes = Vec::new();
        let query = em.find::<Book>().filter(|b| b.pages().ge(5_u16));
        let query = query
            .order_by(|b| b.title().desc())
            .populate(|b| b.author());
        let mut last = "999".to_owned();
        let count = query.in_batches(200, |em, books| {
            sizes.push(books.len());
            for book in books {
                assert!(em[*book].title <= last, "the order is that of the query");
                last.clone_from(&em[*book].title);
                assert_eq!(em.view(*book).author().expect("it has one").name, "Ann");
                em[*book].pages += 100;
            }
            Ok(())
        })?;
        assert_eq!((count, sizes), (500, vec![200, 200, 100]));
        let changed = em.find::<Book>().filter(|b| b.pages().ge(100_u16));
        assert_eq!(changed.count()?, 500);
        Ok(())
    });
}

#[test]
fn a_batch_that_fails_is_the_last_and_those_before_it_stand() {
    on_both_stores::<Library>(|orm| {
        thousand(orm)?;
        let mut em = orm.em();
        let mut batches = 0;
        let ended = em.find::<Book>().in_batches(100, |em, books| {
            batches += 1;
            for book in books {
                em[*book].pages = 77;
            }
            if batches == 3 {
                Err(Error::other("enough"))
            } else {
                Ok(())
            }
        });
        assert_eq!(refused(ended).to_string(), "enough");
        let changed = em.find::<Book>().filter(|b| b.pages().eq(77_u16));
        assert_eq!(changed.count()?, 200);
        Ok(())
    });
}

#[test]
fn what_a_stream_can_not_do_is_refused_with_a_remedy() {
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        let populated = em.find::<Book>().populate(|b| b.author()).stream();
        assert!(refused(populated).to_string().contains("use `in_batches`"));
        em.begin();
        let error = refused(em.find::<Book>().in_batches(10, |_, _| Ok(())));
        assert!(matches!(error, Error::Transaction { .. }), "{error}");
        em.rollback();
        let mut em = orm.em();
        em.begin_with(Isolation::Serializable)?;
        let error = refused(em.find::<Book>().stream());
        assert!(matches!(error, Error::Transaction { .. }), "{error}");
        em.rollback();
        Ok(())
    });
}

#[test]
fn a_stream_in_a_transaction_has_what_was_flushed_there() {
    let titles = |em: &mut EntityManager| -> Result<Vec<String>> {
        let first = em.find::<Book>().filter(|b| b.title().lt("book 3"));
        let first = first.order_by(|b| b.title().asc());
        let read: Vec<_> = first.stream()?.map(|book| Ok(book?.title)).collect();
        let values = em.find::<Book>().filter(|b| b.title().lt("book 3"));
        let values = values.order_by(|b| b.title().asc());
        let values: Vec<_> = values.fields(|b| b.title()).stream()?.collect();
        let (read, values) = (
            read.into_iter().collect::<Result<Vec<_>>>()?,
            values.into_iter().collect::<Result<Vec<_>>>()?,
        );
        assert_eq!(read, values);
        Ok(read)
    };
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        let books = ["book 1", "book 2", "book 3"]
            .map(|title| em.create(Book::build().title(title).pages(1)));
        em.flush()?;
        em.begin();
        em[books[0]].title = "changed".into();
        em.create(Book::build().title("book 0").pages(1));
        assert_eq!(titles(&mut em)?, ["book 0", "book 2"]);
        em.begin();
        em.remove(books[1]);
        let began = em.find::<Book>().stream()?;
        assert_eq!(titles(&mut em)?, ["book 0"]);
        em.rollback();
        assert_eq!(titles(&mut em)?, ["book 0", "book 2"]);
        assert_eq!(titles(&mut orm.em())?, ["book 1", "book 2"]);
        em.rollback();
        assert_eq!(titles(&mut em)?, ["book 1", "book 2"]);
        assert_eq!(began.count(), 3, "of the moment at which it began");
        Ok(())
    });
}
