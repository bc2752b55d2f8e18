//! Embedded values: stored with their entity, and found, sorted, indexed and judged by what they hold.

use musher::prelude::*;
use proptest::prelude::*;
use serde_json::json;

use crate::{on_both_stores, refused};

#[derive(Embedded, Debug, Clone, PartialEq)]
struct Position {
    latitude: i32,
    longitude: i32,
    #[orm(length = 5)]
    label: Option<String>,
}

#[derive(Embedded, Debug, Clone, PartialEq)]
struct Address {
    street: String,
    #[orm(index)]
    city: String,
    #[orm(length = 4, serialized_name = "postCode")]
    post_code: String,
    #[orm(hidden)]
    door_code: Option<u32>,
    #[orm(embedded)]
    position: Option<Position>,
}

#[derive(Embedded, Debug, Clone, PartialEq)]
struct Contact {
    #[orm(unique)]
    email: String,
    #[orm(embedded)]
    at: Position,
}

#[derive(BaseEntity, Debug)]
struct Base {
    #[orm(primary_key)]
    id: Pk,
    #[orm(embedded)]
    origin: Option<Position>,
}

#[derive(Entity, Debug)]
#[orm(index(lower_city: String = home.city.to_lowercase()))]
struct User {
    #[orm(base)]
    base: Base,
    name: String,
    #[orm(embedded)]
    home: Address,
    #[orm(embedded)]
    office: Option<Address>,
    #[orm(embedded)]
    contact: Option<Contact>,
    rank: u32,
    #[orm(many_to_one)]
    friend: Option<Id<User>>,
}

fn position(latitude: i32) -> Position {
    let label = Some("here".to_owned());
    Position {
        latitude,
        longitude: 9,
        label,
    }
}

fn address(city: &str) -> Address {
    Address {
        street: "Ring 1".into(),
        city: city.into(),
        post_code: "1010".into(),
        door_code: Some(4711),
        position: None,
    }
}

fn contact(email: &str) -> Contact {
    Contact {
        email: email.into(),
        at: position(1),
    }
}

fn user(em: &mut EntityManager, name: &str, home: Address) -> Id<User> {
    em.create(User::build().name(name).home(home).rank(1))
}

#[test]
fn values_are_stored_and_read_back_with_their_entity() {
    on_both_stores::<User>(|orm| {
        let mut em = orm.em();
        let mut home = address("Wien");
        home.position = Some(position(48));
        let ann = user(&mut em, "ann", home.clone());
        let bob = em.create(
            User::build()
                .name("bob")
                .home(address("Graz"))
                .office(Some(home.clone()))
                .rank(2)
                .contact(Some(contact("bob@x"))),
        );
        em[bob].base.origin = Some(position(7));
        em.flush()?;
        em.clear();

        em.find::<User>().all()?;
        assert_eq!(
            (&em[ann].home, &em[ann].office, &em[ann].contact),
            (&home, &None, &None)
        );
        assert_eq!(em[ann].origin, None);
        assert_eq!(em[bob].home, address("Graz"));
        assert_eq!(em[bob].office, Some(home));
        assert_eq!(em[bob].contact, Some(contact("bob@x")));
        assert_eq!(em[bob].origin, Some(position(7)));
        Ok(())
    });
}

#[test]
fn what_changes_in_a_value_is_written_and_nothing_else() {
    on_both_stores::<User>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann", address("Wien"));
        em.flush()?;
        let before = em.statistics().commits;
        em[ann].home = address("Wien");
        em.flush()?;
        assert_eq!(
            em.statistics().commits,
            before,
            "an equal value is no change"
        );

        // Two units of work change two properties of one value.
        let mut other = orm.em();
        other.find_one(ann).or_fail()?;
        other[ann].home.street = "Gasse 2".into();
        other.flush()?;
        em[ann].home.city = "Linz".into();
        em[ann].home.position = Some(position(3));
        em.flush()?;
        assert_eq!(em[ann].home.street, "Gasse 2");
        other.find::<User>().all()?;
        assert_eq!(other[ann].home, em[ann].home);
        assert_eq!(other[ann].home.city, "Linz");
        assert_eq!(other[ann].home.position, Some(position(3)));
        Ok(())
    });
}

