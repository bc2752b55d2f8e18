//! Which rows a query reads, and in which order.
//!
//! By key or by index where the condition has an equality that allows it; else the part of the keys or
//! of an index that comparisons leave; else all rows. Whatever is chosen, the whole condition is judged
//! on every row that is read. Invariant: no row that meets the condition is left out, so a unique index,
//! which has no entries for `None`, is only used where `None` can't meet the condition.

use std::ops::Bound;

use super::filter::{Comparison, Condition};
use super::judge::VALUE;
use super::{Query, order::Term};
use crate::schema::{EntitySchema, FieldIndex, ResolvedKind, Schema};
use crate::storage::{Direction, KeyRange};

/// How a query gets at its rows.
pub(super) struct Plan<'q> {
    pub(super) access: Access<'q>,
    /// Whether the rows come in the order that was asked for.
    pub(super) is_sorted: bool,
}

pub(super) enum Access<'q> {
    /// The rows of which a property equals one of some values.
    Equal(Equality<'q>),
    /// The rows in a range of keys.
    Keys(KeyRange, Direction),
    /// The rows in a range of the index on a property, read in the order of their keys.
    Index(FieldIndex, KeyRange),
    /// The same, read in the order of the index.
    AlongIndex(FieldIndex, KeyRange, Direction),
}

/// A property of the entity itself that must equal one of some values, all of which have an index.
pub(super) struct Equality<'q> {
    pub(super) field: FieldIndex,
    pub(super) values: &'q [Option<Vec<u8>>],
}

/// Chooses.
pub(super) fn plan<'q>(schema: &Schema, entity: &EntitySchema, query: &'q Query) -> Plan<'q> {
    let condition = query.condition.as_ref();
    let unordered = query.order.is_empty();
    if let Some(equality) = condition.and_then(|it| equality(schema, entity, it)) {
        return Plan {
            access: Access::Equal(equality),
            is_sorted: unordered,
        };
    }
    let mut ranges = Vec::new();
    if let Some(condition) = condition {
        collect_ranges(entity, condition, &mut ranges);
    }
    ranges.retain(|(field, range)| has_all_of(entity, *field, range));
    let walk = walk_for(entity, query);
    let in_order = walk.and_then(|(field, direction)| {
        let restricted = ranges.iter().find(|(at, _)| *at == field);
        let range = match restricted {
            Some((_, range)) => range.clone(),
            None if ranges.is_empty() => KeyRange::all(),
            None => return None,
        };
        // To read a whole index, and each row by its key, costs more than to sort; for the first few
        // rows it costs less.
        let pays = field == entity.key_field || restricted.is_some() || query.take.is_some();
        if !pays || !has_all_of(entity, field, &range) {
            return None;
        }
        let range = match (&query.behind, query.order.as_slice()) {
            (Some(position), [term]) => {
                range.intersection(&range_behind(term, position, direction))
            }
            _ => range,
        };
        Some((field, range, direction))
    });
    let is_sorted = unordered || in_order.is_some();
    let access = match (in_order, ranges.into_iter().next()) {
        (Some((field, range, direction)), _) if field == entity.key_field => {
            Access::Keys(range, direction)
        }
        (Some((field, range, direction)), _) => Access::AlongIndex(field, range, direction),
        (None, Some((field, range))) if field != entity.key_field => Access::Index(field, range),
        (None, Some((_, range))) => Access::Keys(range, Direction::Forward),
        (None, None) => Access::Keys(KeyRange::all(), Direction::Forward),
    };
    Plan { access, is_sorted }
}

/// The property along whose index, or the key along which, rows come in the order.
fn walk_for(entity: &EntitySchema, query: &Query) -> Option<(FieldIndex, Direction)> {
    let term = match query.order.as_slice() {
        [] => return Some((entity.key_field, Direction::Forward)),
        [term] => term,
        _ => return None,
    };
    let is_key = term.field == entity.key_field;
    let is_own = term.steps.is_empty();
    let has_index = is_key || entity.index_on(term.field).is_some();
    let direction = match (term.descending, query.backward) {
        (false, false) | (true, true) => Direction::Forward,
        (true, false) | (false, true) => Direction::Backward,
    };
    (is_own && has_index && (is_key || term.has_natural_nulls())).then_some((term.field, direction))
}

/// The keys, or index keys, that are not before a position. A few that are may be among them, for the
/// position is judged on every row in any case.
///
/// A position is a byte that says whether there is a value, the index key of the value and the key of the
/// row, both inverted where the order goes down. Without that byte it is the key of an entry in a plain
/// index, and longer than a row key or a unique index key that it begins with.
fn range_behind(term: &Term, position: &[u8], direction: Direction) -> KeyRange {
    let entry = position
        .split_first()
        .map_or_else(Vec::new, |(rank, entry)| {
            let entry = entry
                .iter()
                .map(|byte| if term.descending { !byte } else { *byte });
            // `None` has a lone zero byte in an index.
            let none = (*rank != VALUE).then_some(0);
            none.into_iter().chain(entry).collect()
        });
    match direction {
        Direction::Forward => KeyRange::new(Bound::Excluded(entry), Bound::Unbounded),
        Direction::Backward => KeyRange::new(Bound::Unbounded, Bound::Excluded(entry)),
    }
}

