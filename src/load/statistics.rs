//! What a unit of work did, counted.

/// Counts of what a unit of work has read and written since it began.
///
/// They make performance testable: that a populate hint costs one look-up a level can be asserted
/// where a duration can not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Statistics {
    /// Batched look-ups: one for the query itself, one a level and relation of a populate hint.
    pub lookups: u64,
    /// Rows and lazy values that were read.
    pub rows_read: u64,
    /// Commits. A flush without changes makes none, and all flushes of a transaction make one.
    pub commits: u64,
    /// Rows that were inserted, updated or removed by commits.
    pub rows_written: u64,
    /// Links that were written or removed by commits.
    pub links_written: u64,
}