#[test]
fn an_optional_value_comes_and_goes() {
    on_both_stores::<User>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann", address("Wien"));
        em.flush()?;
        let mut office = address("Graz");
        office.position = Some(position(5));
        for value in [
            Some(office.clone()),
            None,
            Some(address("Linz")),
            Some(office),
            None,
        ] {
            em[ann].office.clone_from(&value);
            em.flush()?;
            assert_eq!(em[ann].office, value);
            let mut fresh = orm.em();
            fresh.find_one(ann).or_fail()?;
            assert_eq!(fresh[ann].office, value);
            assert_eq!(
                fresh
                    .find::<User>()
                    .filter(|u| u.office().is_some())
                    .count()?,
                usize::from(value.is_some())
            );
            let city = value.map_or(String::new(), |office| office.city);
            let found = fresh
                .find::<User>()
                .filter(|u| u.office().city().eq(city.clone()));
            assert_eq!(found.count()?, usize::from(!city.is_empty()));
        }
        Ok(())
    });
}

/// Of a value that may be absent, either all is one unit of work's or all the other's.
#[test]
fn an_optional_value_is_written_as_a_whole() {
    on_both_stores::<User>(|orm| {
        let mut em = orm.em();
        let ann = em.create(
            User::build()
                .name("ann")
                .home(address("a"))
                .office(Some(address("b")))
                .rank(1),
        );
        em.flush()?;
        let mut other = orm.em();
        other.find_one(ann).or_fail()?;
        other[ann].office = None;
        other.flush()?;
        em[ann].office.as_mut().expect("it is here").city = "c".into();
        em.flush()?;
        other.find::<User>().all()?;
        let mut expected = address("b");
        expected.city = "c".into();
        assert_eq!(other[ann].office.as_ref(), Some(&expected));
        assert_eq!(em[ann].office, Some(expected.clone()));
        Ok(())
    });
}

#[test]
fn a_find_keeps_all_of_an_optional_value_that_was_changed_here() -> musher::Result<()> {
    let orm = Orm::builder()
        .entities::<User>()
        .flush_mode(FlushMode::Commit)
        .in_memory()?;
    let mut em = orm.em();
    let new = User::build()
        .name("ann")
        .home(address("a"))
        .office(Some(address("b")));
    let ann = em.create(new.rank(1));
    em.flush()?;
    let mut other = orm.em();
    other.find_one(ann).or_fail()?;
    other[ann].office.as_mut().expect("it is here").street = "mine".into();
    em[ann].office = None;
    em[ann].rank = 2;
    em.flush()?;
    other.find::<User>().all()?;
    assert_eq!(other[ann].rank, 2);
    let mine = other[ann].office.clone().expect("it is kept");
    assert_eq!((mine.street.as_str(), mine.city.as_str()), ("mine", "b"));
    other.refresh(ann)?;
    assert_eq!(other[ann].office, None);
    Ok(())
}

#[test]
fn a_failed_flush_and_a_rollback_give_optional_values_back() {
    on_both_stores::<User>(|orm| {
        let mut em = orm.em();
        let ann = em.create(
            User::build()
                .name("ann")
                .home(address("a"))
                .contact(Some(contact("a@x")))
                .rank(1),
        );
        let bob = em.create(User::build().name("bob").home(address("b")).rank(1));
        em.flush()?;
        let failed: musher::Result<()> = em.transactional(|em| {
            em[ann].contact = None;
            em[bob].contact = Some(contact("b@x"));
            em[bob].home.position = Some(position(1));
            em.flush()?;
            em[bob].home.position = None;
            em[bob].office = Some(address("o"));
            Err(Error::other("no"))
        });
        refused(failed);
        assert_eq!(em[ann].contact, Some(contact("a@x")));
        assert_eq!(
            (&em[bob].contact, &em[bob].home.position, &em[bob].office),
            (&None, &None, &None)
        );
        em.flush()
    });
}

