//! Mending a database where it lies, carrying what can be read of it into a new one, and refusing to
//! open one that a check finds damaged. The damage is done with sled itself, as in `verify.rs`.

mod support;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::Path;

use musher::prelude::*;
use musher::{Check, CommitPath, OrmBuilder, Repair};
use support::*;

const PATHS: [CommitPath; 2] = [CommitPath::Direct, CommitPath::Journal];

fn builder(commit_path: CommitPath) -> OrmBuilder {
    Orm::builder()
        .entities::<House>()
        .durability(Durability::Os)
        .commit_path(commit_path)
}

/// Runs a test on a house that was filled and then damaged, once a commit path.
#[track_caller]
fn on_damaged(damage: impl Fn(&Engine), test: impl Fn(&Path, CommitPath) -> musher::Result<()>) {
    for commit_path in PATHS {
        let directory = tempfile::tempdir().expect("there is room for a directory");
        let path = directory.path().join("house");
        let tested = builder(commit_path)
            .open(&path)
            .and_then(|orm| fill(&orm).and_then(|()| orm.close()))
            .and_then(|()| {
                damage(&Engine::open(&path));
                test(&path, commit_path)
            });
        if let Err(error) = tested {
            panic!("{commit_path:?}: {error}");
        }
    }
}

/// The entries of each tree.
type Trees = BTreeMap<String, Vec<(Vec<u8>, Vec<u8>)>>;

/// Every tree of a closed database but the store's own.
fn trees(path: &Path) -> Trees {
    let engine = Engine::open(path);
    let names = engine.0.tree_names().into_iter();
    let names = names.filter_map(|name| Some(str::from_utf8(&name).ok()?.to_owned()));
    names
        .filter_map(|name| {
            let caller = name.strip_prefix("rows/")?.to_owned();
            let entries = engine.tree(&caller).entries();
            Some((caller, entries))
        })
        .collect()
}

/// The trees of a filled house that nothing was done to.
fn sound_trees() -> Trees {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let orm = open::<House>(directory.path());
    fill(&orm).expect("it can be stored");
    drop(orm);
    trees(directory.path())
}

#[track_caller]
fn assert_listed(items: &[impl Display], expected: &[(&str, &str)]) {
    let items: Vec<_> = items.iter().map(ToString::to_string).collect();
    for (place, problem) in expected {
        let is_it = |item: &&String| item.starts_with(place) && item.contains(problem);
        let count = items.iter().filter(is_it).count();
        assert_eq!(count, 1, "{place}: {problem} in {items:#?}");
    }
    assert_eq!(items.len(), expected.len(), "{items:#?}");
}

/// Damage that a repair mends, and what it says of it: afterwards every byte is as it was.
#[track_caller]
fn assert_mended(damage: impl Fn(&Engine), expected: &[(&str, &str)]) {
    let sound = sound_trees();
    on_damaged(damage, |path, commit_path| {
        assert_ne!(trees(path), sound, "something was damaged");
        let repair = builder(commit_path).repair(path)?;
        assert_listed(&repair.mended, expected);
        assert!(repair.left.is_empty() && repair.lost.is_empty(), "{repair}");
        assert_eq!(trees(path), sound);
        let again = builder(commit_path).repair(path)?;
        assert_eq!(again.to_string(), "0 mended, 0 lost, 0 left");
        builder(commit_path).check(Check::Full).open(path).map(drop)
    });
}

#[test]
fn an_index_that_is_lost_is_built_of_the_rows() {
    let missing = "of a row is missing";
    for name in ["slug", "title", "author"] {
        let name = format!("Article.{name}");
        assert_mended(
            |engine| {
                let entries = engine.tree(&format!("index:{name}"));
                entries.remove(&entries.at(1).0);
            },
            &[(&name, missing)],
        );
    }
    assert_mended(
        |engine| {
            for name in ["Article.slug", "Profile.user"] {
                let entries = engine.tree(&format!("index:{name}"));
                for (key, _) in entries.entries() {
                    entries.remove(&key);
                }
            }
        },
        &[
            ("Article.slug: the index entry [111,", missing),
            ("Article.slug: the index entry [116,", missing),
            ("Profile.user: ", missing),
        ],
    );
}

