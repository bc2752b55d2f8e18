//! Entity graphs to serde.
//!
//! A view serializes what is loaded: references that are not loaded as their key, collections that
//! are not initialized not at all, hidden properties never, computed properties last. Cycles are cut: an entity within itself
//! is its key. [`EntityManager::serialize`] chooses by hints instead of by what is loaded.

mod partial;

use std::any::TypeId;

pub use partial::PartialSerialization;
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use crate::context::Instance;
use crate::entity::{
    Collection, Entity, Fields, Groups, Id, IntoId, IntoIds, Inverse, Written, has_value,
};
use crate::load::{Hint, Hints, LoadPath, Root, Selection};
use crate::manager::{EntityManager, Managed, View};
use crate::schema::{FieldIndex, FieldSchema, ResolvedKind};

/// Entities nested deeper than this are written as their keys, so that a long chain of loaded
/// entities can't exhaust the stack.
const DEPTH: usize = 64;

/// Writes the relations of an entity: implemented by `#[derive(Entity)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an entity",
    label = "not an entity",
    note = "add `#[derive(Entity)]` to `{Self}`"
)]
pub trait SerializeEntity: Managed {
    /// Writes the entry of one relation.
    ///
    /// # Errors
    /// What the serializer says.
    fn serialize_relation<M: SerializeMap>(
        node: &Node<'_, '_, Self>,
        field: usize,
        name: &'static str,
        map: &mut M,
    ) -> Result<(), M::Error>;
}

/// Serializes a view.
///
/// # Errors
/// What the serializer says.
pub fn serialize_view<T: SerializeEntity, S: Serializer>(
    view: &View<'_, T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match view.instance() {
        Some(instance) => {
            let choice = Choice {
                include: None,
                exclude: None,
                groups: &Groups::ANY,
            };
            Node::<T>::root(view.em(), instance, choice).serialize(serializer)
        }
        None => view.id().serialize(serializer),
    }
}

/// A loaded entity on its way to a serializer, with the way that led to it.
pub struct Node<'em, 'c, T> {
    em: &'em EntityManager,
    instance: Instance,
    entity: &'em T,
    /// The entities that this one is nested in.
    above: Option<&'c Above<'c>>,
    choice: Choice<'c>,
}

/// What shall be written of an entity, and of those behind it.
#[derive(Clone, Copy)]
struct Choice<'c> {
    /// What to nest; by what is loaded where there is no choice.
    include: Option<&'c Hints>,
    exclude: Option<&'c Hints>,
    groups: &'c Groups,
}

impl Choice<'_> {
    /// Whether a property is to be written, hidden ones apart.
    fn admits(&self, field: FieldIndex, property: &FieldSchema) -> bool {
        let excluded = self
            .exclude
            .is_some_and(|exclude| exclude.fields.get(&field).is_some_and(|hints| hints.is_end));
        !excluded && self.groups.admit(property.groups)
    }
}

struct Above<'c> {
    instance: Instance,
    depth: usize,
    next: Option<&'c Above<'c>>,
}

impl Above<'_> {
    fn contains(&self, instance: Instance) -> bool {
        self.instance == instance || self.next.is_some_and(|next| next.contains(instance))
    }
}

impl<'em, 'c, T: SerializeEntity> Node<'em, 'c, T> {
    fn root(em: &'em EntityManager, instance: Instance, choice: Choice<'c>) -> Self {
        Self {
            em,
            instance,
            entity: View::<T>::at(em, instance).entity(),
            above: None,
            choice,
        }
    }

