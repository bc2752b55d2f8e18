//! Finds the rows that a query asks for: reads them as `plan` says, judges each, sorts where they do
//! not come in order, and cuts the page out.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::ops::ControlFlow;

use super::Query;
use super::describe::describe_query;
use super::explain::Explanation;
use super::judge::Judge;
use super::plan::{Access, Equality, Plan, plan};
use crate::codec::RowKey;
use crate::codec::record::Record;
use crate::database::Database;
use crate::error::{Error, Result};
use crate::keyspace::{index_entry_row, parse_row};
use crate::schema::{EntitySchema, FieldIndex, PartKind, ResolvedKind};
use crate::storage::{Bytes, Direction, KeyRange, Reader};

/// A row that meets the condition.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) key: RowKey,
    pub(crate) row: Bytes,
}

/// The rows of an entity that a query asks for, in its order, or in that of their keys.
///
/// # Errors
/// When a row can't be read, or the order makes no sense.
pub(crate) fn execute(
    database: &Database,
    reader: &dyn Reader,
    entity: &EntitySchema,
    query: &Query,
) -> Result<Vec<Found>> {
    if query.take == Some(0) {
        return Ok(Vec::new());
    }
    let plan = plan(&database.schema, entity, query);
    let mut search = Search::new(database, reader, entity, query, &plan);
    search.read(&plan)?;
    Ok(search.into_rows())
}

/// Runs a query, and tells how.
///
/// # Errors
/// As [`execute`].
pub(crate) fn explain(
    database: &Database,
    reader: &dyn Reader,
    entity: &EntitySchema,
    query: &Query,
) -> Result<Explanation> {
    let plan = plan(&database.schema, entity, query);
    let words = format!(
        "{} by {}",
        entity.label,
        describe_query(&database.schema, entity.index, query)
    );
    let mut explanation = Explanation::of(words, entity, &plan);
    if query.take == Some(0) {
        return Ok(explanation);
    }
    let mut search = Search::new(database, reader, entity, query, &plan);
    search.read(&plan)?;
    explanation.rows_examined = search.examined;
    explanation.rows_found = search.into_rows().len();
    Ok(explanation)
}

/// How many rows meet the condition of a query, whatever its order and page.
///
/// # Errors
/// When a row can't be read.
pub(crate) fn count(
    database: &Database,
    reader: &dyn Reader,
    entity: &EntitySchema,
    query: &Query,
) -> Result<usize> {
    let plan = plan(&database.schema, entity, query);
    let mut search = Search {
        page: Page::Counted(0),
        ..Search::new(database, reader, entity, query, &plan)
    };
    search.read(&plan)?;
    Ok(match search.page {
        Page::Counted(count) => count,
        Page::InOrder { .. } | Page::ToBeSorted(_) => unreachable!("rows were counted"),
    })
}

struct Search<'a> {
    judge: Judge<'a>,
    entity: &'a EntitySchema,
    query: &'a Query,
    /// The position that rows must be behind, in the direction in which they are read.
    behind: Option<Vec<u8>>,
    page: Page,
    /// How many rows were judged.
    examined: usize,
}

/// What was found so far.
enum Page {
    /// Rows come in the order that is asked for.
    InOrder { skip: usize, rows: Vec<Found> },
    /// They do not. The last in the order is on top, so that a page that is full can drop it.
    ToBeSorted(BinaryHeap<Placed>),
    /// Only their number is asked for.
    Counted(usize),
}

/// A row with its place in the order.
struct Placed {
    position: Vec<u8>,
    found: Found,
}

impl<'a> Search<'a> {
    fn new(
        database: &'a Database,
        reader: &'a dyn Reader,
        entity: &'a EntitySchema,
        query: &'a Query,
        plan: &Plan<'_>,
    ) -> Self {
        let page = if plan.is_sorted {
            Page::InOrder {
                skip: query.skip,
                rows: Vec::new(),
            }
        } else {
            Page::ToBeSorted(BinaryHeap::new())
        };
        Self {
            judge: Judge { database, reader },
            entity,
            query,
            behind: query.behind.clone().map(|from| directed(query, from)),
            page,
            examined: 0,
        }
    }

