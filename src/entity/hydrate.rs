//! The relations of a stored row, as the derives' `hydrate` reads them.

use super::{AnyEntity, Entity, Id};
use crate::codec::{EntityKey, RowKey};
use crate::error::Result;
use crate::schema::{EntitySchema, FieldIndex};

/// Lets the embedded values of an instance be there, and not, as `stored` says it of each property;
/// what it says nothing of stays as it is.
///
/// # Errors
/// When a value can't be read.
pub(crate) fn embed<'r>(
    schema: &EntitySchema,
    key: &RowKey,
    body: &mut dyn AnyEntity,
    stored: impl Fn(FieldIndex) -> Option<&'r [u8]>,
) -> Result<()> {
    if !body.has_optional_values() {
        return Ok(());
    }
    let value = |field: FieldIndex| schema.fields[field].unit.and_then(|_| stored(field));
    let values: Vec<_> = (0..schema.fields.len()).map(value).collect();
    body.embed(&HydrateRow::new(schema, key, &values))
}

pub use crate::schema::HydrateRow;

impl HydrateRow<'_> {
    /// A required to-one relation.
    ///
    /// # Errors
    /// When it is missing or can't be read.
    pub fn to_one<T: Entity>(&self, field: usize) -> Result<Id<T>> {
        self.to_one_optional(field)?
            .ok_or_else(|| self.damaged(field, &"it is missing, and is required"))
    }

    /// An optional to-one relation.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn to_one_optional<T: Entity>(&self, field: usize) -> Result<Option<Id<T>>> {
        let Some(stored) = self.stored(field) else {
            return Ok(None);
        };
        RowKey::decode_reference(T::Key::KIND, stored)
            .and_then(|key| key.as_ref().map(Id::from_row_key).transpose())
            .map_err(|error| self.damaged(field, &error))
    }
}
