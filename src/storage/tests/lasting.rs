//! Reading a whole store while others change all of it: every call shows the moment of the beginning.

use super::snapshots::over;
use super::*;
use crate::storage::{LastingView, Lent, SnapshotStore};

/// More than a slice holds, so that a scan takes many.
const KEYS: u32 = 3000;

fn stores() -> [(Option<TempDir>, SnapshotStore); 4] {
    [
        Fixture::memory(),
        Fixture::direct(),
        Fixture::journal(),
        Fixture::hurried_journal(),
    ]
    .map(over)
}

/// Gives every third key another value, removes every third, and adds keys in between.
fn change(store: &SnapshotStore, tree: TreeId) {
    let written = store.write(Durability::Os, &mut |_, sequence| {
        let mut batch = Batch::new();
        for number in 0..KEYS {
            let key = number.to_be_bytes();
            match (u64::from(number) + sequence.0) % 3 {
                0 => batch.put(tree, key, sequence.0.to_be_bytes().repeat(20)),
                1 => batch.delete(tree, key),
                _ => batch.put(tree, [&key[..], b"more"].concat(), "new"),
            }
        }
        Some(batch)
    });
    written.unwrap();
}

#[test]
fn every_slice_shows_the_same_moment_and_commits_go_on_in_between() {
    for (_directory, store) in stores() {
        let tree = store.open_tree("rows").unwrap();
        change(&store, tree);
        change(&store, tree);
        let all = KeyRange::all();
        let expected = store
            .read_with(|reader| collect(reader, tree, &all, Direction::Forward))
            .unwrap();
        assert!(expected.len() > 1000);
        let view = LastingView::new(&store).unwrap();
        for direction in [Direction::Forward, Direction::Backward] {
            let mut rows = Vec::new();
            let mut visit = |key: &[u8], value: Lent<'_>| {
                if rows.len() % 700 == 0 {
                    // The visitor holds no lock, so it may commit itself.
                    change(&store, tree);
                }
                rows.push((key.to_vec(), value.to_vec()));
                ControlFlow::Continue(())
            };
            view.scan(tree, &all, direction, &mut visit).unwrap();
            if direction == Direction::Backward {
                rows.reverse();
            }
            assert!(rows == expected, "{direction:?}");
        }
        let mut keys = Vec::new();
        let mut visit = |key: &[u8]| {
            keys.push(key.to_vec());
            ControlFlow::Continue(())
        };
        view.scan_keys(tree, &all, &mut visit).unwrap();
        assert!(keys.iter().eq(expected.iter().map(|(key, _)| key)));
        for (key, value) in expected.iter().step_by(100) {
            assert_eq!(&*view.get(tree, key).unwrap().unwrap(), &value[..]);
            assert!(view.contains(tree, key).unwrap());
        }
        assert_eq!(view.sequence(), CommitSequence(2));
        let now = store.read_with(|reader| reader.sequence()).unwrap();
        assert!(now.0 > 4, "others have committed: {now}");
    }
}

#[test]
fn a_range_is_scanned_from_end_to_end_and_a_visitor_may_stop() {
    for (_directory, store) in stores() {
        let tree = store.open_tree("rows").unwrap();
        for _ in 0..3 {
            change(&store, tree);
        }
        let (low, high) = (100_u32.to_be_bytes(), 2900_u32.to_be_bytes());
        let range = KeyRange::from_bounds(&low[..]..&high[..]);
        let view = LastingView::new(&store).unwrap();
        for direction in [Direction::Forward, Direction::Backward] {
            let expected = store
                .read_with(|reader| collect(reader, tree, &range, direction))
                .unwrap();
            assert!(collect(&view, tree, &range, direction) == expected);
            let mut visited = 0;
            let mut visit = |_: &[u8], _: Lent<'_>| {
                visited += 1;
                if visited == 5 {
                    return ControlFlow::Break(());
                }
                ControlFlow::Continue(())
            };
            view.scan(tree, &range, direction, &mut visit).unwrap();
            assert_eq!(visited, 5);
        }
    }
}
