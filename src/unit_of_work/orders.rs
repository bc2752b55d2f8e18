//! The orders of many-to-many collections that keep one, as a flush leaves them.

use std::collections::{BTreeMap, BTreeSet};

use super::links::LinkWrite;
use super::plan::Planner;
use crate::codec::RowKey;
use crate::context::arrange;
use crate::error::Result;
use crate::keyspace::{scan_entries, seal_order};
use crate::schema::{JoinIndex, Side};
use crate::storage::CommitSequence;

/// Writes the order of each collection that was arranged, or whose links have changed.
pub(super) fn write_orders(planner: &mut Planner<'_>, sequence: CommitSequence) -> Result<()> {
    let mut changed: BTreeMap<(JoinIndex, RowKey), Vec<LinkWrite>> = BTreeMap::new();
    for arranged in planner.ledger.orders.keys() {
        changed.entry(arranged.clone()).or_default();
    }
    for link in &planner.outcome.links {
        let owner = (link.join, link.owner.clone());
        changed.entry(owner).or_default().push(link.clone());
    }
    for ((join, owner), links) in &changed {
        write_order(planner, (*join, owner), links, sequence)?;
    }
    Ok(())
}

fn write_order(
    planner: &mut Planner<'_>,
    (join, owner): (JoinIndex, &RowKey),
    links: &[LinkWrite],
    sequence: CommitSequence,
) -> Result<()> {
    let (database, reader) = (planner.database, planner.reader);
    let (schema, keyspace) = (&database.schema, &database.keyspace);
    let Some(tree) = keyspace.order(join) else {
        return Ok(());
    };
    let target = schema.entity(schema.join(join).target);
    let mut linked = BTreeSet::new();
    let by_owner = keyspace.join(join, Side::Owner);
    scan_entries(reader, by_owner, target, &owner.to_vec(), &mut |key| {
        linked.insert(key);
    })?;
    for link in links {
        if link.linked {
            linked.insert(link.target.clone());
        } else {
            linked.remove(&link.target);
        }
    }
    let linked: Vec<RowKey> = linked.into_iter().collect();
    let stored = keyspace.stored_order(reader, schema, join, owner)?;
    let pending = planner.ledger.orders.get(&(join, owner.clone()));
    let order = arrange(&stored, pending, &linked);
    if order.is_empty() && !stored.is_empty() {
        planner.batch.delete(tree, owner.to_vec());
    } else if order != stored {
        let value = seal_order(owner, sequence, &order)?;
        planner.batch.put(tree, owner.to_vec(), value);
    }
    Ok(())
}
