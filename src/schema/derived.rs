//! Values that no row holds, and that indexes and conditions have all the same: those of a function of
//! stored properties.

use std::borrow::Cow;

use super::{EntitySchema, FieldIndex, FieldSet, HydrateRow, ResolvedKind, ValueType};
use crate::codec::RowKey;
use crate::codec::record::Properties;
use crate::error::Result;

/// Computes the value of a row, in its stored form.
pub(crate) type Derive = fn(&HydrateRow<'_>) -> Result<Vec<u8>>;

/// How a derived value is computed, and what it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DerivedValue {
    pub(crate) value_type: ValueType,
    /// The properties that the function reads.
    pub(crate) reads: FieldSet,
    pub(crate) derive: Derive,
}

impl EntitySchema {
    /// The stored form of a property in the row, or of a value derived of it; none where the row lacks
    /// it, or it is of an embedded value that is absent.
    pub(crate) fn value_of<'r>(
        &self,
        field: FieldIndex,
        key: &RowKey,
        row: Properties<'r>,
    ) -> Result<Option<Cow<'r, [u8]>>> {
        let property = &self.fields[field];
        let ResolvedKind::Derived(derived) = &property.kind else {
            return Ok(property
                .present(row.get(property.number))
                .map(Cow::Borrowed));
        };
        let mut values = vec![None; self.fields.len()];
        self.place(row, &mut values);
        let value = (derived.derive)(&HydrateRow::new(self, key, &values))?;
        Ok(Some(Cow::Owned(value)))
    }
}