#[test]
fn conditions_and_orders_lead_into_values() {
    on_both_stores::<User>(|orm| {
        let mut em = orm.em();
        let mut wien = address("Wien");
        wien.position = Some(position(48));
        let ann = user(&mut em, "ann", wien.clone());
        let bob = em.create(
            User::build()
                .name("bob")
                .home(address("Graz"))
                .office(Some(wien))
                .rank(1),
        );
        let eve = em.create(
            User::build()
                .name("eve")
                .home(address("Linz"))
                .office(Some(address("Enns")))
                .rank(1)
                .friend(bob),
        );
        em.flush()?;

        let mut find = |filter: fn(UserPath<User>) -> musher::Filter<User>| {
            em.find::<User>().filter(filter).all()
        };
        assert_eq!(find(|u| u.home().city().eq("Wien"))?, [ann]);
        assert_eq!(
            find(|u| u
                .home()
                .city()
                .starts_with("W")
                .or(u.home().street().contains("nothing")))?,
            [ann]
        );
        assert_eq!(find(|u| u.home().city().between("G", "M"))?, [bob, eve]);
        assert_eq!(find(|u| u.office().city().eq("Wien"))?, [bob]);
        assert_eq!(find(|u| u.office().city().ne("Wien"))?, [ann, eve]);
        assert_eq!(find(|u| u.office().is_none())?, [ann]);
        assert_eq!(
            find(|u| u.office().is_some().and(u.office().position().is_none()))?,
            [eve]
        );
        assert_eq!(find(|u| u.home().position().latitude().gt(40))?, [ann]);
        assert_eq!(
            find(|u| u.office().position().latitude().lt(50))?,
            [ann, bob, eve],
            "`None` is less"
        );
        assert_eq!(find(|u| u.home().position().label().is_none())?, [bob, eve]);
        assert_eq!(find(|u| u.friend().office().city().eq("Wien"))?, [eve]);
        assert_eq!(find(|u| u.friend().home().city().eq("Graz"))?, [eve]);

        let by_city = em
            .find::<User>()
            .order_by(|u| u.home().city().asc())
            .all()?;
        assert_eq!(by_city, [bob, eve, ann]);
        let by_office = em
            .find::<User>()
            .order_by(|u| u.office().city().asc())
            .all()?;
        assert_eq!(by_office, [ann, eve, bob], "`None` comes first");
        let by_friend = em
            .find::<User>()
            .order_by(|u| u.friend().home().city().desc())
            .limit(1)
            .all()?;
        assert_eq!(by_friend, [eve]);
        Ok(())
    });
}

#[test]
fn single_properties_of_values_can_be_asked_for() {
    on_both_stores::<User>(|orm| {
        let mut em = orm.em();
        user(&mut em, "ann", address("Wien"));
        em.create(
            User::build()
                .name("bob")
                .home(address("Graz"))
                .office(Some(address("Linz")))
                .rank(1),
        );
        em.flush()?;
        let fields = em.find::<User>().fields(|u| {
            (
                u.home().city(),
                u.office().city().optional(),
                u.office().door_code().reveal(),
                u.home().position().latitude().optional(),
            )
        });
        let expected = [
            ("Wien", None, None, None),
            ("Graz", Some("Linz"), Some(4711), None),
        ];
        let expected = expected
            .map(|(home, office, code, at)| (home.to_owned(), office.map(str::to_owned), code, at));
        assert_eq!(fields.all()?, expected);
        let error = refused(em.find::<User>().fields(|u| u.office().city()).all());
        assert!(
            error
                .to_string()
                .contains("a relation or an embedded value on the way is `None`"),
            "{error}"
        );
        Ok(())
    });
}

