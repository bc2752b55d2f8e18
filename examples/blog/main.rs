//! A blog: users write articles, articles have tags. The steps follow one another as a program
//! would take them, each in a file of its own.
//!
//! ```text
//! cargo run --example blog              a database that is gone afterwards
//! cargo run --example blog -- my.sled   one that stays; a second run goes on with it
//! ```

mod collections;
mod creating;
pub(crate) mod domain;
mod passwords;
mod populating;
mod serializing;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs, process};

use musher::prelude::*;

use self::domain::{Article, Tag, User};

fn main() -> Result<(), Box<dyn Error>> {
    match env::args_os().nth(1) {
        Some(path) => tell(Path::new(&path)),
        None => tell(&Temporary::new().path),
    }
}

/// Opens the database and takes all steps.
pub(crate) fn tell(path: &Path) -> Result<(), Box<dyn Error>> {
    println!("The database is in {}.", path.display());
    let orm = Orm::builder()
        .entities::<(User, Article, Tag)>()
        .debug(true) // prints what is read and written
        .open(path)?;

    // A unit of work: it knows every entity that it has seen, and what has changed since.
    let mut em = orm.em();

    heading("A user is persisted, an article is created");
    let user = creating::the_user(&mut em)?;
    let article = creating::the_article(&mut em, user)?;

    heading("Populating the author");
    populating::the_author(&mut em, article)?;

    heading("A lazy text");
    populating::the_text(&mut em, article)?;

    heading("One query instead of two");
    populating::joined(&mut em, article)?;

    heading("JSON, without the password");
    serializing::the_article(&mut em, article)?;

    heading("The articles of a user");
    let article = collections::the_articles(&mut em, user)?;

    heading("Tags are added and removed");
    collections::the_tags(&mut em, article)?;

    heading("Passwords are hashed by a hook");
    passwords::the_hash(&mut em, user)?;

    heading("A whole graph at once");
    creating::the_graph(&mut em)?;

    heading("Is everything that is stored in order?");
    println!("{}", orm.verify()?);
    Ok(())
}

fn heading(text: &str) {
    println!("\n== {text}");
}

/// A directory that goes away with this value.
struct Temporary {
    path: PathBuf,
}

impl Temporary {
    fn new() -> Self {
        let name = format!("musher-blog-{}.sled", process::id());
        Self {
            path: env::temp_dir().join(name),
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        match fs::remove_dir_all(&self.path) {
            Ok(()) => println!("\nRemoved {}.", self.path.display()),
            Err(error) => eprintln!("\n{} is still there: {error}", self.path.display()),
        }
    }
}
