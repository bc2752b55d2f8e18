//! The resolved schema: every relation knows its target's position, its other side and its storage.

use std::any::TypeId;
use std::collections::BTreeSet;
use std::fmt;

use rustc_hash::FxHashMap;

use super::{
    DerivedValue, FieldSet, IndexSchema, ListSchema, OnDelete, OrderTerm, ValueType, VersionType,
    properties_of,
};
use crate::codec::record::PropertyNumber;
use crate::codec::{KeyError, RowKey, RowKeyKind};

/// The position of an entity in the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct EntityIndex(pub(crate) u16);

/// The position of a property in its entity.
pub(crate) type FieldIndex = usize;

/// The position of a many-to-many relation in the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct JoinIndex(pub(crate) u16);

/// All entities of a database, resolved.
#[derive(Debug)]
pub(crate) struct Schema {
    pub(crate) entities: Vec<EntitySchema>,
    pub(crate) joins: Vec<JoinSchema>,
    /// Whether any entity has eager relations.
    pub(crate) has_eager: bool,
    pub(super) by_type: FxHashMap<TypeId, EntityIndex>,
}

impl Schema {
    #[inline]
    pub(crate) fn entity(&self, index: EntityIndex) -> &EntitySchema {
        &self.entities[usize::from(index.0)]
    }

    pub(crate) fn join(&self, index: JoinIndex) -> &JoinSchema {
        &self.joins[usize::from(index.0)]
    }

    #[inline]
    pub(crate) fn index_of(&self, type_id: TypeId) -> Option<EntityIndex> {
        self.by_type.get(&type_id).copied()
    }

    /// The entities at the other ends of an entity's relations.
    pub(crate) fn related(&self, entity: EntityIndex) -> impl Iterator<Item = EntityIndex> {
        let fields = self.entity(entity).fields.iter();
        fields.filter_map(|field| match &field.kind {
            ResolvedKind::Relation(relation) => Some(relation.target),
            _ => None,
        })
    }

    /// The entities whose rows the removal of rows of these may change, these included.
    pub(crate) fn reached_by_removal(
        &self,
        mut removed: BTreeSet<EntityIndex>,
    ) -> BTreeSet<EntityIndex> {
        let mut open: Vec<EntityIndex> = removed.iter().copied().collect();
        while let Some(entity) = open.pop() {
            let schema = self.entity(entity);
            let referrers = schema.referrers.iter().map(|(referrer, _)| *referrer);
            let taken = schema.cascades.iter();
            let taken = taken.map(|field| schema.relation(*field).target);
            for reached in referrers.chain(taken) {
                if removed.insert(reached) {
                    open.push(reached);
                }
            }
        }
        removed
    }

    pub(crate) fn indexes(&self) -> impl Iterator<Item = EntityIndex> + use<> {
        (0..self.entities.len())
            .map(|at| EntityIndex(u16::try_from(at).expect("checked when the schema was built")))
    }
}

/// One entity, resolved.
#[derive(Debug)]
pub(crate) struct EntitySchema {
    pub(crate) index: EntityIndex,
    pub(crate) name: &'static str,
    /// The name as the query log writes it: `order_line` for `OrderLine`.
    pub(crate) label: String,
    pub(crate) key_kind: RowKeyKind,
    /// The type of the key, as the catalog keeps it.
    pub(crate) key_name: String,
    pub(crate) print_key: fn(&RowKey) -> String,
    /// The key that a value, encoded as a property would be, stands for.
    pub(crate) key_of_value: fn(&[u8]) -> Option<RowKey>,
    /// Takes a key off the front of bytes.
    pub(crate) skip_key: fn(&mut &[u8]) -> Result<(), KeyError>,
    pub(crate) key_field: FieldIndex,
    /// The properties that the key is made of, in its order. None where a property holds it.
    pub(crate) key_parts: Vec<FieldIndex>,
    /// A key that is made of properties, as an index of which the rows are the entries.
    pub(crate) key_index: Option<IndexSchema>,
    pub(crate) fields: Vec<FieldSchema>,
    /// Properties stored in the row: scalars and owning to-one relations.
    pub(crate) columns: Vec<FieldIndex>,
    pub(crate) lazies: Vec<FieldIndex>,
    /// Owning to-one relations.
    pub(crate) to_ones: Vec<FieldIndex>,
    /// Collections and inverse to-one properties.
    pub(crate) to_manys: Vec<FieldIndex>,
    pub(crate) indexes: Vec<IndexSchema>,
    /// The relations that are populated whenever the entity is loaded.
    pub(crate) eager: Vec<FieldIndex>,
    /// The order of rows where a query names none; by key, if it is empty.
    pub(crate) order: Vec<OrderTerm>,
    /// The relations whose entities are removed with this one.
    pub(crate) cascades: Vec<FieldIndex>,
    /// The to-one relations, of any entity, that refer to this one.
    pub(crate) referrers: Vec<(EntityIndex, FieldIndex)>,
    /// The many-to-many relations that this entity takes part in, with its side.
    pub(crate) joins: Vec<(JoinIndex, Side)>,
    /// The property that counts how often a row was written.
    pub(crate) row_version: Option<(FieldIndex, VersionType)>,
    /// The properties that a row must still have as they were read to be written: its version first.
    pub(crate) locks: Vec<FieldIndex>,
    /// The version of the schema under which rows are written now.
    pub(crate) version: u32,
    /// The position of each stored property number; filled from the catalog when a database opens.
    pub(crate) by_number: Vec<Option<FieldIndex>>,
}

