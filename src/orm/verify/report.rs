//! What a verification says.

use std::fmt;

use crate::error::{Error, Result};

/// What [`Orm::verify`](crate::Orm::verify) found.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Report {
    /// The rows that were checked.
    pub rows: u64,
    /// The index entries that were checked.
    pub index_entries: u64,
    /// The links that were checked, each from both sides.
    pub links: u64,
    /// The lazy values that were checked.
    pub lazy_values: u64,
    /// Trees that belong to none of the entities of this program: what is left of properties and
    /// entities that it no longer has. They are kept, and do no harm. Empty ones are left out.
    pub unknown_trees: Vec<String>,
    /// Everything that is wrong.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Success if nothing is wrong.
    ///
    /// # Errors
    /// [`Error::Damaged`] with all findings.
    pub fn into_result(self) -> Result<()> {
        if self.is_clean() {
            return Ok(());
        }
        let findings = self.findings.iter().map(Finding::to_string).collect();
        Err(Error::Damaged { findings })
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            unknown_trees: _,
            rows,
            index_entries,
            links,
            lazy_values,
            findings,
        } = self;
        write!(
            f,
            "{rows} rows, {index_entries} index entries, {links} links, {lazy_values} lazy values: "
        )?;
        match findings.as_slice() {
            [] => f.write_str("nothing is wrong"),
            findings => {
                write!(f, "{} findings", findings.len())?;
                findings
                    .iter()
                    .try_for_each(|finding| write!(f, "\n  - {finding}"))
            }
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The entity, and the property where one is concerned: `Article`, `Article.slug`.
    pub place: String,
    /// What is wrong.
    pub problem: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)
    }
}