#[test]
fn index_entries_that_belong_to_nothing_are_removed() {
    for name in ["Article.slug", "Article.title", "User.email"] {
        assert_mended(
            |engine| {
                let entries = engine.tree(&format!("index:{name}"));
                let (mut key, value) = entries.at(0);
                key.insert(0, b'A');
                entries.put(&key, &value);
            },
            &[(name, "belongs to no row")],
        );
    }
}

#[test]
fn an_entry_of_a_unique_index_names_the_row_again_that_has_the_value() {
    assert_mended(
        |engine| {
            let entries = engine.tree("index:Article.slug");
            entries.put(&entries.at(0).0, &entries.at(1).1);
        },
        &[("Article.slug: ", "names another row")],
    );
}

#[test]
fn a_link_that_one_side_has_is_given_to_the_other() {
    for (side, told) in [("", "owning"), (":inverse", "inverse")] {
        assert_mended(
            |engine| {
                let links = engine.tree(&format!("join:Article.tags{side}"));
                links.remove(&links.at(1).0);
            },
            &[("Article.tags: the link of 1 to 2 is missing", told)],
        );
    }
}

#[test]
fn links_to_nothing_are_removed() {
    assert_mended(
        |engine| {
            let links = engine.tree("join:Article.tags");
            let (mut key, value) = links.at(0);
            *key.last_mut().expect("a key has bytes") = 9;
            links.put(&key, &value);
            let links = engine.tree("join:Article.tags:inverse");
            links.put(&[7, 7], &value);
        },
        &[
            ("Article.tags: the link [1, 9] has an end", "not there"),
            ("Article.tags: the link [7, 7] has an end", "not there"),
        ],
    );
}

#[test]
fn a_sequence_that_is_behind_gone_or_damaged_is_raised_to_the_highest_key() {
    for (damage, told) in [
        (
            Some(&[0, 1][..]),
            "the sequence is at 1, and there is a row with the key 2",
        ),
        (Some(&[0, 255]), "the sequence can't be read"),
        (
            None,
            "the sequence is at 0, and there is a row with the key 2",
        ),
    ] {
        assert_mended(
            |engine| {
                let catalog = engine.tree("catalog");
                match damage {
                    Some(value) => catalog.put(b"sequence:Tag", value),
                    None => catalog.remove(b"sequence:Tag"),
                }
            },
            &[("Tag: ", told)],
        );
    }
}

/// A repair of what only the program could mend. It changes nothing.
#[track_caller]
fn assert_left(damage: impl Fn(&Engine), expected: &[(&str, &str)]) {
    on_damaged(damage, |path, commit_path| {
        let before = trees(path);
        let repair = builder(commit_path).repair(path)?;
        assert!(
            repair.mended.is_empty() && repair.lost.is_empty(),
            "{repair}"
        );
        assert_listed(&repair.left, expected);
        assert_eq!(trees(path), before);
        Ok(())
    });
}

fn flip_last(engine: &Engine, name: &str, position: usize) {
    let tree = engine.tree(name);
    let (key, mut value) = tree.at(position);
    *value.last_mut().expect("a value has bytes") ^= 1;
    tree.put(&key, &value);
}

#[test]
fn what_cannot_be_read_is_left_with_everything_that_leads_to_it() {
    let unreadable = "belongs to no row that can be read";
    assert_left(
        |engine| flip_last(engine, "rows:Article", 1),
        &[
            ("Article: 2: ", "checksum"),
            ("Article.slug: ", unreadable),
            ("Article.title: ", unreadable),
            ("Article.author: ", unreadable),
            ("Article.editor: ", unreadable),
        ],
    );
    assert_left(
        |engine| flip_last(engine, "lazy:Article.text", 0),
        &[("Article.text: the value of 1", "can't be read")],
    );
}

#[test]
fn what_a_lost_row_leaves_is_mended_where_it_is_derived_and_told_where_it_is_not() {
    on_damaged(
        |engine| {
            let rows = engine.tree("rows:User");
            rows.remove(&rows.at(1).0);
        },
        |path, commit_path| {
            let repair = builder(commit_path).repair(path)?;
            assert_listed(&repair.mended, &[("User.email: ", "belongs to no row")]);
            assert_listed(
                &repair.left,
                &[
                    ("Article: 2: `editor` refers to User 2", "not there"),
                    ("User.password: ", "a value of 2, which is not there"),
                ],
            );
            // The program mends the rest.
            let orm = builder(commit_path).open(path)?;
            let mut em = orm.em();
            let article = em.find_one::<Article>(2).or_fail()?;
            em[article].editor = None;
            em.flush()?;
            assert_eq!(orm.verify()?.findings.len(), 1);
            Ok(())
        },
    );
}

