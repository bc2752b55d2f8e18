//! One value of many rows: against plain arithmetic, and what happens at its edges.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use musher::prelude::*;
use musher::{OrderedKey, Summand};
use serde::{Deserialize, Serialize};

use super::plain::{AUTHORS, COLORS, Plain};
use super::{Author, Book, Library};
use crate::support::{on_both_stores, refused};

/// The author's name and the year.
pub type Group = (Option<String>, Option<i16>);

/// Pages; sum, mean and first of the years; the last title; how many books, ranked authors and ISBNs; how
/// many authors; the first color; the weight.
pub type Summary = (
    u64,
    (i64, Option<f64>, Option<i16>),
    Option<String>,
    (usize, usize, usize),
    usize,
    Option<String>,
    u64,
);

/// Something that is computed of two values.
pub fn weight(pages: u16, rank: Option<u8>) -> u32 {
    u32::from(pages) * rank.map_or(7, u32::from)
}

fn summary(books: &[&Plain]) -> Summary {
    let author = |book: &Plain| book.author.map(|at| AUTHORS[at]);
    let years: Vec<i16> = books.iter().filter_map(|book| book.year).collect();
    let year_sum: i64 = years.iter().copied().map(i64::from).sum();
    #[expect(clippy::cast_precision_loss, reason = "the numbers are small")]
    let mean_year = (!years.is_empty()).then(|| year_sum as f64 / years.len() as f64);
    let ranks = books.iter().filter_map(|book| author(book)?.1);
    let names: BTreeSet<&str> = books
        .iter()
        .filter_map(|book| Some(author(book)?.0))
        .collect();
    let colors = books.iter().filter_map(|book| Some(COLORS[book.cover?]));
    let weights = books.iter().map(|book| {
        let rank = author(book).and_then(|(_, rank)| rank);
        u64::from(weight(book.pages, rank))
    });
    (
        books.iter().map(|book| u64::from(book.pages)).sum(),
        (year_sum, mean_year, years.iter().copied().min()),
        books.iter().map(|book| book.title.clone()).max(),
        (
            books.len(),
            ranks.count(),
            books.iter().filter(|book| book.isbn.is_some()).count(),
        ),
        names.len(),
        colors.min().map(str::to_owned),
        weights.sum(),
    )
}

/// What the books are in short, and those of each group.
pub fn summaries(books: &[&Plain]) -> (Summary, Vec<(Group, Summary)>) {
    let mut groups: BTreeMap<Group, Vec<&Plain>> = BTreeMap::new();
    for book in books {
        let name = book.author.map(|at| AUTHORS[at].0.to_owned());
        groups.entry((name, book.year)).or_default().push(book);
    }
    let groups = groups
        .into_iter()
        .map(|(group, books)| (group, summary(&books)));
    (summary(books), groups.collect())
}

#[derive(
    Serialize, Deserialize, OrderedKey, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default,
)]
struct Money {
    cents: i8,
}

impl Summand for Money {
    type Sum = Self;

    fn add_to(self, sum: Self) -> Option<Self> {
        let cents = sum.cents.checked_add(self.cents)?;
        Some(Self { cents })
    }
}

#[derive(Entity, Debug)]
struct Sale {
    #[orm(primary_key)]
    id: Pk,
    price: Money,
    tip: Option<Money>,
    weight: f32,
    number: u64,
    took: Duration,
    #[orm(many_to_one)]
    follows: Option<Id<Sale>>,
}

fn sale(em: &mut EntityManager, cents: i8) -> Id<Sale> {
    em.create(
        Sale::build()
            .price(Money { cents })
            .weight(0.5)
            .number(1)
            .took(Duration::from_secs(2)),
    )
}

#[test]
fn nothing_has_a_sum_of_zero_and_no_other_value() {
    on_both_stores::<Sale>(|orm| {
        let mut em = orm.em();
        let (sum, tips, mean, most, count, weight) = em.find::<Sale>().aggregate(|s| {
            (
                s.price().sum(),
                s.tip().sum(),
                s.number().avg(),
                s.price().max(),
                s.id().count(),
                s.weight().min(),
            )
        })?;
        let zero = Money { cents: 0 };
        assert_eq!(
            (sum, tips, mean, most, count, weight),
            (zero, zero, None, None, 0, None)
        );
        let groups = em.find::<Sale>().group_by(|s| s.tip());
        assert_eq!(groups.aggregate(|s| s.price().sum())?, []);
        Ok(())
    });
}