/// Whether the index has all rows that a range of it asks for.
fn has_all_of(entity: &EntitySchema, field: FieldIndex, range: &KeyRange) -> bool {
    let Some(index) = entity.index_on(field) else {
        return field == entity.key_field;
    };
    let property = &entity.fields[field];
    // Of an embedded value that is absent there is no entry, and it is less than all that is there.
    if property.may_be_absent && !property.nullable {
        return !matches!(range.start(), Bound::Unbounded);
    }
    // `None` is a lone zero byte, and what is not `None` begins with another one.
    let excludes_none = matches!(range.start(), Bound::Included([first, ..]) if *first > 0);
    let lacks_none = property.nullable && (index.unique || property.may_be_absent);
    !lacks_none || excludes_none
}

/// The ranges of own properties, with a key or an index, outside of which the condition can't hold.
fn collect_ranges(
    entity: &EntitySchema,
    condition: &Condition,
    ranges: &mut Vec<(FieldIndex, KeyRange)>,
) {
    let (steps, field, range) = match condition {
        Condition::All(conditions) => {
            return conditions
                .iter()
                .for_each(|condition| collect_ranges(entity, condition, ranges));
        }
        Condition::Compare {
            steps,
            field,
            comparison,
        } => (steps, *field, range_of(comparison)),
        Condition::Not(negated) => match &**negated {
            Condition::Compare {
                steps,
                field,
                comparison,
            } => (steps, *field, range_of_not(comparison)),
            _ => return,
        },
        Condition::Any(_) | Condition::Items(_) => return,
    };
    let Some(range) = range.filter(|_| steps.is_empty() && has_ranges(entity, field)) else {
        return;
    };
    match ranges.iter_mut().find(|(at, _)| *at == field) {
        Some((_, before)) => *before = before.intersection(&range),
        None => ranges.push((field, range)),
    }
}

/// Whether rows can be found by ranges of an own property.
fn has_ranges(entity: &EntitySchema, field: FieldIndex) -> bool {
    let has_order = matches!(
        entity.fields[field].kind,
        ResolvedKind::Scalar(_) | ResolvedKind::Derived(_)
    );
    field == entity.key_field || has_order && entity.index_on(field).is_some()
}

/// Where the index keys lie of what compares so.
fn range_of(comparison: &Comparison) -> Option<KeyRange> {
    match comparison {
        Comparison::Less { than, or_equal } => {
            let end = if *or_equal {
                KeyRange::prefix(&than.key).end().map(<[u8]>::to_vec)
            } else {
                Bound::Excluded(than.key.clone())
            };
            Some(KeyRange::new(Bound::Unbounded, end))
        }
        Comparison::Text(text) if !text.index_prefix.is_empty() => {
            Some(KeyRange::prefix(&text.index_prefix))
        }
        Comparison::Text(_) | Comparison::In(_) | Comparison::IsNone | Comparison::Has(_) => None,
    }
}

/// Where the index keys lie of what does not compare so.
fn range_of_not(comparison: &Comparison) -> Option<KeyRange> {
    let Comparison::Less { than, or_equal } = comparison else {
        return None;
    };
    let start = if *or_equal {
        match KeyRange::prefix(&than.key).end() {
            Bound::Excluded(after) => after.to_vec(),
            Bound::Included(_) | Bound::Unbounded => return None,
        }
    } else {
        than.key.clone()
    };
    Some(KeyRange::new(Bound::Included(start), Bound::Unbounded))
}

fn equality<'c>(
    schema: &Schema,
    entity: &EntitySchema,
    condition: &'c Condition,
) -> Option<Equality<'c>> {
    let (steps, field, values) = match condition {
        Condition::Compare {
            steps,
            field,
            comparison: Comparison::In(values),
        } => (steps, *field, values),
        Condition::All(conditions) => {
            return conditions
                .iter()
                .find_map(|condition| equality(schema, entity, condition));
        }
        _ => return None,
    };
    match steps.as_slice() {
        [] => {
            let indexed = || {
                entity
                    .index_on(field)
                    .is_some_and(|_| !ignores_some(entity, field, values))
            };
            (field == entity.key_field || indexed()).then_some(Equality { field, values })
        }
        // The key of what a reference refers to is the reference itself, which is indexed.
        [step] => {
            let relation = entity.relation(*step);
            let is_key = field == schema.entity(relation.target).key_field;
            (relation.is_to_one_owner() && is_key).then_some(Equality {
                field: *step,
                values,
            })
        }
        _ => None,
    }
}

/// A unique index has no entries for `None`.
fn ignores_some(entity: &EntitySchema, field: FieldIndex, values: &[Option<Vec<u8>>]) -> bool {
    entity.fields[field].nullable
        && values
            .iter()
            .flatten()
            .any(|value| matches!(value.as_slice(), [] | [0]))
}
