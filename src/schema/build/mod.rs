//! From the derives' descriptions to a [`Schema`]: names resolve, sides find each other, and
//! everything that is wrong is reported at once.

mod eager;
mod indexes;
mod lists;
mod relations;

use std::any::TypeId;

use rustc_hash::FxHashMap;

use super::entity::ResolvedKind;
use super::value_type::short_type_name;
use super::{
    EntityDescription, EntityIndex, EntitySchema, FieldDescription, FieldIndex, FieldKind,
    FieldSchema, FieldSet, JoinIndex, JoinSchema, Schema, Side, VersionType,
};
use crate::codec::record::PropertyNumber;
use crate::codec::{KeyError, RowKey, RowKeyKind};
use crate::error::{Error, Result};

/// What of an entity's type is not in its description.
pub(crate) struct KeyType {
    pub(crate) kind: RowKeyKind,
    pub(crate) name: &'static str,
    pub(crate) print: fn(&RowKey) -> String,
    pub(crate) of_value: fn(&[u8]) -> Option<RowKey>,
    pub(crate) skip: fn(&mut &[u8]) -> Result<(), KeyError>,
}

/// Resolves the descriptions of all entities.
///
/// # Errors
/// [`Error::Schema`], listing every problem.
pub(crate) fn build(descriptions: Vec<(EntityDescription, KeyType)>) -> Result<Schema> {
    let mut builder = Builder {
        by_type: FxHashMap::default(),
        descriptions: Vec::new(),
        problems: Vec::new(),
        joins: Vec::new(),
        lists: Vec::new(),
    };
    let mut keys = Vec::new();
    for (description, key) in descriptions {
        if builder.register(description) {
            keys.push(key);
        }
    }
    let entities = keys
        .into_iter()
        .enumerate()
        .map(|(at, key)| builder.entity(at, &key))
        .collect();
    builder.finish(entities)
}

struct Builder {
    by_type: FxHashMap<TypeId, EntityIndex>,
    descriptions: Vec<EntityDescription>,
    problems: Vec<String>,
    joins: Vec<JoinSchema>,
    /// The lists of embedded values that the one at hand is in: their properties and elements.
    lists: Vec<(&'static str, TypeId)>,
}

impl Builder {
    /// `false`: the very same entity was listed before, which does no harm.
    fn register(&mut self, description: EntityDescription) -> bool {
        if self.by_type.contains_key(&description.type_id) {
            return false;
        }
        if self
            .descriptions
            .iter()
            .any(|other| other.name == description.name)
        {
            self.problems.push(format!(
                "two entities are named {}; give one of them another name with `#[orm(name = \"..\")]`",
                description.name
            ));
        }
        let at = u16::try_from(self.descriptions.len())
            .expect("a program has fewer than 65,536 entities");
        self.by_type.insert(description.type_id, EntityIndex(at));
        self.descriptions.push(description);
        true
    }

