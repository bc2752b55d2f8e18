//! The last step of a flush: the commit has succeeded, or the transaction has staged it, and memory
//! is told.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::change::decode_reference;
use super::plan::RowOutcome;
use super::{Change, Outcome, Prepared};
use crate::codec::RowKey;
use crate::codec::record::Record;
use crate::context::{Context, Instance, Life};
use crate::database::Database;
use crate::entity::{ChangeKind, EventSet};
use crate::schema::{EntityIndex, EntitySchema, ResolvedKind};
use crate::storage::Bytes;

/// Makes what was written the new snapshot, and gives removed instances up. They stay in their graves
/// for [`run_after_hooks`].
pub(crate) fn accept(
    database: &Database,
    context: &mut Context,
    prepared: &Prepared,
    outcome: &Outcome,
) {
    for instance in &prepared.dropped {
        context.discard(*instance);
    }
    context.untouch_all();
    for change in prepared
        .changes
        .iter()
        .filter(|change| change.kind != ChangeKind::Delete)
    {
        accept_lazies(context, change);
    }
    accept_outcome(database, context, outcome);
    settle_links(context);
}

/// Rows and links as they were written. What the unit of work knew otherwise follows.
pub(super) fn accept_outcome(database: &Database, context: &mut Context, outcome: &Outcome) {
    for ((entity, key), row) in &outcome.rows {
        if let RowOutcome::Written { row, as_prepared } = row {
            // A hook can have changed an instance that was prepared before it.
            let has_hooks = database.entity_type(*entity).hooks != EventSet::new();
            let differs = !as_prepared || has_hooks;
            accept_row(database, context, (*entity, key), row, differs);
        }
    }
    let lost = outcome.links.iter().filter(|link| !link.linked);
    for link in lost {
        context.hide_link(link.join, &link.owner, &link.target);
    }
    let mut unseen: FxHashMap<EntityIndex, FxHashSet<RowKey>> = FxHashMap::default();
    for ((entity, key), row) in &outcome.rows {
        if let (RowOutcome::Removed, Some(instance)) = (row, context.find(*entity, key)) {
            context.unlink(instance);
            if context.slot(instance).body.is_none() {
                unseen.entry(*entity).or_default().insert(key.clone());
            }
            context.bury(instance);
        }
    }
    for (entity, keys) in &unseen {
        context.unlink_unseen(*entity, keys);
    }
}

/// No link is pending any more, and no collection is dirty.
fn settle_links(context: &mut Context) {
    let settled = std::mem::take(&mut context.ledger);
    for (owner, field) in &settled.dirty {
        if let Some(body) = context.managed_body_mut(*owner) {
            body.to_many_mut(*field).set_dirty(false);
        }
    }
    if !settled.partial.is_empty() {
        context.ledger.partial.clone_from(&settled.partial);
    }
}

/// Runs the `after_*` hooks of a flush that is committed.
pub(crate) fn run_after_hooks(context: &Context, prepared: &Prepared, outcome: &Outcome) {
    for change in &prepared.changes {
        let Some(data) = &change.after else { continue };
        let at = (change.instance.entity, change.key.clone());
        let happened = match (outcome.rows.get(&at), change.kind) {
            (Some(RowOutcome::Removed), ChangeKind::Delete)
            | (Some(RowOutcome::Written { .. }), ChangeKind::Create | ChangeKind::Update) => true,
            // A removal elsewhere took the row with it.
            (Some(_) | None, _) => false,
        };
        if let (true, Some(body)) = (happened, context.remains(change.instance)) {
            body.after(data.kind.after(), data);
        }
    }
}

/// Lazy values that were written are the new snapshot.
fn accept_lazies(context: &mut Context, change: &Change) {
    let slot = context.slot_mut(change.instance);
    for (field, stored) in &change.lazies {
        slot.set_lazy(*field, Bytes::from(stored.as_slice()));
    }
}

/// A row that was written is the new snapshot. Where it differs, what it took over from other units
/// of work, and what a removal elsewhere made of it, comes to memory.
fn accept_row(
    database: &Database,
    context: &mut Context,
    (entity, key): (EntityIndex, &RowKey),
    row: &Bytes,
    differs: bool,
) {
    let Some(instance) = context.find(entity, key) else {
        return;
    };
    let slot = context.slot_mut(instance);
    slot.life = Life::Managed;
    if differs && slot.body.is_some() {
        let schema = Arc::clone(&database.schema);
        bring_over(context, instance, schema.entity(entity), row);
    }
    context.slot_mut(instance).row = Some(Bytes::clone(row));
}

/// Puts in memory what the written row has and memory has not.
fn bring_over(context: &mut Context, instance: Instance, entity: &EntitySchema, row: &Bytes) {
    let written = Record::parse_unverified(row).expect("the row was sealed by this flush");
    let schema = Arc::clone(&context.schema);
    let mut now = Vec::new();
    for field in &entity.columns {
        // What the row lacks still has its default in memory.
        let Some(stored) = written.get(entity.fields[*field].number) else {
            continue;
        };
        now.clear();
        let body = context.body(instance);
        if matches!(entity.fields[*field].kind, ResolvedKind::Relation(_)) {
            if let Some(key) = body.to_one(*field) {
                key.write_to(&mut now);
            }
            if stored != now.as_slice() {
                let key = decode_reference(&schema, entity, *field, stored)
                    .expect("the row was sealed by this flush");
                context.refresh_to_one(instance, *field, key.as_ref());
            }
            continue;
        }
        body.encode(*field, &mut now)
            .expect("the property was encoded by this flush");
        if stored != now.as_slice() {
            context
                .body_mut(instance)
                .decode(*field, Some(stored))
                .expect("the row was sealed by this flush");
        }
    }
}
