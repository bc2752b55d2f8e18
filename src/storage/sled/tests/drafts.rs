//! Directories that are written as a whole, and stores that take no more writes: what can still be
//! copied, and what a copy that was cut short passes for.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::storage::sled::{Draft, Import};
use crate::storage::{SnapshotStore, copy};

on_both_paths! {
    a_draft_that_was_cut_short_is_refused_and_one_that_is_given_up_is_gone
    a_store_that_takes_no_more_writes_can_be_copied
}

/// A draft that is filled, and was not finished.
fn filled(path: &Path) -> Draft {
    let draft = Draft::create(path).unwrap();
    let mut import = Import::create(&draft).unwrap();
    for key in 0..1000_u32 {
        import.put("rows", &key.to_be_bytes(), &[7; 3000]).unwrap();
    }
    import.finish(CommitSequence(42)).unwrap();
    draft
}

fn a_draft_that_was_cut_short_is_refused_and_one_that_is_given_up_is_gone(place: &Place) {
    // A process that is killed runs no destructor.
    std::mem::forget(filled(&place.path()));
    let error = place.open_error();
    assert!(
        matches!(&error, StorageError::Unfinished { path } if *path == place.path()),
        "{error}"
    );
    let error = Draft::create(&place.path()).err().unwrap();
    assert!(matches!(error, StorageError::NotEmpty { .. }), "{error}");

    let other = Place::new(place.options.commit_path);
    drop(filled(&other.path()));
    assert!(!other.path().exists());
    fs::create_dir(other.path()).unwrap();
    drop(filled(&other.path()));
    assert_eq!(fs::read_dir(other.path()).unwrap().count(), 0);

    filled(&other.path()).finish().unwrap();
    let store = other.open();
    assert_eq!(sequence(&store), 42);
    let tree = store.open_tree("rows").unwrap();
    let value = get(&store, tree, &999_u32.to_be_bytes()).unwrap();
    assert_eq!(value.unwrap(), [7; 3000]);
    assert_eq!(put(&store, tree, b"key", b"value").unwrap(), 43);
}

fn a_store_that_takes_no_more_writes_can_be_copied(place: &Place) {
    let fails = Arc::new(AtomicBool::new(false));
    let hook_fails = Arc::clone(&fails);
    let store = place.open_with_hook(move |operation| match operation {
        Operation::EngineSync | Operation::JournalSync if hook_fails.load(Ordering::Acquire) => {
            Err(io::Error::other("the disk is gone"))
        }
        _ => Ok(()),
    });
    let tree = store.open_tree("rows").unwrap();
    put(&store, tree, b"first", b"1").unwrap();
    fails.store(true, Ordering::Release);
    put(&store, tree, b"second", b"2").unwrap_err();
    put(&store, tree, b"third", b"3").unwrap_err();

    let other = Place::new(place.options.commit_path);
    let draft = Draft::create(&other.path()).unwrap();
    let copied = copy(&SnapshotStore::new(Box::new(store)), &draft).unwrap();
    draft.finish().unwrap();
    assert_eq!((copied.sequence.0, copied.entries), (2, 2));
    let copy = other.open();
    let tree = copy.open_tree("rows").unwrap();
    for (key, value) in [(&b"first"[..], b"1"), (b"second", b"2")] {
        assert_eq!(get(&copy, tree, key).unwrap().unwrap(), value);
    }
}