#[test]
fn a_value_that_two_rows_share_finds_one_of_them() {
    let other = tempfile::tempdir().expect("there is room for a directory");
    let orm = open::<House>(other.path());
    let mut em = orm.em();
    let ann = user(&mut em, "ann");
    article(&mut em, "zero", ann);
    article(&mut em, "one", ann);
    em.flush().expect("it can be stored");
    drop((em, orm));
    let (_, twin) = Engine::open(other.path()).tree("rows:Article").at(1);
    on_damaged(
        |engine| {
            let rows = engine.tree("rows:Article");
            rows.put(&rows.at(1).0, &twin);
        },
        |path, commit_path| {
            let repair = builder(commit_path).repair(path)?;
            assert_listed(
                &repair.left,
                &[("Article: 2: `slug` must be unique, and 1", "same value")],
            );
            let orm = builder(commit_path).open(path)?;
            let mut em = orm.em();
            let found = em.find::<Article>().filter(|a| a.slug().eq("one")).one()?;
            assert_eq!(found, Some(Id::new(1)));
            let second = em.find_one::<Article>(2).or_fail()?;
            em[second].slug = "two".into();
            em.flush()?;
            drop((em, orm));
            // The row that had the value beside it has taken the entry with it.
            let repair = builder(commit_path).repair(path)?;
            assert_listed(&repair.mended, &[("Article.slug: ", "is missing")]);
            assert!(repair.left.is_empty(), "{repair}");
            Ok(())
        },
    );
}

#[test]
fn a_database_is_repaired_by_nobody_but_who_has_it_alone() -> musher::Result<()> {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let path = directory.path().join("house");
    let orm = builder(CommitPath::Direct).open(&path)?;
    let to = directory.path().join("to");
    let error = refused(builder(CommitPath::Direct).repair(&path));
    assert!(matches!(error, Error::InUse { .. }), "{error}");
    let error = refused(builder(CommitPath::Direct).salvage(&path, &to));
    assert!(matches!(error, Error::InUse { .. }), "{error}");
    drop(orm);
    let absent = directory.path().join("absent");
    for error in [
        refused(builder(CommitPath::Direct).repair(&absent)),
        refused(builder(CommitPath::Direct).salvage(&absent, &to)),
    ] {
        assert!(
            matches!(&error, Error::Directory { path, .. } if *path == absent),
            "{error}"
        );
    }
    assert!(!absent.exists() && !to.exists());
    Ok(())
}

/// What is salvaged of a damaged house, and the new one. The old one is as it was.
#[track_caller]
fn salvaged(damage: impl Fn(&Engine), test: impl Fn(&Orm, &Repair) -> musher::Result<()>) {
    on_damaged(damage, |path, commit_path| {
        let before = files(path);
        let to = path.with_extension("salvaged");
        let salvage = builder(commit_path).salvage(path, &to)?;
        assert!(files(path) == before, "the files are as they were");
        let orm = builder(commit_path).open(&to)?;
        let left: Vec<_> = salvage.left.iter().map(ToString::to_string).collect();
        let found: Vec<_> = orm
            .verify()?
            .findings
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(found, left, "what is left is what a verification finds");
        assert!(!to.join("source").exists() && !to.join("unfinished").exists());
        test(&orm, &salvage)
    });
}

/// The names and bytes of all files in a directory.
fn files(path: &Path) -> BTreeMap<std::path::PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(path).expect("it can be read") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let bytes = std::fs::read(&path).expect("it can be read");
            found.insert(path, bytes);
        }
    }
    found
}

#[test]
fn everything_is_salvaged_of_a_sound_database() {
    let sound = sound_trees();
    on_damaged(
        |_| {},
        |path, commit_path| {
            let to = path.with_extension("salvaged");
            let salvage = builder(commit_path).salvage(path, &to)?;
            assert_eq!(salvage.to_string(), "0 mended, 0 lost, 0 left");
            assert_eq!(trees(&to), sound);
            let orm = builder(commit_path).open(&to)?;
            let mut em = orm.em();
            assert_eq!(tag(&mut em, "new"), Id::new(3));
            em.flush()?;
            orm.verify()?.into_result()
        },
    );
}

