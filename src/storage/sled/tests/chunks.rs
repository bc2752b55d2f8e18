//! Chunks as they lie in the engine.

use super::format::{CHUNK_LENGTH, chunk_key, chunks_tree, rows_tree};
use super::*;

on_both_paths! {
    no_chunk_outlives_its_value
    no_value_is_large_enough_for_a_file_of_its_own
    damaged_values_are_corruption_and_others_stay_readable
}

/// The store with one value of three chunks at `text`, closed again.
fn place_with_three_chunks(path: CommitPath) -> Place {
    let place = Place::new(path);
    let store = place.open();
    let tree = store.open_tree("texts").unwrap();
    put(&store, tree, b"text", &vec![b'x'; 3 * CHUNK_LENGTH]).unwrap();
    place
}

fn count_chunks(place: &Place) -> usize {
    let mut count = 0;
    place.behind_its_back(|db| count = db.open_tree(chunks_tree("texts")).unwrap().len());
    count
}

fn no_chunk_outlives_its_value(place: &Place) {
    let place = place_with_three_chunks(place.options.commit_path);
    assert_eq!(count_chunks(&place), 3);
    for (length, chunks) in [
        (5 * CHUNK_LENGTH, 5),
        (CHUNK_LENGTH + 1, 2),
        (CHUNK_LENGTH, 0),
    ] {
        let store = place.open();
        let tree = store.open_tree("texts").unwrap();
        put(&store, tree, b"text", &vec![b'y'; length]).unwrap();
        drop(store);
        assert_eq!(count_chunks(&place), chunks);
    }
    let store = place.open();
    let tree = store.open_tree("texts").unwrap();
    put(&store, tree, b"text", &vec![b'z'; 4 * CHUNK_LENGTH]).unwrap();
    let deleted = store.write(Durability::Os, &mut |_, _| {
        let mut batch = Batch::new();
        batch.delete(tree, "text");
        Some(batch)
    });
    deleted.unwrap();
    drop(store);
    assert_eq!(count_chunks(&place), 0);
}

fn no_value_is_large_enough_for_a_file_of_its_own(place: &Place) {
    let place = place_with_three_chunks(place.options.commit_path);
    let blobs = fs::read_dir(place.engine().join("blobs")).unwrap();
    assert_eq!(blobs.count(), 0);
}

fn damaged_values_are_corruption_and_others_stay_readable(place: &Place) {
    type Damage = fn(&::sled::Db);
    let damages: [Damage; 5] = [
        |db| {
            let chunks = db.open_tree(chunks_tree("texts")).unwrap();
            chunks.remove(chunk_key(b"text", 1)).unwrap();
        },
        |db| {
            let chunks = db.open_tree(chunks_tree("texts")).unwrap();
            let mut chunk = vec![b'x'; CHUNK_LENGTH];
            chunk[1000] = b'y';
            chunks.insert(chunk_key(b"text", 2), chunk).unwrap();
        },
        |db| {
            assert!(db.drop_tree(chunks_tree("texts")).unwrap());
        },
        |db| {
            let rows = db.open_tree(rows_tree("texts")).unwrap();
            rows.insert("text", &[9, 1, 2][..]).unwrap();
        },
        |db| {
            let rows = db.open_tree(rows_tree("texts")).unwrap();
            rows.insert("text", &[1, 0, 0][..]).unwrap();
        },
    ];
    for damage in damages {
        let place = place_with_three_chunks(place.options.commit_path);
        place.behind_its_back(damage);
        let store = place.open();
        let tree = store.open_tree("texts").unwrap();
        put(&store, tree, b"other", b"fine").unwrap();

        let error = get(&store, tree, b"text").unwrap_err();
        assert!(matches!(error, StorageError::Corruption { .. }), "{error}");
        assert!(error.to_string().contains("\"texts\""), "{error}");
        assert_eq!(get(&store, tree, b"other").unwrap().unwrap(), b"fine");
    }
}
