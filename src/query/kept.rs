//! What a search keeps of the rows that meet a condition: the page that is asked for, and no more.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::ops::ControlFlow;

use super::Query;
use crate::codec::RowKey;
use crate::storage::Bytes;

/// A row that meets the condition.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) key: RowKey,
    pub(crate) row: Bytes,
}

/// What was found so far.
pub(super) enum Kept {
    /// Rows come in the order that is asked for.
    InOrder { skip: usize, rows: Vec<Found> },
    /// They do not. The last in the order is on top, so that a page that is full can drop it.
    ToBeSorted(BinaryHeap<Placed>),
    /// Only their number is asked for.
    Counted,
}

/// A row with its place in the order.
pub(super) struct Placed {
    position: Vec<u8>,
    found: Found,
}

impl Kept {
    pub(super) fn new(query: &Query, is_sorted: bool) -> Self {
        if is_sorted {
            Self::InOrder {
                skip: query.skip,
                rows: Vec::new(),
            }
        } else {
            Self::ToBeSorted(BinaryHeap::new())
        }
    }

    /// Whether it needs the places of rows in the order.
    pub(super) const fn sorts(&self) -> bool {
        matches!(self, Self::ToBeSorted(_))
    }

    /// Keeps a row if it may be on the page. Breaks when the page is full.
    pub(super) fn keep(
        &mut self,
        query: &Query,
        position: Vec<u8>,
        found: Found,
    ) -> ControlFlow<()> {
        let most = query.take.unwrap_or(usize::MAX);
        match self {
            Self::Counted => {}
            Self::InOrder { skip, .. } if *skip > 0 => *skip -= 1,
            Self::InOrder { rows, .. } => {
                rows.push(found);
                if rows.len() >= most {
                    return ControlFlow::Break(());
                }
            }
            Self::ToBeSorted(rows) => {
                rows.push(Placed { position, found });
                if rows.len() > most.saturating_add(query.skip) {
                    rows.pop();
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// The page, in the order of the query.
    pub(super) fn into_rows(self, query: &Query) -> Vec<Found> {
        let mut rows: Vec<Found> = match self {
            Self::InOrder { rows, .. } => rows,
            Self::ToBeSorted(rows) => {
                let rows = rows.into_sorted_vec().into_iter().skip(query.skip);
                rows.map(|placed| placed.found).collect()
            }
            Self::Counted => unreachable!("rows were asked for"),
        };
        if query.backward {
            rows.reverse();
        }
        rows
    }
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
