//! How a query finds its rows, as a tree, with what was expected and what it took.

use std::cell::Cell;
use std::fmt;
use std::ops::ControlFlow;

use super::Query;
use super::plan::{Access, Estimate, Plan, Source, SourceKind};
use crate::schema::{EntitySchema, IndexSchema};
use crate::storage::{
    Bytes, CommitSequence, Direction, KeyRange, Reader, StorageError, TreeId, Visit,
};

/// How a query finds its rows, and what that took. Prints as a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// The query in words.
    pub query: String,
    /// Where the rows come from: `keys`, `index on title, range`, `all rows`, ..
    pub access: String,
    /// Whether every row of the entity is read, or may have to be before enough are found.
    pub is_full_scan: bool,
    /// Whether the rows that were found had to be sorted.
    pub is_sorted_after: bool,
    /// How many rows were read and judged.
    pub rows_examined: usize,
    /// How many rows were found.
    pub rows_found: usize,
    /// What is done, the last step first: each node works on what its children give.
    pub plan: PlanNode,
}

/// A step of a query, with what was expected of it and what it did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlanNode {
    /// What is done.
    pub step: String,
    /// How many rows were expected, where that was counted.
    pub estimated: Option<Estimate>,
    /// How many rows, or keys of rows, it gave.
    pub rows: usize,
    /// How often it called the store: look-ups of a key, and scans of a range. Without its children.
    pub lookups: usize,
    /// What it works on.
    pub children: Vec<PlanNode>,
}

/// What a search has counted.
#[derive(Clone, Copy, Default)]
pub(super) struct Counts {
    /// Rows that were read and judged.
    pub(super) examined: usize,
    /// Rows that met the condition and were behind the cursor.
    pub(super) met: usize,
    /// Rows on the page.
    pub(super) found: usize,
    /// Calls of the store to read rows.
    pub(super) reading: usize,
    /// Calls of the store to judge them.
    pub(super) judging: usize,
    /// Calls of the store to find their places in the order.
    pub(super) placing: usize,
}

impl Explanation {
    pub(super) fn of(
        (words, order): (String, String),
        (entity, plan, query): (&EntitySchema, &Plan<'_>, &Query),
        counts: Counts,
    ) -> Self {
        let access = access(plan);
        let is_full_scan = plan.is_full_scan(query);
        let mut node = match &plan.access {
            Access::Keys(source) => PlanNode {
                step: "rows by key".to_owned(),
                lookups: counts.reading.saturating_sub(lookups_of(source)),
                children: vec![PlanNode::of(source, entity)],
                ..PlanNode::default()
            },
            Access::Rows(..) | Access::Along(..) => PlanNode {
                step: format!("{access}{}", if is_full_scan { " (full scan)" } else { "" }),
                lookups: counts.reading,
                ..PlanNode::default()
            },
        };
        node.rows = counts.examined;
        if query.condition.is_some() {
            node = PlanNode {
                step: "filter".to_owned(),
                rows: counts.met,
                lookups: counts.judging,
                children: vec![node],
                ..PlanNode::default()
            };
        }
        if !plan.is_sorted {
            node = PlanNode {
                step: format!("sort by {order}"),
                rows: counts.found,
                lookups: counts.placing,
                children: vec![node],
                ..PlanNode::default()
            };
        }
        Self {
            query: words,
            access,
            is_full_scan,
            is_sorted_after: !plan.is_sorted,
            rows_examined: counts.examined,
            rows_found: counts.found,
            plan: node,
        }
    }
}

impl PlanNode {
    /// `around`: the entity that the step above is about.
    fn of(source: &Source<'_>, around: &EntitySchema) -> Self {
        let entity = source.entity;
        let step = step(source);
        let step = if entity.index == around.index {
            step
        } else {
            format!("{}: {step}", entity.label)
        };
        let below: &[Source<'_>] = match &source.kind {
            SourceKind::Referring(_, below) | SourceKind::Owners { items: below, .. } => {
                std::slice::from_ref(below)
            }
            SourceKind::Union(sources) | SourceKind::Intersection(sources) => sources,
            SourceKind::Keys(_) | SourceKind::Range(_) | SourceKind::Index { .. } => &[],
        };
        Self {
            step,
            estimated: source.estimate.get(),
            rows: source.rows.get(),
            lookups: source.lookups.get(),
            children: below.iter().map(|below| Self::of(below, entity)).collect(),
        }
    }