impl EntitySchema {
    pub(crate) fn print_key(&self, key: &RowKey) -> String {
        (self.print_key)(key)
    }

    pub(crate) fn relation(&self, field: FieldIndex) -> &RelationSchema {
        match &self.fields[field].kind {
            ResolvedKind::Relation(relation) => relation,
            other => unreachable!(
                "{}.{} is no relation but {other:?}",
                self.name, self.fields[field].name
            ),
        }
    }

    /// The index on this property alone.
    pub(crate) fn index_on(&self, field: FieldIndex) -> Option<&IndexSchema> {
        self.indexes.iter().find(|index| index.is_on(field))
    }

    /// The unique index on just these properties.
    pub(crate) fn unique_on(&self, fields: &FieldSet) -> Option<&IndexSchema> {
        let is_on = |index: &&IndexSchema| {
            let parts: FieldSet = index.parts.iter().map(|part| part.field).collect();
            index.unique && !index.has_elements() && parts == *fields
        };
        self.indexes.iter().find(is_on)
    }

    /// The unique index of an entity that has no other.
    pub(crate) fn only_unique(&self) -> Option<&IndexSchema> {
        let identifies = |index: &&IndexSchema| index.unique && !index.has_elements();
        let mut unique = self.indexes.iter().filter(identifies);
        unique.next().filter(|_| unique.next().is_none())
    }

    /// The property of the entity itself that holds a property: itself, or the embedded value that it is
    /// in.
    pub(crate) fn holder(&self, field: FieldIndex) -> FieldIndex {
        self.fields[field]
            .part_of
            .map_or(field, |value| self.holder(value))
    }

    /// The properties of an embedded value.
    pub(crate) fn properties_of(&self, value: FieldIndex) -> impl Iterator<Item = FieldIndex> {
        properties_of(&self.fields, Some(value))
    }

    /// All of a set, and what is written together with it.
    pub(crate) fn with_units(&self, set: FieldSet) -> FieldSet {
        let unit = |field: FieldIndex| self.fields[field].unit;
        let units: FieldSet = set.iter().filter_map(unit).collect();
        let belongs = |field: &FieldIndex| unit(*field).is_some_and(|unit| units.contains(unit));
        if units.is_empty() {
            return set;
        }
        let others = self.columns.iter().copied().filter(belongs);
        set.iter().chain(others).collect()
    }

    /// Fixes the number under which each stored property is found in rows.
    pub(crate) fn assign_numbers(&mut self, numbers: &[(FieldIndex, PropertyNumber)]) {
        for (field, number) in numbers {
            self.fields[*field].number = *number;
            let at = usize::from(number.0);
            if self.by_number.len() <= at {
                self.by_number.resize(at + 1, None);
            }
            debug_assert!(
                self.by_number[at].is_none(),
                "a property number is given once"
            );
            self.by_number[at] = Some(*field);
        }
        // Rows list their properties by ascending number, and are built in this order.
        let fields = &self.fields;
        self.columns.sort_by_key(|field| fields[*field].number);
    }
}

/// One property, resolved.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is something that holds of a property or does not"
)]
pub(crate) struct FieldSchema {
    pub(crate) name: &'static str,
    pub(crate) kind: ResolvedKind,
    pub(crate) hidden: bool,
    pub(crate) serialized_name: &'static str,
    /// The groups that it is serialized for; all, if there are none.
    pub(crate) groups: &'static [fn() -> TypeId],
    pub(crate) nullable: bool,
    /// The property is an embedded value of a struct of this name. Stored is whether it is there.
    pub(crate) embedded: Option<&'static str>,
    /// What the elements are, where the property is a list of embedded values.
    pub(crate) list: Option<ListSchema>,
    /// The embedded value that the property is of.
    pub(crate) part_of: Option<FieldIndex>,
    /// The outermost embedded value, the property itself or one that it is of, that may be absent. What
    /// has the same is written together, so that no row has a part of a value.
    pub(crate) unit: Option<FieldIndex>,
    /// The property is of an embedded value that may be absent, and nothing is stored for it then.
    pub(crate) may_be_absent: bool,
    pub(crate) has_default: bool,
    pub(crate) length: Option<usize>,
    /// The order of a collection's items, where it declares one.
    pub(crate) order: Vec<OrderTerm>,
    /// Where rows keep the property. Meaningless for what rows do not keep.
    pub(crate) number: PropertyNumber,
}

