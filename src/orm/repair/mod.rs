//! Mending a damaged database where it lies, and what a repair tells.
//!
//! It changes what can be computed from the rows, and nothing else: index entries, the sides of links
//! and sequences. A row, a value or a reference that is wrong is left as it is and told, because only
//! the program knows what should be there; `salvage` gives up what can't be read.
//!
//! Every fix is right by itself, so a repair that is cut short can be repeated.

mod report;
mod salvage;

use std::path::Path;

pub use report::{Loss, Repair};

use super::OrmBuilder;
use super::verify::{self, Finding, Fix};
use crate::database::Database;
use crate::error::Result;
use crate::storage::{Batch, Durability, SledStore, Store, StoreExt};

/// How many writes go into one commit.
const BATCH_LENGTH: usize = 1000;

impl OrmBuilder {
    /// Mends the database in a directory, which nobody has open, and tells everything that was done.
    ///
    /// - If it does not open for damage, the snapshots that sled keeps of its page table are removed.
    ///   sled makes new ones of its log, and nothing is lost.
    /// - All of it is verified. Index entries and links that are missing, or belong to nothing, are
    ///   written or removed, and sequences are raised: [`Repair::mended`].
    /// - What else is wrong is left as it is: [`Repair::left`]. That is rows and lazy values that can't
    ///   be read, are missing, or belong to no row; references to rows that are not there; rows that
    ///   share a unique value, of which one is found by it. A program can mend most of that itself;
    ///   [`salvage`](Self::salvage) leaves behind what can't be read. Give rows that share a value
    ///   other ones, and repair again.
    /// - If sled can't reach a part of the data at all, everything is left as it is.
    ///
    /// ```
    /// # use musher::prelude::*;
    /// # #[derive(Entity, Debug)]
    /// # struct Tag { #[orm(primary_key)] id: Pk, name: String }
    /// # let directory = tempfile::tempdir().unwrap();
    /// # let path = directory.path().join("tags.db");
    /// # Orm::builder().entities::<Tag>().open(&path)?.close()?;
    /// let repair = Orm::builder().entities::<Tag>().repair(&path)?;
    /// println!("{repair}");
    /// assert!(repair.mended.is_empty() && repair.left.is_empty());
    /// # Ok::<(), musher::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`open`](Self::open), if the damage is of another kind: then a backup helps, or
    /// [`salvage`](Self::salvage).
    pub fn repair(self, path: impl AsRef<Path>) -> Result<Repair> {
        let schema = self.schema()?;
        let (store, rebuilt) = SledStore::open_mending(path.as_ref(), self.sled)?;
        let database = self.assemble(schema, Box::new(store))?;
        let mut repair = mend(&database)?;
        // A store that has met damage refuses to be closed as if all were well.
        if !repair.mended.is_empty() {
            database.store.close()?;
        }
        if let Some(problem) = rebuilt {
            let place = path.as_ref().display().to_string();
            repair.mended.insert(0, Finding { place, problem });
        }
        Ok(repair)
    }
}

/// Applies every fix that a verification knows, and verifies again.
fn mend(database: &Database) -> Result<Repair> {
    let mut mended = Vec::new();
    let mut fixes = Vec::new();
    let findings = verify::check_all(database)?;
    let known = findings.found.into_iter().filter(|_| !findings.has_gap);
    for found in known {
        if let Some(fix) = found.fix {
            mended.push(found.finding);
            fixes.push(fix);
        }
    }
    for fixes in fixes.chunks(BATCH_LENGTH) {
        apply(database, fixes)?;
    }
    let left = verify::check_all(database)?.found;
    Ok(Repair {
        mended,
        lost: Vec::new(),
        left: left.into_iter().map(|found| found.finding).collect(),
    })
}

fn apply(database: &Database, fixes: &[Fix]) -> Result<()> {
    let mut batch = Batch::new();
    for Fix { tree, key, value } in fixes {
        match value {
            Some(value) => batch.put(*tree, key.as_slice(), value.as_slice()),
            None => batch.delete(*tree, key.as_slice()),
        }
    }
    let store = &database.store;
    store.write_with(Durability::Immediate, |_, _| Ok((batch.clone(), ())))
}
