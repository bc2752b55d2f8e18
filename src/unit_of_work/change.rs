//! Change sets: what a flush is about to do to each row.

use std::sync::Arc;

use crate::codec::record::{Record, RowBody, RowBodyBuilder};
use crate::codec::value::ValueError;
use crate::codec::{KeyError, RowKey};
use crate::context::{Context, Instance, Slot};
use crate::entity::{AnyEntity, ChangeKind, ChangeSetData, display, embed};
use crate::error::{Error, Result};
use crate::schema::{EntityIndex, EntitySchema, FieldIndex, FieldSet, ResolvedKind, Schema};
use crate::storage::Bytes;

/// What a flush, or a bulk operation, does to one row.
pub(crate) struct Change {
    pub(crate) entity: EntityIndex,
    /// The instance behind it; none for a bulk operation.
    pub(crate) instance: Option<Instance>,
    pub(crate) key: RowKey,
    pub(crate) kind: ChangeKind,
    /// For [`ChangeKind::Create`]: a row of the same key is removed by the same flush.
    pub(crate) replaces: bool,
    /// The row's properties as they shall be; empty for a removal.
    pub(crate) body: RowBody,
    /// The lazy properties to be written.
    pub(crate) lazies: Vec<(FieldIndex, Vec<u8>)>,
    /// The properties that differ from the row, the lazy ones included.
    pub(crate) changed: FieldSet,
    /// The row that was read, where the stored one must agree with it.
    pub(crate) read: Option<Bytes>,
    /// What the `after_*` hooks will be told, where there are any.
    pub(crate) after: Option<ChangeSetData>,
}

impl Change {
    /// The removal of the row of an instance.
    pub(super) fn removal(
        instance: Instance,
        key: RowKey,
        read: Option<Bytes>,
        after: Option<ChangeSetData>,
    ) -> Self {
        Self {
            instance: Some(instance),
            read,
            after,
            ..Self::removal_of_row(instance.entity, key)
        }
    }

    /// The removal of a row, whatever its version.
    pub(super) fn removal_of_row(entity: EntityIndex, key: RowKey) -> Self {
        let body = RowBodyBuilder::new().finish();
        Self {
            entity,
            instance: None,
            key,
            kind: ChangeKind::Delete,
            replaces: false,
            body,
            lazies: Vec::new(),
            changed: FieldSet::new(),
            read: None,
            after: None,
        }
    }

    /// What the change does, as the query log says it.
    pub(crate) const fn verb(&self) -> &'static str {
        match self.kind {
            ChangeKind::Create => "insert",
            ChangeKind::Update => "update",
            ChangeKind::Delete => "delete",
        }
    }

    /// The stored form of a property, where there is one.
    pub(super) fn stored(&self, entity: &EntitySchema, field: FieldIndex) -> Option<&[u8]> {
        let property = &entity.fields[field];
        match &property.kind {
            ResolvedKind::Lazy(_) => {
                let mut lazies = self.lazies.iter();
                let (_, stored) = lazies.find(|(at, _)| *at == field)?;
                Some(stored)
            }
            ResolvedKind::Scalar(_) | ResolvedKind::Relation(_) => {
                property.present(self.body.get(property.number))
            }
            ResolvedKind::PrimaryKey | ResolvedKind::Derived(_) => None,
        }
    }

    /// `title: "Foo"`, as the query log says it.
    pub(crate) fn describe_value(
        &self,
        schema: &Schema,
        entity: &EntitySchema,
        field: FieldIndex,
    ) -> Option<String> {
        let property = &entity.fields[field];
        if entity
            .row_version
            .is_some_and(|(version, _)| version == field)
        {
            // What it will be is counted where the row is written.
            return None;
        }
        let stored = self.stored(entity, field)?;
        if property.embedded.is_some() && *stored != [0] {
            // Its properties say more.
            return None;
        }
        let value = display(schema, entity, field, stored);
        Some(format!("{}: {value}", property.name))
    }
}

/// A flush whose hooks have run.
#[derive(Default)]
pub(crate) struct Prepared {
    pub(crate) changes: Vec<Change>,
    /// New instances that lost their owner and are never stored.
    pub(crate) dropped: Vec<Instance>,
}

/// The stored form of an instance, as it is now.
#[derive(Clone)]
pub(super) struct Encoded {
    pub(super) body: RowBody,
    /// The lazy properties that are in memory.
    pub(super) lazies: Vec<(FieldIndex, Vec<u8>)>,
}

impl Encoded {
    pub(super) fn of(entity: &EntitySchema, instance: &dyn AnyEntity) -> Result<Self> {
        let refused = |field: FieldIndex| {
            move |source: ValueError| Error::Encode {
                entity: entity.name,
                property: entity.fields[field].name,
                source: Box::new(source),
            }
        };
        let mut body = RowBodyBuilder::new();
        for field in &entity.columns {
            body.property(entity.fields[*field].number, |out| {
                encode_column(entity, instance, *field, out).map_err(refused(*field))
            })?;
        }
        let mut lazies = Vec::new();
        for field in &entity.lazies {
            let mut stored = Vec::new();
            if instance
                .encode(*field, &mut stored)
                .map_err(refused(*field))?
            {
                lazies.push((*field, stored));
            }
        }
        Ok(Self {
            body: body.finish(),
            lazies,
        })
    }

