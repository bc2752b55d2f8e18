//! What the rule tests share: both stores for every test, and a small publishing house.
//!
//! A test gets a database, on the memory store first and on sled then. Whatever it did, the database
//! must be whole afterwards: every test is a test of `verify` too.

#![allow(
    dead_code,
    unused_imports,
    reason = "each test binary uses a part of it"
)]

pub mod domain;
mod engine;

use musher::{Durability, EntityList, Orm, Result};

pub use domain::*;
pub use engine::*;

/// Runs a test on a fresh memory store, and on a fresh sled store.
#[track_caller]
pub fn on_both_stores<L: EntityList>(test: impl Fn(&Orm) -> Result<()>) {
    let run = |orm: &Orm, store: &str| {
        if let Err(error) = test(orm) {
            panic!("on the {store} store: {error}");
        }
        let report = orm.verify().expect("the database can be read");
        assert!(report.is_clean(), "on the {store} store: {report}");
    };
    let memory = Orm::builder().entities::<L>().in_memory();
    run(&memory.expect("the schema is valid"), "memory");
    let directory = tempfile::tempdir().expect("there is room for a directory");
    run(&open::<L>(directory.path()), "sled");
}

/// Opens a database in a directory, without waiting for the disk at each commit.
#[track_caller]
pub fn open<L: EntityList>(path: &std::path::Path) -> Orm {
    try_open::<L>(path).unwrap_or_else(|error| panic!("{error}"))
}

/// As [`open`], for databases that may be refused.
pub fn try_open<L: EntityList>(path: &std::path::Path) -> Result<Orm> {
    Orm::builder()
        .entities::<L>()
        .durability(Durability::Os)
        .open(path)
}

/// The error of a call that must fail.
#[track_caller]
pub fn refused<T>(result: Result<T>) -> musher::Error {
    match result {
        Ok(_) => panic!("the call must be refused"),
        Err(error) => error,
    }
}

/// The message with which a call panics.
#[track_caller]
pub fn panic_of<T>(call: impl FnOnce() -> T) -> String {
    let call = std::panic::AssertUnwindSafe(|| drop_any(call()));
    let payload = std::panic::catch_unwind(call).expect_err("the call must panic");
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => (*payload.downcast::<&str>().expect("a text")).to_owned(),
    }
}

fn drop_any<T>(_: T) {}
