//! Lists of embedded values: in them, too, the properties of the struct are what its attributes say.

use musher::prelude::*;
use proptest::prelude::*;
use serde_json::json;

use crate::{on_both_stores, refused};

#[derive(Embedded, Debug, Clone, PartialEq)]
struct Position {
    latitude: i32,
    #[orm(length = 5)]
    label: Option<String>,
}

#[derive(Embedded, Debug, Clone, PartialEq)]
struct Phone {
    #[orm(length = 6)]
    number: String,
    #[orm(hidden)]
    pin: Option<u32>,
}

#[derive(Embedded, Debug, Clone, PartialEq)]
struct Address {
    #[orm(length = 8, index)]
    city: String,
    #[orm(serialized_name = "postCode", groups(Post))]
    post_code: Option<String>,
    #[orm(hidden)]
    door_code: Option<u32>,
    #[orm(serializer = stars)]
    rating: u8,
    #[orm(embedded)]
    at: Option<Position>,
    #[orm(embedded)]
    phones: Vec<Phone>,
}

struct Post;

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "a serializer is given a reference"
)]
fn stars(rating: &u8) -> String {
    "*".repeat(usize::from(*rating))
}

#[derive(Entity, Debug)]
#[orm(index(each(cities: Vec<String> = addresses.iter().map(|it| it.city.clone()).collect())))]
struct Customer {
    #[orm(primary_key)]
    id: Pk,
    name: String,
    #[orm(embedded)]
    addresses: Vec<Address>,
    #[orm(embedded)]
    former: Option<Vec<Address>>,
    #[orm(embedded, default)]
    phones: Vec<Phone>,
}

fn phone(number: &str) -> Phone {
    let pin = Some(4711);
    let number = number.into();
    Phone { number, pin }
}

fn address(city: &str) -> Address {
    Address {
        city: city.into(),
        post_code: Some("1010".into()),
        door_code: Some(4711),
        rating: 2,
        at: None,
        phones: Vec::new(),
    }
}

fn located(city: &str, latitude: i32) -> Address {
    let label = Some("here".into());
    Address {
        at: Some(Position { latitude, label }),
        phones: vec![phone("123")],
        ..address(city)
    }
}

fn customer(em: &mut EntityManager, addresses: Vec<Address>) -> Id<Customer> {
    em.create(Customer::build().name("ann").addresses(addresses))
}

#[test]
fn lists_are_stored_and_read_back_with_their_entity() {
    on_both_stores::<Customer>(|orm| {
        let mut em = orm.em();
        let addresses = vec![located("Wien", 48), address("Graz")];
        let ann = customer(&mut em, addresses.clone());
        let bob = customer(&mut em, Vec::new());
        em[bob].former = Some(vec![address("Linz")]);
        em.flush()?;
        em.clear();

        assert_eq!(em.find::<Customer>().all()?, [ann, bob]);
        assert_eq!(em[ann].addresses, addresses);
        assert_eq!((&em[ann].former, &em[ann].phones), (&None, &Vec::new()));
        assert_eq!(em[bob].addresses, []);
        assert_eq!(em[bob].former, Some(vec![address("Linz")]));

        em.transactional(|em| {
            em[ann].addresses.clear();
            em.flush()?;
            Err::<(), _>(Error::other("no"))
        })
        .unwrap_err();
        assert_eq!(em[ann].addresses, addresses);
        Ok(())
    });
}

