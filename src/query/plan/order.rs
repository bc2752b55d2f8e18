//! Along which keys, or which index, rows come in the order that is asked for.

use std::cmp::Reverse;
use std::ops::Bound;

use super::super::judge::VALUE;
use super::super::{Query, order::Term};
use super::restriction::{Own, equal_prefix, has_all_rows, index_use, key_use};
use super::{Access, Otherwise, Plan, Source, SourceKind};
use crate::schema::{EntitySchema, IndexSchema, PartKind, Schema};
use crate::storage::{Direction, KeyRange};

/// A way through the rows that has their order.
pub(super) struct Walk<'q> {
    /// `None`: the keys of the rows themselves.
    index: Option<&'q IndexSchema>,
    /// What the condition leaves of it.
    ranges: Vec<KeyRange>,
    /// The parts of these that are behind the cursor, if there is one.
    behind: Option<Vec<KeyRange>>,
    direction: Direction,
}

impl<'q> Walk<'q> {
    pub(super) fn is_by_key(&self) -> bool {
        self.index.is_none()
    }

    /// Whether the source reads the same part of the same index, only not in its order.
    pub(super) fn reads_no_more_than(&self, source: &Source<'_>) -> bool {
        match (&source.kind, self.index) {
            (SourceKind::Ranges(ranges), None) => *ranges == self.ranges,
            (SourceKind::Index { index, ranges, .. }, Some(own)) => {
                index.position == own.position && *ranges == self.ranges
            }
            _ => false,
        }
    }

    /// The walk, and what is done when it has not found enough in time.
    pub(super) fn into_plan(self, otherwise: Option<Otherwise<'q>>) -> Plan<'q> {
        let reads_all = self.ranges == [KeyRange::all()];
        let ranges = self.behind.unwrap_or(self.ranges);
        Plan {
            access: match self.index {
                Some(index) => Access::Along(index, ranges, self.direction),
                None => Access::Rows(ranges, self.direction),
            },
            is_sorted: true,
            reads_all: reads_all && otherwise.is_none(),
            otherwise,
        }
    }
}

/// The way that has the order, if there is one. Of several it is the one of which most properties have
/// to equal one value.
pub(super) fn walk<'q>(
    schema: &Schema,
    entity: &'q EntitySchema,
    query: &Query,
    own: &[Own<'_>],
) -> Option<Walk<'q>> {
    let descending = query.order.last().is_some_and(|term| term.descending);
    let is_own = |term: &Term| term.steps.is_empty() && term.descending == descending;
    if query.is_unordered || !query.order.iter().all(is_own) {
        return None;
    }
    let direction = if descending == query.backward {
        Direction::Forward
    } else {
        Direction::Backward
    };
    // Entries that are equal otherwise come in the order of the keys in any case.
    let terms = match query.order.split_last() {
        Some((last, before)) if last.field == entity.key_field => before,
        _ => query.order.as_slice(),
    };
    let walk = |index, prefix: &[u8], ranges: Vec<KeyRange>| Walk {
        index,
        behind: behind_cursor(&ranges, prefix, terms, query, direction),
        ranges,
        direction,
    };
    if terms.is_empty() {
        let left = key_use(schema, entity, own).map(|left| left.ranges);
        return Some(walk(
            None,
            &[],
            left.unwrap_or_else(|| vec![KeyRange::all()]),
        ));
    }
    let in_order = |index| range_in_order(schema, entity, index, terms, own);
    if let Some((prefix, range)) = entity.key_index.as_ref().and_then(in_order) {
        return Some(walk(None, &prefix, vec![range]));
    }
    let ways = entity.indexes.iter().filter_map(|index| {
        let (prefix, range) = in_order(index)?;
        Some((index, prefix, range))
    });
    let longest = ways.min_by_key(|(index, _, range)| {
        let equal = index.parts.len() - terms.len();
        (Reverse(equal), *range == KeyRange::all())
    });
    let (index, prefix, range) = longest?;
    Some(walk(Some(index), &prefix, vec![range]))
}

/// The parts of ranges that are behind the cursor of a query, if it has one that can be read.
fn behind_cursor(
    ranges: &[KeyRange],
    prefix: &[u8],
    terms: &[Term],
    query: &Query,
    direction: Direction,
) -> Option<Vec<KeyRange>> {
    let position = query.behind.as_ref()?;
    let behind = range_behind(prefix, terms, query, position, direction)?;
    let ranges = ranges.iter().map(|range| range.intersection(&behind));
    Some(ranges.filter(|range| !range.is_void()).collect())
}

/// What the condition leaves of an index whose entries, behind parts that have to equal one value, come
/// in the order of the terms; with the bytes of these parts.
fn range_in_order(
    schema: &Schema,
    entity: &EntitySchema,
    index: &IndexSchema,
    terms: &[Term],
    own: &[Own<'_>],
) -> Option<(Vec<u8>, KeyRange)> {
    let equal = index.parts.len().checked_sub(terms.len())?;
    let is_in_order = index.parts[equal..].iter().zip(terms).all(|(part, term)| {
        let nulls = term.has_natural_nulls() || !entity.fields[part.field].nullable;
        part.field == term.field && matches!(part.kind, PartKind::Value(_)) && nulls
    });
    if !is_in_order || !has_all_rows(schema, entity, index, own) {
        return None;
    }
    let prefix = equal_prefix(schema, entity, &index.parts[..equal], own)?;
    let range = match index_use(schema, entity, index, own).map(|left| left.ranges) {
        Some(ranges) if ranges.len() == 1 => ranges.into_iter().next()?,
        _ if prefix.is_empty() => KeyRange::all(),
        _ => KeyRange::prefix(&prefix),
    };
    Some((prefix, range))
}

/// The keys, or index keys, that are not before a position. A few that are may be among them, for the
/// position is judged on every row in any case. `None`: the position can't be read.
///
/// A position has, for each term, a byte that says whether there is a value, and the index key of the
/// value; then the key of the row. All but these bytes are inverted where the order goes down. Without
/// them it is the key of an entry in a plain index, and longer than a row key or a unique index key that
/// it begins with.
fn range_behind(
    prefix: &[u8],
    terms: &[Term],
    query: &Query,
    position: &[u8],
    direction: Direction,
) -> Option<KeyRange> {
    let last = query.order.last()?;
    let is_key_last = query.order.len() > terms.len();
    let mut entry = prefix.to_vec();
    let mut rest = position;
    for term in terms {
        let (rank, values) = rest.split_first()?;
        rest = values;
        if *rank != VALUE {
            // `None` has a lone zero byte in an index.
            entry.push(0);
            continue;
        }
        let upward = upward(values, term.descending);
        let length = upward.len() - term.value_type.after_order_key(&upward).ok()?.len();
        entry.extend_from_slice(&upward[..length]);
        rest = &values[length..];
    }
    // Where the key is a term, too, it stands there twice.
    let keys = if is_key_last {
        rest.split_first()?.1
    } else {
        rest
    };
    entry.extend(upward(keys, last.descending));
    match direction {
        Direction::Forward => Some(KeyRange::new(Bound::Excluded(entry), Bound::Unbounded)),
        Direction::Backward => Some(KeyRange::new(Bound::Unbounded, Bound::Excluded(entry))),
    }
}

fn upward(bytes: &[u8], descending: bool) -> Vec<u8> {
    let upward = |byte: &u8| if descending { !byte } else { *byte };
    bytes.iter().map(upward).collect()
}
