//! How a query finds its rows, as a tree, with what was expected and what it took.

use std::cell::Cell;
use std::fmt;
use std::ops::ControlFlow;

use super::Query;
use super::plan::{Access, Estimate, Plan, Source, SourceKind};
use crate::schema::{EntitySchema, IndexSchema};
use crate::storage::{
    Bytes, CommitSequence, Direction, KeyRange, Lent, Reader, StorageError, TreeId, Visit,
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
    /// Rows that a walk has read, and its calls of the store, before it was left.
    pub(super) left: Option<(usize, usize)>,
    /// Calls of the store to read rows.
    pub(super) reading: usize,
    /// Calls of the store to judge them.
    pub(super) judging: usize,
    /// Calls of the store to find their places in the order.
    pub(super) placing: usize,
}

impl Counts {
    /// A walk is left, after so many calls of the store.
    pub(super) fn leave(&mut self, calls: usize) {
        let judging = self.judging + self.placing;
        self.left = Some((self.examined, calls - judging));
        self.met = 0;
    }
}

impl Explanation {
    pub(super) fn of(
        (words, order): (String, String),
        (entity, plan, query): (&EntitySchema, &Plan<'_>, &Query),
        counts: Counts,
    ) -> Self {
        let is_full_scan = plan.is_full_scan(query);
        let Read {
            access,
            is_sorted,
            mut node,
        } = Read::of(plan, entity, is_full_scan, counts);
        if query.condition.is_some() {
            node = PlanNode {
                step: "filter".to_owned(),
                rows: counts.met,
                lookups: counts.judging,
                children: vec![node],
                ..PlanNode::default()
            };
        }
        if !is_sorted {
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
            is_sorted_after: !is_sorted,
            rows_examined: counts.examined,
            rows_found: counts.found,
            plan: node,
        }
    }
}

/// How rows were read in the end.
struct Read {
    access: String,
    is_sorted: bool,
    node: PlanNode,
}

impl Read {
    fn of(plan: &Plan<'_>, entity: &EntitySchema, is_full_scan: bool, counts: Counts) -> Self {
        let access = access(&plan.access);
        let mark = if is_full_scan { " (full scan)" } else { "" };
        let (source, left) = match (&plan.access, &plan.otherwise, counts.left) {
            (Access::Keys(source), ..) => (source, None),
            (_, Some(otherwise), Some((rows, lookups))) => {
                let left = PlanNode {
                    step: format!("{access}, given up"),
                    rows,
                    lookups,
                    ..PlanNode::default()
                };
                (&otherwise.source, Some((left, otherwise.is_sorted)))
            }
            (_, otherwise, _) => {
                let instead = otherwise.iter().map(|otherwise| PlanNode {
                    step: format!("rather than {}", step(&otherwise.source)),
                    estimated: otherwise.source.estimate.get(),
                    ..PlanNode::default()
                });
                let node = PlanNode {
                    step: format!("{access}{mark}"),
                    rows: counts.examined,
                    lookups: counts.reading,
                    children: instead.collect(),
                    ..PlanNode::default()
                };
                return Self {
                    access,
                    is_sorted: plan.is_sorted,
                    node,
                };
            }
        };
        let before = left.as_ref().map_or(0, |(left, _)| left.lookups);
        let rows_before = left.as_ref().map_or(0, |(left, _)| left.rows);
        let is_sorted = left
            .as_ref()
            .map_or(plan.is_sorted, |(_, is_sorted)| *is_sorted);
        let lookups = counts.reading.saturating_sub(before + lookups_of(source));
        let mut children = vec![PlanNode::of(source, entity)];
        children.extend(left.map(|(left, _)| left));
        Self {
            access: step(source),
            is_sorted,
            node: PlanNode {
                step: "rows by key".to_owned(),
                rows: counts.examined - rows_before,
                lookups,
                children,
                ..PlanNode::default()
            },
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
            SourceKind::Keys(_) | SourceKind::Ranges(_) | SourceKind::Index { .. } => &[],
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
        SourceKind::Keys(_) | SourceKind::Ranges(_) | SourceKind::Index { .. } => 0,
    };
    source.lookups.get() + below
}

fn access(access: &Access<'_>) -> String {
    let backward = |direction: &Direction| match direction {
        Direction::Forward => "",
        Direction::Backward => ", backward",
    };
    match access {
        Access::Keys(source) => step(source),
        Access::Rows(ranges, direction) if *ranges == [KeyRange::all()] => {
            format!("all rows{}", backward(direction))
        }
        Access::Rows(ranges, direction) => format!("{}{}", of_keys(ranges), backward(direction)),
        Access::Along(index, ranges, direction) => {
            let range = if *ranges == [KeyRange::all()] {
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

fn of_keys(ranges: &[KeyRange]) -> String {
    format!("range of keys{}", times(ranges))
}

fn times(ranges: &[KeyRange]) -> String {
    match ranges.len() {
        1 => String::new(),
        several => format!(", {several} times"),
    }
}

fn step(source: &Source<'_>) -> String {
    let property = |field: usize| source.entity.fields[field].name;
    match &source.kind {
        SourceKind::Keys(_) => "keys".to_owned(),
        SourceKind::Ranges(ranges) => of_keys(ranges),
        SourceKind::Index {
            index,
            ranges,
            equal,
            is_exact,
        } => {
            let how = if *is_exact || *equal == index.parts.len() {
                "equal"
            } else if *equal > 0 {
                "beginning"
            } else {
                "range"
            };
            format!("{}, {how}{}", name(index), times(ranges))
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
        found: &mut dyn FnMut(usize, Option<Lent<'_>>),
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
