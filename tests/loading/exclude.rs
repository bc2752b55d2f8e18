//! Rows without some of their properties: what is left out is not there, and nothing stands for it.

use std::cell::Cell;

use musher::Result;
use musher::prelude::*;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use crate::support::{on_both_stores, refused};

/// What only the staff may see.
struct Staff;

/// A text that counts how often one of it was decoded.
#[derive(Serialize, Debug, Default)]
struct Scan(String);

thread_local! {
    // A test runs in a thread of its own, and reads in it.
    static DECODED: Cell<usize> = const { Cell::new(0) };
}

impl<'de> Deserialize<'de> for Scan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        DECODED.set(DECODED.get() + 1);
        String::deserialize(deserializer).map(Self)
    }
}

#[derive(BaseEntity, Debug)]
struct Base {
    #[orm(primary_key)]
    id: Pk,
    #[orm(default, groups(Staff))]
    revision: u32,
}

#[derive(Embedded, Debug, Clone, PartialEq)]
struct Place {
    city: String,
    #[orm(embedded)]
    street: Option<Street>,
}

#[derive(Embedded, Debug, Clone, PartialEq)]
struct Street {
    #[orm(serialized_name = "called")]
    name: String,
    number: Option<u16>,
}

#[derive(Entity, Debug)]
struct Person {
    #[orm(primary_key)]
    name: String,
}

#[derive(Entity, Debug)]
struct Deed {
    #[orm(base)]
    base: Base,
    #[orm(serialized_name = "headline")]
    title: String,
    #[orm(default)]
    rating: Option<i16>,
    #[orm(default)]
    scan: Scan,
    #[orm(hidden, default)]
    secret: String,
    #[orm(serializer = euros)]
    price: i64,
    #[orm(embedded)]
    place: Place,
    #[orm(embedded)]
    origin: Option<Place>,
    #[orm(default)]
    text: Lazy<String>,
    #[orm(many_to_one)]
    seller: Id<Person>,
    #[orm(many_to_one)]
    buyer: Option<Id<Person>>,
    #[orm(many_to_many)]
    witnesses: Collection<Person>,
}

#[derive(Entity, Debug)]
struct Seat {
    #[orm(primary_key)]
    hall: String,
    #[orm(primary_key)]
    #[orm(many_to_one)]
    owner: Id<Person>,
    price: u8,
}

type Archive = (Person, Deed, Seat);

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "a serializer takes a reference"
)]
fn euros(cents: &i64) -> String {
    format!("{}.{:02} EUR", cents / 100, cents % 100)
}

fn place(city: &str, number: Option<u16>) -> Place {
    Place {
        city: city.into(),
        street: number.map(|number| Street {
            name: "Main".into(),
            number: Some(number),
        }),
    }
}

/// Two deeds: one with everything, and one with nothing that need not be.
fn two(em: &mut EntityManager) -> Result<[Id<Deed>; 2]> {
    let ann = em.create(Person::build().name("Ann"));
    let bob = em.create(Person::build().name("Bob"));
    let full = Deed::build()
        .title("Full")
        .rating(Some(5))
        .scan(Scan("large".into()))
        .secret("hush")
        .price(1_250)
        .place(place("Rome", Some(1)))
        .origin(Some(place("Oslo", None)))
        .seller(ann.clone())
        .buyer(bob.clone());
    let bare = Deed::build()
        .title("Bare")
        .price(5)
        .place(place("Riga", None))
        .seller(bob.clone());
    let deeds = [em.create(full), em.create(bare)];
    em.edit(deeds[0]).witnesses().add(bob);
    em.flush()?;
    em.clear();
    Ok(deeds)
}