#[test]
fn a_list_is_written_when_something_in_it_has_changed() {
    on_both_stores::<Customer>(|orm| {
        let mut em = orm.em();
        let ann = customer(&mut em, vec![located("Wien", 48)]);
        em.flush()?;
        let before = em.statistics().commits;
        em[ann].addresses = vec![located("Wien", 48)];
        em.flush()?;
        assert_eq!(
            em.statistics().commits,
            before,
            "an equal list is no change"
        );

        em[ann].addresses[0].phones[0].pin = None;
        let sets = em.change_sets()?;
        let change = sets.of::<Customer>().next().expect("the list has changed");
        assert_eq!(change.changed().collect::<Vec<_>>(), ["addresses"]);
        let was = change.original().addresses().expect("it has changed");
        assert_eq!(was[0].phones, [phone("123")]);
        let is = change.payload().addresses().expect("it has changed");
        assert_eq!(is[0].phones[0].pin, None);
        em.flush()?;
        assert_eq!(em.statistics().commits, before + 1);

        let mut others = orm.em();
        let found = others.find_one(ann).or_fail()?;
        assert_eq!(others[found].addresses[0].phones[0].pin, None);
        Ok(())
    });
}

#[test]
fn lengths_are_checked_in_each_element() {
    on_both_stores::<Customer>(|orm| {
        let mut em = orm.em();
        let mut far = located("Wien", 48);
        far.at = Some(Position {
            latitude: 1,
            label: Some("too long".into()),
        });
        far.phones.push(phone("1234567"));
        let addresses = vec![address("Graz"), address("Bruck an der Mur"), far];
        let ann = customer(&mut em, addresses);
        let Error::Validation(violations) = refused(em.flush()) else {
            panic!("violations were expected");
        };
        let places: Vec<_> = violations.iter().map(|it| &*it.property).collect();
        let expected = [
            "addresses[1].city",
            "addresses[2].phones[1].number",
            "addresses[2].at.label",
        ];
        assert_eq!(places, expected);
        let told = violations[0].to_string();
        assert!(
            told.starts_with("Customer 1: `addresses[1].city` has 16 characters, and at most 8"),
            "{told}"
        );
        em[ann].addresses.truncate(1);
        em.flush()
    });
}

#[test]
fn elements_are_serialized_and_printed_by_their_attributes() {
    on_both_stores::<Customer>(|orm| {
        let mut em = orm.em();
        let ann = customer(&mut em, vec![located("Wien", 48), address("Graz")]);
        em.flush()?;
        let json = serde_json::to_value(em.view(ann)).expect("it serializes");
        let expected = json!([
            {
                "city": "Wien", "postCode": "1010", "rating": "**",
                "at": { "latitude": 48, "label": "here" }, "phones": [{ "number": "123" }],
            },
            { "city": "Graz", "postCode": "1010", "rating": "**", "at": null, "phones": [] },
        ]);
        assert_eq!(json["addresses"], expected);
        assert_eq!(json["former"], json!(null));

        let ungrouped = em.serialize(ann).ungrouped();
        let json = serde_json::to_value(ungrouped).expect("it serializes");
        assert_eq!(json["addresses"][0].get("postCode"), None);
        let of_post = em.serialize(ann).group::<Post>();
        let json = serde_json::to_value(of_post).expect("it serializes");
        assert_eq!(json["addresses"][0]["postCode"], "1010");
        let without = em.serialize(ann).exclude(|c| c.addresses());
        let json = serde_json::to_value(without).expect("it serializes");
        assert_eq!(json.get("addresses"), None);

        let printed = format!("{:?}", em.view(ann));
        let expected = "addresses: [Address { city: \"Wien\", post_code: Some(\"1010\"), door_code: <hidden>, rating: 2, \
                        at: Position { latitude: 48, label: Some(\"here\") }, \
                        phones: [Phone { number: \"123\", pin: <hidden> }] }, Address";
        assert!(printed.contains(expected), "{printed}");
        em[ann].phones = vec![phone("9")];
        let sets = em.change_sets()?;
        let told = sets.iter().next().and_then(|set| set.payload("phones"));
        let expected = "[Phone { number: \"9\", pin: <hidden> }]";
        assert_eq!(told.as_deref(), Some(expected));
        Ok(())
    });
}

