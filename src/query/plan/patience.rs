//! How long a walk in order may search for the first few rows, where a source could give all that meet
//! the condition.
//!
//! Which of the two reads less depends on where the rows stand in the order, which nobody knows. So the
//! walk begins if it may well win, and is left for the source when it has read half as many rows as that
//! would give: together they read half as much again at worst. (Antoshenkov, "Dynamic Query Optimization
//! in Rdb/VMS", 1993: alternatives compete while a query runs.) How many rows the source would give is
//! counted up to a bound that grows with the walk, so counting stays in proportion to it.

use std::cell::Cell;

use super::super::Query;
use super::super::judge::Judge;
use super::Source;
use crate::error::Result;

/// A source with fewer rows than this is read without a walk.
const LEAST_ROWS: usize = 64;

/// So many times the rows that are wanted the source must have for a walk to begin.
const ROWS_FOR_EACH_WANTED: usize = 4;

/// More rows than this are not counted before a walk begins.
const MOST_ROWS: usize = 32 * 1024;

/// At each look, the rows of the source are counted up to so many times those that the walk has read.
const COUNTED_FOR_EACH_READ: usize = 8;

/// The rows that a condition leaves, in the place of those that come in order.
pub(in super::super) struct Otherwise<'q> {
    pub(in super::super) source: Source<'q>,
    /// Whether its rows come in the order that was asked for.
    pub(in super::super) is_sorted: bool,
    pub(super) patience: Patience,
}

impl Otherwise<'_> {
    /// Whether a walk that has read so many rows, and not found enough, is to be left.
    ///
    /// # Errors
    /// When what is stored can't be read.
    pub(in super::super) fn is_due(&self, judge: Judge<'_>, read: usize) -> Result<bool> {
        let next_look = &self.patience.next_look;
        if read < next_look.get() {
            return Ok(false);
        }
        let estimate = self.source.count(judge, read * COUNTED_FOR_EACH_READ)?;
        next_look.set(estimate.rows / 2);
        Ok(read >= next_look.get())
    }
}

/// When it is looked next how many rows the source has, in rows that the walk has read.
pub(super) struct Patience {
    next_look: Cell<usize>,
}

impl Patience {
    /// None, where the rows of the source are so few, or so many are wanted, that all of them are read.
    ///
    /// # Errors
    /// When what is stored can't be read.
    pub(super) fn with(
        judge: Judge<'_>,
        source: &Source<'_>,
        query: &Query,
    ) -> Result<Option<Self>> {
        // What is read slice by slice must be read in one way.
        let Some(take) = query.take.filter(|_| !query.is_sliced) else {
            return Ok(None);
        };
        let wanted = take.saturating_add(query.skip);
        let least = wanted.saturating_mul(ROWS_FOR_EACH_WANTED).max(LEAST_ROWS);
        if least > MOST_ROWS || !source.count(judge, least)?.or_more {
            return Ok(None);
        }
        Ok(Some(Self {
            next_look: Cell::new(least / 2),
        }))
    }
}
