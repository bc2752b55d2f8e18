//! A database is the same whichever way its commits took into the engine.

use std::path::Path;

use musher::prelude::*;
use musher::{CommitPath, Durability, Orm, Result};

#[derive(Entity, Debug)]
struct Note {
    #[orm(primary_key)]
    id: Pk,
    #[orm(unique)]
    title: String,
    text: Lazy<String>,
    #[orm(many_to_many)]
    related: Collection<Note>,
}

fn open(path: &Path, commit_path: CommitPath, durability: Durability) -> Result<Orm> {
    let builder = Orm::builder().entities::<Note>().durability(durability);
    builder.commit_path(commit_path).open(path)
}

/// Adds a note that is related to the one before, and changes that one.
fn write(orm: &Orm, number: u64) -> Result<()> {
    let mut em = orm.em();
    let text = "long ".repeat(usize::try_from(number).unwrap_or(0) * 400);
    let note = em.create(Note::build().title(format!("note {number}")).text(text));
    if let Some(before) = em.find_one::<Note>(number - 1).one()? {
        em.edit(note).related().add(before);
        em[before].title.push('!');
    }
    em.flush()
}

fn check(orm: &Orm, notes: u64) -> Result<()> {
    assert!(orm.verify()?.is_clean());
    let mut em = orm.em();
    let all = em
        .find::<Note>()
        .populate(|n| (n.related(), n.text()))
        .all()?;
    assert_eq!(all.len() as u64, notes);
    for (number, id) in (1..).zip(all) {
        let last = number == notes;
        assert_eq!(
            em[id].title,
            format!("note {number}{}", if last { "" } else { "!" })
        );
        assert_eq!(em.view(id).text().len() as u64, number * 2000);
        let before: Vec<_> = (1..number).rev().take(1).map(Id::new).collect();
        assert_eq!(em[id].related.ids(), before);
    }
    Ok(())
}

#[test]
fn a_database_may_change_its_commit_path_each_time_it_is_opened() -> Result<()> {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let paths = [
        CommitPath::Journal,
        CommitPath::Direct,
        CommitPath::Journal,
        CommitPath::Journal,
    ];
    let mut notes = 0;
    for (turn, commit_path) in paths.into_iter().enumerate() {
        let durability = if turn % 2 == 0 {
            Durability::Immediate
        } else {
            Durability::Os
        };
        let orm = open(directory.path(), commit_path, durability)?;
        for _ in 0..20 {
            notes += 1;
            write(&orm, notes)?;
        }
        check(&orm, notes)?;
        drop(orm);
    }
    check(
        &open(directory.path(), CommitPath::Direct, Durability::Os)?,
        notes,
    )
}