#[test]
fn lists_are_read_and_written_without_their_entity() {
    on_both_stores::<Customer>(|orm| {
        let mut em = orm.em();
        customer(&mut em, vec![located("Wien", 48)]);
        em.flush()?;
        let read = em
            .find::<Customer>()
            .fields(|c| (c.addresses(), c.former(), c.name()))
            .all()?;
        assert_eq!(read, [(vec![located("Wien", 48)], None, "ann".to_owned())]);

        let partial = em
            .find::<Customer>()
            .exclude(|c| (c.name(), c.phones()))
            .all()?;
        let addresses = partial[0].get(|c| c.addresses())?;
        assert_eq!(*addresses, [located("Wien", 48)]);
        assert!(partial[0].get(|c| c.phones()).is_err());
        let json = serde_json::to_value(&partial[0]).expect("it serializes");
        let position = json!({ "latitude": 48, "label": "here" });
        let address = json!({
            "city": "Wien", "postCode": "1010", "rating": "**", "at": position, "phones": [{ "number": "123" }],
        });
        assert_eq!(
            json,
            json!({ "id": 1, "addresses": [address], "former": null })
        );
        Ok(())
    });
}

#[test]
fn elements_are_asked_like_items() {
    on_both_stores::<Customer>(|orm| {
        let mut em = orm.em();
        let ann = customer(&mut em, vec![located("Wien", 48), address("Graz")]);
        let bob = customer(&mut em, vec![located("Graz", 47)]);
        let eve = customer(&mut em, Vec::new());
        em[eve].former = Some(vec![located("Wien", 48)]);
        em.flush()?;
        let is = |filter: &dyn Fn(CustomerPath<Customer>) -> musher::Filter<Customer>,
                  expected: &[Id<Customer>]| {
            let mut em = orm.em();
            let found = em.find::<Customer>().filter(filter).all()?;
            assert_eq!(found, expected);
            Ok::<(), Error>(())
        };
        is(&|c| c.addresses().any(|a| a.city().eq("Wien")), &[ann])?;
        is(&|c| c.addresses().all(|a| a.city().eq("Graz")), &[bob, eve])?;
        is(
            &|c| c.addresses().none(|a| a.city().starts_with("G")),
            &[eve],
        )?;
        is(
            &|c| {
                c.addresses()
                    .any(|a| a.city().eq("Graz").and(a.at().is_some()))
            },
            &[bob],
        )?;
        is(&|c| c.addresses().any(|a| a.at().latitude().gt(47)), &[ann])?;
        is(&|c| c.addresses().any(|a| a.at().is_none()), &[ann])?;
        is(
            &|c| {
                c.addresses()
                    .any(|a| a.phones().any(|p| p.number().eq("123")))
            },
            &[ann, bob],
        )?;
        is(&|c| c.addresses().count().ge(2), &[ann])?;
        is(&|c| c.addresses().is_empty(), &[eve])?;
        is(&|c| c.addresses().is_empty().not(), &[ann, bob])?;
        is(&|c| c.former().is_none(), &[ann, bob])?;
        is(&|c| c.former().is_some(), &[eve])?;
        is(&|c| c.former().any(|a| a.rating().eq(2)), &[eve])?;
        is(&|c| c.former().is_empty(), &[ann, bob])?;
        is(&|c| c.cities().has("Graz"), &[ann, bob])
    });
}

#[test]
fn conditions_on_elements_are_explained_without_what_is_hidden() {
    let orm = Orm::builder().entities::<Customer>().in_memory();
    let orm = orm.expect("the schema is valid");
    let mut em = orm.em();
    let asked = em.find::<Customer>().filter(|c| {
        let near = c
            .addresses()
            .any(|a| a.city().eq("Wien").and(a.at().latitude().lt(3)));
        let coded = c.addresses().none(|a| a.door_code().reveal().eq(4711));
        let called = c.former().all(|a| a.phones().count().ge(1));
        near.and(coded).and(called)
    });
    let told = asked.explain().expect("it is a query").to_string();
    let expected = "addresses any (city = \"Wien\" and at.latitude < 3) and \
                    addresses none (door_code compared with <hidden>) and former all (phones count >= 1)";
    assert!(told.contains(expected), "{told}");
    assert!(!told.contains("4711"), "{told}");
}

