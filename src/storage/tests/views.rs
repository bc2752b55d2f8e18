//! What others see while commits happen.

use super::*;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

on_every_store! {
    no_reader_sees_half_a_commit
    what_a_plan_read_still_holds_when_it_is_applied
    durable_commits_at_the_same_time_all_succeed
}

/// Every commit writes its number to all keys of both trees, and flips which keys exist.
fn no_reader_sees_half_a_commit(fixture: &mut Fixture) {
    let trees = [fixture.tree("first"), fixture.tree("second")];
    let (store, done) = (fixture.store(), AtomicBool::new(false));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Acquire) {
                    store.read_with(|reader| check_view(reader, trees)).unwrap();
                }
            });
        }
        for _ in 0..100 {
            fixture
                .store()
                .write(Durability::Os, &mut |_, sequence| {
                    let mut batch = Batch::new();
                    for tree in trees {
                        for key in 0..20_u8 {
                            batch.delete(tree, [key]);
                        }
                        for key in (0..20_u8).filter(|key| u64::from(key % 2) == sequence.0 % 2) {
                            batch.put(tree, [key], sequence.0.to_be_bytes());
                        }
                    }
                    Some(batch)
                })
                .unwrap();
        }
        done.store(true, Ordering::Release);
    });
    assert_eq!(fixture.sequence(), 100);
}

fn check_view(reader: &dyn Reader, trees: [TreeId; 2]) {
    let sequence = reader.sequence().0;
    for tree in trees {
        let rows = collect(reader, tree, &KeyRange::all(), Direction::Forward);
        assert_eq!(rows.len(), if sequence == 0 { 0 } else { 10 });
        for (key, value) in rows {
            assert_eq!(value, sequence.to_be_bytes());
            assert_eq!(u64::from(key[0] % 2), sequence % 2);
        }
    }
    assert_eq!(reader.sequence().0, sequence);
}

fn increment(store: &dyn Store, tree: TreeId, durability: Durability) {
    let incremented: Result<(), StorageError> = store.write_with(durability, |reader, _| {
        let old = reader.get(tree, b"counter")?;
        let old = old.map_or(0, |old| u64::from_be_bytes((*old).try_into().unwrap()));
        let mut batch = Batch::new();
        batch.put(tree, "counter", (old + 1).to_be_bytes());
        Ok((batch, ()))
    });
    incremented.unwrap();
}

fn increment_from_threads(fixture: &Fixture, times: u64, durability: Durability) {
    let tree = fixture.tree("rows");
    let store = fixture.store();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..times).for_each(|_| increment(store, tree, durability)));
        }
    });
    let count = fixture.get(tree, b"counter");
    assert_eq!(count, Some((4 * times).to_be_bytes().to_vec()));
    assert_eq!(fixture.sequence(), 4 * times);
}

fn what_a_plan_read_still_holds_when_it_is_applied(fixture: &mut Fixture) {
    increment_from_threads(fixture, 100, Durability::Os);
}

fn durable_commits_at_the_same_time_all_succeed(fixture: &mut Fixture) {
    increment_from_threads(fixture, 10, Durability::Immediate);
    fixture.reopen();
    assert_eq!(fixture.sequence(), 40);
}