#[test]
fn rows_that_cannot_be_read_are_left_behind_and_told_with_their_keys() {
    salvaged(
        |engine| {
            flip_last(engine, "rows:Article", 1);
            flip_last(engine, "rows:Tag", 0);
            flip_last(engine, "lazy:User.password", 1);
        },
        |orm, salvage| {
            let reason = "checksum";
            assert_listed(
                &salvage.lost,
                &[
                    ("Article: 2: ", reason),
                    ("Article.text: 2: ", "its row is lost"),
                    ("Tag: 1: ", reason),
                    ("User.password: 2: ", reason),
                ],
            );
            let (links, entries): (Vec<_>, Vec<_>) = salvage
                .mended
                .iter()
                .partition(|finding| finding.place == "Article.tags");
            assert_eq!(
                links.len(),
                2,
                "the one to the lost tag, at both sides: {links:?}"
            );
            let unowned = "belongs to no row";
            assert_listed(
                &entries,
                &[
                    ("Article.slug: ", unowned),
                    ("Article.title: ", unowned),
                    ("Article.author: ", unowned),
                    ("Article.editor: ", unowned),
                ],
            );
            assert_listed(
                &salvage.left,
                &[("User.password: the value of 2", "is missing")],
            );
            let mut em = orm.em();
            let articles = em
                .find::<Article>()
                .populate(|a| (a.text(), a.tags()))
                .all()?;
            assert_eq!(articles, [Id::new(1)]);
            assert_eq!(em.view(articles[0]).text(), "The text of one");
            assert_eq!(em[articles[0]].tags.ids(), [Id::new(2)]);
            assert_eq!(tag(&mut em, "new"), Id::new(3));
            em.flush()
        },
    );
}

#[test]
fn what_refers_to_a_lost_row_is_kept_and_told() {
    salvaged(
        |engine| flip_last(engine, "rows:User", 0),
        |orm, salvage| {
            assert_listed(
                &salvage.lost,
                &[
                    ("User: 1: ", "checksum"),
                    ("User.password: 1: ", "its row is lost"),
                ],
            );
            assert_listed(
                &salvage.left,
                &[
                    ("Article: 1: `author` refers to User 1", "not there"),
                    ("Article: 2: `author` refers to User 1", "not there"),
                    ("Profile: 1: `user` refers to User 1", "not there"),
                ],
            );
            let mut em = orm.em();
            for id in em.find::<Article>().all()? {
                em[id].author = Id::new(2);
            }
            let profile = em.find_one::<Profile>(1).or_fail()?;
            em[profile].user = None;
            em.flush()?;
            orm.verify()?.into_result()
        },
    );
}

/// A salvage of a house whose files were changed beside the engine.
#[track_caller]
fn salvaged_files(damage: impl Fn(&Path), test: impl Fn(&Orm, &Repair) -> musher::Result<()>) {
    on_damaged(
        |_| {},
        |path, commit_path| {
            damage(path);
            let error = refused(builder(commit_path).open(path));
            assert!(matches!(error, Error::Corruption { .. }), "{error}");
            let before = files(path);
            let to = path.with_extension("salvaged");
            let salvage = builder(commit_path).salvage(path, &to)?;
            assert!(files(path) == before, "the files are as they were");
            let orm = builder(commit_path).open(&to)?;
            test(&orm, &salvage)
        },
    );
}

#[test]
fn a_database_without_its_witness_is_salvaged_whole() {
    let remove = |path: &Path| std::fs::remove_file(path.join("witness")).expect("it is there");
    let cut = |path: &Path| std::fs::write(path.join("witness"), "").expect("it can be written");
    for (damage, told) in [
        (&remove as &dyn Fn(&Path), "\"witness\" is missing"),
        (&cut, "no number of a commit"),
    ] {
        salvaged_files(damage, |orm, salvage| {
            assert!(salvage.lost.iter().all(|loss| loss.key == "the database"));
            assert!(salvage.lost[0].to_string().contains(told), "{salvage}");
            assert!(salvage.mended.is_empty() && salvage.left.is_empty());
            assert_eq!(orm.em().find::<Article>().all()?.len(), 2);
            orm.verify()?.into_result()
        });
    }
}

