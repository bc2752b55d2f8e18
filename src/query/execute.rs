//! Finds the rows that meet a condition: by key or index where an equality allows it, by a walk over
//! all rows otherwise. Whatever way is taken, the whole condition is judged on every row.

use std::ops::ControlFlow;

use super::filter::{Comparison, Condition, Ordered};
use crate::codec::RowKey;
use crate::codec::record::Record;
use crate::database::Database;
use crate::error::{Error, Result};
use crate::keyspace::parse_row;
use crate::schema::{EntitySchema, FieldIndex, ResolvedKind, Schema};
use crate::storage::{Bytes, Direction, KeyRange, Reader};

/// A row that meets the condition.
pub(crate) struct Found {
    pub(crate) key: RowKey,
    pub(crate) row: Bytes,
}

/// The rows of an entity that meet the condition, in the order of their keys, without the first
/// `skip`, and at most `take`.
///
/// # Errors
/// When a row can't be read.
pub(crate) fn execute(
    database: &Database,
    reader: &dyn Reader,
    entity: &EntitySchema,
    condition: Option<&Condition>,
    skip: usize,
    take: usize,
) -> Result<Vec<Found>> {
    let mut search = Search {
        database,
        reader,
        entity,
        condition,
        skip,
        take,
        found: Vec::new(),
    };
    match condition.and_then(|condition| equality(&database.schema, entity, condition)) {
        Some(equality) => search.by_index(&equality)?,
        None => search.over_all_rows()?,
    }
    Ok(search.found)
}

struct Search<'a> {
    database: &'a Database,
    reader: &'a dyn Reader,
    entity: &'a EntitySchema,
    condition: Option<&'a Condition>,
    skip: usize,
    take: usize,
    found: Vec<Found>,
}

/// A property of the entity itself that must equal one of some values, all of which have an index.
struct Equality<'a> {
    field: FieldIndex,
    values: &'a [Option<Vec<u8>>],
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

