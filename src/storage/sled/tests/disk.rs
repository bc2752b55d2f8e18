//! A disk that does not confirm a sync.

use super::*;
use std::sync::atomic::{AtomicBool, Ordering};

on_both_paths! {
    a_commit_that_the_disk_did_not_confirm_is_told_apart_and_is_the_last
    durable_commits_are_in_the_files_before_the_store_is_closed
    commits_that_nobody_waits_for_are_synced_all_the_same
}

fn a_commit_that_the_disk_did_not_confirm_is_told_apart_and_is_the_last(place: &Place) {
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
    let error = put(&store, tree, b"second", b"2").unwrap_err();
    let not_durable = CommitSequence(2);
    assert!(
        matches!(&error, StorageError::NotDurable { sequence, .. } if *sequence == not_durable),
        "{error}"
    );
    assert!(std::error::Error::source(&error).is_some());
    assert_eq!(get(&store, tree, b"second").unwrap().unwrap(), b"2");

    for durability in [Durability::Os, Durability::Immediate] {
        let error = store.write(durability, &mut |_, _| unreachable!("no plan is asked"));
        let error = error.unwrap_err();
        assert!(matches!(error, StorageError::Poisoned { .. }), "{error}");
        assert!(error.to_string().contains("syncing commit 2"), "{error}");
    }
    assert!(matches!(store.sync(), Err(StorageError::NotDurable { .. })));
    assert_eq!(store.read_with(|reader| reader.sequence().0).unwrap(), 2);
    drop(store);

    let store = place.open();
    let tree = store.open_tree("rows").unwrap();
    assert_eq!(get(&store, tree, b"first").unwrap().unwrap(), b"1");
    assert_eq!(put(&store, tree, b"third", b"3").unwrap(), 3);
}

/// The files of an open database are what a killed process would leave.
fn durable_commits_are_in_the_files_before_the_store_is_closed(place: &Place) {
    let store = place.open();
    let tree = store.open_tree("rows").unwrap();
    for commit in 1..=20_u64 {
        put(&store, tree, &commit.to_be_bytes(), b"value").unwrap();
        let killed = place.copy();
        let reopened = killed.open();
        assert_eq!(sequence(&reopened), commit);
        let reopened_tree = reopened.open_tree("rows").unwrap();
        let value = get(&reopened, reopened_tree, &commit.to_be_bytes());
        assert_eq!(value.unwrap().unwrap(), b"value");
    }
}

fn commits_that_nobody_waits_for_are_synced_all_the_same(place: &Place) {
    let (synced, was_synced) = std::sync::mpsc::channel();
    let store = place.open_with_hook(move |operation| {
        if matches!(operation, Operation::EngineSync | Operation::JournalSync) {
            // Nobody listens any more when the store is closed.
            let _ = synced.send(());
        }
        Ok(())
    });
    let tree = store.open_tree("rows").unwrap();
    let written = store.write_with(Durability::Os, |_, sequence| {
        let mut batch = Batch::new();
        batch.put(tree, b"key", b"value");
        Ok::<_, StorageError>((batch, sequence.0))
    });
    assert_eq!(written.unwrap(), 1);
    was_synced.recv().unwrap();
}
