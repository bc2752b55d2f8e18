//! Whether a row meets a condition, and where it stands in an order, by its stored properties and
//! those of the rows that its relations lead to.

use std::cell::{Cell, RefCell};

use rustc_hash::FxHashMap;

use super::filter::{Comparison, Condition, Ordered};
use super::items::Items;
use super::order::Term;
use crate::codec::RowKey;
use crate::codec::record::Record;
use crate::database::Database;
use crate::error::{Error, Result};
use crate::keyspace::parse_row;
use crate::schema::{EntityIndex, EntitySchema, FieldIndex, FieldSchema};
use crate::storage::{Bytes, Reader};

/// The byte in a position that says that there is a value.
pub(super) const VALUE: u8 = 1;

/// Judges rows of one view.
#[derive(Clone, Copy)]
pub(super) struct Judge<'a> {
    pub(super) database: &'a Database,
    pub(super) reader: &'a dyn Reader,
    memory: &'a Memory,
}

/// What a judge keeps while it judges the rows of one query.
#[derive(Default)]
pub(super) struct Memory {
    /// Rows that relations lead to: most rows share theirs with others.
    rows: RefCell<FxHashMap<(EntityIndex, RowKey), Bytes>>,
    /// How often the reader was called, where it counts that.
    pub(super) calls: Cell<usize>,
}

/// So many rows are kept.
const MOST_ROWS: usize = 512;

impl<'a> Judge<'a> {
    pub(super) const fn new(
        database: &'a Database,
        reader: &'a dyn Reader,
        memory: &'a Memory,
    ) -> Self {
        Self {
            database,
            reader,
            memory,
        }
    }

    /// How often the reader was called, where it counts that.
    pub(super) const fn calls(&self) -> usize {
        self.memory.calls.get()
    }
}

