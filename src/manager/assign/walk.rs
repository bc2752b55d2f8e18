//! The walk over a JSON value and the entities that it is about.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::Rules;
use crate::codec::RowKey;
use crate::context::{Instance, LinkChange};
use crate::entity::HydrateRow;
use crate::error::{AssignProblem, Result};
use crate::load::Hints;
use crate::log::shortened;
use crate::manager::EntityManager;
use crate::manager::find::Options;
use crate::schema::{
    EntityIndex, EntitySchema, FieldIndex, FieldSchema, RelationKind, ResolvedKind, Schema,
};

type Object = Map<String, Value>;

/// Walks a value, and gathers what does not fit.
pub(super) struct Walk<'a> {
    pub(super) em: &'a mut EntityManager,
    pub(super) rules: &'a Rules,
    schema: std::sync::Arc<Schema>,
    pub(super) problems: Vec<AssignProblem>,
    /// Where the walk is: `author.name`, `tags[2]`.
    pub(super) path: String,
}

/// What a value says of a to-one relation.
enum Reference {
    To(Option<RowKey>),
    Misfit,
}

/// What a new entity is given by whoever holds it.
type Given = Option<(FieldIndex, RowKey)>;

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
    fn assign(&mut self, instance: Instance, object: &Object, is_root: bool) -> Result<()> {
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
        if !self.may_be_set(entity, &key, field, value) {
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
                if let Some(stored) = self.stored(entity, &key, field, value) {
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
    fn target(
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
        let context = &mut self.em.context;
        for before in context.body(instance).to_many(field).keys() {
            if item.as_ref() != Some(&before) {
                context.change_link(instance, field, &before, LinkChange::Remove);
            }
        }
        if let Some(item) = item {
            context.change_link(instance, field, &item, LinkChange::Add);
        }
        Ok(())
    }

    /// The reference that a new item has to its owner.
    fn given(&self, owner: Instance, entity: &EntitySchema, field: FieldIndex) -> Given {
        let relation = entity.relation(field);
        let key = self.em.context.slot(owner).key.clone();
        match relation.kind {
            RelationKind::ManyToMany { .. } => None,
            _ => Some((relation.mapped_by(), key)),
        }
    }

    /// Makes a new entity of an object. `None`: it lacks something, or something does not fit.
    fn create(
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
                self.value(entity, "", field, value, &mut values);
                self.path.truncate(length);
                continue;
            }
            values[field] = match (object.get(property.serialized_name), &given) {
                (_, Some((by, owner))) if *by == field => Some(owner.to_vec()),
                (Some(value), _)
                    if matches!(property.kind, ResolvedKind::Relation(_))
                        && self.may_be_set(entity, "", field, value) =>
                {
                    match self.target(entity, "", field, value)? {
                        Reference::To(Some(key)) => Some(key.to_vec()),
                        Reference::To(None) => Some(Vec::new()),
                        Reference::Misfit => None,
                    }
                }
                (Some(_), _) if matches!(property.kind, ResolvedKind::Relation(_)) => None,
                (value, _) => self.column(entity, "", field, value),
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

    /// The instance of a row, loaded if it has to be.
    fn load(&mut self, entity: EntityIndex, key: &RowKey) -> Result<Option<Instance>> {
        if self.em.context.find(entity, key).is_none() {
            let load = |loader: &mut crate::load::Loader<'_>, _| {
                loader.load_rows(entity, std::iter::once(key))
            };
            self.em.read(load, &Options::default())?;
        }
        let found = self.em.context.find_loaded(entity, key);
        Ok(found.filter(|instance| !self.em.context.slot(*instance).is_removed()))
    }

    /// The stored form of a value, if it fits.
    pub(super) fn stored(
        &mut self,
        entity: &EntitySchema,
        key: &str,
        field: FieldIndex,
        value: &Value,
    ) -> Option<Vec<u8>> {
        let value_type = entity.fields[field].value_type()?;
        match value_type.of_json(value) {
            Ok(stored) => Some(stored),
            Err(why) => {
                let expected = format!("{} ({why})", value_type.name());
                let shown = if entity.fields[field].hidden {
                    &Value::String("<hidden>".to_owned())
                } else {
                    value
                };
                self.wrong(entity.index, key, shown, expected);
                None
            }
        }
    }

    /// Whether a property is the program's to be set, by this value.
    pub(super) fn may_be_set(
        &mut self,
        entity: &EntitySchema,
        key: &str,
        field: FieldIndex,
        value: &Value,
    ) -> bool {
        let property = &entity.fields[field];
        let refused = if property.hidden && !self.rules.allows_hidden {
            "nothing: it is hidden; permit it with `.allow_hidden()`"
        } else if entity
            .row_version
            .is_some_and(|(version, _)| version == field)
        {
            "nothing: it is counted by the flush"
        } else if entity.key_parts.contains(&field) && !key.is_empty() {
            "nothing: it is a part of the key, and keys never change"
        } else {
            return true;
        };
        let shown = if property.hidden {
            &Value::String("<hidden>".to_owned())
        } else {
            value
        };
        self.wrong(entity.index, key, shown, refused.to_owned());
        false
    }

    /// The property of a name, if it is among those that may be assigned.
    fn find(&self, entity: &EntitySchema, name: &str, is_root: bool) -> Option<FieldIndex> {
        let field = named(entity, None, name)?;
        let only = self.rules.only.as_ref().filter(|_| is_root);
        let is_listed = |only: &Hints| only.fields.contains_key(&field);
        only.is_none_or(is_listed).then_some(field)
    }

    fn unknown(
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

    fn related(&self, entity: &EntitySchema, field: FieldIndex) -> String {
        let target = self.schema.entity(entity.relation(field).target).name;
        format!("a key of {target}, or an object: the reference is required")
    }

    fn key_of(&self, entity: &EntitySchema, value: &Value) -> Option<RowKey> {
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

/// The property of a name: of the entity itself, or of an embedded value.
pub(super) fn named(
    entity: &EntitySchema,
    of: Option<FieldIndex>,
    name: &str,
) -> Option<FieldIndex> {
    let is_named = |field: &FieldSchema| {
        field.part_of == of
            && field.serialized_name == name
            && !matches!(field.kind, ResolvedKind::Derived(_))
    };
    entity.fields.iter().position(is_named)
}
