//! Random bulk operations against plain maps: whatever is inserted, changed, removed or upserted, rows
//! and indexes are those of the model, an operation that breaks a rule changes nothing, and the managed
//! instances of a unit of work that lives through all of it are never stale.

use std::collections::BTreeMap;

use musher::Upserted;
use musher::prelude::*;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::*;

#[derive(Entity, Debug, Clone)]
struct Item {
    #[orm(primary_key)]
    key: u32,
    #[orm(unique)]
    code: Option<u8>,
    #[orm(index)]
    group: u8,
    #[orm(length = 3)]
    name: String,
    #[orm(default = 0, on_update = *writes + 1)]
    writes: u32,
    #[orm(version)]
    version: u64,
    #[orm(many_to_one(on_delete = cascade))]
    parent: Option<Id<Item>>,
    #[orm(one_to_many(mapped_by = parent))]
    children: Collection<Item>,
}

/// A row as the model has it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    code: Option<u8>,
    group: u8,
    name: String,
    writes: u32,
    version: u64,
    parent: Option<u32>,
}

#[derive(Debug, Clone)]
struct New {
    key: u32,
    code: Option<u8>,
    group: u8,
    name: String,
    parent: Option<u32>,
}

#[derive(Debug, Clone)]
enum Operation {
    Insert(Vec<New>),
    Upsert(Vec<New>),
    UpsertByCode(Vec<New>),
    Ignore(Vec<New>),
    SetGroup {
        group: u8,
        to: u8,
    },
    Shift {
        least: u32,
        by: u8,
    },
    Adopt {
        group: u8,
        parent: Option<u32>,
    },
    Name {
        group: u8,
        name: String,
    },
    Delete {
        group: u8,
    },
    DeleteKeys {
        least: u32,
        most: u32,
    },
    /// Everything is loaded, collections included.
    Load,
    /// What comes next is in a transaction, which ends so.
    Transaction {
        commits: bool,
        operations: Vec<Operation>,
    },
}

type Model = BTreeMap<u32, Row>;

const KEYS: u32 = 12;

fn new() -> impl Strategy<Value = New> {
    let parent = proptest::option::weighted(0.3, 0..KEYS);
    let code = proptest::option::of(0..8_u8);
    (0..KEYS, code, 0..3_u8, "[a-c]{0,3}", parent).prop_map(|(key, code, group, name, parent)| {
        New {
            key,
            code,
            group,
            name,
            parent,
        }
    })
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        4 => vec(new(), 1..4).prop_map(Operation::Insert),
        2 => vec(new(), 1..4).prop_map(Operation::Upsert),
        2 => vec(new(), 1..3).prop_map(Operation::UpsertByCode),
        1 => vec(new(), 1..3).prop_map(Operation::Ignore),
        2 => (0..3_u8, 0..3_u8).prop_map(|(group, to)| Operation::SetGroup { group, to }),
        2 => (0..KEYS, 0..4_u8).prop_map(|(least, by)| Operation::Shift { least, by }),
        2 => (0..3_u8, proptest::option::of(0..KEYS)).prop_map(|(group, parent)| Operation::Adopt { group, parent }),
        1 => (0..3_u8, "[a-c]{0,4}").prop_map(|(group, name)| Operation::Name { group, name }),
        1 => (0..3_u8).prop_map(|group| Operation::Delete { group }),
        1 => (0..KEYS, 0..KEYS).prop_map(|(least, most)| Operation::DeleteKeys { least, most }),
        3 => Just(Operation::Load),
    ]
}

fn step() -> impl Strategy<Value = Operation> {
    let transaction = (any::<bool>(), vec(operation(), 1..5)).prop_map(|(commits, operations)| {
        Operation::Transaction {
            commits,
            operations,
        }
    });
    prop_oneof![8 => operation(), 1 => transaction]
}

impl New {
    fn row(&self) -> Row {
        Row {
            code: self.code,
            group: self.group,
            name: self.name.clone(),
            writes: 0,
            version: 1,
            parent: self.parent,
        }
    }

    fn build(&self) -> Item {
        Item {
            key: self.key,
            code: self.code,
            group: self.group,
            name: self.name.clone(),
            writes: 0,
            version: 0,
            parent: self.parent.map(Id::new),
            children: Collection::new(),
        }
    }
}

