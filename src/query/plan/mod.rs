//! Which rows a query reads, and in which order.
//!
//! By the keys that a [`Source`] gives, where the condition has a part that a key or an index answers;
//! else along the keys or an index that have the order, else all rows. `restriction` finds what a
//! condition leaves of an index, `candidates` the sources that a condition allows, `choice` takes the
//! one with the fewest rows, as counted in the store up to a bound, and `source` gives its keys. Where
//! both would do, a source and a walk in order, `patience` says how long the walk may last.
//! Invariants: whatever is chosen, the whole condition is judged on every row that is read, and no row
//! that meets it is left out.

mod candidates;
mod choice;
mod order;
mod patience;
mod restriction;
mod source;

use super::Query;
use super::judge::Judge;
use crate::error::Result;
use crate::schema::{EntitySchema, IndexSchema};
use crate::storage::{Direction, KeyRange};

pub(super) use candidates::{Atom, Test, atoms_of, best};
pub use choice::Estimate;
pub(super) use patience::Otherwise;
use patience::Patience;
pub(super) use source::{Source, SourceKind, or_break, scan_index};

/// How a query gets at its rows.
pub(super) struct Plan<'q> {
    pub(super) access: Access<'q>,
    /// Whether the rows come in the order that was asked for.
    pub(super) is_sorted: bool,
    /// Whether nothing is left out of what is read but by a limit or a cursor.
    reads_all: bool,
    /// What is done instead when a walk has not found enough in time.
    pub(super) otherwise: Option<Otherwise<'q>>,
}

pub(super) enum Access<'q> {
    /// The rows of the keys that a source gives, in the order of their keys.
    Keys(Source<'q>),
    /// The rows in ranges of keys, one after the other.
    Rows(Vec<KeyRange>, Direction),
    /// The rows in ranges of an index, in the order of the index.
    Along(&'q IndexSchema, Vec<KeyRange>, Direction),
}

impl Plan<'_> {
    /// Whether the plan reads all rows, or may have to before it has found enough.
    pub(super) fn is_full_scan(&self, query: &Query) -> bool {
        // The first rows of an order, whatever they are, are not searched for.
        let is_first_rows = query.condition.is_none() && query.take.is_some() && self.is_sorted;
        self.reads_all && !is_first_rows
    }
}

/// Chooses.
pub(super) fn plan<'q>(
    judge: Judge<'q>,
    entity: &'q EntitySchema,
    query: &'q Query,
) -> Result<Plan<'q>> {
    let schema = &judge.database.schema;
    let atoms = atoms_of(query.condition.as_ref());
    let own = candidates::own_comparisons(schema, entity, &atoms);
    let walk = order::walk(schema, entity, query, &own);
    let source = candidates::best(judge, entity, &atoms)?;
    // What is not read in an order comes in that of the keys.
    let is_in_key_order = match query.order.as_slice() {
        [] => true,
        [term] => term.is_key_upward(entity) && !query.backward,
        _ => false,
    };
    let of_source = |source: Source<'q>| Plan {
        access: source.into_access(query),
        is_sorted: is_in_key_order,
        reads_all: false,
        otherwise: None,
    };
    Ok(match (source, walk) {
        (Some(source), Some(walk)) if walk.reads_no_more_than(&source) => walk.into_plan(None),
        (Some(source), Some(walk)) => match Patience::with(judge, &source, query)? {
            Some(patience) => walk.into_plan(Some(Otherwise {
                source,
                is_sorted: is_in_key_order,
                patience,
            })),
            None => of_source(source),
        },
        (Some(source), None) => of_source(source),
        // To read a whole index, and each row by its key, costs more than to sort; for the first few
        // rows it costs less.
        (None, Some(walk)) if walk.is_by_key() || query.take.is_some() || query.is_sliced => {
            walk.into_plan(None)
        }
        (None, _) => Plan {
            access: Access::Rows(vec![KeyRange::all()], Direction::Forward),
            is_sorted: is_in_key_order,
            reads_all: true,
            otherwise: None,
        },
    })
}