#[test]
fn bulk_operations_know_values() {
    on_both_stores::<User>(|orm| {
        let mut em = orm.em();
        let new = |name: &str, email: &str| {
            User::build()
                .name(name)
                .home(address("Wien"))
                .rank(1)
                .contact(Some(contact(email)))
        };
        let ids = em
            .insert_many([
                new("ann", "a@x"),
                new("bob", "b@x").office(Some(address("Graz"))),
            ])
            .execute()?;
        let moved = em.update_where(|u: UserPath<User>| u.home().city().eq("Wien"));
        let moved = moved.set(|u| {
            (
                u.home().city().set("Linz"),
                u.home()
                    .post_code()
                    .update(|code| format!("{code}!")[1..].into()),
            )
        });
        assert_eq!(moved.execute()?, 2);
        em.find::<User>().all()?;
        assert_eq!(
            (
                em[ids[0]].home.city.as_str(),
                em[ids[0]].home.post_code.as_str()
            ),
            ("Linz", "010!")
        );

        // A part of what is absent can't be set.
        let all = em.update_where(|u: UserPath<User>| u.rank().eq(1_u32));
        let error = refused(all.set(|u| u.office().city().set("Enns")).execute()).to_string();
        assert!(
            error.contains("`office.city` is in `office`, which is `None` in this row"),
            "{error}"
        );
        let some = em.update_where(|u: UserPath<User>| u.office().is_some());
        assert_eq!(some.set(|u| u.office().city().set("Enns")).execute()?, 1);

        Ok(())
    });
}

/// What is given comes as a whole, or goes; what is not given stays.
#[test]
fn an_upsert_takes_values_over_as_wholes() {
    on_both_stores::<User>(|orm| {
        let mut em = orm.em();
        let new = |name: &str, email: &str| {
            let new = User::build().name(name).home(address("Wien"));
            new.rank(1).contact(Some(contact(email)))
        };
        let bobs = new("bob", "b@x").office(Some(address("Enns")));
        let ids = em.insert_many([new("ann", "a@x"), bobs]).execute()?;
        let of = |id: Id<User>| Base {
            id: Pk::from(*id.key()),
            ..Base::default()
        };
        em.upsert(new("bob", "b@x").base(of(ids[1]))).execute()?;
        em.upsert(
            new("ann", "c@x")
                .base(of(ids[0]))
                .office(Some(address("Wels"))),
        )
        .execute()?;
        em.clear();
        em.find::<User>().all()?;
        assert_eq!(
            em[ids[1]]
                .office
                .as_ref()
                .map(|office| office.city.as_str()),
            Some("Enns")
        );
        assert_eq!(em[ids[0]].office, Some(address("Wels")));
        assert_eq!(em[ids[0]].contact, Some(contact("c@x")));
        em.upsert(
            new("ann", "c@x")
                .base(of(ids[0]))
                .office(None)
                .contact(None),
        )
        .execute()?;
        em.clear();
        em.find_one(ids[0]).or_fail()?;
        assert_eq!((&em[ids[0]].office, &em[ids[0]].contact), (&None, &None));
        Ok(())
    });
}

#[test]
fn an_index_in_a_value_is_used() {
    on_both_stores::<User>(|orm| {
        let mut em = orm.em();
        for (name, city) in [("ann", "Wien"), ("bob", "Graz"), ("eve", "Linz")] {
            user(&mut em, name, address(city));
        }
        let office = em.create(
            User::build()
                .name("o")
                .home(address("Enns"))
                .office(Some(address("Wels")))
                .rank(1),
        );
        em.flush()?;
        let rows = |explanation: musher::Explanation| explanation.rows_examined;
        assert_eq!(
            rows(
                em.find::<User>()
                    .filter(|u| u.home().city().eq("Graz"))
                    .explain()?
            ),
            1
        );
        assert_eq!(
            rows(
                em.find::<User>()
                    .filter(|u| u.home().city().ge("L"))
                    .explain()?
            ),
            2
        );
        assert_eq!(
            rows(
                em.find::<User>()
                    .filter(|u| u.office().city().eq("Wels"))
                    .explain()?
            ),
            1
        );
        assert_eq!(
            rows(
                em.find::<User>()
                    .filter(|u| u.office().city().ge("A"))
                    .explain()?
            ),
            1
        );
        // What is absent is less than all, and is not in the index.
        let below = em.find::<User>().filter(|u| u.office().city().lt("X"));
        assert_eq!(below.count()?, 4);
        let lower = |u: UserPath<User>| u.lower_city().eq("graz");
        assert_eq!(rows(em.find::<User>().filter(lower).explain()?), 1);
        let first = em
            .find::<User>()
            .order_by(|u| u.office().city().desc())
            .limit(1)
            .all()?;
        assert_eq!(first, [office]);
        Ok(())
    });
}

