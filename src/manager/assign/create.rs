//! New entities of a JSON value.

use serde_json::Value;

use super::walk::{Object, Place, Reference, Walk};
use crate::codec::RowKey;
use crate::context::Instance;
use crate::entity::HydrateRow;
use crate::error::Result;
use crate::schema::{EntitySchema, FieldIndex, RelationKind, ResolvedKind};

/// What a new entity is given by whoever holds it.
pub(super) type Given = Option<(FieldIndex, RowKey)>;

impl Walk<'_> {
    /// The reference that a new item has to its owner.
    pub(super) fn given(&self, owner: Instance, entity: &EntitySchema, field: FieldIndex) -> Given {
        let relation = entity.relation(field);
        let key = self.em.context.slot(owner).key.clone();
        match relation.kind {
            RelationKind::ManyToMany { .. } => None,
            _ => Some((relation.mapped_by(), key)),
        }
    }

    /// Makes a new entity of an object. `None`: it lacks something, or something does not fit.
    pub(super) fn create(
        &mut self,
        entity: &EntitySchema,
        object: &Object,
        given: Given,
        key: Option<RowKey>,
    ) -> Result<Option<RowKey>> {
        let before = self.problems.len();
        let known = key.is_some();
        let database = std::sync::Arc::clone(&self.em.database);
        let entity_type = database.entity_type(entity.index);
        let next = &mut || database.next_number(entity.index);
        let Some(key) = key.or_else(|| (entity_type.generate_key)(next)) else {
            let value = Value::Object(object.clone());
            let expected = format!("an object with the key of a {} that is there", entity.name);
            self.wrong(entity.index, "", &value, expected);
            return Ok(None);
        };
        if let Some(number) = (entity_type.key_number)(&key) {
            database.reserve_number(entity.index, number);
        }
        let values = self.columns(entity, object, given)?;
        if self.problems.len() > before {
            return Ok(None);
        }
        let values: Vec<Option<&[u8]>> = values.iter().map(Option::as_deref).collect();
        let body = (entity_type.hydrate)(&HydrateRow::new(entity, &key, &values))?;
        let Some(instance) = self.em.manage(entity.index, key.clone(), body, known) else {
            return Ok(Some(key));
        };
        self.assign_rest(instance, entity, object)?;
        Ok(Some(key))
    }

    /// The stored form of each column of a new entity, by position.
    fn columns(
        &mut self,
        entity: &EntitySchema,
        object: &Object,
        given: Given,
    ) -> Result<Vec<Option<Vec<u8>>>> {
        let place = Place::in_row(entity, "");
        let mut values = vec![None; entity.fields.len()];
        for field in entity.columns.iter().copied() {
            let property = &entity.fields[field];
            if property.part_of.is_some() {
                // It comes with the embedded value.
                continue;
            }
            let length = self.enter(property.serialized_name);
            if property.embedded.is_some() {
                let value = object.get(property.serialized_name);
                self.value(place, field, value, &mut values);
                self.path.truncate(length);
                continue;
            }
            values[field] = match (object.get(property.serialized_name), &given) {
                (_, Some((by, owner))) if *by == field => Some(owner.to_vec()),
                (Some(value), _)
                    if matches!(property.kind, ResolvedKind::Relation(_))
                        && self.may_be_set(place, field, value) =>
                {
                    match self.target(entity, "", field, value)? {
                        Reference::To(Some(key)) => Some(key.to_vec()),
                        Reference::To(None) => Some(Vec::new()),
                        Reference::Misfit => None,
                    }
                }
                (Some(_), _) if matches!(property.kind, ResolvedKind::Relation(_)) => None,
                (value, _) => self.column(place, field, value),
            };
            self.path.truncate(length);
        }
        Ok(values)
    }

    /// What a new entity has beside its columns, and what it does not have at all.
    fn assign_rest(
        &mut self,
        instance: Instance,
        entity: &EntitySchema,
        object: &Object,
    ) -> Result<()> {
        let rest = object.iter().filter(|(name, _)| {
            let field = self.find(entity, name, false);
            field.is_none_or(|field| !entity.columns.contains(&field))
        });
        let rest: Object = rest
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        self.assign(instance, &rest, false)
    }
}