#[test]
fn commits_that_are_missing_are_told() {
    // A witness of a thousand commits more.
    let ahead = |path: &Path| {
        let sequence = 1000_u64.to_le_bytes();
        let checksum = crc32fast::hash(&[b"witness", &sequence[..]].concat());
        let record = [&sequence[..], &checksum.to_le_bytes()].concat();
        std::fs::write(path.join("witness"), record).expect("it can be written");
    };
    salvaged_files(ahead, |orm, salvage| {
        assert_eq!(salvage.lost.len(), 1, "{salvage}");
        assert!(
            salvage.lost[0].reason.contains("to 1000 are missing"),
            "{salvage}"
        );
        assert_eq!(orm.em().find::<Article>().all()?.len(), 2);
        orm.verify()?.into_result()
    });
}

#[test]
fn nothing_is_salvaged_with_other_entities_than_the_stored_ones() {
    #[derive(Entity, Debug)]
    #[orm(name = "Tag")]
    struct Other {
        #[orm(primary_key)]
        id: Pk,
        label: String,
    }
    on_damaged(
        |_| {},
        |path, _| {
            let to = path.with_extension("salvaged");
            let error = refused(Orm::builder().entities::<Other>().salvage(path, &to));
            assert!(
                error
                    .to_string()
                    .contains("Tag is not stored as the entity declares it"),
                "{error}"
            );
            assert!(!to.exists());
            Ok(())
        },
    );
}

#[test]
fn without_the_stored_schema_nothing_is_salvaged() {
    let damage = |engine: &Engine| {
        let catalog = engine.tree("catalog");
        let stored = catalog.entries();
        let (_, mut schema) = stored
            .into_iter()
            .find(|(key, _)| key == b"schema")
            .expect("it is");
        *schema.last_mut().expect("it has bytes") ^= 1;
        catalog.put(b"schema", &schema);
    };
    on_damaged(damage, |path, commit_path| {
        let to = path.with_extension("salvaged");
        for error in [
            refused(builder(commit_path).open(path)),
            refused(builder(commit_path).repair(path)),
            refused(builder(commit_path).salvage(path, &to)),
        ] {
            assert!(matches!(error, Error::Corruption { .. }), "{error}");
            assert!(error.to_string().contains("stored schema"), "{error}");
        }
        assert!(!to.exists());
        Ok(())
    });
}

#[test]
fn a_page_table_that_is_damaged_is_made_anew() {
    on_damaged(
        |_| {},
        |path, commit_path| {
            let sound = trees(path);
            assert_eq!(damage_snapshots(path), 1);
            let error = refused(builder(commit_path).open(path));
            assert!(matches!(error, Error::Corruption { .. }), "{error}");
            let repair = builder(commit_path).repair(path)?;
            let place = path.display().to_string();
            assert_listed(&repair.mended, &[(&place, "without its snapshots")]);
            assert!(repair.left.is_empty(), "{repair}");
            assert_eq!(trees(path), sound);
            assert!(!path.join("trial").exists());
            builder(commit_path).open(path)?.verify()?.into_result()
        },
    );
}

/// Damages the engine's snapshots of its page table; gives how many there are.
fn damage_snapshots(path: &Path) -> usize {
    let entries = std::fs::read_dir(path.join("sled")).expect("it is there");
    let paths = entries.map(|entry| entry.expect("it can be read").path());
    let snapshots = paths.filter(|path| {
        let name = path.file_name().expect("it has a name");
        name.to_string_lossy().starts_with("snap.")
    });
    snapshots
        .map(|path| {
            let middle = path.metadata().expect("it is there").len() / 2;
            flip(&path, middle);
        })
        .count()
}

fn flip(path: &Path, at: u64) {
    let mut bytes = std::fs::read(path).expect("it can be read");
    bytes[usize::try_from(at).expect("it is in memory")] ^= 0xFF;
    std::fs::write(path, bytes).expect("it can be written");
}

#[test]
fn a_repair_that_cannot_help_changes_nothing() {
    on_damaged(
        |_| {},
        |path, commit_path| {
            damage_snapshots(path);
            std::fs::remove_file(path.join("witness")).expect("it is there");
            let before = files(path);
            let error = refused(builder(commit_path).repair(path));
            assert!(matches!(error, Error::Corruption { .. }), "{error}");
            assert!(files(path) == before, "the files are as they were");
            Ok(())
        },
    );
}

