//! The walk over a JSON value and the entities that it is about.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::Rules;
use super::create::Given;
use crate::codec::RowKey;
use crate::context::Instance;
use crate::error::{AssignProblem, Result};
use crate::load::Hints;
use crate::manager::EntityManager;
use crate::manager::find::Options;
use crate::schema::{
    EntityIndex, EntitySchema, FieldIndex, FieldSchema, ListSchema, RelationKind, ResolvedKind,
    Schema,
};

pub(super) type Object = Map<String, Value>;

/// Walks a value, and gathers what does not fit.
pub(super) struct Walk<'a> {
    pub(super) em: &'a mut EntityManager,
    pub(super) rules: &'a Rules,
    pub(super) schema: std::sync::Arc<Schema>,
    pub(super) problems: Vec<AssignProblem>,
    /// Where the walk is: `author.name`, `tags[2]`.
    pub(super) path: String,
}

/// Whose properties are looked at.
#[derive(Clone, Copy)]
pub(super) struct Place<'s> {
    pub(super) entity: &'s EntitySchema,
    /// The key of the row, empty where it is new.
    pub(super) key: &'s str,
    /// In an element of this list.
    pub(super) list: Option<&'s ListSchema>,
}

impl<'s> Place<'s> {
    /// Those of the row itself.
    pub(super) const fn in_row(entity: &'s EntitySchema, key: &'s str) -> Self {
        let list = None;
        Self { entity, key, list }
    }

    pub(super) fn fields(self) -> &'s [FieldSchema] {
        self.list.map_or(&self.entity.fields, |list| &list.fields)
    }
}

/// What a value says of a to-one relation.
pub(super) enum Reference {
    To(Option<RowKey>),
    Misfit,
}

impl<'a> Walk<'a> {
    pub(super) fn new(em: &'a mut EntityManager, rules: &'a Rules) -> Self {
        Self {
            schema: std::sync::Arc::clone(&em.database.schema),
            em,
            rules,
            problems: Vec::new(),
            path: String::new(),
        }
    }

    pub(super) fn into_problems(self) -> Vec<AssignProblem> {
        self.problems
    }

    /// The entity that the value is about.
    pub(super) fn root(&mut self, instance: Instance, value: &Value) -> Result<()> {
        let key = self.print_key(instance);
        let Some(object) = value.as_object() else {
            self.wrong(instance.entity, &key, value, "an object".to_owned());
            return Ok(());
        };
        self.assign(instance, object, true)
    }

    /// Assigns the properties of an object. The key, which was looked at before, is left out of those of a
    /// related one.
    pub(super) fn assign(
        &mut self,
        instance: Instance,
        object: &Object,
        is_root: bool,
    ) -> Result<()> {
        let schema = std::sync::Arc::clone(&self.schema);
        let entity = schema.entity(instance.entity);
        for (name, value) in object {
            let length = self.enter(name);
            match self.find(entity, name, is_root) {
                Some(field) => self.property(instance, entity, field, value, is_root)?,
                None if self.rules.ignores_unknown => {}
                None => {
                    let key = self.print_key(instance);
                    self.unknown(entity, &key, name, value, is_root);
                }
            }
            self.path.truncate(length);
        }
        Ok(())
    }

    pub(super) fn property(
        &mut self,
        instance: Instance,
        entity: &EntitySchema,
        field: FieldIndex,
        value: &Value,
        is_root: bool,
    ) -> Result<()> {
        let key = self.print_key(instance);
        let place = Place::in_row(entity, &key);
        if !self.may_be_set(place, field, value) {
            return Ok(());
        }
        match &entity.fields[field].kind {
            ResolvedKind::PrimaryKey => {
                let own = self.key_of(entity, value).as_ref()
                    == Some(&self.em.context.slot(instance).key);
                if is_root && !own {
                    self.wrong(
                        entity.index,
                        &key,
                        value,
                        format!("{key}, for keys never change"),
                    );
                }
            }
            ResolvedKind::Scalar(_) if entity.fields[field].embedded.is_some() => {
                self.embedded(instance, entity, field, value)?;
            }
            ResolvedKind::Scalar(_) | ResolvedKind::Lazy(_) => {
                if let Some(stored) = self.stored(place, field, value) {
                    self.em.context.touch(instance);
                    self.em
                        .context
                        .body_mut(instance)
                        .decode(field, Some(&stored))?;
                }
            }
            ResolvedKind::Derived(_) => unreachable!("it has no name that is assigned to"),
            ResolvedKind::Relation(relation) => match relation.kind {
                RelationKind::ToOne { .. } => {
                    if let Reference::To(target) = self.target(entity, &key, field, value)? {
                        self.em.context.set_to_one(instance, field, target.as_ref());
                    }
                }
                RelationKind::OneToOneInverse { .. } => {
                    self.inverse(instance, entity, field, value)?;
                }
                RelationKind::OneToMany { .. } | RelationKind::ManyToMany { .. } => {
                    self.collection(instance, entity, field, value)?;
                }
            },
        }
        Ok(())
    }

