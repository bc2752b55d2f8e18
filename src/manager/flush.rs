//! Flush: adopt, prepare, commit, accept.

use std::collections::BTreeSet;
use std::time::Instant;

use super::EntityManager;
use super::commit::commit;
use crate::context::LinkChange;
use crate::error::{Error, Result};
use crate::load::Loader;
use crate::storage::{Committed, Reader};
use crate::unit_of_work::{self, Change, Outcome, Prepared, Staged};

impl EntityManager {
    /// Writes everything that is pending as one atomic commit. Without changes it does nothing.
    ///
    /// Its cost depends on what was touched, not on what is managed.
    ///
    /// # Errors
    /// Every kind: what a hook says, [`Error::Validation`] with all violations,
    /// [`Error::UniqueViolation`], [`Error::ForeignKeyViolation`], [`Error::RowGone`],
    /// [`Error::Storage`]. A failed flush has changed nothing, neither in the database nor in
    /// memory: pending work stays pending, and once the cause is mended the same flush succeeds. So it
    /// is when a hook panics.
    ///
    /// [`Error::NotDurable`] if the disk does not confirm the commit. Then the commit stands, and
    /// nothing is pending any more.
    ///
    /// Inside a transaction nothing is stored yet: see [`transactional`](Self::transactional). A failed
    /// flush changes nothing there either, and the transaction can go on.
    pub fn flush(&mut self) -> Result<()> {
        if self.context.is_clean() {
            return Ok(());
        }
        self.check_writable()?;
        let (prepared, written, started) = self.attempt(|em| {
            em.reconcile()?;
            em.adopt()?;
            em.cascade_removals()?;
            let prepared = unit_of_work::prepare(&em.database, &mut em.context)?;
            let started = em.database.log.start();
            let written = if em.is_in_transaction() {
                em.stage(&prepared)
            } else {
                em.store(&prepared)
            };
            Ok((prepared, written?, started))
        })?;
        self.tell(started, &prepared, &written.value);
        self.accept(prepared, &written.value);
        Ok(written.confirmed().map(|_| ())?)
    }

    /// Refuses to write to a snapshot.
    pub(super) fn check_writable(&self) -> Result<()> {
        if !self.is_read_only() {
            return Ok(());
        }
        Err(Error::Transaction {
            problem: "a snapshot can't be written to; make the changes in a unit of work of `orm.em()`",
        })
    }

    /// Tells memory what was written. `after_*` hooks wait for the commit.
    fn accept(&mut self, prepared: Prepared, outcome: &Outcome) {
        let pending = self
            .is_in_transaction()
            .then(|| self.context.ledger.clone());
        unit_of_work::accept(&self.database, &mut self.context, &prepared, outcome);
        if let Some(ledger) = pending {
            let rows = outcome.rows.keys().cloned().collect();
            self.keep_staged(Staged {
                prepared,
                ledger,
                rows,
                renew: None,
            });
        } else {
            unit_of_work::run_after_hooks(&self.context, &prepared, outcome);
            self.context.free_graves();
        }
    }

    fn store(&mut self, prepared: &Prepared) -> Result<Committed<Outcome>> {
        let (database, ledger) = (&*self.database, &self.context.ledger);
        let plan = |reader: &dyn Reader, sequence| {
            unit_of_work::plan(database, ledger, prepared, reader, sequence)
        };
        let Committed {
            value: (written, outcome),
            unconfirmed,
        } = commit(database, plan, |outcome| &outcome.links)?;
        self.count_commit(written, &outcome);
        Ok(Committed {
            value: outcome,
            unconfirmed,
        })
    }

    pub(super) fn count_commit(&mut self, written: bool, outcome: &Outcome) {
        if written {
            self.statistics.commits += 1;
            self.statistics.rows_written += outcome.rows.len() as u64;
            self.statistics.links_written += outcome.links.len() as u64;
        }
    }

