//! Many-to-many collections that keep an order of their own. On both stores, and by both commit paths.

#![expect(
    clippy::many_single_char_names,
    reason = "the tracks are named by letters"
)]

mod support;

use std::path::Path;

use musher::prelude::*;
use musher::{CommitPath, FeedItem};
use proptest::collection::vec;
use proptest::prelude::*;
use support::{Engine, on_both_stores};

#[derive(Entity, Debug)]
struct Playlist {
    #[orm(primary_key)]
    id: Pk,
    #[orm(default)]
    name: String,
    #[orm(many_to_many(fixed_order))]
    tracks: Collection<Track>,
}

#[derive(Entity, Debug)]
struct Track {
    #[orm(primary_key)]
    id: Pk,
    name: String,
    #[orm(many_to_many(mapped_by = tracks))]
    playlists: Collection<Playlist>,
}

type Music = (Playlist, Track);

/// A playlist with five tracks, in the order 3 1 2, the others being in none.
fn fill(orm: &Orm) -> musher::Result<(Id<Playlist>, [Id<Track>; 5])> {
    let mut em = orm.em();
    let names = ["a", "b", "c", "d", "e"];
    let tracks = names.map(|name| em.create(Track::build().name(name)));
    let list = em.create(Playlist::build().tracks([tracks[2], tracks[0], tracks[1]]));
    em.flush()?;
    Ok((list, tracks))
}

/// The tracks of a playlist as another unit of work finds them.
fn stored(orm: &Orm, list: Id<Playlist>) -> musher::Result<Vec<Id<Track>>> {
    let mut em = orm.em();
    em.find_one(list).populate(|p| p.tracks()).or_fail()?;
    Ok(em[list].tracks.ids())
}

#[test]
fn the_order_of_the_list_is_stored_and_restored() {
    on_both_stores::<Music>(|orm| {
        let (list, [a, b, c, ..]) = fill(orm)?;
        assert_eq!(stored(orm, list)?, [c, a, b]);
        let mut em = orm.em();
        em.find_one(list).or_fail()?;
        let mut edit = em.edit(list);
        assert_eq!(edit.tracks().find().limit(2).ids()?, [c, a]);
        assert_eq!(edit.tracks().matching(|t| t.name().ne("a")).all()?, [c, b]);
        em.populate(list, |p| p.tracks().limit(2))?;
        assert_eq!(em[list].tracks.ids(), [c, a]);
        em.populate(list, |p| p.tracks().references())?;
        assert_eq!(em[list].tracks.ids(), [c, a, b]);
        Ok(())
    });
}

#[test]
fn to_reorder_is_a_change_and_to_set_the_same_is_none() {
    on_both_stores::<Music>(|orm| {
        let (list, [a, b, c, ..]) = fill(orm)?;
        let mut em = orm.em();
        em.find_one(list).populate(|p| p.tracks()).or_fail()?;
        em.edit(list).tracks().set([c, a, b])?;
        assert!(!em[list].tracks.is_dirty());
        em.flush()?;
        assert_eq!(em.statistics().commits, 0);

        em.edit(list).tracks().set([a, b, c])?;
        assert_eq!(em[list].tracks.ids(), [a, b, c]);
        assert!(em[list].tracks.is_dirty());
        assert_eq!(
            em.edit(list).tracks().init()?.ids(),
            [a, b, c],
            "it is pending"
        );
        em.flush()?;
        assert!(!em[list].tracks.is_dirty());
        assert_eq!(
            (em.statistics().commits, em.statistics().links_written),
            (1, 0)
        );
        assert_eq!(stored(orm, list)?, [a, b, c]);

        em[list].tracks = [b, c, a].into_iter().collect();
        em.flush()?;
        assert_eq!(em[list].tracks.ids(), [b, c, a]);
        assert_eq!(stored(orm, list)?, [b, c, a]);
        // Of a collection that is not loaded.
        em.clear();
        em.find_one(list).or_fail()?;
        em.edit(list).tracks().set([c, b])?;
        em.flush()?;
        assert_eq!(stored(orm, list)?, [c, b]);
        Ok(())
    });
}

