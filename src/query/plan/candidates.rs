//! The sources that a condition allows: what of it keys and indexes answer, here or behind relations.

use std::ops::Bound;

use super::super::filter::{Comparison, Condition};
use super::super::items::Items;
use super::super::judge::{Judge, holds_for_none};
use super::choice::pick;
use super::restriction::{KeyUse, Own, index_use, key_use};
use super::{Source, SourceKind};
use crate::codec::RowKey;
use crate::error::Result;
use crate::schema::{EntitySchema, FieldIndex, FieldSet, Schema};

/// A condition that has to hold, or, negated, must not, beside others.
#[derive(Clone, Copy)]
pub(in super::super) struct Atom<'q> {
    /// The to-one relations that lead to what is tested.
    pub(in super::super) steps: &'q [FieldIndex],
    pub(in super::super) test: Test<'q>,
    pub(in super::super) negated: bool,
}

#[derive(Clone, Copy)]
pub(in super::super) enum Test<'q> {
    Compare(FieldIndex, &'q Comparison),
    Items(&'q Items),
    /// At least one of several, each negated if the atom is.
    OneOf(&'q [Condition]),
}

/// What all has to hold where a condition does.
pub(in super::super) fn atoms_of(condition: Option<&Condition>) -> Vec<Atom<'_>> {
    let mut atoms = Vec::new();
    if let Some(condition) = condition {
        flatten(condition, false, &mut atoms);
    }
    atoms
}

fn flatten<'q>(condition: &'q Condition, negated: bool, atoms: &mut Vec<Atom<'q>>) {
    let (steps, test) = match (condition, negated) {
        (Condition::Not(condition), _) => return flatten(condition, !negated, atoms),
        (Condition::All(conditions), false) | (Condition::Any(conditions), true) => {
            return conditions
                .iter()
                .for_each(|condition| flatten(condition, negated, atoms));
        }
        (Condition::Any(conditions), false) | (Condition::All(conditions), true) => {
            (&[][..], Test::OneOf(conditions))
        }
        (
            Condition::Compare {
                steps,
                field,
                comparison,
            },
            _,
        ) => (steps.as_slice(), Test::Compare(*field, comparison)),
        (Condition::Items(items), _) => (items.steps.as_slice(), Test::Items(items)),
    };
    atoms.push(Atom {
        steps,
        test,
        negated,
    });
}

/// The best source for rows for which all atoms hold; `None`: all rows have to be read.
pub(in super::super) fn best<'q>(
    judge: Judge<'q>,
    entity: &'q EntitySchema,
    atoms: &[Atom<'q>],
) -> Result<Option<Source<'q>>> {
    let schema = &judge.database.schema;
    let own = own_comparisons(schema, entity, atoms);
    let mut candidates = Vec::new();
    let left = key_use(schema, entity, &own);
    if let Some((keys, fields)) = keys(entity, &own, left.as_ref()) {
        candidates.push(Source::new(entity, SourceKind::Keys(keys), fields));
    }
    for index in &entity.indexes {
        if let Some(left) = index_use(schema, entity, index, &own) {
            let kind = SourceKind::Index {
                index,
                ranges: left.ranges,
                equal: left.equal,
                is_exact: left.is_exact,
            };
            candidates.push(Source::new(entity, kind, left.fields));
        }
    }
    if let Some(left) = left.filter(|left| !left.is_exact) {
        candidates.push(Source::new(
            entity,
            SourceKind::Ranges(left.ranges),
            left.fields,
        ));
    }
    let mut relations: Vec<_> = atoms.iter().filter_map(|atom| atom.steps.first()).collect();
    relations.sort_unstable();
    relations.dedup();
    for step in relations {
        candidates.extend(behind_relation(judge, entity, *step, atoms)?);
    }
    for atom in atoms.iter().filter(|atom| atom.steps.is_empty()) {
        candidates.extend(match atom.test {
            Test::Compare(..) => None,
            Test::Items(items) => owners(judge, entity, items, atom.negated)?,
            Test::OneOf(conditions) => union(judge, entity, conditions, atom.negated)?,
        });
    }
    pick(judge, candidates)
}

/// What is compared of the entity itself. The key of what a reference refers to is the reference.
pub(super) fn own_comparisons<'q>(
    schema: &Schema,
    entity: &EntitySchema,
    atoms: &[Atom<'q>],
) -> Vec<Own<'q>> {
    let own = atoms.iter().filter_map(|atom| {
        let Test::Compare(field, comparison) = atom.test else {
            return None;
        };
        let field = match atom.steps {
            [] => field,
            [step] if is_key_of_reference(schema, entity, *step, field, comparison) => *step,
            _ => return None,
        };
        Some(Own {
            field,
            comparison,
            negated: atom.negated,
        })
    });
    own.collect()
}

fn is_key_of_reference(
    schema: &Schema,
    entity: &EntitySchema,
    step: FieldIndex,
    field: FieldIndex,
    comparison: &Comparison,
) -> bool {
    let relation = entity.relation(step);
    relation.is_to_one_owner()
        && field == schema.entity(relation.target).key_field
        && matches!(comparison, Comparison::In(_))
}

