//! `orm.verify()` finds nothing in what Musher wrote, and finds what is damaged: whatever kind of
//! thing it is, and no more than that.
//!
//! The damage is done with sled itself, between two openings; `docs/format.md` draws what is where.

mod support;

use std::path::Path;

use musher::prelude::*;
use musher::{Finding, Report};
use support::*;

/// Two users, two articles by the first, two tags at the first of them.
fn fill(orm: &Orm) -> musher::Result<()> {
    let mut em = orm.em();
    let (ann, bob) = (user(&mut em, "ann"), user(&mut em, "bob"));
    let (one, two) = (article(&mut em, "one", ann), article(&mut em, "two", ann));
    em[two].editor = Some(bob);
    let (a, b) = (tag(&mut em, "a"), tag(&mut em, "b"));
    em.edit(one).tags().add([a, b]);
    em.create(Profile::build().text("about").user(ann));
    page(&mut em, "/a");
    em.flush()
}

/// A tree of the engine, by the name that the keyspace gives it.
struct Tree(sled::Tree);

impl Tree {
    fn entries(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let entries = self.0.iter().map(|entry| entry.expect("it can be read"));
        entries
            .map(|(key, value)| (key.to_vec(), value.to_vec()))
            .collect()
    }

    fn put(&self, key: &[u8], value: &[u8]) {
        self.0.insert(key, value).expect("it can be written");
    }

    fn remove(&self, key: &[u8]) {
        let before = self.0.remove(key).expect("it can be written");
        assert!(before.is_some(), "there is something to be removed");
    }

    /// The key and value at a position.
    fn at(&self, position: usize) -> (Vec<u8>, Vec<u8>) {
        self.entries().swap_remove(position)
    }
}

struct Engine(sled::Db);

impl Engine {
    fn open(path: &Path) -> Self {
        let config = sled::Config::new().path(path.join("sled"));
        let config = config.segment_size(2 << 20);
        for _ in 0..500 {
            match config.open() {
                Ok(db) => return Self(db),
                // sled lets go of its lock a moment after the last handle is dropped.
                Err(_) => std::thread::yield_now(),
            }
        }
        Self(config.open().expect("the database was closed"))
    }

    fn tree(&self, name: &str) -> Tree {
        let name = format!("rows/{name}");
        let known = self
            .0
            .tree_names()
            .iter()
            .any(|known| known == name.as_bytes());
        assert!(known, "there is no tree {name}");
        Tree(self.0.open_tree(name).expect("it can be opened"))
    }
}

/// What `verify` finds after the damage.
#[track_caller]
fn findings(damage: impl FnOnce(&Engine)) -> Vec<String> {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let orm = open::<House>(directory.path());
    fill(&orm).expect("it can be stored");
    let report = orm.verify().expect("it can be read");
    assert!(report.is_clean(), "{report}");
    drop(orm);
    let engine = Engine::open(directory.path());
    damage(&engine);
    engine.0.flush().expect("it can be written");
    drop(engine);
    let orm = open::<House>(directory.path());
    let report = orm.verify().expect("damage is a finding and no error");
    assert_eq!(report.is_clean(), report.findings.is_empty());
    report.findings.iter().map(Finding::to_string).collect()
}

/// One finding for each of the texts, in any order, that begins with the first part and contains
/// the second.
#[track_caller]
fn assert_findings(found: &[String], expected: &[(&str, &str)]) {
    for (place, problem) in expected {
        let is_it = |finding: &&String| finding.starts_with(place) && finding.contains(problem);
        let count = found.iter().filter(is_it).count();
        assert_eq!(count, 1, "{place}: {problem} in {found:#?}");
    }
    assert_eq!(found.len(), expected.len(), "{found:#?}");
}

#[test]
fn a_report_counts_what_was_checked_and_says_that_nothing_is_wrong() {
    on_both_stores::<House>(|orm| {
        fill(orm)?;
        let report = orm.verify()?;
        assert_eq!(report.rows, 2 + 2 + 2 + 1 + 1);
        assert_eq!(report.links, 2);
        assert_eq!(report.lazy_values, 2 + 2 + 1);
        assert_eq!(
            report.to_string(),
            format!(
                "8 rows, {} index entries, 2 links, 5 lazy values: nothing is wrong",
                report.index_entries
            )
        );
        assert!(Report::default().is_clean());
        Ok(())
    });
}

#[test]
fn nothing_is_wrong_after_operations_of_every_kind() {
    on_both_stores::<House>(|orm| {
        let check = |orm: &Orm| {
            let report = orm.verify().expect("it can be read");
            assert!(report.is_clean(), "{report}");
        };
        fill(orm)?;
        let mut em = orm.em();
        let articles = em.find::<Article>().populate(|a| a.tags()).all()?;
        em[articles[0]].slug = "two".into();
        em[articles[1]].slug = "one".into();
        em[articles[1]].text = "x".repeat(90).into();
        em.flush()?;
        check(orm);
        em.edit(articles[0]).tags().remove_all()?;
        em.flush()?;
        check(orm);
        em.remove(Id::<User>::new(2));
        em.remove(Id::<Tag>::new(1));
        em.flush()?;
        check(orm);
        let comment = em.create(Comment::build().text("c").article(articles[0]));
        em.create(
            Comment::build()
                .text("d")
                .article(articles[1])
                .reply_to(comment),
        );
        em.flush()?;
        em.clear();
        em.remove(articles[0]);
        em.flush()?;
        check(orm);
        em.remove(Id::<Page>::new("/a".to_owned()));
        page(&mut em, "/a");
        em.flush()?;
        check(orm);
        Ok(())
    });
}