    /// Rows that were put into a collection, or taken out, without being loaded: they are loaded,
    /// and their references changed.
    fn adopt(&mut self) -> Result<()> {
        let adopted = self.context.ledger.adopted.clone();
        if adopted.is_empty() {
            return Ok(());
        }
        let mut keys: Vec<_> = adopted
            .iter()
            .map(|adoption| (adoption.entity, &adoption.key))
            .collect();
        keys.sort_unstable();
        keys.dedup();
        let load = |loader: &mut Loader<'_>, _| {
            for of_entity in keys.chunk_by(|a, b| a.0 == b.0) {
                loader.load_rows(of_entity[0].0, of_entity.iter().map(|(_, key)| *key))?;
            }
            Ok(())
        };
        self.read(load, &super::find::Options::default())?;
        // Those of rows that were loaded just now have been settled then.
        let pending = self.context.ledger.adopted.clone();
        for adoption in pending.iter() {
            let Some(instance) = self.context.find_loaded(adoption.entity, &adoption.key) else {
                let removed = self.context.find(adoption.entity, &adoption.key).is_some();
                let of_row = pending.of(adoption.entity, &adoption.key);
                let later = of_row.skip_while(|other| !std::ptr::eq(*other, adoption));
                let taken_back = later
                    .skip(1)
                    .any(|later| (later.field, &later.owner) == (adoption.field, &adoption.owner));
                if removed || taken_back || adoption.change == LinkChange::Remove {
                    // It goes anyway, or there is nothing to be taken out.
                    continue;
                }
                let entity = self.database.schema.entity(adoption.entity);
                return Err(Error::NotFound {
                    entity: entity.name,
                    key: entity.print_key(&adoption.key),
                });
            };
            self.context.settle_adoption(instance, adoption);
        }
        self.context.ledger.adopted.clear();
        Ok(())
    }

    /// Tells the query log what was committed. A flush is one batch, so each of its statements took
    /// as long as the batch did.
    pub(super) fn tell(&self, started: Option<Instant>, prepared: &Prepared, outcome: &Outcome) {
        let log = &self.database.log;
        if started.is_none() || outcome.rows.is_empty() && outcome.links.is_empty() {
            return;
        }
        let marks = |statement| {
            if !self.is_in_transaction() {
                log.mark(statement);
            }
        };
        marks("begin");
        for change in &prepared.changes {
            log.tell(started, None, || self.describe(change));
        }
        let changed: BTreeSet<_> = prepared
            .changes
            .iter()
            .map(|change| (change.entity, &change.key))
            .collect();
        for ((entity, key), row) in &outcome.rows {
            if !changed.contains(&(*entity, key)) {
                let entity = self.database.schema.entity(*entity);
                log.tell(started, None, || {
                    format!(
                        "{} {} #{} (follows)",
                        row.verb(),
                        entity.label,
                        entity.print_key(key)
                    )
                });
            }
        }
        for link in &outcome.links {
            log.tell(started, None, || {
                let join = self.database.schema.join(link.join);
                let owner = self.database.schema.entity(join.owner);
                let target = self.database.schema.entity(join.target);
                let verb = if link.linked { "link" } else { "unlink" };
                let relation = owner.fields[join.owner_field].name;
                format!(
                    "{verb} {} #{}.{relation} {} #{}",
                    owner.label,
                    owner.print_key(&link.owner),
                    target.label,
                    target.print_key(&link.target)
                )
            });
        }
        marks("commit");
    }

    /// `insert Article #1 (author: 1, slug: "foo-is-bar")`. Hidden values are not told.
    fn describe(&self, change: &Change) -> String {
        let entity = self.context.entity(change.entity);
        let properties: Vec<String> = change
            .changed
            .iter()
            .filter_map(|field| change.describe_value(&self.database.schema, entity, field))
            .collect();
        let verb = change.verb();
        let properties = if properties.is_empty() {
            String::new()
        } else {
            format!(" ({})", properties.join(", "))
        };
        format!(
            "{verb} {} #{}{properties}",
            entity.label,
            entity.print_key(&change.key)
        )
    }
}
