//! The only place that names trees and forms stored keys. `docs/format.md` draws them.
//!
//! Every component of a key is self-delimiting, so keys are concatenations: whoever knows a
//! component finds all keys that start with it by a prefix scan.

mod index;
mod order;

use std::collections::BTreeSet;
use std::ops::{Bound, ControlFlow};

use crate::codec::record::Record;
use crate::codec::{OrderedKey, RowKey};
use crate::error::Error;
use crate::schema::{
    EntityIndex, EntitySchema, FieldIndex, IndexSchema, JoinIndex, RelationKind, RelationSchema,
    Schema, Side,
};
use crate::storage::{Direction, KeyRange, Reader, StorageError, Store, TreeId};

pub(crate) use index::{IndexKey, describe_index_key, index_entry, index_entry_row, index_keys};
pub(crate) use order::{open_order, seal_order};

/// Key of the stored schema in the catalog tree.
pub(crate) const CATALOG_SCHEMA: &[u8] = b"schema";
/// Key of the key of cursors in the catalog tree.
pub(crate) const CATALOG_CURSORS: &[u8] = b"cursors";
/// Prefix of the sequences in the catalog tree; the entity's name follows.
const CATALOG_SEQUENCE: &[u8] = b"sequence:";

/// The trees of a database, by what they hold.
#[derive(Debug)]
pub(crate) struct Keyspace {
    pub(crate) catalog: TreeId,
    entities: Vec<EntityTrees>,
    joins: Vec<JoinTrees>,
    names: BTreeSet<String>,
}

#[derive(Debug)]
struct EntityTrees {
    rows: TreeId,
    lazies: Vec<(FieldIndex, TreeId)>,
    /// By position of the index.
    indexes: Vec<TreeId>,
}

#[derive(Debug)]
struct JoinTrees {
    by_owner: TreeId,
    by_target: TreeId,
    /// Where the owning side keeps an order.
    order: Option<TreeId>,
}

impl Keyspace {
    /// Opens, or makes, the trees of a schema.
    pub(crate) fn open(store: &dyn Store, schema: &Schema) -> Result<Self, StorageError> {
        let mut names = BTreeSet::new();
        let mut open = |name: String| {
            let tree = store.open_tree(&name);
            names.insert(name);
            tree
        };
        let catalog = open("catalog".to_owned())?;
        let mut entities = Vec::with_capacity(schema.entities.len());
        for entity in &schema.entities {
            let rows = open(format!("rows:{}", entity.name))?;
            let lazies = entity.lazies.iter().map(|field| {
                let name = format!("lazy:{}.{}", entity.name, entity.fields[*field].name);
                open(name).map(|tree| (*field, tree))
            });
            let lazies = lazies.collect::<Result<_, _>>()?;
            let indexes = entity
                .indexes
                .iter()
                .map(|index| open(index_tree(entity, &index.name)));
            let indexes = indexes.collect::<Result<_, _>>()?;
            entities.push(EntityTrees {
                rows,
                lazies,
                indexes,
            });
        }
        let mut joins = Vec::with_capacity(schema.joins.len());
        for join in &schema.joins {
            let owner = schema.entity(join.owner);
            let relation = format!("{}.{}", owner.name, owner.fields[join.owner_field].name);
            let by_owner = open(format!("join:{relation}"))?;
            let by_target = open(format!("join:{relation}:inverse"))?;
            let order = join.fixed_order.then(|| open(format!("order:{relation}")));
            joins.push(JoinTrees {
                by_owner,
                by_target,
                order: order.transpose()?,
            });
        }
        Ok(Self {
            catalog,
            entities,
            joins,
            names,
        })
    }

    /// Opens the tree of an index that the schema does not have, by its name.
    pub(crate) fn open_index(
        store: &dyn Store,
        entity: &EntitySchema,
        index: &str,
    ) -> Result<TreeId, StorageError> {
        store.open_tree(&index_tree(entity, index))
    }