    fn entity(&mut self, at: usize, key: &KeyType) -> EntitySchema {
        let description = self.descriptions[at].clone();
        let index = self.by_type[&description.type_id];
        self.check_properties(&description);
        self.check_serialized_names(&description);
        let mut fields: Vec<_> = description
            .fields
            .iter()
            .enumerate()
            .map(|(at, field)| self.field(index, at, field))
            .collect();
        resolve_embedded(&mut fields);
        hide_derived(&mut fields);
        let indexes = self.indexes(&description, &fields);
        let key_index = indexes::of_key(&description, &fields);
        let positions = |wanted: fn(&ResolvedKind) -> bool| -> Vec<FieldIndex> {
            (0..fields.len())
                .filter(|at| wanted(&fields[*at].kind))
                .collect()
        };
        let is_owner = |kind: &ResolvedKind| matches!(kind, ResolvedKind::Relation(relation) if relation.is_to_one_owner());
        let to_ones = positions(is_owner);
        let row_version = self.row_version(&description);
        let flagged = |has: fn(&FieldDescription) -> bool| flagged(&description.fields, has);
        let mut cascades = positions(
            |kind| matches!(kind, ResolvedKind::Relation(relation) if relation.orphan_removal()),
        );
        cascades.extend(flagged(|field| field.cascade_remove));
        let mut locks: Vec<_> = row_version.iter().map(|(version, _)| *version).collect();
        locks.extend(flagged(|field| field.concurrency_check));
        EntitySchema {
            index,
            name: description.name,
            label: snake_case(description.name),
            key_kind: key.kind,
            key_name: short_type_name(key.name),
            print_key: key.print,
            key_of_value: key.of_value,
            skip_key: key.skip,
            key_field: description
                .fields
                .iter()
                .position(|field| matches!(field.kind, FieldKind::PrimaryKey))
                .unwrap_or_default(),
            key_parts: (0..fields.len())
                .filter(|at| description.fields[*at].is_key_part)
                .collect(),
            key_index,
            columns: (0..fields.len())
                .filter(|at| fields[*at].is_column())
                .collect(),
            lazies: positions(|kind| matches!(kind, ResolvedKind::Lazy(_))),
            to_manys: positions(
                |kind| matches!(kind, ResolvedKind::Relation(relation) if !relation.is_to_one_owner()),
            ),
            indexes,
            row_version,
            locks,
            cascades,
            eager: flagged(|field| field.eager),
            order: description.order.clone(),
            to_ones,
            fields,
            referrers: Vec::new(),
            joins: Vec::new(),
            version: 0,
            by_number: Vec::new(),
        }
    }

    /// Names are distinct, and there are not too many.
    fn check_properties(&mut self, description: &EntityDescription) {
        if description.fields.len() > FieldSet::CAPACITY {
            self.problems.push(format!(
                "{} has more than {} properties",
                description.name,
                FieldSet::CAPACITY
            ));
        }
        for (at, field) in description.fields.iter().enumerate() {
            if description.fields[..at]
                .iter()
                .any(|before| before.name == field.name)
            {
                self.problems.push(format!(
                    "{0}.{1} is declared twice, by the entity and by its base; rename one of them",
                    description.name, field.name
                ));
            }
        }
    }

    /// An entity and its base may have taken the same name.
    fn check_serialized_names(&mut self, description: &EntityDescription) {
        // What an embedded value holds has names of its own.
        let is_serialized = |field: &&FieldDescription| {
            let is_own = field.part_of.is_none() && !matches!(field.kind, FieldKind::Derived(_));
            is_own && !field.hidden
        };
        let visible = description.fields.iter().filter(is_serialized);
        let of_properties = visible.map(|field| {
            (
                field.serialized_name.unwrap_or(field.name),
                Some(field.name),
            )
        });
        let computed = description.computed.iter().map(|name| (*name, None));
        let mut names: Vec<_> = of_properties.chain(computed).collect();
        names.sort_unstable();
        // A property that is declared twice has a problem of its own.
        names.dedup_by(|one, other| one == other && one.1.is_some());
        let twice = names.windows(2).filter(|pair| pair[0].0 == pair[1].0);
        for pair in twice {
            self.problems.push(format!(
                "{0} serializes two properties as `{1}`, one of its own and one of its base; rename one of them, with \
                 `serialized_name` for instance",
                description.name, pair[0].0
            ));
        }
    }

    fn row_version(
        &mut self,
        description: &EntityDescription,
    ) -> Option<(FieldIndex, VersionType)> {
        let version = |(at, field): (FieldIndex, &FieldDescription)| match &field.kind {
            FieldKind::Scalar(value) => Some((at, value.version()?)),
            _ => None,
        };
        let mut versions = description.fields.iter().enumerate().filter_map(version);
        let first = versions.next();
        if let Some((second, _)) = versions.next() {
            self.problems.push(format!(
                "{} has a version, and its base has one too; remove `#[orm(version)]` from {0}.{}",
                description.name, description.fields[second].name
            ));
        }
        first
    }