    fn write(&self, indent: &str, is_last: bool, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let branch = if is_last { "└─" } else { "├─" };
        write!(f, "\n{indent}{branch} {}: {}", self.step, rows(self.rows))?;
        if let Some(estimated) = self.estimated {
            write!(f, " of {estimated} estimated")?;
        }
        match self.lookups {
            0 => {}
            1 => write!(f, ", 1 look-up")?,
            more => write!(f, ", {more} look-ups")?,
        }
        let indent = format!("{indent}{}", if is_last { "   " } else { "│  " });
        let last = self.children.len().saturating_sub(1);
        for (at, child) in self.children.iter().enumerate() {
            child.write(&indent, at == last, f)?;
        }
        Ok(())
    }
}

fn rows(number: usize) -> String {
    match number {
        1 => "1 row".to_owned(),
        more => format!("{more} rows"),
    }
}

impl fmt::Display for PlanNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write("", true, f)
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} found{}", self.query, self.rows_found, self.plan)
    }
}

/// The calls of the store of a source and all below it.
fn lookups_of(source: &Source<'_>) -> usize {
    let below: usize = match &source.kind {
        SourceKind::Referring(_, below) | SourceKind::Owners { items: below, .. } => {
            lookups_of(below)
        }
        SourceKind::Union(sources) | SourceKind::Intersection(sources) => {
            sources.iter().map(lookups_of).sum()
        }
        SourceKind::Keys(_) | SourceKind::Range(_) | SourceKind::Index { .. } => 0,
    };
    source.lookups.get() + below
}

fn access(plan: &Plan<'_>) -> String {
    let backward = |direction: &Direction| match direction {
        Direction::Forward => "",
        Direction::Backward => ", backward",
    };
    match &plan.access {
        Access::Keys(source) => step(source),
        Access::Rows(range, direction) if *range == KeyRange::all() => {
            format!("all rows{}", backward(direction))
        }
        Access::Rows(_, direction) => format!("range of keys{}", backward(direction)),
        Access::Along(index, range, direction) => {
            let range = if *range == KeyRange::all() {
                ""
            } else {
                ", range"
            };
            format!(
                "{}{range}, in its order{}",
                name(index),
                backward(direction)
            )
        }
    }
}

fn name(index: &IndexSchema) -> String {
    format!("index on {}", index.label)
}

fn step(source: &Source<'_>) -> String {
    let property = |field: usize| source.entity.fields[field].name;
    match &source.kind {
        SourceKind::Keys(_) => "keys".to_owned(),
        SourceKind::Range(_) => "range of keys".to_owned(),
        SourceKind::Index {
            index,
            ranges,
            equal,
            is_exact,
        } => {
            let ranges = match ranges.len() {
                1 => String::new(),
                several => format!(", {several} times"),
            };
            let how = if *is_exact || *equal == index.parts.len() {
                "equal"
            } else if *equal > 0 {
                "beginning"
            } else {
                "range"
            };
            format!("{}, {how}{ranges}", name(index))
        }
        SourceKind::Referring(field, _) => format!("by {}", property(*field)),
        SourceKind::Owners { field, .. } => format!("with {}", property(*field)),
        SourceKind::Union(_) => "union".to_owned(),
        SourceKind::Intersection(_) => "intersection".to_owned(),
    }
}

/// A view that counts how often it is asked.
pub(super) struct CountingReader<'a> {
    pub(super) base: &'a dyn Reader,
    pub(super) calls: &'a Cell<usize>,
}

impl CountingReader<'_> {
    fn count(&self) {
        self.calls.set(self.calls.get() + 1);
    }
}

impl Reader for CountingReader<'_> {
    fn get(&self, tree: TreeId, key: &[u8]) -> Result<Option<Bytes>, StorageError> {
        self.count();
        self.base.get(tree, key)
    }

    fn get_many(
        &self,
        tree: TreeId,
        keys: &[&[u8]],
        found: &mut dyn FnMut(usize, Option<&[u8]>),
    ) -> Result<(), StorageError> {
        self.count();
        self.base.get_many(tree, keys, found)
    }

    fn contains(&self, tree: TreeId, key: &[u8]) -> Result<bool, StorageError> {
        self.count();
        self.base.contains(tree, key)
    }

    fn scan(
        &self,
        tree: TreeId,
        range: &KeyRange,
        direction: Direction,
        visit: Visit<'_>,
    ) -> Result<(), StorageError> {
        self.count();
        self.base.scan(tree, range, direction, visit)
    }

    fn scan_keys(
        &self,
        tree: TreeId,
        range: &KeyRange,
        visit: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), StorageError> {
        self.count();
        self.base.scan_keys(tree, range, visit)
    }

    fn sequence(&self) -> CommitSequence {
        self.base.sequence()
    }
}
