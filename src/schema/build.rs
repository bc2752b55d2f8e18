//! From the derives' descriptions to a [`Schema`]: names resolve, sides find each other, and
//! everything that is wrong is reported at once.

use std::any::TypeId;

use rustc_hash::FxHashMap;

use super::entity::{RelationKind, ResolvedKind};
use super::{
    EntityDescription, EntityIndex, EntitySchema, FieldDescription, FieldIndex, FieldKind,
    FieldSchema, FieldSet, IndexSchema, JoinIndex, JoinSchema, OnDelete, Relation, RelationSchema,
    Schema, Side, Target,
};
use crate::codec::record::PropertyNumber;
use crate::codec::{RowKey, RowKeyKind};
use crate::error::{Error, Result};

/// What of an entity's type is not in its description.
pub(crate) struct KeyType {
    pub(crate) kind: RowKeyKind,
    pub(crate) print: fn(&RowKey) -> String,
    pub(crate) of_value: fn(&[u8]) -> Option<RowKey>,
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
        let fields: Vec<_> = description
            .fields
            .iter()
            .enumerate()
            .map(|(at, field)| self.field(index, at, field))
            .collect();
        let positions = |wanted: fn(&ResolvedKind) -> bool| -> Vec<FieldIndex> {
            (0..fields.len())
                .filter(|at| wanted(&fields[*at].kind))
                .collect()
        };
        let is_owner = |kind: &ResolvedKind| matches!(kind, ResolvedKind::Relation(relation) if relation.is_to_one_owner());
        let to_ones = positions(is_owner);
        EntitySchema {
            index,
            name: description.name,
            label: snake_case(description.name),
            key_kind: key.kind,
            print_key: key.print,
            key_of_value: key.of_value,
            key_field: description
                .fields
                .iter()
                .position(|field| matches!(field.kind, FieldKind::PrimaryKey))
                .unwrap_or_default(),
            columns: (0..fields.len())
                .filter(|at| fields[*at].is_column())
                .collect(),
            lazies: positions(|kind| matches!(kind, ResolvedKind::Lazy(_))),
            to_manys: positions(
                |kind| matches!(kind, ResolvedKind::Relation(relation) if !relation.is_to_one_owner()),
            ),
            indexes: indexes(&description.fields, &fields),
            to_ones,
            fields,
            referrers: Vec::new(),
            joins: Vec::new(),
            version: 0,
            by_number: Vec::new(),
        }
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
            nullable: field.nullable,
            has_default: field.has_default,
            length: field.length,
            number: PropertyNumber(0),
        }
    }

    fn relation(
        &mut self,
        entity: EntityIndex,
        at: FieldIndex,
        field: &FieldDescription,
        relation: &Relation,
    ) -> Option<RelationSchema> {
        let here = format!(
            "{}.{}",
            self.descriptions[usize::from(entity.0)].name,
            field.name
        );
        let is_many_to_one = |owner: &Relation| matches!(owner, Relation::ManyToOne { .. });
        let is_one_to_one = |owner: &Relation| matches!(owner, Relation::OneToOne { .. });
        let target = self.target(&here, relation.target())?;
        let (inverse, kind) = match relation {
            Relation::ManyToOne {
                inversed_by,
                on_delete,
                ..
            }
            | Relation::OneToOne {
                inversed_by,
                on_delete,
                ..
            } => {
                let one_to_one = matches!(relation, Relation::OneToOne { .. });
                let usual = if field.nullable {
                    OnDelete::SetNull
                } else {
                    OnDelete::Restrict
                };
                let inverse =
                    self.side_mapped_by(&here, entity, field.name, target, *inversed_by)?;
                (
                    inverse,
                    RelationKind::ToOne {
                        one_to_one,
                        on_delete: on_delete.unwrap_or(usual),
                    },
                )
            }
            Relation::OneToMany {
                mapped_by,
                orphan_removal,
                ..
            } => {
                let owner =
                    self.owning_side(&here, target, mapped_by, "a `many_to_one`", is_many_to_one)?;
                (
                    Some(owner),
                    RelationKind::OneToMany {
                        orphan_removal: *orphan_removal,
                    },
                )
            }
            Relation::OneToOneInverse {
                mapped_by,
                orphan_removal,
                ..
            } => {
                let owner =
                    self.owning_side(&here, target, mapped_by, "a `one_to_one`", is_one_to_one)?;
                (
                    Some(owner),
                    RelationKind::OneToOneInverse {
                        orphan_removal: *orphan_removal,
                    },
                )
            }
            Relation::ManyToMany {
                mapped_by,
                inversed_by,
                ..
            } => self.many_to_many(
                &here,
                (entity, at, field.name),
                target,
                *mapped_by,
                *inversed_by,
            )?,
        };
        Some(RelationSchema {
            target,
            kind,
            inverse,
        })
    }

    fn many_to_many(
        &mut self,
        here: &str,
        (entity, field, name): (EntityIndex, FieldIndex, &str),
        target: EntityIndex,
        mapped_by: Option<&str>,
        inversed_by: Option<&str>,
    ) -> Option<(Option<FieldIndex>, RelationKind)> {
        let Some(mapped_by) = mapped_by else {
            let inverse = self.side_mapped_by(here, entity, name, target, inversed_by)?;
            let join = self.join(JoinSchema {
                owner: entity,
                owner_field: field,
                target,
                target_field: inverse,
            });
            return Some((
                inverse,
                RelationKind::ManyToMany {
                    join,
                    side: Side::Owner,
                },
            ));
        };
        let is_owner = |owner: &Relation| {
            matches!(
                owner,
                Relation::ManyToMany {
                    mapped_by: None,
                    ..
                }
            )
        };
        let owner = self.owning_side(
            here,
            target,
            mapped_by,
            "the owning side of a `many_to_many`",
            is_owner,
        )?;
        let join = self.join(JoinSchema {
            owner: target,
            owner_field: owner,
            target: entity,
            target_field: Some(field),
        });
        Some((
            Some(owner),
            RelationKind::ManyToMany {
                join,
                side: Side::Inverse,
            },
        ))
    }

    fn target(&mut self, here: &str, target: Target) -> Option<EntityIndex> {
        let found = self.by_type.get(&target.type_id).copied();
        if found.is_none() {
            self.problems.push(format!("{here} refers to {0}, which is not among the entities; add {0} to `.entities::<(..)>()`", target.name));
        }
        found
    }

    /// The property of `target` that `mapped_by` names, which must own the relation.
    fn owning_side(
        &mut self,
        here: &str,
        target: EntityIndex,
        mapped_by: &str,
        expected: &str,
        accept: impl Fn(&Relation) -> bool,
    ) -> Option<FieldIndex> {
        let description = &self.descriptions[usize::from(target.0)];
        let found = description
            .fields
            .iter()
            .position(|field| field.name == mapped_by);
        let problem = match found.map(|at| &description.fields[at].kind) {
            Some(FieldKind::Relation(owner)) if accept(owner) => return found,
            Some(_) => format!(
                "{here} is mapped by {}.{mapped_by}, which is not {expected}",
                description.name
            ),
            None => format!(
                "{here} is mapped by {0}.{mapped_by}, but {0} has no such property",
                description.name
            ),
        };
        self.problems.push(problem);
        None
    }

    /// The property of `target` whose `mapped_by` names the relation `entity.name`. An owning side
    /// that says `inversed_by` must name the same one; `None` inside is a unidirectional relation.
    #[expect(
        clippy::option_option,
        reason = "the outer None says that a problem was reported"
    )]
    fn side_mapped_by(
        &mut self,
        here: &str,
        entity: EntityIndex,
        name: &str,
        target: EntityIndex,
        inversed_by: Option<&str>,
    ) -> Option<Option<FieldIndex>> {
        let type_id = self.descriptions[usize::from(entity.0)].type_id;
        let other = &self.descriptions[usize::from(target.0)];
        let maps_here = |field: &FieldDescription| match &field.kind {
            FieldKind::Relation(
                Relation::OneToMany {
                    target, mapped_by, ..
                }
                | Relation::OneToOneInverse {
                    target, mapped_by, ..
                }
                | Relation::ManyToMany {
                    target,
                    mapped_by: Some(mapped_by),
                    ..
                },
            ) => target.type_id == type_id && *mapped_by == name,
            _ => false,
        };
        let sides: Vec<_> = (0..other.fields.len())
            .filter(|at| maps_here(&other.fields[*at]))
            .collect();
        let problem = match (sides.as_slice(), inversed_by) {
            ([], None) => return Some(None),
            ([only], None) => return Some(Some(*only)),
            ([only], Some(named)) if other.fields[*only].name == named => return Some(Some(*only)),
            ([_, _, ..], _) => format!(
                "{here} has several inverse sides in {}; a relation has at most one",
                other.name
            ),
            (_, Some(named)) => format!(
                "{here} is inversed by {0}.{named}, which is not mapped by it; write `mapped_by = {name}` on {0}.{named}",
                other.name
            ),
        };
        self.problems.push(problem);
        None
    }

    /// Both sides describe the same relation; the first to come adds it.
    fn join(&mut self, join: JoinSchema) -> JoinIndex {
        let same =
            |known: &JoinSchema| known.owner == join.owner && known.owner_field == join.owner_field;
        let at = self.joins.iter().position(same).unwrap_or_else(|| {
            self.joins.push(join);
            self.joins.len() - 1
        });
        JoinIndex(u16::try_from(at).expect("a program has fewer than 65,536 relations"))
    }

    fn finish(self, mut entities: Vec<EntitySchema>) -> Result<Schema> {
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
            entities,
            joins: self.joins,
            by_type: self.by_type,
        })
    }
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

/// Named indexes, and one for every owning to-one relation: inverse sides and removals need it.
fn indexes(descriptions: &[FieldDescription], fields: &[FieldSchema]) -> Vec<IndexSchema> {
    let index = |field: FieldIndex| match &fields[field].kind {
        ResolvedKind::Relation(RelationSchema {
            kind: RelationKind::ToOne { one_to_one, .. },
            ..
        }) => Some(IndexSchema {
            field,
            unique: *one_to_one,
        }),
        ResolvedKind::Scalar(_) if descriptions[field].unique || descriptions[field].index => {
            Some(IndexSchema {
                field,
                unique: descriptions[field].unique,
            })
        }
        _ => None,
    };
    (0..fields.len()).filter_map(index).collect()
}