    /// Whether a tree of this name belongs to the schema.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    fn entity(&self, entity: EntityIndex) -> &EntityTrees {
        &self.entities[usize::from(entity.0)]
    }

    /// Row key -> record.
    pub(crate) fn rows(&self, entity: EntityIndex) -> TreeId {
        self.entity(entity).rows
    }

    /// Row key -> sealed value.
    pub(crate) fn lazy(&self, entity: EntityIndex, field: FieldIndex) -> TreeId {
        tree_of(&self.entity(entity).lazies, field)
    }

    /// Unique: index key -> row key. Plain: index key, row key -> nothing.
    pub(crate) fn index(&self, entity: EntityIndex, index: &IndexSchema) -> TreeId {
        self.entity(entity).indexes[index.position]
    }

    /// The stored items of a collection, or of an inverse to-one property, ascending.
    pub(crate) fn items(
        &self,
        reader: &dyn Reader,
        schema: &Schema,
        relation: &RelationSchema,
        owner: &RowKey,
    ) -> Result<Vec<RowKey>, Error> {
        let owner = std::iter::once(owner);
        let mut items = self.items_of_all(reader, schema, relation, owner)?;
        Ok(items.pop().expect("one list for each owner"))
    }

    /// As [`items`](Self::items), of several owners, which are ascending.
    pub(crate) fn items_of_all<'k>(
        &self,
        reader: &dyn Reader,
        schema: &Schema,
        relation: &RelationSchema,
        owners: impl Iterator<Item = &'k RowKey>,
    ) -> Result<Vec<Vec<RowKey>>, Error> {
        let target = schema.entity(relation.target);
        let tree = if let RelationKind::ManyToMany { join, side } = relation.kind {
            self.join(join, side)
        } else {
            let index = target.index_on(relation.mapped_by());
            let index = index.expect("an owning relation has an index");
            if index.unique {
                return owners
                    .map(|owner| self.indexed(reader, target, index, &owner.to_vec()))
                    .collect();
            }
            self.index(target.index, index)
        };
        let owners: Vec<Vec<u8>> = owners.map(RowKey::to_vec).collect();
        scan_entries_of_all(reader, tree, target, &owners)
    }

    /// The rows that an index has under a whole key, ascending.
    pub(crate) fn indexed(
        &self,
        reader: &dyn Reader,
        entity: &EntitySchema,
        index: &IndexSchema,
        key: &[u8],
    ) -> Result<Vec<RowKey>, Error> {
        let tree = self.index(entity.index, index);
        let mut rows = Vec::new();
        if index.unique {
            if let Some(row) = reader.get(tree, key)? {
                rows.push(RowKey::from_encoded(entity.key_kind, &row)?);
            }
        } else {
            scan_entries(reader, tree, entity, key, &mut |row| rows.push(row))?;
        }
        Ok(rows)
    }

    /// What is stored under a key, for people.
    pub(crate) fn describe(&self, schema: &Schema, tree: TreeId, key: &[u8]) -> String {
        for (entity, trees) in schema.entities.iter().zip(&self.entities) {
            let of_row = || {
                let key = RowKey::from_encoded(entity.key_kind, key);
                key.map_or_else(|_| "<unreadable>".to_owned(), |key| entity.print_key(&key))
            };
            let property = |field: FieldIndex| entity.fields[field].name;
            if trees.rows == tree {
                return format!("{} {}", entity.name, of_row());
            }
            if let Some((field, _)) = trees.lazies.iter().find(|(_, of)| *of == tree) {
                return format!("`{}` of {} {}", property(*field), entity.name, of_row());
            }
            if let Some(at) = trees.indexes.iter().position(|of| *of == tree) {
                let (entity, index) = (entity.name, entity.indexes[at].label);
                return format!("the rows that are found by `{entity}.{index}`");
            }
        }
        for (join, trees) in schema.joins.iter().zip(&self.joins) {
            if trees.by_owner == tree || trees.by_target == tree || trees.order == Some(tree) {
                let owner = schema.entity(join.owner);
                let relation = owner.fields[join.owner_field].name;
                return format!("the links of `{}.{relation}`", owner.name);
            }
        }
        "the catalog".to_owned()
    }

    /// The owner's key -> the sealed list of its items, where the relation has a fixed order.
    pub(crate) fn order(&self, join: JoinIndex) -> Option<TreeId> {
        self.joins[usize::from(join.0)].order
    }

    /// The key at `side`, the key at the other side -> nothing.
    pub(crate) fn join(&self, join: JoinIndex, side: Side) -> TreeId {
        let trees = &self.joins[usize::from(join.0)];
        match side {
            Side::Owner => trees.by_owner,
            Side::Inverse => trees.by_target,
        }
    }
}

fn index_tree(entity: &EntitySchema, index: &str) -> String {
    format!("index:{}.{index}", entity.name)
}