impl Judge<'_> {
    /// Whether the whole condition holds.
    pub(super) fn meets(
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
            Condition::Items(items) => self.count(items, entity, key, record),
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
    pub(super) fn is_optional(
        &self,
        steps: &[FieldIndex],
        field: FieldIndex,
        from: &EntitySchema,
    ) -> bool {
        let mut at = from;
        for step in steps {
            at = self.database.schema.entity(at.relation(*step).target);
        }
        at.fields[field].nullable
    }

    /// Follows the relations to the row that has the property. Behind a relation that is `None`, every
    /// property is `None`.
    fn compare(
        &self,
        steps: &[FieldIndex],
        field: FieldIndex,
        comparison: &Comparison,
        entity: &EntitySchema,
        key: &RowKey,
        record: &Record<'_>,
    ) -> Result<bool> {
        if steps.is_empty() {
            return evaluate(comparison, entity, field, key, record);
        }
        let Some((target, key)) = self.follow(steps, entity, key, record)? else {
            let optional = self.is_optional(steps, field, entity);
            return Ok(holds_for_none(comparison, optional));
        };
        // The key alone needs no look-up.
        if field == target.key_field {
            return Ok(evaluate_key(comparison, target, &key));
        }
        let row = self.row(target, &key)?;
        let record = parse_row(target, &key, &row)?;
        evaluate(comparison, target, field, &key, &record)
    }

    /// Whether so many items of a collection meet their condition as are asked for.
    fn count(
        &self,
        items: &Items,
        entity: &EntitySchema,
        key: &RowKey,
        record: &Record<'_>,
    ) -> Result<bool> {
        let Some((owner, owner_key)) = self.follow(&items.steps, entity, key, record)? else {
            return Ok(items.number.contains(&0));
        };
        let (database, relation) = (self.database, owner.relation(items.field));
        if !relation.is_to_many() {
            let path = items.steps.iter().copied().chain([items.field]);
            let path: Vec<_> = path.collect();
            let target = self.follow(&path, entity, key, record)?;
            return Ok(items.number.contains(&usize::from(target.is_some())));
        }
        let keys = database
            .keyspace
            .items(self.reader, &database.schema, relation, &owner_key)?;
        let Some(condition) = &items.of else {
            return Ok(items.number.contains(&keys.len()));
        };
        let target = database.schema.entity(relation.target);
        let mut count = 0;
        for item in keys {
            if items.is_decided_by(count) {
                break;
            }
            count += usize::from(self.meets_at(condition, target, &item)?);
        }
        Ok(items.number.contains(&count))
    }

    /// Whether the row of the key meets the condition. What asks the key alone needs no look-up.
    fn meets_at(&self, condition: &Condition, entity: &EntitySchema, key: &RowKey) -> Result<bool> {
        if let Condition::Compare {
            steps,
            field,
            comparison,
        } = condition
            && steps.is_empty()
            && *field == entity.key_field
        {
            return Ok(evaluate_key(comparison, entity, key));
        }
        let row = self.row(entity, key)?;
        self.meets(condition, entity, key, &parse_row(entity, key, &row)?)
    }

    /// Where to-one relations lead from a row; `None` where one of them refers to nothing.
    fn follow<'s>(
        &'s self,
        steps: &[FieldIndex],
        mut entity: &'s EntitySchema,
        key: &RowKey,
        record: &Record<'_>,
    ) -> Result<Option<(&'s EntitySchema, RowKey)>> {
        let mut at = key.clone();
        for (step, position) in steps.iter().zip(0..) {
            let next = if position == 0 {
                self.only_target(entity, *step, &at, record)?
            } else {
                let row = self.row(entity, &at)?;
                let record = parse_row(entity, &at, &row)?;
                self.only_target(entity, *step, &at, &record)?
            };
            let Some(next) = next else {
                return Ok(None);
            };
            let target = entity.relation(*step).target;
            (entity, at) = (self.database.schema.entity(target), next);
        }
        Ok(Some((entity, at)))
    }

    /// The row that a relation leads to.
    fn row(&self, target: &EntitySchema, key: &RowKey) -> Result<Bytes> {
        let at = (target.index, key.clone());
        if let Some(row) = self.memory.rows.borrow().get(&at) {
            return Ok(Bytes::clone(row));
        }
        let row = self.row_if_there(target, key)?.ok_or_else(|| {
            Error::corruption(format!(
                "a relation leads to {} {}, which is not there",
                target.name,
                target.print_key(key)
            ))
        })?;
        let mut rows = self.memory.rows.borrow_mut();
        if rows.len() >= MOST_ROWS {
            rows.clear();
        }
        rows.insert(at, Bytes::clone(&row));
        Ok(row)
    }

    pub(super) fn row_if_there(
        &self,
        entity: &EntitySchema,
        key: &RowKey,
    ) -> Result<Option<Bytes>> {
        let rows = self.database.keyspace.rows(entity.index);
        Ok(self.reader.get(rows, &key.to_vec())?)
    }

    /// Where a row stands in an order: what sorts before it has lesser bytes.
    ///
    /// Each term is one byte that says whether there is a value, and the index key of the value, its
    /// bits inverted where the order goes down. No index key is the beginning of another, so the terms
    /// stand one after the other. The row's own key comes last, in the direction of the last term, so
    /// that no two rows stand at the same place.
    pub(super) fn position(
        &self,
        order: &[Term],
        entity: &EntitySchema,
        key: &RowKey,
        record: &Record<'_>,
    ) -> Result<Vec<u8>> {
        let mut position = Vec::new();
        for term in order {
            let value = self.sort_value(term, entity, key, record)?;
            position.push(match value {
                None if term.nulls_last => VALUE + 1,
                None => VALUE - 1,
                Some(_) => VALUE,
            });
            append(&mut position, &value.unwrap_or_default(), term.descending);
        }
        let descending = order.last().is_some_and(|term| term.descending);
        append(&mut position, &key.to_vec(), descending);
        Ok(position)
    }

    /// The index key of the property that a term names; `None` where there is no value.
    fn sort_value(
        &self,
        term: &Term,
        entity: &EntitySchema,
        key: &RowKey,
        record: &Record<'_>,
    ) -> Result<Option<Vec<u8>>> {
        if term.steps.is_empty() {
            return own_sort_value(term, entity, key, record);
        }
        let Some((target, key)) = self.follow(&term.steps, entity, key, record)? else {
            return Ok(None);
        };
        let row = self.row(target, &key)?;
        let record = parse_row(target, &key, &row)?;
        own_sort_value(term, target, &key, &record)
    }

    /// The one row that a relation leads to.
    fn only_target(
        &self,
        entity: &EntitySchema,
        step: FieldIndex,
        key: &RowKey,
        record: &Record<'_>,
    ) -> Result<Option<RowKey>> {
        let (schema, keyspace) = (&self.database.schema, &self.database.keyspace);
        let relation = entity.relation(step);
        debug_assert!(!relation.is_to_many(), "no path leads through a collection");
        if relation.is_to_one_owner() {
            let stored = record.get(entity.fields[step].number).unwrap_or_default();
            let kind = schema.entity(relation.target).key_kind;
            return Ok(RowKey::decode_reference(kind, stored)?);
        }
        Ok(keyspace.items(self.reader, schema, relation, key)?.pop())
    }
}

