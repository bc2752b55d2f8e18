//! Flush: adopt, prepare, commit, accept.

use std::collections::BTreeSet;
use std::time::Instant;

use super::commit::commit;
use super::{EntityManager, FlushSubscriber};
use crate::context::LinkChange;
use crate::entity::ChangeSets;
use crate::error::{Error, Result};
use crate::load::Loader;
use crate::storage::{Committed, Reader};
use crate::unit_of_work::{self, Change, Outcome, Prepared, Staged, Told};

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
        let is_told = !self.subscribers.is_empty() && !self.is_read_only();
        if self.context.is_clean() && !is_told {
            return Ok(());
        }
        self.check_writable()?;
        let flushed = self.flush_and_accept();
        if flushed.is_err() && !self.is_in_transaction() {
            self.tell_all(FlushSubscriber::after_rollback);
        }
        Ok(flushed?.confirmed()?)
    }

    /// Makes one attempt to write everything that is pending, and tells memory.
    fn flush_and_accept(&mut self) -> Result<Committed<()>> {
        let flushed = self.attempt(|em| {
            em.tell_flush("before_flush", FlushSubscriber::before_flush)?;
            if em.context.is_clean() {
                return Ok(None);
            }
            let prepared = em.prepare()?;
            let changes = em.changes_to_tell(&prepared);
            let started = em.database.log.start();
            let written = if em.is_in_transaction() {
                em.stage(&prepared)?
            } else {
                if changes.is_some() {
                    em.tell_before_commit()?;
                }
                em.store(&prepared)?
            };
            Ok(Some((prepared, changes, written, started)))
        })?;
        let Some((prepared, changes, written, started)) = flushed else {
            return Ok(Committed::confirmed_now(()));
        };
        self.tell(started, &prepared, &written.value);
        self.accept(prepared, changes, &written.value);
        Ok(Committed {
            value: (),
            unconfirmed: written.unconfirmed,
        })
    }

    /// The change sets of what is pending, after all who may add to them were asked.
    fn prepare(&mut self) -> Result<Prepared> {
        self.gather()?;
        let told = if self.subscribers.is_empty() {
            Told::Hooks
        } else {
            self.tell_flush("on_flush", FlushSubscriber::on_flush)?;
            self.gather()?;
            Told::Everybody
        };
        unit_of_work::prepare(&self.database, &mut self.context, told)
    }

    /// Follows what was changed to all that it concerns, before change sets are made.
    pub(super) fn gather(&mut self) -> Result<()> {
        self.reconcile()?;
        self.adopt()?;
        self.cascade_removals()
    }

    /// What subscribers are told once it is committed, if there is anything.
    fn changes_to_tell(&self, prepared: &Prepared) -> Option<ChangeSets> {
        let changes = (!self.subscribers.is_empty())
            .then(|| unit_of_work::change_sets(&self.context, prepared));
        changes.filter(|changes| !changes.is_empty())
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
    fn accept(&mut self, prepared: Prepared, changes: Option<ChangeSets>, outcome: &Outcome) {
        let pending = self
            .is_in_transaction()
            .then(|| self.context.ledger.clone());
        unit_of_work::accept(&self.database, &mut self.context, &prepared, outcome);
        if let Some(ledger) = pending {
            let rows = outcome.rows.keys().cloned().collect();
            self.keep_staged(Staged {
                prepared,
                sequence: outcome.sequence,
                ledger,
                rows,
                told: changes,
                renew: None,
            });
        } else {
            self.tell_committed(&prepared, changes.as_ref(), outcome);
            if changes.is_some() {
                self.tell_all(FlushSubscriber::after_commit);
            }
            self.context.free_graves();
        }
    }

    /// Tells hooks and subscribers of a flush that it is committed.
    pub(super) fn tell_committed(
        &self,
        prepared: &Prepared,
        changes: Option<&ChangeSets>,
        outcome: &Outcome,
    ) {
        unit_of_work::run_after_hooks(&self.database, &self.context, prepared, outcome);
        if let Some(changes) = changes {
            self.tell_all(|subscriber| subscriber.after_flush(changes));
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
