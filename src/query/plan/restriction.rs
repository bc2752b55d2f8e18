//! What the comparisons of a conjunction leave of the keys of an entity, or of an index.
//!
//! Ranges, ascending and apart, outside of which no row can meet all of them. Invariant: a unique index has
//! no entries for `None`, nor has the index on one reference, and an index on elements has none for a row
//! without elements; so it is left alone where `None` may meet the conjunction.

use std::ops::Bound;

use super::super::filter::Comparison;
use crate::schema::{EntitySchema, FieldIndex, FieldSet, IndexPart, IndexSchema, PartKind, Schema};
use crate::storage::KeyRange;

/// How many ranges of an index are read at most because several parts have several values each.
const MOST_COMBINATIONS: usize = 256;

/// A comparison of a property of the entity itself.
#[derive(Clone, Copy)]
pub(super) struct Own<'q> {
    pub(super) field: FieldIndex,
    pub(super) comparison: &'q Comparison,
    pub(super) negated: bool,
}

/// What is left of one property, as index keys.
enum Restriction {
    /// One of these, ascending.
    Equal(Vec<Vec<u8>>),
    Within(KeyRange),
}

/// What is left of an index.
pub(super) struct IndexUse {
    pub(super) ranges: Vec<KeyRange>,
    /// The ranges are the whole keys of single entries.
    pub(super) is_exact: bool,
    /// So many parts have to equal one of some values.
    pub(super) equal: usize,
    pub(super) fields: FieldSet,
}

/// What is left of the keys of an entity.
pub(super) struct KeyUse {
    pub(super) ranges: Vec<KeyRange>,
    /// The ranges are whole keys.
    pub(super) is_exact: bool,
    pub(super) fields: FieldSet,
}

