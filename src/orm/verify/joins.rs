//! The links of a many-to-many relation: both ends are there, and both sides say the same.

use std::collections::BTreeSet;

use super::found::{Findings, Fix};
use super::rows::{read_keys, visit};
use crate::codec::RowKey;
use crate::database::Database;
use crate::error::{Error, Result};
use crate::keyspace::{link_key, open_order};
use crate::schema::{EntityIndex, EntitySchema, JoinIndex, Side};
use crate::storage::{Reader, TreeId};

type Keys = BTreeSet<RowKey>;
type Links = BTreeSet<(RowKey, RowKey)>;

/// One side of a join: whose keys come first, and whose second.
struct OneSide<'a> {
    side: Side,
    tree: TreeId,
    first: (&'a EntitySchema, &'a Keys),
    second: (&'a EntitySchema, &'a Keys),
    place: &'a str,
}

/// Checks one join.
pub(super) fn check_join(
    database: &Database,
    reader: &dyn Reader,
    index: JoinIndex,
    findings: &mut Findings,
) -> Result<()> {
    let schema = &database.schema;
    let join = schema.join(index);
    let place = &format!(
        "{}.{}",
        schema.entity(join.owner).name,
        schema.entity(join.owner).fields[join.owner_field].name
    );
    let keys = |entity: EntityIndex| {
        let entity = schema.entity(entity);
        // What is wrong with the keys themselves was told with the rows.
        let keys = read_keys(database, reader, entity, &mut Findings::default())?;
        Ok::<_, Error>((entity, keys))
    };
    let (owner, owners) = keys(join.owner)?;
    let (target, targets) = keys(join.target)?;
    let by_owner = OneSide {
        side: Side::Owner,
        tree: database.keyspace.join(index, Side::Owner),
        first: (owner, &owners),
        second: (target, &targets),
        place,
    };
    let by_target = OneSide {
        side: Side::Inverse,
        tree: database.keyspace.join(index, Side::Inverse),
        first: (target, &targets),
        second: (owner, &owners),
        place,
    };
    let at_owner = by_owner.links(reader, findings)?;
    let at_target = by_target.links(reader, findings)?;
    findings.counts.links += at_owner.len() as u64;
    if let Some(tree) = database.keyspace.order(index) {
        check_orders(reader, (owner, target), (tree, place), findings)?;
    }
    for (a, b) in &at_owner {
        if !at_target.contains(&(b.clone(), a.clone())) {
            by_target.tell_missing(b, a, findings);
        }
    }
    for (b, a) in &at_target {
        if !at_owner.contains(&(a.clone(), b.clone())) {
            by_owner.tell_missing(a, b, findings);
        }
    }
    Ok(())
}

/// Orders say nothing of what is linked, and keys in them that are not count for nothing; so an order is
/// right if it can be read.
fn check_orders(
    reader: &dyn Reader,
    (owner, target): (&EntitySchema, &EntitySchema),
    (tree, place): (TreeId, &str),
    findings: &mut Findings,
) -> Result<()> {
    visit(reader, tree, place, findings, |key, value, findings| {
        let here = RowKey::from_encoded(owner.key_kind, key);
        let order = match (&here, &value) {
            (Ok(here), Ok(stored)) => open_order(target, here, stored).is_ok(),
            _ => false,
        };
        if !order {
            let name = here.map_or_else(|_| format!("{key:?}"), |here| owner.print_key(&here));
            let problem =
                format!("the order of {name} can't be read; without it, items come by their keys");
            let fix = Fix {
                tree,
                key: key.to_vec(),
                value: None,
            };
            findings.tell_with_fix(place, problem, fix);
        }
    })
}

impl OneSide<'_> {
    /// The links of this side whose ends are both there. The others are told.
    fn links(&self, reader: &dyn Reader, findings: &mut Findings) -> Result<Links> {
        let mut stored = BTreeSet::new();
        visit(reader, self.tree, self.place, findings, |key, _, _| {
            stored.insert(key.to_vec());
        })?;
        let mut links = Links::new();
        for here in self.first.1 {
            let prefix = here.to_vec();
            let linked: Vec<_> = stored
                .range(prefix.clone()..)
                .take_while(|key| key.starts_with(&prefix))
                .cloned()
                .collect();
            for key in linked {
                let there = RowKey::from_encoded(self.second.0.key_kind, &key[prefix.len()..]);
                if let Ok(there) = there
                    && self.second.1.contains(&there)
                {
                    debug_assert_eq!(link_key(here, &there), key);
                    stored.remove(&key);
                    links.insert((here.clone(), there));
                }
            }
        }
        for key in stored {
            let problem = format!("the link {key:?} has an end that is not there");
            let fix = Fix {
                tree: self.tree,
                key,
                value: None,
            };
            findings.tell_with_fix(self.place, problem, fix);
        }
        Ok(links)
    }

    /// A link that only the other side has. Whoever made it meant both.
    fn tell_missing(&self, first: &RowKey, second: &RowKey, findings: &mut Findings) {
        let first_name = self.first.0.print_key(first);
        let second_name = self.second.0.print_key(second);
        let problem = match self.side {
            Side::Owner => {
                format!("the link of {first_name} to {second_name} is missing at the owning side")
            }
            Side::Inverse => {
                format!("the link of {second_name} to {first_name} is missing at the inverse side")
            }
        };
        let fix = Fix {
            tree: self.tree,
            key: link_key(first, second),
            value: Some(Vec::new()),
        };
        findings.tell_with_fix(self.place, problem, fix);
    }
}
