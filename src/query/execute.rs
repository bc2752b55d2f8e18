//! Finds the rows that a query asks for: reads them as `plan` says, judges each, sorts where they do
//! not come in order, and cuts the page out.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::ops::ControlFlow;

use super::Query;
use super::describe::{describe_order, describe_query};
use super::explain::{CountingReader, Counts, Explanation};
use super::judge::{Judge, Memory};
use super::plan::{Access, Plan, Source, or_break, plan, scan_index};
use super::remedy::refuse;
use crate::codec::RowKey;
use crate::codec::record::Record;
use crate::database::Database;
use crate::error::{Error, Result};
use crate::keyspace::parse_row;
use crate::schema::{EntitySchema, IndexSchema};
use crate::storage::{Bytes, Direction, KeyRange, Reader};

/// A row that meets the condition.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) key: RowKey,
    pub(crate) row: Bytes,
}

/// The rows that a query asks for, and whether it was a full scan.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) rows: Vec<Found>,
    pub(crate) is_full_scan: bool,
}

/// The rows of an entity that a query asks for, in its order, or in that of their keys.
///
/// # Errors
/// When a row can't be read, the query makes no sense, or it is a full scan and these are forbidden.
pub(crate) fn execute(
    database: &Database,
    reader: &dyn Reader,
    entity: &EntitySchema,
    query: &Query,
) -> Result<Answer> {
    let memory = Memory::default();
    let judge = Judge::new(database, reader, &memory);
    query.check(&database.schema, entity)?;
    if query.take == Some(0) {
        return Ok(Answer::default());
    }
    let (plan, is_full_scan) = permitted_plan(judge, entity, query)?;
    let mut search = Search::new(judge, entity, query, &plan);
    search.read(&plan)?;
    Ok(Answer {
        rows: search.into_rows(),
        is_full_scan,
    })
}

/// The keys of the rows that a query asks for, in its order; `None` where the rows come in this order,
/// one after the other.
///
/// # Errors
/// As [`execute`].
pub(super) fn found_keys(
    database: &Database,
    reader: &dyn Reader,
    entity: &EntitySchema,
    query: &Query,
) -> Result<Option<Vec<RowKey>>> {
    let memory = Memory::default();
    let judge = Judge::new(database, reader, &memory);
    query.check(&database.schema, entity)?;
    let (plan, _) = permitted_plan(judge, entity, query)?;
    if plan.is_sorted && !matches!(plan.access, Access::Keys(_)) {
        return Ok(None);
    }
    let mut search = Search {
        no_row: Some(Bytes::from(&[][..])),
        ..Search::new(judge, entity, query, &plan)
    };
    search.read(&plan)?;
    let found = search.into_rows().into_iter();
    Ok(Some(found.map(|found| found.key).collect()))
}

/// How many rows meet the condition of a query, whatever its order and page, and whether all had to be
/// read for that.
///
/// # Errors
/// As [`execute`].
pub(crate) fn count(
    database: &Database,
    reader: &dyn Reader,
    entity: &EntitySchema,
    query: &Query,
) -> Result<(usize, bool)> {
    let memory = Memory::default();
    let judge = Judge::new(database, reader, &memory);
    query.check(&database.schema, entity)?;
    let (plan, is_full_scan) = permitted_plan(judge, entity, query)?;
    let mut search = Search {
        page: Page::Counted,
        ..Search::new(judge, entity, query, &plan)
    };
    search.read(&plan)?;
    Ok((search.counts.met, is_full_scan))
}

/// Runs a query, and tells how. It may be a full scan in any case.
///
/// # Errors
/// When a row can't be read, or the query makes no sense.
pub(crate) fn explain(
    database: &Database,
    reader: &dyn Reader,
    entity: &EntitySchema,
    query: &Query,
) -> Result<Explanation> {
    let memory = Memory::default();
    let reader = CountingReader {
        base: reader,
        calls: &memory.calls,
    };
    let judge = Judge::new(database, &reader, &memory);
    query.check(&database.schema, entity)?;
    let plan = plan(judge, entity, query)?;
    if let Access::Keys(source) = &plan.access {
        source.count_all(judge)?;
    }
    let mut search = Search::new(judge, entity, query, &plan);
    let before = judge.calls();
    if query.take != Some(0) {
        search.read(&plan)?;
    }
    let mut counts = search.counts;
    counts.reading = judge.calls() - before - counts.judging - counts.placing;
    counts.found = search.into_rows().len();
    let schema = &database.schema;
    let words = format!(
        "{} by {}",
        entity.label,
        describe_query(schema, entity.index, query)
    );
    let order = describe_order(schema, entity.index, &query.order);
    Ok(Explanation::of(
        (words, order),
        (entity, &plan, query),
        counts,
    ))
}

/// How a query is run, and whether it is a full scan.
fn permitted_plan<'q>(
    judge: Judge<'q>,
    entity: &'q EntitySchema,
    query: &'q Query,
) -> Result<(Plan<'q>, bool)> {
    let plan = plan(judge, entity, query)?;
    let is_full_scan = plan.is_full_scan(query);
    if is_full_scan && judge.database.settings.forbid_full_scans && !query.allows_full_scan {
        return Err(refuse(judge, entity, query)?);
    }
    Ok((plan, is_full_scan))
}

