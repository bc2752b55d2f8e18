//! Trees, keys, values, ranges and sequence numbers.

use super::*;
use crate::storage::store::{MAX_KEY_LENGTH, MAX_TREE_NAME_LENGTH};
use std::ops::Bound;

on_every_store! {
    what_is_put_is_found_until_it_is_deleted
    the_last_write_to_a_key_wins
    a_commit_spans_trees
    any_text_names_a_tree
    ranges_are_scanned_in_both_directions
    prefixes_end_where_their_keys_end
    a_scan_stops_when_the_visitor_breaks
    many_keys_are_found_in_their_order
    the_sequence_grows_by_one_a_commit
    abandoned_writes_change_nothing
    long_keys_are_refused_before_anything_is_written
}

fn what_is_put_is_found_until_it_is_deleted(fixture: &mut Fixture) {
    let tree = fixture.tree("rows");
    let keys: [&[u8]; 4] = [b"", b"\x00", b"key", b"\xFF\xFF"];
    for value in [&b""[..], b"\x00", b"value", b"\x01\x02"] {
        for key in keys {
            fixture.commit(|batch| batch.put(tree, key, value));
        }
        fixture.reopen();
        assert_eq!(fixture.tree("rows"), tree);
        for key in keys {
            assert_eq!(fixture.get(tree, key).as_deref(), Some(value));
        }
    }
    for key in keys {
        fixture.commit(|batch| batch.delete(tree, key));
        assert_eq!(fixture.get(tree, key), None);
    }
    fixture.commit(|batch| batch.delete(tree, "never there"));
    let rows = fixture.rows(tree, &KeyRange::all(), Direction::Forward);
    assert_eq!(rows, []);
}

fn the_last_write_to_a_key_wins(fixture: &mut Fixture) {
    let tree = fixture.tree("rows");
    fixture.commit(|batch| {
        batch.put(tree, "a", "1");
        batch.delete(tree, "a");
        batch.delete(tree, "b");
        batch.put(tree, "b", "2");
        batch.put(tree, "b", "3");
    });
    assert_eq!(fixture.get(tree, b"a"), None);
    assert_eq!(fixture.get(tree, b"b"), Some(b"3".to_vec()));
}

fn a_commit_spans_trees(fixture: &mut Fixture) {
    let trees: Vec<_> = (0..20).map(|n| fixture.tree(&n.to_string())).collect();
    fixture.commit(|batch| {
        for (number, &tree) in trees.iter().enumerate() {
            batch.put(tree, "key", number.to_string());
        }
    });
    fixture.reopen();
    for number in (0..20).rev() {
        let tree = fixture.tree(&number.to_string());
        let expected = number.to_string().into_bytes();
        assert_eq!(fixture.get(tree, b"key"), Some(expected));
    }
}

fn any_text_names_a_tree(fixture: &mut Fixture) {
    let longest = "x".repeat(MAX_TREE_NAME_LENGTH);
    let mut names = vec![
        "",
        "~store",
        "__sled__default",
        "a",
        "rows/a",
        "chunks/a",
        "é\0",
        &longest,
    ];
    for name in &names {
        let tree = fixture.tree(name);
        assert_eq!(fixture.tree(name), tree);
        // Large enough for every name to have a tree of chunks too.
        let value = [name.as_bytes(), &noise(1, 100_000)].concat();
        fixture.commit(|batch| batch.put(tree, *name, value.clone()));
    }
    fixture.reopen();
    for name in &names {
        let tree = fixture.tree(name);
        let rows = fixture.rows(tree, &KeyRange::all(), Direction::Forward);
        let value = [name.as_bytes(), &noise(1, 100_000)].concat();
        assert!(rows == [(name.as_bytes().to_vec(), value)], "{name:?}");
    }
    names.sort_unstable();
    assert_eq!(fixture.store().tree_names().unwrap(), names);

    let error = fixture.store().open_tree(&format!("{longest}x"));
    assert!(matches!(error, Err(StorageError::TreeNameTooLong { .. })));
}

