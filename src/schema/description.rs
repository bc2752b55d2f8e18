//! What the derives say of an entity. Plain data; nothing here is checked beyond what types can
//! say, [`super::build`] does that with all entities at hand.

use std::any::TypeId;
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{
    CharCount, Derive, DerivedValue, ElementType, Elements, Equal, IndexDescription,
    ListDescription, OrderTerm, Readability, ValueType, VersionNumber,
};
use crate::codec::OrderedKey;

/// An entity as its derive describes it.
#[derive(Debug, Clone)]
pub(crate) struct EntityDescription {
    /// The name that stored data, errors and logs use.
    pub name: &'static str,
    /// The Rust type.
    pub type_id: TypeId,
    /// The properties, base entity's first, in the order of declaration.
    pub fields: Vec<FieldDescription>,
    /// The names of computed properties, base entity's first.
    pub computed: Vec<&'static str>,
    /// The indexes that are declared on the struct.
    pub indexes: Vec<IndexDescription>,
    /// The order of rows where a query names none.
    pub order: Vec<OrderTerm>,
}

/// One property as its derive describes it.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an attribute that a property has or has not"
)]
pub struct FieldDescription {
    pub(crate) name: &'static str,
    pub(crate) kind: FieldKind,
    pub(crate) hidden: bool,
    pub(crate) nullable: bool,
    pub(crate) has_default: bool,
    pub(crate) unique: bool,
    pub(crate) index: bool,
    /// What the program calls the index, where it does.
    pub(crate) index_name: Option<&'static str>,
    /// The elements that the index has a key of each of, instead of one of the value.
    pub(crate) each: Option<ElementType>,
    pub(crate) concurrency_check: bool,
    pub(crate) is_key_part: bool,
    pub(crate) cascade_remove: bool,
    /// The property is an embedded value of a struct of this name.
    pub(crate) embedded: Option<&'static str>,
    /// The property is a list of embedded values.
    pub(crate) list: Option<ListDescription>,
    /// The embedded value that the property is of, by its position.
    pub(crate) part_of: Option<usize>,
    pub(crate) eager: bool,
    /// The order of a collection's items, where it is declared.
    pub(crate) order: Option<fn() -> Vec<OrderTerm>>,
    pub(crate) length: Option<usize>,
    /// The name in serializations, where it is another one.
    pub(crate) serialized_name: Option<&'static str>,
    /// The groups that it is serialized for; all, if none is named.
    pub(crate) groups: &'static [fn() -> TypeId],
}

#[derive(Debug, Clone)]
pub(crate) enum FieldKind {
    PrimaryKey,
    Scalar(ValueType),
    Lazy(ValueType),
    Relation(Relation),
    Derived(DerivedValue),
}

/// The entity at the other end of a relation.
#[derive(Clone, Copy)]
pub struct Target {
    /// The Rust type.
    pub type_id: TypeId,
    /// The entity's name.
    pub name: &'static str,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// What happens to a row when the row that it refers to is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDelete {
    /// The removal is refused. The default for a required reference.
    Restrict,
    /// The reference becomes `None`. The default for an optional reference.
    SetNull,
    /// The row is removed too.
    Cascade,
}

/// A relation as its derive describes it.
#[derive(Debug, Clone)]
pub enum Relation {
    /// Holds a key; many rows may hold the same one.
    ManyToOne {
        /// The entity referred to.
        target: Target,
        /// The collection at the other end, where it is named.
        inversed_by: Option<&'static str>,
        /// The rule, where it is named.
        on_delete: Option<OnDelete>,
    },
    /// Holds a key that no other row holds.
    OneToOne {
        /// The entity referred to.
        target: Target,
        /// The inverse property at the other end, where it is named.
        inversed_by: Option<&'static str>,
        /// The rule, where it is named.
        on_delete: Option<OnDelete>,
    },
    /// The inverse side of a [`Relation::OneToOne`].
    OneToOneInverse {
        /// The entity that holds the key.
        target: Target,
        /// Its property.
        mapped_by: &'static str,
        /// Whether what is released is removed.
        orphan_removal: bool,
    },
    /// The inverse side of a [`Relation::ManyToOne`].
    OneToMany {
        /// The entity that holds the key.
        target: Target,
        /// Its property.
        mapped_by: &'static str,
        /// Whether what is released is removed.
        orphan_removal: bool,
    },
    /// A set of links.
    ManyToMany {
        /// The entity at the other end.
        target: Target,
        /// The owning side, where this is the inverse side.
        mapped_by: Option<&'static str>,
        /// The inverse side, where this is the owning side and names it.
        inversed_by: Option<&'static str>,
        /// Whether the owning side keeps the items in an order of its own.
        fixed_order: bool,
    },
}

