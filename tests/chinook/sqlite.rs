//! The same files in SQLite, and the same questions in SQL.
//!
//! Knows the CSV files and nothing of entities: what a reader of the example gets wrong, it would
//! not get wrong here as well.

use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, params_from_iter};

/// The files, which are the tables, in an order in which each refers to earlier ones only.
const TABLES: [&str; 11] = [
    "artist",
    "album",
    "genre",
    "media_type",
    "track",
    "playlist",
    "playlist_track",
    "employee",
    "customer",
    "invoice",
    "invoice_line",
];

/// All files in a new database in memory, in one transaction.
pub fn load() -> Connection {
    let mut connection = Connection::open_in_memory().expect("SQLite has memory");
    fill(&mut connection);
    connection
}

/// Creates the tables and loads the files into them, in one transaction.
pub fn fill(connection: &mut Connection) {
    connection
        .execute_batch("PRAGMA foreign_keys = ON")
        .expect("SQLite knows foreign keys");
    let transaction = connection.transaction().expect("no other one is open");
    transaction
        .execute_batch(include_str!("schema.sql"))
        .expect("the schema is right");
    for table in TABLES {
        fill_table(&transaction, table);
    }
    transaction
        .commit()
        .expect("every reference leads somewhere");
}

fn fill_table(connection: &Connection, table: &str) {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/chinook/data");
    let mut file = csv::Reader::from_path(data.join(table).with_extension("csv"))
        .expect("there is a file for each table");
    let names = file.headers().expect("a file begins with names").clone();
    let insert = format!(
        "INSERT INTO {table} ({}) VALUES ({})",
        names.iter().collect::<Vec<_>>().join(", "),
        vec!["?"; names.len()].join(", ")
    );
    let mut insert = connection
        .prepare(&insert)
        .expect("the names are those of the table");
    for record in file.records() {
        let record = record.expect("the file is well-formed");
        // SQLite turns text into what the column holds.
        let values = record
            .iter()
            .map(|value| (!value.is_empty()).then_some(value));
        insert
            .execute(params_from_iter(values))
            .expect("the record fits the table");
    }
}

/// The names of all questions that there are in SQL.
pub fn names() -> Vec<&'static str> {
    questions().map(|(name, _)| name).collect()
}

/// What SQLite answers.
pub fn ask(connection: &Connection, name: &str) -> Vec<Vec<String>> {
    let (_, sql) = questions()
        .find(|(known, _)| *known == name)
        .unwrap_or_else(|| panic!("`{name}` is not asked in questions.sql"));
    let mut statement = connection.prepare(sql).expect("the question is SQL");
    let columns = statement.column_count();
    let rows = statement
        .query_map([], |row| {
            (0..columns)
                .map(|column| Ok(text(row.get_ref(column)?)))
                .collect()
        })
        .expect("the question has no parameters");
    rows.collect::<Result<_, _>>().expect("it can be read")
}

/// Each question: a line with its name, then a statement.
fn questions() -> impl Iterator<Item = (&'static str, &'static str)> {
    include_str!("questions.sql")
        .split("\n-- ")
        .skip(1)
        .map(|question| {
            question
                .split_once('\n')
                .expect("SQL stands below its name")
        })
}

fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        other => panic!("the questions ask for texts and whole numbers only, not for {other:?}"),
    }
}
