//! The properties of a struct, by position: what derives generate of entities, bases and embedded values.

use std::fmt;
use std::time::SystemTime;

use serde::ser::SerializeMap;

use super::{AnyCollection, Groups, HydrateRow, Written};
use crate::codec::RowKey;
use crate::codec::value::ValueError;
use crate::error::Result;
use crate::schema::{FieldDescription, FieldSet};

/// The properties of an entity or of a base entity, by position. Derives implement it.
///
/// The relation methods are called only with the position of a relation of the right kind, so a
/// type without relations keeps the defaults.
pub trait Fields: Sized + Send + Sync + 'static {
    /// How many properties there are, those of the base included.
    const COUNT: usize;

    /// The type of the version, or [`Unversioned`].
    type Version;

    /// The properties, in order.
    fn describe() -> Vec<FieldDescription>;

    /// Makes the instance of a stored row. The property at position 0 is the row's `first`.
    ///
    /// # Errors
    /// When a property's bytes can't be read.
    fn hydrate(row: &HydrateRow<'_>, first: usize) -> Result<Self>;

    /// Appends the stored form of a scalar or lazy property. `false`: it is lazy and not loaded.
    ///
    /// # Errors
    /// When serde refuses the value.
    fn encode(&self, field: usize, out: &mut Vec<u8>) -> Result<bool, ValueError>;

    /// Replaces a scalar or lazy property by what is stored. `None` unloads a lazy property.
    ///
    /// # Errors
    /// When the bytes can't be read.
    fn decode(&mut self, field: usize, stored: Option<&[u8]>) -> Result<(), ValueError>;

    /// Whether an embedded value may be absent.
    const HAS_OPTIONAL_VALUES: bool = false;

    /// Lets embedded values be there, and not, as they are in the row, before [`Fields::decode`] gives
    /// their properties. What the row says nothing of stays as it is.
    ///
    /// # Errors
    /// When a property of a value that comes to be there can't be read.
    fn embed(&mut self, row: &HydrateRow<'_>, first: usize) -> Result<()> {
        let _ = (row, first);
        Ok(())
    }

    /// The property's value, to be printed.
    fn debug(&self, field: usize) -> &dyn fmt::Debug;

    /// Sets the properties that have `on_update` or `updated_at`, but for those in `explicit`.
    fn apply_on_update(&mut self, explicit: &FieldSet, first: usize, now: SystemTime);

    /// Writes the entry of a key, scalar or loaded lazy property; of a lazy property that is not
    /// loaded, nothing.
    ///
    /// # Errors
    /// What the serializer says.
    fn serialize<M: SerializeMap>(
        &self,
        field: usize,
        name: &'static str,
        written: Written<'_>,
        map: &mut M,
    ) -> Result<(), M::Error>;

    /// Writes the entry of a key, scalar or to-one relation that is stored so: a relation as the value of
    /// its key, and nothing where it refers to nothing.
    ///
    /// # Errors
    /// What the serializer says, or that the bytes can't be read.
    fn serialize_stored<M: SerializeMap>(
        field: usize,
        stored: Option<&[u8]>,
        name: &'static str,
        written: Written<'_>,
        map: &mut M,
    ) -> Result<(), M::Error>;

    /// The names under which results of functions are serialized, base entity's first.
    #[must_use]
    fn computed() -> Vec<&'static str> {
        Vec::new()
    }

    /// Writes the entries of the results of functions, as far as the groups are asked for.
    ///
    /// # Errors
    /// What the serializer says.
    fn serialize_computed<M: SerializeMap>(
        &self,
        groups: &Groups,
        map: &mut M,
    ) -> Result<(), M::Error> {
        let _ = (groups, map);
        Ok(())
    }

    /// What a to-one relation refers to.
    fn to_one(&self, field: usize) -> Option<RowKey> {
        unreachable!("property {field} is no to-one relation")
    }

    /// Changes what a to-one relation refers to. `false`: `None` was given to a required one.
    fn set_to_one(&mut self, field: usize, target: Option<&RowKey>) -> bool {
        let _ = target;
        unreachable!("property {field} is no to-one relation")
    }

    /// A collection or an inverse to-one property.
    fn to_many(&self, field: usize) -> &dyn AnyCollection {
        unreachable!("property {field} is no collection")
    }

    /// A collection or an inverse to-one property, to be changed.
    fn to_many_mut(&mut self, field: usize) -> &mut dyn AnyCollection {
        unreachable!("property {field} is no collection")
    }
}

/// In the place of the version's type: the entity has no version.
#[derive(Debug)]
pub enum Unversioned {}

/// What generated code does about a position at which it has no such property.
///
/// # Panics
/// Always: positions come from the description that the same derive makes.
#[cold]
#[track_caller]
pub fn misplaced(of: &str, field: usize) -> ! {
    unreachable!("`{of}` has no such property at position {field}")
}