fn own_sort_value(
    term: &Term,
    entity: &EntitySchema,
    key: &RowKey,
    record: &Record<'_>,
) -> Result<Option<Vec<u8>>> {
    if term.field == entity.key_field {
        return Ok(Some(key.to_vec()));
    }
    let nullable = entity.fields[term.field].nullable;
    let stored = entity.value_of(term.field, key, record.properties())?;
    let Some(stored) = stored.filter(|stored| !nullable || **stored != [0]) else {
        return Ok(None);
    };
    let mut value = Vec::with_capacity(stored.len() + 2);
    term.value_type.append_order_key(&stored, &mut value)?;
    Ok(Some(value))
}

fn append(position: &mut Vec<u8>, bytes: &[u8], descending: bool) {
    if descending {
        position.extend(bytes.iter().map(|byte| !byte));
    } else {
        position.extend_from_slice(bytes);
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
    let stored = entity.value_of(field, key, record.properties())?;
    let Some(stored) = stored.as_deref() else {
        // The row is older than the property, or it is of an embedded value that is absent.
        return Ok(holds_for_none(comparison, entity.fields[field].nullable));
    };
    meets_value(comparison, &entity.fields[field], stored)
}

/// Whether the stored value of a property meets a comparison.
pub(super) fn meets_value(
    comparison: &Comparison,
    property: &FieldSchema,
    stored: &[u8],
) -> Result<bool> {
    match comparison {
        Comparison::In(values) => {
            let value_type = property.value_type();
            Ok(values.iter().flatten().any(|value| match value_type {
                Some(value_type) => value_type.equal(value, stored),
                None => value == stored,
            }))
        }
        Comparison::IsNone => Ok(matches!(stored, [] | [0])),
        Comparison::Text(text) => Ok(text.is_met(stored)?),
        Comparison::Has(has) => Ok(has.is_met(stored)?),
        Comparison::Elements(elements) => elements.is_met(property, stored),
        Comparison::Less { than, or_equal } => {
            let mut value = Vec::with_capacity(stored.len() + 2);
            than.value_type.append_order_key(stored, &mut value)?;
            Ok(is_less(&value, than, *or_equal))
        }
    }
}

/// Whether a comparison holds where there is no value: `None` equals `None`, and is less than every
/// other value. A property that is no `Option` is compared with values only.
pub(super) fn holds_for_none(comparison: &Comparison, optional: bool) -> bool {
    match comparison {
        Comparison::IsNone => true,
        Comparison::Text(_) | Comparison::Has(_) => false,
        Comparison::Elements(elements) => elements.number.contains(&0),
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
        Comparison::IsNone | Comparison::Elements(_) => false,
        Comparison::Text(text) => text.is_met_by_key(&key.to_vec()),
        Comparison::Has(has) => has.is_met_by_key(&key.to_vec()),
        Comparison::Less { than, or_equal } => is_less(&key.to_vec(), than, *or_equal),
    }
}

fn is_less(value: &[u8], than: &Ordered, or_equal: bool) -> bool {
    value < than.key.as_slice() || or_equal && value == than.key
}
