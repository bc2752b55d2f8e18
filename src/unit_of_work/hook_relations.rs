//! What a hook must leave alone: a hook changes its own entity, and these relations live elsewhere
//! too. A change of them is refused, and taken back, instead of being lost.

use std::sync::Arc;

use crate::codec::RowKey;
use crate::context::{Context, Instance};
use crate::entity::{Membership, Origin};
use crate::error::{Error, Result};
use crate::schema::{EntitySchema, FieldIndex, RelationKind};

/// The relations of an instance as a hook found them.
pub(super) struct Relations {
    collections: Vec<(FieldIndex, Membership, bool, Vec<RowKey>)>,
    one_to_ones: Vec<(FieldIndex, Option<RowKey>)>,
}

impl Relations {
    pub(super) fn of(context: &Context, instance: Instance) -> Self {
        let entity = context.entity(instance.entity);
        let body = context.body(instance);
        let collections = entity.to_manys.iter().map(|field| {
            let collection = body.to_many(*field);
            (
                *field,
                collection.membership(),
                collection.dirty(),
                collection.keys(),
            )
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
    pub(super) fn check(self, context: &mut Context, instance: Instance) -> Result<()> {
        let schema = Arc::clone(&context.schema);
        let entity = schema.entity(instance.entity);
        let key = context.slot(instance).key.clone();
        let body = context.body_mut(instance);
        let mut changed = None;
        for (field, membership, dirty, items) in self.collections {
            let collection = body.to_many_mut(field);
            if collection.membership() == Membership::Detached {
                let origin = Origin {
                    entity: entity.name,
                    property: entity.fields[field].name,
                };
                collection.bind(&key, origin, membership, &mut items.into_iter());
                collection.set_dirty(dirty);
                changed = Some(field);
            }
        }
        for (field, before) in self.one_to_ones {
            if body.to_one(field) != before {
                changed = Some(field);
            }
        }
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
