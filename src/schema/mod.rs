//! What entities look like: the descriptions that derives emit, and the resolved, validated,
//! immutable [`Schema`] made of them when a database is opened.
//!
//! Knows nothing of instances, keys in the store or I/O. Invariant: once a [`Schema`] exists, every
//! relation's target and inverse side resolve, and field positions never change.

mod build;
mod derived;
mod description;
mod elements;
mod entity;
mod equality;
mod field_set;
mod index;
mod index_description;
mod list;
mod names;
mod order;
mod readable;
mod row;
mod value_type;

pub use description::{FieldDescription, OnDelete, Relation, Target};
pub use elements::Elements;
pub use equality::{Equal, Equality, OfAnyType};
pub use field_set::FieldSet;
pub use index_description::{IndexDescription, PartDescription};
pub use names::{concatenated, prefixed, prefixed_length, split};
pub use order::OrderTerm;
pub use readable::{ByDefault, Readability, Readable};
pub use row::HydrateRow;
pub use value_type::{CharCount, VersionNumber};

pub(crate) use build::{KeyType, build};
pub(crate) use derived::{Derive, DerivedValue};
pub(crate) use description::{EntityDescription, FieldKind};
pub(crate) use elements::ElementType;
pub(crate) use entity::{
    EntityIndex, EntitySchema, FieldIndex, FieldSchema, JoinIndex, JoinSchema, RelationKind,
    RelationSchema, ResolvedKind, Schema, Side,
};
pub(crate) use index::{IndexPart, IndexSchema, PartKind};
pub(crate) use index_description::DescribedPart;
pub(crate) use list::{ListDescription, ListSchema, properties_of};
pub(crate) use value_type::{ValueType, VersionType};
