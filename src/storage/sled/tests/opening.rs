//! Who may open what.

use super::*;

on_both_paths! {
    a_leftover_of_a_crash_while_opening_is_removed
    an_open_database_is_locked_for_others_in_the_process
    an_engine_that_another_program_has_open_is_locked
    an_open_database_is_locked_for_other_processes
    a_sled_database_of_another_program_is_refused_and_left_as_it_is
    a_newer_format_is_refused
    a_path_that_cannot_be_a_directory_is_named
    creating_a_database_may_be_cut_short_anywhere
}

fn a_leftover_of_a_crash_while_opening_is_removed(place: &Place) {
    let tree_name = "rows";
    let store = place.open();
    let tree = store.open_tree(tree_name).unwrap();
    put(&store, tree, b"key", b"value").unwrap();
    drop(store);

    let leftover = place.engine().join("snap.0000000000FFFFFF.generating");
    fs::write(&leftover, b"half a snapshot").unwrap();
    let store = place.open();
    let tree = store.open_tree(tree_name).unwrap();
    assert_eq!(get(&store, tree, b"key").unwrap().unwrap(), b"value");
    assert!(!leftover.exists());
}

fn an_open_database_is_locked_for_others_in_the_process(place: &Place) {
    let store = place.open();
    let error = place.open_error();
    assert!(matches!(&error, StorageError::Locked { path } if *path == place.path()));
    drop(store);
    place.open();
}

fn an_engine_that_another_program_has_open_is_locked(place: &Place) {
    drop(place.open());
    place.behind_its_back(|_| {
        let error = place.open_error();
        assert!(matches!(error, StorageError::Locked { .. }), "{error}");
    });
}

/// The path that the child of the next test is to open.
const CHILD_PATH: &str = "MUSHER_TEST_LOCKED_PATH";

fn an_open_database_is_locked_for_other_processes(place: &Place) {
    let _store = place.open();
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture"])
        .arg("storage::sled::tests::opening::the_child_that_finds_it_locked")
        .env(CHILD_PATH, place.path())
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{output}");
    assert!(output.contains("the child was refused"), "{output}");
}

#[test]
fn the_child_that_finds_it_locked() {
    // Nothing to do unless the test above has started this process.
    let Some(path) = std::env::var_os(CHILD_PATH) else {
        return;
    };
    let error = SledStore::open(path, SledOptions::default()).err().unwrap();
    assert!(matches!(error, StorageError::Locked { .. }), "{error}");
    println!("the child was refused");
}

fn a_sled_database_of_another_program_is_refused_and_left_as_it_is(place: &Place) {
    for inside in [false, true] {
        let place = Place::new(place.options.commit_path);
        let engine = if inside { place.engine() } else { place.path() };
        let db = open_engine(&engine);
        db.open_tree("theirs")
            .unwrap()
            .insert("key", "value")
            .unwrap();
        drop(db);

        let error = place.open_error();
        assert!(
            matches!(error, StorageError::NotADatabase { .. }),
            "{error}"
        );
        let db = open_engine(&engine);
        assert_eq!(db.tree_names().len(), 2);
        let value = db.open_tree("theirs").unwrap().get("key").unwrap();
        assert_eq!(value.unwrap(), "value");
        assert!(!place.path().join("witness").exists());
    }
}

fn a_newer_format_is_refused(place: &Place) {
    drop(place.open());
    place.behind_its_back(|db| {
        let own_tree = db.open_tree(format::OWN_TREE).unwrap();
        let marker = format::encode_format(format::FORMAT_VERSION + 1);
        own_tree.insert(format::FORMAT_KEY, marker).unwrap();
    });
    let error = place.open_error();
    assert!(
        matches!(
            error,
            StorageError::Version {
                found: 2,
                supported: 1,
                ..
            }
        ),
        "{error}"
    );
    assert!(error.to_string().contains("upgrade"), "{error}");
}

fn a_path_that_cannot_be_a_directory_is_named(place: &Place) {
    let file = place.directory.path().join("file");
    fs::write(&file, b"text").unwrap();
    for path in [file.clone(), file.join("below")] {
        let error = SledStore::open(&path, SledOptions::default())
            .err()
            .unwrap();
        assert!(
            matches!(
                error,
                StorageError::NotADirectory { .. } | StorageError::Io { .. }
            ),
            "{error}"
        );
        assert!(
            error.to_string().contains(path.to_str().unwrap()),
            "{error}"
        );
    }
}

fn creating_a_database_may_be_cut_short_anywhere(place: &Place) {
    // While the engine's files were made, which it does not open then.
    let unfinished = place.path().join("sled.unfinished");
    fs::create_dir_all(unfinished.join("blobs")).unwrap();
    fs::write(unfinished.join("conf"), b"segment_size: 5242").unwrap();
    drop(place.open());
    assert!(!unfinished.exists());
    // Before the witness: nothing was committed yet.
    fs::remove_file(place.path().join("witness")).unwrap();
    drop(place.open());
    // While the witness was written.
    fs::remove_file(place.path().join("witness")).unwrap();
    fs::write(place.path().join("witness.unfinished"), b"").unwrap();
    drop(place.open());
    // Before the format marker.
    fs::remove_file(place.path().join("witness")).unwrap();
    place.behind_its_back(|db| db.open_tree(format::OWN_TREE).unwrap().clear().unwrap());
    let store = place.open();
    let tree = store.open_tree("rows").unwrap();
    assert_eq!(put(&store, tree, b"key", b"value").unwrap(), 1);
}
