//! Embedded values in what is assigned.

use musher::Error;
use musher::prelude::*;
use serde_json::json;

use crate::support::*;

#[derive(Embedded, Debug, Clone, PartialEq)]
struct Position {
    latitude: i32,
    #[orm(default)]
    longitude: i32,
}

#[derive(Embedded, Debug, Clone, PartialEq)]
struct Address {
    city: String,
    #[orm(serialized_name = "postCode")]
    post_code: Option<String>,
    #[orm(hidden)]
    door_code: Option<u32>,
    #[orm(embedded)]
    position: Option<Position>,
}

#[derive(Entity, Debug)]
struct Person {
    #[orm(primary_key)]
    id: Pk,
    name: String,
    #[orm(embedded)]
    home: Address,
    #[orm(embedded)]
    office: Option<Address>,
    #[orm(many_to_one)]
    friend: Option<Id<Person>>,
}

fn address(city: &str) -> Address {
    Address {
        city: city.to_owned(),
        post_code: Some("1010".to_owned()),
        door_code: Some(7),
        position: None,
    }
}

fn person(em: &mut EntityManager) -> Id<Person> {
    em.create(Person::build().name("Ann").home(address("Wien")))
}

#[test]
fn the_named_properties_of_a_value_change_and_the_others_stay() {
    on_both_stores::<Person>(|orm| {
        let mut em = orm.em();
        let ann = person(&mut em);
        em.flush()?;
        let request = json!({ "home": { "city": "Graz", "position": { "latitude": 47 } } });
        em.assign(ann, &request).apply()?;
        let wanted = Address {
            position: Some(Position {
                latitude: 47,
                longitude: 0,
            }),
            ..address("Graz")
        };
        assert_eq!(em[ann].home, wanted);
        em.flush()?;
        let mut other = orm.em();
        let found = other
            .find::<Person>()
            .filter(|p| p.home().city().eq("Graz"));
        assert_eq!(found.all()?, [ann]);
        assert_eq!(other[ann].home, wanted);
        Ok(())
    });
}

#[test]
fn a_value_that_is_absent_is_made_as_a_whole_and_null_takes_it_away() {
    on_both_stores::<Person>(|orm| {
        let mut em = orm.em();
        let ann = person(&mut em);
        em.flush()?;
        let request = json!({ "office": { "city": "Linz", "postCode": null } });
        em.assign(ann, &request).apply()?;
        em.flush()?;
        let office = em[ann].office.clone().expect("it is there");
        assert_eq!((office.city.as_str(), office.post_code), ("Linz", None));
        assert_eq!(
            orm.em()
                .find::<Person>()
                .filter(|p| p.office().city().eq("Linz"))
                .count()?,
            1
        );

        em.assign(ann, &json!({ "office": null })).apply()?;
        em.flush()?;
        assert_eq!(em[ann].office, None);
        let mut other = orm.em();
        other.find_one(ann).or_fail()?;
        assert_eq!(other[ann].office, None);
        Ok(())
    });
}

#[test]
fn a_new_entity_gets_its_values() {
    on_both_stores::<Person>(|orm| {
        let mut em = orm.em();
        let ann = person(&mut em);
        em.flush()?;
        let request = json!({ "friend": { "name": "Bob", "home": { "city": "Bern", "position": { "latitude": 1, "longitude": 2 } } } });
        em.assign(ann, &request).apply()?;
        em.flush()?;
        let bob = em[ann].friend.expect("it was made");
        assert_eq!(em[bob].home.city, "Bern");
        let position = em[bob].home.position.clone().expect("it was given");
        assert_eq!((position.latitude, position.longitude), (1, 2));
        assert_eq!(em[bob].office, None);
        assert!(orm.verify()?.is_clean());
        Ok(())
    });
}

#[test]
fn what_does_not_fit_in_a_value_is_told_at_once_and_nothing_is_changed() {
    on_both_stores::<Person>(|orm| {
        let mut em = orm.em();
        let ann = person(&mut em);
        em.flush()?;
        let request = json!({
            "name": "Zoe",
            "city": "Rom",
            "home": { "city": 7, "town": "Graz", "door_code": 1, "position": {} },
            "office": { "postCode": "1" },
            "friend": { "name": "Bob", "home": null },
        });
        let error = em.assign(ann, &request).apply().unwrap_err();
        let Error::Assign(problems) = error else {
            panic!("{error}");
        };
        let properties: Vec<_> = problems.iter().map(|it| it.property.as_str()).collect();
        assert_eq!(
            properties,
            [
                "city",
                "friend.home",
                "home.city",
                "home.door_code",
                "home.position.latitude",
                "home.town",
                "office.city",
            ]
        );
        assert_eq!(em[ann].name, "Ann");
        assert_eq!(em[ann].home, address("Wien"));
        assert_eq!(em[ann].friend, None);
        em.assign(
            ann,
            &json!({ "home": { "town": "x", "city": "Ulm" }, "city": "y" }),
        )
        .ignore_unknown()
        .apply()?;
        assert_eq!(em[ann].home.city, "Ulm");
        Ok(())
    });
}
