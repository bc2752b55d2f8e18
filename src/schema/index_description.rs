//! What the derives say of indexes that are declared on the struct. Plain data, as
//! [`super::description`] is.

use std::fmt;

use serde::de::DeserializeOwned;

use super::{ElementType, Elements, ValueType};
use crate::codec::OrderedKey;

/// An index as its derive describes it.
#[derive(Debug, Clone)]
pub struct IndexDescription {
    /// What the program calls it, where it does.
    pub(crate) name: Option<&'static str>,
    /// The parts, as messages name them.
    pub(crate) label: &'static str,
    pub(crate) unique: bool,
    pub(crate) parts: Vec<PartDescription>,
}

/// A part of an index as its derive describes it.
#[derive(Debug, Clone, Copy)]
pub struct PartDescription {
    /// The property's position.
    pub(crate) field: usize,
    pub(crate) kind: DescribedPart,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum DescribedPart {
    Value(ValueType),
    Reference,
    Each(ElementType),
}

impl IndexDescription {
    /// An index by which rows are found.
    #[must_use]
    pub fn plain(label: &'static str, parts: impl Into<Vec<PartDescription>>) -> Self {
        Self {
            name: None,
            label,
            unique: false,
            parts: parts.into(),
        }
    }

    /// No two rows have the same in all parts.
    #[must_use]
    pub fn unique(label: &'static str, parts: impl Into<Vec<PartDescription>>) -> Self {
        Self {
            unique: true,
            ..Self::plain(label, parts)
        }
    }

    /// The name that the stored data use.
    #[must_use]
    pub fn named(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }
}

impl PartDescription {
    /// A property in the row.
    #[must_use]
    pub const fn value<V: DeserializeOwned + OrderedKey + fmt::Debug>(field: usize) -> Self {
        Self {
            field,
            kind: DescribedPart::Value(ValueType::of::<V>().ordered::<V>()),
        }
    }

    /// An owning to-one relation.
    #[must_use]
    pub const fn reference(field: usize) -> Self {
        Self {
            field,
            kind: DescribedPart::Reference,
        }
    }

    /// Each element of a property in the row.
    #[must_use]
    pub const fn each<V: Elements>(field: usize) -> Self {
        Self {
            field,
            kind: DescribedPart::Each(ElementType::of::<V>()),
        }
    }
}
