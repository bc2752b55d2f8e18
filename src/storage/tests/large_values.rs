//! Values that the sled store cuts into chunks, which nobody may notice.

use super::*;

on_every_store! {
    large_values_come_back_as_they_were
    values_change_between_small_and_large
    keys_that_end_like_chunk_numbers_do_not_meet
}

const LIMIT: usize = 6 * 1024;

fn large_values_come_back_as_they_were(fixture: &mut Fixture) {
    let tree = fixture.tree("texts");
    let lengths = [
        LIMIT - 1,
        LIMIT,
        LIMIT + 1,
        2 * LIMIT,
        2 * LIMIT + 1,
        1 << 20,
    ];
    fixture.commit(|batch| {
        for (key, &length) in (0_u8..).zip(&lengths) {
            batch.put(tree, [key], noise(u64::from(key), length));
        }
    });
    for _ in 0..2 {
        let mut rows = fixture.rows(tree, &KeyRange::all(), Direction::Backward);
        rows.reverse();
        for (key, &length) in (0_u8..).zip(&lengths) {
            let value = noise(u64::from(key), length);
            assert!(fixture.get(tree, &[key]).as_ref() == Some(&value));
            assert!(rows[usize::from(key)] == (vec![key], value));
        }
        fixture.reopen();
        fixture.tree("texts");
    }
}

fn values_change_between_small_and_large(fixture: &mut Fixture) {
    let tree = fixture.tree("texts");
    let lengths = [10, 5 * LIMIT, 2 * LIMIT, 3 * LIMIT + 7, 0, 2 * LIMIT, 1];
    for (seed, length) in (0..).zip(lengths) {
        fixture.commit(|batch| {
            batch.put(tree, "changing", noise(seed, length));
            batch.put(tree, "other", noise(seed + 100, LIMIT + 1));
        });
        assert!(fixture.get(tree, b"changing") == Some(noise(seed, length)));
        assert!(fixture.get(tree, b"other") == Some(noise(seed + 100, LIMIT + 1)));
    }
    fixture.commit(|batch| {
        batch.delete(tree, "changing");
        batch.delete(tree, "other");
    });
    fixture.reopen();
    let tree = fixture.tree("texts");
    let rows = fixture.rows(tree, &KeyRange::all(), Direction::Forward);
    assert_eq!(rows, []);
}

fn keys_that_end_like_chunk_numbers_do_not_meet(fixture: &mut Fixture) {
    let tree = fixture.tree("texts");
    let keys: [&[u8]; 4] = [b"", b"\0\0\0\0", b"\0\0\0\x01", b"\0\0\0\0\0\0\0\0"];
    for (seed, key) in (0..).zip(keys) {
        fixture.commit(|batch| batch.put(tree, key, noise(seed, 2 * LIMIT)));
    }
    fixture.commit(|batch| batch.delete(tree, keys[1]));
    for (seed, key) in (0..).zip(keys) {
        let expected = (seed != 1).then(|| noise(seed, 2 * LIMIT));
        assert!(fixture.get(tree, key) == expected, "{key:?}");
    }
}
