//! Pages by cursor.

use musher::Cursor;
use musher::prelude::*;
use proptest::prelude::*;

use super::plain::{Ask, Plain, asks, books};
use super::shelf::{From, Shelf, composite, indexed};
use super::{Book, Library};
use crate::support::{self, on_both_stores, refused};

/// All pages of a query, from the first to the last, and from the last back to the first.
fn verify_pages<S: Shelf>(orm: &Orm, ask: &Ask, size: usize) -> musher::Result<()> {
    let mut em = orm.em();
    let mut pages = vec![S::page(&mut em, ask, From::Start, size)?];
    while let Some(next) = &pages.last().expect("there is a first").next {
        let next = S::page(&mut em, ask, From::After(next), size)?;
        assert!(!next.ids.is_empty() && next.ids.len() <= size);
        pages.push(next);
    }
    assert_eq!(pages[0].previous, None);
    for at in (1..pages.len()).rev() {
        assert_eq!(pages[at - 1].ids.len(), size, "only the last page is short");
        let previous = pages[at].previous.as_ref().expect("there is one before");
        let back = S::page(&mut em, ask, From::Before(previous), size)?;
        assert_eq!(back, pages[at - 1], "the same page from the other side");
    }
    let walked: Vec<_> = pages.into_iter().flat_map(|page| page.ids).collect();
    let all = Ask {
        skip: 0,
        take: None,
        ..ask.clone()
    };
    assert_eq!(walked, S::find(&mut em, &all)?.0);
    Ok(())
}

fn verify_pages_on_both_stores<S: Shelf>(books: &[Plain], asks: &[Ask], size: usize) {
    on_both_stores::<S::Entities>(|orm| {
        S::store(orm, books)?;
        asks.iter()
            .try_for_each(|ask| verify_pages::<S>(orm, ask, size))
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pages_have_every_row_once_in_both_directions(
        books in books(0..25),
        asks in asks(),
        size in 1_usize..6,
    ) {
        verify_pages_on_both_stores::<indexed::Library>(&books, &asks, size);
        verify_pages_on_both_stores::<composite::Library>(&books, &asks, size);
    }
}

fn by_title(em: &mut EntityManager) -> musher::Find<'_, Book> {
    em.find::<Book>().order_by(|b| b.title().desc())
}

#[test]
fn a_cursor_stays_in_its_place_while_rows_come_and_go() {
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        let books =
            ["b", "d", "f", "h"].map(|title| em.create(Book::build().title(title).pages(1)));
        em.flush()?;
        let first = by_title(&mut em).page(2)?;
        assert_eq!(first.ids, [books[3], books[2]]);
        let next = first.next.expect("there is more");
        for title in ["g", "e", "a"] {
            em.create(Book::build().title(title).pages(1));
        }
        em.remove(books[2]); // the row at the cursor
        em.flush()?;
        let second = by_title(&mut em).after(&next).page(9)?;
        let titles: Vec<_> = second.ids.iter().map(|id| em[*id].title.as_str()).collect();
        assert_eq!(titles, ["e", "d", "b", "a"]);
        assert_eq!(second.next, None);
        let before = by_title(&mut em).before(&next).limit(1).all()?;
        assert_eq!(em[before[0]].title, "g");
        Ok(())
    });
}

#[test]
fn no_cursor_begins_at_the_beginning_so_that_a_loop_needs_no_first_page() {
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        let books =
            ["a", "b", "c", "d", "e"].map(|title| em.create(Book::build().title(title).pages(1)));
        em.flush()?;
        let (mut cursor, mut walked) = (None, Vec::new());
        loop {
            let page = em.find::<Book>().after(&cursor).page(2)?;
            walked.extend(page.ids);
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(walked, books);

        let first = em.find::<Book>().page(2)?;
        let second = em.find::<Book>().after(first.next.as_ref()).page(2)?;
        let nowhere: Option<Cursor> = None;
        let same = em
            .find::<Book>()
            .after(&first.next)
            .before(&nowhere)
            .page(2)?;
        assert_eq!(same, second, "what says nothing changes nothing");
        let back = em
            .find::<Book>()
            .after(&nowhere)
            .before(&second.previous)
            .page(2)?;
        assert_eq!(back, first);
        Ok(())
    });
}

