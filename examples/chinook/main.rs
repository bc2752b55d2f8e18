//! A music shop: the Chinook sample database, and twenty questions about it.
//!
//! ```text
//! cargo run --example chinook              a database that is gone afterwards
//! cargo run --example chinook -- my.sled   one that stays, and is loaded once
//! ```

use std::env;
use std::error::Error;
use std::path::Path;

use musher::prelude::*;

pub(crate) mod domain;
pub(crate) mod load;
mod money;
pub(crate) mod questions;

use self::domain::{Shop, Track};
use self::questions::{ALL, Question};

fn main() -> Result<(), Box<dyn Error>> {
    if let Some(path) = env::args_os().nth(1) {
        return answer(Path::new(&path));
    }
    let directory = tempfile::tempdir()?;
    answer(directory.path())
}

/// Opens the database, loads it if it is empty, and asks everything.
pub(crate) fn answer(path: &Path) -> Result<(), Box<dyn Error>> {
    let orm = Orm::builder().entities::<Shop>().open(path)?;
    let mut em = orm.em();
    if !em.find::<Track>().exists()? {
        load::everything(&mut em)?;
        println!("Loaded {}.", path.display());
    }
    for question in ALL {
        // A unit of work for each question: what one has loaded is of no use to the next.
        print(&question, &(question.ask)(&mut orm.em())?);
    }
    Ok(())
}

/// The answer as a table, below the question and the name of the function that answers it.
fn print(question: &Question, rows: &[Vec<String>]) {
    println!("\n{} [{}]", question.text, question.name);
    let widths: Vec<usize> = (0..question.columns.len())
        .map(|column| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells
                .chain([question.columns[column].len()])
                .max()
                .unwrap_or_default()
        })
        .collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        for (cell, width) in cells.zip(&widths) {
            print!("  {cell:width$}");
        }
        println!();
    };
    line(&mut question.columns.iter().copied());
    for row in rows {
        line(&mut row.iter().map(String::as_str));
    }
}