#[test]
fn values_of_every_kind_of_number_are_added_up() {
    on_both_stores::<Sale>(|orm| {
        let mut em = orm.em();
        let [first, second] = [100, -90].map(|cents| sale(&mut em, cents));
        em[first].tip = Some(Money { cents: 3 });
        em[first].weight = -0.25;
        em[second].number = 2;
        em[second].follows = Some(first);
        let find = |em: &mut EntityManager| -> musher::Result<_> {
            em.find::<Sale>().aggregate(|s| {
                (
                    s.price().sum(),
                    (s.tip().sum(), s.tip().count(), s.tip().max()),
                    (s.weight().sum(), s.weight().avg(), s.weight().min()),
                    (s.number().sum(), s.number().avg()),
                    s.took().sum(),
                    (
                        s.follows().price().sum(),
                        s.follows().tip().min(),
                        s.follows().id().count(),
                    ),
                )
            })
        };
        let (ten, tip) = (Money { cents: 10 }, Money { cents: 3 });
        let expected = (
            ten,
            (tip, 1, Some(tip)),
            (0.25, Some(0.125), Some(-0.25)),
            (3, Some(1.5)),
            Duration::from_secs(4),
            (Money { cents: 100 }, Some(tip), 1),
        );
        assert_eq!(find(&mut em)?, expected);
        Ok(())
    });
}

#[test]
fn a_sum_that_is_out_of_range_names_what_was_added_up() {
    on_both_stores::<Sale>(|orm| {
        let mut em = orm.em();
        let [first, second] = [100, 100].map(|cents| sale(&mut em, cents));
        em[first].number = u64::MAX;
        em[second].follows = Some(first);
        let message = "Sale: the sum of `price` is out of range of its type; ask for fewer rows, or make a wider type of \
                       each value with `map`";
        let error = refused(
            em.find::<Sale>()
                .aggregate(|s| (s.id().count(), s.price().sum())),
        );
        assert_eq!(error.to_string(), message);
        let grouped = em.find::<Sale>().group_by(|s| s.took());
        assert_eq!(
            refused(grouped.aggregate(|s| s.price().sum())).to_string(),
            message
        );
        let computed = em.find::<Sale>().aggregate(|s| {
            (s.number(), s.follows().number().optional())
                .map(|(n, _)| n)
                .sum()
        });
        let error = refused(computed).to_string();
        assert!(
            error.contains("the sum of `number`, `follows.number`"),
            "{error}"
        );

        let wide = |n: u64| i128::from(n);
        let (sum, mean) = em
            .find::<Sale>()
            .aggregate(|s| (s.number().map(wide).sum(), s.number().avg()))?;
        assert_eq!(sum, i128::from(u64::MAX) + 1);
        assert_eq!(mean, Some(9_223_372_036_854_775_808.0));
        Ok(())
    });
}

#[test]
fn a_group_is_what_its_type_takes_for_equal() {
    on_both_stores::<Sale>(|orm| {
        let mut em = orm.em();
        for (cents, tip) in [
            (1, None),
            (2, Some(5)),
            (3, None),
            (4, Some(-5)),
            (5, Some(5)),
        ] {
            let sale = sale(&mut em, cents);
            em[sale].tip = tip.map(|cents| Money { cents });
        }
        let by_tip = em.find::<Sale>().group_by(|s| s.tip());
        let sums = by_tip.aggregate(|s| s.price().sum())?;
        let expected = [(None, 4), (Some(-5), 4), (Some(5), 7)];
        let money = |cents| Money { cents };
        assert_eq!(
            sums,
            expected.map(|(tip, sum)| (tip.map(money), money(sum)))
        );

        let odd = em
            .find::<Sale>()
            .filter(|s| s.price().gt(Money { cents: 1 }))
            .group_by(|s| s.price().map(|price| price.cents % 2 != 0))
            .aggregate(|s| s.id().count())?;
        assert_eq!(odd, [(false, 2), (true, 2)]);
        Ok(())
    });
}

#[test]
fn to_group_by_what_is_behind_none_is_asked_for_as_optional() {
    on_both_stores::<Sale>(|orm| {
        let mut em = orm.em();
        let [first, second] = [1, 2].map(|cents| sale(&mut em, cents));
        em[second].follows = Some(first);
        let by = em.find::<Sale>().group_by(|s| s.follows().price());
        let error = refused(by.aggregate(|s| s.id().count())).to_string();
        assert!(error.contains("ask for it as `.optional()`"), "{error}");
        let by = em
            .find::<Sale>()
            .group_by(|s| s.follows().price().optional());
        let counts = by.aggregate(|s| s.id().count())?;
        assert_eq!(counts, [(None, 1), (Some(Money { cents: 1 }), 1)]);
        Ok(())
    });
}

