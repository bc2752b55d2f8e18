//! The stored orders of many-to-many collections that keep one: for each owner a list of the keys of
//! its items, sealed as a lazy value is.

use super::Keyspace;
use crate::codec::RowKey;
use crate::codec::value::{ValueError, decode_value, encode_value, open_value, seal_value};
use crate::error::Error;
use crate::schema::{EntitySchema, JoinIndex, Schema};
use crate::storage::{CommitSequence, Reader};

impl Keyspace {
    /// The order of an owner's items; empty where none is kept, or stored.
    pub(crate) fn stored_order(
        &self,
        reader: &dyn Reader,
        schema: &Schema,
        join: JoinIndex,
        owner: &RowKey,
    ) -> Result<Vec<RowKey>, Error> {
        let Some(tree) = self.order(join) else {
            return Ok(Vec::new());
        };
        let Some(stored) = reader.get(tree, &owner.to_vec())? else {
            return Ok(Vec::new());
        };
        let relation = schema.join(join);
        let entity = schema.entity(relation.owner);
        open_order(schema.entity(relation.target), owner, &stored).map_err(|error| {
            Error::corruption(format!(
                "the order of {}.{} of {} can't be read: {error}",
                entity.name,
                entity.fields[relation.owner_field].name,
                entity.print_key(owner)
            ))
        })
    }
}

/// The keys of a stored order.
///
/// # Errors
/// When the bytes are not what [`seal_order`] gave.
pub(crate) fn open_order(
    target: &EntitySchema,
    owner: &RowKey,
    stored: &[u8],
) -> Result<Vec<RowKey>, ValueError> {
    let (_, value) = open_value(owner, stored)?;
    let keys: Vec<Vec<u8>> = decode_value(value)?;
    let key = |key: &Vec<u8>| RowKey::from_encoded(target.key_kind, key);
    // What is no key is the key of nothing that is linked.
    Ok(keys.iter().filter_map(|it| key(it).ok()).collect())
}

/// How [`open_order`] finds it.
pub(crate) fn seal_order(
    owner: &RowKey,
    sequence: CommitSequence,
    keys: &[RowKey],
) -> Result<Vec<u8>, Error> {
    let keys: Vec<Vec<u8>> = keys.iter().map(RowKey::to_vec).collect();
    let mut value = Vec::new();
    encode_value(&keys, &mut value)?;
    Ok(seal_value(owner, sequence.0, &value))
}