    /// What a to-one relation shall refer to.
    pub(super) fn target(
        &mut self,
        entity: &EntitySchema,
        key: &str,
        field: FieldIndex,
        value: &Value,
    ) -> Result<Reference> {
        if value.is_null() {
            if entity.fields[field].nullable {
                return Ok(Reference::To(None));
            }
            self.wrong(entity.index, key, value, self.related(entity, field));
            return Ok(Reference::Misfit);
        }
        let target = entity.relation(field).target;
        let item = self.item(target, value, None)?;
        Ok(item.map_or(Reference::Misfit, |key| Reference::To(Some(key))))
    }

    /// The row that a key or an object stands for; a new one, if it is an object without a key.
    fn item(&mut self, target: EntityIndex, value: &Value, given: Given) -> Result<Option<RowKey>> {
        let schema = std::sync::Arc::clone(&self.schema);
        let entity = schema.entity(target);
        let Some(object) = value.as_object() else {
            let key = self.key_of(entity, value);
            if key.is_none() {
                let expected = format!("a key of {0}, or an object", entity.name);
                self.wrong(target, "", value, expected);
            }
            return Ok(key);
        };
        let Some(named) = object.get(entity.fields[entity.key_field].serialized_name) else {
            return self.create(entity, object, given, None);
        };
        let Some(key) = self.key_of(entity, named) else {
            self.wrong(target, "", named, format!("a key of {}", entity.name));
            return Ok(None);
        };
        if let Some(instance) = self.load(target, &key)? {
            self.assign(instance, object, false)?;
            return Ok(Some(key));
        }
        if self.rules.allows_keys {
            return self.create(entity, object, given, Some(key));
        }
        let expected = format!(
            "the key of a {} that is there; leave it out for a new one, or permit it with `.allow_keys()`",
            entity.name
        );
        self.wrong(target, &entity.print_key(&key), named, expected);
        Ok(None)
    }

    fn collection(
        &mut self,
        instance: Instance,
        entity: &EntitySchema,
        field: FieldIndex,
        value: &Value,
    ) -> Result<()> {
        let relation = entity.relation(field);
        let Some(values) = value.as_array() else {
            let target = self.schema.entity(relation.target).name;
            let expected = format!("an array of keys of {target}, and of objects");
            let key = self.print_key(instance);
            self.wrong(entity.index, &key, value, expected);
            return Ok(());
        };
        let given = self.given(instance, entity, field);
        let mut items = Vec::with_capacity(values.len());
        for (at, value) in values.iter().enumerate() {
            let length = self.path.len();
            write!(self.path, "[{at}]").expect("a text takes everything");
            items.extend(self.item(relation.target, value, given.clone())?);
            self.path.truncate(length);
        }
        if items.len() == values.len() {
            self.em.set_collection(instance, field, &items)?;
        }
        Ok(())
    }

    /// The inverse side of a one-to-one relation.
    fn inverse(
        &mut self,
        instance: Instance,
        entity: &EntitySchema,
        field: FieldIndex,
        value: &Value,
    ) -> Result<()> {
        let given = self.given(instance, entity, field);
        let item = if value.is_null() {
            None
        } else {
            let Some(item) = self.item(entity.relation(field).target, value, given)? else {
                return Ok(());
            };
            Some(item)
        };
        self.em.load_collection(instance, field, false)?;
        let items: Vec<RowKey> = item.into_iter().collect();
        self.em.context.set_links(instance, field, &items);
        Ok(())
    }

    /// The instance of a row, loaded if it has to be.
    pub(super) fn load(&mut self, entity: EntityIndex, key: &RowKey) -> Result<Option<Instance>> {
        if self.em.context.find(entity, key).is_none() {
            let load = |loader: &mut crate::load::Loader<'_>, _| {
                loader.load_rows(entity, std::iter::once(key))
            };
            self.em.read(load, &Options::default())?;
        }
        let found = self.em.context.find_loaded(entity, key);
        Ok(found.filter(|instance| !self.em.context.slot(*instance).is_removed()))
    }

    /// The property of a name, if it is among those that may be assigned.
    pub(super) fn find(
        &self,
        entity: &EntitySchema,
        name: &str,
        is_root: bool,
    ) -> Option<FieldIndex> {
        let field = named(&entity.fields, None, name)?;
        let only = self.rules.only.as_ref().filter(|_| is_root);
        let is_listed = |only: &Hints| only.fields.contains_key(&field);
        only.is_none_or(is_listed).then_some(field)
    }

    pub(super) fn key_of(&self, entity: &EntitySchema, value: &Value) -> Option<RowKey> {
        (self.em.database.entity_type(entity.index).key_of_json)(value)
    }

    pub(super) fn print_key(&self, instance: Instance) -> String {
        let entity = self.schema.entity(instance.entity);
        entity.print_key(&self.em.context.slot(instance).key)
    }

    /// Goes on to a property, and says where to come back to.
    pub(super) fn enter(&mut self, name: &str) -> usize {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        self.path.push_str(name);
        length
    }
}

/// The property of a name: of the entity or element itself, or of an embedded value.
pub(super) fn named(
    fields: &[FieldSchema],
    of: Option<FieldIndex>,
    name: &str,
) -> Option<FieldIndex> {
    let is_named = |field: &FieldSchema| {
        field.part_of == of
            && field.serialized_name == name
            && !matches!(field.kind, ResolvedKind::Derived(_))
    };
    fields.iter().position(is_named)
}