#[test]
fn more_rows_than_are_read_at_once_are_all_in() {
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        let authors = ["Ann", "Bob"].map(|name| em.create(Author::build().name(name)));
        for at in 0..1000_u16 {
            let author = authors[usize::from(at % 2)];
            let title = format!("{:03}", at * 7 % 1000);
            em.create(Book::build().title(title).pages(at).author(author));
        }
        em.flush()?;
        em.clear();
        let lengths = em.find::<Book>().aggregate(|b| {
            (
                b.title().map(|t| t.len()).sum(),
                b.title().map(|t| t.len()).avg(),
            )
        })?;
        assert_eq!(lengths, (3000, Some(3.0)));
        let titled = em.find::<Book>().filter(|b| b.title().ge("100"));
        assert_eq!(titled.aggregate(|b| b.title().count_distinct())?, 900);
        let by_author = em.find::<Book>().group_by(|b| b.author().name());
        let sums = by_author.aggregate(|b| (b.pages().sum(), b.pages().max()))?;
        let expected = [("Ann", (249_500, Some(998))), ("Bob", (250_000, Some(999)))];
        assert_eq!(sums, expected.map(|(name, sums)| (name.to_owned(), sums)));
        assert!(!em.is_managed(authors[0]), "nothing is loaded");
        Ok(())
    });
}

#[test]
fn what_is_pending_or_staged_is_seen() {
    on_both_stores::<Library>(|orm| {
        let mut em = orm.em();
        let ann = em.create(Author::build().name("Ann"));
        em.create(Book::build().title("a").pages(3).author(ann));
        assert_eq!(em.find::<Book>().aggregate(|b| b.pages().sum())?, 3);
        em[ann].name = "Zoe".into();
        let by = em.find::<Book>().group_by(|b| b.author().name());
        assert_eq!(by.aggregate(|b| b.id().count())?, [("Zoe".to_owned(), 1)]);
        em.begin();
        em.create(Book::build().title("b").pages(4));
        assert_eq!(em.find::<Book>().aggregate(|b| b.pages().sum())?, 7);
        em.rollback();
        assert_eq!(em.find::<Book>().aggregate(|b| b.pages().sum())?, 3);
        Ok(())
    });
}

#[test]
fn a_full_scan_is_told_and_can_be_forbidden() -> musher::Result<()> {
    let orm = Orm::builder()
        .entities::<Library>()
        .forbid_full_scans()
        .in_memory()?;
    let mut em = orm.em();
    em.create(Book::build().title("a").pages(3));
    let error = refused(em.find::<Book>().aggregate(|b| b.pages().sum())).to_string();
    assert!(error.contains("full scans are forbidden"), "{error}");
    let allowed = em.find::<Book>().allow_full_scan();
    assert_eq!(allowed.aggregate(|b| b.pages().sum())?, 3);
    let indexed = em.find::<Book>().filter(|b| b.title().eq("a"));
    assert_eq!(indexed.aggregate(|b| b.pages().sum())?, 3);
    Ok(())
}

#[cfg(feature = "rust_decimal")]
#[test]
fn decimals_stay_decimals_and_group_by_their_value() {
    use rust_decimal::Decimal;

    #[derive(Entity, Debug)]
    struct Bill {
        #[orm(primary_key)]
        id: Pk,
        total: Decimal,
    }

    on_both_stores::<Bill>(|orm| {
        let mut em = orm.em();
        for total in [
            Decimal::new(15, 1),
            Decimal::new(150, 2),
            Decimal::new(3, 0),
        ] {
            em.create(Bill::build().total(total));
        }
        let all = em
            .find::<Bill>()
            .aggregate(|b| (b.total().sum(), b.total().avg(), b.total().count_distinct()))?;
        assert_eq!(all, (Decimal::from(6), Some(Decimal::from(2)), 2));
        let by_total = em.find::<Bill>().group_by(|b| b.total());
        let counts = by_total.aggregate(|b| b.id().count())?;
        assert_eq!(counts, [(Decimal::new(15, 1), 2), (Decimal::from(3), 1)]);

        em.create(Bill::build().total(Decimal::MAX));
        let error = refused(em.find::<Bill>().aggregate(|b| b.total().avg()));
        assert!(error.to_string().contains("the mean of `total`"), "{error}");
        Ok(())
    });
}
