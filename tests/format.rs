//! The bytes that `docs/format.md` shows are those that are stored.
//!
//! A small database with fixed content is written by Musher and read by sled itself, so that neither
//! the document nor the format can change alone. The document's blocks marked `bytes` hold, for each
//! entry, the engine's tree, the key and the value; what follows a semicolon is comment.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use musher::prelude::*;

#[derive(Entity, Debug)]
struct Author {
    #[orm(primary_key)]
    id: Pk,
    #[orm(unique)]
    name: String,
}

#[derive(Entity, Debug)]
struct Note {
    #[orm(primary_key)]
    id: Pk,
    #[orm(index)]
    title: String,
    stars: u32,
    remark: Option<String>,
    text: Lazy<String>,
    #[orm(many_to_one)]
    author: Id<Author>,
    #[orm(many_to_many)]
    readers: Collection<Author>,
}

/// Tree and key to value.
type Entries = BTreeMap<(String, Vec<u8>), Vec<u8>>;

#[test]
fn the_documented_bytes_are_those_that_are_stored() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("database");
    write_sample(&path)?;
    let mut stored = read_engine(&path.join("sled"))?;
    stored.extend(read_witness(&path.join("witness"))?);

    let documented = parse(include_str!("../docs/format.md"));
    assert!(
        documented == stored,
        "docs/format.md does not show what is stored, which is:\n{}",
        show(&stored)
    );
    Ok(())
}

fn write_sample(path: &Path) -> musher::Result<()> {
    let orm = Orm::builder().entities::<(Author, Note)>().open(path)?;
    let mut em = orm.em();
    let author = em.create(Author::build().name("Ada"));
    em.create(
        Note::build()
            .title("Hi")
            .stars(300)
            .text("Lorem")
            .author(author)
            .readers([author]),
    );
    em.flush()
}

/// Everything in sled but its own tree and the stored schema, which the document tells in words.
fn read_engine(path: &Path) -> Result<Entries, Box<dyn Error>> {
    let engine = open_engine(path)?;
    let mut entries = Entries::new();
    for tree in engine.tree_names() {
        let name = String::from_utf8(tree.to_vec())?;
        for entry in &engine.open_tree(&tree)? {
            let (key, value) = entry?;
            if (name.as_str(), &*key) != ("rows/catalog", b"schema") {
                entries.insert((name.clone(), key.to_vec()), value.to_vec());
            }
        }
    }
    Ok(entries)
}

/// sled's threads let go of its lock a moment after the database was closed.
fn open_engine(path: &Path) -> sled::Result<sled::Db> {
    let config = sled::Config::new().path(path).segment_size(2 << 20);
    let mut attempts = 0..500;
    loop {
        match config.open() {
            Err(sled::Error::Io(_)) if attempts.next().is_some() => {
                sleep(Duration::from_millis(10));
            }
            opened => return opened,
        }
    }
}

/// The two slots of the witness, by their offset.
fn read_witness(path: &Path) -> Result<Entries, Box<dyn Error>> {
    let content = fs::read(path)?;
    let slot = |offset: u16| {
        let start = usize::from(offset);
        let key = ("witness".to_owned(), offset.to_be_bytes().to_vec());
        (key, content[start..start + 12].to_vec())
    };
    assert_eq!(content.len(), 4096 + 12);
    Ok(Entries::from([slot(0), slot(4096)]))
}

/// The entries in the blocks of a document that are marked `bytes`.
fn parse(document: &str) -> Entries {
    let mut entries = Entries::new();
    for block in document.split("```bytes\n").skip(1) {
        let (block, _) = block.split_once("```").expect("the block is closed");
        let mut tree = "";
        let (mut key, mut value) = (Vec::new(), None);
        for line in block.lines().chain([""]) {
            let (content, _) = line.split_once(';').unwrap_or((line, ""));
            match content.split_once(' ').unwrap_or((content, "")) {
                _ if content.trim().is_empty() => {
                    if let Some(value) = value.take() {
                        entries.insert((tree.to_owned(), std::mem::take(&mut key)), value);
                    }
                }
                ("tree", name) => tree = name.trim(),
                ("key", hex) => key = bytes(hex),
                ("value", hex) => value = Some(bytes(hex)),
                ("", hex) => value.as_mut().unwrap_or(&mut key).extend(bytes(hex)),
                _ => panic!("docs/format.md: this line is none of tree, key and value: {line}"),
            }
        }
    }
    entries
}

fn bytes(hex: &str) -> Vec<u8> {
    let byte = |text: &str| u8::from_str_radix(text, 16).expect("two hexadecimal digits");
    hex.split_whitespace().map(byte).collect()
}

fn show(entries: &Entries) -> String {
    let hex = |bytes: &[u8]| -> String {
        let digits: Vec<_> = bytes.iter().map(|byte| format!(" {byte:02X}")).collect();
        digits.concat()
    };
    let shown: Vec<_> = entries
        .iter()
        .map(|((tree, key), value)| {
            format!("tree {tree}\nkey  {}\nvalue{}\n", hex(key), hex(value))
        })
        .collect();
    shown.join("\n")
}
