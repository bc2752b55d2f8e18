//! A process that stops at its n-th operation, for every n: the files as they are then are opened
//! again. Every commit that was acknowledged is there, and none by halves.

use super::*;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

const COMMITS: u64 = 8;

/// Runs commits until the `stop`-th operation, from which on nothing reaches the disk. Gives the
/// last acknowledged commit of each durability, and the journal files as last synced.
fn run_until(place: &Place, stop: u64) -> (u64, u64, HashMap<PathBuf, Vec<u8>>) {
    let done = AtomicU64::new(0);
    let synced = Arc::new(Mutex::new(HashMap::new()));
    let (files, hook_synced) = (journal_files(place), Arc::clone(&synced));
    let store = place.open_with_hook(move |operation| {
        if done.fetch_add(1, Ordering::AcqRel) >= stop {
            return Err(io::Error::other("the process is gone"));
        }
        if operation == Operation::JournalSync {
            for file in &files {
                let content = fs::read(file)?;
                hook_synced.lock().insert(file.clone(), content);
            }
        }
        Ok(())
    });
    let (mut durable, mut written) = (0, 0);
    for number in 1..=COMMITS {
        let durability = match number % 4 {
            0 => Durability::Immediate,
            _ => Durability::Os,
        };
        match commit(&store, durability) {
            Ok(sequence) if durability == Durability::Immediate => {
                (durable, written) = (sequence, sequence);
            }
            Ok(sequence) => written = sequence,
            Err(_) => break,
        }
    }
    drop(store);
    let synced = synced.lock().clone();
    (durable, written, synced)
}

#[test]
fn a_process_that_stops_anywhere_loses_no_acknowledged_commit() {
    for stop in 0.. {
        let place = hurried_place();
        let (_, written, _) = run_until(&place, stop);
        let store = place.open();
        let found = verify(&store);
        // The commit that met the stop may have been written before it.
        assert!((written..=written + 1).contains(&found), "stop at {stop}");
        assert_eq!(commit(&store, Durability::Immediate).unwrap(), found + 1);
        drop(store);
        assert_eq!(verify(&place.open()), found + 1);
        if written == COMMITS {
            // The first run that nothing stopped before its last commit.
            break;
        }
    }
}

#[test]
fn a_disk_that_loses_what_was_not_synced_loses_no_durable_commit() {
    for stop in (0..).step_by(2) {
        let place = hurried_place();
        let (durable, written, synced) = run_until(&place, stop);
        for (path, content) in synced {
            lose_unsynced(&path, &content, stop);
        }
        let store = place.open();
        let found = verify(&store);
        assert!((durable..=written + 1).contains(&found), "stop at {stop}");
        // What follows does not join with what was lost by halves.
        for next in 1..=5 {
            assert_eq!(commit(&store, Durability::Os).unwrap(), found + next);
        }
        drop(store);
        assert_eq!(verify(&place.open()), found + 5);
        if written == COMMITS {
            break;
        }
    }
}

/// Takes back every other sector, more or less, of what was written since the last sync.
fn lose_unsynced(path: &std::path::Path, synced: &[u8], seed: u64) {
    let mut content = fs::read(path).unwrap();
    let sectors = content.chunks_mut(512).zip(synced.chunks(512));
    for (index, (sector, old)) in sectors.enumerate() {
        if (index as u64 * 7 + seed).is_multiple_of(2) && sector.len() == old.len() {
            sector.copy_from_slice(old);
        }
    }
    fs::write(path, content).unwrap();
}
