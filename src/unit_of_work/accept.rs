//! The last step of a flush: the commit has succeeded, or the transaction has staged it, and memory
//! is told.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::change::{Encoded, decode_reference};
use super::plan::RowOutcome;
use super::{Change, Outcome, Prepared};
use crate::codec::RowKey;
use crate::codec::record::Record;
use crate::context::{Context, Instance, Life};
use crate::database::Database;
use crate::entity::{ChangeKind, embed};
use crate::schema::{EntityIndex, EntitySchema, FieldIndex, ResolvedKind};
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
        if let RowOutcome::Written {
            row,
            as_prepared,
            over,
        } = row
        {
            // A hook can have changed an instance that was prepared before it.
            let differs = !as_prepared || database.entity_type(*entity).has_hooks();
            accept_row(database, context, (*entity, key), (row, *over), differs);
        }
    }
    hide_lost_links(context, outcome);
    forget_removed(context, outcome, |_, _| true);
}

fn hide_lost_links(context: &mut Context, outcome: &Outcome) {
    let lost = outcome.links.iter().filter(|link| !link.linked);
    for link in lost {
        context.hide_link(link.join, &link.owner, &link.target);
    }
}

/// Gives the instances of removed rows up, as far as they `may_go`.
fn forget_removed(
    context: &mut Context,
    outcome: &Outcome,
    may_go: impl Fn(&Context, Instance) -> bool,
) {
    let mut unseen: FxHashMap<EntityIndex, FxHashSet<RowKey>> = FxHashMap::default();
    for ((entity, key), row) in &outcome.rows {
        if let (RowOutcome::Removed, Some(instance)) = (row, context.find(*entity, key)) {
            if !may_go(context, instance) {
                continue;
            }
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

/// Tells memory what a bulk operation has done to rows: instances of removed rows are given up, unless
/// they have changes that are not flushed, and collections no longer show what they should not. One that
/// should show a row that is not managed is not initialized any more. Instances of rows that were
/// written are the caller's to bring up to date.
pub(crate) fn accept_bulk(context: &mut Context, prepared: &Prepared, outcome: &Outcome) {
    hide_lost_links(context, outcome);
    for link in outcome.links.iter().filter(|link| link.linked) {
        context.unload_link(link.join, &link.owner, &link.target);
    }
    forget_removed(context, outcome, |context, instance| {
        let slot = context.slot(instance);
        slot.life == Life::Managed && !(slot.is_touched() && differs_from_row(context, instance))
    });
    let mut gone: FxHashMap<EntityIndex, FxHashSet<RowKey>> = FxHashMap::default();
    for ((entity, key), row) in &outcome.rows {
        if matches!(row, RowOutcome::Removed) {
            gone.entry(*entity).or_default().insert(key.clone());
        }
    }
    for (entity, keys) in &gone {
        context.unlink_unseen(*entity, keys);
    }
    let schema = Arc::clone(&context.schema);
    for entity in &schema.entities {
        for field in &entity.to_ones {
            let moved = moved(context, prepared, entity, *field);
            context.redirect_unseen(entity.index, *field, &moved);
        }
    }
}

/// Whether an instance that is loaded has changes that are not flushed.
pub(crate) fn differs_from_row(context: &Context, instance: Instance) -> bool {
    let (entity, slot) = (context.entity(instance.entity), context.slot(instance));
    let encoded = slot
        .body
        .as_deref()
        .map(|body| Encoded::of(entity, body).map(|now| !now.changed(entity, slot).is_empty()));
    // A value that can't be stored is a change.
    encoded.is_some_and(|differs| differs.unwrap_or(true))
}

/// The rows that are not managed and refer elsewhere now, each with its target.
fn moved(
    context: &Context,
    prepared: &Prepared,
    entity: &EntitySchema,
    field: FieldIndex,
) -> FxHashMap<RowKey, Option<RowKey>> {
    let number = entity.fields[field].number;
    let of_entity = prepared.changes.iter().filter(|change| {
        change.entity == entity.index
            && change.kind != ChangeKind::Delete
            && change.changed.contains(field)
            && context.find_loaded(change.entity, &change.key).is_none()
    });
    let target = |change: &Change| {
        let stored = change.body.get(number).unwrap_or_default();
        decode_reference(&context.schema, entity, field, stored)
            .expect("it was encoded by this operation")
    };
    of_entity
        .map(|change| (change.key.clone(), target(change)))
        .collect()
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
pub(crate) fn run_after_hooks(
    database: &Database,
    context: &Context,
    prepared: &Prepared,
    outcome: &Outcome,
) {
    for change in &prepared.changes {
        let Some(data) = &change.after else { continue };
        let at = (change.entity, change.key.clone());
        let happened = match (outcome.rows.get(&at), change.kind) {
            (Some(RowOutcome::Removed), ChangeKind::Delete)
            | (Some(RowOutcome::Written { .. }), ChangeKind::Create | ChangeKind::Update) => true,
            // A removal elsewhere took the row with it.
            (Some(_) | None, _) => false,
        };
        let body = change
            .instance
            .and_then(|instance| context.remains(instance));
        if let (true, Some(body)) = (happened, body) {
            let entity_type = database.entity_type(change.entity);
            entity_type.after(data.kind.after(), body, data);
        }
    }
}

/// Lazy values that were written are the new snapshot.
fn accept_lazies(context: &mut Context, change: &Change) {
    let Some(instance) = change.instance else {
        return;
    };
    let slot = context.slot_mut(instance);
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
    (row, over): (&Bytes, Option<u64>),
    differs: bool,
) {
    let Some(instance) = context.find(entity, key) else {
        return;
    };
    let slot = context.slot_mut(instance);
    slot.life = Life::Managed;
    let read = slot.record().map(|record| record.revision());
    // Nothing of the row tells whether others have written its lazy values, too.
    slot.has_stale_lazies |= read.is_some() && read != over;
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
    let key = context.slot(instance).key.clone();
    let stored = |field: FieldIndex| written.get(entity.fields[field].number);
    embed(entity, &key, context.body_mut(instance), stored)
        .expect("the row was sealed by this flush");
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
