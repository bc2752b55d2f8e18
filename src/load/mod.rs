//! From rows to managed instances: hydration, and population along typed hints.
//!
//! Everything a call reads comes from one consistent view. Invariants: an instance that is managed
//! is never made twice (R1); what this unit of work changed is never overwritten by what is read (R8).

mod admit;
mod choose;
mod collections;
mod dynamic;
mod exclusion;
mod hints;
mod joined;
mod path;
mod populate;
mod project;
mod statistics;

pub(crate) use choose::ItemsOf;
pub use exclusion::Exclusion;
pub use hints::{Hint, Hints, Selection};
pub(crate) use joined::Joined;
pub use path::{
    All, Anywhere, Choice, KeyProperty, LoadPath, Loads, Part, PlainProperty, Root, Route, Then,
    ToCollection,
};
pub(crate) use project::{Projected, Projector};
pub use statistics::Statistics;

use crate::context::Context;
use crate::database::Database;
use crate::query::ActiveFilters;
use crate::storage::Reader;

/// One read: the view, and the memory that what is read goes to.
pub(crate) struct Loader<'a> {
    pub(crate) database: &'a Database,
    pub(crate) context: &'a mut Context,
    pub(crate) reader: &'a dyn Reader,
    pub(crate) statistics: &'a mut Statistics,
    /// Whether what is read overwrites what was changed in memory.
    pub(crate) overwrite: bool,
    /// The named filters, which hold for what is populated.
    pub(crate) filters: ActiveFilters<'a>,
    /// Look-ups are told and counted one by one, but for those of a joined read.
    pub(crate) joined: Option<Joined>,
}
