//! Random queries against plain values.

use musher::Orm;
use proptest::prelude::*;

use super::aggregates::summaries;
use super::plain::{Ask, Plain, asks, asks_of_many, books};
use super::shelf::{Shelf, bare, composite, indexed, mixed};
use crate::support::on_both_stores;

fn verify<S: Shelf>(orm: &Orm, books: &[Plain], ask: &Ask) -> musher::Result<()> {
    let wanted = ask.wanted(books);
    let count = wanted.len();
    let summaries = summaries(&wanted);
    let page = wanted
        .into_iter()
        .skip(ask.skip)
        .take(ask.take.unwrap_or(usize::MAX));
    let page: Vec<u64> = page.map(|book| book.id).collect();
    let mut em = orm.em();
    let plan = S::explain(&mut em, ask)?;
    assert_eq!(plan.rows_found, page.len(), "{plan}");
    assert_eq!(S::stream(&mut em, ask)?, page, "{plan}");
    assert_eq!(S::find(&mut em, ask)?, (page, count), "{plan}");
    assert_eq!(S::summary(&mut em, ask)?, summaries, "{plan}");
    assert_eq!(S::exists(&mut em, ask)?, count > 0, "{plan}");
    Ok(())
}

fn verify_on_both_stores<S: Shelf>(books: &[Plain], asks: &[Ask]) {
    on_both_stores::<S::Entities>(|orm| {
        S::store(orm, books)?;
        asks.iter().try_for_each(|ask| verify::<S>(orm, books, ask))
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn queries_find_what_a_walk_over_plain_values_finds(books in books(0..25), asks in asks()) {
        verify_on_both_stores::<indexed::Library>(&books, &asks);
        verify_on_both_stores::<bare::Library>(&books, &asks);
        verify_on_both_stores::<mixed::Library>(&books, &asks);
        verify_on_both_stores::<composite::Library>(&books, &asks);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    // So many that walks in order begin, and are left, and rows are read in stretches.
    #[test]
    fn queries_of_many_rows_find_the_same(books in books(150..400), asks in asks_of_many()) {
        verify_on_both_stores::<indexed::Library>(&books, &asks);
        verify_on_both_stores::<composite::Library>(&books, &asks);
    }

    #[test]
    fn rows_are_found_by_any_keys(
        books in books(150..400),
        keys in proptest::collection::vec(proptest::collection::btree_set(0_u64..450, 0..450), 8),
        take in proptest::option::of(0_usize..300),
    ) {
        // Without covers, which would hold the books.
        let books: Vec<Plain> = books.into_iter().map(|book| Plain { cover: None, ..book }).collect();
        on_both_stores::<<indexed::Library as Shelf>::Entities>(|orm| {
            indexed::Library::store(orm, &books)?;
            // Some are gone, so that what is asked for is not there.
            let mut em = orm.em();
            em.delete_where::<indexed::Book>(|b| b.pages().eq(0_u16)).execute()?;
            for keys in &keys {
                let there = books.iter().filter(|book| book.pages > 0 && keys.contains(&book.id));
                let wanted = there.map(|book| book.id);
                let wanted: Vec<u64> = wanted.take(take.unwrap_or(usize::MAX)).collect();
                let query = em.find::<indexed::Book>().filter(|b| b.id().is_in(keys.iter().copied()));
                let query = match take {
                    Some(take) => query.limit(take),
                    None => query,
                };
                let found: Vec<u64> = query.ids()?.iter().map(|id| *id.key()).collect();
                assert_eq!(found, wanted);
            }
            Ok(())
        });
    }
}