#[test]
fn a_page_along_an_index_reads_only_itself() {
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        for at in 0..100_u16 {
            em.create(
                Book::build()
                    .title(format!("{:02}", at / 2))
                    .pages(at)
                    .year(Some(7)),
            );
        }
        em.flush()?;
        let fifty = em
            .find::<Book>()
            .order_by(|b| b.title().asc())
            .page(50)?
            .next
            .expect("more");
        let explanation = em
            .find::<Book>()
            .order_by(|b| b.title().asc())
            .after(&fifty)
            .limit(10)
            .explain()?;
        assert_eq!(explanation.access, "index on title, range, in its order");
        assert_eq!(explanation.rows_examined, 10);
        let by_key = em.find::<Book>().page(50)?.next.expect("more");
        let explanation = em.find::<Book>().after(&by_key).limit(10).explain()?;
        assert_eq!(
            (explanation.access.as_str(), explanation.rows_examined),
            ("range of keys", 10)
        );
        Ok(())
    });
}

#[test]
fn a_cursor_of_another_query_or_a_changed_one_is_refused() {
    #[derive(Entity, Debug)]
    struct Account {
        #[orm(primary_key)]
        id: Pk,
        name: String,
    }
    on_both_stores::<(Library, Account)>(|orm| {
        let mut em = orm.em();
        for title in ["a", "b"] {
            em.create(Book::build().title(title).pages(1));
            em.create(Account::build().name(title));
        }
        em.flush()?;
        let cursor = em
            .find::<Book>()
            .order_by(|b| b.title().asc())
            .page(1)?
            .next
            .expect("more");
        let refusal = "the cursor is not one of `Book by pages`, or it was changed; give it back as it was given out, to a \
                       query for the same entity in the same order";
        let error = refused(
            em.find::<Book>()
                .order_by(|b| b.pages().asc())
                .after(&cursor)
                .page(1),
        );
        assert_eq!(error.to_string(), format!("Book: {refusal}"));
        let descending = em
            .find::<Book>()
            .order_by(|b| b.title().desc())
            .after(&cursor)
            .page(1);
        assert!(matches!(refused(descending), Error::Query { .. }));
        let other = em
            .find::<Account>()
            .order_by(|a| a.name().asc())
            .after(&cursor)
            .page(1);
        assert!(matches!(refused(other), Error::Query { .. }));
        let mut text = cursor.to_string();
        let other = if text.starts_with('A') { "B" } else { "A" };
        text.replace_range(..1, other);
        let changed: Cursor = text.parse().expect("it is base64 all the same");
        let changed = em
            .find::<Book>()
            .order_by(|b| b.title().asc())
            .after(&changed)
            .page(1);
        assert!(matches!(refused(changed), Error::Query { .. }));
        let elsewhere = Orm::builder()
            .entities::<(Library, Account)>()
            .in_memory()?;
        let elsewhere = elsewhere
            .em()
            .find::<Book>()
            .order_by(|b| b.title().asc())
            .after(&cursor)
            .page(1);
        assert!(matches!(refused(elsewhere), Error::Query { .. }));
        Ok(())
    });
}

#[test]
fn an_order_by_what_is_hidden_has_no_cursors() {
    #[derive(Entity, Debug)]
    struct Account {
        #[orm(primary_key)]
        id: Pk,
        #[orm(hidden)]
        secret: String,
    }
    on_both_stores::<Account>(|orm| {
        let mut em = orm.em();
        let by_secret = em.find::<Account>().order_by(|a| a.secret().reveal().asc());
        assert_eq!(
            refused(by_secret.page(1)).to_string(),
            "Account: a cursor holds the values that rows are ordered by, and `secret` is hidden; order by another property"
        );
        Ok(())
    });
}

#[test]
fn a_cursor_holds_when_the_database_was_closed_meanwhile() -> musher::Result<()> {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let cursor = {
        let orm = support::open::<Library>(directory.path());
        let mut em = orm.em();
        for title in ["a", "b", "c"] {
            em.create(Book::build().title(title).pages(1));
        }
        em.flush()?;
        em.find::<Book>().page(1)?.next.expect("more").to_string()
    };
    let orm = support::open::<Library>(directory.path());
    let mut em = orm.em();
    let rest = em
        .find::<Book>()
        .after(&cursor.parse::<Cursor>().expect("it is one"))
        .page(9)?;
    assert_eq!(rest.ids.len(), 2);
    assert!(orm.verify()?.is_clean());
    Ok(())
}
