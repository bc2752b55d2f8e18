//! The natural order of keys is the order of rows: without an order of its own, a query gives rows
//! by key, for every kind of key. Each test writes the keys in another order than theirs.

use std::fmt::Debug;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use musher::prelude::*;
use musher::{IntoId, Managed};
use serde::{Deserialize, Serialize};

use crate::on_both_stores;

/// An entity for each kind of key, and the test of its order.
macro_rules! keyed {
    ($($(#[$feature:meta])? $test:ident: $entity:ident($key:ty), $keys:expr;)*) => {$(
        $(#[$feature])?
        #[derive(Entity, Debug)]
        struct $entity {
            #[orm(primary_key)]
            id: $key,
            written: usize,
        }

        $(#[$feature])?
        #[test]
        fn $test() {
            let keys: Vec<$key> = $keys.into();
            assert!(keys.is_sorted(), "the test lists keys in their order");
            on_both_stores::<$entity>(|orm| {
                let mut em = orm.em();
                // Evens first, backwards: in no order of theirs.
                let backwards = (0..keys.len()).rev();
                let (evens, odds): (Vec<_>, Vec<_>) = backwards.partition(|at| at % 2 == 0);
                for at in evens.into_iter().chain(odds) {
                    em.create($entity::build().id(keys[at].clone()).written(at));
                }
                em.flush()?;
                check::<$entity>(orm.em(), &keys)?;

                let mut em = orm.em();
                let middle = keys[keys.len() / 2].clone();
                let after = em.find::<$entity>().filter(|e| e.id().gt(middle.clone()));
                let after: Vec<_> = after.all()?.into_iter().map(|id| em[id].id.clone()).collect();
                assert_eq!(after, keys[keys.len() / 2 + 1..]);
                let found = em.find::<$entity>().filter(|e| e.id().eq(middle.clone())).all()?;
                assert_eq!(found, [Id::new(middle.clone())]);
                let down = em.find::<$entity>().order_by(|e| e.id().desc()).limit(2).all()?;
                let last = keys.iter().rev().take(2).cloned().map(Id::new);
                assert_eq!(down, last.collect::<Vec<Id<$entity>>>());
                Ok(())
            });
        }
    )*};
}

fn check<T: Managed<Key: Debug>>(mut em: EntityManager, keys: &[T::Key]) -> musher::Result<()> {
    let ids = em.find::<T>().all()?;
    let found: Vec<_> = ids.into_iter().map(Id::into_key).collect();
    assert_eq!(found, keys);
    for key in keys {
        let id = Id::<T>::new(key.clone());
        assert_eq!(em.find_one(&id).or_fail()?, id);
    }
    Ok(())
}

#[derive(
    EntityKey,
    OrderedKey,
    Serialize,
    Deserialize,
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
)]
enum Planet {
    Mercury,
    Venus,
    Earth,
    Mars,
    Jupiter,
}

#[derive(
    EntityKey,
    OrderedKey,
    Serialize,
    Deserialize,
    Clone,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
)]
enum Contact {
    Post { town: String, house: u16 },
    Mail(String),
    Nobody,
}

#[derive(
    EntityKey,
    OrderedKey,
    Serialize,
    Deserialize,
    Clone,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
)]
struct Isbn(String);

#[derive(
    EntityKey,
    OrderedKey,
    Serialize,
    Deserialize,
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
)]
struct Place {
    row: i16,
    column: u64,
}

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 2, day).expect("a day in February")
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

keyed! {
    unsigned_integers: Unsigned(u32), [0, 1, 239, 240, 70_000, u32::MAX];
    signed_integers: Signed(i64), [i64::MIN, -70_000, -121, -1, 0, 120, 70_000, i64::MAX];
    wide_integers: Wide(u128), [0, 255, 256, u128::MAX];
    strings: Named(String), texts(&["", "\0", "A", "a", "a\0", "ab", "b", "ä", "東京"]);
    booleans: Flag(bool), [false, true];
    bytes: Hash32(Vec<u8>), [vec![], vec![0], vec![0, 0], vec![0, 255], vec![1], vec![255]];
    dates: Day(NaiveDate), [NaiveDate::MIN, day(1), day(2), day(29), NaiveDate::MAX];
    moments: Moment(DateTime<Utc>), [-1, 0, 1, 1_700_000_000].map(|at| DateTime::from_timestamp(at, 5).unwrap());
    durations: Span(Duration), [Duration::ZERO, Duration::from_millis(1), Duration::from_mins(5), Duration::MAX];
    differences: Delta(TimeDelta), [TimeDelta::MIN, TimeDelta::milliseconds(-1), TimeDelta::zero(), TimeDelta::days(3)];
    tuples: Cell((String, i32)), [("a", -1), ("a", 0), ("a\0", -5), ("b", -9)].map(|(text, number)| (text.to_owned(), number));
    enums: World(Planet), [Planet::Mercury, Planet::Venus, Planet::Earth, Planet::Mars, Planet::Jupiter];
    enums_with_data: Reach(Contact), [
        Contact::Post { town: "Graz".into(), house: 300 },
        Contact::Post { town: "Wien".into(), house: 3 },
        Contact::Mail("a@b".into()),
        Contact::Nobody,
    ];
    newtypes: Volume(Isbn), [Isbn("1".into()), Isbn("10".into()), Isbn("2".into())];
    structs: Seat(Place), [(-1, 7), (0, 3), (0, 300), (2, 0)].map(|(row, column)| Place { row, column });
    #[cfg(feature = "uuid")]
    uuids: Unique(uuid::Uuid), [0, 1, 1 << 127].map(uuid::Uuid::from_u128);
    #[cfg(feature = "rust_decimal")]
    decimals: Price(rust_decimal::Decimal), [-1990, -5, 0, 5, 1990].map(|it| rust_decimal::Decimal::new(it, 2));
}

#[test]
fn a_key_type_of_ones_own_names_a_row_as_it_is() {
    fn id<T: musher::Entity>(key: impl IntoId<T>) -> Id<T> {
        key.into_id()
    }
    assert_eq!(id::<World>(Planet::Earth), Id::new(Planet::Earth));
    on_both_stores::<(World, Volume)>(|orm| {
        let mut em = orm.em();
        let earth = em.create(World::build().id(Planet::Earth).written(3));
        em.create(Volume::build().id(Isbn("7".into())).written(7));
        em.flush()?;
        em.clear();
        assert_eq!(em.find_one::<World>(Planet::Earth).or_fail()?, earth);
        let volume = em.find_one::<Volume>(Isbn("7".into())).or_fail()?;
        assert_eq!(em[volume].written, 7);
        Ok(())
    });
}
