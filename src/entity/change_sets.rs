//! All that a flush does, or would do, to rows and links.

use std::fmt;
use std::sync::Arc;

use super::{ChangeKind, ChangeSet, ChangeSetData, Entity, Id};
use crate::codec::RowKey;
use crate::log;
use crate::schema::{EntitySchema, FieldIndex, JoinIndex, ResolvedKind, Schema};

/// The change sets of one flush, in the order in which the entities were touched. Cheap to clone.
#[derive(Clone)]
pub struct ChangeSets {
    schema: Arc<Schema>,
    rows: Arc<[ChangeSetData]>,
    links: Arc<[LinkData]>,
}

/// A link as a flush leaves it.
pub(crate) struct LinkData {
    pub(crate) join: JoinIndex,
    pub(crate) owner: RowKey,
    pub(crate) target: RowKey,
    pub(crate) added: bool,
}

impl ChangeSets {
    pub(crate) fn new(
        schema: Arc<Schema>,
        rows: impl IntoIterator<Item = ChangeSetData>,
        links: impl IntoIterator<Item = LinkData>,
    ) -> Self {
        Self {
            schema,
            rows: rows.into_iter().collect(),
            links: links.into_iter().collect(),
        }
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.links.is_empty()
    }

    /// The rows that change, of all entities.
    pub fn iter(&self) -> impl Iterator<Item = AnyChangeSet<'_>> {
        self.rows.iter().map(AnyChangeSet)
    }

    /// The rows of one entity that change, with their types.
    pub fn of<T: Entity>(&self) -> impl Iterator<Item = ChangeSet<'_, T>> {
        self.iter().filter_map(AnyChangeSet::downcast)
    }

    /// The links of many-to-many relations that are added or removed. Adding one that is stored, and
    /// removing one that is not, is told too. Links that go with a removed row are not.
    pub fn links(&self) -> impl Iterator<Item = LinkChangeSet<'_>> {
        self.links.iter().map(|data| LinkChangeSet {
            schema: &self.schema,
            data,
        })
    }
}

impl fmt::Debug for ChangeSets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.iter())
            .entries(self.links())
            .finish()
    }
}

/// What a flush does to a row of any entity.
#[derive(Clone, Copy)]
pub struct AnyChangeSet<'a>(&'a ChangeSetData);

impl<'a> AnyChangeSet<'a> {
    fn schema(self) -> &'a EntitySchema {
        self.0.schema.entity(self.0.entity)
    }

    /// The entity's name.
    #[must_use]
    pub fn entity(self) -> &'static str {
        self.schema().name
    }

    /// The key, as messages show it.
    #[must_use]
    pub fn key(self) -> String {
        self.schema().print_key(&self.0.key)
    }

    /// Whether the row is inserted, updated or removed.
    #[must_use]
    pub const fn kind(self) -> ChangeKind {
        self.0.kind
    }

    /// The names of the properties that change. Of a removed row, none.
    pub fn changed(self) -> impl Iterator<Item = &'static str> + 'a {
        self.0.changed_names()
    }

    /// What a property was, in words; `None` for a new row, for a property that does not change, and for
    /// a lazy one that was not loaded. Hidden values are `<hidden>`.
    #[must_use]
    pub fn original(self, property: &str) -> Option<String> {
        self.value(property, &self.0.old_values)
    }

    /// What a property is from now on, in words; `None` if it does not change. Hidden values are
    /// `<hidden>`.
    #[must_use]
    pub fn payload(self, property: &str) -> Option<String> {
        self.value(property, &self.0.new_values)
    }

    fn value(self, property: &str, values: &[(FieldIndex, Vec<u8>)]) -> Option<String> {
        let named = |(field, _): &&(FieldIndex, _)| self.schema().fields[*field].name == property;
        let (field, stored) = values.iter().find(named)?;
        Some(display(&self.0.schema, self.schema(), *field, stored))
    }

    /// The id, if the row is one of `T`.
    #[must_use]
    pub fn id<T: Entity>(self) -> Option<Id<T>> {
        let index = self.0.schema.index_of(std::any::TypeId::of::<T>())?;
        (index == self.0.entity).then(|| self.0.id())
    }

    /// The change set with its types, if the row is one of `T`.
    #[must_use]
    pub fn downcast<T: Entity>(self) -> Option<ChangeSet<'a, T>> {
        self.id::<T>().map(|_| ChangeSet::new(self.0))
    }
}

impl fmt::Debug for AnyChangeSet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let changed: Vec<_> = self.changed().collect();
        write!(f, "{:?} {} {}", self.kind(), self.entity(), self.key())?;
        f.debug_list().entries(changed).finish()
    }
}

/// A link of a many-to-many relation that a flush adds or removes.
#[derive(Clone, Copy)]
pub struct LinkChangeSet<'a> {
    schema: &'a Schema,
    data: &'a LinkData,
}

impl LinkChangeSet<'_> {
    /// The entity at the owning side, and the collection there.
    #[must_use]
    pub fn relation(self) -> (&'static str, &'static str) {
        let join = self.schema.join(self.data.join);
        let owner = self.schema.entity(join.owner);
        (owner.name, owner.fields[join.owner_field].name)
    }

    /// Whether the link is there from now on.
    #[must_use]
    pub const fn is_added(self) -> bool {
        self.data.added
    }

    /// The id at the owning side, if `T` is the entity there.
    #[must_use]
    pub fn owner<T: Entity>(self) -> Option<Id<T>> {
        let index = self.schema.index_of(std::any::TypeId::of::<T>())?;
        (index == self.schema.join(self.data.join).owner).then(|| Id::from_own(&self.data.owner))
    }

    /// The id at the other side, if `T` is the entity there.
    #[must_use]
    pub fn target<T: Entity>(self) -> Option<Id<T>> {
        let index = self.schema.index_of(std::any::TypeId::of::<T>())?;
        (index == self.schema.join(self.data.join).target).then(|| Id::from_own(&self.data.target))
    }
}

impl fmt::Debug for LinkChangeSet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let join = self.schema.join(self.data.join);
        let (owner, target) = (
            self.schema.entity(join.owner),
            self.schema.entity(join.target),
        );
        write!(
            f,
            "{} {} {}.{} {} {}",
            if self.is_added() { "Link" } else { "Unlink" },
            owner.name,
            owner.print_key(&self.data.owner),
            owner.fields[join.owner_field].name,
            target.name,
            target.print_key(&self.data.target)
        )
    }
}

/// The stored value of a property in words, unless it is hidden.
pub(crate) fn display(
    schema: &Schema,
    entity: &EntitySchema,
    field: FieldIndex,
    stored: &[u8],
) -> String {
    let property = &entity.fields[field];
    let value = match &property.kind {
        _ if property.hidden => "<hidden>".to_owned(),
        ResolvedKind::Scalar(value_type) | ResolvedKind::Lazy(value_type) => {
            value_type.display(stored).to_string()
        }
        ResolvedKind::Relation(relation) => {
            let target = schema.entity(relation.target);
            match RowKey::decode_reference(target.key_kind, stored) {
                Ok(Some(key)) => target.print_key(&key),
                Ok(None) | Err(_) => "None".to_owned(),
            }
        }
        ResolvedKind::PrimaryKey | ResolvedKind::Derived(_) => {
            unreachable!("it is no value in the row")
        }
    };
    log::shortened(&value)
}
