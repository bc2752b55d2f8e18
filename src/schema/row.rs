//! A stored row by the positions of its properties, decoded on demand: what derives hydrate of, and
//! what derived values are computed of.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{EntitySchema, FieldIndex};
use crate::codec::record::Properties;
use crate::codec::value::{decode_value, encode_value};
use crate::codec::{EntityKey, RowKey};
use crate::error::{Error, Result};

/// A stored row of one entity. Its bytes are verified; a property may be missing because it was
/// added to the entity after the row was written.
pub struct HydrateRow<'a> {
    of: Of<'a>,
    values: &'a [Option<&'a [u8]>],
}

/// Whose properties they are.
#[derive(Clone, Copy)]
enum Of<'a> {
    Row {
        schema: &'a EntitySchema,
        key: &'a RowKey,
    },
    /// An element of a list of embedded values, which has these properties.
    Element(&'static [&'static str]),
}

impl<'a> HydrateRow<'a> {
    /// `values` holds the bytes of each property of `schema`, by position.
    pub(crate) fn new(
        schema: &'a EntitySchema,
        key: &'a RowKey,
        values: &'a [Option<&'a [u8]>],
    ) -> Self {
        debug_assert_eq!(schema.fields.len(), values.len());
        let of = Of::Row { schema, key };
        Self { of, values }
    }

    /// An element of a list of embedded values. `values` holds the bytes of each of its properties.
    pub(crate) fn of_element(
        properties: &'static [&'static str],
        values: &'a [Option<&'a [u8]>],
    ) -> Self {
        debug_assert_eq!(properties.len(), values.len());
        let of = Of::Element(properties);
        Self { of, values }
    }

    /// The stored bytes of a property.
    pub(crate) fn stored(&self, field: FieldIndex) -> Option<&'a [u8]> {
        self.values[field]
    }

    /// Whether an embedded value is there; nothing, where the row does not say.
    #[must_use]
    pub fn presence(&self, field: usize) -> Option<bool> {
        self.values[field]
            .filter(|stored| !stored.is_empty())
            .map(|stored| *stored != [0])
    }

    /// The primary key.
    ///
    /// # Errors
    /// When the bytes are no key of this type.
    ///
    /// # Panics
    /// Of an element: an embedded value has no key.
    pub fn key<K: EntityKey>(&self) -> Result<K> {
        match self.of {
            Of::Row { key, .. } => Ok(K::from_row_key(key)?),
            Of::Element(_) => unreachable!("an embedded value has no key"),
        }
    }

    /// A scalar property.
    ///
    /// # Errors
    /// When it is missing or can't be read.
    pub fn scalar<V: DeserializeOwned + 'static>(&self, field: usize) -> Result<V> {
        match self.values[field] {
            Some(stored) => decode_value(stored).map_err(|error| self.damaged(field, &error)),
            None => Err(self.damaged(field, &"it is missing, and has no default")),
        }
    }

    /// A scalar property, or its default where the row is older than the property.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn scalar_or<V: DeserializeOwned + 'static>(
        &self,
        field: usize,
        default: impl FnOnce() -> V,
    ) -> Result<V> {
        match self.values[field] {
            Some(_) => self.scalar(field),
            None => Ok(default()),
        }
    }

    /// The stored form of what was derived of the row.
    ///
    /// # Errors
    /// When the value can't be stored.
    pub fn derived<V: Serialize + 'static>(
        &self,
        name: &'static str,
        value: &V,
    ) -> Result<Vec<u8>> {
        let mut stored = Vec::new();
        encode_value(value, &mut stored).map_err(|source| Error::Encode {
            entity: self.entity(),
            property: name,
            source: Box::new(source),
        })?;
        Ok(stored)
    }

    fn entity(&self) -> &'static str {
        match self.of {
            Of::Row { schema, .. } => schema.name,
            Of::Element(_) => unreachable!("nothing is derived of an element"),
        }
    }

    pub(crate) fn damaged(&self, field: FieldIndex, why: &dyn fmt::Display) -> Error {
        let place = match self.of {
            Of::Row { schema, key } => format!(
                "property `{}` of {} {}",
                schema.fields[field].name,
                schema.name,
                schema.print_key(key)
            ),
            Of::Element(properties) => format!("property `{}` of an element", properties[field]),
        };
        Error::corruption(format!("{place} can't be read: {why}"))
    }
}

impl EntitySchema {
    /// Puts the stored properties at their positions. A number without a property belongs to one that
    /// the entity no longer has.
    pub(crate) fn place<'r>(&self, row: Properties<'r>, values: &mut [Option<&'r [u8]>]) {
        for (number, stored) in row.iter() {
            let field = self.by_number.get(usize::from(number.0));
            if let Some(field) = field.copied().flatten() {
                values[field] = Some(stored);
            }
        }
    }
}
