//! `orm.verify()` finds nothing in what Musher wrote, and finds what is damaged: whatever kind of
//! thing it is, and no more than that.
//!
//! The damage is done with sled itself, between two openings; `docs/format.md` draws what is where.

mod support;

use musher::prelude::*;
use musher::{Check, Finding, Report};
use support::*;

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
    let builder = Orm::builder().entities::<House>().check(Check::Nothing);
    let orm = builder.open(directory.path()).expect("it is not checked");
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

#[test]
fn one_value_that_the_store_cannot_read_hides_no_other() {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let orm = open::<House>(directory.path());
    let mut em = orm.em();
    for path in ["/a", "/b", "/c", "/d"] {
        let id = page(&mut em, path);
        em[id].text = "long ".repeat(5000).into();
    }
    em.flush().expect("it can be stored");
    drop((em, orm));
    let engine = Engine::open(directory.path());
    engine.damage_chunks("lazy:Page.text", b"/b");
    engine.damage_chunks("lazy:Page.text", b"/c");
    engine.tree("lazy:Page.text").remove(b"/d\0\0");
    drop(engine);
    let orm = open::<House>(directory.path());
    let report = orm.verify().expect("damage is a finding and no error");
    assert_eq!((report.rows, report.lazy_values), (4, 3));
    let found: Vec<_> = report.findings.iter().map(Finding::to_string).collect();
    assert_findings(
        &found,
        &[
            ("Page.text: the value of /b can't be read", "do not match"),
            ("Page.text: the value of /c can't be read", "do not match"),
            ("Page.text: the value of /d", "is missing"),
        ],
    );
}

#[test]
fn the_index_of_a_damaged_row_is_kept_for_whoever_looks_it_up() {
    let found = findings(|engine| {
        let rows = engine.tree("rows:Article");
        let (key, mut row) = rows.at(1);
        let last = row.len() - 1;
        row[last] ^= 1;
        rows.put(&key, &row);
    });
    let unreadable = "belongs to no row that can be read";
    assert_findings(
        &found,
        &[
            ("Article: 2: ", "checksum"),
            ("Article.slug: ", unreadable),
            ("Article.title: ", unreadable),
            ("Article.author: ", unreadable),
            ("Article.editor: ", unreadable),
        ],
    );
}

#[test]
fn two_rows_with_one_unique_value_are_found() {
    let found = findings(|engine| {
        let rows = engine.tree("rows:Article");
        let (key, _) = rows.at(1);
        rows.put(&key, &foreign_article(&["zero", "one"], 1));
    });
    assert!(
        found.contains(&"Article: 2: `slug` must be unique, and 1 has the same value".to_owned()),
        "{found:#?}"
    );
}

/// The stored row of an article in a database that has articles with these slugs.
fn foreign_article(slugs: &[&str], position: usize) -> Vec<u8> {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let orm = open::<House>(directory.path());
    let mut em = orm.em();
    let author = user(&mut em, "ann");
    for slug in slugs {
        article(&mut em, slug, author);
    }
    em.flush().expect("it can be stored");
    drop((em, orm));
    Engine::open(directory.path())
        .tree("rows:Article")
        .at(position)
        .1
}

#[test]
fn a_verification_of_one_entity_looks_at_nothing_else() {
    on_both_stores::<House>(|orm| {
        fill(orm)?;
        let tags = orm.verification().entity::<Tag>().run()?;
        assert_eq!((tags.rows, tags.links, tags.lazy_values), (2, 2, 0));
        let users = orm.verification().entity::<User>().run()?;
        assert_eq!((users.rows, users.links, users.lazy_values), (2, 0, 2));
        let both = orm.verification().entity::<User>().entity::<Tag>().run()?;
        assert_eq!((both.rows, both.links, both.lazy_values), (4, 2, 2));
        Ok(())
    });
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let orm = open::<House>(directory.path());
    fill(&orm).expect("it can be stored");
    drop(orm);
    let engine = Engine::open(directory.path());
    let rows = engine.tree("rows:Tag");
    let (key, row) = rows.at(0);
    rows.put(&key, &row[..row.len() - 1]);
    drop((rows, engine));
    let orm = open::<House>(directory.path());
    let clean = |verification: musher::Verification<'_>| {
        let report = verification.run().expect("damage is a finding");
        report.is_clean()
    };
    assert!(clean(
        orm.verification().entity::<User>().entity::<Article>()
    ));
    assert!(!clean(orm.verification().entity::<Tag>()));
}

#[test]
fn a_verification_tells_how_far_it_is() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        for number in 0..2500 {
            tag(&mut em, &number.to_string());
        }
        user(&mut em, "ann");
        em.flush()?;
        let mut told = Vec::new();
        let verification = orm.verification().entity::<Tag>().entity::<User>();
        verification
            .progress(|now| told.push((now.entity, now.rows, now.total)))
            .run()?;
        assert_eq!(
            told,
            [
                ("User", 1, 1),
                ("Tag", 1000, 2500),
                ("Tag", 2000, 2500),
                ("Tag", 2500, 2500),
            ]
        );
        Ok(())
    });
}

#[test]
fn what_is_verified_while_others_write_is_sound() {
    on_both_stores::<House>(|orm| {
        fill(orm)?;
        let stop = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                let mut em = orm.em();
                for number in 0.. {
                    let author = user(&mut em, &number.to_string());
                    let written = article(&mut em, &number.to_string(), author);
                    let label = tag(&mut em, &number.to_string());
                    em.edit(written).tags().add(label);
                    em.flush()?;
                    if number % 3 == 0 {
                        em.remove(written);
                        em.flush()?;
                    }
                    em.clear();
                    if stop.load(std::sync::atomic::Ordering::Acquire) {
                        break;
                    }
                }
                Ok::<_, Error>(())
            });
            let verified = (0..20).try_for_each(|_| orm.verify()?.into_result());
            stop.store(true, std::sync::atomic::Ordering::Release);
            writer.join().expect("the writer panics never")?;
            verified
        })
    });
}
