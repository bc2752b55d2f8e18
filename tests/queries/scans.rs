//! Queries that read every row: they say so in the log, and can be forbidden.

use std::sync::{Arc, Mutex};

use musher::prelude::*;
use musher::{Find, Result};

use super::{Author, Book, Library, Loan};
use crate::support::refused;

/// A database that forbids full scans, with ten books.
fn library() -> Result<Orm> {
    let orm = Orm::builder()
        .entities::<Library>()
        .forbid_full_scans()
        .in_memory()?;
    let mut em = orm.em();
    for at in 0..10_u16 {
        em.create(Book::build().title(format!("{at}")).pages(at));
    }
    em.flush()?;
    Ok(orm)
}

/// What is wrong with a query for books.
#[track_caller]
fn refusal(em: &mut EntityManager, query: fn(Find<'_, Book>) -> Find<'_, Book>) -> String {
    refused(query(em.find::<Book>()).all()).to_string()
}

#[test]
fn a_forbidden_full_scan_names_entity_condition_and_the_missing_index() -> Result<()> {
    let orm = library()?;
    let mut em = orm.em();
    assert_eq!(
        refusal(&mut em, |q| q.filter(|b| b.pages().eq(3_u16))),
        "Book: `pages = 3` is a full scan, it reads every row, and full scans are forbidden; put `#[orm(index)]` on \
         `pages` of `Book`, or allow it with `.allow_full_scan()`"
    );
    // Behind a relation, the index belongs to what it leads to.
    let behind = refusal(&mut em, |q| {
        q.filter(|b| {
            b.author()
                .name()
                .starts_with("A")
                .and(b.title().ends_with("1"))
        })
    });
    assert!(
        behind.contains("put `#[orm(index)]` on `name` of `Author`,"),
        "{behind}"
    );
    let either = refusal(&mut em, |q| {
        q.filter(|b| b.title().eq("1").or(b.pages().lt(5_u16)))
    });
    assert!(
        either.contains("put `#[orm(index)]` on `pages` of `Book`,"),
        "{either}"
    );
    let no_index_helps = refusal(&mut em, |q| q.filter(|b| b.title().ends_with("1")));
    assert!(
        no_index_helps.contains("no index answers such a condition, so put one beside it"),
        "{no_index_helps}"
    );
    let without_none = refusal(&mut em, |q| q.filter(|b| b.isbn().lt(5)));
    assert!(
        without_none.contains("leave these out with `is_some()`"),
        "{without_none}"
    );
    let everything = refusal(&mut em, |q| q);
    assert!(
        everything.contains("narrow it with a condition, or with a limit"),
        "{everything}"
    );
    let in_items = refused(
        em.find::<Author>()
            .filter(|a| a.name().eq("Ann").or(a.rank().is_none()))
            .count(),
    );
    assert!(
        in_items.to_string().contains("`name` of `Author`"),
        "{in_items}"
    );
    Ok(())
}

#[test]
fn what_an_index_answers_and_the_first_rows_of_an_order_are_not_forbidden() -> Result<()> {
    let orm = library()?;
    let mut em = orm.em();
    let indexed = em
        .find::<Book>()
        .filter(|b| b.title().eq("1").and(b.pages().eq(1_u16)));
    assert_eq!(indexed.count()?, 1);
    let below = em
        .find::<Book>()
        .filter(|b| b.isbn().lt(5).and(b.isbn().is_some()));
    assert_eq!(below.count()?, 0);
    assert_eq!(em.find::<Book>().limit(3).all()?.len(), 3);
    let first = em.find::<Book>().order_by(|b| b.title().desc()).page(2)?;
    assert_eq!(first.ids.len(), 2);
    assert!(em.find::<Book>().exists()?);
    let loans = em.find::<Loan>().filter(|l| l.book().title().eq("1"));
    assert_eq!(loans.count()?, 0);
    Ok(())
}

#[test]
fn a_query_may_be_allowed_to_read_everything() -> Result<()> {
    fn small(em: &mut EntityManager) -> Find<'_, Book> {
        let few_pages = em.find::<Book>().filter(|b| b.pages().lt(3_u16));
        few_pages.allow_full_scan()
    }
    let orm = library()?;
    let mut em = orm.em();
    assert_eq!(small(&mut em).count()?, 3);
    assert_eq!(small(&mut em).all_and_count()?.1, 3);
    assert!(small(&mut em).exists()?);
    // To see why a query is slow it may run.
    assert!(
        em.find::<Book>()
            .filter(|b| b.pages().lt(3_u16))
            .explain()?
            .is_full_scan
    );
    Ok(())
}

