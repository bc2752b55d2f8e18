//! Embedded values of a JSON value: changed property by property where they are there, and made as a
//! whole where they are not.

use serde_json::{Map, Value};

use super::walk::{Walk, named};
use crate::context::Instance;
use crate::entity::embed;
use crate::error::Result;
use crate::schema::{EntitySchema, FieldIndex};

/// What is stored of an embedded value that is there: `Some(())`.
const PRESENT: &[u8] = &[1];
/// Of one that is not.
const ABSENT: &[u8] = &[0];

impl Walk<'_> {
    /// An embedded value: its properties that are named, if it is there; all of it, if it is not.
    pub(super) fn embedded(
        &mut self,
        instance: Instance,
        entity: &EntitySchema,
        field: FieldIndex,
        value: &Value,
    ) -> Result<()> {
        let key = self.print_key(instance);
        let mut presence = Vec::new();
        self.em
            .context
            .body(instance)
            .encode(field, &mut presence)?;
        if let (true, Value::Object(object)) = (presence != ABSENT, value) {
            return self.assign_parts(instance, entity, field, object);
        }
        let before = self.problems.len();
        let mut values = vec![None; entity.fields.len()];
        self.value(entity, &key, field, Some(value), &mut values);
        if self.problems.len() > before {
            return Ok(());
        }
        let own_key = self.em.context.slot(instance).key.clone();
        self.em.context.touch(instance);
        let body = self.em.context.body_mut(instance);
        embed(entity, &own_key, body, |field| values[field].as_deref())
    }

    /// The named properties of an embedded value that is there.
    fn assign_parts(
        &mut self,
        instance: Instance,
        entity: &EntitySchema,
        value: FieldIndex,
        object: &Map<String, Value>,
    ) -> Result<()> {
        for (name, given) in object {
            let length = self.enter(name);
            if let Some(field) = named(entity, Some(value), name) {
                self.property(instance, entity, field, given, false)?;
            } else {
                let key = self.print_key(instance);
                self.unknown_part(entity, &key, value, given);
            }
            self.path.truncate(length);
        }
        Ok(())
    }

    /// The stored forms of an embedded value and of all its properties, as they are where it is new.
    pub(super) fn value(
        &mut self,
        entity: &EntitySchema,
        key: &str,
        field: FieldIndex,
        given: Option<&Value>,
        values: &mut [Option<Vec<u8>>],
    ) {
        let property = &entity.fields[field];
        let object = match given {
            Some(Value::Object(object)) => object,
            None | Some(Value::Null) if property.nullable => {
                values[field] = Some(ABSENT.to_vec());
                return;
            }
            None if property.has_default => return,
            other => {
                let expected = "an object: the value is required".to_owned();
                self.wrong(entity.index, key, other.unwrap_or(&Value::Null), expected);
                return;
            }
        };
        values[field] = Some(PRESENT.to_vec());
        for (name, given) in object {
            if named(entity, Some(field), name).is_none() {
                let length = self.enter(name);
                self.unknown_part(entity, key, field, given);
                self.path.truncate(length);
            }
        }
        for part in entity.properties_of(field) {
            let property = &entity.fields[part];
            let given = object.get(property.serialized_name);
            let length = self.enter(property.serialized_name);
            if property.embedded.is_some() {
                self.value(entity, key, part, given, values);
            } else {
                values[part] = self.column(entity, key, part, given);
            }
            self.path.truncate(length);
        }
    }

    /// The stored form of a property of something new. `None`: its default, or it does not fit.
    pub(super) fn column(
        &mut self,
        entity: &EntitySchema,
        key: &str,
        field: FieldIndex,
        given: Option<&Value>,
    ) -> Option<Vec<u8>> {
        let property = &entity.fields[field];
        match given {
            Some(value) if !self.may_be_set(entity, key, field, value) => None,
            Some(value) => self.stored(entity, key, field, value),
            None if property.has_default || property.nullable => None,
            None => {
                let expected = format!("a value: `{}` is required", property.name);
                self.wrong(entity.index, key, &Value::Null, expected);
                None
            }
        }
    }

    /// Tells of a name that an embedded value does not have, unless such names are ignored.
    fn unknown_part(&mut self, entity: &EntitySchema, key: &str, value: FieldIndex, given: &Value) {
        if !self.rules.ignores_unknown {
            let of = entity.fields[value].embedded.unwrap_or_default();
            let expected = format!("a property of {of}, and it has none of this name");
            self.wrong(entity.index, key, given, expected);
        }
    }
}