#[test]
fn what_is_added_comes_to_the_end_from_either_side() {
    on_both_stores::<Music>(|orm| {
        let (list, [a, b, c, d, e]) = fill(orm)?;
        let mut em = orm.em();
        em.find_one(list).or_fail()?;
        em.edit(list).tracks().add([e, a]);
        em.find_one(d).or_fail()?;
        em.edit(d).playlists().add(list);
        em.flush()?;
        assert_eq!(stored(orm, list)?, [c, a, b, e, d]);
        // What was taken out and comes back has lost its place.
        em.edit(list).tracks().remove([c, a]).add(c);
        em.flush()?;
        assert_eq!(stored(orm, list)?, [b, e, d, c]);
        em.populate(list, |p| p.tracks())?;
        assert_eq!(em[list].tracks.ids(), [b, e, d, c]);
        Ok(())
    });
}

#[test]
fn rows_that_are_inserted_in_bulk_keep_the_order_of_their_lists() {
    on_both_stores::<Music>(|orm| {
        let (_, [a, b, c, d, _]) = fill(orm)?;
        let mut em = orm.em();
        let lists = em
            .insert_many([
                Playlist::build().tracks([d, a, c]),
                Playlist::build().tracks([c, b]),
            ])
            .execute()?;
        assert_eq!(stored(orm, lists[0])?, [d, a, c]);
        assert_eq!(stored(orm, lists[1])?, [c, b]);
        Ok(())
    });
}

// A new entity took over the place in memory of one that was removed, and with it that its collection
// showed a part only.
#[test]
fn a_new_entity_in_the_place_of_one_that_was_partly_loaded_is_whole() {
    on_both_stores::<Music>(|orm| {
        let (list, [a, b, ..]) = fill(orm)?;
        let mut em = orm.em();
        em.find_one(list)
            .populate(|p| p.tracks().limit(1))
            .or_fail()?;
        em.remove(list);
        em.flush()?;
        let new = em.create(Playlist::build());
        em.flush()?;
        em[new].tracks = [b, a].into_iter().collect();
        em.flush()?;
        assert_eq!(stored(orm, new)?, [b, a]);
        Ok(())
    });
}

#[test]
fn two_units_of_work_add_and_reorder_and_both_stay() {
    on_both_stores::<Music>(|orm| {
        let (list, [a, b, c, d, e]) = fill(orm)?;
        let (mut one, mut two) = (orm.em(), orm.em());
        for em in [&mut one, &mut two] {
            em.find_one(list).populate(|p| p.tracks()).or_fail()?;
        }
        one.edit(list).tracks().add(d);
        two.edit(list).tracks().add(e);
        one.flush()?;
        two.flush()?;
        assert_eq!(stored(orm, list)?, [c, a, b, d, e]);
        // One reorders what it knows, and the other takes out of it.
        one.edit(list).tracks().set([a, b, c, d])?;
        two.edit(list).tracks().remove(a);
        two.flush()?;
        one.flush()?;
        assert_eq!(stored(orm, list)?, [b, c, d, e]);
        Ok(())
    });
}

#[test]
fn a_rollback_takes_an_order_back_and_a_commit_keeps_it() {
    on_both_stores::<Music>(|orm| {
        let (list, [a, b, c, d, _]) = fill(orm)?;
        let mut em = orm.em();
        em.find_one(list).populate(|p| p.tracks()).or_fail()?;
        em.begin();
        em.edit(list).tracks().set([a, b, c])?;
        em.flush()?;
        em.edit(list).tracks().add(d);
        em.rollback();
        assert_eq!(em[list].tracks.ids(), [c, a, b]);
        assert_eq!(stored(orm, list)?, [c, a, b]);
        em.transactional(|em| {
            em.edit(list).tracks().set([a, b, c])?;
            em.flush()?;
            em.edit(list).tracks().add(d).remove(a);
            em.flush()
        })?;
        assert_eq!(stored(orm, list)?, [b, c, d]);
        Ok(())
    });
}

#[test]
fn removals_leave_the_order_of_the_rest() {
    on_both_stores::<Music>(|orm| {
        let (list, [a, b, c, ..]) = fill(orm)?;
        let mut em = orm.em();
        em.remove(a);
        em.flush()?;
        assert_eq!(stored(orm, list)?, [c, b]);
        em.remove(list);
        em.flush()?;
        // A new row of the same key begins anew.
        let list = em.persist(Playlist {
            id: Pk::from(*list.key()),
            name: String::new(),
            tracks: Collection::new(),
        });
        em.flush()?;
        em.edit(list).tracks().add(b);
        em.edit(list).tracks().add(c);
        em.flush()?;
        assert_eq!(stored(orm, list)?, [b, c]);
        Ok(())
    });
}