/// The ranges of keys that comparisons of the key leave, and those of the properties that it is made of,
/// unless that is all of them.
pub(super) fn key_use(schema: &Schema, entity: &EntitySchema, own: &[Own<'_>]) -> Option<KeyUse> {
    let of_key = own.iter().filter(|own| own.field == entity.key_field);
    let whole = of_key.filter_map(|own| range_of(own.comparison, own.negated));
    let whole = whole.reduce(|all, range| all.intersection(&range));
    let key_index = entity.key_index.as_ref();
    let of_parts = key_index.and_then(|index| index_use(schema, entity, index, own));
    let key_field = || FieldSet::from_iter([entity.key_field]);
    match (whole, of_parts) {
        (None, None) => None,
        (Some(range), None) => Some(KeyUse {
            ranges: vec![range],
            is_exact: false,
            fields: key_field(),
        }),
        (whole, Some(left)) => {
            let within = |range: KeyRange| match &whole {
                Some(whole) => range.intersection(whole),
                None => range,
            };
            let ranges = left.ranges.into_iter().map(within);
            Some(KeyUse {
                ranges: ranges.filter(|range| !range.is_void()).collect(),
                is_exact: left.is_exact,
                fields: left
                    .fields
                    .iter()
                    .chain(whole.iter().map(|_| entity.key_field))
                    .collect(),
            })
        }
    }
}

/// The ranges of an index that comparisons leave, unless that is all of it.
pub(super) fn index_use(
    schema: &Schema,
    entity: &EntitySchema,
    index: &IndexSchema,
    own: &[Own<'_>],
) -> Option<IndexUse> {
    if !has_all_rows(schema, entity, index, own) {
        return None;
    }
    let mut prefixes = vec![Vec::new()];
    let mut fields = FieldSet::new();
    let mut equal = 0;
    for part in &index.parts {
        let is_first = equal == 0;
        match restriction(schema, entity, part, own) {
            Some(Restriction::Equal(values))
                if is_first || prefixes.len() * values.len() <= MOST_COMBINATIONS =>
            {
                fields.insert(part.field);
                equal += 1;
                prefixes = combine(&prefixes, &values);
            }
            Some(Restriction::Within(range)) => {
                fields.insert(part.field);
                let ranges = prefixes.iter().map(|prefix| behind(prefix, &range));
                return Some(IndexUse {
                    ranges: ranges.collect(),
                    is_exact: false,
                    equal,
                    fields,
                });
            }
            Some(Restriction::Equal(_)) | None => break,
        }
    }
    (equal > 0).then(|| IndexUse {
        ranges: prefixes.iter().map(|it| KeyRange::prefix(it)).collect(),
        is_exact: equal == index.parts.len(),
        equal,
        fields,
    })
}

/// Whether the index has an entry for every row that can meet the comparisons.
pub(super) fn has_all_rows(
    schema: &Schema,
    entity: &EntitySchema,
    index: &IndexSchema,
    own: &[Own<'_>],
) -> bool {
    index.parts.iter().all(|part| {
        if part.is_each() {
            // Rows without elements have no entries.
            return restriction(schema, entity, part, own).is_some();
        }
        let is_lone_reference = matches!(part.kind, PartKind::Reference);
        let property = &entity.fields[part.field];
        // Of an embedded value that is absent there is no entry, and it is less than all that is there.
        let is_bare = property.may_be_absent && !property.nullable;
        let lacks_none = index.unique || is_lone_reference || property.may_be_absent;
        if !(is_bare || lacks_none && property.nullable) {
            return true;
        }
        match restriction(schema, entity, part, own) {
            Some(Restriction::Equal(_)) if is_lone_reference || is_bare => true,
            Some(Restriction::Within(range)) if is_bare => {
                !matches!(range.start(), Bound::Unbounded)
            }
            restriction => restriction.is_some_and(|left| left.excludes_none()),
        }
    })
}

/// The bytes of parts each of which has to equal one value.
pub(super) fn equal_prefix(
    schema: &Schema,
    entity: &EntitySchema,
    parts: &[IndexPart],
    own: &[Own<'_>],
) -> Option<Vec<u8>> {
    let mut prefix = Vec::new();
    for part in parts {
        match restriction(schema, entity, part, own)? {
            Restriction::Equal(values) if values.len() == 1 => prefix.extend(&values[0]),
            _ => return None,
        }
    }
    Some(prefix)
}

impl Restriction {
    /// `None` is a lone zero byte, and what is not `None` begins with another one.
    fn excludes_none(&self) -> bool {
        match self {
            Self::Equal(values) => values.iter().all(|value| *value != [0]),
            Self::Within(range) => {
                matches!(range.start(), Bound::Included([first, ..]) if *first > 0)
            }
        }
    }
}

fn combine(prefixes: &[Vec<u8>], values: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let combined = prefixes.iter().flat_map(|prefix| {
        let with = |value: &Vec<u8>| [prefix.as_slice(), value].concat();
        values.iter().map(with)
    });
    combined.collect()
}

/// The keys that go on from a prefix with one in the range.
fn behind(prefix: &[u8], range: &KeyRange) -> KeyRange {
    if prefix.is_empty() {
        return range.clone();
    }
    let all = KeyRange::prefix(prefix);
    let of = |bound: Bound<&[u8]>, otherwise: Bound<&[u8]>| match bound {
        Bound::Unbounded => otherwise.map(<[u8]>::to_vec),
        bound => bound.map(|key| [prefix, key].concat()),
    };
    KeyRange::new(of(range.start(), all.start()), of(range.end(), all.end()))
}

/// What all comparisons of a part leave of it.
fn restriction(
    schema: &Schema,
    entity: &EntitySchema,
    part: &IndexPart,
    own: &[Own<'_>],
) -> Option<Restriction> {
    if part.is_each() {
        // Several may be met by several elements, so one of them says all that is known.
        let mut has = own.iter().filter(|own| own.field == part.field);
        return has.find_map(elements_of).map(Restriction::Equal);
    }
    let mut equal: Option<Vec<Vec<u8>>> = None;
    let mut within: Option<KeyRange> = None;
    for own in own.iter().filter(|own| own.field == part.field) {
        if let Some(mut values) = values_of(schema, entity, part, own) {
            values.sort_unstable();
            values.dedup();
            if let Some(before) = &equal {
                values.retain(|value| before.contains(value));
            }
            equal = Some(values);
        } else if matches!(part.kind, PartKind::Value(_))
            && let Some(range) = range_of(own.comparison, own.negated)
        {
            within = Some(match within {
                Some(before) => before.intersection(&range),
                None => range,
            });
        }
    }
    match (equal, within) {
        (Some(mut values), within) => {
            values.retain(|value| within.as_ref().is_none_or(|range| range.contains(value)));
            Some(Restriction::Equal(values))
        }
        (None, within) => within.map(Restriction::Within),
    }
}

/// The index keys of elements of which a comparison demands one.
fn elements_of(own: &Own<'_>) -> Option<Vec<Vec<u8>>> {
    match own.comparison {
        Comparison::Has(has) if !own.negated => Some(has.keys.clone()),
        _ => None,
    }
}

/// The index keys of which a comparison demands one.
fn values_of(
    schema: &Schema,
    entity: &EntitySchema,
    part: &IndexPart,
    own: &Own<'_>,
) -> Option<Vec<Vec<u8>>> {
    if own.negated {
        return None;
    }
    match (own.comparison, &part.kind) {
        (Comparison::In(values), PartKind::Value(value_type)) => {
            let key = |stored: &Vec<u8>| {
                let mut key = Vec::new();
                value_type.append_order_key(stored, &mut key).ok()?;
                Some(key)
            };
            values.iter().flatten().map(key).collect()
        }
        (Comparison::In(values), PartKind::Reference | PartKind::OptionalReference) => {
            let target = schema.entity(entity.relation(part.field).target);
            let is_optional = matches!(part.kind, PartKind::OptionalReference);
            let keys = values.iter().flatten().filter_map(|stored| {
                let key = (target.key_of_value)(stored)?;
                let mut part = Vec::new();
                part.extend(is_optional.then_some(1));
                key.write_to(&mut part);
                Some(part)
            });
            Some(keys.collect())
        }
        (Comparison::IsNone, PartKind::Value(_)) => Some(vec![vec![0]]),
        _ => None,
    }
}

/// Where the index keys lie of what compares so, or does not compare so.
fn range_of(comparison: &Comparison, negated: bool) -> Option<KeyRange> {
    match (comparison, negated) {
        (Comparison::Less { than, or_equal }, false) => {
            let end = if *or_equal {
                KeyRange::prefix(&than.key).end().map(<[u8]>::to_vec)
            } else {
                Bound::Excluded(than.key.clone())
            };
            Some(KeyRange::new(Bound::Unbounded, end))
        }
        (Comparison::Less { than, or_equal }, true) => {
            let start = if *or_equal {
                after(&than.key)?
            } else {
                than.key.clone()
            };
            Some(KeyRange::new(Bound::Included(start), Bound::Unbounded))
        }
        (Comparison::Text(text), false) if !text.index_prefix.is_empty() => {
            Some(KeyRange::prefix(&text.index_prefix))
        }
        (Comparison::IsNone, true) => Some(KeyRange::new(
            Bound::Included(after(&[0])?),
            Bound::Unbounded,
        )),
        _ => None,
    }
}

/// The least key above all that begin so.
fn after(key: &[u8]) -> Option<Vec<u8>> {
    match KeyRange::prefix(key).end() {
        Bound::Excluded(after) => Some(after.to_vec()),
        Bound::Included(_) | Bound::Unbounded => None,
    }
}