fn ranges_are_scanned_in_both_directions(fixture: &mut Fixture) {
    let tree = fixture.tree("rows");
    let keys: [&[u8]; 6] = [b"", b"a", b"a\x00", b"b", b"ba", b"\xFF"];
    fixture.commit(|batch| {
        for key in keys {
            batch.put(tree, key, [b"=", key].concat());
        }
    });
    let bounds: [&[u8]; 8] = [b"", b"a", b"a\x00", b"aa", b"b", b"c", b"\xFF", b"\xFF\x00"];
    let bounds: Vec<Bound<&[u8]>> = bounds
        .iter()
        .flat_map(|&key| [Bound::Included(key), Bound::Excluded(key)])
        .chain([Bound::Unbounded])
        .collect();
    for &start in &bounds {
        for &end in &bounds {
            let range = KeyRange::from_bounds((start, end));
            let mut expected: Vec<_> = keys
                .into_iter()
                .filter(|key| range.contains(key))
                .map(|key| (key.to_vec(), [b"=", key].concat()))
                .collect();
            let forward = fixture.rows(tree, &range, Direction::Forward);
            assert_eq!(forward, expected, "{range:?}");
            expected.reverse();
            let backward = fixture.rows(tree, &range, Direction::Backward);
            assert_eq!(backward, expected, "{range:?} backward");
        }
    }
}

fn prefixes_end_where_their_keys_end(fixture: &mut Fixture) {
    let tree = fixture.tree("rows");
    let keys: [&[u8]; 7] = [
        b"",
        b"\xFE",
        b"\xFE\xFF",
        b"\xFE\xFF\xFF\x00",
        b"\xFF",
        b"\xFF\x00",
        b"\xFF\xFF\xFF",
    ];
    fixture.commit(|batch| {
        for key in keys {
            batch.put(tree, key, "");
        }
    });
    for prefix in keys {
        let rows = fixture.rows(tree, &KeyRange::prefix(prefix), Direction::Forward);
        let found: Vec<_> = rows.iter().map(|(key, _)| key.as_slice()).collect();
        let expected = keys.into_iter().filter(|key| key.starts_with(prefix));
        assert_eq!(found, expected.collect::<Vec<_>>(), "{prefix:?}");
    }
}

fn a_scan_stops_when_the_visitor_breaks(fixture: &mut Fixture) {
    let tree = fixture.tree("rows");
    fixture.commit(|batch| {
        for key in 0..100_u8 {
            batch.put(tree, [key], [key]);
        }
    });
    let at_most = KeyRange::from_bounds(..=&[41_u8, 7][..]);
    let mut visited = Vec::new();
    let scanned = fixture.store().read_with(|reader| {
        reader.scan(tree, &at_most, Direction::Backward, &mut |key, _| {
            visited.push(key.to_vec());
            ControlFlow::Break(())
        })
    });
    scanned.unwrap().unwrap();
    assert_eq!(visited, [[41]]);
}

fn many_keys_are_found_in_their_order(fixture: &mut Fixture) {
    let tree = fixture.tree("rows");
    fixture.commit(|batch| {
        batch.put(tree, "b", "1");
        batch.put(tree, "c", "");
        batch.put(tree, "d", noise(2, 200_000));
    });
    let mut seen = Vec::new();
    let keys: [&[u8]; 5] = [b"a", b"b", b"b", b"c", b"d"];
    fixture
        .store()
        .read_with(|reader| {
            reader
                .get_many(tree, &keys, &mut |index, value| {
                    seen.push((index, value.map(|value| value.to_vec())));
                })
                .unwrap();
            assert!(!reader.contains(tree, b"a").unwrap());
            assert!(reader.contains(tree, b"c").unwrap());
            assert!(reader.contains(tree, b"d").unwrap());
        })
        .unwrap();
    let one = Some(b"1".to_vec());
    let expected = [
        (0, None),
        (1, one.clone()),
        (2, one),
        (3, Some(Vec::new())),
        (4, Some(noise(2, 200_000))),
    ];
    assert!(seen == expected);
}

