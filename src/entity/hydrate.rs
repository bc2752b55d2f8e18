//! A stored row as the derives' `hydrate` reads it: property bytes by position, decoded on demand.

use serde::de::DeserializeOwned;

use super::{Entity, Id};
use crate::codec::value::decode_value;
use crate::codec::{EntityKey, RowKey};
use crate::error::{Error, Result};
use crate::schema::EntitySchema;

/// A stored row of one entity. Its bytes are verified; a property may be missing because it was
/// added to the entity after the row was written.
pub struct HydrateRow<'a> {
    schema: &'a EntitySchema,
    key: &'a RowKey,
    values: &'a [Option<&'a [u8]>],
}

impl<'a> HydrateRow<'a> {
    /// `values` holds the bytes of each property of `schema`, by position.
    pub(crate) fn new(
        schema: &'a EntitySchema,
        key: &'a RowKey,
        values: &'a [Option<&'a [u8]>],
    ) -> Self {
        debug_assert_eq!(schema.fields.len(), values.len());
        Self {
            schema,
            key,
            values,
        }
    }

    /// The primary key.
    ///
    /// # Errors
    /// When the bytes are no key of this type.
    pub fn key<K: EntityKey>(&self) -> Result<K> {
        Ok(K::from_row_key(self.key)?)
    }

    /// A scalar property.
    ///
    /// # Errors
    /// When it is missing or can't be read.
    pub fn scalar<V: DeserializeOwned>(&self, field: usize) -> Result<V> {
        match self.values[field] {
            Some(stored) => decode_value(stored).map_err(|error| self.damaged(field, &error)),
            None => Err(self.damaged(field, &"it is missing, and has no default")),
        }
    }

    /// A scalar property, or its default where the row is older than the property.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn scalar_or<V: DeserializeOwned>(
        &self,
        field: usize,
        default: impl FnOnce() -> V,
    ) -> Result<V> {
        match self.values[field] {
            Some(_) => self.scalar(field),
            None => Ok(default()),
        }
    }

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
        let Some(stored) = self.values[field] else {
            return Ok(None);
        };
        RowKey::decode_reference(T::Key::KIND, stored)
            .and_then(|key| key.as_ref().map(Id::from_row_key).transpose())
            .map_err(|error| self.damaged(field, &error))
    }

    fn damaged(&self, field: usize, why: &dyn std::fmt::Display) -> Error {
        let name = self.schema.name;
        let key = self.schema.print_key(self.key);
        Error::corruption(format!(
            "property `{}` of {name} {key} can't be read: {why}",
            self.schema.fields[field].name
        ))
    }
}