#[test]
fn a_flipped_byte_of_a_row_is_found_wherever_it_is() {
    for at in [1, 3, 6, 12] {
        let found = findings(|engine| {
            let rows = engine.tree("rows:Tag");
            let (key, mut row) = rows.at(0);
            row[at] ^= 0x40;
            rows.put(&key, &row);
        });
        assert_findings(&found, &[("Tag: 1:", "")]);
    }
}

#[test]
fn a_row_cut_short_is_found() {
    let found = findings(|engine| {
        let rows = engine.tree("rows:Tag");
        let (key, row) = rows.at(1);
        rows.put(&key, &row[..row.len() - 1]);
    });
    assert_findings(&found, &[("Tag: 2:", "checksum")]);
}

#[test]
fn a_row_under_a_key_that_is_none_is_found() {
    let found = findings(|engine| {
        let rows = engine.tree("rows:Tag");
        let (_, row) = rows.at(0);
        rows.put(&[0xFF; 30], &row);
    });
    assert_findings(&found, &[("Tag: the key", "can't be read")]);
}

#[test]
fn a_row_in_the_place_of_another_is_found() {
    let found = findings(|engine| {
        let rows = engine.tree("rows:Tag");
        let (key, _) = rows.at(0);
        let (_, other) = rows.at(1);
        rows.put(&key, &other);
    });
    assert_findings(&found, &[("Tag: 1:", "")]);
}

#[test]
fn a_missing_row_is_found_at_everything_that_refers_to_it() {
    let found = findings(|engine| {
        let rows = engine.tree("rows:Article");
        let (key, _) = rows.at(1);
        rows.remove(&key);
    });
    assert_findings(
        &found,
        &[
            ("Article.slug: ", "belongs to no row"),
            ("Article.title: ", "belongs to no row"),
            ("Article.author: ", "belongs to no row"),
            ("Article.editor: ", "belongs to no row"),
            (
                "Article.text: ",
                "there is a value of 2, which is not there",
            ),
        ],
    );
}

#[test]
fn the_links_of_a_missing_row_are_found() {
    let found = findings(|engine| {
        let rows = engine.tree("rows:Tag");
        let (key, _) = rows.at(1);
        rows.remove(&key);
    });
    let dangling = "has an end that is not there";
    let at_join = found.iter().filter(|finding| {
        finding.starts_with("Article.tags: the link") && finding.contains(dangling)
    });
    assert_eq!(at_join.count(), 2, "once a side: {found:#?}");
    assert_eq!(found.len(), 2);
}

#[test]
fn a_reference_to_a_missing_row_is_found() {
    let found = findings(|engine| {
        for name in ["rows:User", "lazy:User.password", "index:User.email"] {
            let tree = engine.tree(name);
            let (key, _) = tree.at(1);
            tree.remove(&key);
        }
    });
    assert_findings(
        &found,
        &[(
            "Article: 2:",
            "`editor` refers to User 2, which is not there",
        )],
    );
}

#[test]
fn a_row_that_is_younger_than_the_last_commit_is_found() {
    let other = tempfile::tempdir().expect("there is room for a directory");
    let orm = open::<House>(other.path());
    let mut em = orm.em();
    let label = tag(&mut em, "a");
    for at in 0..50 {
        em[label].name = at.to_string();
        em.flush().expect("it can be stored");
    }
    drop((em, orm));
    let (_, young) = Engine::open(other.path()).tree("rows:Tag").at(0);
    let found = findings(|engine| {
        let rows = engine.tree("rows:Tag");
        let (key, _) = rows.at(0);
        rows.put(&key, &young);
    });
    assert_findings(&found, &[("Tag: 1:", "and the last commit is")]);
}

#[test]
fn a_missing_lazy_value_is_found() {
    let found = findings(|engine| {
        let values = engine.tree("lazy:Article.text");
        let (key, _) = values.at(1);
        values.remove(&key);
    });
    assert_findings(&found, &[("Article.text: ", "the value of 2 is missing")]);
}

#[test]
fn a_damaged_lazy_value_is_found() {
    let found = findings(|engine| {
        let values = engine.tree("lazy:Article.text");
        let (key, mut value) = values.at(0);
        let last = value.len() - 1;
        value[last] ^= 1;
        values.put(&key, &value);
    });
    assert_findings(
        &found,
        &[("Article.text: ", "the value of 1 can't be read")],
    );
}

