//! Transactions and savepoints of one unit of work: going back to what it was like when they began.
//!
//! While one is open the other unit of work waits, and `committed` is what this one has flushed; what
//! others see is in the outermost [`Begun`].

use musher::Isolation;

use super::environment::Environment;
use super::state::State;
use super::unit::Unit;

/// What to go back to.
pub struct Begun {
    committed: State,
    unit: Unit,
    unreconciled: bool,
    /// Whether anything was flushed since.
    pub wrote: bool,
}

impl Environment {
    pub fn is_in_transaction(&self) -> bool {
        !self.begun.is_empty()
    }

    /// What other units of work see.
    pub fn outside(&self) -> &State {
        self.begun
            .first()
            .map_or(&self.committed, |begun| &begun.committed)
    }

    pub fn begin(&mut self) {
        self.em().begin();
        self.begun();
    }

    /// Inside another transaction a savepoint, or nothing where that one is weaker.
    pub fn begin_serializable(&mut self) {
        if !self.is_in_transaction() {
            self.clear();
        }
        if self.em().begin_with(Isolation::Serializable).is_ok() {
            self.begun();
        } else {
            assert!(self.is_in_transaction(), "the unit of work was cleared");
        }
    }

    fn begun(&mut self) {
        let session = self.session();
        self.begun.push(Begun {
            committed: self.committed.clone(),
            unit: session.unit.clone(),
            unreconciled: session.unreconciled,
            wrote: false,
        });
    }

    /// Mends what is pending, and ends the innermost transaction.
    pub fn commit(&mut self) {
        if !self.is_in_transaction() {
            assert!(self.em().commit().is_err(), "there is nothing to commit");
            return;
        }
        self.flush();
        let before = self.em().statistics().commits;
        self.em().commit().expect("nobody else has written");
        let commits = self.em().statistics().commits - before;
        let begun = self.begun.pop().expect("a transaction is open");
        match self.begun.last_mut() {
            Some(outer) => {
                outer.wrote |= begun.wrote;
                assert_eq!(commits, 0, "a savepoint is no commit");
            }
            None => assert_eq!(commits, u64::from(begun.wrote)),
        }
        self.verify_committed();
    }

    pub fn roll_back(&mut self) {
        self.em().rollback();
        let Some(begun) = self.begun.pop() else {
            return;
        };
        self.committed = begun.committed;
        let session = &mut self.sessions[self.at];
        session.unit = begun.unit;
        session.unreconciled = begun.unreconciled;
        self.verify_committed();
    }
}