#[test]
fn a_unique_property_of_values_is_unique_among_those_that_are_there() {
    on_both_stores::<User>(|orm| {
        let mut em = orm.em();
        let new = |name: &str, contact| {
            User::build()
                .name(name)
                .home(address("a"))
                .rank(1)
                .contact(contact)
        };
        let ann = em.create(new("ann", Some(contact("a@x"))));
        em.create(new("bob", None));
        em.create(new("eve", None));
        em.flush()?;
        let dan = em.create(new("dan", Some(contact("a@x"))));
        let error = refused(em.flush());
        assert!(matches!(error, Error::UniqueViolation { .. }), "{error}");
        assert!(error.to_string().contains("contact.email"), "{error}");
        // The value goes from one to the other in one flush.
        em[ann].contact = None;
        em.flush()?;
        assert_eq!(
            em.find::<User>()
                .filter(|u| u.contact().email().eq("a@x"))
                .all()?,
            [dan]
        );
        Ok(())
    });
}

#[test]
fn lengths_in_values_are_checked_where_they_are_there() {
    on_both_stores::<User>(|orm| {
        let mut em = orm.em();
        let mut office = address("Graz");
        office.post_code = "80100".into();
        office.position = Some(Position {
            label: Some("too long".into()),
            ..position(1)
        });
        let ann = em.create(
            User::build()
                .name("ann")
                .home(address("Wien"))
                .office(Some(office))
                .rank(1),
        );
        let error = refused(em.flush()).to_string();
        assert!(
            error.contains("`office.post_code` has 5 characters"),
            "{error}"
        );
        assert!(
            error.contains("`office.position.label` has 8 characters"),
            "{error}"
        );
        em[ann].office = None;
        em.flush()
    });
}

