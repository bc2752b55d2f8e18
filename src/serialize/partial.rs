//! Partial rows to serde: as their entity is written, with what is there.
//!
//! Computed properties are not written: they are computed of a whole entity.

use std::any::TypeId;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::entity::{Entity, Groups, Written};
use crate::query::Partial;
use crate::schema::FieldIndex;

impl<T: Entity> Serialize for Partial<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let groups = &Groups::ANY;
        let part_of = None;
        let partial = self;
        Entries {
            partial,
            groups,
            part_of,
        }
        .serialize(serializer)
    }
}

impl<T: Entity> Partial<T> {
    /// Chooses, of properties with groups, those of this group, as
    /// [`Serialization::group`](crate::Serialization::group) does.
    pub fn group<G: 'static>(&self) -> PartialSerialization<'_, T> {
        self.ungrouped().group::<G>()
    }

    /// Chooses properties without groups only, as
    /// [`Serialization::ungrouped`](crate::Serialization::ungrouped) does.
    pub fn ungrouped(&self) -> PartialSerialization<'_, T> {
        let mut groups = Groups::ANY;
        groups.select();
        PartialSerialization {
            partial: self,
            groups,
        }
    }
}

/// A choice of what to serialize of a partial row. It implements [`Serialize`].
#[must_use = "a serialization does nothing until a serializer takes it"]
pub struct PartialSerialization<'p, T: Entity> {
    partial: &'p Partial<T>,
    groups: Groups,
}

impl<T: Entity> PartialSerialization<'_, T> {
    /// The properties of this group, too.
    pub fn group<G: 'static>(mut self) -> Self {
        self.groups.select().push(TypeId::of::<G>());
        self
    }
}

impl<T: Entity> Serialize for PartialSerialization<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { partial, groups } = self;
        let part_of = None;
        Entries {
            partial,
            groups,
            part_of,
        }
        .serialize(serializer)
    }
}

/// A partial row, or an embedded value of one, as a map.
struct Entries<'p, T: Entity> {
    partial: &'p Partial<T>,
    groups: &'p Groups,
    part_of: Option<FieldIndex>,
}

impl<T: Entity> Serialize for Entries<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = &self.partial.shape().entity().fields;
        let mut map = serializer.serialize_map(None)?;
        for (field, property) in fields.iter().enumerate() {
            let is_wanted = property.part_of == self.part_of
                && !property.hidden
                && self.groups.admit(property.groups);
            let Some(value) = self.partial.value(field).filter(|_| is_wanted) else {
                continue;
            };
            let (name, stored) = (property.serialized_name, value.stored());
            match stored {
                _ if property.embedded.is_none() => {
                    let groups = self.groups;
                    let written = Written { property, groups };
                    T::serialize_stored(field, stored, name, written, &mut map)?;
                }
                None | Some([] | [0]) => map.serialize_entry(name, &())?,
                Some(_) => {
                    let part_of = Some(field);
                    map.serialize_entry(name, &Entries { part_of, ..*self })?;
                }
            }
        }
        map.end()
    }
}