/// sled opens some damaged logs without a word. Whatever it makes of one, a salvage says so if
/// anything is missing, and what it makes is a database.
#[test]
fn a_salvage_of_damaged_bytes_ends_in_a_database_and_a_true_report_or_in_an_error() {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let original = directory.path().join("house");
    let open = |path: &Path| builder(CommitPath::Direct).open(path);
    // So much that the log has many segments: sled cuts the last one off at the first damage.
    for _ in 0..4 {
        let orm = open(&original).expect("it opens");
        let mut em = orm.em();
        for number in 0..150 {
            let label = tag(&mut em, &number.to_string());
            let id = page(&mut em, &format!("{label}"));
            em[id].text = "long ".repeat(800).into();
        }
        em.flush().expect("it can be stored");
    }
    let sound = trees(&original);
    let before = files(&original);
    let log = original.join("sled/db");
    let used = before[&log].iter().rposition(|byte| *byte != 0);
    let used = used.expect("there is something in the log") as u64;
    let (mut whole, mut partly, mut refused, mut refused_repairs) = (0, 0, 0, 0);
    for step in 0..15 {
        for (path, bytes) in &before {
            std::fs::write(path, bytes).expect("it can be written");
        }
        flip(&log, used * (2 * step + 1) / 30);
        let to = directory.path().join(step.to_string());
        match builder(CommitPath::Direct).salvage(&original, &to) {
            Err(_) => {
                assert!(!to.exists());
                refused += 1;
            }
            Ok(salvage) => {
                let orm = open(&to).expect("it opens");
                let report = orm.verify().expect("it can be read");
                assert_eq!(report.findings, salvage.left);
                // A damaged page takes its own entries along, and not what is behind it.
                assert!(report.findings.len() < 100, "{salvage}");
                drop(orm);
                if salvage.mended.is_empty() && salvage.lost.is_empty() && salvage.left.is_empty() {
                    assert!(trees(&to) == sound, "flipped in step {step}");
                    whole += 1;
                } else {
                    partly += 1;
                    let repair = builder(CommitPath::Direct).repair(&original);
                    refused_repairs += u32::from(repair.is_err());
                    if let Err(error) = &repair {
                        assert!(matches!(error, Error::Corruption { .. }), "{error:?}");
                    }
                    let repair = repair.unwrap_or_default();
                    // Either nothing is touched, or a snapshot was all that was wrong.
                    if !repair.mended.is_empty() {
                        assert!(repair.left.is_empty(), "{repair}");
                        assert!(trees(&original) == sound, "{repair}");
                    }
                }
            }
        }
    }
    assert!(refused_repairs < partly, "a repair looks as far as it can");
    let outcome = format!("{whole} whole, {partly} in part, {refused} refused");
    assert!(
        whole > 0 && partly > 0,
        "there is something of each: {outcome}"
    );
}

#[test]
fn a_check_while_opening_refuses_what_it_finds() {
    let behind = |engine: &Engine| engine.tree("catalog").put(b"sequence:Tag", &[0, 1]);
    on_damaged(behind, |path, commit_path| {
        for check in [Check::Quick, Check::Full] {
            let error = refused(builder(commit_path).check(check).open(path));
            assert!(matches!(error, Error::Damaged { .. }), "{error}");
            assert!(
                error.to_string().contains("Tag: the sequence is at 1"),
                "{error}"
            );
        }
        assert!(matches!(
            refused(builder(commit_path).open(path)),
            Error::Damaged { .. }
        ));
        builder(commit_path)
            .check(Check::Nothing)
            .open(path)
            .map(drop)
    });
    let index = |engine: &Engine| {
        let entries = engine.tree("index:Article.slug");
        entries.remove(&entries.at(1).0);
    };
    on_damaged(index, |path, commit_path| {
        let error = refused(builder(commit_path).check(Check::Full).open(path));
        assert!(
            matches!(&error, Error::Damaged { findings } if findings.len() == 1),
            "{error}"
        );
        builder(commit_path)
            .check(Check::Quick)
            .open(path)
            .map(drop)
    });
}
