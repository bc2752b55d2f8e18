//! Subscribers of whole flushes, and of transactions.

use musher::prelude::*;
use musher::{ChangeKind, ChangeSets, Error, FlushEvent, FlushSubscriber};

use super::{Account, AuditEntry, Events, Group, account, on_both_stores};

/// Tells everything.
struct Recorder(Events);

impl FlushSubscriber for Recorder {
    fn before_flush(&self, _: &mut FlushEvent<'_>) -> musher::Result<()> {
        self.0.add("before_flush");
        Ok(())
    }

    fn on_flush(&self, flush: &mut FlushEvent<'_>) -> musher::Result<()> {
        self.0.add(format!("on_flush {:?}", flush.change_sets()?));
        Ok(())
    }

    fn after_flush(&self, changes: &ChangeSets) {
        self.0.add(format!("after_flush {changes:?}"));
    }

    fn transaction_started(&self) {
        self.0.add("transaction_started");
    }

    fn before_commit(&self) -> musher::Result<()> {
        self.0.add("before_commit");
        Ok(())
    }

    fn after_commit(&self) {
        self.0.add("after_commit");
    }

    fn after_rollback(&self) {
        self.0.add("after_rollback");
    }
}

#[test]
fn a_flush_is_told_in_the_documented_order() -> musher::Result<()> {
    let events = Events::default();
    on_both_stores(
        |builder| builder.flush_subscriber(Recorder(events.clone())),
        |orm| {
            let mut em = orm.em();
            account(&mut em, &events, "ann");
            em.flush()?;
            assert_eq!(
                events.take(),
                [
                    "before_flush",
                    "on_flush [Create Account 1[\"name\", \"balance\", \"hooked\"]]",
                    "hook",
                    "before_commit",
                    "after hook",
                    "after_flush [Create Account 1[\"name\", \"balance\", \"hooked\"]]",
                    "after_commit",
                ]
            );
            em.flush()?;
            assert_eq!(events.take(), ["before_flush"], "there was nothing to do");
            Ok(())
        },
    )
}

#[test]
fn inside_a_transaction_what_follows_the_commit_waits_for_it() -> musher::Result<()> {
    let events = Events::default();
    on_both_stores(
        |builder| builder.flush_subscriber(Recorder(events.clone())),
        |orm| {
            let mut em = orm.em();
            em.transactional(|em| {
                let group = em.create(Group::build().name("a"));
                em.flush()?;
                em[group].name = "b".into();
                Ok(())
            })?;
            assert_eq!(
                events.take(),
                [
                    "transaction_started",
                    "before_flush",
                    "on_flush [Create Group 1[\"name\", \"secret\"]]",
                    "before_flush",
                    "on_flush [Update Group 1[\"name\"]]",
                    "before_commit",
                    "after_flush [Create Group 1[\"name\", \"secret\"]]",
                    "after_flush [Update Group 1[\"name\"]]",
                    "after_commit",
                ]
            );
            em.begin();
            em.create(Group::build().name("gone"));
            em.flush()?;
            em.begin();
            em.rollback();
            em.rollback();
            let told = events.take();
            assert_eq!(told[0], "transaction_started");
            assert_eq!(told.last().map(String::as_str), Some("after_rollback"));
            assert_eq!(told.len(), 4, "savepoints are not told: {told:?}");
            Ok(())
        },
    )
}

/// Writes an entry for each change of an account, and gives it a balance.
struct Audit;

impl FlushSubscriber for Audit {
    fn on_flush(&self, flush: &mut FlushEvent<'_>) -> musher::Result<()> {
        for change in flush.change_sets()?.iter() {
            let Some(id) = change.id::<Account>() else {
                continue;
            };
            let words = format!(
                "{:?} {} {:?}",
                change.kind(),
                change.key(),
                change.payload("name")
            );
            flush.create(AuditEntry::build().text(words));
            if change.kind() == ChangeKind::Create {
                flush[id].balance = 100;
                let group = flush.create(Group::build().name("new"));
                flush.edit(id).groups().add(group);
            }
        }
        Ok(())
    }
}

