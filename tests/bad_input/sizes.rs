//! Values that are large, and values that are too large.

use musher::prelude::*;
use musher::{CommitPath, Durability};

use crate::support::*;

#[derive(Entity, Debug)]
struct Document {
    #[orm(primary_key)]
    id: Pk,
    title: String,
    text: Lazy<String>,
}

const LIMIT: usize = 128 << 20;

/// 100 MB that are not all alike.
fn hundred_megabytes() -> String {
    let mut text = String::with_capacity(100_000_000);
    for number in 0_u32.. {
        let line = format!("{number}: a line of a long text, ä, and more of it, to be quick\n");
        if text.len() + line.len() > 100_000_000 {
            break;
        }
        text.push_str(&line);
    }
    text.push_str(&"x".repeat(100_000_000 - text.len()));
    text
}

fn check_large(orm: &Orm) -> musher::Result<()> {
    let mut em = orm.em();
    let text = hundred_megabytes();
    let id = em.create(Document::build().title("t").text(text.clone()));
    em.flush()?;
    em.clear();
    em.find_one(id).populate(|d| d.text()).or_fail()?;
    assert!(em[id].text.get() == Some(&text));
    em[id].text.get_mut().expect("it was populated").truncate(7);
    em.flush()?;
    em.refresh(id)?;
    assert_eq!(em[id].text.get().map(String::as_str), Some("0: a li"));
    Ok(())
}

fn on_disk(commit_path: CommitPath) -> musher::Result<()> {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let open = || {
        let builder = Orm::builder()
            .entities::<Document>()
            .commit_path(commit_path);
        builder.durability(Durability::Os).open(directory.path())
    };
    check_large(&open()?)?;
    assert!(open()?.verify()?.is_clean());
    Ok(())
}

#[test]
fn a_lazy_value_of_100_megabytes_comes_back_as_it_was_on_the_direct_path() -> musher::Result<()> {
    on_disk(CommitPath::Direct)
}

#[test]
fn a_lazy_value_of_100_megabytes_comes_back_as_it_was_on_the_journal_path() -> musher::Result<()> {
    on_disk(CommitPath::Journal)
}

#[test]
fn a_property_of_a_row_may_be_large_too() {
    on_both_stores::<Document>(|orm| {
        let mut em = orm.em();
        let title = "0123456789".repeat(300_000);
        let id = em.create(Document::build().title(title.clone()).text(""));
        em.flush()?;
        em.clear();
        em.find_one(id).or_fail()?;
        assert!(em[id].title == title);
        let found = em
            .find::<Document>()
            .filter(|d| d.title().eq(title.as_str()))
            .all()?;
        assert_eq!(found, [id]);
        Ok(())
    });
}

#[test]
fn a_value_over_the_limit_is_refused_and_nothing_is_lost() -> musher::Result<()> {
    let orm = Orm::builder().entities::<Document>().in_memory()?;
    let mut em = orm.em();
    let kept = em.create(Document::build().title("kept").text("kept"));
    let id = em.create(Document::build().title("t").text("x".repeat(LIMIT)));
    let error = refused(em.flush());
    assert_eq!(
        error.to_string(),
        "Document: `text` can't be stored: the value has 134217733 bytes, and at most 134217728 can \
         be stored; split it, or keep it in a file"
    );
    assert_eq!(
        em.find::<Document>().count().ok(),
        None,
        "the flush before the query fails too"
    );
    em[id].text = "short".to_owned().into();
    em[id].title = "y".repeat(LIMIT);
    let error = refused(em.flush()).to_string();
    assert!(
        error.starts_with("Document: `title` can't be stored"),
        "{error}"
    );
    em[id].title = "t".into();
    em.flush()?;
    assert_eq!(orm.em().find::<Document>().all()?, [kept, id]);
    Ok(())
}
