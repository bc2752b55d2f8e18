//! Random queries of rows whose key is made of a relation and two properties, against plain values.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use musher::prelude::*;
use musher::{Filter, Order};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::plain::{Compare, compares};
use crate::support::on_both_stores;

/// Hall, row and number; halls by their names, of which one begins another.
type Key = (&'static str, i16, String);

/// The seats by their keys, each with its price, if it has one.
type Seats = BTreeMap<Key, Option<u8>>;

const HALLS: [&str; 3] = ["", "a", "ab"];

fn keys() -> impl Strategy<Value = Key> {
    let hall = prop::sample::select(&HALLS[..]);
    let number = prop_oneof![Just(String::new()), "[ab]{1,2}", Just("a\0".to_owned())];
    (hall, -2_i16..3, number)
}

#[derive(Debug, Clone)]
enum Condition {
    Hall(&'static str),
    Halls(Vec<&'static str>),
    Row(Compare, i16),
    Rows(Vec<i16>),
    Number(Compare, String),
    Key(Compare, Key),
    Keys(Vec<Key>),
    Price(Compare, Option<u8>),
    Both(Box<Self>, Box<Self>),
    Either(Box<Self>, Box<Self>),
    Not(Box<Self>),
}

impl Condition {
    fn holds(&self, key: &Key, price: Option<u8>) -> bool {
        match self {
            Self::Hall(hall) => key.0 == *hall,
            Self::Halls(halls) => halls.contains(&key.0),
            Self::Row(compare, row) => compare.holds(key.1.cmp(row)),
            Self::Rows(rows) => rows.contains(&key.1),
            Self::Number(compare, number) => compare.holds(key.2.cmp(number)),
            Self::Key(compare, other) => compare.holds(key.cmp(other)),
            Self::Keys(keys) => keys.contains(key),
            Self::Price(compare, other) => compare.holds(price.cmp(other)),
            Self::Both(a, b) => a.holds(key, price) && b.holds(key, price),
            Self::Either(a, b) => a.holds(key, price) || b.holds(key, price),
            Self::Not(condition) => !condition.holds(key, price),
        }
    }
}

fn conditions() -> impl Strategy<Value = Condition> {
    let hall = || prop::sample::select(&HALLS[..]);
    let price = prop::option::of(0_u8..3);
    let leaf = prop_oneof![
        2 => hall().prop_map(Condition::Hall),
        1 => vec(hall(), 0..3).prop_map(Condition::Halls),
        2 => (compares(), -2_i16..3).prop_map(|(c, v)| Condition::Row(c, v)),
        1 => vec(-2_i16..3, 0..3).prop_map(Condition::Rows),
        2 => (compares(), "[ab]{0,2}").prop_map(|(c, v)| Condition::Number(c, v)),
        1 => (compares(), keys()).prop_map(|(c, v)| Condition::Key(c, v)),
        1 => vec(keys(), 0..5).prop_map(Condition::Keys),
        1 => (compares(), price).prop_map(|(c, v)| Condition::Price(c, v)),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            4 => pair.clone().prop_map(|(a, b)| Condition::Both(a.into(), b.into())),
            1 => pair.prop_map(|(a, b)| Condition::Either(a.into(), b.into())),
            1 => inner.prop_map(|condition| Condition::Not(condition.into())),
        ]
    })
}

#[derive(Debug, Clone, Copy)]
enum By {
    Row,
    Number,
    Key,
    Price,
}

/// By what, and whether downwards.
type Term = (By, bool);

fn compare(term: Term, a: (&Key, Option<u8>), b: (&Key, Option<u8>)) -> Ordering {
    let order = match term.0 {
        By::Row => a.0.1.cmp(&b.0.1),
        By::Number => a.0.2.cmp(&b.0.2),
        By::Key => a.0.cmp(b.0),
        By::Price => a.1.cmp(&b.1),
    };
    if term.1 { order.reverse() } else { order }
}

#[derive(Debug, Clone)]
struct Ask {
    condition: Option<Condition>,
    terms: Vec<Term>,
    page: usize,
}

fn asks() -> impl Strategy<Value = Vec<Ask>> {
    let by = prop::sample::select(vec![By::Row, By::Number, By::Key, By::Price]);
    let ask = (
        prop::option::weighted(0.8, conditions()),
        vec((by, any::<bool>()), 0..3),
        1_usize..7,
    );
    let ask = ask.prop_map(|(condition, terms, page)| Ask {
        condition,
        terms,
        page,
    });
    vec(ask, 1..20)
}

impl Ask {
    fn wanted(&self, seats: &Seats) -> Vec<Key> {
        let meets = |(key, price): &(&Key, &Option<u8>)| {
            let condition = self.condition.as_ref();
            condition.is_none_or(|condition| condition.holds(key, **price))
        };
        let mut wanted: Vec<_> = seats.iter().filter(meets).collect();
        let is_down = self.terms.last().is_some_and(|(_, is_down)| *is_down);
        wanted.sort_by(|a, b| {
            let (a, b) = ((a.0, *a.1), (b.0, *b.1));
            let orders = self.terms.iter().map(|term| compare(*term, a, b));
            let order = orders.fold(Ordering::Equal, Ordering::then);
            order.then(compare((By::Key, is_down), a, b))
        });
        wanted.into_iter().map(|(key, _)| key.clone()).collect()
    }
}

/// Defines the entities, as a module: `$price` stands before the price.
macro_rules! theatre {
    ($name:ident, $(#[$price:meta])*) => {
        mod $name {
            use super::*;

            #[derive(Entity, Debug)]
            pub struct Hall {
                #[orm(primary_key)]
                name: String,
            }

            #[derive(Entity, Debug)]
            pub struct Seat {
                #[orm(primary_key, many_to_one)]
                hall: Id<Hall>,
                #[orm(primary_key)]
                row: i16,
                #[orm(primary_key)]
                number: String,
                $(#[$price])*
                price: Option<u8>,
            }

            fn key((hall, row, number): &Key) -> (Id<Hall>, i16, String) {
                (Id::new((*hall).to_owned()), *row, number.clone())
            }

            fn filter(condition: &Condition, seat: &SeatPath<Seat>) -> Filter<Seat> {
                match condition {
                    Condition::Hall(hall) => seat.hall().name().eq(*hall),
                    Condition::Halls(halls) => seat.hall().name().is_in(halls.iter().copied()),
                    Condition::Row(compare, row) => compare.filter(seat.row(), *row),
                    Condition::Rows(rows) => seat.row().is_in(rows.iter().copied()),
                    Condition::Number(compare, number) => {
                        compare.filter(seat.number(), number.clone())
                    }
                    Condition::Key(compare, other) => compare.filter(seat.key(), key(other)),
                    Condition::Keys(keys) => seat.key().is_in(keys.iter().map(key)),
                    Condition::Price(compare, price) => compare.filter(seat.price(), *price),
                    Condition::Both(a, b) => filter(a, seat).and(filter(b, seat)),
                    Condition::Either(a, b) => filter(a, seat).or(filter(b, seat)),
                    Condition::Not(condition) => filter(condition, seat).not(),
                }
            }

            fn order((by, is_down): Term, seat: &SeatPath<Seat>) -> Order<Seat> {
                match (by, is_down) {
                    (By::Row, false) => seat.row().asc(),
                    (By::Row, true) => seat.row().desc(),
                    (By::Number, false) => seat.number().asc(),
                    (By::Number, true) => seat.number().desc(),
                    (By::Key, false) => seat.key().asc(),
                    (By::Key, true) => seat.key().desc(),
                    (By::Price, false) => seat.price().asc(),
                    (By::Price, true) => seat.price().desc(),
                }
            }

            fn asked<'em>(em: &'em mut EntityManager, ask: &Ask) -> musher::Find<'em, Seat> {
                let query = em.find::<Seat>().order_by(|seat| {
                    let orders = ask.terms.iter().map(|term| order(*term, &seat));
                    orders.collect::<Vec<_>>()
                });
                match &ask.condition {
                    Some(condition) => query.filter(|seat| filter(condition, &seat)),
                    None => query,
                }
            }

            fn plain(ids: &[Id<Seat>]) -> Vec<(String, i16, String)> {
                let plain = |id: &Id<Seat>| {
                    let (hall, row, number) = id.key();
                    (hall.key().clone(), *row, number.clone())
                };
                ids.iter().map(plain).collect()
            }

            fn verify(em: &mut EntityManager, seats: &Seats, ask: &Ask) -> musher::Result<()> {
                let owned = |(hall, row, number): Key| (hall.to_owned(), row, number);
                let wanted: Vec<_> = ask.wanted(seats).into_iter().map(owned).collect();
                let plan = asked(em, ask).explain()?;
                assert_eq!(plan.rows_found, wanted.len(), "{plan}");
                assert_eq!(plain(&asked(em, ask).ids()?), wanted, "{plan}");
                assert_eq!(asked(em, ask).count()?, wanted.len(), "{plan}");
                assert_eq!(asked(em, ask).exists()?, !wanted.is_empty(), "{plan}");
                let first = asked(em, ask).limit(ask.page).ids()?;
                assert_eq!(plain(&first), wanted[..ask.page.min(wanted.len())], "{plan}");
                // All pages, there and back again.
                let (mut there, mut back) = (Vec::new(), Vec::new());
                let mut page = asked(em, ask).page(ask.page)?;
                loop {
                    there.extend(plain(&page.ids));
                    let Some(next) = page.next.take() else { break };
                    page = asked(em, ask).after(&next).page(ask.page)?;
                }
                assert_eq!(there, wanted, "{plan}");
                loop {
                    back.extend(plain(&page.ids).into_iter().rev());
                    let Some(previous) = page.previous.take() else { break };
                    page = asked(em, ask).before(&previous).page(ask.page)?;
                }
                back.reverse();
                assert_eq!(back, wanted, "{plan}");
                Ok(())
            }

            pub fn verify_on_both_stores(seats: &Seats, asks: &[Ask]) {
                on_both_stores::<(Hall, Seat)>(|orm| {
                    let mut em = orm.em();
                    for hall in HALLS {
                        em.create(Hall::build().name(hall));
                    }
                    for ((hall, row, number), price) in seats {
                        let hall = Id::<Hall>::new((*hall).to_owned());
                        let seat = Seat::build().hall(hall).row(*row);
                        em.create(seat.number(number.clone()).price(*price));
                    }
                    em.flush()?;
                    asks.iter().try_for_each(|ask| verify(&mut em, seats, ask))
                });
            }
        }
    };
}

theatre!(bare,);
theatre!(indexed, #[orm(index)]);

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn queries_by_parts_of_a_key_find_what_plain_values_have(
        seats in btree_map(keys(), prop::option::of(0_u8..3), 0..40),
        asks in asks(),
    ) {
        bare::verify_on_both_stores(&seats, &asks);
        indexed::verify_on_both_stores(&seats, &asks);
    }
}