impl Relation {
    pub(super) const fn target(&self) -> Target {
        match self {
            Self::ManyToOne { target, .. }
            | Self::OneToOne { target, .. }
            | Self::OneToOneInverse { target, .. }
            | Self::OneToMany { target, .. }
            | Self::ManyToMany { target, .. } => *target,
        }
    }
}

impl FieldDescription {
    const fn new(name: &'static str, kind: FieldKind) -> Self {
        Self {
            name,
            kind,
            hidden: false,
            nullable: false,
            has_default: false,
            unique: false,
            index: false,
            index_name: None,
            each: None,
            concurrency_check: false,
            is_key_part: false,
            cascade_remove: false,
            embedded: None,
            list: None,
            part_of: None,
            eager: false,
            order: None,
            length: None,
            serialized_name: None,
            groups: &[],
        }
    }

    /// The primary key: the property that holds it, or the place of one that is made of several.
    #[must_use]
    pub const fn primary_key(name: &'static str) -> Self {
        Self::new(name, FieldKind::PrimaryKey)
    }

    /// A property stored in the row.
    #[must_use]
    pub const fn scalar<V: Serialize + DeserializeOwned + fmt::Debug + 'static>(
        name: &'static str,
        equal: Equal,
        readability: Readability,
    ) -> Self {
        let value = ValueType::of::<V>().compared(equal).assigned::<V>();
        let value = value.readable(readability);
        Self::new(name, FieldKind::Scalar(value))
    }

    /// An embedded value, a struct of this name. Stored is whether it is there; its properties are
    /// described by [`FieldDescription::embed`].
    #[must_use]
    pub const fn embedded(name: &'static str, of: &'static str) -> Self {
        let mut description = Self::new(name, FieldKind::Scalar(ValueType::of::<Option<()>>()));
        description.embedded = Some(of);
        description
    }

    /// A list of embedded values.
    pub(crate) const fn list(name: &'static str, value: ValueType, list: ListDescription) -> Self {
        let mut description = Self::new(name, FieldKind::Scalar(value));
        description.list = Some(list);
        description
    }

    /// Adds the properties of the embedded value at a position, under their names in the entity.
    pub fn embed(
        fields: &mut Vec<Self>,
        position: usize,
        properties: Vec<Self>,
        names: &[&'static str],
    ) {
        let first = fields.len();
        debug_assert_eq!(properties.len(), names.len(), "each property has a name");
        for (mut property, name) in properties.into_iter().zip(names) {
            property.serialized_name = property.serialized_name.or(Some(property.name));
            property.name = name;
            property.part_of = property
                .part_of
                .map_or(Some(position), |at| Some(first + at));
            fields.push(property);
        }
    }

    /// A property stored apart, read only when asked for. `V` is the type inside `Lazy`.
    #[must_use]
    pub const fn lazy<V: Serialize + DeserializeOwned + fmt::Debug + 'static>(
        name: &'static str,
        readability: Readability,
    ) -> Self {
        let value = ValueType::of::<V>().assigned::<V>().readable(readability);
        Self::new(name, FieldKind::Lazy(value))
    }

    /// A relation.
    #[must_use]
    pub const fn relation(name: &'static str, relation: Relation) -> Self {
        Self::new(name, FieldKind::Relation(relation))
    }

    /// A value computed of other properties, by their positions. `derive` gives its stored form.
    #[must_use]
    pub fn derived<V: DeserializeOwned + fmt::Debug + 'static>(
        name: &'static str,
        equal: Equal,
        reads: impl IntoIterator<Item = usize>,
        derive: Derive,
    ) -> Self {
        let value_type = ValueType::of::<V>().compared(equal);
        let reads = reads.into_iter().collect();
        Self::new(
            name,
            FieldKind::Derived(DerivedValue {
                value_type,
                reads,
                derive,
            }),
        )
    }

    /// Kept out of serialization and logs.
    #[must_use]
    pub const fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// The primary key is made of this property, and perhaps of others.
    #[must_use]
    pub const fn part_of_key<V: DeserializeOwned + OrderedKey + fmt::Debug>(mut self) -> Self {
        self.is_key_part = true;
        self.ordered::<V>()
    }

    /// The type is an `Option`.
    #[must_use]
    pub const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// A stored row that lacks the property can be read all the same.
    #[must_use]
    pub const fn has_default(mut self) -> Self {
        self.has_default = true;
        self
    }

    /// No two rows have the same value.
    #[must_use]
    pub const fn unique<V: DeserializeOwned + OrderedKey + fmt::Debug>(mut self) -> Self {
        self.unique = true;
        self.ordered::<V>()
    }

    /// Rows can be found by the value.
    #[must_use]
    pub const fn index<V: DeserializeOwned + OrderedKey + fmt::Debug>(mut self) -> Self {
        self.index = true;
        self.ordered::<V>()
    }

    /// No element is in two rows.
    #[must_use]
    pub const fn unique_each<V: Elements>(mut self) -> Self {
        self.unique = true;
        self.each = Some(ElementType::of::<V>());
        self
    }

    /// Rows can be found by each element of the value.
    #[must_use]
    pub const fn index_each<V: Elements>(mut self) -> Self {
        self.index = true;
        self.each = Some(ElementType::of::<V>());
        self
    }

    /// The name that the stored data use for the index on the property.
    #[must_use]
    pub const fn index_name(mut self, name: &'static str) -> Self {
        self.index_name = Some(name);
        self
    }

    /// At most so many characters. `V` is the type inside `Lazy`, if it is one.
    #[must_use]
    pub const fn length<V: DeserializeOwned + CharCount + 'static>(mut self, most: usize) -> Self {
        self.length = Some(most);
        self.kind = match self.kind {
            FieldKind::Scalar(value) => FieldKind::Scalar(value.counted::<V>()),
            FieldKind::Lazy(value) => FieldKind::Lazy(value.counted::<V>()),
            other => other,
        };
        self
    }

    /// The name in serializations.
    #[must_use]
    pub const fn serialized_name(mut self, name: &'static str) -> Self {
        self.serialized_name = Some(name);
        self
    }

    /// The groups that it is serialized for.
    #[must_use]
    pub const fn groups(mut self, groups: &'static [fn() -> TypeId]) -> Self {
        self.groups = groups;
        self
    }

    /// Populated whenever the entity is loaded.
    #[must_use]
    pub const fn eager(mut self) -> Self {
        self.eager = true;
        self
    }

    /// The order of the items of a collection.
    #[must_use]
    pub const fn order_by(mut self, order: fn() -> Vec<OrderTerm>) -> Self {
        self.order = Some(order);
        self
    }

    /// What the relation holds is removed with the entity.
    #[must_use]
    pub const fn cascade_remove(mut self) -> Self {
        self.cascade_remove = true;
        self
    }

    /// A row is written only while it has the value that was read.
    #[must_use]
    pub const fn concurrency_check(mut self) -> Self {
        self.concurrency_check = true;
        self
    }

    /// Counted by every flush that writes the row.
    #[must_use]
    pub const fn version<V: VersionNumber>(mut self) -> Self {
        self.kind = match self.kind {
            FieldKind::Scalar(value) => FieldKind::Scalar(value.versioned::<V>()),
            other => other,
        };
        self
    }

    const fn ordered<V: DeserializeOwned + OrderedKey + fmt::Debug>(mut self) -> Self {
        self.kind = match self.kind {
            FieldKind::Scalar(value) => FieldKind::Scalar(value.ordered::<V>()),
            other => other,
        };
        self
    }
}