    /// The properties that differ from what the slot's row, and loaded lazy values, say.
    pub(super) fn changed(&self, entity: &EntitySchema, slot: &Slot) -> FieldSet {
        let record = slot.record();
        let column_changed = |field: &FieldIndex| {
            let number = entity.fields[*field].number;
            record.as_ref().and_then(|record| record.get(number)) != self.body.get(number)
        };
        let columns = entity.columns.iter().copied().filter(column_changed);
        let lazy_changed = |(field, now): &&(FieldIndex, Vec<u8>)| {
            slot.lazy(*field).is_none_or(|stored| **stored != **now)
        };
        let lazies = self.lazies.iter().filter(lazy_changed);
        entity.with_units(columns.chain(lazies.map(|(field, _)| *field)).collect())
    }

    /// The properties that differ from a row, and what is written with them. Lazy values that are in
    /// memory do.
    pub(super) fn differing(&self, entity: &EntitySchema, row: &Record<'_>) -> FieldSet {
        let differs = |field: &FieldIndex| {
            let number = entity.fields[*field].number;
            row.get(number) != self.body.get(number)
        };
        let columns = entity.columns.iter().copied().filter(differs);
        entity.with_units(columns.chain(self.loaded_lazies()).collect())
    }

    /// All properties that have a value.
    pub(super) fn all(&self, entity: &EntitySchema) -> FieldSet {
        let columns = entity.columns.iter().copied();
        columns.chain(self.loaded_lazies()).collect()
    }

    fn loaded_lazies(&self) -> impl Iterator<Item = FieldIndex> {
        self.lazies.iter().map(|(field, _)| *field)
    }

    /// What a hook is told of the difference.
    pub(super) fn change_set(
        &self,
        context: &Context,
        instance: Instance,
        kind: ChangeKind,
        changed: FieldSet,
    ) -> ChangeSetData {
        let entity = context.entity(instance.entity);
        let new_values = changed
            .iter()
            .filter_map(|field| Some((field, self.value(entity, field)?.to_vec())))
            .collect();
        ChangeSetData {
            schema: Arc::clone(&context.schema),
            entity: instance.entity,
            kind,
            key: context.slot(instance).key.clone(),
            changed,
            new_values,
            old_values: changed
                .iter()
                .filter_map(|field| Some((field, stored_value(context, instance, field)?)))
                .collect(),
        }
    }

    /// The stored form of one property.
    pub(super) fn value(&self, entity: &EntitySchema, field: FieldIndex) -> Option<&[u8]> {
        match entity.fields[field].kind {
            ResolvedKind::Lazy(_) => self
                .lazies
                .iter()
                .find(|(at, _)| *at == field)
                .map(|(_, stored)| stored.as_slice()),
            _ => self.body.get(entity.fields[field].number),
        }
    }
}

/// What an instance's row, or its loaded lazy value, says of a property.
fn stored_value(context: &Context, instance: Instance, field: FieldIndex) -> Option<Vec<u8>> {
    let property = &context.entity(instance.entity).fields[field];
    let slot = context.slot(instance);
    match property.kind {
        ResolvedKind::Lazy(_) => slot.lazy(field).map(|stored| stored.to_vec()),
        _ => slot.record()?.get(property.number).map(<[u8]>::to_vec),
    }
}

/// Gives scalar and lazy properties of an instance the values that are stored.
pub(super) fn reset(context: &mut Context, instance: Instance, fields: FieldSet) {
    let schema = Arc::clone(&context.schema);
    let entity = schema.entity(instance.entity);
    let slot = context.slot(instance);
    let (key, row) = (slot.key.clone(), slot.row.clone());
    let record = row.as_deref().map(Record::parse_unverified);
    let record = record
        .transpose()
        .expect("the row was verified when it was read");
    let stored = |field: FieldIndex| {
        let changed = record.as_ref().filter(|_| fields.contains(field));
        changed.and_then(|record| record.get(entity.fields[field].number))
    };
    embed(entity, &key, context.body_mut(instance), stored).expect("the value was read from there");
    for field in fields.iter() {
        let stored = stored_value(context, instance, field);
        context
            .body_mut(instance)
            .decode(field, stored.as_deref())
            .expect("the value was read from there");
    }
}

/// The stored form of a scalar, or of a to-one relation: the key, or nothing for `None`.
pub(crate) fn encode_column(
    entity: &EntitySchema,
    instance: &dyn AnyEntity,
    field: FieldIndex,
    out: &mut Vec<u8>,
) -> Result<(), ValueError> {
    if matches!(entity.fields[field].kind, ResolvedKind::Relation(_)) {
        if let Some(key) = instance.to_one(field) {
            key.write_to(out);
        }
        return Ok(());
    }
    instance
        .encode(field, out)
        .map(|stored| debug_assert!(stored, "a scalar is always there"))
}

/// The key in the stored form of a to-one relation.
pub(super) fn decode_reference(
    schema: &Schema,
    entity: &EntitySchema,
    field: FieldIndex,
    stored: &[u8],
) -> Result<Option<RowKey>, KeyError> {
    let target = schema.entity(entity.relation(field).target);
    RowKey::decode_reference(target.key_kind, stored)
}