#[test]
fn bulk_work_that_reads_everything_is_forbidden_unless_it_is_allowed() -> Result<()> {
    let orm = library()?;
    let mut em = orm.em();
    let update = em
        .update_where::<Book>(|b| b.pages().eq(3_u16))
        .set(|b| b.title().set("three"));
    let message = refused(update.execute()).to_string();
    assert!(
        message.contains("`pages = 3` is a full scan") && message.contains("`pages` of `Book`"),
        "{message}"
    );
    let in_slices = em.delete_where::<Book>(|b| b.pages().eq(3_u16));
    let message = refused(in_slices.in_slices(2, |_| ()).execute()).to_string();
    assert!(
        message.contains("allow it with `.allow_full_scan()`"),
        "{message}"
    );
    let in_transaction = em.transactional(|em| {
        em.delete_where::<Book>(|_| musher::Filter::all([]))
            .execute()
    });
    let message = refused(in_transaction).to_string();
    assert!(message.contains("is a full scan"), "{message}");
    assert_eq!(em.find::<Book>().allow_full_scan().count()?, 10);

    let indexed = em.delete_where::<Book>(|b| b.title().eq("9"));
    assert_eq!(indexed.execute()?, 1);
    let update = em
        .update_where::<Book>(|b| b.pages().lt(3_u16))
        .set(|b| b.title().set("thin"));
    assert_eq!(update.allow_full_scan().execute()?, 3);
    assert_eq!(
        em.transactional(|em| {
            em.update_where::<Book>(|b| b.pages().ge(8_u16))
                .set(|b| b.title().set("thick"))
                .allow_full_scan()
                .execute()
        })?,
        1
    );
    let in_slices = em.delete_where::<Book>(|_| musher::Filter::all([]));
    let in_slices = in_slices.allow_full_scan().in_slices(4, |_| ());
    assert_eq!(in_slices.execute()?, 9);
    Ok(())
}

#[test]
fn the_log_says_where_a_query_is_a_full_scan() -> Result<()> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&lines);
    let orm = Orm::builder()
        .entities::<Library>()
        .logger(move |line: &str| {
            kept.lock()
                .expect("no test panics while it logs")
                .push(line.to_owned());
        })
        .in_memory()?;
    let mut em = orm.em();
    em.create(Book::build().title("a").pages(1));
    em.flush()?;
    lines.lock().expect("no test panics while it logs").clear();
    em.update_where::<Book>(|b| b.pages().eq(1_u16))
        .set(|b| b.pages().set(7_u16))
        .execute()?;
    let bulk = lines
        .lock()
        .expect("no test panics while it logs")
        .join("\n");
    assert!(
        bulk.starts_with("[query] select book by pages = 1 (full scan) [took"),
        "{bulk}"
    );
    let mut told = |query: fn(Find<'_, Book>) -> Result<()>| {
        lines.lock().expect("no test panics while it logs").clear();
        query(em.find::<Book>())?;
        let line = lines
            .lock()
            .expect("no test panics while it logs")
            .join("\n");
        let end = line.find(" [took").expect("the log tells how long it took");
        Result::<String>::Ok(line[..end].to_owned())
    };
    assert_eq!(
        told(|q| q.filter(|b| b.pages().gt(0_u16)).all().map(drop))?,
        "[query] select book by pages > 0 (full scan)"
    );
    assert_eq!(
        told(|q| q.filter(|b| b.title().eq("a")).all().map(drop))?,
        "[query] select book by title = \"a\""
    );
    assert_eq!(
        told(|q| q.ids().map(drop))?,
        "[query] select keys of book by all (full scan)"
    );
    assert_eq!(
        told(|q| q.count().map(drop))?,
        "[query] count book (full scan)"
    );
    assert_eq!(
        told(|q| q.order_by(|b| b.title().asc()).page(1).map(drop))?,
        "[query] select book by all order by title"
    );
    Ok(())
}
