//! Join rows that come and go with a flush, on both sides of the relation.

use std::collections::BTreeSet;

use super::constraints::missing;
use super::plan::Planner;
use super::validate::too_long;
use crate::codec::RowKey;
use crate::context::LinkChange;
use crate::error::{Error, Result};
use crate::keyspace::{self, link_key};
use crate::schema::{JoinIndex, Side};

/// A link that a flush wrote or removed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LinkWrite {
    pub(crate) join: JoinIndex,
    pub(crate) owner: RowKey,
    pub(crate) target: RowKey,
    pub(crate) linked: bool,
}

/// Brings the join trees to their final state: links of removed rows and cleared collections go,
/// pending links are inserted if absent and deleted if present.
pub(super) fn write_links(planner: &mut Planner<'_>) -> Result<()> {
    let gone = gone_links(planner)?;
    let mut writes: BTreeSet<LinkWrite> = BTreeSet::new();
    let ledger = planner.ledger;
    let mut wanted = BTreeSet::new();
    for (join, owner, target, change) in ledger.links() {
        let link = (join, owner.clone(), target.clone());
        match change {
            LinkChange::Add => {
                check_length(planner, join, owner, target)?;
                if !check_ends(planner, join, owner, target)? {
                    continue;
                }
                if !is_stored(planner, join, owner, target)? {
                    writes.insert(LinkWrite {
                        join,
                        owner: owner.clone(),
                        target: target.clone(),
                        linked: true,
                    });
                }
                wanted.insert(link);
            }
            LinkChange::Remove
                if !gone.contains(&link) && is_stored(planner, join, owner, target)? =>
            {
                writes.insert(LinkWrite {
                    join,
                    owner: owner.clone(),
                    target: target.clone(),
                    linked: false,
                });
            }
            LinkChange::Remove => {}
        }
    }
    let lost = gone.into_iter().filter(|link| !wanted.contains(link));
    writes.extend(lost.map(|(join, owner, target)| LinkWrite {
        join,
        owner,
        target,
        linked: false,
    }));
    for write in &writes {
        write_link(planner, write);
    }
    planner.outcome.links = writes.into_iter().collect();
    Ok(())
}

fn write_link(planner: &mut Planner<'_>, write: &LinkWrite) {
    let keyspace = &planner.database.keyspace;
    let ends = [
        (Side::Owner, &write.owner, &write.target),
        (Side::Inverse, &write.target, &write.owner),
    ];
    for (side, here, there) in ends {
        let tree = keyspace.join(write.join, side);
        if write.linked {
            planner.batch.put(tree, link_key(here, there), Vec::new());
        } else {
            planner.batch.delete(tree, link_key(here, there));
        }
    }
}

/// The stored links of rows that are removed, and of collections that were cleared.
fn gone_links(planner: &Planner<'_>) -> Result<BTreeSet<(JoinIndex, RowKey, RowKey)>> {
    let mut gone = BTreeSet::new();
    for ((entity, key), write) in &planner.writes {
        if write.purge {
            for (join, side) in &planner.entity(*entity).joins {
                collect_links(planner, *join, *side, key, &mut gone)?;
            }
        }
    }
    for (join, side, key) in planner.ledger.cleared() {
        collect_links(planner, join, side, key, &mut gone)?;
    }
    Ok(gone)
}

fn collect_links(
    planner: &Planner<'_>,
    join: JoinIndex,
    side: Side,
    here: &RowKey,
    links: &mut BTreeSet<(JoinIndex, RowKey, RowKey)>,
) -> Result<()> {
    let schema = &planner.database.schema;
    let other = schema.entity(schema.join(join).end(side.other()).0);
    let tree = planner.database.keyspace.join(join, side);
    keyspace::scan_entries(planner.reader, tree, other, &here.to_vec(), &mut |there| {
        links.insert(match side {
            Side::Owner => (join, here.clone(), there),
            Side::Inverse => (join, there, here.clone()),
        });
    })
}

fn is_stored(
    planner: &Planner<'_>,
    join: JoinIndex,
    owner: &RowKey,
    target: &RowKey,
) -> Result<bool> {
    let tree = planner.database.keyspace.join(join, Side::Owner);
    Ok(planner.reader.contains(tree, &link_key(owner, target))?)
}

/// A link is stored under the keys of both its ends.
fn check_length(
    planner: &Planner<'_>,
    join: JoinIndex,
    owner: &RowKey,
    target: &RowKey,
) -> Result<()> {
    let length = owner.encoded_length() + target.encoded_length();
    let relation = planner.database.schema.join(join);
    let entity = planner.entity(relation.owner);
    let property = entity.fields[relation.owner_field].name;
    let violation = too_long(entity, owner, property, length);
    violation.map_or(Ok(()), |violation| Err(Error::Validation(vec![violation])))
}

/// Both ends of a new link must be there afterwards. `false`: an end is removed by this flush, and
/// the link goes with it.
fn check_ends(
    planner: &Planner<'_>,
    join: JoinIndex,
    owner: &RowKey,
    target: &RowKey,
) -> Result<bool> {
    let schema = &planner.database.schema;
    let relation = schema.join(join);
    for (here, key) in [(relation.owner, owner), (relation.target, target)] {
        if planner.will_exist(here, key)? {
            continue;
        }
        if planner.writes.contains_key(&(here, key.clone())) {
            return Ok(false);
        }
        return Err(missing(
            planner,
            schema.entity(relation.owner),
            owner,
            relation.owner_field,
            here,
            key,
        ));
    }
    Ok(true)
}
