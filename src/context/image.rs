//! What one managed instance was like at a moment, by value.
//!
//! Properties are kept in their stored form, so an image needs nothing of the entity's type. Fields
//! that are no properties (`skip`) are not in it, nor is a value that serde refuses: restoring leaves
//! these as they are. Restoring changes the instance in its place, and nothing else.
//!
//! What was not touched equals its row, so the image of such an instance shares the row.

use crate::codec::RowKey;
use crate::codec::record::{Record, RowBody, RowBodyBuilder};
use crate::codec::value::ValueError;
use crate::entity::{AnyCollection, AnyEntity, Membership, Origin, embed};
use crate::schema::{EntitySchema, FieldIndex, ResolvedKind};
use crate::storage::Bytes;

use super::{Life, Slot};

/// A slot, as it was.
pub(super) struct Image {
    life: Life,
    row: Option<Bytes>,
    lazies: Vec<(FieldIndex, Bytes)>,
    has_stale_lazies: bool,
    linked: Option<Box<[Option<RowKey>]>>,
    body: Option<Properties>,
}

/// The properties of an instance.
struct Properties {
    to_ones: Vec<(FieldIndex, Option<RowKey>)>,
    values: Values,
    collections: Vec<(FieldIndex, Items)>,
}

/// Scalars and lazy properties.
enum Values {
    /// Those of the slot's row, and of its lazy values.
    AsStored,
    Own {
        scalars: RowBody,
        /// `None` where one is not loaded.
        lazies: Vec<(FieldIndex, Option<Vec<u8>>)>,
    },
}

struct Items {
    /// Whose they are, by which property; of a collection that the program built, nobody's yet.
    owner: Option<RowKey>,
    origin: Option<Origin>,
    membership: Membership,
    dirty: bool,
    keys: Vec<RowKey>,
}

impl Image {
    pub(super) fn of(entity: &EntitySchema, slot: &Slot) -> Self {
        Self::with(entity, slot, |body| Values::of(entity, slot, body))
    }

    /// As [`Self::of`], with scalars and loaded lazy values in their stored form, as they are now.
    pub(super) fn of_encoded(
        entity: &EntitySchema,
        slot: &Slot,
        scalars: RowBody,
        mut lazies: Vec<(FieldIndex, Vec<u8>)>,
    ) -> Self {
        let take = |field: &FieldIndex| {
            let at = lazies.iter().position(|(loaded, _)| loaded == field);
            (*field, at.map(|at| lazies.swap_remove(at).1))
        };
        let lazies = entity.lazies.iter().map(take).collect();
        Self::with(entity, slot, |_| Values::Own { scalars, lazies })
    }

    fn with(
        entity: &EntitySchema,
        slot: &Slot,
        values: impl FnOnce(&dyn AnyEntity) -> Values,
    ) -> Self {
        let body = slot.body.as_deref();
        Self {
            life: slot.life,
            row: slot.row.clone(),
            lazies: slot.lazies.clone(),
            has_stale_lazies: slot.has_stale_lazies,
            linked: slot.linked().map(Into::into),
            body: body.map(|body| Properties::of(entity, body, values(body))),
        }
    }

    /// Makes the slot what it was.
    pub(super) fn restore(self, entity: &EntitySchema, slot: &mut Slot) {
        slot.life = self.life;
        slot.row = self.row;
        slot.lazies = self.lazies;
        slot.has_stale_lazies = self.has_stale_lazies;
        slot.set_linked(self.linked);
        match (self.body, slot.body.take()) {
            (Some(properties), Some(mut body)) => {
                body.set_row_key(&slot.key);
                properties.restore(entity, slot, body.as_mut());
                slot.body = Some(body);
            }
            (None, _) => {}
            (Some(_), None) => unreachable!("a loaded instance stays loaded"),
        }
    }
}

