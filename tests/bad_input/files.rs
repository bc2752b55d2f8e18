//! Paths that cannot be written, and a disk that has no room left.

use std::path::Path;
use std::process::Command;

use musher::prelude::*;
use musher::{CommitPath, Durability};

use crate::support::*;

#[derive(Entity, Debug)]
struct Page {
    #[orm(primary_key)]
    id: Pk,
    #[orm(unique)]
    number: u64,
    text: Lazy<String>,
}

fn try_open_by(path: &Path, commit_path: CommitPath) -> musher::Result<Orm> {
    let builder = Orm::builder().entities::<Page>().commit_path(commit_path);
    builder.durability(Durability::Immediate).open(path)
}

/// The error and all that is behind it, as one text.
fn whole(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

#[test]
fn a_path_that_cannot_be_a_directory_is_named() {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let file = directory.path().join("file");
    std::fs::write(&file, "no database").expect("the file can be written");
    for commit_path in [CommitPath::Direct, CommitPath::Journal] {
        for path in [file.clone(), file.join("below")] {
            let error = whole(&refused(try_open_by(&path, commit_path)));
            assert!(error.contains(&path.display().to_string()), "{error}");
        }
        let error = refused(try_open_by(Path::new("a\0b"), commit_path));
        assert!(matches!(error, Error::Storage { .. }), "{error}");
        let error = refused(try_open_by(Path::new(""), commit_path)).to_string();
        assert!(
            error.contains("name a directory, `.` for the current one"),
            "{error}"
        );
    }
    assert_eq!(
        std::fs::read(&file).expect("it is still there"),
        b"no database"
    );
}

/// In the environment of the child: the directory of its database.
const DIRECTORY: &str = "MUSHER_TEST_FULL_DISK";

/// What the child writes before a number that was committed.
const COMMITTED: &str = "committed ";

/// The system takes the place of a full disk: it lets no file of the child grow past a limit.
#[test]
#[cfg(unix)]
fn what_was_committed_before_the_disk_was_full_is_there_afterwards() -> musher::Result<()> {
    for commit_path in [CommitPath::Direct, CommitPath::Journal] {
        let directory = tempfile::tempdir().expect("there is room for a directory");
        drop(try_open_by(directory.path(), commit_path)?);
        let this = std::env::current_exe().expect("a test knows itself");
        let child = Command::new("sh")
            // A write past the limit is an error then, and no signal.
            .args(["-c", "trap '' XFSZ; ulimit -f 16000; exec \"$0\" \"$@\""])
            .arg(this)
            .args([
                "--exact",
                "files::the_child_that_fills_the_disk",
                "--ignored",
                "--nocapture",
            ])
            .env(DIRECTORY, directory.path())
            .env("MUSHER_TEST_COMMIT_PATH", format!("{commit_path:?}"))
            .output()
            .expect("there is a shell");
        let told = String::from_utf8_lossy(&child.stdout).into_owned();
        let said = String::from_utf8_lossy(&child.stderr).into_owned();
        assert!(child.status.success(), "{commit_path:?}: {told}{said}");
        let committed = told.lines().filter_map(|line| line.split(COMMITTED).nth(1));
        let committed: Vec<u64> = committed.filter_map(|number| number.parse().ok()).collect();
        assert!(committed.len() > 3, "{commit_path:?}: {told}{said}");

        let orm = try_open_by(directory.path(), commit_path)?;
        assert!(orm.verify()?.is_clean());
        let mut em = orm.em();
        for number in &committed {
            let found = em.find::<Page>().filter(|p| p.number().eq(*number));
            let page = found.populate(|p| p.text()).or_fail()?;
            assert!(
                em[page].text.get() == Some(&text_of(*number)),
                "{commit_path:?}"
            );
        }
        // A commit that failed at its very end may be there, and nothing after it.
        let count = em.find::<Page>().count()?;
        assert!(
            count == committed.len() || count == committed.len() + 1,
            "{count}"
        );
        em.create(Page::build().number(u64::MAX).text("there is room again"));
        em.flush()?;
    }
    Ok(())
}

fn text_of(number: u64) -> String {
    format!("page {number} ").repeat(10_000)
}

/// Commits until it cannot, and holds what fails against what is promised.
#[test]
#[ignore = "it is a child process of another test"]
fn the_child_that_fills_the_disk() -> musher::Result<()> {
    let Some(directory) = std::env::var_os(DIRECTORY) else {
        return Ok(());
    };
    let commit_path = match std::env::var("MUSHER_TEST_COMMIT_PATH").as_deref() {
        Ok("Journal") => CommitPath::Journal,
        _ => CommitPath::Direct,
    };
    let orm = try_open_by(Path::new(&directory), commit_path)?;
    let mut em = orm.em();
    for number in 0..1000 {
        let new = em.create(Page::build().number(number).text(text_of(number)));
        let Err(error) = em.flush() else {
            println!("{COMMITTED}{number}");
            em.clear();
            continue;
        };
        let text = whole(&error);
        assert!(
            matches!(
                error,
                Error::Storage { .. } | Error::NotDurable { .. } | Error::Corruption { .. }
            ),
            "{text}"
        );
        println!("failed {text}");
        assert!(
            text.contains(&*Path::new(&directory).to_string_lossy()),
            "{text}"
        );
        assert_eq!(
            em[new].text.get(),
            Some(&text_of(number)),
            "nothing is lost in memory"
        );
        // The next one fails with an error too, and does not panic or wait. What the disk has not
        // confirmed stands, and is not pending any more, so there must be something new.
        em.create(Page::build().number(number + 1).text(text_of(number + 1)));
        let again = whole(&refused(em.flush()));
        println!("again {again}");
        return Ok(());
    }
    panic!("the disk was not full")
}
