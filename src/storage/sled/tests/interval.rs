//! Commits that are durable a while after they were made, and what closing tells.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::*;

on_both_paths! {
    commits_of_an_interval_get_to_the_disk_by_themselves
    closing_does_not_wait_for_the_interval
    a_background_sync_that_fails_ends_all_writing_and_is_told
    a_witness_that_cannot_be_synced_ends_all_writing_and_is_told
    closing_tells_what_fails
}

const SOON: Durability = Durability::Interval(Duration::from_millis(1));
/// Longer than any machine takes for a sync: a test that waits so long has failed.
const LONG: Duration = Duration::from_mins(1);

const LATE: Durability = Durability::Interval(Duration::MAX);

fn write(store: &SledStore, durability: Durability, key: &[u8]) -> Result<(), StorageError> {
    let tree = store.open_tree("rows")?;
    store.write_with(durability, |_, _| {
        let mut batch = Batch::new();
        batch.put(tree, key, b"value");
        Ok((batch, ()))
    })
}

fn commits_of_an_interval_get_to_the_disk_by_themselves(place: &Place) {
    let (tell, synced) = mpsc::channel();
    let store = place.open_with_hook(move |operation| {
        // What follows the sync of the files.
        if operation == Operation::WitnessWrite {
            tell.send(()).map_err(io::Error::other)?;
        }
        Ok(())
    });
    for key in 0..3_u8 {
        write(&store, SOON, &[key]).unwrap();
        // Nothing else in this test syncs.
        synced.recv_timeout(LONG).unwrap();
        let killed = place.copy();
        let reopened = killed.open();
        let tree = reopened.open_tree("rows").unwrap();
        assert!(get(&reopened, tree, &[key]).unwrap().is_some());
    }
}

fn closing_does_not_wait_for_the_interval(place: &Place) {
    let store = place.open();
    for key in 0..3_u8 {
        write(&store, LATE, &[key]).unwrap();
        write(
            &store,
            Durability::Interval(Duration::from_hours(9)),
            &[key],
        )
        .unwrap();
    }
    store.close().unwrap();
    drop(store);
    assert_eq!(sequence(&place.open()), 6);
}

/// A store whose disk refuses the operation from the moment on that the flag is set.
fn open_refusing(place: &Place, operations: &'static [Operation]) -> (SledStore, Arc<AtomicBool>) {
    let refuses = Arc::new(AtomicBool::new(false));
    let hook_refuses = Arc::clone(&refuses);
    let store = place.open_with_hook(move |operation| {
        if operations.contains(&operation) && hook_refuses.load(Ordering::Acquire) {
            return Err(io::Error::other("the disk is gone"));
        }
        Ok(())
    });
    (store, refuses)
}

/// Writes until the store refuses; gives the refusal.
fn write_until_refused(store: &SledStore, durability: Durability) -> StorageError {
    let began = Instant::now();
    while began.elapsed() < LONG {
        if let Err(error) = write(store, durability, b"key") {
            return error;
        }
        std::thread::yield_now();
    }
    panic!("the store goes on writing")
}

fn a_background_sync_that_fails_ends_all_writing_and_is_told(place: &Place) {
    let syncs = &[Operation::EngineSync, Operation::JournalSync];
    let (store, refuses) = open_refusing(place, syncs);
    write(&store, Durability::Immediate, b"first").unwrap();
    refuses.store(true, Ordering::Release);

    let error = write_until_refused(&store, SOON);
    assert!(matches!(error, StorageError::Poisoned { .. }), "{error}");
    assert!(error.to_string().contains("the disk is gone"), "{error}");
    // The disk is well again, and what it may have lost meanwhile is not taken for granted.
    refuses.store(false, Ordering::Release);
    for told in [store.sync(), store.close()] {
        assert!(
            matches!(told, Err(StorageError::NotDurable { .. })),
            "{told:?}"
        );
    }
    let tree = store.open_tree("rows").unwrap();
    assert!(get(&store, tree, b"key").unwrap().is_some());
}

fn a_witness_that_cannot_be_synced_ends_all_writing_and_is_told(place: &Place) {
    let (store, refuses) = open_refusing(place, &[Operation::WitnessSync]);
    write(&store, Durability::Immediate, b"key").unwrap();
    refuses.store(true, Ordering::Release);
    assert!(matches!(store.sync(), Err(StorageError::Io { .. })));
    refuses.store(false, Ordering::Release);
    let error = write(&store, Durability::Os, b"key").unwrap_err();
    assert!(matches!(error, StorageError::Poisoned { .. }), "{error}");
    assert!(store.sync().is_err());
    assert!(store.close().is_err());
}

fn closing_tells_what_fails(place: &Place) {
    let syncs = &[Operation::EngineSync, Operation::JournalSync];
    let (store, refuses) = open_refusing(place, syncs);
    write(&store, Durability::Os, b"key").unwrap();
    refuses.store(true, Ordering::Release);
    let told = store.close();
    assert!(
        matches!(told, Err(StorageError::NotDurable { .. })),
        "{told:?}"
    );
}
