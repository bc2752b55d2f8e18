//! Types that have an order: whatever the type, and with or without an index, a query gives what the
//! same comparison of plain values gives.

use std::fmt::Debug;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use musher::prelude::*;
use serde::{Deserialize, Serialize};

use crate::on_both_stores;

/// An entity for each type of value, and the test of it. The values ascend.
macro_rules! values {
    ($($(#[$feature:meta])? $test:ident: $entity:ident($value:ty), $values:expr;)*) => {$(
        $(#[$feature])?
        #[derive(Entity, Debug)]
        struct $entity {
            #[orm(primary_key)]
            id: u64,
            #[orm(unique)]
            unique: $value,
            #[orm(index)]
            indexed: Option<$value>,
            plain: $value,
            absent: Option<$value>,
        }

        $(#[$feature])?
        #[test]
        fn $test() {
            let values: Vec<$value> = $values.into();
            assert!(values.is_sorted(), "the test lists values in their order");
            on_both_stores::<$entity>(|orm| {
                let mut em = orm.em();
                // The greatest has the first key. One row in the middle has no indexed value.
                let none = values.len() / 2;
                for (id, value) in values.iter().rev().enumerate() {
                    let mut new = $entity::build().id(id as u64);
                    if id != none {
                        new = new.indexed(Some(value.clone()));
                    }
                    em.create(new.unique(value.clone()).plain(value.clone()));
                }
                em.flush()?;
                em.clear();

                let ids = em.find::<$entity>().all()?;
                for (at, value) in values.iter().enumerate() {
                    let id = ids[values.len() - 1 - at];
                    assert_eq!((&em[id].unique, &em[id].plain), (value, value));
                    assert_eq!(em[id].absent, None);
                    let expected = |rows: &[usize]| -> Vec<Id<$entity>> {
                        let mut rows: Vec<_> = rows.iter().map(|row| ids[values.len() - 1 - row]).collect();
                        rows.sort();
                        rows
                    };
                    let below: Vec<_> = (0..at).collect();
                    let from: Vec<_> = (at..values.len()).collect();
                    let has: fn(&[usize], usize) -> Vec<usize> = |rows, none| {
                        rows.iter().copied().filter(|row| *row != none).collect()
                    };
                    let gap = values.len() - 1 - none;
                    let v = || value.clone();
                    assert_eq!(em.find::<$entity>().filter(|e| e.unique().eq(v())).all()?, [id]);
                    assert_eq!(em.find::<$entity>().filter(|e| e.plain().eq(v())).all()?, [id]);
                    assert_eq!(em.find::<$entity>().filter(|e| e.absent().eq(v())).count()?, 0);
                    assert_eq!(em.find::<$entity>().filter(|e| e.unique().lt(v())).all()?, expected(&below));
                    assert_eq!(em.find::<$entity>().filter(|e| e.plain().lt(v())).all()?, expected(&below));
                    assert_eq!(em.find::<$entity>().filter(|e| e.plain().ge(v())).all()?, expected(&from));
                    // `None` is less than every value.
                    let with_none = [has(&below, gap), vec![gap]].concat();
                    assert_eq!(em.find::<$entity>().filter(|e| e.indexed().lt(v())).all()?, expected(&with_none));
                    assert_eq!(em.find::<$entity>().filter(|e| e.indexed().ge(v())).all()?, expected(&has(&from, gap)));
                    let equal = em.find::<$entity>().filter(|e| e.indexed().eq(v())).all()?;
                    assert_eq!(equal, expected(&has(&[at], gap)));
                }

                let ascending = em.find::<$entity>().order_by(|e| e.plain().asc()).all()?;
                assert!(ascending.iter().eq(ids.iter().rev()));
                let first = em.find::<$entity>().order_by(|e| e.unique().asc()).limit(2).all()?;
                assert!(first.iter().eq(ids.iter().rev().take(2)));

                change(&mut em, &ids, |entity| &mut entity.plain, &values)
            });
        }
    )*};
}

/// What is assigned anew and equal is no change; what differs is written, and read back.
fn change<T: musher::Managed, V: Clone + Debug + PartialEq>(
    em: &mut EntityManager,
    ids: &[Id<T>],
    property: fn(&mut T) -> &mut V,
    values: &[V],
) -> musher::Result<()> {
    let (last, first) = (&ids[0], &ids[ids.len() - 1]);
    *property(&mut em[last]) = values[values.len() - 1].clone();
    let before = em.statistics().commits;
    em.flush()?;
    assert_eq!(
        em.statistics().commits,
        before,
        "an equal value is no change"
    );
    *property(&mut em[first]) = values[1].clone();
    em.flush()?;
    assert_eq!(em.statistics().commits, before + 1);
    em.clear();
    em.find_one(first).or_fail()?;
    assert_eq!(*property(&mut em[first]), values[1]);
    Ok(())
}

#[derive(OrderedKey, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Status {
    Draft,
    Scheduled { on: NaiveDate },
    Published(u32),
    Withdrawn,
}

#[derive(OrderedKey, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Isbn(String);

#[derive(OrderedKey, Serialize, Deserialize, Clone, Debug, PartialEq, PartialOrd)]
struct Celsius(f64);

#[derive(OrderedKey, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version {
    major: u16,
    minor: u16,
    label: Option<String>,
}

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 2, day).expect("a day in February")
}