#[test]
fn what_on_flush_adds_is_part_of_the_same_commit_and_those_that_come_later_see_it()
-> musher::Result<()> {
    let events = Events::default();
    on_both_stores(
        |builder| {
            builder
                .flush_subscriber(Audit)
                .flush_subscriber(Recorder(events.clone()))
        },
        |orm| {
            let mut em = orm.em();
            let ann = account(&mut em, &events, "ann");
            em.flush()?;
            assert_eq!(em.statistics().commits, 1);
            let told = events.take();
            assert!(
                told[1].contains("Create AuditEntry 1")
                    && told[1].contains("Link Account 1.groups Group 1"),
                "{told:?}"
            );
            let mut other = orm.em();
            other.find_one(ann).populate(|a| a.groups()).or_fail()?;
            assert_eq!(other[ann].balance, 100);
            assert_eq!(other[ann].groups.len(), 1);
            let entry = other.find::<AuditEntry>().or_fail()?;
            assert_eq!(other[entry].text, "Create 1 Some(\"\\\"ann\\\"\")");
            Ok(())
        },
    )
}

#[test]
fn what_on_flush_added_is_taken_back_if_the_flush_fails() -> musher::Result<()> {
    let events = Events::default();
    on_both_stores(
        |builder| {
            builder
                .flush_subscriber(Audit)
                .flush_subscriber(Recorder(events.clone()))
        },
        |orm| {
            let mut em = orm.em();
            // The entry that the audit will write is there already.
            let taken = em.create(AuditEntry::build().text("Create 1 Some(\"\\\"ann\\\"\")"));
            em.flush()?;
            let ann = account(&mut em, &events, "ann");
            events.take();
            assert!(matches!(
                em.flush(),
                Err(Error::UniqueViolation {
                    property: "text",
                    ..
                })
            ));
            assert_eq!(
                events.take().last().map(String::as_str),
                Some("after_rollback")
            );
            assert_eq!(em[ann].balance, 0);
            assert!(em[ann].groups.is_empty());
            em[taken].text = "another".into();
            em.flush()?;
            assert_eq!(em[ann].balance, 100);
            events.take();
            Ok(())
        },
    )
}

/// Adds a group before each flush that has an account, and refuses what it is told to.
struct Refusing(&'static str);

impl FlushSubscriber for Refusing {
    fn before_flush(&self, flush: &mut FlushEvent<'_>) -> musher::Result<()> {
        flush.persist(Group {
            id: Pk::unset(),
            name: "before".into(),
            secret: String::new(),
        });
        self.refuse("before_flush")
    }

    fn on_flush(&self, _: &mut FlushEvent<'_>) -> musher::Result<()> {
        self.refuse("on_flush")
    }

    fn before_commit(&self) -> musher::Result<()> {
        self.refuse("before_commit")
    }
}

impl Refusing {
    fn refuse(&self, event: &str) -> musher::Result<()> {
        if self.0 == event {
            return Err(Error::other("it refuses"));
        }
        Ok(())
    }
}

#[test]
fn a_subscriber_that_refuses_aborts_and_nothing_has_changed() -> musher::Result<()> {
    for refused in ["before_flush", "on_flush", "before_commit"] {
        on_both_stores(
            |builder| builder.flush_subscriber(Refusing(refused)),
            |orm| {
                let mut em = orm.em();
                let group = em.create(Group::build().name("own"));
                let error = em.flush().unwrap_err();
                assert!(
                    matches!(&error, Error::Subscriber { event, .. } if *event == refused),
                    "{error}"
                );
                assert!(error.to_string().contains("it refuses"), "{error}");
                assert!(em.is_managed(group));
                assert!(
                    !em.is_managed(Id::<Group>::new(group.key() + 1)),
                    "what it added is gone"
                );
                let error = em.transactional(|_| Ok(())).unwrap_err();
                assert!(matches!(error, Error::Subscriber { .. }), "{error}");
                let mut other = orm.em();
                other.set_flush_mode(FlushMode::Commit);
                assert_eq!(other.find::<Group>().count()?, 0);
                Ok(())
            },
        )?;
    }
    Ok(())
}

#[test]
fn before_flush_may_add_to_a_flush_that_has_nothing_to_do() -> musher::Result<()> {
    on_both_stores(
        |builder| builder.flush_subscriber(Refusing("nothing")),
        |orm| {
            orm.em().flush()?;
            let mut em = orm.em();
            em.set_flush_mode(FlushMode::Commit);
            assert_eq!(em.find::<Group>().count()?, 1);
            assert!(
                orm.snapshot()?.flush().is_ok(),
                "a snapshot has nothing to flush"
            );
            Ok(())
        },
    )
}