#[cfg(feature = "regex")]
#[test]
fn a_pattern_among_elements_is_checked() {
    let orm = Orm::builder().entities::<Customer>().in_memory();
    let orm = orm.expect("the schema is valid");
    let mut em = orm.em();
    let asked = em
        .find::<Customer>()
        .filter(|c| c.addresses().any(|a| a.city().matches("(")));
    let error = refused(asked.all()).to_string();
    assert!(
        error.contains("`city` is compared with a pattern"),
        "{error}"
    );
}

#[test]
fn lists_are_set_in_bulk() {
    on_both_stores::<Customer>(|orm| {
        let mut em = orm.em();
        let ann = customer(&mut em, vec![located("Wien", 48)]);
        em.flush()?;
        em.update_where::<Customer>(|c| c.addresses().any(|a| a.city().eq("Wien")))
            .set(|c| {
                let addresses = c.addresses().set(vec![address("Graz")]);
                (addresses, c.former().set(Some(vec![address("Wien")])))
            })
            .execute()?;
        assert_eq!(em[ann].addresses, [address("Graz")]);
        assert_eq!(em[ann].former, Some(vec![address("Wien")]));

        let far = em
            .update_where::<Customer>(|c| c.addresses().any(|a| a.city().eq("Graz")))
            .set(|c| c.addresses().set(vec![address("Bruck an der Mur")]))
            .execute();
        let error = refused(far).to_string();
        assert!(
            error.contains("`addresses[0].city` has 16 characters"),
            "{error}"
        );
        Ok(())
    });
}

#[cfg(feature = "serde-json")]
#[test]
fn json_makes_a_list_anew_and_is_told_what_does_not_fit() {
    on_both_stores::<Customer>(|orm| {
        let mut em = orm.em();
        let ann = customer(&mut em, vec![located("Wien", 48)]);
        em.flush()?;
        let given = json!({
            "addresses": [
                { "city": "Graz", "postCode": null, "rating": 1, "phones": [{ "number": "1" }] },
                { "city": "Linz", "rating": 2, "at": { "latitude": 3 }, "phones": [] },
            ],
            "former": [],
        });
        em.assign(ann, &given).apply()?;
        let [graz, linz] = em[ann].addresses.as_slice() else {
            panic!("two addresses were assigned");
        };
        assert_eq!((graz.city.as_str(), graz.phones.len()), ("Graz", 1));
        let at = Position {
            latitude: 3,
            label: None,
        };
        assert_eq!((linz.city.as_str(), &linz.at), ("Linz", &Some(at)));
        assert_eq!(em[ann].former, Some(Vec::new()));
        em.assign(ann, &json!({ "former": null })).apply()?;
        assert_eq!(em[ann].former, None);
        em.flush()?;

        let wrong = json!({
            "addresses": [
                { "city": 3, "rating": 1, "phones": [] },
                { "city": "Linz", "ratign": 2, "phones": [{ "number": "1", "pin": 7 }] },
                "Wien",
            ],
            "former": 5,
        });
        let Error::Assign(problems) = refused(em.assign(ann, &wrong).apply()) else {
            panic!("problems were expected");
        };
        let places: Vec<_> = problems.iter().map(|it| it.property.as_str()).collect();
        let expected = [
            "addresses[0].city",
            "addresses[1].ratign",
            "addresses[1].rating",
            "addresses[1].phones[0].pin",
            "addresses[2]",
            "former",
        ];
        assert_eq!(places, expected, "{problems:?}");
        assert!(
            problems[3].to_string().contains("hidden"),
            "{}",
            problems[3]
        );
        assert_eq!(em[ann].addresses.len(), 2, "nothing is assigned then");

        let created =
            json!({ "name": "Bob", "addresses": [{ "city": "Wien", "rating": 1, "phones": [] }] });
        let bob = customer(&mut em, Vec::new());
        em.assign(bob, &created).apply()?;
        assert_eq!(em[bob].addresses[0].city, "Wien");
        em.flush()
    });
}

