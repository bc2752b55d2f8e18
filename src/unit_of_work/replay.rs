//! The end of a transaction: its staged flushes are planned again, in order, over the store as it is
//! now, and become one batch.
//!
//! A staged flush was judged against what its transaction saw. Other units of work may have committed
//! since, so nothing of that verdict is kept: constraints are judged, and rows merged (R14), as if all
//! the flushes happened at the commit. Invariant: replaying over a store that nobody has changed gives
//! the batch that was staged.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::accept::accept_outcome;
use super::plan::RowOutcome;
use super::{LinkWrite, Outcome, Prepared, plan};
use crate::codec::RowKey;
use crate::codec::record::Record;
use crate::context::{Context, Kept, LinkLedger};
use crate::database::Database;
use crate::entity::ChangeSets;
use crate::error::{Error, Result};
use crate::schema::EntityIndex;
use crate::storage::{Batch, Bytes, CommitSequence, Reader, StagedReader};

/// A flush inside a transaction.
pub(crate) struct Staged {
    pub(crate) prepared: Prepared,
    /// The number of the commit that it was planned for.
    pub(crate) sequence: CommitSequence,
    /// What was pending when the flush was planned.
    pub(crate) ledger: Kept<LinkLedger>,
    /// The rows that it wrote or removed, as memory was told.
    pub(crate) rows: Vec<(EntityIndex, RowKey)>,
    /// What subscribers are told once it is committed.
    pub(crate) told: Option<ChangeSets>,
    /// For a bulk operation whose change sets depend on the rows: how they are made of other rows.
    pub(crate) renew: Option<Renew>,
}

/// Makes the change sets of a bulk operation anew, over another view.
pub(crate) type Renew = Box<dyn Fn(&Database, &dyn Reader) -> Result<Prepared> + Send + Sync>;

/// What became of a transaction.
pub(crate) struct Replayed {
    /// One for each staged flush.
    pub(crate) outcomes: Vec<Outcome>,
    /// The last word on each row and link.
    total: Outcome,
    /// How many rows and links were written.
    pub(crate) written: (usize, usize),
}

impl Replayed {
    /// The last word on each link.
    pub(crate) fn links(&self) -> &[LinkWrite] {
        &self.total.links
    }
}

/// Plans the flushes again, and merges their batches. Repeatable, as [`plan`] is.
///
/// # Errors
/// As [`plan`].
pub(crate) fn replay(
    database: &Database,
    staged: &[Staged],
    reader: &dyn Reader,
    sequence: CommitSequence,
) -> Result<(Batch, Replayed)> {
    // Where nobody has committed meanwhile, the rows are those that memory was told of.
    let is_as_staged = staged.iter().all(|flush| flush.sequence == sequence);
    let over = is_as_staged.then_some(sequence.0);
    let written = |row| written(row, over);
    let mut batch = Batch::new();
    let mut outcomes = Vec::with_capacity(staged.len());
    let mut total = Outcome::default();
    let mut links = BTreeMap::new();
    for flush in staged {
        let view = StagedReader::new(reader, &batch);
        let renew = flush.renew.as_ref();
        let renewed = renew.map(|renew| renew(database, &view)).transpose()?;
        let prepared = renewed.as_ref().unwrap_or(&flush.prepared);
        let (later, outcome) = plan(database, &flush.ledger, prepared, &view, sequence)?;
        batch.merge(later);
        for (at, row) in &outcome.rows {
            let row = match row {
                RowOutcome::Written { row, .. } => written(Bytes::clone(row)),
                RowOutcome::Removed => RowOutcome::Removed,
            };
            total.rows.insert(at.clone(), row);
        }
        for link in &outcome.links {
            let at = (link.join, link.owner.clone(), link.target.clone());
            links.insert(at, link.clone());
        }
        outcomes.push(outcome);
    }
    total.links = links.into_values().collect();
    let counts = (total.rows.len(), total.links.len());
    // A row that only the staged flush wrote, because a removal concerned it then and no longer does,
    // is what the store says.
    let view = StagedReader::new(reader, &batch);
    for (entity, key) in staged.iter().flat_map(|flush| &flush.rows) {
        let Entry::Vacant(place) = total.rows.entry((*entity, key.clone())) else {
            continue;
        };
        let stored = view.get(database.keyspace.rows(*entity), &key.to_vec())?;
        if let Some(row) = &stored {
            let schema = database.schema.entity(*entity);
            Record::parse(key, row)
                .map_err(|error| Error::damaged_row(schema.name, &schema.print_key(key), error))?;
        }
        place.insert(stored.map_or(RowOutcome::Removed, written));
    }
    let replayed = Replayed {
        outcomes,
        total,
        written: counts,
    };
    Ok((batch, replayed))
}

/// A row of which memory may have another state: it was told of what was staged.
const fn written(row: Bytes, over: Option<u64>) -> RowOutcome {
    RowOutcome::Written {
        row,
        as_prepared: false,
        over,
    }
}

/// Brings to memory what the replay has made of the rows: their revisions, and what other units of
/// work had changed.
pub(crate) fn accept_replayed(database: &Database, context: &mut Context, replayed: &Replayed) {
    accept_outcome(database, context, &replayed.total);
}
