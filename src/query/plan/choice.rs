//! Which of several sources is taken, by how many rows they give, counted in the store up to a bound.
//!
//! Counting costs a part of what reading the rows would cost: entries of an index are read one after the
//! other, each row by a look-up of its own. The bound grows until one source has fewer, so the price is
//! in proportion to what is read then. There are no statistics that could be out of date.

use std::fmt;
use std::ops::ControlFlow;

use super::super::judge::Judge;
use super::{Source, SourceKind};
use crate::error::Result;
use crate::schema::{FieldSet, IndexSchema, RelationKind};
use crate::storage::KeyRange;

/// So few rows are read without a look for fewer.
const FEW: usize = 4;

/// How many entries are counted at first.
const FIRST_BOUND: usize = 64;

/// How many entries are counted at most.
const LAST_BOUND: usize = 32 * 1024;

/// How many entries are counted for an explanation, at least.
const TOLD_BOUND: usize = 1024;

/// Reading a row by its key costs as much as reading so many entries of an index.
const ENTRIES_PER_ROW: usize = 4;

/// How many rows a source is expected to give: at most so many if that is known, else at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// The number of rows.
    pub rows: usize,
    /// Whether there may be more: only so many were counted.
    pub or_more: bool,
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.rows, if self.or_more { "+" } else { "" })
    }
}

/// Takes the candidate with the fewest rows, with others beside it where the rows that these leave out
/// are worth their reading.
pub(super) fn pick<'q>(
    judge: Judge<'q>,
    mut candidates: Vec<Source<'q>>,
) -> Result<Option<Source<'q>>> {
    if candidates.len() <= 1 {
        return Ok(candidates.pop());
    }
    if let Some(few) = candidates
        .iter()
        .position(|it| most(it).is_some_and(|most| most <= FEW))
    {
        return Ok(Some(candidates.swap_remove(few)));
    }
    let mut bound = FIRST_BOUND;
    loop {
        let mut any_known = false;
        for candidate in &candidates {
            any_known |= !candidate.count(judge, bound)?.or_more;
        }
        if any_known || bound >= LAST_BOUND {
            break;
        }
        bound *= 8;
    }
    let rows = |source: &Source<'_>| source.estimate.get().map(|it| (it.or_more, it.rows));
    candidates.sort_by_key(rows);
    let mut rest = candidates.into_iter();
    let Some(first) = rest.next() else {
        return Ok(None);
    };
    intersect(judge, first, rest).map(Some)
}

/// Puts other sources beside one where that pays.
fn intersect<'q>(
    judge: Judge<'q>,
    first: Source<'q>,
    rest: impl Iterator<Item = Source<'q>>,
) -> Result<Source<'q>> {
    let entity = first.entity;
    let rows = first.estimate.get().map_or(0, |estimate| estimate.rows);
    if rows <= FEW || matches!(first.kind, SourceKind::Keys(_)) {
        return Ok(first);
    }
    let pays = ENTRIES_PER_ROW * rows;
    let mut fields: FieldSet = first.fields;
    let mut chosen = vec![first];
    for source in rest {
        // What the same properties have left out already is not left out once more.
        let adds = source.fields.is_empty() || !source.fields.iter().all(|it| fields.contains(it));
        let is_free = matches!(source.kind, SourceKind::Ranges(_));
        if adds && (is_free || source.count(judge, pays)?.rows < pays) {
            source.fields.iter().for_each(|field| fields.insert(field));
            chosen.push(source);
        }
    }
    if chosen
        .iter()
        .all(|it| matches!(it.kind, SourceKind::Ranges(_)))
        || chosen.len() == 1
    {
        return Ok(chosen.swap_remove(0));
    }
    Ok(Source::new(
        entity,
        SourceKind::Intersection(chosen),
        fields,
    ))
}

/// How many rows a source gives at most, where that is known without a look.
fn most(source: &Source<'_>) -> Option<usize> {
    match &source.kind {
        SourceKind::Keys(keys) => Some(keys.len()),
        SourceKind::Index {
            index,
            ranges,
            is_exact,
            ..
        } => {
            let is_unique = *is_exact && index.unique;
            (is_unique || ranges.is_empty()).then_some(ranges.len())
        }
        SourceKind::Union(sources) => {
            let each: Option<Vec<_>> = sources.iter().map(most).collect();
            each.map(|each| each.iter().sum())
        }
        _ => None,
    }
}

