//! What integration tests share: the blog's entities, a clock that stands still, a log that can be
//! compared, and a loop over the stores.
#![allow(dead_code, reason = "each test binary uses a part of it")]

pub mod blog;
pub mod clock;
mod log;

use musher::{Orm, OrmBuilder};

pub use log::Log;

/// Runs a test on an empty database in memory, and on one of sled in a directory of its own. What
/// is stored afterwards must be sound.
pub fn for_each_store(
    builder: impl Fn() -> OrmBuilder,
    test: impl Fn(&Orm, &Log) -> musher::Result<()>,
) {
    on("memory", builder(), OrmBuilder::in_memory, &test);
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let path = directory.path().join("test.sled");
    on("sled", builder(), |builder| builder.open(&path), &test);
}

fn on(
    store: &str,
    builder: OrmBuilder,
    open: impl FnOnce(OrmBuilder) -> musher::Result<Orm>,
    test: &impl Fn(&Orm, &Log) -> musher::Result<()>,
) {
    // Shown when the test fails.
    println!("store: {store}");
    clock::reset();
    let log = Log::default();
    let sink = log.clone();
    let orm = open(builder.logger(move |line| sink.push(line))).expect("the database opens");
    if let Err(error) = test(&orm, &log) {
        panic!("on the store `{store}`: {error}");
    }
    let report = orm.verify().expect("the database can be read");
    assert!(report.is_clean(), "on the store `{store}`: {report}");
}
