//! Copies of a database: taken while others write, restored, and refused where they are not whole.

mod support;

#[path = "backup/bank.rs"]
mod bank;

use std::collections::BTreeMap;
use std::path::Path;

use musher::prelude::*;
use musher::{CommitPath, OrmBuilder};
use support::*;

fn builder() -> OrmBuilder {
    Orm::builder()
        .entities::<House>()
        .durability(Durability::Os)
}

/// Runs a test on a database of each store and commit path, and with a directory for its copies.
#[track_caller]
fn on_each(builder: impl Fn() -> OrmBuilder, test: impl Fn(&Orm, &Path) -> musher::Result<()>) {
    let run = |store: &str, open: &dyn Fn(&Path) -> musher::Result<Orm>| {
        let directory = tempfile::tempdir().expect("there is room for a directory");
        let tested = open(directory.path()).and_then(|orm| test(&orm, directory.path()));
        if let Err(error) = tested {
            panic!("{store}: {error}");
        }
    };
    run("memory", &|_| builder().in_memory());
    for commit_path in [CommitPath::Direct, CommitPath::Journal] {
        run(&format!("{commit_path:?}"), &|path| {
            builder()
                .commit_path(commit_path)
                .open(path.join("original"))
        });
    }
}

/// What a program sees of the house.
fn contents(orm: &Orm) -> musher::Result<Vec<String>> {
    let mut em = orm.em();
    let mut seen = Vec::new();
    for id in em
        .find::<User>()
        .populate(|u| (u.password(), u.articles()))
        .all()?
    {
        seen.push(format!("{:?}", em[id]));
    }
    for id in em
        .find::<Article>()
        .populate(|a| (a.text(), a.tags()))
        .all()?
    {
        seen.push(format!("{:?}", em[id]));
    }
    for id in em.find::<Tag>().populate(|t| t.articles()).all()? {
        seen.push(format!("{:?}", em[id]));
    }
    for id in em.find::<Profile>().all()? {
        seen.push(format!("{:?}", em[id]));
    }
    for id in em.find::<Page>().populate(|p| p.text()).all()? {
        seen.push(format!("{:?}", em[id]));
    }
    Ok(seen)
}

#[test]
fn a_copy_has_everything_and_goes_its_own_way() {
    on_each(builder, |orm, directory| {
        fill(orm)?;
        let before = contents(orm)?;
        let path = directory.join("copy");
        let backup = orm.backup(&path)?;
        assert!(backup.entries > 20 && backup.bytes > 200, "{backup}");

        let mut em = orm.em();
        let later = tag(&mut em, "later");
        em.flush()?;
        em.find_one::<Article>(1).populate(|a| a.tags()).or_fail()?;
        em.edit(Id::<Article>::new(1)).tags().add(later);
        em.flush()?;

        let copy = builder().open(&path)?;
        assert_eq!(contents(&copy)?, before);
        assert!(copy.verify()?.is_clean());
        let mut em = copy.em();
        let own = tag(&mut em, "of the copy");
        em.flush()?;
        assert_eq!(own, later, "both go on counting from the same number");
        drop(em);
        assert!(copy.verify()?.is_clean());
        copy.close()?;
        assert_eq!(orm.em().find::<Tag>().all()?.len(), 3);
        Ok(())
    });
}

#[test]
fn a_copy_says_which_commit_it_is_of() {
    on_each(builder, |orm, directory| {
        fill(orm)?;
        let first = orm.backup(directory.join("first"))?;
        let mut em = orm.em();
        for name in ["c", "d", "e"] {
            tag(&mut em, name);
            em.flush()?;
        }
        let second = orm.backup(directory.join("second"))?;
        assert_eq!(second.commit, first.commit + 3);
        assert_eq!(second.entries, first.entries + 3);
        assert_eq!(
            first.to_string(),
            format!(
                "commit {}: {} entries, {} bytes",
                first.commit, first.entries, first.bytes
            )
        );
        // The copy of a copy is of the same commit, although it was written in fewer.
        let copy = builder().open(directory.join("second"))?;
        assert_eq!(copy.backup(directory.join("third"))?, second);
        Ok(())
    });
}

