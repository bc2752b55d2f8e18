//! Random queries against plain values.

use musher::Orm;
use proptest::prelude::*;

use super::plain::{Ask, Plain, asks, books};
use super::shelf::{Shelf, bare, composite, indexed, mixed};
use crate::support::on_both_stores;

fn verify<S: Shelf>(orm: &Orm, books: &[Plain], ask: &Ask) -> musher::Result<()> {
    let wanted = ask.wanted(books);
    let count = wanted.len();
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
    fn queries_find_what_a_walk_over_plain_values_finds(books in books(), asks in asks()) {
        verify_on_both_stores::<indexed::Library>(&books, &asks);
        verify_on_both_stores::<bare::Library>(&books, &asks);
        verify_on_both_stores::<mixed::Library>(&books, &asks);
        verify_on_both_stores::<composite::Library>(&books, &asks);
    }
}
