//! Lists of embedded values: what the properties of their elements are, and how stored lists are read
//! and made without the element's type.

use std::any::TypeId;
use std::fmt;

use super::{FieldDescription, FieldIndex, FieldSchema};
use crate::codec::list::StoredList;
use crate::codec::value::ValueError;
use crate::error::Result;

/// Makes the stored form of a list of its elements' properties, by position. What an element lacks gets
/// its default.
pub(crate) type Pack = fn(&[Vec<Option<Vec<u8>>>]) -> Result<Vec<u8>>;

/// A list of embedded values as its derive describes it.
#[derive(Clone, Copy)]
pub(crate) struct ListDescription {
    /// The name of the elements' struct.
    pub(crate) of: &'static str,
    /// The elements' struct.
    pub(crate) type_id: TypeId,
    /// The properties of an element.
    pub(crate) fields: fn() -> Vec<FieldDescription>,
    pub(crate) pack: Pack,
}

impl fmt::Debug for ListDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of {}", self.of)
    }
}

/// A list of embedded values, resolved.
#[derive(Debug)]
#[cfg_attr(
    not(feature = "serde-json"),
    expect(dead_code, reason = "only JSON is made into lists by them")
)]
pub(crate) struct ListSchema {
    /// The name of the elements' struct.
    pub(crate) of: &'static str,
    /// The properties of an element.
    pub(crate) fields: Vec<FieldSchema>,
    pub(crate) pack: Pack,
}

impl ListSchema {
    /// The names of the elements' properties, by position.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.fields.iter().map(|field| field.name)
    }
}

impl FieldSchema {
    /// The elements in a stored list of embedded values; an absent list has none.
    ///
    /// # Errors
    /// When the bytes are no list.
    pub(crate) fn stored_list(&self, stored: &[u8]) -> Result<Option<StoredList>, ValueError> {
        StoredList::decode(stored, self.nullable)
    }
}

/// Of the properties of an entity, or of an element, those of an embedded value, or those of none.
pub(crate) fn properties_of(
    fields: &[FieldSchema],
    value: Option<FieldIndex>,
) -> impl Iterator<Item = FieldIndex> + '_ {
    (0..fields.len()).filter(move |field| fields[*field].part_of == value)
}