#[test]
fn the_feed_tells_a_new_order() {
    on_both_stores::<Music>(|orm| {
        let (list, [a, b, c, ..]) = fill(orm)?;
        let feed = orm.subscribe::<Playlist>();
        let mut em = orm.em();
        em.find_one(list).or_fail()?;
        em.edit(list).tracks().set([a, b, c])?;
        em.flush()?;
        let Ok(FeedItem::Change(change)) = feed.try_recv() else {
            panic!("the change is told");
        };
        assert_eq!(change.changed().collect::<Vec<_>>(), ["tracks"]);
        assert!(change.links(|p| p.tracks()).is_empty());
        Ok(())
    });
}

fn open(path: &Path, commit_path: CommitPath) -> musher::Result<Orm> {
    let builder = Orm::builder().entities::<Music>();
    builder.commit_path(commit_path).open(path)
}

#[test]
fn it_outlives_closing_and_a_backup_by_either_commit_path() {
    for commit_path in [CommitPath::Direct, CommitPath::Journal] {
        let directory = tempfile::tempdir().expect("there is room for a directory");
        let path = directory.path().join("music");
        let run = || -> musher::Result<()> {
            let orm = open(&path, commit_path)?;
            let (list, [a, b, c, d, _]) = fill(&orm)?;
            let mut em = orm.em();
            em.find_one(list).or_fail()?;
            em.edit(list).tracks().add(d);
            em.flush()?;
            orm.backup(directory.path().join("copy"))?;
            drop(em);
            orm.close()?;
            assert_eq!(stored(&open(&path, commit_path)?, list)?, [c, a, b, d]);
            let restored = Orm::builder().entities::<Music>();
            let restored =
                restored.restore(directory.path().join("copy"), directory.path().join("new"))?;
            assert_eq!(stored(&restored, list)?, [c, a, b, d]);
            assert!(restored.verify()?.is_clean());
            Ok(())
        };
        run().unwrap_or_else(|error| panic!("{commit_path:?}: {error}"));
    }
}

#[test]
fn an_order_that_cannot_be_read_is_told_and_repaired() {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let path = directory.path().join("music");
    let run = || -> musher::Result<()> {
        let orm = open(&path, CommitPath::Direct)?;
        let (list, [a, b, c, ..]) = fill(&orm)?;
        orm.close()?;
        {
            let engine = Engine::open(&path);
            let tree = engine.tree("order:Playlist.tracks");
            let (key, mut value) = tree.at(0);
            *value.last_mut().expect("it has bytes") ^= 1;
            tree.put(&key, &value);
        }
        let orm = open(&path, CommitPath::Direct)?;
        let report = orm.verify()?.to_string();
        assert!(report.contains("the order of 1 can't be read"), "{report}");
        let error = stored(&orm, list).expect_err("it is damaged").to_string();
        assert!(
            error.contains("the order of Playlist.tracks of 1 can't be read"),
            "{error}"
        );
        orm.close()?;
        let builder = Orm::builder().entities::<Music>();
        builder.repair(&path)?;
        let orm = open(&path, CommitPath::Direct)?;
        assert!(orm.verify()?.is_clean());
        assert_eq!(stored(&orm, list)?, [a, b, c]);
        Ok(())
    };
    run().unwrap_or_else(|error| panic!("{error}"));
}

/// The same entities before their relation had an order.
mod before {
    use musher::prelude::*;

    #[derive(Entity, Debug)]
    pub struct Playlist {
        #[orm(primary_key)]
        pub id: Pk,
        #[orm(default)]
        pub name: String,
        #[orm(many_to_many)]
        pub tracks: Collection<Track>,
    }

    #[derive(Entity, Debug)]
    pub struct Track {
        #[orm(primary_key)]
        pub id: Pk,
        pub name: String,
        #[orm(many_to_many(mapped_by = tracks))]
        pub playlists: Collection<Playlist>,
    }
}