#[test]
fn a_partial_row_has_what_was_not_excluded_and_nothing_is_loaded() {
    on_both_stores::<Archive>(|orm| {
        let mut em = orm.em();
        let [full, bare] = two(&mut em)?;
        let rows = em
            .find::<Deed>()
            .exclude(|d| (d.scan(), d.price(), d.origin()))
            .all()?;
        let [one, other] = rows.as_slice() else {
            panic!("there are two")
        };
        assert_eq!((one.id(), one.key(), other.id()), (full, full.key(), bare));
        assert_eq!(one.get(|d| d.title())?, "Full");
        assert_eq!(one.get(|d| d.id())?, full.key());
        assert_eq!(one.get(|d| d.secret().reveal())?, "hush");
        assert_eq!(one.get(|d| d.place().city())?, "Rome");
        assert_eq!(one.get(|d| (d.rating(), d.revision()))?, (&Some(5), &0));
        assert_eq!(one.get(|d| d.seller().name())?, "Ann");
        assert_eq!(
            one.get(|d| (
                d.buyer().name().optional(),
                d.place().street().name().optional()
            ))?,
            (Some(&"Bob".to_owned()), Some(&"Main".to_owned()))
        );
        assert_eq!(
            other.get(|d| (
                d.buyer().name().optional(),
                d.place().street().name().optional()
            ))?,
            (None, None)
        );
        assert_eq!(other.get(|d| d.rating())?, &None);
        assert!(!em.is_managed(full) && !em.is_managed(bare));
        assert!(!em.is_managed(Id::<Person>::new("Ann".into())));
        assert_eq!(em.statistics().lookups, 1, "relations are there as keys");
        Ok(())
    });
}

#[test]
fn what_was_excluded_is_an_error_and_never_a_default() {
    on_both_stores::<Archive>(|orm| {
        let mut em = orm.em();
        let [_, bare] = two(&mut em)?;
        let row = em
            .find::<Deed>()
            .filter(|d| d.id().eq(bare))
            .exclude(|d| (d.rating(), d.place(), d.buyer(), d.revision()))
            .first()?
            .expect("there is one");
        let excluded = |path: &str, name: &str| {
            format!(
                "`{path}` of Deed {bare} is not loaded; the query has excluded it, so take `{name}` out of its `exclude`"
            )
        };
        let message = |error: Error| {
            assert!(matches!(error, Error::NotLoaded { .. }));
            error.to_string()
        };
        let rating = message(refused(row.get(|d| d.rating())));
        assert_eq!(rating, excluded("rating", "rating"));
        let city = message(refused(row.get(|d| (d.title(), d.place().city()))));
        assert_eq!(city, excluded("place.city", "place"));
        let buyer = message(refused(row.get(|d| d.buyer().name().optional())));
        assert_eq!(buyer, excluded("buyer.name", "buyer"));
        let revision = message(refused(row.get(|d| d.revision())));
        assert_eq!(revision, excluded("revision", "revision"));
        Ok(())
    });
}

#[test]
fn what_is_behind_a_relation_is_asked_for_otherwise() {
    on_both_stores::<super::Library>(|orm| {
        let mut em = orm.em();
        super::ann(&mut em)?;
        let row = em.find::<super::Book>().exclude(|b| b.rating()).first()?;
        let row = row.expect("there is one");
        let error = refused(row.get(|b| b.author().name()));
        assert_eq!(
            error.to_string(),
            format!(
                "`author.name` of Book {} is not loaded; a partial row has what is stored in it, and nothing else; ask for this \
                 with `fields`",
                row.id()
            )
        );
        em.create(super::Book::build().title("Alone"));
        let alone = em.find::<super::Book>().filter(|b| b.title().eq("Alone"));
        let alone = alone.exclude(|b| b.title()).first()?.expect("there is one");
        let error = refused(alone.get(|b| b.author().id()));
        assert!(
            error.to_string().contains("ask for it as `.optional()`"),
            "{error}"
        );
        Ok(())
    });
}

#[test]
fn excluded_bytes_are_not_decoded_and_others_when_they_are_asked_for() {
    on_both_stores::<Archive>(|orm| {
        let mut em = orm.em();
        two(&mut em)?;
        let before = DECODED.get();
        let rows = em.find::<Deed>().exclude(|d| d.scan()).all()?;
        let titles = rows.iter().map(|row| row.get(|d| d.title()));
        assert_eq!(titles.collect::<Result<Vec<_>>>()?, ["Full", "Bare"]);
        serde_json::to_string(&rows).expect("it can be written");
        assert_eq!(DECODED.get(), before);

        let rows = em.find::<Deed>().exclude(|d| d.title()).all()?;
        assert_eq!(DECODED.get(), before);
        assert_eq!(rows[0].get(|d| d.scan())?.0, "large");
        assert_eq!(rows[0].get(|d| d.scan())?.0, "large");
        assert_eq!(DECODED.get(), before + 1, "once");
        Ok(())
    });
}