/// What the rules make of an operation: the rows afterwards, and how many were met. `None`: refused.
fn apply(model: &Model, operation: &Operation) -> Option<(Model, usize)> {
    let mut next = model.clone();
    let met = match operation {
        Operation::Insert(rows) => {
            for new in rows {
                if next.insert(new.key, new.row()).is_some() {
                    return None;
                }
            }
            rows.len()
        }
        Operation::Upsert(rows) => upsert(&mut next, rows, |model, new| {
            model.contains_key(&new.key).then_some(new.key)
        })?,
        Operation::UpsertByCode(rows) => {
            let before = model.clone();
            upsert(&mut next, rows, |_, new| {
                let code = new.code?;
                let mut found = before.iter().filter(|(_, row)| row.code == Some(code));
                found.next().map(|(key, _)| *key)
            })?
        }
        Operation::Ignore(rows) => {
            let mut seen = Vec::new();
            for new in rows {
                if seen.contains(&new.key) {
                    return None;
                }
                seen.push(new.key);
                next.entry(new.key).or_insert_with(|| new.row());
            }
            rows.len()
        }
        Operation::SetGroup { group, to } => change(
            &mut next,
            |_, row| row.group == *group,
            |row| row.group = *to,
        ),
        Operation::Shift { least, by } => change(
            &mut next,
            |key, _| key >= *least,
            |row| row.code = row.code.map(|code| (code + by) % 8),
        ),
        Operation::Adopt { group, parent } => change(
            &mut next,
            |_, row| row.group == *group,
            |row| row.parent = *parent,
        ),
        Operation::Name { group, name } => change(
            &mut next,
            |_, row| row.group == *group,
            |row| row.name.clone_from(name),
        ),
        Operation::Delete { group } => remove(&mut next, |_, row| row.group == *group),
        Operation::DeleteKeys { least, most } => {
            remove(&mut next, |key, _| (*least..=*most).contains(&key))
        }
        Operation::Load | Operation::Transaction { .. } => 0,
    };
    is_valid(&next).then_some((next, met))
}

fn upsert(
    model: &mut Model,
    rows: &[New],
    find: impl Fn(&Model, &New) -> Option<u32>,
) -> Option<usize> {
    let mut written = Vec::new();
    let before = model.clone();
    for new in rows {
        let found = find(&before, new);
        let key = found.unwrap_or(new.key);
        if written.contains(&key) || found.is_none() && before.contains_key(&key) {
            return None;
        }
        written.push(key);
        let Some(row) = model.get_mut(&key).filter(|_| found.is_some()) else {
            model.insert(key, new.row());
            continue;
        };
        let old = row.clone();
        // An entity gives all its properties, the count of writes included.
        *row = Row {
            version: old.version,
            ..new.row()
        };
        if *row != old {
            if row.writes == old.writes {
                row.writes += 1;
            }
            row.version += 1;
        }
    }
    Some(rows.len())
}

fn change(
    model: &mut Model,
    meets: impl Fn(u32, &Row) -> bool,
    change: impl Fn(&mut Row),
) -> usize {
    let mut met = 0;
    for (key, row) in model {
        if meets(*key, row) {
            met += 1;
            let before = row.clone();
            change(row);
            if *row != before {
                row.writes += 1;
                row.version += 1;
            }
        }
    }
    met
}

fn remove(model: &mut Model, meets: impl Fn(u32, &Row) -> bool) -> usize {
    let before = model.len();
    model.retain(|key, row| !meets(*key, row));
    let met = before - model.len();
    // Children go with their parents.
    loop {
        let keys: Vec<u32> = model.keys().copied().collect();
        let count = model.len();
        model.retain(|_, row| row.parent.is_none_or(|parent| keys.contains(&parent)));
        if model.len() == count {
            return met;
        }
    }
}

fn is_valid(model: &Model) -> bool {
    let mut codes: Vec<u8> = model.values().filter_map(|row| row.code).collect();
    codes.sort_unstable();
    let unique = codes.windows(2).all(|pair| pair[0] != pair[1]);
    let referred = model
        .values()
        .all(|row| row.parent.is_none_or(|parent| model.contains_key(&parent)));
    unique && referred && model.values().all(|row| row.name.chars().count() <= 3)
}