    /// The entity.
    #[must_use]
    pub const fn entity(&self) -> &'em T {
        self.entity
    }

    /// Writes a to-one relation.
    ///
    /// # Errors
    /// What the serializer says.
    pub fn to_one<U: SerializeEntity, M: SerializeMap>(
        &self,
        field: usize,
        id: Option<&Id<U>>,
        name: &'static str,
        map: &mut M,
    ) -> Result<(), M::Error> {
        match id {
            None => map.serialize_entry(name, &()),
            Some(id) => {
                self.nested(|here| map.serialize_entry(name, &self.related(field, id, here)))
            }
        }
    }

    /// Writes a collection, if it is initialized.
    ///
    /// # Errors
    /// What the serializer says.
    pub fn to_many<U: SerializeEntity, M: SerializeMap>(
        &self,
        field: usize,
        items: &Collection<U>,
        name: &'static str,
        map: &mut M,
    ) -> Result<(), M::Error> {
        if !items.is_initialized() {
            return Ok(());
        }
        self.nested(|here| {
            map.serialize_entry(
                name,
                &Items {
                    node: self,
                    field,
                    ids: items.ids_unchecked(),
                    here,
                },
            )
        })
    }

    /// Writes an inverse to-one property, if it is initialized.
    ///
    /// # Errors
    /// What the serializer says.
    pub fn inverse<U: SerializeEntity, M: SerializeMap>(
        &self,
        field: usize,
        item: &Inverse<U>,
        name: &'static str,
        map: &mut M,
    ) -> Result<(), M::Error> {
        if item.is_initialized() {
            self.to_one(field, item.as_id(), name, map)
        } else {
            Ok(())
        }
    }

    fn nested<R>(&self, write: impl FnOnce(&Above<'_>) -> R) -> R {
        let depth = self.above.map_or(0, |above| above.depth) + 1;
        write(&Above {
            instance: self.instance,
            depth,
            next: self.above,
        })
    }

    /// What stands at the other end of a relation: the entity, or its key.
    fn related<'d, U: SerializeEntity>(
        &self,
        field: FieldIndex,
        id: &'d Id<U>,
        here: &'d Above<'d>,
    ) -> Related<'em, 'd, U>
    where
        'c: 'd,
    {
        let chosen = match self.choice.include {
            Some(include) => include.fields.get(&field).map(Some),
            None => Some(None),
        };
        let fits = |instance: &Instance| here.depth < DEPTH && !here.contains(*instance);
        match (chosen, self.em.loaded(id).filter(fits)) {
            (Some(include), Some(instance)) => {
                let exclude = self.choice.exclude;
                let choice = Choice {
                    include,
                    exclude: exclude.and_then(|exclude| exclude.fields.get(&field)),
                    groups: self.choice.groups,
                };
                Related::Node(Node {
                    above: Some(here),
                    ..Node::root(self.em, instance, choice)
                })
            }
            _ => Related::Key(id),
        }
    }
}

enum Related<'em, 'c, T: Entity> {
    Node(Node<'em, 'c, T>),
    Key(&'c Id<T>),
}

impl<T: SerializeEntity> Serialize for Related<'_, '_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Node(node) => node.serialize(serializer),
            Self::Key(id) => id.serialize(serializer),
        }
    }
}

struct Items<'a, 'em, 'c, T, U: Entity> {
    node: &'a Node<'em, 'c, T>,
    field: FieldIndex,
    ids: &'a [Id<U>],
    here: &'a Above<'a>,
}

impl<T: SerializeEntity, U: SerializeEntity> Serialize for Items<'_, '_, '_, T, U> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut items = serializer.serialize_seq(Some(self.ids.len()))?;
        for id in self.ids {
            items.serialize_element(&self.node.related(self.field, id, self.here))?;
        }
        items.end()
    }
}

impl<T: SerializeEntity> Serialize for Node<'_, '_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let schema = self.em.schema_of(self.instance);
        let mut map = serializer.serialize_map(None)?;
        let own = |field: &FieldIndex| schema.fields[*field].part_of.is_none();
        self.properties((0..schema.fields.len()).filter(own), &mut map)?;
        self.entity
            .serialize_computed(self.choice.groups, &mut map)?;
        map.end()
    }
}

impl<T: SerializeEntity> Node<'_, '_, T> {
    /// Writes the entries of some properties.
    fn properties<M: SerializeMap>(
        &self,
        fields: impl Iterator<Item = FieldIndex>,
        map: &mut M,
    ) -> Result<(), M::Error> {
        let schema = self.em.schema_of(self.instance);
        for field in fields {
            let property = &schema.fields[field];
            if property.hidden || !self.choice.admits(field, property) {
                continue;
            }
            let name = property.serialized_name;
            match property.kind {
                _ if property.embedded.is_some() => {
                    map.serialize_entry(name, &EmbeddedValue { node: self, field })?;
                }
                ResolvedKind::Relation(_) => {
                    T::serialize_relation(self, field, name, map)?;
                }
                ResolvedKind::PrimaryKey | ResolvedKind::Scalar(_) | ResolvedKind::Lazy(_) => {
                    let groups = self.choice.groups;
                    let written = Written { property, groups };
                    Fields::serialize(self.entity, field, name, written, map)?;
                }
                ResolvedKind::Derived(_) => {}
            }
        }
        Ok(())
    }
}

/// An embedded value, written as a map of its properties.
struct EmbeddedValue<'a, 'em, 'c, T> {
    node: &'a Node<'em, 'c, T>,
    field: FieldIndex,
}

impl<T: SerializeEntity> Serialize for EmbeddedValue<'_, '_, '_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !has_value(self.node.entity, self.field) {
            return serializer.serialize_none();
        }
        let schema = self.node.em.schema_of(self.node.instance);
        let mut map = serializer.serialize_map(None)?;
        self.node
            .properties(schema.properties_of(self.field), &mut map)?;
        map.end()
    }
}

