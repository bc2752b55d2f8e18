//! What one managed instance was like at a moment, by value.
//!
//! Properties are kept in their stored form, so an image needs nothing of the entity's type. Fields
//! that are no properties (`skip`) are not in it, nor is a value that serde refuses: restoring leaves
//! these as they are. Restoring changes the instance in its place, and nothing else.

use crate::codec::RowKey;
use crate::entity::{AnyCollection, AnyEntity, Membership, Origin};
use crate::schema::{EntitySchema, FieldIndex, ResolvedKind};
use crate::storage::Bytes;

use super::{Life, Slot};

/// A slot, as it was.
pub(super) struct Image {
    life: Life,
    row: Option<Bytes>,
    lazies: Vec<(FieldIndex, Bytes)>,
    linked: Option<Box<[Option<RowKey>]>>,
    body: Option<Properties>,
}

/// The properties of an instance.
struct Properties {
    to_ones: Vec<(FieldIndex, Option<RowKey>)>,
    /// Scalars and lazy properties; `None` where a lazy one is not loaded.
    values: Vec<(FieldIndex, Option<Vec<u8>>)>,
    collections: Vec<(FieldIndex, Items)>,
}

struct Items {
    /// Whose they are; of a collection that the program built, nobody's yet.
    owner: Option<RowKey>,
    membership: Membership,
    dirty: bool,
    keys: Vec<RowKey>,
}

impl Image {
    pub(super) fn of(entity: &EntitySchema, slot: &Slot) -> Self {
        Self {
            life: slot.life,
            row: slot.row.clone(),
            lazies: slot.lazies.clone(),
            linked: slot.linked().map(Into::into),
            body: slot
                .body
                .as_deref()
                .map(|body| Properties::of(entity, body)),
        }
    }

    /// Makes the slot what it was.
    pub(super) fn restore(self, entity: &EntitySchema, slot: &mut Slot) {
        slot.life = self.life;
        slot.row = self.row;
        slot.lazies = self.lazies;
        slot.set_linked(self.linked);
        match (self.body, &mut slot.body) {
            (Some(properties), Some(body)) => {
                body.set_row_key(&slot.key);
                properties.restore(entity, &slot.key, body.as_mut());
            }
            (None, body) => *body = None,
            (Some(_), None) => unreachable!("a loaded instance stays loaded"),
        }
    }
}

impl Properties {
    fn of(entity: &EntitySchema, body: &dyn AnyEntity) -> Self {
        let is_reference =
            |field: &FieldIndex| matches!(entity.fields[*field].kind, ResolvedKind::Relation(_));
        let scalars = entity.columns.iter().filter(|field| !is_reference(field));
        let value = |field: &FieldIndex| {
            let mut stored = Vec::new();
            let is_loaded = body.encode(*field, &mut stored).ok()?;
            Some((*field, is_loaded.then_some(stored)))
        };
        let items = |collection: &dyn AnyCollection| Items {
            owner: collection.owner().cloned(),
            membership: collection.membership(),
            dirty: collection.dirty(),
            keys: collection.keys(),
        };
        Self {
            to_ones: entity
                .to_ones
                .iter()
                .map(|field| (*field, body.to_one(*field)))
                .collect(),
            values: scalars.chain(&entity.lazies).filter_map(value).collect(),
            collections: entity
                .to_manys
                .iter()
                .map(|field| (*field, items(body.to_many(*field))))
                .collect(),
        }
    }

    fn restore(self, entity: &EntitySchema, key: &RowKey, body: &mut dyn AnyEntity) {
        for (field, target) in self.to_ones {
            body.set_to_one(field, target.as_ref());
        }
        for (field, stored) in self.values {
            // A type that can't read what it wrote keeps its value: this runs while a panic unwinds,
            // where a second one would end the process.
            let _unreadable = body.decode(field, stored.as_deref());
        }
        for (field, items) in self.collections {
            let origin = Origin {
                entity: entity.name,
                property: entity.fields[field].name,
            };
            let collection = body.to_many_mut(field);
            let owner = items.owner.as_ref().unwrap_or(key);
            collection.bind(owner, origin, items.membership, &mut items.keys.into_iter());
            collection.set_dirty(items.dirty);
        }
    }
}
