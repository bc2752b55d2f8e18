//! All that a unit of work shows and all that a store holds, as text that can be compared.

use std::ops::ControlFlow;

use crate::codec::RowKey;
use crate::context::{Instance, Slot};
use crate::entity::AnyEntity;
use crate::manager::EntityManager;
use crate::schema::{EntitySchema, ResolvedKind};
use crate::storage::{Direction, KeyRange, Store, StoreExt};

/// Every managed instance with its properties, flags and snapshot, and what is pending.
pub(super) fn shown(em: &EntityManager) -> Vec<String> {
    let schema = &em.database.schema;
    let mut lines: Vec<String> = schema
        .indexes()
        .flat_map(|entity| em.context.instances_of(entity))
        .map(|instance| {
            let slot = em.context.slot(instance);
            instance_line(schema.entity(instance.entity), slot)
        })
        .collect();
    lines.sort_unstable();
    let name = |instance: &Instance| {
        let entity = schema.entity(instance.entity);
        entity.label.clone() + " " + &entity.print_key(&em.context.slot(*instance).key)
    };
    let touched: Vec<_> = em.context.touched().iter().map(name).collect();
    lines.push(format!("touched: {touched:?}"));
    let ledger = &em.context.ledger;
    let pending: Vec<_> = ledger
        .links()
        .map(|(join, owner, target, change)| {
            format!(
                "{join:?} {:?} {:?} {change:?}",
                owner.to_vec(),
                target.to_vec()
            )
        })
        .collect();
    let cleared: Vec<_> = ledger
        .cleared()
        .map(|(join, side, key)| format!("{join:?} {side:?} {:?}", key.to_vec()))
        .collect();
    let adopted: Vec<_> = ledger
        .adopted
        .iter()
        .map(|it| {
            format!(
                "{:?} {:?} {:?}",
                it.key.to_vec(),
                it.owner.to_vec(),
                it.change
            )
        })
        .collect();
    let orphans: Vec<_> = ledger.orphans.keys().map(name).collect();
    lines.push(format!("links {pending:?} {cleared:?}"));
    lines.push(format!("adopted {adopted:?}, orphans {orphans:?}"));
    lines
}

fn instance_line(entity: &EntitySchema, slot: &Slot) -> String {
    let mut line = format!(
        "{} {}: {:?}, touched {}, row {:?}, lazies {:?}",
        entity.label,
        entity.print_key(&slot.key),
        slot.life,
        slot.is_touched(),
        slot.row,
        slot.lazies,
    );
    if let Some(body) = &slot.body {
        for field in 0..entity.fields.len() {
            let value = property(entity, slot, body.as_ref(), field);
            line.extend([", ", entity.fields[field].name, " ", &value]);
        }
    }
    line
}

fn property(entity: &EntitySchema, slot: &Slot, body: &dyn AnyEntity, field: usize) -> String {
    match &entity.fields[field].kind {
        ResolvedKind::PrimaryKey | ResolvedKind::Derived(_) => String::new(),
        ResolvedKind::Scalar(_) | ResolvedKind::Lazy(_) => {
            let mut stored = Vec::new();
            let is_loaded = body.encode(field, &mut stored).expect("it can be stored");
            format!("{:?}", is_loaded.then_some(stored))
        }
        ResolvedKind::Relation(relation) if relation.is_to_one_owner() => {
            format!("{:?}", body.to_one(field).map(|key| key.to_vec()))
        }
        ResolvedKind::Relation(_) => {
            let items = body.to_many(field);
            let keys: Vec<_> = items.keys().iter().map(RowKey::to_vec).collect();
            // A collection that was never asked for does not say yet whose it is.
            let owner = items.owner().filter(|owner| **owner != slot.key);
            let owner = owner.map(RowKey::to_vec);
            format!(
                "{:?} of another {owner:?}, dirty {}, {keys:?}",
                items.membership(),
                items.dirty()
            )
        }
    }
}

/// Every key and value of every tree, and the number of the last commit.
pub(super) fn stored(em: &EntityManager) -> Vec<String> {
    let store = &em.database.store;
    let mut lines = Vec::new();
    for name in store.tree_names().expect("the store has names") {
        let tree = store.open_tree(&name).expect("the tree is there");
        let all = KeyRange::all();
        let scanned = store.read_with(|reader| {
            reader.scan(tree, &all, Direction::Forward, &mut |key, value| {
                lines.push(format!("{name}: {key:?} {value:?}"));
                ControlFlow::Continue(())
            })
        });
        scanned
            .and_then(|scanned| scanned)
            .expect("the store can be read");
    }
    let sequence = store.read_with(|reader| reader.sequence());
    lines.push(format!("{}", sequence.expect("the store can be read")));
    lines
}
