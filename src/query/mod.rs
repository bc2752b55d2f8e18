//! Conditions and orders, and the rows that meet them.
//!
//! Knows stored rows only: an instance that differs from its row is flushed before a query asks
//! (R17). Nothing is hydrated here. `plan` chooses which rows are read and in which order, `judge`
//! decides of each whether it meets the condition, `search` reads, and `kept` sorts and cuts.

mod aggregate;
mod assign;
mod choose;
mod cursor;
mod describe;
mod elements;
mod embedded;
mod embedded_list;
mod execute;
mod explain;
mod filter;
mod gather;
mod hidden;
mod items;
mod judge;
mod kept;
mod named;
mod operand;
mod order;
mod page;
mod partial;
mod path;
mod plan;
mod projection;
mod property;
#[cfg(feature = "regex")]
mod regex;
mod remedy;
mod search;
mod slices;
mod summand;
mod text;

use crate::error::{Error, Result};
use crate::schema::{EntitySchema, FieldIndex, OrderTerm, Schema};

pub use aggregate::{
    Aggregate, Average, Count, CountDistinct, End, Extreme, Greatest, Least, Measure, Present, Sum,
};
pub use assign::{Assignment, IntoAssignments};
pub(crate) use choose::choose;
pub use cursor::{Cursor, NoCursor};
pub(crate) use describe::{describe_path, describe_query};
pub use embedded::{EmbeddedPath, OptionalPath};
pub use embedded_list::EmbeddedListPath;
pub(crate) use execute::{count, execute, explain, keys};
pub use explain::{Explanation, PlanNode};
pub(crate) use filter::Condition;
pub use filter::Filter;
pub use hidden::{HiddenProperty, Revealed};
pub use items::ItemCount;
pub(crate) use kept::Found;
pub use named::FilterBinding;
pub(crate) use named::{ActiveFilters, FilterChoices, FilterRegistry, Standing, filter_name};
pub use operand::IntoOperand;
pub(crate) use order::declared;
pub use order::{IntoOrder, Order, OrderProperty, Terms};
pub(crate) use page::page;
pub use partial::{Part, Partial, Remainder};
pub use path::{Path, PropertyPath, QueryPath};
pub use plan::Estimate;
pub(crate) use projection::{Absent, Column};
pub use projection::{Columns, Mapped, OptionalProperty, Projection, Values};
pub use property::{Property, index_part, index_part_of_each};
pub(crate) use slices::Slices;
pub use summand::{Averaged, Summand};
pub use text::Text;

/// What a query asks for.
#[derive(Debug, Clone, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is asked for by itself, and none by default"
)]
pub(crate) struct Query {
    pub(crate) condition: Option<Condition>,
    pub(crate) order: Vec<order::Term>,
    /// Whether it does not matter in which order.
    pub(crate) is_unordered: bool,
    /// Without the first so many.
    pub(crate) skip: usize,
    /// At most so many.
    pub(crate) take: Option<usize>,
    /// From the end to the beginning of the order.
    pub(crate) backward: bool,
    /// Only rows behind this position, in the direction in which they are read.
    pub(crate) behind: Option<Vec<u8>>,
    /// It may read all rows, even where that is forbidden.
    pub(crate) allows_full_scan: bool,
    /// All rows are wanted, but not all at once.
    pub(crate) is_sliced: bool,
}

impl Query {
    /// Another condition that must hold.
    pub(crate) fn add_condition<R>(&mut self, filter: Filter<R>) {
        self.must_meet(filter.into_condition());
    }

    /// As [`Self::add_condition`], with the type erased.
    pub(crate) fn must_meet(&mut self, condition: Condition) {
        self.condition = Some(match self.condition.take() {
            Some(before) => Condition::All(vec![before, condition]),
            None => condition,
        });
    }

    /// All rows that meet a condition, if there is one.
    pub(crate) fn of_condition(condition: Option<Condition>) -> Self {
        Self {
            condition,
            ..Self::default()
        }
    }

    /// Another order, for what the one before leaves equal.
    pub(crate) fn add_order<R>(&mut self, order: impl IntoOrder<R>) {
        let mut terms = Terms::default();
        order.into_terms(&mut terms);
        self.order.extend(terms.0);
    }

    /// Whether it chooses nothing: all rows, in the order of their keys.
    pub(crate) fn is_all(&self) -> bool {
        self.condition.is_none() && self.order.is_empty() && self.skip == 0 && self.take.is_none()
    }

    /// Whether it may leave out rows. An order alone does not.
    pub(crate) fn cuts(&self) -> bool {
        self.condition.is_some() || self.skip > 0 || self.take.is_some()
    }

    /// In the order that is declared, where no other is asked for.
    pub(crate) fn order_by_default(&mut self, order: &[OrderTerm]) {
        if self.order.is_empty() && !self.is_unordered {
            self.order = declared(order);
        }
    }

    /// All rows that meet the condition, in no certain order.
    pub(crate) fn of_all(self) -> Self {
        Self {
            condition: self.condition,
            allows_full_scan: self.allows_full_scan,
            is_unordered: true,
            ..Self::default()
        }
    }

    /// Refuses what makes no sense.
    ///
    /// # Errors
    /// [`Error::Query`] names the property.
    fn check(&self, schema: &Schema, entity: &EntitySchema) -> Result<()> {
        let problem = |condition| describe::problem(schema, entity.index, condition);
        match self.condition.as_ref().and_then(problem) {
            Some(problem) => Err(Error::Query {
                entity: entity.name,
                problem,
            }),
            None => Ok(()),
        }
    }

    /// The relations that the condition and the order follow.
    pub(crate) fn paths(&self, visit: &mut dyn FnMut(&[FieldIndex])) {
        if let Some(condition) = &self.condition {
            condition.paths(&mut Vec::new(), visit);
        }
        for term in &self.order {
            visit(&term.steps);
        }
    }
}
