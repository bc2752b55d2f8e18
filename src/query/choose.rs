//! A query over rows that are known by their keys: the items of collections, each judged and placed
//! once, however many collections have it.

use rustc_hash::FxHashMap;

use super::Query;
use super::judge::{Judge, Memory};
use crate::codec::RowKey;
use crate::database::Database;
use crate::error::Result;
use crate::keyspace::parse_row;
use crate::schema::EntitySchema;
use crate::storage::{Bytes, Reader};

/// The rows, among those that were looked at, that meet the condition of a query.
pub(crate) struct Chosen<'q> {
    query: &'q Query,
    rows: FxHashMap<RowKey, Placed>,
    /// The keys of the rows that were read, ascending.
    read: Vec<RowKey>,
}

struct Placed {
    /// Empty where the query has no order.
    position: Vec<u8>,
    row: Bytes,
}

/// Reads the rows of the keys, ascending, and judges them. Keys without a row are passed over.
///
/// # Errors
/// When a row can't be read, or the order makes no sense.
pub(crate) fn choose<'q>(
    database: &Database,
    reader: &dyn Reader,
    entity: &EntitySchema,
    query: &'q Query,
    keys: &[&RowKey],
) -> Result<Chosen<'q>> {
    query.check(&database.schema, entity)?;
    let memory = Memory::default();
    let judge = Judge::new(database, reader, &memory);
    let encoded: Vec<Vec<u8>> = keys.iter().map(|key| key.to_vec()).collect();
    let encoded: Vec<&[u8]> = encoded.iter().map(Vec::as_slice).collect();
    // Judging reads other rows, so all are read before.
    let mut read = Vec::with_capacity(keys.len());
    let tree = database.keyspace.rows(entity.index);
    reader.get_many(tree, &encoded, &mut |at, row| {
        read.extend(row.map(|row| (keys[at].clone(), Bytes::from(row))));
    })?;
    let mut chosen = Chosen {
        query,
        rows: FxHashMap::default(),
        read: read.iter().map(|(key, _)| key.clone()).collect(),
    };
    for (key, row) in read {
        let record = parse_row(entity, &key, &row)?;
        if let Some(condition) = &query.condition
            && !judge.meets(condition, entity, &key, &record)?
        {
            continue;
        }
        let position = if query.order.is_empty() {
            Vec::new()
        } else {
            judge.position(&query.order, entity, &key, &record)?
        };
        chosen.rows.insert(key, Placed { position, row });
    }
    Ok(chosen)
}

impl Chosen<'_> {
    /// Those of the keys that the query asks for, in its order; without one, in that of the keys.
    pub(crate) fn among(&self, keys: &[RowKey]) -> Vec<RowKey> {
        let found = keys.iter().filter_map(|key| self.rows.get_key_value(key));
        let mut found: Vec<(&RowKey, &Placed)> = found.collect();
        if !self.query.order.is_empty() {
            found.sort_unstable_by(|(_, a), (_, b)| a.position.cmp(&b.position));
        }
        let most = self.query.take.unwrap_or(usize::MAX);
        let page = found.into_iter().skip(self.query.skip).take(most);
        page.map(|(key, _)| key.clone()).collect()
    }

    /// How many rows were read.
    pub(crate) fn examined(&self) -> usize {
        self.read.len()
    }

    /// Whether there is a row of the key.
    pub(crate) fn has_read(&self, key: &RowKey) -> bool {
        self.read.binary_search(key).is_ok()
    }

    /// Whether the row of the key meets the condition.
    pub(crate) fn has(&self, key: &RowKey) -> bool {
        self.rows.contains_key(key)
    }

    /// The row of a key that meets the condition.
    pub(crate) fn row(&self, key: &RowKey) -> &Bytes {
        &self.rows[key].row
    }
}
