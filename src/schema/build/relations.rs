//! How the two sides of a relation find each other.

use super::Builder;
use crate::schema::entity::RelationKind;
use crate::schema::{
    EntityIndex, FieldDescription, FieldIndex, FieldKind, JoinIndex, JoinSchema, OnDelete,
    Relation, RelationSchema, Side, Target,
};

impl Builder {
    /// Resolves one side of a relation; a problem is reported, and gives nothing.
    pub(super) fn relation(
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
            } => {
                let names = (entity, field);
                self.owning_to_one(&here, names, target, *inversed_by, (false, *on_delete))?
            }
            Relation::OneToOne {
                inversed_by,
                on_delete,
                ..
            } => {
                let names = (entity, field);
                self.owning_to_one(&here, names, target, *inversed_by, (true, *on_delete))?
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

    fn owning_to_one(
        &mut self,
        here: &str,
        (entity, field): (EntityIndex, &FieldDescription),
        target: EntityIndex,
        inversed_by: Option<&str>,
        (one_to_one, on_delete): (bool, Option<OnDelete>),
    ) -> Option<(Option<FieldIndex>, RelationKind)> {
        let usual = if field.nullable {
            OnDelete::SetNull
        } else {
            OnDelete::Restrict
        };
        let inverse = self.side_mapped_by(here, entity, field.name, target, inversed_by)?;
        let on_delete = on_delete.unwrap_or(usual);
        Some((
            inverse,
            RelationKind::ToOne {
                one_to_one,
                on_delete,
            },
        ))
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
                fixed_order: self.has_fixed_order(entity, field),
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
            fixed_order: self.has_fixed_order(target, owner),
        });
        Some((
            Some(owner),
            RelationKind::ManyToMany {
                join,
                side: Side::Inverse,
            },
        ))
    }

    fn has_fixed_order(&self, owner: EntityIndex, field: FieldIndex) -> bool {
        let relation = &self.descriptions[usize::from(owner.0)].fields[field].kind;
        matches!(
            relation,
            FieldKind::Relation(Relation::ManyToMany {
                fixed_order: true,
                ..
            })
        )
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
}