/// The keys of which the comparisons of the key, or of all properties that it is made of, demand one.
fn keys(
    entity: &EntitySchema,
    own: &[Own<'_>],
    left: Option<&KeyUse>,
) -> Option<(Vec<RowKey>, FieldSet)> {
    let demanded = own.iter().filter_map(|own| match own.comparison {
        Comparison::In(values) if own.field == entity.key_field && !own.negated => {
            let keys = values.iter().flatten();
            let mut keys: Vec<_> = keys
                .filter_map(|value| (entity.key_of_value)(value))
                .collect();
            keys.sort_unstable();
            keys.dedup();
            Some(keys)
        }
        _ => None,
    });
    let demanded = demanded.reduce(|mut all, keys| {
        all.retain(|key| keys.binary_search(key).is_ok());
        all
    });
    if let Some(keys) = demanded {
        return Some((keys, FieldSet::from_iter([entity.key_field])));
    }
    let left = left.filter(|left| left.is_exact)?;
    let keys = left.ranges.iter().filter_map(|range| match range.start() {
        Bound::Included(key) => RowKey::from_encoded(entity.key_kind, key).ok(),
        Bound::Excluded(_) | Bound::Unbounded => None,
    });
    Some((keys.collect(), left.fields))
}

/// The rows whose relation to one leads to a row that atoms allow.
fn behind_relation<'q>(
    judge: Judge<'q>,
    entity: &'q EntitySchema,
    step: FieldIndex,
    atoms: &[Atom<'q>],
) -> Result<Option<Source<'q>>> {
    let schema = &judge.database.schema;
    let relation = entity.relation(step);
    let target = schema.entity(relation.target);
    let always_leads = relation.is_to_one_owner() && !entity.fields[step].nullable;
    let behind: Vec<_> = atoms
        .iter()
        .filter(|atom| atom.steps.first() == Some(&step))
        .map(|atom| Atom {
            steps: &atom.steps[1..],
            ..*atom
        })
        // Where the relation leads nowhere, no target is found.
        .filter(|atom| always_leads || !holds_for_nothing(judge, target, atom))
        .collect();
    let is_by_reference = |atom: &Atom<'_>| {
        let Test::Compare(field, comparison) = atom.test else {
            return false;
        };
        atom.steps.is_empty() && is_key_of_reference(schema, entity, step, field, comparison)
    };
    if behind.iter().all(is_by_reference) {
        return Ok(None);
    }
    let targets = best(judge, target, &behind)?.map(Box::new);
    Ok(targets.map(|targets| {
        let kind = if relation.is_to_one_owner() {
            SourceKind::Referring(step, targets)
        } else {
            SourceKind::Owners {
                field: step,
                items: targets,
                of: None,
            }
        };
        Source::new(entity, kind, std::iter::once(step).collect())
    }))
}

/// Whether an atom holds behind a relation that leads to no row of the entity.
fn holds_for_nothing(judge: Judge<'_>, target: &EntitySchema, atom: &Atom<'_>) -> bool {
    let holds = match atom.test {
        Test::Compare(field, comparison) => {
            holds_for_none(comparison, judge.is_optional(atom.steps, field, target))
        }
        Test::Items(items) => items.number.contains(&0),
        Test::OneOf(_) => unreachable!("several conditions have no common path"),
    };
    holds != atom.negated
}

/// The rows that have items which meet a condition.
fn owners<'q>(
    judge: Judge<'q>,
    entity: &'q EntitySchema,
    items: &'q Items,
    negated: bool,
) -> Result<Option<Source<'q>>> {
    let number = if negated {
        items.opposite()
    } else {
        Some(items.number.clone())
    };
    let (Some(of), Some(number)) = (items.of.as_deref(), number) else {
        return Ok(None);
    };
    if number.contains(&0) {
        return Ok(None);
    }
    let target = judge
        .database
        .schema
        .entity(entity.relation(items.field).target);
    let found = best(judge, target, &atoms_of(Some(of)))?.map(Box::new);
    Ok(found.map(|found| {
        let kind = SourceKind::Owners {
            field: items.field,
            items: found,
            of: Some(of),
        };
        Source::new(entity, kind, std::iter::once(items.field).collect())
    }))
}

/// The rows that meet one of several conditions, if there is a source for each.
fn union<'q>(
    judge: Judge<'q>,
    entity: &'q EntitySchema,
    conditions: &'q [Condition],
    negated: bool,
) -> Result<Option<Source<'q>>> {
    let mut sources = Vec::with_capacity(conditions.len());
    for condition in conditions {
        let mut atoms = Vec::new();
        flatten(condition, negated, &mut atoms);
        match best(judge, entity, &atoms)? {
            Some(source) => sources.push(source),
            None => return Ok(None),
        }
    }
    Ok(Some(match <[_; 1]>::try_from(sources) {
        Ok([source]) => source,
        Err(sources) => Source::new(entity, SourceKind::Union(sources), FieldSet::new()),
    }))
}
