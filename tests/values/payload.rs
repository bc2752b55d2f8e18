//! What hooks, change sets and the feed tell of embedded values.

use musher::prelude::*;

use crate::on_both_stores;

#[derive(Embedded, Debug, Clone, PartialEq)]
struct Position {
    latitude: i32,
    label: Option<String>,
}

#[derive(Embedded, Debug, Clone, PartialEq)]
struct Address {
    city: String,
    #[orm(embedded)]
    at: Position,
    #[orm(embedded)]
    parking: Option<Position>,
}

#[derive(BaseEntity, Debug)]
struct Base {
    #[orm(primary_key)]
    id: Pk,
    #[orm(embedded)]
    origin: Option<Position>,
}

#[derive(Entity, Debug)]
#[orm(before_update = User::count_moves)]
struct User {
    #[orm(base)]
    base: Base,
    #[orm(embedded)]
    home: Address,
    #[orm(embedded)]
    office: Option<Address>,
    #[orm(default)]
    moves: u32,
}

impl User {
    fn count_moves(&mut self, args: &EventArgs<Self>) -> musher::Result<()> {
        let home = args.change_set().payload().home();
        if let Some(city) = home.and_then(|home| home.city()) {
            if city.is_empty() {
                return Err(Error::other("a home is in a city"));
            }
            self.moves += 1;
        }
        Ok(())
    }
}

fn position(latitude: i32) -> Position {
    Position {
        latitude,
        label: None,
    }
}

fn address(city: &str) -> Address {
    Address {
        city: city.into(),
        at: position(1),
        parking: None,
    }
}

/// What one change set is about.
fn changes(em: &mut EntityManager, check: impl FnOnce(&UserPayload<'_>, &UserPayload<'_>)) {
    let sets = em.change_sets().expect("nothing is refused");
    let mut of_users = sets.of::<User>();
    let user = of_users.next().expect("the user has changed");
    check(user.original(), user.payload());
}

#[test]
fn a_payload_has_the_properties_of_a_value_that_change() {
    on_both_stores::<User>(|orm| {
        let mut em = orm.em();
        let ann = em.create(User::build().home(address("Wien")));
        changes(&mut em, |_, after| {
            let home = after.home().expect("all of a new value is told");
            assert_eq!(home.city().expect("it is new"), "Wien");
            let at = home.at().expect("all of a new value is told");
            assert_eq!((at.latitude(), at.label()), (Some(&1), Some(&None)));
            assert!(home.parking().expect("that it is absent").is_none());
            assert!(after.office().expect("that it is absent").is_none());
            assert!(after.origin().expect("that it is absent").is_none());
        });
        em.flush()?;

        em[ann].home.at.latitude = 2;
        changes(&mut em, |before, after| {
            let (before, after) = (before.home(), after.home());
            assert!(after.is_some_and(|home| home.city().is_none()));
            let latitude = |home: Option<AddressPayload<'_>>| home?.at()?.latitude().copied();
            assert_eq!((latitude(before), latitude(after)), (Some(1), Some(2)));
        });
        em.flush()?;
        assert_eq!(em[ann].moves, 0);
        em[ann].home.city = "Graz".into();
        em.flush()?;
        assert_eq!(em[ann].moves, 1);
        em[ann].home.city.clear();
        assert!(matches!(em.flush(), Err(Error::Hook { .. })));
        em[ann].home.city = "Graz".into();

        em[ann].moves = 7;
        changes(&mut em, |before, after| {
            assert!(after.home().is_none() && before.home().is_none());
            assert!(after.office().is_none() && before.origin().is_none());
        });
        em.flush()
    });
}

#[test]
fn a_value_that_comes_or_goes_is_told_as_a_whole() {
    on_both_stores::<User>(|orm| {
        let mut em = orm.em();
        let ann = em.create(User::build().home(address("Wien")));
        em.flush()?;

        let mut office = address("Graz");
        office.parking = Some(position(5));
        em[ann].office = Some(office);
        em[ann].base.origin = Some(position(3));
        changes(&mut em, |before, after| {
            assert!(before.office().is_some_and(|office| office.is_none()));
            let office = after.office().flatten().expect("it is there now");
            assert_eq!(office.city().expect("it is new"), "Graz");
            let parking = office.parking().flatten().expect("it is there now");
            assert_eq!(parking.latitude(), Some(&5));
            let origin = after.origin().flatten().expect("it is there now");
            assert_eq!(origin.latitude(), Some(&3));
        });
        em.flush()?;

        em[ann].office = None;
        changes(&mut em, |before, after| {
            let office = before.office().flatten().expect("it was there");
            assert_eq!(office.city().expect("it was there"), "Graz");
            assert!(after.office().is_some_and(|office| office.is_none()));
            assert!(after.home().is_none());
        });
        em.flush()
    });
}

#[test]
fn the_feed_tells_values_likewise() {
    on_both_stores::<User>(|orm| {
        let feed = orm.subscribe::<User>();
        let mut em = orm.em();
        let ann = em.create(User::build().home(address("Wien")));
        em.flush()?;
        em[ann].home.parking = Some(position(5));
        em.flush()?;
        let parked = feed.try_iter().nth(1).expect("two commits were made");
        let musher::FeedItem::Change(parked) = parked else {
            panic!("a change was expected: {parked:?}");
        };
        let payload = parked.payload();
        let home = payload.home().expect("a part of it has changed");
        assert!(home.city().is_none());
        let parking = home.parking().flatten().expect("it is there now");
        assert_eq!(parking.latitude(), Some(&5));
        Ok(())
    });
}