#[test]
fn a_relation_that_gets_an_order_begins_with_that_of_the_keys() {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let run = || -> musher::Result<()> {
        let path = directory.path();
        let orm = support::open::<(before::Playlist, before::Track)>(path);
        let mut em = orm.em();
        let tracks = ["a", "b", "c"].map(|name| em.create(before::Track::build().name(name)));
        let list = em.create(before::Playlist::build().tracks([tracks[2], tracks[0]]));
        em.flush()?;
        drop(em);
        orm.close()?;
        let orm = support::open::<Music>(path);
        let list: Id<Playlist> = Id::new(*list.key());
        let [a, b, c]: [Id<Track>; 3] = tracks.map(|track| Id::new(*track.key()));
        assert_eq!(stored(&orm, list)?, [a, c]);
        let mut em = orm.em();
        em.find_one(list).or_fail()?;
        em.edit(list).tracks().add(b);
        em.flush()?;
        assert_eq!(stored(&orm, list)?, [a, c, b]);
        assert!(orm.verify()?.is_clean());
        Ok(())
    };
    run().unwrap_or_else(|error| panic!("{error}"));
}

#[derive(Debug, Clone)]
enum Step {
    Add(Vec<u64>),
    AddFromTrack(u64),
    Remove(u64),
    Set(Vec<u64>),
    Assign(Vec<u64>),
    Load,
    Flush,
    Clear,
}

fn steps() -> impl Strategy<Value = Step> {
    let track = || 1_u64..=5;
    let list = || {
        let all = prop::sample::subsequence(vec![1_u64, 2, 3, 4, 5], 0..=5);
        all.prop_shuffle()
    };
    prop_oneof![
        3 => vec(track(), 1..4).prop_map(Step::Add),
        2 => track().prop_map(Step::AddFromTrack),
        3 => track().prop_map(Step::Remove),
        2 => list().prop_map(Step::Set),
        1 => list().prop_map(Step::Assign),
        1 => Just(Step::Load),
        2 => Just(Step::Flush),
        1 => Just(Step::Clear),
    ]
}

/// Takes a step, on the database and on the plain list.
fn take(
    em: &mut EntityManager,
    list: Id<Playlist>,
    step: &Step,
    model: &mut Vec<u64>,
) -> musher::Result<()> {
    let ids = |keys: &[u64]| {
        keys.iter()
            .copied()
            .map(Id::new)
            .collect::<Vec<Id<Track>>>()
    };
    let append = |model: &mut Vec<u64>, key: u64| {
        if !model.contains(&key) {
            model.push(key);
        }
    };
    match step {
        Step::Add(keys) => {
            em.edit(list).tracks().add(ids(keys));
            for key in keys {
                append(model, *key);
            }
        }
        Step::AddFromTrack(key) => {
            let track: Id<Track> = Id::new(*key);
            em.find_one(track).or_fail()?;
            em.edit(track).playlists().add(list);
            append(model, *key);
        }
        Step::Remove(key) => {
            em.edit(list).tracks().remove(Id::new(*key));
            model.retain(|other| other != key);
        }
        Step::Set(keys) => {
            em.edit(list).tracks().set(ids(keys))?;
            model.clone_from(keys);
        }
        Step::Assign(keys) => {
            em[list].tracks = ids(keys).into_iter().collect();
            model.clone_from(keys);
            em.flush()?;
        }
        Step::Load => drop(em.populate(list, |p| p.tracks())?),
        Step::Flush => em.flush()?,
        Step::Clear => {
            em.flush()?;
            em.clear();
            em.find_one(list).or_fail()?;
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_is_that_of_a_plain_list(steps in vec(steps(), 1..25)) {
        on_both_stores::<Music>(|orm| {
            let (list, tracks) = fill(orm)?;
            let mut model = [2, 0, 1].map(|at: usize| *tracks[at].key()).to_vec();
            let mut em = orm.em();
            em.find_one(list).or_fail()?;
            let keys = |ids: &[Id<Track>]| ids.iter().map(|id| *id.key()).collect::<Vec<u64>>();
            for step in &steps {
                take(&mut em, list, step, &mut model)?;
                if em[list].tracks.is_initialized() {
                    assert_eq!(keys(em[list].tracks.ids_unchecked()), model, "after {step:?}");
                }
                let found = em.edit(list).tracks().find().ids()?;
                assert_eq!(keys(&found), model, "asked after {step:?}");
            }
            em.flush()?;
            assert_eq!(keys(&stored(orm, list)?), model);
            let commits = em.statistics().commits;
            em.flush()?;
            assert_eq!(em.statistics().commits, commits);
            Ok(())
        });
    }
}