    fn into_rows(self) -> Vec<Found> {
        let mut rows: Vec<Found> = match self.page {
            Page::InOrder { rows, .. } => rows,
            Page::ToBeSorted(rows) => {
                let rows = rows.into_sorted_vec().into_iter().skip(self.query.skip);
                rows.map(|placed| placed.found).collect()
            }
            Page::Counted(_) => unreachable!("rows were asked for"),
        };
        if self.query.backward {
            rows.reverse();
        }
        rows
    }

    fn read(&mut self, plan: &Plan<'_>) -> Result<()> {
        match &plan.access {
            Access::Equal(equality) => self.by_equality(equality),
            Access::Keys(range, direction) => self.by_keys(range, *direction),
            Access::Index(field, range) => self.by_index(*field, range),
            Access::AlongIndex(field, range, direction) => {
                self.along_index(*field, range, *direction)
            }
        }
    }

    fn by_equality(&mut self, equality: &Equality<'_>) -> Result<()> {
        let mut keys = Vec::new();
        for stored in equality.values.iter().flatten() {
            self.keys_of(equality.field, stored, &mut keys)?;
        }
        self.at_keys(equality.field, keys)
    }

    /// The keys of the rows whose property has the stored form.
    fn keys_of(&self, field: FieldIndex, stored: &[u8], keys: &mut Vec<RowKey>) -> Result<()> {
        let (entity, database) = (self.entity, self.judge.database);
        if field == entity.key_field {
            keys.extend((entity.key_of_value)(stored));
            return Ok(());
        }
        let index = entity.index_on(field).expect("the plan names an index");
        let mut value = Vec::new();
        match &entity.fields[field].kind {
            ResolvedKind::Scalar(_) | ResolvedKind::Derived(_) => {
                let PartKind::Value(value_type) = &index.parts[0].kind else {
                    unreachable!("a value is a part of an index as it is")
                };
                value_type.append_order_key(stored, &mut value)?;
            }
            ResolvedKind::Relation(relation) => {
                let target = database.schema.entity(relation.target);
                let Some(key) = (target.key_of_value)(stored) else {
                    return Ok(());
                };
                key.write_to(&mut value);
            }
            ResolvedKind::PrimaryKey | ResolvedKind::Lazy(_) => {
                unreachable!("only columns are indexed")
            }
        }
        let reader = self.judge.reader;
        keys.extend(database.keyspace.indexed(reader, entity, index, &value)?);
        Ok(())
    }

    /// The rows in a range of an index, in the order of their keys.
    fn by_index(&mut self, field: FieldIndex, range: &KeyRange) -> Result<()> {
        let mut keys = Vec::new();
        scan_index(
            self.judge,
            self.entity,
            (field, range),
            Direction::Forward,
            &mut |key| {
                keys.push(key);
                Ok(ControlFlow::Continue(()))
            },
        )?;
        self.at_keys(field, keys)
    }

    /// The rows in a range of an index, in the order of the index.
    fn along_index(
        &mut self,
        field: FieldIndex,
        range: &KeyRange,
        direction: Direction,
    ) -> Result<()> {
        let (judge, entity) = (self.judge, self.entity);
        scan_index(judge, entity, (field, range), direction, &mut |key| {
            let row = self.row(field, &key)?;
            self.offer(key, row)
        })
    }

