//! An order that an entity or a collection declares.

use super::{FieldIndex, ValueType};

/// A property of an entity that its rows are ordered by.
#[derive(Debug, Clone, Copy)]
pub struct OrderTerm {
    pub(crate) field: FieldIndex,
    pub(crate) value_type: ValueType,
    pub(crate) descending: bool,
}