fn to_json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).expect("it can be written")
}

#[test]
fn a_partial_row_serializes_as_its_entity_with_what_is_there() {
    on_both_stores::<Archive>(|orm| {
        let mut em = orm.em();
        two(&mut em)?;
        let rows = em
            .find::<Deed>()
            .exclude(|d| (d.scan(), d.revision()))
            .all()?;
        assert_eq!(
            to_json(&rows),
            json!([
                {
                    "id": 1, "headline": "Full", "rating": 5, "price": "12.50 EUR", "seller": "Ann", "buyer": "Bob",
                    "place": { "city": "Rome", "street": { "called": "Main", "number": 1 } },
                    "origin": { "city": "Oslo", "street": null },
                },
                {
                    "id": 2, "headline": "Bare", "rating": null, "price": "0.05 EUR", "seller": "Bob", "buyer": null,
                    "place": { "city": "Riga", "street": null }, "origin": null,
                },
            ])
        );

        let rows = em
            .find::<Deed>()
            .exclude(|d| (d.place(), d.seller()))
            .all()?;
        let deeds = em.find::<Deed>().all()?;
        for (row, deed) in rows.iter().zip(deeds) {
            let whole = || em.serialize(deed).exclude(|d| (d.place(), d.seller()));
            assert_eq!(to_json(row), to_json(&whole()));
            assert_eq!(to_json(&row.ungrouped()), to_json(&whole().ungrouped()));
            assert_eq!(
                to_json(&row.group::<Staff>()),
                to_json(&whole().group::<Staff>())
            );
        }
        assert_eq!(to_json(&rows[0])["revision"], 0);
        assert_eq!(to_json(&rows[0].ungrouped()).get("revision"), None);
        Ok(())
    });
}

#[test]
fn a_partial_row_prints_without_what_is_hidden() {
    on_both_stores::<Archive>(|orm| {
        let mut em = orm.em();
        two(&mut em)?;
        let row = em
            .find::<Deed>()
            .exclude(|d| (d.scan(), d.place(), d.origin()))
            .first()?
            .expect("there is one");
        let printed = "Deed { id: 1, revision: 0, title: \"Full\", rating: Some(5), secret: <hidden>, price: 1250, \
                       seller: Ann, buyer: Bob, .. }";
        assert_eq!(format!("{row:?}"), printed);
        assert_eq!(format!("{:?}", row.clone()), printed);
        Ok(())
    });
}

#[test]
fn a_part_of_a_key_is_always_there() {
    on_both_stores::<Archive>(|orm| {
        let mut em = orm.em();
        let ann = em.create(Person::build().name("Ann"));
        em.create(Seat::build().hall("A").owner(ann).price(3));
        let rows = em.find::<Seat>().exclude(|s| s.price()).all()?;
        assert_eq!(rows[0].get(|s| s.hall())?, "A");
        assert_eq!(rows[0].get(|s| s.owner().name())?, "Ann");
        assert_eq!(to_json(&rows), json!([{ "hall": "A", "owner": "Ann" }]));
        let error = refused(em.find::<Seat>().exclude(|s| (s.price(), s.owner())).all());
        assert_eq!(
            error.to_string(),
            "Seat: `owner` is a part of the primary key, which is always there; take it out of `exclude`"
        );
        Ok(())
    });
}

#[test]
fn what_was_to_be_populated_is_refused() {
    on_both_stores::<Archive>(|orm| {
        let mut em = orm.em();
        two(&mut em)?;
        let populated = em.find::<Deed>().populate(|d| d.seller()).unchecked();
        let error = refused(populated.exclude(|d| d.scan()).all());
        assert!(error.to_string().contains("take out `populate`"), "{error}");
        Ok(())
    });
}
