//! From rows to managed instances: hydration, and population along typed hints.
//!
//! Everything a call reads comes from one consistent view. Invariants: an instance that is managed
//! is never made twice (R1); what this unit of work changed is never overwritten by what is read (R8).

mod admit;
mod hints;
mod path;
mod populate;
mod statistics;

pub use hints::{Hint, Hints};
pub use path::{LazyPath, Path, PropertyPath};
pub use statistics::Statistics;

use std::collections::BTreeSet;
use std::time::Instant;

use crate::context::Context;
use crate::database::Database;
use crate::storage::Reader;

/// One read: the view, and the memory that what is read goes to.
pub(crate) struct Loader<'a> {
    pub(crate) database: &'a Database,
    pub(crate) context: &'a mut Context,
    pub(crate) reader: &'a dyn Reader,
    pub(crate) statistics: &'a mut Statistics,
    /// Whether what is read overwrites what was changed in memory.
    pub(crate) overwrite: bool,
    /// There while rows are read joined: what would be look-ups is gathered, and counts as one.
    pub(crate) joined: Option<Joined>,
}

/// A read that counts, and is told, as one look-up.
#[derive(Default)]
pub(crate) struct Joined {
    /// Whether anything was read at all.
    pub(crate) has_read: bool,
    /// What the read began with.
    statement: String,
    /// What was joined to it.
    labels: BTreeSet<String>,
}

impl Joined {
    fn take_in(
        &mut self,
        started: Option<Instant>,
        what: impl FnOnce() -> String,
        by: impl FnOnce() -> String,
    ) {
        let first = !self.has_read;
        self.has_read = true;
        match started {
            Some(_) if first => self.statement = format!("select {} by {}", what(), by()),
            Some(_) => drop(self.labels.insert(what())),
            None => {}
        }
    }

    /// `select article by id in (1) join user`.
    pub(crate) fn describe(self) -> String {
        let mut statement = self.statement;
        for (at, label) in self.labels.iter().enumerate() {
            statement.push_str(if at == 0 { " join " } else { ", " });
            statement.push_str(label);
        }
        statement
    }
}
