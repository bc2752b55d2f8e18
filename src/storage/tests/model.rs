//! Random batches against plain maps: after every commit, and after reopening, the store and the
//! model hold the same, seen from both.

use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::ops::Bound;

const TREES: [&str; 3] = ["", "a", "ab"];

type Model = [BTreeMap<Vec<u8>, Vec<u8>>; TREES.len()];

/// Tree, key and new value, `None` to delete.
type Write = (usize, Vec<u8>, Option<Vec<u8>>);

#[derive(Clone, Debug)]
enum Step {
    Commit(Durability, Vec<Write>),
    Abandon(usize, Vec<u8>),
    Scan(usize, KeyRange),
    Reopen,
}

/// Few and similar keys, so that they meet.
pub(super) fn key() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => vec(prop::sample::select(vec![0, 1, 0xFE, 0xFF]), 0..4),
        1 => vec(any::<u8>(), 0..40),
    ]
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    let large = (any::<u64>(), 80_000..300_000_usize);
    prop_oneof![
        12 => vec(any::<u8>(), 0..60),
        1 => large.prop_map(|(seed, length)| noise(seed, length)),
    ]
}

pub(super) fn bound() -> impl Strategy<Value = Bound<Vec<u8>>> {
    prop_oneof![
        key().prop_map(Bound::Included),
        key().prop_map(Bound::Excluded),
        Just(Bound::Unbounded),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let tree = 0..TREES.len();
    let write = (tree.clone(), key(), prop::option::weighted(0.7, value()));
    let durability = prop::sample::select(vec![Durability::Immediate, Durability::Os]);
    let range = (bound(), bound()).prop_map(|(start, end)| KeyRange::new(start, end));
    prop_oneof![
        6 => (durability, vec(write, 0..12)).prop_map(|(durability, writes)| Step::Commit(durability, writes)),
        1 => (tree.clone(), key()).prop_map(|(tree, key)| Step::Abandon(tree, key)),
        2 => (tree.clone(), range).prop_map(|(tree, range)| Step::Scan(tree, range)),
        1 => (tree, key()).prop_map(|(tree, prefix)| Step::Scan(tree, KeyRange::prefix(&prefix))),
        1 => Just(Step::Reopen),
    ]
}

fn run(fixture: &mut Fixture, steps: Vec<Step>) {
    let (mut model, mut sequence) = (Model::default(), 0);
    open_trees(fixture);
    for step in steps {
        match step {
            Step::Commit(durability, writes) => {
                sequence += u64::from(!writes.is_empty());
                commit(fixture.store(), durability, &writes);
                apply(&mut model, writes);
            }
            Step::Abandon(tree, key) => {
                let abandoned = fixture.store().write(Durability::Os, &mut |reader, _| {
                    let found = reader.get(TreeId::from_index(tree), &key).unwrap();
                    assert!(found.as_deref() == model[tree].get(&key).map(Vec::as_slice));
                    None
                });
                assert_eq!(abandoned.unwrap(), None);
            }
            Step::Scan(tree, range) => verify_range(fixture, tree, &model[tree], &range),
            Step::Reopen => {
                fixture.reopen();
                open_trees(fixture);
            }
        }
        verify(fixture, &model);
        assert_eq!(fixture.sequence(), sequence);
    }
    fixture.reopen();
    open_trees(fixture);
    verify(fixture, &model);
    assert_eq!(fixture.sequence(), sequence);
}

fn open_trees(fixture: &Fixture) {
    for (index, name) in TREES.iter().enumerate() {
        assert_eq!(fixture.tree(name).index(), index);
    }
}

fn commit(store: &dyn Store, durability: Durability, writes: &[Write]) {
    let committed = store.write(durability, &mut |_, _| {
        let mut batch = Batch::new();
        for (tree, key, value) in writes {
            let tree = TreeId::from_index(*tree);
            match value {
                Some(value) => batch.put(tree, key.clone(), value.clone()),
                None => batch.delete(tree, key.clone()),
            }
        }
        Some(batch)
    });
    assert_eq!(committed.unwrap().is_none(), writes.is_empty());
}

fn apply(model: &mut Model, writes: Vec<Write>) {
    for (tree, key, value) in writes {
        match value {
            Some(value) => model[tree].insert(key, value),
            None => model[tree].remove(&key),
        };
    }
}

/// Everything stored is in the model, and everything in the model is found.
fn verify(fixture: &Fixture, model: &Model) {
    for (index, rows) in model.iter().enumerate() {
        verify_range(fixture, index, rows, &KeyRange::all());
        let keys: Vec<&[u8]> = rows.keys().map(Vec::as_slice).collect();
        let mut expected = rows.values();
        let looked_up = fixture.store().read_with(|reader| {
            reader.get_many(TreeId::from_index(index), &keys, &mut |_, value| {
                assert!(value.as_deref() == expected.next().map(Vec::as_slice));
            })
        });
        looked_up.unwrap().unwrap();
        assert!(expected.next().is_none());
    }
}

fn verify_range(
    fixture: &Fixture,
    tree: usize,
    rows: &BTreeMap<Vec<u8>, Vec<u8>>,
    range: &KeyRange,
) {
    let mut expected: Vec<_> = rows
        .iter()
        .filter(|(key, _)| range.contains(key))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let tree = TreeId::from_index(tree);
    assert!(
        fixture.rows(tree, range, Direction::Forward) == expected,
        "{range:?}"
    );
    expected.reverse();
    assert!(
        fixture.rows(tree, range, Direction::Backward) == expected,
        "{range:?} backward"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_memory_store_equals_the_model(steps in vec(step(), 1..30)) {
        run(&mut Fixture::memory(), steps);
    }

    #[test]
    fn the_sled_store_equals_the_model(steps in vec(step(), 1..30)) {
        run(&mut Fixture::direct(), steps);
    }

    #[test]
    fn the_sled_store_with_a_journal_equals_the_model(steps in vec(step(), 1..30)) {
        run(&mut Fixture::journal(), steps);
    }

    #[test]
    fn the_sled_store_with_a_journal_of_any_size_equals_the_model(
        capacity in 0..3000_usize,
        steps in vec(step(), 1..30),
    ) {
        run(&mut Fixture::journal_of(capacity), steps);
    }

    #[test]
    fn the_sled_store_whose_commit_path_changes_equals_the_model(steps in vec(step(), 1..30)) {
        run(&mut Fixture::alternating(), steps);
    }
}
