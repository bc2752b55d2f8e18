//! Lists of embedded values in the stored schema: the properties of their elements are kept there by
//! their paths, `addresses[].city`, with rules of their own.
//!
//! A stored list names the properties of its elements, and not their numbers. So a name means one kind of
//! value for ever.

use super::{EMBEDDED, OPTIONAL_EMBEDDED, Reconciliation, StoredEntity, StoredProperty, kind_of};
use crate::codec::record::PropertyNumber;
use crate::error::Result;
use crate::schema::{EntitySchema, FieldIndex, FieldSchema, ListSchema, Schema};

/// What of an element is stored.
pub(super) struct Part<'s> {
    /// The path from the entity.
    pub(super) path: String,
    pub(super) kind: String,
    pub(super) property: &'s FieldSchema,
}

/// The properties of the elements of all lists of an entity, and of lists in these.
pub(super) fn parts_of<'s>(schema: &Schema, entity: &'s EntitySchema) -> Vec<Part<'s>> {
    let mut parts = Vec::new();
    for property in &entity.fields {
        if let Some(list) = &property.list {
            add_parts(schema, list, property.name, &mut parts);
        }
    }
    parts
}

fn add_parts<'s>(schema: &Schema, list: &'s ListSchema, path: &str, parts: &mut Vec<Part<'s>>) {
    for property in &list.fields {
        let path = format!("{path}[].{}", property.name);
        if let Some(list) = &property.list {
            add_parts(schema, list, &path, parts);
        }
        parts.push(Part {
            kind: kind_of(schema, property),
            path,
            property,
        });
    }
}

impl Reconciliation<'_> {
    /// Compares the properties of a list's elements with those that are stored.
    pub(super) fn list(
        &mut self,
        schema: &Schema,
        entity: &EntitySchema,
        field: FieldIndex,
        was_stored: bool,
        now: &mut StoredEntity,
    ) -> Result<()> {
        let property = &entity.fields[field];
        let Some(list) = &property.list else {
            return Ok(());
        };
        let mut parts = Vec::new();
        add_parts(schema, list, property.name, &mut parts);
        for part in parts {
            let known = now.properties.get(&part.path).cloned();
            let number = match &known {
                Some(known) if known.kind == part.kind && known.in_use => continue,
                Some(known) if known.kind == part.kind => known.number,
                Some(known) if known.kind == EMBEDDED && part.kind == OPTIONAL_EMBEDDED => {
                    known.number
                }
                Some(known) => {
                    self.problems.push(format!(
                        "{}.{} is stored as {}, and the entity declares {}; give the new property another name",
                        entity.name, part.path, known.kind, part.kind
                    ));
                    continue;
                }
                None => {
                    now.next_number += 1;
                    now.next_number - 1
                }
            };
            if was_stored && known.is_none_or(|known| !known.in_use) {
                self.appears_in_list(entity, field, &part, now)?;
            }
            let known = StoredProperty {
                number,
                in_use: true,
                kind: part.kind,
            };
            now.properties.insert(part.path, known);
        }
        Ok(())
    }

    /// A property that elements may lack has to have something to say for them.
    fn appears_in_list(
        &mut self,
        entity: &EntitySchema,
        field: FieldIndex,
        part: &Part<'_>,
        now: &StoredEntity,
    ) -> Result<()> {
        let list = &entity.fields[field];
        let number = PropertyNumber(now.properties[list.name].number);
        let can_be_had = part.property.has_default || part.property.nullable;
        if !can_be_had && self.stored.have_elements(entity, list, number)? {
            self.problems.push(format!(
                "{}.{} is new, and there are elements without it; give it a default with `#[orm(default = ..)]`, or \
                 make it an `Option`",
                entity.name, part.path
            ));
        }
        self.new_columns.push((entity.index, field));
        Ok(())
    }
}