fn run(em: &mut EntityManager, operation: &Operation) -> musher::Result<usize> {
    let in_group = |group: u8| move |item: ItemPath<Item>| item.group().eq(group);
    let items = |rows: &[New]| rows.iter().map(New::build).collect::<Vec<_>>();
    match operation {
        Operation::Insert(rows) => em.insert_many(items(rows)).execute().map(|ids| ids.len()),
        Operation::Upsert(rows) => em.upsert_many(items(rows)).execute().map(|told| told.len()),
        Operation::UpsertByCode(rows) => {
            let told = em.upsert_many(items(rows)).on(|i| i.code()).execute()?;
            Ok(told.len())
        }
        Operation::Ignore(rows) => {
            let told = em.upsert_many(items(rows)).ignore().execute()?;
            assert!(!told.iter().any(|told| matches!(told, Upserted::Updated(_))));
            Ok(told.len())
        }
        Operation::SetGroup { group, to } => {
            let to = *to;
            em.update_where::<Item>(in_group(*group))
                .set(|i| i.group().set(to))
                .execute()
        }
        Operation::Shift { least, by } => {
            let by = *by;
            em.update_where::<Item>(|i| i.key().ge(*least))
                .set(|i| {
                    i.code()
                        .update(move |code| code.map(|code| (code + by) % 8))
                })
                .execute()
        }
        Operation::Adopt { group, parent } => {
            let update = em.update_where::<Item>(in_group(*group));
            match *parent {
                Some(parent) => update.set(|i| i.parent().set(parent)).execute(),
                None => update.set(|i| i.parent().set_none()).execute(),
            }
        }
        Operation::Name { group, name } => em
            .update_where::<Item>(in_group(*group))
            .set(|i| i.name().set(name.clone()))
            .execute(),
        Operation::Delete { group } => em.delete_where::<Item>(in_group(*group)).execute(),
        Operation::DeleteKeys { least, most } => em
            .delete_where::<Item>(|i| i.key().between(*least, *most))
            .execute(),
        Operation::Load => {
            em.find::<Item>().populate(|i| i.children()).all()?;
            Ok(0)
        }
        Operation::Transaction { .. } => unreachable!("transactions do not nest here"),
    }
}

/// What the database has, and what the unit of work shows of it.
fn check(orm: &Orm, em: &EntityManager, model: &Model) -> musher::Result<()> {
    let mut fresh = orm.em();
    let found = fresh.find::<Item>().all()?;
    let stored: Model = found
        .iter()
        .map(|id| (*id.key(), row_of(&fresh[*id])))
        .collect();
    assert_eq!(&stored, model, "the rows");
    for group in 0..3 {
        let met = fresh
            .find::<Item>()
            .filter(|i| i.group().eq(group))
            .count()?;
        assert_eq!(
            met,
            model.values().filter(|row| row.group == group).count(),
            "the index"
        );
    }
    is_fresh(em, model);
    assert!(orm.verify()?.is_clean());
    Ok(())
}

/// Whatever is managed is as the model says, and so are the collections that are initialized.
fn is_fresh(em: &EntityManager, model: &Model) {
    for key in 0..KEYS {
        let Some(item) = em.get(Id::<Item>::new(key)) else {
            continue;
        };
        assert_eq!(
            Some(&row_of(item)),
            model.get(&key),
            "the managed instance {key}"
        );
        if let Ok(children) = item.children.try_iter() {
            let mut shown: Vec<u32> = children.map(|id| *id.key()).collect();
            shown.sort_unstable();
            let of_model = model.iter().filter(|(_, row)| row.parent == Some(key));
            let expected: Vec<u32> = of_model.map(|(key, _)| *key).collect();
            assert_eq!(shown, expected, "the children of {key}");
        }
    }
}

fn row_of(item: &Item) -> Row {
    Row {
        code: item.code,
        group: item.group,
        name: item.name.clone(),
        writes: item.writes,
        version: item.version,
        parent: item.parent.map(|parent| *parent.key()),
    }
}

/// Runs one operation, and says what the model is afterwards.
fn step_by(em: &mut EntityManager, model: &Model, operation: &Operation) -> Model {
    match (run(em, operation), apply(model, operation)) {
        (Ok(met), Some((next, expected))) => {
            assert_eq!(met, expected, "the count of {operation:?}");
            next
        }
        (Err(_), None) => model.clone(),
        (Ok(_), None) => panic!("{operation:?} breaks a rule, and was done"),
        (Err(error), Some(_)) => panic!("{operation:?} breaks no rule: {error}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn random_bulk_operations_do_what_plain_maps_do(operations in vec(step(), 1..14)) {
        on_both_stores::<Item>(|orm| {
            let mut em = orm.em();
            let mut model = Model::new();
            for operation in &operations {
                let Operation::Transaction { commits, operations } = operation else {
                    model = step_by(&mut em, &model, operation);
                    check(orm, &em, &model)?;
                    continue;
                };
                let mut staged = model.clone();
                em.begin();
                for operation in operations {
                    staged = step_by(&mut em, &staged, operation);
                    is_fresh(&em, &staged);
                }
                if *commits {
                    em.commit()?;
                    model = staged;
                } else {
                    em.rollback();
                }
                check(orm, &em, &model)?;
            }
            Ok(())
        });
    }
}
