//! Reading a stored row or value as far as anyone can: checksum, then every property. What is wrong
//! is a sentence, since whoever asks goes on with the next one.

use crate::codec::RowKey;
use crate::codec::record::{Properties, Record};
use crate::codec::value::open_value;
use crate::entity::{AnyEntity, EntityType, HydrateRow};
use crate::schema::{EntitySchema, FieldIndex, ResolvedKind};

/// A row that can be read.
pub(in crate::orm) struct StoredRow<'r> {
    pub(in crate::orm) revision: u64,
    pub(super) schema_version: u32,
    pub(super) properties: Properties<'r>,
    pub(super) body: Box<dyn AnyEntity>,
}

/// Reads a row.
pub(in crate::orm) fn read_row<'r>(
    entity: &EntitySchema,
    entity_type: &EntityType,
    key: &RowKey,
    row: &'r [u8],
) -> Result<StoredRow<'r>, String> {
    let record = Record::parse(key, row).map_err(|error| error.to_string())?;
    let mut values = vec![None; entity.fields.len()];
    entity.place(record.properties(), &mut values);
    let row = HydrateRow::new(entity, key, &values);
    let body = (entity_type.hydrate)(&row).map_err(|error| error.to_string())?;
    Ok(StoredRow {
        revision: record.revision(),
        schema_version: record.schema_version(),
        properties: record.properties(),
        body,
    })
}

/// Reads a lazy value; gives the commit that wrote it.
pub(in crate::orm) fn read_lazy(
    entity: &EntitySchema,
    field: FieldIndex,
    key: &RowKey,
    sealed: &[u8],
) -> Result<u64, String> {
    let ResolvedKind::Lazy(value_type) = &entity.fields[field].kind else {
        unreachable!("it is among the lazy properties")
    };
    let (revision, value) = open_value(key, sealed).map_err(|error| error.to_string())?;
    let checked = value_type.check(value);
    checked.map_err(|error| error.to_string())?;
    Ok(revision)
}