#[test]
fn a_lazy_value_without_a_row_is_found() {
    let found = findings(|engine| {
        let values = engine.tree("lazy:Article.text");
        let (key, value) = values.at(1);
        let mut orphan = key.clone();
        *orphan.last_mut().expect("a key has bytes") += 1;
        values.put(&orphan, &value);
    });
    assert_findings(
        &found,
        &[(
            "Article.text: ",
            "there is a value of 3, which is not there",
        )],
    );
}

#[test]
fn a_missing_index_entry_is_found() {
    for name in [
        "Article.slug",
        "Article.title",
        "Article.author",
        "Profile.user",
    ] {
        let found = findings(|engine| {
            let entries = engine.tree(&format!("index:{name}"));
            let (key, _) = entries.at(0);
            entries.remove(&key);
        });
        assert_findings(&found, &[(name, "of a row is missing")]);
    }
}

#[test]
fn an_index_entry_too_many_is_found() {
    for name in ["Article.slug", "Article.title"] {
        let found = findings(|engine| {
            let entries = engine.tree(&format!("index:{name}"));
            let (mut key, value) = entries.at(0);
            key.insert(0, b'A');
            entries.put(&key, &value);
        });
        assert_findings(&found, &[(name, "belongs to no row")]);
    }
}

#[test]
fn a_unique_index_entry_that_names_another_row_is_found() {
    let found = findings(|engine| {
        let entries = engine.tree("index:Article.slug");
        let (first, _) = entries.at(0);
        let (_, second_row) = entries.at(1);
        entries.put(&first, &second_row);
    });
    assert_findings(
        &found,
        &[(
            "Article.slug: ",
            "names another row than the one that has the value",
        )],
    );
}

#[test]
fn a_link_at_one_side_only_is_found() {
    let found = findings(|engine| {
        let links = engine.tree("join:Article.tags");
        let (key, _) = links.at(1);
        links.remove(&key);
    });
    assert_findings(
        &found,
        &[(
            "Article.tags: ",
            "the link of 1 to 2 is missing at the owning side",
        )],
    );
    let found = findings(|engine| {
        let links = engine.tree("join:Article.tags:inverse");
        let (key, _) = links.at(0);
        links.remove(&key);
    });
    assert_findings(
        &found,
        &[(
            "Article.tags: ",
            "the link of 1 to 1 is missing at the inverse side",
        )],
    );
}

#[test]
fn a_sequence_behind_its_rows_is_found() {
    let found = findings(|engine| {
        let catalog = engine.tree("catalog");
        let stored = catalog.entries();
        let value = |name: &str| {
            let key = format!("sequence:{name}").into_bytes();
            let found = stored.iter().find(|(known, _)| *known == key);
            found.expect("the sequence is stored").1.clone()
        };
        // There is one profile, and there are two tags.
        catalog.put(b"sequence:Tag", &value("Profile"));
    });
    assert_findings(
        &found,
        &[(
            "Tag: ",
            "the sequence is at 1, and there is a row with the key 2",
        )],
    );
}

#[test]
fn a_sequence_that_is_gone_or_damaged_is_found() {
    let found = findings(|engine| {
        engine.tree("catalog").remove(b"sequence:Tag");
    });
    assert_findings(
        &found,
        &[("Tag: ", "the sequence is at 0, and there is a row")],
    );
}

#[test]
fn all_damage_is_told_at_once() {
    let found = findings(|engine| {
        let rows = engine.tree("rows:Tag");
        let (key, mut row) = rows.at(0);
        row[9] ^= 1;
        rows.put(&key, &row);
        let values = engine.tree("lazy:Page.text");
        let (key, _) = values.at(0);
        values.remove(&key);
        let entries = engine.tree("index:User.email");
        let (key, _) = entries.at(1);
        entries.remove(&key);
    });
    assert_findings(
        &found,
        &[
            ("Tag: 1:", "checksum"),
            ("Page.text: ", "the value of /a is missing"),
            ("User.email: ", "of a row is missing"),
        ],
    );
}

#[test]
fn damaged_rows_and_values_are_corruption_when_they_are_read() {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let orm = open::<House>(directory.path());
    fill(&orm).expect("it can be stored");
    drop(orm);
    let engine = Engine::open(directory.path());
    for name in ["rows:Tag", "lazy:Article.text"] {
        let tree = engine.tree(name);
        let (key, mut value) = tree.at(0);
        let last = value.len() - 1;
        value[last] ^= 1;
        tree.put(&key, &value);
    }
    drop(engine);
    let orm = open::<House>(directory.path());
    let mut em = orm.em();
    let error = refused(em.find_one::<Tag>(1).one());
    assert!(matches!(error, Error::Corruption { .. }));
    let message = error.to_string();
    assert!(
        message
            .starts_with("the database is damaged: the row of Tag 1 can't be read: the checksum"),
        "{message}"
    );
    assert!(matches!(
        refused(em.find::<Tag>().all()),
        Error::Corruption { .. }
    ));
    let error = refused(em.find_one::<Article>(1).populate(|a| a.text()).one());
    assert!(
        error
            .to_string()
            .starts_with("the database is damaged: Article.text of Article 1: the checksum"),
        "{error}"
    );
    em.find_one::<Tag>(2).or_fail().expect("this row is whole");
}
