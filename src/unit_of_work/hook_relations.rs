//! What a hook must leave alone: a hook changes its own entity, and these relations live elsewhere
//! too. A change of them is refused instead of being lost, and the savepoint of the flush takes it back.

use crate::codec::RowKey;
use crate::context::{Context, Instance};
use crate::entity::{Membership, Origin};
use crate::error::{Error, Result};
use crate::schema::{EntitySchema, FieldIndex, RelationKind};

/// The relations of an instance as a hook found them.
pub(super) struct Relations {
    collections: Vec<(FieldIndex, Membership, Option<Origin>)>,
    one_to_ones: Vec<(FieldIndex, Option<RowKey>)>,
}

impl Relations {
    pub(super) fn of(context: &Context, instance: Instance) -> Self {
        let entity = context.entity(instance.entity);
        let body = context.body(instance);
        // A program can't change a collection in its place, only put another one there.
        let collections = entity.to_manys.iter().map(|field| {
            let collection = body.to_many(*field);
            (*field, collection.membership(), collection.origin())
        });
        let one_to_ones = entity
            .to_ones
            .iter()
            .filter(|field| is_one_to_one(entity, **field));
        Self {
            collections: collections.collect(),
            one_to_ones: one_to_ones
                .map(|field| (*field, body.to_one(*field)))
                .collect(),
        }
    }

    /// Refuses what the hook has changed of them.
    pub(super) fn check(self, context: &Context, instance: Instance) -> Result<()> {
        let entity = context.entity(instance.entity);
        let body = context.body(instance);
        let collection = self.collections.iter().find(|(field, membership, origin)| {
            let collection = body.to_many(*field);
            collection.membership() != *membership || collection.origin() != *origin
        });
        let one_to_one = self
            .one_to_ones
            .iter()
            .find(|(field, before)| body.to_one(*field) != *before);
        let changed = collection
            .map(|(field, ..)| *field)
            .or(one_to_one.map(|(field, _)| *field));
        changed.map_or(Ok(()), |field| {
            Err(Error::other(format!(
                "it has changed the relation `{}`, of which another row is a part too; change it before the flush, with \
                 `em.edit(id)`",
                entity.fields[field].name
            )))
        })
    }
}

fn is_one_to_one(entity: &EntitySchema, field: FieldIndex) -> bool {
    matches!(
        entity.relation(field).kind,
        RelationKind::ToOne {
            one_to_one: true,
            ..
        }
    )
}
