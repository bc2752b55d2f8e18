//! Subscribers of one entity.

use musher::prelude::*;
use musher::{Error, Subscriber};

use super::{Account, Events, Group, account, on_both_stores};

/// Tells what it is told, and does what the name of the account says.
struct Watcher(Events, &'static str);

impl Watcher {
    fn tell(&self, event: &str, args: &EventArgs<'_, Account>) {
        let changed: Vec<_> = args.change_set().changed().collect();
        self.0
            .add(format!("{} {event} {}", self.1, changed.join(" ")));
    }
}

impl Subscriber<Account> for Watcher {
    fn before_create(
        &self,
        account: &mut Account,
        args: &EventArgs<'_, Account>,
    ) -> musher::Result<()> {
        self.0.add(format!(
            "{} before_create hooked {:?}",
            self.1,
            args.change_set().payload().hooked()
        ));
        if account.name == "refused" {
            return Err(Error::other("not this one"));
        }
        account.hooked += 10;
        Ok(())
    }

    fn before_update(
        &self,
        account: &mut Account,
        args: &EventArgs<'_, Account>,
    ) -> musher::Result<()> {
        self.tell("before_update", args);
        account.balance += 1;
        Ok(())
    }

    fn before_delete(&self, _: &mut Account, args: &EventArgs<'_, Account>) -> musher::Result<()> {
        self.tell("before_delete", args);
        Ok(())
    }

    fn after_create(&self, account: &Account, args: &EventArgs<'_, Account>) {
        assert_eq!(args.id().key(), &*account.id);
        self.0
            .add(format!("{} after_create hooked {}", self.1, account.hooked));
    }

    fn after_update(&self, _: &Account, args: &EventArgs<'_, Account>) {
        self.tell("after_update", args);
    }

    fn after_delete(&self, _: &Account, args: &EventArgs<'_, Account>) {
        self.tell("after_delete", args);
    }
}

#[test]
fn they_are_told_after_the_hooks_in_the_order_of_registration_and_see_what_was_changed()
-> musher::Result<()> {
    let events = Events::default();
    on_both_stores(
        |builder| {
            let first = builder.subscriber(Watcher(events.clone(), "first"));
            first.subscriber(Watcher(events.clone(), "second"))
        },
        |orm| {
            let mut em = orm.em();
            let ann = account(&mut em, &events, "ann");
            em.create(Group::build().name("not watched"));
            em.flush()?;
            assert_eq!(
                events.take(),
                [
                    "hook",
                    "first before_create hooked Some(1)",
                    "second before_create hooked Some(11)",
                    "after hook",
                    "first after_create hooked 21",
                    "second after_create hooked 21",
                ]
            );
            em[ann].name = "Ann".into();
            em.flush()?;
            assert_eq!(
                events.take(),
                [
                    "hook",
                    "first before_update name hooked",
                    "second before_update name balance hooked",
                    "first after_update name balance hooked",
                    "second after_update name balance hooked",
                ]
            );
            assert_eq!(em[ann].balance, 2);
            assert_eq!(em.statistics().commits, 2);
            em.flush()?;
            assert_eq!(events.take(), [""; 0], "nothing is left to be written");
            em.remove(ann);
            em.flush()?;
            assert_eq!(
                events.take(),
                [
                    "first before_delete ",
                    "second before_delete ",
                    "first after_delete ",
                    "second after_delete "
                ]
            );
            Ok(())
        },
    )
}

#[test]
fn one_that_refuses_aborts_the_flush_and_everything_is_as_before() -> musher::Result<()> {
    let events = Events::default();
    on_both_stores(
        |builder| builder.subscriber(Watcher(events.clone(), "watcher")),
        |orm| {
            let mut em = orm.em();
            let good = account(&mut em, &events, "good");
            let bad = account(&mut em, &events, "refused");
            let error = em.flush().unwrap_err();
            assert!(
                matches!(
                    &error,
                    Error::Hook {
                        event: "before_create",
                        entity: "Account",
                        ..
                    }
                ),
                "{error}"
            );
            assert_eq!((em[good].hooked, em[bad].hooked), (0, 0));
            em[bad].name = "mended".into();
            em.flush()?;
            assert_eq!((em[good].hooked, em[bad].hooked), (11, 11));
            events.take();
            Ok(())
        },
    )
}

#[test]
fn one_of_an_entity_that_the_database_does_not_have_is_told() {
    #[derive(Entity, Debug)]
    struct Stranger {
        #[orm(primary_key)]
        id: Pk,
    }
    struct Lost;
    impl Subscriber<Stranger> for Lost {}
    let builder = Orm::builder().entities::<Group>().subscriber(Lost);
    let error = builder.in_memory().unwrap_err();
    assert!(
        error
            .to_string()
            .contains("told of Stranger, which is not among the entities"),
        "{error}"
    );
}
