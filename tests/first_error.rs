//! A mistake whose follow-up errors are many: what counts is that the first one says what is wrong.
//!
//! `tests/ui.rs` compares whole outputs. A relation to a type that is no entity makes the type of
//! every generated item unknown, and the compiler says so for each; only its first error is held.

use std::fs;
use std::path::Path;
use std::process::Command;

const MANIFEST: &str = r#"
[package]
name = "first_error"
version = "0.1.0"
edition = "2024"

[dependencies]
musher = { path = "MUSHER" }

[workspace]
"#;

const SOURCE: &str = "use musher::prelude::*;

pub struct User {
    pub name: String,
}

#[derive(Entity)]
pub struct Article {
    #[orm(primary_key)]
    pub id: Pk,
    #[orm(many_to_one)]
    pub author: Id<User>,
}

fn main() {}
";

#[test]
fn a_relation_to_a_type_that_is_no_entity_says_so_first() {
    let musher = env!("CARGO_MANIFEST_DIR");
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("first_error");
    fs::create_dir_all(directory.join("src")).unwrap();
    fs::write(
        directory.join("Cargo.toml"),
        MANIFEST.replace("MUSHER", musher),
    )
    .unwrap();
    fs::write(directory.join("src/main.rs"), SOURCE).unwrap();
    fs::copy(
        Path::new(musher).join("Cargo.lock"),
        directory.join("Cargo.lock"),
    )
    .unwrap();

    let output = Command::new(env!("CARGO"))
        .args(["check", "--quiet", "--offline", "--color=never"])
        .current_dir(&directory)
        .env("CARGO_TARGET_DIR", directory.join("target"))
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();

    let messages = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success(),
        "the program compiled:\n{messages}"
    );
    let first: String = messages
        .lines()
        .take_while(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("\n");
    assert!(
        first.starts_with("error[E0277]: `User` is not an entity\n"),
        "{first}"
    );
    assert!(
        first.contains("src/main.rs:12:17"),
        "the error is at the relation's type:\n{first}"
    );
    assert!(
        first.contains("= note: add `#[derive(Entity)]` to `User`"),
        "{first}"
    );
}