impl Properties {
    fn of(entity: &EntitySchema, body: &dyn AnyEntity, values: Values) -> Self {
        let items = |collection: &dyn AnyCollection| Items {
            owner: collection.owner().cloned(),
            origin: collection.origin(),
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
            values,
            collections: entity
                .to_manys
                .iter()
                .map(|field| (*field, items(body.to_many(*field))))
                .collect(),
        }
    }

    /// `slot` is restored, but for its body.
    fn restore(self, entity: &EntitySchema, slot: &Slot, body: &mut dyn AnyEntity) {
        for (field, target) in self.to_ones {
            body.set_to_one(field, target.as_ref());
        }
        self.values.restore(entity, slot, body);
        for (field, items) in self.collections {
            let origin = items.origin.unwrap_or(Origin {
                entity: entity.name,
                property: entity.fields[field].name,
            });
            let collection = body.to_many_mut(field);
            let owner = items.owner.as_ref().unwrap_or(&slot.key);
            collection.bind(owner, origin, items.membership, &mut items.keys.into_iter());
            collection.set_dirty(items.dirty);
        }
    }
}

impl Values {
    fn of(entity: &EntitySchema, slot: &Slot, body: &dyn AnyEntity) -> Self {
        if is_as_stored(entity, slot) {
            return Self::AsStored;
        }
        let mut builder = RowBodyBuilder::new();
        for field in scalars(entity) {
            // What serde refuses is left out.
            let _refused = builder.property(entity.fields[field].number, |out| {
                body.encode(field, out).map(|_| ())
            });
        }
        let lazy = |field: &FieldIndex| {
            let mut stored = Vec::new();
            let is_loaded = body.encode(*field, &mut stored).ok()?;
            Some((*field, is_loaded.then_some(stored)))
        };
        Self::Own {
            scalars: builder.finish(),
            lazies: entity.lazies.iter().filter_map(lazy).collect(),
        }
    }

    fn restore(self, entity: &EntitySchema, slot: &Slot, body: &mut dyn AnyEntity) {
        // A type that can't read what it wrote keeps its value: this runs while a panic unwinds, where
        // a second one would end the process.
        let number = |field: FieldIndex| entity.fields[field].number;
        let _unreadable = match &self {
            Self::AsStored => {
                let record = slot.record().expect("a row was there");
                embed(entity, &slot.key, body, |field| record.get(number(field)))
            }
            Self::Own { scalars, .. } => {
                embed(entity, &slot.key, body, |field| scalars.get(number(field)))
            }
        };
        let mut decode = |field, stored: Option<&[u8]>| {
            let _unreadable: Result<(), ValueError> = body.decode(field, stored);
        };
        match self {
            Self::AsStored => {
                let record = slot.record().expect("a row was there");
                for field in scalars(entity) {
                    decode(field, record.get(entity.fields[field].number));
                }
                for field in &entity.lazies {
                    decode(*field, slot.lazy(*field).map(|stored| &**stored));
                }
            }
            Self::Own {
                scalars: own,
                lazies,
            } => {
                for field in scalars(entity) {
                    if let Some(stored) = own.get(entity.fields[field].number) {
                        decode(field, Some(stored));
                    }
                }
                for (field, stored) in lazies {
                    decode(field, stored.as_deref());
                }
            }
        }
    }
}

/// Whether the row says all that there is in memory. An older row may lack properties.
fn is_as_stored(entity: &EntitySchema, slot: &Slot) -> bool {
    let says_all = |row: Record<'_>| {
        // Both ascend.
        let mut numbers = row.iter().map(|(number, _)| number);
        scalars(entity).all(|field| numbers.any(|number| number == entity.fields[field].number))
    };
    slot.life == Life::Managed && !slot.is_touched() && slot.record().is_some_and(says_all)
}

fn scalars(entity: &EntitySchema) -> impl Iterator<Item = FieldIndex> {
    let is_scalar =
        |field: &FieldIndex| !matches!(entity.fields[*field].kind, ResolvedKind::Relation(_));
    entity.columns.iter().copied().filter(is_scalar)
}