#[test]
fn large_values_are_copied_whole() {
    on_each(builder, |orm, directory| {
        let mut em = orm.em();
        let mut texts = BTreeMap::new();
        for (at, length) in [1, 6_143, 6_144, 300_000, 2_000_000]
            .into_iter()
            .enumerate()
        {
            let text: String = ('a'..='z').cycle().skip(at).take(length).collect();
            let page = em.create(Page::build().path(at.to_string()).title(at.to_string()));
            em[page].text = text.clone().into();
            texts.insert(at.to_string(), text);
        }
        em.flush()?;
        let path = directory.join("copy");
        orm.backup(&path)?;
        let copy = builder().open(&path)?;
        assert!(copy.verify()?.is_clean());
        let mut em = copy.em();
        for id in em.find::<Page>().populate(|p| p.text()).all()? {
            assert!(em.view(id.clone()).text() == &texts[&em[&id].path]);
        }
        Ok(())
    });
}

#[test]
fn a_place_that_holds_something_is_refused_and_left_alone() {
    on_each(builder, |orm, directory| {
        fill(orm)?;
        let taken = directory.join("taken");
        std::fs::create_dir(&taken).expect("it can be made");
        let file = taken.join("file");
        std::fs::write(&file, "text").expect("it can be written");
        for (path, problem) in [(&taken, "is not empty"), (&file, "is not a directory")] {
            let error = refused(orm.backup(path));
            assert!(
                matches!(&error, Error::Directory { path: told, .. } if told == path),
                "{error}"
            );
            assert!(error.to_string().contains(problem), "{error}");
        }
        assert_eq!(std::fs::read_to_string(&file).expect("it is there"), "text");
        std::fs::remove_file(&file).expect("it can be removed");
        orm.backup(&taken)?;
        assert!(builder().open(&taken)?.verify()?.is_clean());
        Ok(())
    });
}

/// A database with a value of several chunks, of which one is damaged: it opens, and can't be read
/// as a whole.
fn damaged(path: &Path) -> musher::Result<()> {
    let orm = builder().open(path)?;
    fill(&orm)?;
    let mut em = orm.em();
    let page = em
        .find_one::<Page>("/a".to_owned())
        .populate(|p| p.text())
        .or_fail()?;
    em[&page].text = "long ".repeat(20_000).into();
    em.flush()?;
    drop((em, orm));
    let engine = Engine::open(path);
    engine.damage_chunks("lazy:Page.text", b"/a");
    Ok(())
}

#[test]
fn a_backup_that_fails_leaves_nothing() -> musher::Result<()> {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let original = directory.path().join("original");
    damaged(&original)?;
    let orm = builder().open(&original)?;
    let (absent, empty) = (directory.path().join("a/b"), directory.path().join("empty"));
    std::fs::create_dir(&empty).expect("it can be made");
    for path in [&absent, &empty] {
        let error = refused(orm.backup(path));
        assert!(matches!(error, Error::Corruption { .. }), "{error}");
    }
    assert!(!absent.exists());
    let left = std::fs::read_dir(&empty).expect("it is still there");
    assert_eq!(left.count(), 0);
    Ok(())
}

#[test]
fn a_copy_that_was_cut_short_passes_for_no_database() -> musher::Result<()> {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let orm = builder().in_memory()?;
    fill(&orm)?;
    let (path, to) = (directory.path().join("copy"), directory.path().join("to"));
    orm.backup(&path)?;
    // What a process leaves that is killed just before the end.
    std::fs::write(path.join("unfinished"), "").expect("it can be written");
    for error in [
        refused(builder().open(&path)),
        refused(builder().restore(&path, &to)),
    ] {
        assert!(
            matches!(&error, Error::Directory { path: told, .. } if *told == path),
            "{error}"
        );
        assert!(error.to_string().contains("was not finished"), "{error}");
    }
    assert!(!to.exists());
    Ok(())
}

