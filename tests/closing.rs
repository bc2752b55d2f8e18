//! Closing a database, and who may open it meanwhile and afterwards.

mod support;

use std::path::Path;
use std::time::Duration;

use musher::CommitPath;
use musher::prelude::*;
use support::*;

const PATHS: [CommitPath; 2] = [CommitPath::Direct, CommitPath::Journal];

const DURABILITIES: [Durability; 4] = [
    Durability::Immediate,
    Durability::Os,
    Durability::Interval(Duration::from_millis(1)),
    Durability::Interval(Duration::MAX),
];

fn open_with(path: &Path, commit_path: CommitPath, durability: Durability) -> musher::Result<Orm> {
    let builder = Orm::builder().entities::<House>().durability(durability);
    builder.commit_path(commit_path).open(path)
}

/// Runs a test in a directory of its own for each commit path and durability.
fn on_each(test: impl Fn(&Path, CommitPath, Durability) -> musher::Result<()>) {
    for commit_path in PATHS {
        for durability in DURABILITIES {
            let directory = tempfile::tempdir().expect("there is room for a directory");
            if let Err(error) = test(directory.path(), commit_path, durability) {
                panic!("{commit_path:?}, {durability:?}: {error}");
            }
        }
    }
}

fn add_tag(orm: &Orm, name: &str) -> musher::Result<()> {
    let mut em = orm.em();
    tag(&mut em, name);
    em.flush()
}

fn tags(orm: &Orm) -> musher::Result<usize> {
    Ok(orm.em().find::<Tag>().all()?.len())
}

#[test]
fn a_closed_database_has_everything_and_may_be_opened_again() {
    on_each(|path, commit_path, durability| {
        for turn in 0..3 {
            let orm = open_with(path, commit_path, durability)?;
            assert_eq!(tags(&orm)?, turn);
            add_tag(&orm, &turn.to_string())?;
            orm.close()?;
        }
        Ok(())
    });
}

#[test]
fn dropping_without_closing_loses_nothing_that_was_acknowledged() {
    on_each(|path, commit_path, durability| {
        for turn in 0..3 {
            let orm = open_with(path, commit_path, durability)?;
            assert_eq!(tags(&orm)?, turn);
            add_tag(&orm, &turn.to_string())?;
        }
        Ok(())
    });
}

#[test]
fn a_database_that_others_hold_is_not_closed_and_stays_usable() {
    on_each(|path, commit_path, durability| {
        let orm = open_with(path, commit_path, durability)?;
        let (clone, mut em) = (orm.clone(), orm.em());
        tag(&mut em, "pending");
        let error = refused(orm.close());
        assert!(matches!(error, Error::StillOpen { holders: 2 }), "{error}");
        assert_eq!(
            error.to_string(),
            "the database can't be closed yet: 2 more hold it, clones of `Orm` or units of work; \
             drop them first. Every commit is on disk"
        );
        em.flush()?;
        assert!(matches!(
            refused(open_with(path, commit_path, durability)),
            Error::InUse { .. }
        ));
        drop(em);
        assert_eq!(tags(&clone)?, 1);
        clone.close()?;
        assert_eq!(tags(&open_with(path, commit_path, durability)?)?, 1);
        Ok(())
    });
}

#[test]
fn a_database_in_memory_can_be_closed_and_be_durable_in_any_way() -> musher::Result<()> {
    for durability in DURABILITIES {
        let builder = Orm::builder().entities::<House>().durability(durability);
        let orm = builder.in_memory()?;
        add_tag(&orm, "a")?;
        orm.sync()?;
        let error = refused(orm.clone().close());
        assert!(matches!(error, Error::StillOpen { holders: 1 }), "{error}");
        orm.close()?;
    }
    Ok(())
}

/// The path that the child of the next test is to open.
const CHILD_PATH: &str = "MUSHER_TEST_CLOSING_PATH";

#[test]
fn a_second_process_is_told_which_database_is_in_use() {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let path = directory.path().join("house.db");
    let orm = open::<House>(&path);
    let child = std::process::Command::new(std::env::current_exe().expect("it runs"))
        .args(["--exact", "--nocapture", "the_child_that_is_refused"])
        .env(CHILD_PATH, &path)
        .output()
        .expect("the child can be started");
    let output = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{output}");
    let told = format!("refused: the database {} is in use", path.display());
    assert!(output.contains(&told), "{output}");
    drop(orm);
}

#[test]
fn the_child_that_is_refused() {
    // Nothing to do unless the test above has started this process.
    let Some(path) = std::env::var_os(CHILD_PATH) else {
        return;
    };
    let error = refused(try_open::<House>(Path::new(&path)));
    assert!(matches!(&error, Error::InUse { path: told } if *told == path));
    println!("refused: {error}");
}

#[test]
fn what_is_no_database_of_this_version_is_told_with_its_path() {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let file = directory.path().join("notes.txt");
    std::fs::write(&file, b"text").expect("it can be written");
    let error = refused(try_open::<House>(&file));
    assert!(
        matches!(&error, Error::Directory { path, .. } if *path == file),
        "{error}"
    );
    assert!(error.to_string().contains("is not a directory"), "{error}");

    let path = directory.path().join("house.db");
    drop(open::<House>(&path));
    let engine = Engine::open(&path);
    let own = engine.0.open_tree("~store").expect("it can be opened");
    let marker = own.get("format").expect("it can be read");
    let mut marker = marker.expect("a database has a format").to_vec();
    marker[8] += 1;
    // The checksum covers the key of the record and what stands before it.
    let checksum = crc32fast::hash(&[b"format", &marker[..12]].concat());
    marker[12..].copy_from_slice(&checksum.to_le_bytes());
    own.insert("format", marker).expect("it can be written");
    drop((own, engine));
    let error = refused(try_open::<House>(&path));
    assert_eq!(
        error.to_string(),
        format!(
            "the database {} has storage format 2, and this version of Musher reads up to 1: \
             upgrade Musher",
            path.display()
        )
    );
}