fn version(major: u16, minor: u16, label: Option<&str>) -> Version {
    let label = label.map(str::to_owned);
    Version {
        major,
        minor,
        label,
    }
}

values! {
    enums_with_data: Post(Status), [
        Status::Draft,
        Status::Scheduled { on: day(1) },
        Status::Scheduled { on: day(2) },
        Status::Published(3),
        Status::Withdrawn,
    ];
    newtypes: Volume(Isbn), ["", "1", "10", "2"].map(|it| Isbn(it.to_owned()));
    newtypes_of_floats: Reading(Celsius), [-273.15, -0.5, 0.0, 36.6].map(Celsius);
    structs: Release(Version), [version(0, 9, None), version(1, 0, None), version(1, 0, Some("a")), version(1, 2, None)];
    dates: Holiday(NaiveDate), [NaiveDate::MIN, day(1), day(29), NaiveDate::MAX];
    times_of_day: Alarm(NaiveTime), [0, 1, 86_399].map(|at| NaiveTime::from_num_seconds_from_midnight_opt(at, 7).unwrap());
    local_moments: Meeting(NaiveDateTime), [day(1), day(2), day(3)].map(|day| day.and_hms_opt(9, 30, 0).unwrap());
    moments: Entry(DateTime<Utc>), [-1, 0, 1_700_000_000].map(|at| DateTime::from_timestamp(at, 5).unwrap());
    durations: Track(Duration), [Duration::ZERO, Duration::from_nanos(1), Duration::from_mins(5), Duration::MAX];
    differences: Shift(TimeDelta), [TimeDelta::MIN, TimeDelta::milliseconds(-1500), TimeDelta::zero(), TimeDelta::MAX];
    bytes: Digest(Vec<u8>), [vec![], vec![0], vec![0, 0], vec![0, 255], vec![255; 300]];
    wide_integers: Wide(i128), [i128::MIN, -1, 0, i128::MAX];
    characters: Letter(char), ['a', 'ä', '東'];
    booleans: Flag(bool), [false, true];
    #[cfg(feature = "uuid")]
    uuids: Token(uuid::Uuid), [0, 1, 1 << 127].map(uuid::Uuid::from_u128);
    #[cfg(feature = "rust_decimal")]
    decimals: Price(rust_decimal::Decimal), [-1990, -5, 0, 5, 1990].map(|it| rust_decimal::Decimal::new(it, 2));
}

/// Numbers that are equal are one value to conditions and to unique indexes, however they are written.
#[cfg(feature = "rust_decimal")]
#[test]
fn a_decimal_equals_itself_with_another_number_of_zeros() {
    use rust_decimal::Decimal;
    on_both_stores::<Price>(|orm| {
        let price = |text: &str| -> Decimal { text.parse().expect("a number") };
        let mut em = orm.em();
        let new = Price::build()
            .id(1)
            .unique(price("1.50"))
            .indexed(Some(price("1.50")));
        let row = em.create(new.plain(price("1.50")));
        em.flush()?;
        em.clear();
        for text in ["1.5", "1.50", "1.500"] {
            let found = em
                .find::<Price>()
                .filter(|p| p.plain().eq(price(text)))
                .all()?;
            assert_eq!(found, [row], "plain, {text}");
            let found = em
                .find::<Price>()
                .filter(|p| p.unique().eq(price(text)))
                .all()?;
            assert_eq!(found, [row], "unique, {text}");
            let found = em
                .find::<Price>()
                .filter(|p| p.indexed().is_in([price(text)]))
                .all()?;
            assert_eq!(found, [row], "indexed, {text}");
        }
        assert_eq!(
            em[row].plain.to_string(),
            "1.50",
            "what was written is kept"
        );
        em.create(Price::build().id(2).unique(price("1.5")).plain(price("2")));
        let error = em.flush().expect_err("1.5 is 1.50");
        assert!(matches!(error, Error::UniqueViolation { .. }), "{error}");
        Ok(())
    });
}

#[test]
fn equal_floats_in_a_type_of_ones_own_are_equal_to_conditions() {
    on_both_stores::<Reading>(|orm| {
        let mut em = orm.em();
        let zero = em.create(
            Reading::build()
                .id(1)
                .unique(Celsius(-0.0))
                .plain(Celsius(-0.0)),
        );
        em.flush()?;
        for zero_again in [0.0, -0.0] {
            let found = em
                .find::<Reading>()
                .filter(|r| r.plain().eq(Celsius(zero_again)))
                .all()?;
            assert_eq!(found, [zero]);
            let found = em
                .find::<Reading>()
                .filter(|r| r.unique().eq(Celsius(zero_again)))
                .all()?;
            assert_eq!(found, [zero]);
        }
        Ok(())
    });
}
