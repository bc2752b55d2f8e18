//! Files that were cut short, garbled or removed. What is asked: an error or the whole truth, never
//! a panic, and never silently less.

use super::*;

on_both_paths! {
    a_log_that_was_cut_short_is_noticed_or_made_good
    a_flipped_bit_is_noticed_or_harmless
    removed_files_are_noticed
    damaged_records_of_the_store_do_not_open
}

const ROWS: u64 = 300;

fn value(key: u64) -> Vec<u8> {
    key.to_string().repeat(20).into_bytes()
}

/// Fills a database with rows of many durable commits.
fn fill(place: &Place) {
    for half in 0..2 {
        let store = place.open();
        let tree = store.open_tree("rows").unwrap();
        for key in (0..ROWS / 2).map(|key| key * 2 + half) {
            put(&store, tree, &key.to_be_bytes(), &value(key)).unwrap();
        }
    }
}

/// Opens and reads everything. `Ok` means that all of it was there.
fn read_all(place: &Place) -> Result<(), StorageError> {
    let store = place.try_open()?;
    let tree = store.open_tree("rows")?;
    let mut expected = 0_u64;
    store.read_with(|reader| {
        reader.scan(
            tree,
            &KeyRange::all(),
            Direction::Forward,
            &mut |key, found| {
                assert_eq!(key, expected.to_be_bytes(), "a row is missing");
                assert_eq!(*found, *value(expected), "a row is wrong");
                expected += 1;
                ControlFlow::Continue(())
            },
        )
    })??;
    assert_eq!(expected, ROWS, "the last rows are missing");
    Ok(())
}

fn used_length(content: &[u8]) -> usize {
    content.iter().rposition(|&byte| byte != 0).unwrap() + 1
}

fn a_log_that_was_cut_short_is_noticed_or_made_good(place: &Place) {
    fill(place);
    let data_file = place.engine().join("db");
    let content = fs::read(&data_file).unwrap();
    let used = used_length(&content);
    for keep in [
        0,
        1,
        100,
        used / 4,
        used / 2,
        used * 3 / 4,
        used.saturating_sub(30_000),
    ] {
        for without_snapshot in [false, true] {
            let damaged = place.copy();
            let data_file = damaged.engine().join("db");
            if without_snapshot {
                remove_snapshots(&damaged);
            }
            fs::write(&data_file, &content[..keep]).unwrap();
            let read = read_all(&damaged);
            // A journal may still have everything that the engine has lost.
            let made_good = read.is_ok() && place.options.commit_path == CommitPath::Journal;
            assert!(read.is_err() || made_good, "{keep} of {used} bytes");
        }
    }
}

fn remove_snapshots(place: &Place) {
    for entry in fs::read_dir(place.engine()).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name().to_string_lossy().starts_with("snap.") {
            fs::remove_file(entry.path()).unwrap();
        }
    }
}

fn a_flipped_bit_is_noticed_or_harmless(place: &Place) {
    let whole = place;
    fill(whole);
    let engine = whole.engine();
    let names = fs::read_dir(&engine).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name());
    for name in names.filter(|name| engine.join(name).is_file()) {
        let content = fs::read(engine.join(&name)).unwrap();
        let used = used_length(&content);
        for case in 0..12 {
            let mut damaged_content = content.clone();
            let position = (case * 104_729 + 977) % used;
            damaged_content[position] ^= 1 << (case % 8);
            let damaged = whole.copy();
            fs::write(damaged.engine().join(&name), damaged_content).unwrap();
            println!("{} with byte {position} changed", name.display());
            let first = read_all(&damaged).is_err();
            let second = read_all(&damaged).is_err();
            assert!(second || !first, "damage once noticed is not forgotten");
        }
    }
}

fn removed_files_are_noticed(place: &Place) {
    let whole = place;
    fill(whole);
    let place = whole.copy();
    fs::remove_dir_all(place.engine()).unwrap();
    place.assert_corruption();

    let place = whole.copy();
    fs::remove_file(place.engine().join("db")).unwrap();
    remove_snapshots(&place);
    place.assert_corruption();

    let place = whole.copy();
    fs::remove_file(place.path().join("witness")).unwrap();
    place.assert_corruption();

    let place = whole.copy();
    fs::write(place.path().join("witness"), b"nonsense").unwrap();
    place.assert_corruption();
}

fn damaged_records_of_the_store_do_not_open(place: &Place) {
    let whole = place;
    fill(whole);
    for key in [format::FORMAT_KEY, format::COMMIT_KEY] {
        let place = whole.copy();
        place.behind_its_back(|db| {
            let own_tree = db.open_tree(format::OWN_TREE).unwrap();
            let mut record = own_tree.get(key).unwrap().unwrap().to_vec();
            record[5] ^= 1;
            own_tree.insert(key, record).unwrap();
        });
        place.assert_corruption();
    }
}
