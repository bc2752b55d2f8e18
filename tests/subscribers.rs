//! Subscribers of flushes and entities, and the look at what a flush would do. On both stores.

mod support;

#[path = "subscribers/change_sets.rs"]
mod change_sets;
#[path = "subscribers/entities.rs"]
mod entities;
#[path = "subscribers/flushes.rs"]
mod flushes;

use std::sync::{Arc, Mutex};

use musher::prelude::*;

#[derive(Entity, Debug)]
#[orm(before_create = Account::hook, before_update = Account::hook, after_create = Account::after)]
struct Account {
    #[orm(primary_key)]
    id: Pk,
    name: String,
    #[orm(default)]
    balance: i64,
    #[orm(default)]
    hooked: u32,
    #[orm(many_to_many)]
    groups: Collection<Group>,
    #[orm(skip)]
    events: Events,
}

#[derive(Entity, Debug)]
struct Group {
    #[orm(primary_key)]
    id: Pk,
    name: String,
    #[orm(hidden, default)]
    secret: String,
}

#[derive(Entity, Debug)]
struct AuditEntry {
    #[orm(primary_key)]
    id: Pk,
    #[orm(unique)]
    text: String,
}

impl Account {
    #[expect(
        clippy::unnecessary_wraps,
        reason = "hooks have the signature that they have"
    )]
    fn hook(&mut self, _: &EventArgs<Self>) -> musher::Result<()> {
        self.hooked += 1;
        self.events.add("hook");
        Ok(())
    }

    fn after(&self, _: &EventArgs<Self>) {
        self.events.add("after hook");
    }
}

type Bank = (Account, Group, AuditEntry);

/// What has happened, in order.
#[derive(Debug, Clone, Default)]
struct Events(Arc<Mutex<Vec<String>>>);

impl Events {
    fn add(&self, event: impl Into<String>) {
        self.0.lock().expect("nobody panics").push(event.into());
    }

    /// All since the last call.
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().expect("nobody panics"))
    }
}

/// Runs a test on both stores, with what `subscribed` adds to the builder.
fn on_both_stores(
    subscribed: impl Fn(musher::OrmBuilder) -> musher::OrmBuilder,
    test: impl Fn(&Orm) -> musher::Result<()>,
) -> musher::Result<()> {
    let builder = || subscribed(Orm::builder().entities::<Bank>()).durability(Durability::Os);
    let directory = tempfile::tempdir().expect("there is room for a directory");
    for orm in [builder().in_memory()?, builder().open(directory.path())?] {
        test(&orm)?;
        assert!(orm.verify()?.is_clean());
    }
    Ok(())
}

fn account(em: &mut EntityManager, events: &Events, name: &str) -> Id<Account> {
    em.persist(Account {
        id: Pk::unset(),
        name: name.to_owned(),
        balance: 0,
        hooked: 0,
        groups: Collection::new(),
        events: events.clone(),
    })
}