fn the_sequence_grows_by_one_a_commit(fixture: &mut Fixture) {
    let tree = fixture.tree("rows");
    assert_eq!(fixture.sequence(), 0);
    for expected in 1..=10 {
        let durability = match expected % 2 {
            0 => Durability::Os,
            _ => Durability::Immediate,
        };
        let sequence = fixture.store().write(durability, &mut |reader, sequence| {
            assert_eq!(reader.sequence().next(), sequence);
            let mut batch = Batch::new();
            batch.put(tree, "sequence", sequence.0.to_be_bytes());
            Some(batch)
        });
        assert_eq!(sequence.unwrap(), Some(CommitSequence(expected)));
        if expected % 3 == 0 {
            fixture.reopen();
            fixture.tree("rows");
        }
        assert_eq!(fixture.sequence(), expected);
        let stored = fixture.get(tree, b"sequence");
        assert_eq!(stored, Some(expected.to_be_bytes().to_vec()));
    }
    fixture.store().sync().unwrap();
}

fn abandoned_writes_change_nothing(fixture: &mut Fixture) {
    let tree = fixture.tree("rows");
    fixture.commit(|batch| batch.put(tree, "key", "old"));
    assert_eq!(fixture.commit(|_| ()), None);

    let store = fixture.store();
    let abandoned = store.write(Durability::Immediate, &mut |_, _| None);
    assert_eq!(abandoned.unwrap(), None);
    let refused: Result<(), Refusal> = store.write_with(Durability::Immediate, |_, _| {
        Batch::new().put(tree, "key", "new");
        Err(Refusal::Plan)
    });
    assert!(matches!(refused, Err(Refusal::Plan)));
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let panicking = &mut |_: &dyn Reader, _| panic!("a plan may panic");
        store.write(Durability::Immediate, panicking)
    }));
    assert!(panicked.is_err());

    let planned: Result<u64, Refusal> = store.write_with(Durability::Os, |reader, sequence| {
        assert_eq!(&*reader.get(tree, b"key")?.unwrap(), b"old");
        let mut batch = Batch::new();
        batch.put(tree, "key", "new");
        Ok((batch, sequence.0))
    });
    assert!(matches!(planned, Ok(2)));
    assert_eq!(fixture.sequence(), 2);
    assert_eq!(fixture.get(tree, b"key"), Some(b"new".to_vec()));
}

/// An error of a caller, as the layers above have them.
#[derive(Debug)]
enum Refusal {
    Plan,
    Storage(#[allow(dead_code, reason = "shown when a test fails")] StorageError),
}

impl From<StorageError> for Refusal {
    fn from(error: StorageError) -> Refusal {
        Refusal::Storage(error)
    }
}

fn long_keys_are_refused_before_anything_is_written(fixture: &mut Fixture) {
    let (first, second) = (fixture.tree("first"), fixture.tree("second"));
    let longest = vec![7; MAX_KEY_LENGTH];
    fixture.commit(|batch| batch.put(second, longest.clone(), "fits"));
    assert_eq!(fixture.get(second, &longest), Some(b"fits".to_vec()));

    let error = fixture.store().write(Durability::Os, &mut |_, _| {
        let mut batch = Batch::new();
        batch.put(first, "short", "value");
        batch.put(second, vec![7; MAX_KEY_LENGTH + 1], "value");
        Some(batch)
    });
    let error = error.unwrap_err();
    assert!(matches!(error, StorageError::KeyTooLong { .. }));
    assert!(error.to_string().contains("\"second\""), "{error}");
    assert_eq!(fixture.get(first, b"short"), None);
    assert_eq!(fixture.sequence(), 1);
}