    /// The rows of the keys, in their order.
    fn at_keys(&mut self, field: FieldIndex, mut keys: Vec<RowKey>) -> Result<()> {
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            let row = if field == self.entity.key_field {
                let rows = self.judge.database.keyspace.rows(self.entity.index);
                let Some(row) = self.judge.reader.get(rows, &key.to_vec())? else {
                    continue;
                };
                row
            } else {
                self.row(field, &key)?
            };
            if self.offer(key, row)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// The row that an index names.
    fn row(&self, field: FieldIndex, key: &RowKey) -> Result<Bytes> {
        let rows = self.judge.database.keyspace.rows(self.entity.index);
        self.judge.reader.get(rows, &key.to_vec())?.ok_or_else(|| {
            Error::corruption(format!(
                "the index {}.{} names a row that is not there: {}",
                self.entity.name,
                self.entity.fields[field].name,
                self.entity.print_key(key)
            ))
        })
    }

    /// The rows in a range of keys.
    fn by_keys(&mut self, range: &KeyRange, direction: Direction) -> Result<()> {
        let Judge { database, reader } = self.judge;
        let rows = database.keyspace.rows(self.entity.index);
        let mut outcome = Ok(());
        reader.scan(rows, range, direction, &mut |key, row| {
            let offered = RowKey::from_encoded(self.entity.key_kind, key)
                .map_err(Error::from)
                .and_then(|key| self.offer(key, Bytes::from(row)));
            or_break(offered, &mut outcome)
        })?;
        outcome
    }

    /// Where the row stands, in the direction in which rows are asked for.
    fn position(&self, key: &RowKey, record: &Record<'_>) -> Result<Vec<u8>> {
        let order = &self.query.order;
        let position = self.judge.position(order, self.entity, key, record)?;
        Ok(directed(self.query, position))
    }

    /// Keeps the row if it meets the condition and may be on the page. Breaks when the page is full.
    fn offer(&mut self, key: RowKey, row: Bytes) -> Result<ControlFlow<()>> {
        self.examined += 1;
        let most = self.query.take.unwrap_or(usize::MAX);
        let needs_position = matches!(self.page, Page::ToBeSorted(_)) || self.behind.is_some();
        let needs_record = needs_position || self.query.condition.is_some();
        let record = needs_record
            .then(|| parse_row(self.entity, &key, &row))
            .transpose()?;
        if let (Some(condition), Some(record)) = (&self.query.condition, &record)
            && !self.judge.meets(condition, self.entity, &key, record)?
        {
            return Ok(ControlFlow::Continue(()));
        }
        let position = match &record {
            Some(record) if needs_position => self.position(&key, record)?,
            _ => Vec::new(),
        };
        if self.behind.as_ref().is_some_and(|from| position <= *from) {
            return Ok(ControlFlow::Continue(()));
        }
        let found = Found { key, row };
        match &mut self.page {
            Page::Counted(count) => *count += 1,
            Page::InOrder { skip, .. } if *skip > 0 => *skip -= 1,
            Page::InOrder { rows, .. } => {
                rows.push(found);
                if rows.len() >= most {
                    return Ok(ControlFlow::Break(()));
                }
            }
            Page::ToBeSorted(rows) => {
                rows.push(Placed { position, found });
                if rows.len() > most.saturating_add(self.query.skip) {
                    rows.pop();
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// A position in the direction in which rows are asked for. No position is the beginning of another, so
/// inverted they sort the other way round.
fn directed(query: &Query, mut position: Vec<u8>) -> Vec<u8> {
    if query.backward {
        for byte in &mut position {
            *byte = !*byte;
        }
    }
    position
}

/// Visits the row keys in a range of an index, as they stand there.
fn scan_index(
    judge: Judge<'_>,
    entity: &EntitySchema,
    (field, range): (FieldIndex, &KeyRange),
    direction: Direction,
    visit: &mut dyn FnMut(RowKey) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let index = entity.index_on(field).expect("the plan names an index");
    let Database {
        schema, keyspace, ..
    } = judge.database;
    let tree = keyspace.index(entity.index, index);
    let mut outcome = Ok(());
    judge
        .reader
        .scan(tree, range, direction, &mut |key, value| {
            let visited = index_entry_row(schema, entity, index, key, value).and_then(&mut *visit);
            or_break(visited, &mut outcome)
        })?;
    outcome
}

/// Ends a scan at an error, and keeps it.
fn or_break(flow: Result<ControlFlow<()>>, outcome: &mut Result<()>) -> ControlFlow<()> {
    flow.unwrap_or_else(|error| {
        *outcome = Err(error);
        ControlFlow::Break(())
    })
}

impl Ord for Placed {
    fn cmp(&self, other: &Self) -> Ordering {
        self.position.cmp(&other.position)
    }
}

impl PartialOrd for Placed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Placed {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Placed {}
