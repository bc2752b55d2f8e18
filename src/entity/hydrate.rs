//! The relations of a stored row, as the derives' `hydrate` reads them.

use super::{Entity, Id};
use crate::codec::{EntityKey, RowKey};
use crate::error::Result;

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
