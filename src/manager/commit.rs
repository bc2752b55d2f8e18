//! The one way from a plan to the store, and on to those who follow commits.

use crate::database::Database;
use crate::error::{Error, Result};
use crate::storage::{Batch, CommitSequence, Committed, Reader, StoreExt};
use crate::unit_of_work::{self, LinkWrite};

/// Commits the batch that `plan` gives, and tells subscribers of it, also where the disk has not
/// confirmed it. Gives what the plan gave beside the batch, and whether there was anything to write.
///
/// # Errors
/// What the plan or the store says. Nothing is committed then.
pub(super) fn commit<P>(
    database: &Database,
    plan: impl Fn(&dyn Reader, CommitSequence) -> Result<(Batch, P)>,
    links: impl Fn(&P) -> &[LinkWrite],
) -> Result<Committed<(bool, P)>> {
    let mut ticket = database.feed.ticket();
    let durability = database.settings.durability;
    let committed = database
        .store
        .commit_with::<_, Error>(durability, |reader, sequence| {
            let (batch, planned) = plan(reader, sequence)?;
            if database.feed.is_followed() {
                let view = (reader, sequence);
                let changes = unit_of_work::difference(database, view, &batch, links(&planned))?;
                ticket.plan(sequence, changes);
            }
            let written = !batch.is_empty();
            Ok((batch, (written, planned)))
        });
    if committed.is_ok() {
        ticket.committed();
    }
    committed
}