#[derive(Debug)]
pub(crate) enum ResolvedKind {
    PrimaryKey,
    Scalar(ValueType),
    Lazy(ValueType),
    Relation(RelationSchema),
    /// Computed of the row, and not stored in it.
    Derived(DerivedValue),
}

impl FieldSchema {
    pub(crate) fn value_type(&self) -> Option<&ValueType> {
        match &self.kind {
            ResolvedKind::Scalar(value) | ResolvedKind::Lazy(value) => Some(value),
            ResolvedKind::Derived(derived) => Some(&derived.value_type),
            ResolvedKind::PrimaryKey | ResolvedKind::Relation(_) => None,
        }
    }

    /// The name without that of the embedded value that the property is of.
    pub(crate) fn own_name(&self) -> &'static str {
        match self.part_of {
            Some(_) => self.name.rsplit('.').next().unwrap_or(self.name),
            None => self.name,
        }
    }

    /// What is stored, where it is there at all.
    pub(crate) fn present<'s>(&self, stored: Option<&'s [u8]>) -> Option<&'s [u8]> {
        stored.filter(|stored| !self.may_be_absent || !stored.is_empty())
    }

    pub(crate) fn is_column(&self) -> bool {
        match &self.kind {
            ResolvedKind::Scalar(_) => true,
            ResolvedKind::Relation(relation) => relation.is_to_one_owner(),
            ResolvedKind::PrimaryKey | ResolvedKind::Lazy(_) | ResolvedKind::Derived(_) => false,
        }
    }
}

/// One side of a relation, resolved.
#[derive(Debug)]
pub(crate) struct RelationSchema {
    pub(crate) target: EntityIndex,
    pub(crate) kind: RelationKind,
    /// The property at the other end. Always there for the inverse side of a to-one relation.
    pub(crate) inverse: Option<FieldIndex>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RelationKind {
    /// Owning side; `one_to_one` says that no two rows may hold the same key.
    ToOne {
        one_to_one: bool,
        on_delete: OnDelete,
    },
    /// Inverse side of a many-to-one relation.
    OneToMany { orphan_removal: bool },
    /// Inverse side of a one-to-one relation.
    OneToOneInverse { orphan_removal: bool },
    /// Either side of a many-to-many relation.
    ManyToMany { join: JoinIndex, side: Side },
}

impl RelationSchema {
    pub(crate) fn is_to_one_owner(&self) -> bool {
        matches!(self.kind, RelationKind::ToOne { .. })
    }

    /// For an inverse side of a to-one relation: the property of the target that holds the key.
    pub(crate) fn mapped_by(&self) -> FieldIndex {
        debug_assert!(matches!(
            self.kind,
            RelationKind::OneToMany { .. } | RelationKind::OneToOneInverse { .. }
        ));
        self.inverse.expect("an inverse side knows its owning side")
    }

    pub(crate) fn is_to_many(&self) -> bool {
        matches!(
            self.kind,
            RelationKind::OneToMany { .. } | RelationKind::ManyToMany { .. }
        )
    }

    /// Whether this side keeps its items in the order that the program gives.
    pub(crate) fn has_fixed_order(&self, schema: &Schema) -> bool {
        match self.kind {
            RelationKind::ManyToMany { join, side } => {
                side == Side::Owner && schema.join(join).fixed_order
            }
            _ => false,
        }
    }

    pub(crate) fn orphan_removal(&self) -> bool {
        match self.kind {
            RelationKind::OneToMany { orphan_removal }
            | RelationKind::OneToOneInverse { orphan_removal } => orphan_removal,
            RelationKind::ToOne { .. } | RelationKind::ManyToMany { .. } => false,
        }
    }
}

/// A many-to-many relation.
#[derive(Debug)]
pub(crate) struct JoinSchema {
    pub(crate) owner: EntityIndex,
    pub(crate) owner_field: FieldIndex,
    pub(crate) target: EntityIndex,
    pub(crate) target_field: Option<FieldIndex>,
    /// Whether the owning side keeps its items in an order of its own.
    pub(crate) fixed_order: bool,
}

impl JoinSchema {
    /// The entity and, where it is declared, the property at a side.
    pub(crate) fn end(&self, side: Side) -> (EntityIndex, Option<FieldIndex>) {
        match side {
            Side::Owner => (self.owner, Some(self.owner_field)),
            Side::Inverse => (self.target, self.target_field),
        }
    }
}

/// The two ends of a many-to-many relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Side {
    Owner,
    Inverse,
}

impl Side {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Owner => Self::Inverse,
            Self::Inverse => Self::Owner,
        }
    }
}

impl fmt::Display for EntitySchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