fn tree_of(trees: &[(FieldIndex, TreeId)], field: FieldIndex) -> TreeId {
    trees
        .iter()
        .find(|(at, _)| *at == field)
        .expect("trees were opened for every property that has one")
        .1
}

/// The key of an entity's sequence in the catalog.
pub(crate) fn sequence_key(entity: &EntitySchema) -> Vec<u8> {
    [CATALOG_SEQUENCE, entity.name.as_bytes()].concat()
}

/// The key of a link, seen from the side that comes first.
pub(crate) fn link_key(first: &RowKey, second: &RowKey) -> Vec<u8> {
    pair(&first.to_vec(), second)
}

fn pair(first: &[u8], second: &RowKey) -> Vec<u8> {
    let mut key = Vec::with_capacity(first.len() + 9);
    key.extend_from_slice(first);
    second.write_to(&mut key);
    key
}

/// Visits the row keys of a value's plain index entries, or the other keys of a key's links.
pub(crate) fn scan_entries(
    reader: &dyn Reader,
    tree: TreeId,
    second: &EntitySchema,
    first: &[u8],
    visit: &mut dyn FnMut(RowKey),
) -> Result<(), Error> {
    let mut unreadable = None;
    reader.scan(
        tree,
        &KeyRange::prefix(first),
        Direction::Forward,
        &mut |key, _| match RowKey::from_encoded(second.key_kind, &key[first.len()..]) {
            Ok(key) => {
                visit(key);
                ControlFlow::Continue(())
            }
            Err(error) => {
                unreadable = Some(error);
                ControlFlow::Break(())
            }
        },
    )?;
    unreadable.map_or(Ok(()), |error| Err(error.into()))
}

/// How many entries of others a walk passes by until it goes on at the next that it wants: to begin
/// anew costs what some four steps cost.
const MOST_PASSED: usize = 4;

/// As [`scan_entries`], for several values or keys, which are ascending: in one walk, as far as they lie
/// close together.
fn scan_entries_of_all(
    reader: &dyn Reader,
    tree: TreeId,
    second: &EntitySchema,
    firsts: &[Vec<u8>],
) -> Result<Vec<Vec<RowKey>>, Error> {
    let mut entries = vec![Vec::new(); firsts.len()];
    let Some(last) = firsts.last() else {
        return Ok(entries);
    };
    let end = KeyRange::prefix(last);
    let (mut at, mut unreadable) = (0, None);
    while let Some(first) = firsts.get(at) {
        let range = KeyRange::new(
            Bound::Included(first.clone()),
            end.end().map(<[u8]>::to_vec),
        );
        let mut passed = 0;
        reader.scan_keys(tree, &range, &mut |key| {
            while firsts.get(at).is_some_and(|first| is_behind(key, first)) {
                at += 1;
            }
            let Some(first) = firsts.get(at) else {
                return ControlFlow::Break(());
            };
            let Some(entry) = key.strip_prefix(&**first) else {
                passed += 1;
                return if passed > MOST_PASSED {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                };
            };
            passed = 0;
            match RowKey::from_encoded(second.key_kind, entry) {
                Ok(row) => {
                    entries[at].push(row);
                    ControlFlow::Continue(())
                }
                Err(error) => {
                    unreadable = Some(error);
                    ControlFlow::Break(())
                }
            }
        })?;
        if passed <= MOST_PASSED {
            break;
        }
    }
    unreadable.map_or(Ok(entries), |error| Err(error.into()))
}

/// Whether a key comes after all that begin so.
fn is_behind(key: &[u8], first: &[u8]) -> bool {
    !key.starts_with(first) && key > first
}

/// The highest number that an entity's keys ever had.
pub(crate) fn read_sequence(
    reader: &dyn Reader,
    catalog: TreeId,
    key: &[u8],
) -> Result<Option<u64>, Error> {
    let Some(stored) = reader.get(catalog, key)? else {
        return Ok(None);
    };
    let number = u64::decode_key(&mut &*stored)?;
    Ok(Some(number))
}

/// How [`read_sequence`] finds it.
pub(crate) fn sequence_value(number: u64) -> Vec<u8> {
    let mut value = Vec::new();
    number.encode_key(&mut value);
    value
}

/// The record of a row that was read from the store, its checksum verified.
pub(crate) fn parse_row<'r>(
    entity: &EntitySchema,
    key: &RowKey,
    row: &'r [u8],
) -> Result<Record<'r>, Error> {
    Record::parse(key, row)
        .map_err(|error| Error::damaged_row(entity.name, &entity.print_key(key), error))
}
