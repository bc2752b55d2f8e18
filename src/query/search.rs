//! Reads rows as a plan says, judges each, and keeps those of the page.

use std::ops::ControlFlow;

use super::Query;
use super::explain::Counts;
use super::gather::rows_of;
use super::judge::Judge;
use super::kept::{Found, Kept};
use super::plan::{Access, Otherwise, Plan, Source, SourceKind, or_break, scan_index};
use crate::codec::RowKey;
use crate::codec::record::Record;
use crate::error::{Error, Result};
use crate::keyspace::parse_row;
use crate::schema::{EntitySchema, IndexSchema};
use crate::storage::{Bytes, Direction, KeyRange};

/// The reading of a query's rows.
pub(super) struct Search<'a> {
    judge: Judge<'a>,
    entity: &'a EntitySchema,
    query: &'a Query,
    /// The position that rows must be behind, in the direction in which they are read.
    behind: Option<Vec<u8>>,
    pub(super) kept: Kept,
    pub(super) counts: Counts,
    /// What is kept in the place of each row, where only keys are asked for.
    pub(super) no_row: Option<Bytes>,
}

/// How far a walk has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Walked {
    /// To the end of what it was to read, or it goes on.
    ToTheEnd,
    /// The page is full.
    FarEnough,
    /// It was left before.
    TooLong,
}

impl Walked {
    fn flow(self) -> ControlFlow<()> {
        match self {
            Self::ToTheEnd => ControlFlow::Continue(()),
            Self::FarEnough | Self::TooLong => ControlFlow::Break(()),
        }
    }
}

impl<'a> Search<'a> {
    pub(super) fn new(
        judge: Judge<'a>,
        entity: &'a EntitySchema,
        query: &'a Query,
        is_sorted: bool,
    ) -> Self {
        Self {
            judge,
            entity,
            query,
            behind: query.behind.clone().map(|from| directed(query, from)),
            kept: Kept::new(query, is_sorted),
            counts: Counts::default(),
            no_row: None,
        }
    }

    pub(super) fn into_rows(self) -> Vec<Found> {
        self.kept.into_rows(self.query)
    }

    /// Reads the rows as the plan says.
    ///
    /// # Errors
    /// When a row can't be read.
    pub(super) fn read(&mut self, plan: &Plan<'_>) -> Result<()> {
        let before = self.judge.calls();
        let otherwise = plan.otherwise.as_ref();
        let walked = match &plan.access {
            Access::Keys(source) => return self.read_source(source),
            Access::Rows(ranges, direction) => self.by_keys(ranges, *direction, otherwise)?,
            Access::Along(index, ranges, direction) => {
                self.along_index(index, ranges, *direction, otherwise)?
            }
        };
        match (walked, otherwise) {
            (Walked::TooLong, Some(otherwise)) => {
                self.counts.leave(self.judge.calls() - before);
                self.kept = Kept::new(self.query, otherwise.is_sorted);
                self.read_source(&otherwise.source)
            }
            _ => Ok(()),
        }
    }

    fn read_source(&mut self, source: &Source<'_>) -> Result<()> {
        match &source.kind {
            SourceKind::Ranges(ranges) => self.by_keys(ranges, Direction::Forward, None).map(drop),
            _ => self.at_keys(source),
        }
    }

    /// The rows in ranges of an index, in the order of the index.
    fn along_index(
        &mut self,
        index: &IndexSchema,
        ranges: &[KeyRange],
        direction: Direction,
        otherwise: Option<&Otherwise<'_>>,
    ) -> Result<Walked> {
        let (judge, entity) = (self.judge, self.entity);
        let mut walked = Walked::ToTheEnd;
        for range in in_direction(ranges, direction) {
            scan_index(judge, entity, index, (range, direction), &mut |key| {
                let Some(row) = judge.row_if_there(entity, &key)? else {
                    return Err(self.missing(&key));
                };
                walked = self.walk_on(key, row, otherwise)?;
                Ok(walked.flow())
            })?;
            if walked != Walked::ToTheEnd {
                break;
            }
        }
        Ok(walked)
    }

    /// The rows of the keys of a source, in their order.
    fn at_keys(&mut self, source: &Source<'_>) -> Result<()> {
        let (judge, entity) = (self.judge, self.entity);
        let keys = source.keys(judge)?;
        rows_of(judge, entity, &keys, &mut |key, row| match row {
            Some(row) => self.offer(key, row),
            None if source.may_miss() => Ok(ControlFlow::Continue(())),
            None => Err(self.missing(&key)),
        })
    }

    fn missing(&self, key: &RowKey) -> Error {
        Error::corruption(format!(
            "an index or a relation names a row that is not there: {} {}",
            self.entity.name,
            self.entity.print_key(key)
        ))
    }

    /// The rows in ranges of keys.
    fn by_keys(
        &mut self,
        ranges: &[KeyRange],
        direction: Direction,
        otherwise: Option<&Otherwise<'_>>,
    ) -> Result<Walked> {
        let Judge {
            database, reader, ..
        } = self.judge;
        let rows = database.keyspace.rows(self.entity.index);
        let mut walked = Walked::ToTheEnd;
        for range in in_direction(ranges, direction) {
            let mut outcome = Ok(());
            reader.scan(rows, range, direction, &mut |key, row| {
                let key = RowKey::from_encoded(self.entity.key_kind, key).map_err(Error::from);
                let flow = key.and_then(|key| {
                    walked = self.walk_on(key, Bytes::from(row), otherwise)?;
                    Ok(walked.flow())
                });
                or_break(flow, &mut outcome)
            })?;
            outcome?;
            if walked != Walked::ToTheEnd {
                break;
            }
        }
        Ok(walked)
    }

    /// Offers the next row of a walk.
    fn walk_on(
        &mut self,
        key: RowKey,
        row: Bytes,
        otherwise: Option<&Otherwise<'_>>,
    ) -> Result<Walked> {
        if self.offer(key, row)?.is_break() {
            return Ok(Walked::FarEnough);
        }
        let is_due = |otherwise: &Otherwise<'_>| otherwise.is_due(self.judge, self.counts.examined);
        let is_due = otherwise.map_or(Ok(false), is_due)?;
        Ok(if is_due {
            Walked::TooLong
        } else {
            Walked::ToTheEnd
        })
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
        let needs_position = self.kept.sorts() || self.behind.is_some();
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
        let row = self.no_row.as_ref().map_or(row, Bytes::clone);
        Ok(self.kept.keep(self.query, position, Found { key, row }))
    }
}

/// Ranges, ascending, in the direction in which they are read.
fn in_direction(ranges: &[KeyRange], direction: Direction) -> impl Iterator<Item = &KeyRange> {
    let backward = direction == Direction::Backward;
    let at = move |at: usize| if backward { ranges.len() - 1 - at } else { at };
    (0..ranges.len()).map(move |next| &ranges[at(next)])
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
