//! The answers of the example `chinook` are those that SQLite gives to the same questions about the
//! same data, row by row, from a database in memory and from a directory.

use std::sync::LazyLock;

use musher::prelude::*;
use rusqlite::Connection;

#[allow(
    dead_code,
    unreachable_pub,
    reason = "an example has a `main` of its own"
)]
#[path = "../../examples/chinook/main.rs"]
mod chinook;
mod sqlite;

use chinook::domain::Shop;
use chinook::questions::{ALL, Row};

thread_local! {
    /// A connection serves one thread.
    static SQLITE: Connection = sqlite::load();
}

/// The shop, loaded once for all tests.
struct Loaded {
    orm: Orm,
    /// Where the database is, if not in memory; it goes with the value.
    _directory: Option<tempfile::TempDir>,
}

static IN_MEMORY: LazyLock<Loaded> = LazyLock::new(|| Loaded {
    orm: filled(Orm::builder().entities::<Shop>().in_memory()),
    _directory: None,
});

static ON_DISK: LazyLock<Loaded> = LazyLock::new(|| {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let builder = || Orm::builder().entities::<Shop>();
    filled(builder().open(directory.path()))
        .close()
        .expect("nobody else holds it");
    // What is asked is what was read back from the disk.
    let orm = builder().open(directory.path()).expect("it was closed");
    Loaded {
        orm,
        _directory: Some(directory),
    }
});

fn filled(orm: musher::Result<Orm>) -> Orm {
    let orm = orm.expect("the entities fit together");
    chinook::load::everything(&mut orm.em()).expect("the data is whole");
    orm
}

fn both_stores(check: impl Fn(&Orm)) {
    check(&IN_MEMORY.orm);
    check(&ON_DISK.orm);
}

fn musher_and_sqlite_agree_on(name: &str) {
    let question = ALL
        .into_iter()
        .find(|question| question.name == name)
        .expect("the example asks it");
    let expected: Vec<Row> = SQLITE.with(|connection| sqlite::ask(connection, name));
    both_stores(|orm| {
        let answer = (question.ask)(&mut orm.em()).expect("it can be answered");
        assert_eq!(answer, expected, "{}", question.text);
    });
}

macro_rules! agree_on {
    ($($question:ident),* $(,)?) => {
        const COMPARED: &[&str] = &[$(stringify!($question)),*];

        mod musher_and_sqlite_agree_on {
            $(#[test] fn $question() {
                super::musher_and_sqlite_agree_on(stringify!($question));
            })*
        }
    };
}

agree_on![
    longest_tracks,
    playlists_with,
    artists_without_albums,
    long_tracks,
    albums_composed_by,
    longest_albums,
    large_albums,
    revenue_by_country,
    best_selling_genres,
    best_selling_artists,
    albums_without_sales,
    unsold_tracks,
    page_of_invoices,
    wrong_totals,
    organisation,
    customers_of_team,
    sales_by_employee,
    top_customers,
    customers_who_never_bought,
    taste_of,
];

#[test]
fn every_question_is_compared() {
    assert_eq!(ALL.map(|question| question.name), COMPARED);
    assert_eq!(sqlite::names(), COMPARED);
}

#[test]
fn what_was_loaded_is_sound() {
    both_stores(|orm| {
        let report = orm.verify().expect("it can be read");
        assert!(report.is_clean(), "{report}");
    });
}

#[test]
fn the_example_runs_twice_on_one_database() {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    for run in 1..=2 {
        chinook::answer(directory.path()).unwrap_or_else(|error| panic!("in run {run}: {error}"));
        let orm = Orm::builder().entities::<Shop>().open(directory.path());
        let mut em = orm.expect("the example has closed it").em();
        let tracks = em.find::<chinook::domain::Track>().count();
        assert_eq!(tracks.expect("it can be read"), 3503, "after run {run}");
    }
}
