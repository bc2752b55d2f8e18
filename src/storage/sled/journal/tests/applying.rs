//! An applier that fails, panics, or is held up while others go on.

use super::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use parking_lot::{Condvar, Mutex};

#[test]
fn an_applier_that_fails_or_panics_ends_all_writing_and_nothing_is_lost() {
    for panics in [false, true] {
        let place = hurried_place();
        let store = place.open_with_hook(move |operation| match operation {
            Operation::EngineWrite if panics => panic!("the applier panics"),
            Operation::EngineWrite => Err(io::Error::other("the applier fails")),
            _ => Ok(()),
        });
        let error = loop {
            if let Err(error) = commit(&store, Durability::Os) {
                break error;
            }
        };
        assert!(matches!(error, StorageError::Poisoned { .. }), "{error}");
        assert!(error.to_string().contains("the applier"), "{error}");
        let commits = verify(&store);
        drop(store);
        assert_eq!(verify(&place.open()), commits);
    }
}

/// A gate that the applier stands before.
#[derive(Default)]
struct Gate {
    /// Whether it is open, and whether somebody waits.
    state: Mutex<(bool, bool)>,
    changed: Condvar,
}

impl Gate {
    fn pass(&self) {
        let mut state = self.state.lock();
        state.1 = true;
        self.changed.notify_all();
        self.changed.wait_while(&mut state, |state| !state.0);
    }

    fn wait_for_someone(&self) {
        let mut state = self.state.lock();
        self.changed.wait_while(&mut state, |state| !state.1);
    }

    fn open(&self) {
        self.state.lock().0 = true;
        self.changed.notify_all();
    }
}

fn gated(place: &Place) -> (Arc<Gate>, SledStore) {
    let gate = Arc::new(Gate::default());
    let hook_gate = Arc::clone(&gate);
    let store = place.open_with_hook(move |operation| {
        if operation == Operation::EngineWrite {
            hook_gate.pass();
        }
        Ok(())
    });
    (gate, store)
}

#[test]
fn commits_wait_for_room_and_readers_do_not() {
    let place = hurried_place();
    let (gate, store) = gated(&place);
    let finished = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..100 {
                commit(&store, Durability::Os).unwrap();
            }
            finished.store(true, Ordering::Release);
        });
        gate.wait_for_someone();
        for _ in 0..20 {
            assert!(verify_view(&store) < 100);
        }
        assert!(!finished.load(Ordering::Acquire), "the overlay is bounded");
        gate.open();
    });
    assert_eq!(verify(&store), 100);
    drop(store);
    assert_eq!(verify(&place.open()), 100);
}

#[test]
fn readers_see_whole_commits_while_overlays_go_into_the_engine() {
    let place = hurried_place();
    let store = place.open();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Acquire) {
                    verify_view(&store);
                }
            });
        }
        for _ in 0..300 {
            commit(&store, Durability::Os).unwrap();
        }
        done.store(true, Ordering::Release);
    });
    assert_eq!(verify(&store), 300);
}

/// As `verify`, but all in one view, since others commit meanwhile.
fn verify_view(store: &SledStore) -> u64 {
    let trees = ["first", "second"].map(|name| store.open_tree(name).unwrap());
    let (commits, views) = store
        .read_with(|reader| {
            let views = trees.map(|tree| {
                let mut rows = Vec::new();
                let scanned = reader.scan(
                    tree,
                    &KeyRange::all(),
                    Direction::Forward,
                    &mut |key, value| {
                        rows.push((key.to_vec(), value.to_vec()));
                        ControlFlow::Continue(())
                    },
                );
                scanned.unwrap();
                rows
            });
            (reader.sequence().0, views)
        })
        .unwrap();
    let expected = model(commits);
    assert!(views.iter().all(|rows| *rows == expected), "{commits}");
    commits
}

#[test]
fn dropping_the_store_waits_for_what_is_being_applied() {
    let place = hurried_place();
    let (gate, store) = gated(&place);
    let mut commits = 0;
    while commits < 3 {
        commits = commit(&store, Durability::Os).unwrap();
    }
    let dropping = thread::spawn(move || drop(store));
    gate.wait_for_someone();
    gate.open();
    dropping.join().unwrap();
    place.behind_its_back(|db| {
        let rows = db.open_tree("rows/first").unwrap();
        assert_eq!(rows.len(), model(commits).len());
    });
    assert_eq!(verify(&place.open()), commits);
}

#[test]
fn the_direct_path_takes_over_a_journal_and_removes_it() {
    let place = Place::new(CommitPath::Journal);
    let store = place.open();
    for _ in 0..12 {
        commit(&store, Durability::Os).unwrap();
    }
    let mut killed = place.copy();
    killed.options.commit_path = CommitPath::Direct;
    let store = killed.open();
    assert_eq!(verify(&store), 12);
    assert!(journal_files(&killed).iter().all(|file| !file.exists()));
    let tree = store.open_tree("other").unwrap();
    assert_eq!(put(&store, tree, b"key", b"value").unwrap(), 13);
    drop(store);
    killed.options.commit_path = CommitPath::Journal;
    let store = killed.open();
    assert_eq!(sequence(&store), CommitSequence(13).0);
    let tree = store.open_tree("other").unwrap();
    assert_eq!(get(&store, tree, b"key").unwrap().unwrap(), b"value");
}
