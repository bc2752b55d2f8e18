//! How a query finds its rows, in words.

use std::fmt;

use super::plan::{Access, Plan};
use crate::schema::EntitySchema;
use crate::storage::{Direction, KeyRange};

/// How a query finds its rows, and what that took. Prints as a small tree.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// The query in words.
    pub query: String,
    /// Where the rows come from: `keys`, `index on title, range`, `all rows`, ..
    pub access: String,
    /// Whether every row of the entity was read, or would have been without a limit.
    pub is_full_scan: bool,
    /// Whether the rows that were found had to be sorted.
    pub is_sorted_after: bool,
    /// How many rows were read and judged.
    pub rows_examined: usize,
    /// How many rows were found.
    pub rows_found: usize,
}

impl Explanation {
    pub(super) fn of(query: String, entity: &EntitySchema, plan: &Plan<'_>) -> Self {
        let is_full_scan =
            matches!(&plan.access, Access::Keys(range, _) if *range == KeyRange::all());
        Self {
            query,
            access: access(entity, &plan.access),
            is_full_scan,
            is_sorted_after: !plan.is_sorted,
            rows_examined: 0,
            rows_found: 0,
        }
    }
}

fn access(entity: &EntitySchema, access: &Access<'_>) -> String {
    let index = |field: usize| format!("index on {}", entity.fields[field].name);
    let range_of = |range: &KeyRange| {
        if *range == KeyRange::all() {
            ""
        } else {
            ", range"
        }
    };
    let backward = |direction: &Direction| match direction {
        Direction::Forward => "",
        Direction::Backward => ", backward",
    };
    match access {
        Access::Equal(equality) if equality.field == entity.key_field => "keys".to_owned(),
        Access::Equal(equality) => format!("{}, equal", index(equality.field)),
        Access::Keys(range, direction) if *range == KeyRange::all() => {
            format!("all rows{}", backward(direction))
        }
        Access::Keys(_, direction) => format!("range of keys{}", backward(direction)),
        Access::Index(field, range) => format!("{}{}", index(*field), range_of(range)),
        Access::AlongIndex(field, range, direction) => {
            let (range, backward) = (range_of(range), backward(direction));
            format!("{}{range}, in its order{backward}", index(*field))
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {} found", self.query, self.rows_found)?;
        let full_scan = if self.is_full_scan {
            " (full scan)"
        } else {
            ""
        };
        if self.is_sorted_after {
            writeln!(f, "└─ sort")?;
            write!(f, "   ")?;
        }
        write!(
            f,
            "└─ {}{full_scan}: {} examined",
            self.access, self.rows_examined
        )
    }
}
