//! What of a JSON value does not fit, and why.

use serde_json::Value;

use super::walk::{Place, Walk};
use crate::error::AssignProblem;
use crate::log::shortened;
use crate::schema::{EntityIndex, EntitySchema, FieldIndex};

impl Walk<'_> {
    /// The stored form of a value, if it fits.
    pub(super) fn stored(
        &mut self,
        place: Place<'_>,
        field: FieldIndex,
        value: &Value,
    ) -> Option<Vec<u8>> {
        let property = &place.fields()[field];
        if let Some(list) = &property.list {
            return self.list(place, property, list, value);
        }
        let value_type = property.value_type()?;
        match value_type.of_json(value) {
            Ok(stored) => Some(stored),
            Err(why) => {
                let expected = format!("{} ({why})", value_type.name());
                let shown = if property.hidden {
                    &Value::String("<hidden>".to_owned())
                } else {
                    value
                };
                self.wrong_at(place, shown, expected);
                None
            }
        }
    }

    /// Whether a property is the program's to be set, by this value.
    pub(super) fn may_be_set(
        &mut self,
        place: Place<'_>,
        field: FieldIndex,
        value: &Value,
    ) -> bool {
        let Place { entity, key, list } = place;
        let property = &place.fields()[field];
        let is_own = list.is_none();
        let refused = if property.hidden && !self.rules.allows_hidden {
            "nothing: it is hidden; permit it with `.allow_hidden()`"
        } else if is_own
            && entity
                .row_version
                .is_some_and(|(version, _)| version == field)
        {
            "nothing: it is counted by the flush"
        } else if is_own && entity.key_parts.contains(&field) && !key.is_empty() {
            "nothing: it is a part of the key, and keys never change"
        } else {
            return true;
        };
        let shown = if property.hidden {
            &Value::String("<hidden>".to_owned())
        } else {
            value
        };
        self.wrong_at(place, shown, refused.to_owned());
        false
    }

    pub(super) fn unknown(
        &mut self,
        entity: &EntitySchema,
        key: &str,
        name: &str,
        value: &Value,
        is_root: bool,
    ) {
        let is_known = entity
            .fields
            .iter()
            .any(|field| field.part_of.is_none() && field.serialized_name == name);
        let expected = if is_known && is_root {
            "nothing: it is not among the properties that may be assigned".to_owned()
        } else {
            format!(
                "a property of {}, and it has none of this name",
                entity.name
            )
        };
        self.wrong(entity.index, key, value, expected);
    }

    pub(super) fn related(&self, entity: &EntitySchema, field: FieldIndex) -> String {
        let target = self.schema.entity(entity.relation(field).target).name;
        format!("a key of {target}, or an object: the reference is required")
    }

    /// As [`Self::wrong`].
    pub(super) fn wrong_at(&mut self, place: Place<'_>, value: &Value, expected: String) {
        self.wrong(place.entity.index, place.key, value, expected);
    }

    /// Notes that the value at this place does not fit.
    pub(super) fn wrong(
        &mut self,
        entity: EntityIndex,
        key: &str,
        value: &Value,
        expected: String,
    ) {
        self.problems.push(AssignProblem {
            entity: self.schema.entity(entity).name,
            key: (!key.is_empty()).then(|| key.to_owned()),
            property: self.path.clone(),
            value: shortened(&value.to_string()),
            expected,
        });
    }
}