#[test]
fn values_are_nested_in_serializations_and_prints_without_what_is_hidden() {
    on_both_stores::<User>(|orm| {
        let mut em = orm.em();
        let ann = em.create(
            User::build()
                .name("ann")
                .home(address("Wien"))
                .contact(Some(contact("a@x")))
                .rank(1),
        );
        em.flush()?;
        let json = serde_json::to_value(em.view(ann)).expect("it serializes");
        let position = json!({ "latitude": 1, "longitude": 9, "label": "here" });
        let expected = json!({
            "id": 1, "origin": null, "name": "ann", "rank": 1, "friend": null, "office": null,
            "home": { "street": "Ring 1", "city": "Wien", "postCode": "1010", "position": null },
            "contact": { "email": "a@x", "at": position },
        });
        assert_eq!(json, expected);
        let chosen = em.serialize(ann).exclude(|u| (u.home(), u.office()));
        let json = serde_json::to_value(chosen).expect("it serializes");
        assert!(
            json.get("home").is_none() && json.get("contact").is_some(),
            "{json}"
        );

        let printed = format!("{:?}", em.view(ann));
        assert!(printed.contains(r#"home: Address { street: "Ring 1", city: "Wien", post_code: "1010", door_code: <hidden>, position: None }"#), "{printed}");
        assert!(printed.contains("office: None"), "{printed}");
        Ok(())
    });
}

#[test]
fn pages_and_reopening_know_values() -> musher::Result<()> {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    {
        let orm = crate::support::open::<User>(directory.path());
        let mut em = orm.em();
        for city in ["c", "a", "d", "b"] {
            user(&mut em, city, address(city));
        }
        em.flush()?;
        drop(em);
        orm.close()?;
    }
    let orm = crate::support::open::<User>(directory.path());
    let mut em = orm.em();
    let page = em
        .find::<User>()
        .order_by(|u| u.home().city().asc())
        .page(3)?;
    let cities: Vec<_> = page
        .ids
        .iter()
        .map(|id| em[*id].home.city.clone())
        .collect();
    assert_eq!(cities, ["a", "b", "c"]);
    assert!(orm.verify()?.is_clean());
    Ok(())
}

/// A user as plain values: the city and latitude at home, and the office likewise.
type Plain = (String, Option<i32>, Option<(String, Option<i32>)>);

fn plain() -> impl Strategy<Value = Plain> {
    let place = || ("[ab]{0,2}", prop::option::of(-2..3));
    (place(), prop::option::of(place()))
        .prop_map(|((city, latitude), office)| (city, latitude, office))
}

fn filled((city, latitude): (String, Option<i32>)) -> Address {
    Address {
        position: latitude.map(position),
        ..address(&city)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever is compared with, and whether an index helps: the same rows as among plain values, where
    /// what is behind an absent value is `None`, and less than everything.
    #[test]
    fn conditions_on_values_are_those_on_plain_values(
        rows in prop::collection::vec(plain(), 1..12),
        changes in prop::collection::vec((any::<prop::sample::Index>(), plain()), 0..6),
        than in "[ab]{0,2}",
        number in -2..3,
    ) {
        on_both_stores::<User>(|orm| {
            let mut em = orm.em();
            let mut plain = rows.clone();
            let ids: Vec<_> = rows.iter().map(|(city, latitude, office)| {
                let home = filled((city.clone(), *latitude));
                em.create(User::build().name("n").rank(1).home(home).office(office.clone().map(filled)))
            }).collect();
            em.flush()?;
            for (at, change) in &changes {
                let at = at.index(ids.len());
                em[ids[at]].home = filled((change.0.clone(), change.1));
                em[ids[at]].office = change.2.clone().map(filled);
                plain[at] = change.clone();
                em.flush()?;
            }
            let expected = |holds: &dyn Fn(&Plain) -> bool| -> Vec<Id<User>> {
                let rows = ids.iter().zip(&plain);
                rows.filter(|(_, row)| holds(row)).map(|(id, _)| *id).collect()
            };
            let city = |row: &Plain| row.2.as_ref().map(|office| office.0.clone());
            let latitude = |row: &Plain| row.2.as_ref().and_then(|office| office.1);
            let some = Some(than.clone());
            let than = || than.as_str();
            let check = |filter: &dyn Fn(UserPath<User>) -> musher::Filter<User>, holds: &dyn Fn(&Plain) -> bool| {
                let mut em = orm.em();
                assert_eq!(em.find::<User>().filter(filter).all()?, expected(holds));
                Ok::<(), Error>(())
            };
            check(&|u| u.home().city().lt(than()), &|row| row.0.as_str() < than())?;
            check(&|u| u.home().city().eq(than()), &|row| row.0 == than())?;
            check(&|u| u.office().city().eq(than()), &|row| city(row) == some)?;
            check(&|u| u.office().city().ne(than()), &|row| city(row) != some)?;
            check(&|u| u.office().city().lt(than()), &|row| city(row) < some)?;
            check(&|u| u.office().city().le(than()), &|row| city(row) <= some)?;
            check(&|u| u.office().city().gt(than()), &|row| city(row) > some)?;
            check(&|u| u.office().city().ge(than()), &|row| city(row) >= some)?;
            check(&|u| u.office().position().latitude().ge(number), &|row| latitude(row) >= Some(number))?;
            check(&|u| u.office().position().is_none(), &|row| latitude(row).is_none())?;
            check(&|u| u.office().is_none(), &|row| row.2.is_none())?;

            let mut by_city: Vec<_> = ids.iter().zip(&plain).collect();
            by_city.sort_by_key(|(id, row)| (city(row), **id));
            let sorted = em.find::<User>().order_by(|u| u.office().city().asc()).all()?;
            assert!(sorted.iter().eq(by_city.iter().map(|(id, _)| *id)));
            Ok(())
        });
    }
}
