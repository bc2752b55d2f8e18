//! Staged views against plain maps: a view with batches over it reads as if they had been applied.

use super::model::{bound, key};
use super::*;
use crate::storage::{Lent, StagedReader};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;

type Model = BTreeMap<Vec<u8>, Vec<u8>>;
type Writes = Vec<(Vec<u8>, Option<Vec<u8>>)>;

fn batch_of(tree: TreeId, writes: &Writes) -> Batch {
    let mut batch = Batch::new();
    for (key, value) in writes {
        match value {
            Some(value) => batch.put(tree, key.clone(), value.clone()),
            None => batch.delete(tree, key.clone()),
        }
    }
    batch
}

fn apply(model: &mut Model, writes: &Writes) {
    for (key, value) in writes {
        match value {
            Some(value) => model.insert(key.clone(), value.clone()),
            None => model.remove(key),
        };
    }
}

/// The first `most` rows of a scan.
fn scanned(
    reader: &dyn Reader,
    tree: TreeId,
    range: &KeyRange,
    direction: Direction,
    most: usize,
) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut rows = Vec::new();
    let mut visit = |key: &[u8], value: Lent<'_>| {
        rows.push((key.to_vec(), value.to_vec()));
        if rows.len() < most {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    };
    reader.scan(tree, range, direction, &mut visit).unwrap();
    rows
}

fn verify(
    reader: &dyn Reader,
    tree: TreeId,
    model: &Model,
    ranges: &[KeyRange],
    asked: &[Vec<u8>],
) {
    for range in ranges.iter().chain([&KeyRange::all()]) {
        for most in [1, 3, usize::MAX] {
            let rows = model.iter().filter(|(key, _)| range.contains(key));
            let rows = rows.map(|(key, value)| (key.clone(), value.clone()));
            let forward: Vec<_> = rows.clone().take(most).collect();
            let backward: Vec<_> = rows.rev().take(most).collect();
            assert_eq!(
                scanned(reader, tree, range, Direction::Forward, most),
                forward
            );
            assert_eq!(
                scanned(reader, tree, range, Direction::Backward, most),
                backward
            );
        }
    }
    let mut keys: Vec<&[u8]> = model.keys().chain(asked).map(Vec::as_slice).collect();
    keys.sort_unstable();
    let mut expected = keys.iter().enumerate();
    let mut compare = |at: usize, value: Option<Lent<'_>>| {
        let (index, key) = expected.next().unwrap();
        let expected = model.get(*key).map(Vec::as_slice);
        assert_eq!((at, value.as_deref()), (index, expected));
    };
    reader.get_many(tree, &keys, &mut compare).unwrap();
    assert_eq!(expected.next(), None);
    for key in keys {
        let value = reader.get(tree, key).unwrap();
        assert_eq!(value.as_deref(), model.get(key).map(Vec::as_slice));
        assert_eq!(reader.contains(tree, key).unwrap(), model.contains_key(key));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn staged_batches_read_as_if_they_had_been_applied(
        layers in vec(vec((key(), prop::option::weighted(0.6, vec(any::<u8>(), 0..4))), 0..16), 1..5),
        ranges in vec((bound(), bound()), 0..6),
        asked in vec(key(), 0..8),
    ) {
        let store = MemoryStore::new();
        let (tree, other) = (store.open_tree("a").unwrap(), store.open_tree("b").unwrap());
        let (base, layers) = layers.split_first().unwrap();
        store.write(Durability::Os, &mut |_, _| Some(batch_of(tree, base))).unwrap();
        let mut model = Model::new();
        apply(&mut model, base);
        let ranges: Vec<_> = ranges.into_iter().map(|(start, end)| KeyRange::new(start, end)).collect();
        let batches: Vec<_> = layers.iter().map(|writes| batch_of(tree, writes)).collect();
        let mut merged = Batch::new();
        for (batch, writes) in batches.iter().zip(layers) {
            merged.merge(batch.clone());
            apply(&mut model, writes);
        }
        store.read_with(|reader| {
            verify(&StagedReader::new(reader, &merged), tree, &model, &ranges, &asked);
            verify(&StagedReader::new(reader, &merged), other, &Model::new(), &ranges, &asked);
            stacked(reader, &batches, &|view| verify(view, tree, &model, &ranges, &asked));
        }).unwrap();
    }
}

fn stacked(reader: &dyn Reader, batches: &[Batch], look: &dyn Fn(&dyn Reader)) {
    match batches.split_first() {
        None => look(reader),
        Some((batch, above)) => stacked(&StagedReader::new(reader, batch), above, look),
    }
}
