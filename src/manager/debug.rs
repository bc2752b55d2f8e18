//! How a view prints: the entity in full, what it refers to in full, and what is behind that in
//! short. References that are not loaded print as `(User) { id: 1 }`.

use std::fmt;

use super::EntityManager;
use crate::codec::RowKey;
use crate::context::Instance;
use crate::entity::{AnyCollection, Membership, has_value};
use crate::schema::{EntityIndex, EntitySchema, FieldIndex, FieldSchema, ResolvedKind};

/// Entities nested deeper than this print as `[User]`.
const DEPTH: usize = 1;

/// Prints a loaded instance.
pub(super) fn fmt_instance(
    em: &EntityManager,
    instance: Instance,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    fmt::Debug::fmt(
        &Entity {
            em,
            instance,
            depth: 0,
        },
        f,
    )
}

/// Prints a collection by itself, as it prints within its owner.
pub(super) fn fmt_items(
    em: &EntityManager,
    entity: EntityIndex,
    items: &dyn AnyCollection,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let items = Items {
        em,
        entity,
        held: items,
        depth: 1,
    };
    fmt::Debug::fmt(&items, f)
}

/// Prints `(User) { id: 1 }`.
pub(super) fn fmt_reference(
    em: &EntityManager,
    entity: EntityIndex,
    key: &RowKey,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let schema = em.database.schema.entity(entity);
    write!(
        f,
        "({}) {{ {}: {} }}",
        schema.name,
        schema.fields[schema.key_field].name,
        schema.print_key(key)
    )
}

struct Entity<'a> {
    em: &'a EntityManager,
    instance: Instance,
    depth: usize,
}

impl fmt::Debug for Entity<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let schema = self.em.database.schema.entity(self.instance.entity);
        if self.depth > DEPTH {
            return write!(f, "[{}]", schema.name);
        }
        let mut printed = f.debug_struct(schema.name);
        for field in 0..schema.fields.len() {
            // Of a key that is made of properties, these print; an embedded value prints what it holds.
            let is_made_of_others = field == schema.key_field && !schema.key_parts.is_empty()
                || matches!(schema.fields[field].kind, ResolvedKind::Derived(_));
            if is_made_of_others || schema.fields[field].part_of.is_some() {
                continue;
            }
            printed.field(
                schema.fields[field].name,
                &Property {
                    entity: self,
                    schema,
                    field,
                },
            );
        }
        printed.finish()
    }
}

struct Property<'a> {
    entity: &'a Entity<'a>,
    schema: &'a EntitySchema,
    field: FieldIndex,
}

impl fmt::Debug for Property<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Entity {
            em,
            instance,
            depth,
        } = *self.entity;
        let property = &self.schema.fields[self.field];
        let body = em.context.body(instance);
        match &property.kind {
            _ if property.hidden => f.write_str("<hidden>"),
            _ if property.embedded.is_some() => self.fmt_embedded(property, f),
            ResolvedKind::Scalar(value_type) if property.list.is_some() => {
                let mut stored = Vec::new();
                match body.encode(self.field, &mut stored) {
                    Ok(_) => fmt::Display::fmt(&value_type.display(&stored), f),
                    Err(_) => f.write_str("<unreadable>"),
                }
            }
            ResolvedKind::PrimaryKey | ResolvedKind::Scalar(_) | ResolvedKind::Lazy(_) => {
                body.debug(self.field).fmt(f)
            }
            ResolvedKind::Relation(relation) if relation.is_to_one_owner() => {
                match body.to_one(self.field) {
                    Some(key) => Related {
                        em,
                        entity: relation.target,
                        key,
                        depth: depth + 1,
                    }
                    .fmt(f),
                    None => f.write_str("None"),
                }
            }
            ResolvedKind::Relation(relation) => Items {
                em,
                entity: relation.target,
                held: body.to_many(self.field),
                depth: depth + 1,
            }
            .fmt(f),
            ResolvedKind::Derived(_) => unreachable!("it is in no instance"),
        }
    }
}

impl Property<'_> {
    /// Prints an embedded value: its properties, of which some may be hidden.
    fn fmt_embedded(&self, held: &FieldSchema, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { entity, schema, .. } = *self;
        if !has_value(entity.em.context.body(entity.instance), self.field) {
            return f.write_str("None");
        }
        let mut printed = f.debug_struct(held.embedded.unwrap_or_default());
        for field in schema.properties_of(self.field) {
            let property = Property {
                entity,
                schema,
                field,
            };
            printed.field(schema.fields[field].own_name(), &property);
        }
        printed.finish()
    }
}

/// What a relation refers to.
struct Related<'a> {
    em: &'a EntityManager,
    entity: EntityIndex,
    key: RowKey,
    depth: usize,
}

impl fmt::Debug for Related<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.em.context.find_loaded(self.entity, &self.key) {
            Some(instance) => Entity {
                em: self.em,
                instance,
                depth: self.depth,
            }
            .fmt(f),
            None => fmt_reference(self.em, self.entity, &self.key, f),
        }
    }
}

struct Items<'a> {
    em: &'a EntityManager,
    entity: EntityIndex,
    held: &'a dyn AnyCollection,
    depth: usize,
}

impl fmt::Debug for Items<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.em.database.schema.entity(self.entity).name;
        let initialized = self.held.membership() != Membership::NotInitialized;
        if self.held.is_single() {
            return match self.held.keys().pop() {
                _ if !initialized => f.write_str("<not loaded>"),
                Some(key) => Related {
                    em: self.em,
                    entity: self.entity,
                    key,
                    depth: self.depth,
                }
                .fmt(f),
                None => f.write_str("None"),
            };
        }
        if self.depth > DEPTH {
            return write!(f, "[Collection<{name}>]");
        }
        write!(f, "Collection<{name}> ")?;
        let mut printed = f.debug_map();
        for (position, key) in self.held.keys().into_iter().enumerate() {
            let item = Related {
                em: self.em,
                entity: self.entity,
                key,
                depth: self.depth,
            };
            printed.entry(&format_args!("'{position}'"), &item);
        }
        printed.entry(&format_args!("initialized"), &initialized);
        if self.held.membership() == Membership::Partial {
            printed.entry(&format_args!("partial"), &true);
        }
        printed
            .entry(&format_args!("dirty"), &self.held.dirty())
            .finish()
    }
}