impl Source<'_> {
    /// Counts what this source and those below it give, for people who want to know.
    ///
    /// # Errors
    /// When what is stored can't be read.
    pub(in super::super) fn count_all(&self, judge: Judge<'_>) -> Result<()> {
        self.count(judge, TOLD_BOUND)?;
        match &self.kind {
            SourceKind::Referring(_, below) | SourceKind::Owners { items: below, .. } => {
                below.count_all(judge)
            }
            SourceKind::Union(below) | SourceKind::Intersection(below) => {
                below.iter().try_for_each(|below| below.count_all(judge))
            }
            SourceKind::Keys(_) | SourceKind::Ranges(_) | SourceKind::Index { .. } => Ok(()),
        }
    }

    /// Counts the rows that the source gives, up to a bound.
    ///
    /// # Errors
    /// When what is stored can't be read.
    pub(in super::super) fn count(&self, judge: Judge<'_>, bound: usize) -> Result<Estimate> {
        let known = self.estimate.get();
        if let Some(known) = known.filter(|known| !known.or_more || known.rows >= bound) {
            return Ok(known);
        }
        let rows = match most(self) {
            Some(rows) => Some(rows),
            None => self.count_entries(judge, bound)?,
        };
        let estimate = Estimate {
            rows: rows.unwrap_or(bound),
            or_more: rows.is_none(),
        };
        self.estimate.set(Some(estimate));
        Ok(estimate)
    }

    /// `None`: there are so many, or more.
    fn count_entries(&self, judge: Judge<'_>, bound: usize) -> Result<Option<usize>> {
        let (schema, keyspace) = (&judge.database.schema, &judge.database.keyspace);
        match &self.kind {
            SourceKind::Keys(keys) => Ok(Some(keys.len())),
            SourceKind::Ranges(ranges) => {
                let rows = keyspace.rows(self.entity.index);
                count_keys(judge, rows, ranges, bound)
            }
            SourceKind::Index { index, ranges, .. } => {
                let tree = keyspace.index(self.entity.index, index);
                count_keys(judge, tree, ranges, bound)
            }
            SourceKind::Referring(field, targets) => {
                let index: &IndexSchema = self
                    .entity
                    .index_on(*field)
                    .expect("references are indexed");
                let tree = keyspace.index(self.entity.index, index);
                let prefixes = targets.prefixes(judge, bound)?;
                let count = |ranges: Vec<_>| count_keys(judge, tree, &ranges, bound);
                prefixes.map_or(Ok(None), count)
            }
            SourceKind::Owners { field, items, .. } => {
                let relation = self.entity.relation(*field);
                let RelationKind::ManyToMany { join, side } = relation.kind else {
                    // Each item has one owner at most.
                    let items = items.count(judge, bound)?;
                    return Ok((!items.or_more).then_some(items.rows));
                };
                debug_assert_eq!(schema.entity(relation.target).name, items.entity.name);
                let tree = keyspace.join(join, side.other());
                let prefixes = items.prefixes(judge, bound)?;
                let count = |ranges: Vec<_>| count_keys(judge, tree, &ranges, bound);
                prefixes.map_or(Ok(None), count)
            }
            SourceKind::Union(sources) => {
                let mut sum = 0;
                for source in sources {
                    let estimate = source.count(judge, bound)?;
                    sum += estimate.rows;
                    if estimate.or_more || sum >= bound {
                        return Ok(None);
                    }
                }
                Ok(Some(sum))
            }
            SourceKind::Intersection(sources) => {
                let mut least = None;
                for source in sources {
                    let estimate = source.count(judge, bound)?;
                    let known = (!estimate.or_more).then_some(estimate.rows);
                    least = least.into_iter().chain(known).min();
                }
                Ok(least)
            }
        }
    }

    /// The keys that the source gives as beginnings of entries, if they are fewer than the bound.
    fn prefixes(&self, judge: Judge<'_>, bound: usize) -> Result<Option<Vec<KeyRange>>> {
        if self.count(judge, bound)?.or_more {
            return Ok(None);
        }
        let keys = self.keys(judge)?;
        let ranges = keys.iter().map(|key| KeyRange::prefix(&key.to_vec()));
        Ok(Some(ranges.collect()))
    }
}

fn count_keys(
    judge: Judge<'_>,
    tree: crate::storage::TreeId,
    ranges: &[KeyRange],
    bound: usize,
) -> Result<Option<usize>> {
    let mut count = 0;
    for range in ranges {
        judge.reader.scan_keys(tree, range, &mut |_| {
            count += 1;
            if count < bound {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })?;
        if count >= bound {
            return Ok(None);
        }
    }
    Ok(Some(count))
}