impl Search<'_> {
    fn by_index(&mut self, equality: &Equality<'_>) -> Result<()> {
        let mut keys = Vec::new();
        for stored in equality.values.iter().flatten() {
            self.keys_of(equality.field, stored, &mut keys)?;
        }
        keys.sort_unstable();
        keys.dedup();
        let rows = self.database.keyspace.rows(self.entity.index);
        for key in keys {
            let Some(row) = self.reader.get(rows, &key.to_vec())? else {
                if equality.field == self.entity.key_field {
                    continue;
                }
                let name = self.entity.fields[equality.field].name;
                let key = self.entity.print_key(&key);
                return Err(Error::corruption(format!(
                    "the index {}.{name} names a row that is not there: {key}",
                    self.entity.name
                )));
            };
            if self.judge(key, row)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// The keys of the rows whose property has the stored form.
    fn keys_of(&self, field: FieldIndex, stored: &[u8], keys: &mut Vec<RowKey>) -> Result<()> {
        let entity = self.entity;
        if field == entity.key_field {
            keys.extend((entity.key_of_value)(stored));
            return Ok(());
        }
        let mut value = Vec::new();
        match &entity.fields[field].kind {
            ResolvedKind::Scalar(value_type) => {
                value_type.append_order_key(stored, &mut value)?;
            }
            ResolvedKind::Relation(relation) => {
                let target = self.database.schema.entity(relation.target);
                let Some(key) = (target.key_of_value)(stored) else {
                    return Ok(());
                };
                key.write_to(&mut value);
            }
            ResolvedKind::PrimaryKey | ResolvedKind::Lazy(_) => {
                unreachable!("only columns are indexed")
            }
        }
        let keyspace = &self.database.keyspace;
        keys.extend(keyspace.indexed(self.reader, entity, field, &value)?);
        Ok(())
    }

    fn over_all_rows(&mut self) -> Result<()> {
        let rows = self.database.keyspace.rows(self.entity.index);
        let mut outcome = Ok(());
        self.reader.scan(
            rows,
            &KeyRange::all(),
            Direction::Forward,
            &mut |key, row| {
                let judged = RowKey::from_encoded(self.entity.key_kind, key)
                    .map_err(Error::from)
                    .and_then(|key| self.judge(key, Bytes::from(row)));
                judged.unwrap_or_else(|error| {
                    outcome = Err(error);
                    ControlFlow::Break(())
                })
            },
        )?;
        outcome
    }

    /// Keeps the row if it meets the condition and is on the page.
    fn judge(&mut self, key: RowKey, row: Bytes) -> Result<ControlFlow<()>> {
        if self.found.len() >= self.take {
            return Ok(ControlFlow::Break(()));
        }
        if let Some(condition) = self.condition {
            let record = parse_row(self.entity, &key, &row)?;
            if !self.meets(condition, self.entity, &key, &record)? {
                return Ok(ControlFlow::Continue(()));
            }
        }
        if self.skip > 0 {
            self.skip -= 1;
        } else {
            self.found.push(Found { key, row });
        }
        Ok(if self.found.len() >= self.take {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    }

    fn meets(
        &self,
        condition: &Condition,
        entity: &EntitySchema,
        key: &RowKey,
        record: &Record<'_>,
    ) -> Result<bool> {
        match condition {
            Condition::Compare {
                steps,
                field,
                comparison,
            } => self.compare(steps, *field, comparison, entity, key, record),
            Condition::All(conditions) => {
                for condition in conditions {
                    if !self.meets(condition, entity, key, record)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Condition::Any(conditions) => {
                for condition in conditions {
                    if self.meets(condition, entity, key, record)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Condition::Not(condition) => Ok(!self.meets(condition, entity, key, record)?),
        }
    }

    /// Whether the property at the end of the relations is an `Option`.
    fn is_optional(&self, steps: &[FieldIndex], field: FieldIndex, from: &EntitySchema) -> bool {
        let mut at = from;
        for step in steps {
            at = self.database.schema.entity(at.relation(*step).target);
        }
        at.fields[field].nullable
    }

    /// Follows the relations to the row that has the property. Behind a relation that is `None`,
    /// every property is `None`; behind a collection, one item that compares so is enough.
    fn compare(
        &self,
        steps: &[FieldIndex],
        field: FieldIndex,
        comparison: &Comparison,
        entity: &EntitySchema,
        key: &RowKey,
        record: &Record<'_>,
    ) -> Result<bool> {
        let Some((step, rest)) = steps.split_first() else {
            return evaluate(comparison, entity, field, key, record);
        };
        let relation = entity.relation(*step);
        let target = self.database.schema.entity(relation.target);
        if !relation.is_to_one_owner() {
            let keyspace = &self.database.keyspace;
            let items = keyspace.items(self.reader, &self.database.schema, relation, key)?;
            for item in items {
                if self.compare_target(rest, field, comparison, target, &item)? {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        let stored = record.get(entity.fields[*step].number).unwrap_or_default();
        if let Some(target_key) = RowKey::decode_reference(target.key_kind, stored)? {
            self.compare_target(rest, field, comparison, target, &target_key)
        } else {
            let optional = self.is_optional(rest, field, target);
            Ok(holds_for_none(comparison, optional))
        }
    }

    /// Goes on at the row that a relation leads to. Its key alone needs no look-up.
    fn compare_target(
        &self,
        steps: &[FieldIndex],
        field: FieldIndex,
        comparison: &Comparison,
        target: &EntitySchema,
        key: &RowKey,
    ) -> Result<bool> {
        if steps.is_empty() && field == target.key_field {
            return Ok(evaluate_key(comparison, target, key));
        }
        let rows = self.database.keyspace.rows(target.index);
        let Some(row) = self.reader.get(rows, &key.to_vec())? else {
            return Err(Error::corruption(format!(
                "a relation leads to {} {}, which is not there",
                target.name,
                target.print_key(key)
            )));
        };
        self.compare(
            steps,
            field,
            comparison,
            target,
            key,
            &parse_row(target, key, &row)?,
        )
    }
}

fn evaluate(
    comparison: &Comparison,
    entity: &EntitySchema,
    field: FieldIndex,
    key: &RowKey,
    record: &Record<'_>,
) -> Result<bool> {
    if field == entity.key_field {
        return Ok(evaluate_key(comparison, entity, key));
    }
    let stored = record.get(entity.fields[field].number);
    let Some(stored) = stored else {
        // The row is older than the property.
        return Ok(holds_for_none(comparison, entity.fields[field].nullable));
    };
    match comparison {
        Comparison::In(values) => Ok(values.iter().flatten().any(|value| value == stored)),
        Comparison::IsNone => Ok(matches!(stored, [] | [0])),
        Comparison::Less { than, or_equal } => {
            let mut value = Vec::with_capacity(stored.len() + 2);
            than.value_type.append_order_key(stored, &mut value)?;
            Ok(is_less(&value, than, *or_equal))
        }
    }
}

/// Whether a comparison holds where there is no value: `None` equals `None`, and is less than every
/// other value. A property that is no `Option` is compared with values only.
fn holds_for_none(comparison: &Comparison, optional: bool) -> bool {
    match comparison {
        Comparison::IsNone => true,
        Comparison::In(values) => optional && values.iter().flatten().any(|value| *value == [0]),
        // The index key of `None` is a lone zero byte.
        Comparison::Less { than, or_equal } => !optional || *or_equal || than.key != [0],
    }
}

fn evaluate_key(comparison: &Comparison, entity: &EntitySchema, key: &RowKey) -> bool {
    match comparison {
        Comparison::In(values) => values
            .iter()
            .flatten()
            .any(|value| (entity.key_of_value)(value).as_ref() == Some(key)),
        Comparison::IsNone => false,
        Comparison::Less { than, or_equal } => is_less(&key.to_vec(), than, *or_equal),
    }
}

fn is_less(value: &[u8], than: &Ordered, or_equal: bool) -> bool {
    value < than.key.as_slice() || or_equal && value == than.key
}