#[test]
fn what_does_not_hold_in_a_list_is_refused_when_a_database_opens() {
    #[derive(Embedded, Debug)]
    struct Reply {
        #[orm(unique)]
        text: String,
        #[orm(embedded)]
        replies: Vec<Reply>,
    }

    #[derive(Entity, Debug)]
    struct Post {
        #[orm(primary_key)]
        id: Pk,
        #[orm(embedded)]
        replies: Vec<Reply>,
    }

    let opened = Orm::builder().entities::<Post>().in_memory();
    let Error::Schema(problems) = refused(opened) else {
        panic!("problems were expected");
    };
    let expected = [
        "Post.replies[].text: `unique` does not hold among the elements of a list; remove it from Reply, or make Reply \
         an entity",
        "Post.replies[].replies[]: a list of Reply has lists of Reply within; make Reply an entity",
    ];
    assert_eq!(problems, expected);
}

/// An address as plain values: the city, and the latitude where it is known.
type Plain = (String, Option<i32>);

fn plain() -> impl Strategy<Value = Plain> {
    ("[ab]{0,2}", prop::option::of(-2..3))
}

fn filled((city, latitude): &Plain) -> Address {
    match latitude {
        Some(latitude) => located(city, *latitude),
        None => address(city),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The same rows as among plain values, whatever is asked of the elements.
    #[test]
    fn conditions_on_elements_are_those_on_plain_values(
        rows in prop::collection::vec(prop::collection::vec(plain(), 0..4), 1..8),
        than in "[ab]{0,2}",
        number in -2..3,
        count in 0..4_usize,
    ) {
        on_both_stores::<Customer>(|orm| {
            let mut em = orm.em();
            let ids: Vec<_> = rows.iter().map(|row| {
                customer(&mut em, row.iter().map(filled).collect())
            }).collect();
            em.flush()?;
            let check = |filter: &dyn Fn(CustomerPath<Customer>) -> musher::Filter<Customer>, holds: &dyn Fn(&[Plain]) -> bool| {
                let rows = ids.iter().zip(&rows);
                let expected: Vec<_> = rows.filter(|(_, row)| holds(row)).map(|(id, _)| *id).collect();
                let mut em = orm.em();
                assert_eq!(em.find::<Customer>().filter(filter).all()?, expected);
                Ok::<(), Error>(())
            };
            let than = than.as_str();
            check(&|c| c.addresses().any(|a| a.city().eq(than)), &|row| row.iter().any(|a| a.0 == than))?;
            check(&|c| c.addresses().all(|a| a.city().lt(than)), &|row| row.iter().all(|a| a.0.as_str() < than))?;
            check(&|c| c.addresses().none(|a| a.city().ne(than)), &|row| row.iter().all(|a| a.0 == than))?;
            check(&|c| c.addresses().any(|a| a.at().latitude().le(number)), &|row| row.iter().any(|a| a.1 <= Some(number)))?;
            check(&|c| c.addresses().any(|a| a.at().latitude().ge(number).or(a.city().eq(than))),
                &|row| row.iter().any(|a| a.1 >= Some(number) || a.0 == than))?;
            check(&|c| c.addresses().any(|a| a.at().latitude().ge(number)).not(), &|row| !row.iter().any(|a| a.1 >= Some(number)))?;
            check(&|c| c.addresses().count_of(|a| a.at().is_none()).eq(count), &|row| row.iter().filter(|a| a.1.is_none()).count() == count)?;
            check(&|c| c.addresses().count().le(count), &|row| row.len() <= count)?;
            check(&|c| c.cities().has(than), &|row| row.iter().any(|a| a.0 == than))
        });
    }
}