struct Search<'a> {
    judge: Judge<'a>,
    entity: &'a EntitySchema,
    query: &'a Query,
    /// The position that rows must be behind, in the direction in which they are read.
    behind: Option<Vec<u8>>,
    page: Page,
    counts: Counts,
    /// What is kept in the place of each row, where only keys are asked for.
    no_row: Option<Bytes>,
}

/// What was found so far.
enum Page {
    /// Rows come in the order that is asked for.
    InOrder { skip: usize, rows: Vec<Found> },
    /// They do not. The last in the order is on top, so that a page that is full can drop it.
    ToBeSorted(BinaryHeap<Placed>),
    /// Only their number is asked for.
    Counted,
}

/// A row with its place in the order.
struct Placed {
    position: Vec<u8>,
    found: Found,
}

impl<'a> Search<'a> {
    fn new(judge: Judge<'a>, entity: &'a EntitySchema, query: &'a Query, plan: &Plan<'_>) -> Self {
        let page = if plan.is_sorted {
            Page::InOrder {
                skip: query.skip,
                rows: Vec::new(),
            }
        } else {
            Page::ToBeSorted(BinaryHeap::new())
        };
        Self {
            judge,
            entity,
            query,
            behind: query.behind.clone().map(|from| directed(query, from)),
            page,
            counts: Counts::default(),
            no_row: None,
        }
    }

    fn into_rows(self) -> Vec<Found> {
        let mut rows: Vec<Found> = match self.page {
            Page::InOrder { rows, .. } => rows,
            Page::ToBeSorted(rows) => {
                let rows = rows.into_sorted_vec().into_iter().skip(self.query.skip);
                rows.map(|placed| placed.found).collect()
            }
            Page::Counted => unreachable!("rows were asked for"),
        };
        if self.query.backward {
            rows.reverse();
        }
        rows
    }

    fn read(&mut self, plan: &Plan<'_>) -> Result<()> {
        match &plan.access {
            Access::Keys(source) => self.at_keys(source),
            Access::Rows(range, direction) => self.by_keys(range, *direction),
            Access::Along(index, range, direction) => self.along_index(index, range, *direction),
        }
    }

    /// The rows in a range of an index, in the order of the index.
    fn along_index(
        &mut self,
        index: &IndexSchema,
        range: &KeyRange,
        direction: Direction,
    ) -> Result<()> {
        let (judge, entity) = (self.judge, self.entity);
        scan_index(judge, entity, index, (range, direction), &mut |key| {
            let Some(row) = judge.row_if_there(entity, &key)? else {
                return Err(self.missing(&key));
            };
            self.offer(key, row)
        })
    }

    /// The rows of the keys of a source, in their order.
    fn at_keys(&mut self, source: &Source<'_>) -> Result<()> {
        for key in source.keys(self.judge)? {
            match self.judge.row_if_there(self.entity, &key)? {
                Some(row) => {
                    if self.offer(key, row)?.is_break() {
                        break;
                    }
                }
                None if source.may_miss() => {}
                None => return Err(self.missing(&key)),
            }
        }
        Ok(())
    }

    fn missing(&self, key: &RowKey) -> Error {
        Error::corruption(format!(
            "an index or a relation names a row that is not there: {} {}",
            self.entity.name,
            self.entity.print_key(key)
        ))
    }

    /// The rows in a range of keys.
    fn by_keys(&mut self, range: &KeyRange, direction: Direction) -> Result<()> {
        let Judge {
            database, reader, ..
        } = self.judge;
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

    /// The place of a row in the order, as far as it is asked for, if the row meets the condition and is
    /// behind the cursor.
    fn judge_row(&mut self, key: &RowKey, row: &[u8]) -> Result<Option<Vec<u8>>> {
        let needs_position = matches!(self.page, Page::ToBeSorted(_)) || self.behind.is_some();
        if !needs_position && self.query.condition.is_none() {
            return Ok(Some(Vec::new()));
        }
        let record = parse_row(self.entity, key, row)?;
        let before = self.judge.calls();
        let meets = |it| self.judge.meets(it, self.entity, key, &record);
        let is_met = self.query.condition.as_ref().map_or(Ok(true), meets)?;
        let judged = self.judge.calls();
        self.counts.judging += judged - before;
        if !is_met {
            return Ok(None);
        }
        if !needs_position {
            return Ok(Some(Vec::new()));
        }
        let position = self.position(key, &record)?;
        self.counts.placing += self.judge.calls() - judged;
        let is_behind = self.behind.as_ref().is_none_or(|from| position > *from);
        Ok(is_behind.then_some(position))
    }

    /// Keeps the row if it meets the condition and may be on the page. Breaks when the page is full.
    fn offer(&mut self, key: RowKey, row: Bytes) -> Result<ControlFlow<()>> {
        self.counts.examined += 1;
        let Some(position) = self.judge_row(&key, &row)? else {
            return Ok(ControlFlow::Continue(()));
        };
        self.counts.met += 1;
        let most = self.query.take.unwrap_or(usize::MAX);
        let row = self.no_row.as_ref().map_or(row, Bytes::clone);
        let found = Found { key, row };
        match &mut self.page {
            Page::Counted => {}
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