    fn field(
        &mut self,
        entity: EntityIndex,
        at: FieldIndex,
        field: &FieldDescription,
    ) -> FieldSchema {
        let kind = match &field.kind {
            FieldKind::PrimaryKey => ResolvedKind::PrimaryKey,
            FieldKind::Scalar(value) => ResolvedKind::Scalar(*value),
            FieldKind::Lazy(value) => ResolvedKind::Lazy(*value),
            FieldKind::Derived(derived) => ResolvedKind::Derived(*derived),
            FieldKind::Relation(relation) => match self.relation(entity, at, field, relation) {
                Some(relation) => ResolvedKind::Relation(relation),
                // A problem was reported, so this stand-in is never used.
                None => ResolvedKind::PrimaryKey,
            },
        };
        FieldSchema {
            name: field.name,
            kind,
            hidden: field.hidden,
            serialized_name: field.serialized_name.unwrap_or(field.name),
            groups: field.groups,
            nullable: field.nullable,
            embedded: field.embedded,
            list: field.list.map(|list| self.list(entity, field.name, list)),
            part_of: field.part_of,
            unit: None,
            may_be_absent: false,
            has_default: field.has_default,
            length: field.length,
            order: field.order.map(|order| order()).unwrap_or_default(),
            number: PropertyNumber(0),
        }
    }

    fn finish(mut self, mut entities: Vec<EntitySchema>) -> Result<Schema> {
        if self.problems.is_empty() {
            self.problems.extend(eager::circle(&entities));
        }
        if !self.problems.is_empty() {
            return Err(Error::Schema(self.problems));
        }
        let mut referrers = Vec::new();
        for entity in &entities {
            referrers.extend(
                entity
                    .to_ones
                    .iter()
                    .map(|field| (entity.relation(*field).target, entity.index, *field)),
            );
        }
        for (target, entity, field) in referrers {
            entities[usize::from(target.0)]
                .referrers
                .push((entity, field));
        }
        for (at, join) in self.joins.iter().enumerate() {
            let index = JoinIndex(u16::try_from(at).expect("checked when it was added"));
            entities[usize::from(join.owner.0)]
                .joins
                .push((index, Side::Owner));
            entities[usize::from(join.target.0)]
                .joins
                .push((index, Side::Inverse));
        }
        Ok(Schema {
            has_eager: entities.iter().any(|entity| !entity.eager.is_empty()),
            entities,
            joins: self.joins,
            by_type: self.by_type,
        })
    }
}

/// What is derived of a hidden property is hidden.
fn hide_derived(fields: &mut [FieldSchema]) {
    for field in 0..fields.len() {
        if let ResolvedKind::Derived(derived) = &fields[field].kind {
            fields[field].hidden |= derived.reads.iter().any(|read| fields[read].hidden);
        }
    }
}

/// Finds out what of embedded values may be absent, and is written together.
fn resolve_embedded(fields: &mut [FieldSchema]) {
    // What holds a value stands before what is in it.
    for at in 0..fields.len() {
        let of = fields[at].part_of.map(|of| &fields[of]);
        let may_be_absent = of.is_some_and(|of| of.may_be_absent || of.nullable);
        let own = (fields[at].embedded.is_some() && fields[at].nullable).then_some(at);
        let unit = of.and_then(|of| of.unit).or(own);
        fields[at].may_be_absent = may_be_absent;
        fields[at].unit = unit;
    }
}

/// The properties that have an attribute.
fn flagged(fields: &[FieldDescription], has: fn(&FieldDescription) -> bool) -> Vec<FieldIndex> {
    let described = fields.iter().enumerate();
    described
        .filter(|(_, field)| has(field))
        .map(|(at, _)| at)
        .collect()
}

/// `OrderLine` becomes `order_line`.
fn snake_case(name: &str) -> String {
    let mut label = String::with_capacity(name.len() + 4);
    for (at, letter) in name.char_indices() {
        if letter.is_uppercase() && at > 0 {
            label.push('_');
        }
        label.extend(letter.to_lowercase());
    }
    label
}
