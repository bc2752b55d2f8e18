//! Bulk operations: rows are written without instances of them being made.
//!
//! An operation is a function of one view: it says which change sets it makes of the rows that are there.
//! Outside of transactions that view is the one that its batch is applied to; inside one it is staged as a
//! flush is, and the function is asked once more at the commit. Invariant: what memory knows of the rows is
//! brought up to date, given up, or unloaded; it is never stale.

mod insert;
mod reference;
mod rows;
mod upsert;
mod where_;

pub use insert::InsertMany;
pub use reference::SetReference;
pub(super) use rows::NewRows;
pub use upsert::{Upsert, UpsertMany, Upserted};
pub use where_::{DeleteWhere, UpdateWhere};

use super::EntityManager;
use super::asked::Asked;
use super::commit::commit;
use super::find::Options;
use crate::codec::RowKey;
use crate::context::{Instance, Kept, Life, LinkLedger};
use crate::database::Database;
use crate::error::Result;
use crate::load::Loader;
use crate::log::QueryLog;
use crate::schema::EntityIndex;
use crate::storage::{Batch, Bytes, CommitSequence, Committed, Reader};
use crate::unit_of_work::{self, Bulk, Outcome, Prepared, Renew, RowOutcome, Staged};

/// How a large operation is cut, and who is told of its progress.
struct Slices<'p> {
    size: usize,
    progress: Box<dyn FnMut(usize) + 'p>,
}

impl<'p> Slices<'p> {
    fn new(size: usize, progress: impl FnMut(usize) + 'p) -> Self {
        Self {
            size: size.max(1),
            progress: Box::new(progress),
        }
    }

    /// How many rows a batch has at most.
    fn size(slices: Option<&Self>) -> usize {
        slices.map_or(usize::MAX, |slices| slices.size)
    }

    /// Tells how many rows are done.
    fn tell(slices: &mut Option<Self>, done: usize) {
        if let Some(slices) = slices {
            (slices.progress)(done);
        }
    }
}

/// What is told of a batch beside the rows that it wrote.
trait Told {
    /// Tells the query log what was read for it.
    fn tell(&self, _log: &QueryLog) {}
}

impl Told for () {}

/// What an operation has made of one view.
struct Made<R> {
    prepared: Prepared,
    ledger: LinkLedger,
    outcome: Outcome,
    told: R,
}

impl EntityManager {
    /// Runs one batch of a bulk operation. `work` says what becomes of the rows of a view; it may be
    /// asked more than once. `renew` says it once more at the commit of a transaction.
    fn run_bulk<R: Told>(
        &mut self,
        work: impl Fn(&Database, &dyn Reader) -> Result<(Bulk, R)>,
        renew: impl FnOnce(&R) -> Option<Renew>,
    ) -> Result<R> {
        let started = self.database.log.start();
        let Committed {
            value: made,
            unconfirmed,
        } = if self.is_in_transaction() {
            self.stage_bulk(&work)?
        } else {
            self.store_bulk(&work)?
        };
        made.told.tell(&self.database.log);
        self.tell(started, &made.prepared, &made.outcome);
        self.accept_bulk(&made.prepared, &made.outcome);
        if self.is_in_transaction() {
            let mut ledger = Kept::<LinkLedger>::default();
            *ledger = made.ledger;
            self.keep_staged(Staged {
                prepared: made.prepared,
                sequence: made.outcome.sequence,
                ledger,
                rows: made.outcome.rows.into_keys().collect(),
                told: None,
                renew: renew(&made.told),
            });
        } else {
            self.context.free_graves();
        }
        let value = made.told;
        Ok(Committed { value, unconfirmed }.confirmed()?)
    }

    /// Flushes pending work on what an operation is about, as a query does (R17).
    fn flush_before_bulk(&mut self, asked: &Asked) -> Result<()> {
        self.check_writable()?;
        self.flush_before(asked)
    }

    fn store_bulk<R>(
        &mut self,
        work: &impl Fn(&Database, &dyn Reader) -> Result<(Bulk, R)>,
    ) -> Result<Committed<Made<R>>> {
        let database = &*self.database;
        let plan = |reader: &dyn Reader, sequence| plan(database, reader, sequence, work);
        let Committed {
            value: (written, made),
            unconfirmed,
        } = commit(database, plan, |made: &Made<R>| &made.outcome.links)?;
        self.count_commit(written, &made.outcome);
        let value = made;
        Ok(Committed { value, unconfirmed })
    }

    fn stage_bulk<R>(
        &mut self,
        work: &impl Fn(&Database, &dyn Reader) -> Result<(Bulk, R)>,
    ) -> Result<Committed<Made<R>>> {
        let database = &*self.database;
        let plan = |reader: &dyn Reader| plan(database, reader, reader.sequence().next(), work);
        // What the operation has read of the rows is part of what the transaction has read.
        let (batch, made) = self.moment.look(&database.store, &self.levels, plan)??;
        self.merge_staged(batch);
        Ok(Committed::confirmed_now(made))
    }

    /// Brings what memory knows of the rows up to date, as a `find` does.
    fn accept_bulk(&mut self, prepared: &Prepared, outcome: &Outcome) {
        unit_of_work::accept_bulk(&mut self.context, prepared, outcome);
        let managed = |((entity, key), row): (&(EntityIndex, RowKey), &RowOutcome)| {
            let RowOutcome::Written { row, .. } = row else {
                return None;
            };
            let instance = self.context.find_loaded(*entity, key)?;
            let life = self.context.slot(instance).life;
            (life == Life::Managed).then(|| (instance, key.clone(), Bytes::clone(row)))
        };
        let written: Vec<(Instance, RowKey, Bytes)> =
            outcome.rows.iter().filter_map(managed).collect();
        if written.is_empty() {
            return;
        }
        let brought = self.attempt(|em| {
            let admit = |loader: &mut Loader<'_>, _| {
                for (instance, key, row) in &written {
                    let is_same = loader.context.slot(*instance).row.as_ref() == Some(row);
                    loader.admit(instance.entity, key, Bytes::clone(row))?;
                    if is_same {
                        // All writes of a transaction have one number, so a row of which only a lazy
                        // value was written looks as before.
                        loader.bring_lazies_up_to_date(*instance)?;
                    }
                }
                Ok(())
            };
            em.read(admit, &Options::default())
        });
        if brought.is_err() {
            // Their lazy values can't be read. Better no instance than a stale one.
            for (instance, ..) in written {
                if !self.context.slot(instance).is_touched() {
                    self.context.detach(instance);
                }
            }
        }
    }
}

/// Makes and plans the change sets of an operation over one view.
fn plan<R>(
    database: &Database,
    reader: &dyn Reader,
    sequence: CommitSequence,
    work: &impl Fn(&Database, &dyn Reader) -> Result<(Bulk, R)>,
) -> Result<(Batch, Made<R>)> {
    let (bulk, told) = work(database, reader)?;
    let (prepared, ledger) = bulk.finish()?;
    let (batch, outcome) = unit_of_work::plan(database, &ledger, &prepared, reader, sequence)?;
    let made = Made {
        prepared,
        ledger,
        outcome,
        told,
    };
    Ok((batch, made))
}