#[test]
fn a_restored_database_has_what_the_backup_has() {
    on_each(builder, |orm, directory| {
        fill(orm)?;
        let (backup, to) = (directory.join("backup"), directory.join("restored"));
        orm.backup(&backup)?;
        for commit_path in [CommitPath::Direct, CommitPath::Journal] {
            let to = to.join(format!("{commit_path:?}"));
            let restored = builder().commit_path(commit_path).restore(&backup, &to)?;
            assert_eq!(contents(&restored)?, contents(orm)?);
            let mut em = restored.em();
            tag(&mut em, "new");
            em.flush()?;
            drop(em);
            restored.close()?;
            assert_eq!(builder().open(&to)?.em().find::<Tag>().all()?.len(), 3);
        }
        let error = refused(builder().restore(&backup, &backup));
        assert!(matches!(error, Error::Directory { .. }), "{error}");
        assert_eq!(contents(&builder().open(&backup)?)?, contents(orm)?);
        Ok(())
    });
}

#[test]
fn a_damaged_backup_is_not_restored() -> musher::Result<()> {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let (backup, to) = (directory.path().join("backup"), directory.path().join("to"));
    let orm = builder().in_memory()?;
    fill(&orm)?;
    orm.backup(&backup)?;
    let engine = Engine::open(&backup);
    let index = engine.tree("index:Article.slug");
    index.remove(&index.at(0).0);
    drop((index, engine));
    let error = refused(builder().restore(&backup, &to));
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    assert!(
        error.to_string().contains("Article.slug: the index entry"),
        "{error}"
    );
    assert!(!to.exists());

    let unreadable = directory.path().join("unreadable");
    damaged(&unreadable)?;
    let error = refused(builder().restore(&unreadable, &to));
    assert!(matches!(error, Error::Corruption { .. }), "{error}");
    assert!(!to.exists());
    Ok(())
}

#[test]
fn nothing_is_restored_from_where_there_is_no_database() {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let (absent, to) = (directory.path().join("absent"), directory.path().join("to"));
    let error = refused(builder().restore(&absent, &to));
    assert!(
        matches!(&error, Error::Directory { path, .. } if *path == absent),
        "{error}"
    );
    assert!(!absent.exists() && !to.exists());
}

mod newer {
    use super::*;

    #[derive(Entity, Debug)]
    #[orm(name = "Memo")]
    pub struct Old {
        #[orm(primary_key)]
        pub id: Pk,
        pub title: String,
    }

    #[derive(Entity, Debug)]
    #[orm(name = "Memo")]
    pub struct New {
        #[orm(primary_key)]
        pub id: Pk,
        #[orm(index)]
        pub title: String,
        #[orm(default = "nobody")]
        pub author: String,
    }
}

#[test]
fn a_backup_of_older_entities_is_brought_up_to_date_and_left_as_it_is() -> musher::Result<()> {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let (backup, to) = (directory.path().join("backup"), directory.path().join("to"));
    let orm = Orm::builder().entities::<newer::Old>().in_memory()?;
    let mut em = orm.em();
    em.create(newer::Old::build().title("one"));
    em.flush()?;
    orm.backup(&backup)?;
    let restored = Orm::builder()
        .entities::<newer::New>()
        .restore(&backup, &to)?;
    let mut em = restored.em();
    let memo = em
        .find::<newer::New>()
        .filter(|m| m.title().eq("one"))
        .one()?;
    assert_eq!(em[memo.expect("it was copied")].author, "nobody");
    let engine = Engine::open(&backup);
    let names = engine.0.tree_names();
    assert!(!names.iter().any(|name| name.starts_with(b"rows/index")));
    Ok(())
}