impl EntityManager {
    /// Serializes an entity by choice: relations are keys, but for those that are populated.
    ///
    /// ```
    /// # use musher::prelude::*;
    /// # #[derive(Entity, Debug)] struct Tag { #[orm(primary_key)] id: Pk, name: String, color: String }
    /// # let orm = Orm::builder().entities::<Tag>().in_memory()?;
    /// # let mut em = orm.em();
    /// let tag = em.create(Tag::build().name("rust").color("orange"));
    /// let json = serde_json::to_value(em.serialize(tag).exclude(|t| t.color()))?;
    /// assert_eq!(json, serde_json::json!({ "id": 1, "name": "rust" }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// An entity that is not loaded serializes as its key.
    pub fn serialize<T: SerializeEntity>(&self, id: impl IntoId<T>) -> Serialization<'_, T> {
        Serialization::new(self, Subject::One(id.into_id()))
    }

    /// Serializes several entities as a list, all by the same choice.
    ///
    /// ```
    /// # use musher::prelude::*;
    /// # #[derive(Entity, Debug)] struct Tag { #[orm(primary_key)] id: Pk, name: String, color: String }
    /// # let orm = Orm::builder().entities::<Tag>().in_memory()?;
    /// # let mut em = orm.em();
    /// em.create(Tag::build().name("rust").color("orange"));
    /// let tags = em.find::<Tag>().all()?;
    /// let json = serde_json::to_value(em.serialize_all(tags).exclude(|t| t.color()))?;
    /// assert_eq!(json, serde_json::json!([{ "id": 1, "name": "rust" }]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn serialize_all<T: SerializeEntity>(&self, ids: impl IntoIds<T>) -> Serialization<'_, T> {
        Serialization::new(self, Subject::All(ids.into_ids()))
    }
}

/// A choice of what to serialize of an entity. It implements [`Serialize`].
#[must_use = "a serialization does nothing until a serializer takes it"]
pub struct Serialization<'em, T: Managed> {
    em: &'em EntityManager,
    subject: Subject<T>,
    include: Hints,
    exclude: Hints,
    groups: Groups,
}

enum Subject<T: Managed> {
    One(Id<T>),
    All(Vec<Id<T>>),
}

impl<'em, T: SerializeEntity> Serialization<'em, T> {
    fn new(em: &'em EntityManager, subject: Subject<T>) -> Self {
        Self {
            em,
            subject,
            include: Hints::default(),
            exclude: Hints::default(),
            groups: Groups::ANY,
        }
    }

    /// Writes, of properties with groups, those of this group, here and in nested entities. Properties
    /// without groups are always written. May be called for several groups.
    ///
    /// A group is any type: `struct Admin;` and `#[orm(groups(Admin))]` on the properties. As long as no
    /// group is asked for, groups do not matter.
    pub fn group<G: 'static>(mut self) -> Self {
        self.groups.select().push(TypeId::of::<G>());
        self
    }

    /// Writes no properties with groups, but for those of the groups that are asked for.
    pub fn ungrouped(mut self) -> Self {
        self.groups.select();
        self
    }

    /// Nests the entities that relations refer to, as far as they are loaded.
    pub fn populate<H: Hint<T>>(mut self, hints: impl FnOnce(T::LoadPath<Root<T>>) -> H) -> Self {
        hints(LoadPath::root().into()).into_hints(&mut self.include);
        self
    }

    /// Leaves a property out.
    pub fn exclude<S: Selection<T>>(
        mut self,
        path: impl FnOnce(T::LoadPath<Root<T>>) -> S,
    ) -> Self {
        path(LoadPath::root().into()).into_selection(&mut self.exclude);
        self
    }

    /// The result as a JSON value.
    ///
    /// # Errors
    /// What serde says of a property's value.
    #[cfg(feature = "serde-json")]
    pub fn to_value(&self) -> crate::error::Result<serde_json::Value> {
        serde_json::to_value(self).map_err(crate::error::Error::other)
    }
}

impl<T: SerializeEntity> Serialize for Serialization<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let choice = Choice {
            include: Some(&self.include),
            exclude: Some(&self.exclude),
            groups: &self.groups,
        };
        let related = |id| match self.em.loaded(id) {
            Some(instance) => Related::Node(Node::root(self.em, instance, choice)),
            None => Related::<T>::Key(id),
        };
        match &self.subject {
            Subject::One(id) => related(id).serialize(serializer),
            Subject::All(ids) => serializer.collect_seq(ids.iter().map(related)),
        }
    }
}
