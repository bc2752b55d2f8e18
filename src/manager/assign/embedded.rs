//! Embedded values of a JSON value: changed property by property where they are there, and made as a
//! whole where they are not. Lists of them are always made as a whole.

use std::fmt::Write;

use serde_json::Value;

use super::walk::{Object, Place, Walk, named};
use crate::context::Instance;
use crate::entity::embed;
use crate::error::Result;
use crate::schema::{EntitySchema, FieldIndex, FieldSchema, ListSchema, properties_of};

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
        self.value(Place::in_row(entity, &key), field, Some(value), &mut values);
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
        object: &Object,
    ) -> Result<()> {
        for (name, given) in object {
            let length = self.enter(name);
            if let Some(field) = named(&entity.fields, Some(value), name) {
                self.property(instance, entity, field, given, false)?;
            } else {
                let key = self.print_key(instance);
                self.unknown_part(Place::in_row(entity, &key), Some(value), given);
            }
            self.path.truncate(length);
        }
        Ok(())
    }

    /// The stored forms of an embedded value and of all its properties, as they are where it is new.
    pub(super) fn value(
        &mut self,
        place: Place<'_>,
        field: FieldIndex,
        given: Option<&Value>,
        values: &mut [Option<Vec<u8>>],
    ) {
        let property = &place.fields()[field];
        match given {
            Some(Value::Object(object)) => {
                values[field] = Some(PRESENT.to_vec());
                self.parts(place, Some(field), object, values);
            }
            None | Some(Value::Null) if property.nullable => values[field] = Some(ABSENT.to_vec()),
            None if property.has_default => {}
            other => {
                let expected = "an object: the value is required".to_owned();
                self.wrong_at(place, other.unwrap_or(&Value::Null), expected);
            }
        }
    }

    /// The stored forms of the properties of something new: of an embedded value, or of an element.
    pub(super) fn parts(
        &mut self,
        place: Place<'_>,
        of: Option<FieldIndex>,
        object: &Object,
        values: &mut [Option<Vec<u8>>],
    ) {
        for (name, given) in object {
            if named(place.fields(), of, name).is_none() {
                let length = self.enter(name);
                self.unknown_part(place, of, given);
                self.path.truncate(length);
            }
        }
        for part in properties_of(place.fields(), of) {
            let property = &place.fields()[part];
            let given = object.get(property.serialized_name);
            let length = self.enter(property.serialized_name);
            if property.embedded.is_some() {
                self.value(place, part, given, values);
            } else {
                values[part] = self.column(place, part, given);
            }
            self.path.truncate(length);
        }
    }

    /// The stored form of a property of something new. `None`: its default, or it does not fit.
    pub(super) fn column(
        &mut self,
        place: Place<'_>,
        field: FieldIndex,
        given: Option<&Value>,
    ) -> Option<Vec<u8>> {
        let property = &place.fields()[field];
        match given {
            Some(value) if !self.may_be_set(place, field, value) => None,
            Some(value) => self.stored(place, field, value),
            None if property.has_default || property.nullable => None,
            None => {
                let expected = format!("a value: `{}` is required", property.name);
                self.wrong_at(place, &Value::Null, expected);
                None
            }
        }
    }

    /// The stored form of a list of embedded values, all of whose elements are new.
    pub(super) fn list(
        &mut self,
        place: Place<'_>,
        property: &FieldSchema,
        list: &ListSchema,
        value: &Value,
    ) -> Option<Vec<u8>> {
        let values = match value {
            Value::Array(values) => values,
            Value::Null if property.nullable => return Some(ABSENT.to_vec()),
            other => {
                self.wrong_at(place, other, format!("an array of {}", list.of));
                return None;
            }
        };
        let before = self.problems.len();
        let place = Place {
            list: Some(list),
            ..place
        };
        let mut elements = Vec::with_capacity(values.len());
        for (at, value) in values.iter().enumerate() {
            let length = self.path.len();
            write!(self.path, "[{at}]").expect("a text takes everything");
            let mut element = vec![None; list.fields.len()];
            match value {
                Value::Object(object) => self.parts(place, None, object, &mut element),
                other => self.wrong_at(place, other, format!("an object, as {} is", list.of)),
            }
            elements.push(element);
            self.path.truncate(length);
        }
        if self.problems.len() > before {
            return None;
        }
        let packed = (list.pack)(&elements);
        packed
            .map_err(|error| self.wrong_at(place, value, error.to_string()))
            .ok()
    }

    /// Tells of a name that an embedded value does not have, unless such names are ignored.
    fn unknown_part(&mut self, place: Place<'_>, value: Option<FieldIndex>, given: &Value) {
        if !self.rules.ignores_unknown {
            let element = place.list.map(|list| list.of);
            let of = value.map_or(element, |value| place.fields()[value].embedded);
            let of = of.unwrap_or_default();
            let expected = format!("a property of {of}, and it has none of this name");
            self.wrong_at(place, given, expected);
        }
    }
}
