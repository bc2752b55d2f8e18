//! Finds the rows that a query asks for: chooses a plan, and has a search read as it says.

use super::Query;
use super::describe::{describe_order, describe_query};
use super::explain::{CountingReader, Explanation};
use super::judge::{Judge, Memory};
use super::kept::{Found, Kept};
use super::plan::{Access, Plan, plan};
use super::remedy::refuse;
use super::search::Search;
use crate::codec::RowKey;
use crate::database::Database;
use crate::error::Result;
use crate::schema::EntitySchema;
use crate::storage::{Bytes, Reader};

/// The rows that a query asks for, and whether it was a full scan.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) rows: Vec<Found>,
    pub(crate) is_full_scan: bool,
}

/// The rows of an entity that a query asks for, in its order, or in that of their keys.
///
/// # Errors
/// When a row can't be read, the query makes no sense, or it is a full scan and these are forbidden.
pub(crate) fn execute(
    database: &Database,
    reader: &dyn Reader,
    entity: &EntitySchema,
    query: &Query,
) -> Result<Answer> {
    let memory = Memory::default();
    let judge = Judge::new(database, reader, &memory);
    query.check(&database.schema, entity)?;
    if query.take == Some(0) {
        return Ok(Answer::default());
    }
    let (plan, is_full_scan) = permitted_plan(judge, entity, query)?;
    let mut search = Search::new(judge, entity, query, plan.is_sorted);
    search.read(&plan)?;
    Ok(Answer {
        rows: search.into_rows(),
        is_full_scan,
    })
}

/// The keys of the rows that a query asks for, in its order; `None` where the rows come in this order,
/// one after the other. And whether it is a full scan.
///
/// # Errors
/// As [`execute`].
pub(super) fn found_keys(
    database: &Database,
    reader: &dyn Reader,
    entity: &EntitySchema,
    query: &Query,
) -> Result<(Option<Vec<RowKey>>, bool)> {
    let memory = Memory::default();
    let judge = Judge::new(database, reader, &memory);
    query.check(&database.schema, entity)?;
    let (plan, is_full_scan) = permitted_plan(judge, entity, query)?;
    if plan.is_sorted && !matches!(plan.access, Access::Keys(_)) {
        return Ok((None, is_full_scan));
    }
    let keys = read_keys(judge, entity, query, &plan)?;
    Ok((Some(keys), is_full_scan))
}

/// The keys of the rows that a query asks for, in its order, and whether it was a full scan. No row is kept.
///
/// # Errors
/// As [`execute`].
pub(crate) fn keys(
    database: &Database,
    reader: &dyn Reader,
    entity: &EntitySchema,
    query: &Query,
) -> Result<(Vec<RowKey>, bool)> {
    let memory = Memory::default();
    let judge = Judge::new(database, reader, &memory);
    query.check(&database.schema, entity)?;
    if query.take == Some(0) {
        return Ok((Vec::new(), false));
    }
    let (plan, is_full_scan) = permitted_plan(judge, entity, query)?;
    Ok((read_keys(judge, entity, query, &plan)?, is_full_scan))
}

fn read_keys(
    judge: Judge<'_>,
    entity: &EntitySchema,
    query: &Query,
    plan: &Plan<'_>,
) -> Result<Vec<RowKey>> {
    let mut search = Search::new(judge, entity, query, plan.is_sorted);
    search.no_row = Some(Bytes::from(&[][..]));
    search.read(plan)?;
    let found = search.into_rows().into_iter();
    Ok(found.map(|found| found.key).collect())
}

/// How many rows meet the condition of a query, whatever its order and page, and whether all had to be
/// read for that.
///
/// # Errors
/// As [`execute`].
pub(crate) fn count(
    database: &Database,
    reader: &dyn Reader,
    entity: &EntitySchema,
    query: &Query,
) -> Result<(usize, bool)> {
    let memory = Memory::default();
    let judge = Judge::new(database, reader, &memory);
    query.check(&database.schema, entity)?;
    let (plan, is_full_scan) = permitted_plan(judge, entity, query)?;
    let mut search = Search::new(judge, entity, query, plan.is_sorted);
    search.kept = Kept::Counted;
    search.read(&plan)?;
    Ok((search.counts.met, is_full_scan))
}

/// Runs a query, and tells how. It may be a full scan in any case.
///
/// # Errors
/// When a row can't be read, or the query makes no sense.
pub(crate) fn explain(
    database: &Database,
    reader: &dyn Reader,
    entity: &EntitySchema,
    query: &Query,
) -> Result<Explanation> {
    let memory = Memory::default();
    let reader = CountingReader {
        base: reader,
        calls: &memory.calls,
    };
    let judge = Judge::new(database, &reader, &memory);
    query.check(&database.schema, entity)?;
    let plan = plan(judge, entity, query)?;
    if let Access::Keys(source) = &plan.access {
        source.count_all(judge)?;
    }
    let mut search = Search::new(judge, entity, query, plan.is_sorted);
    let before = judge.calls();
    if query.take != Some(0) {
        search.read(&plan)?;
    }
    let mut counts = search.counts;
    counts.reading = judge.calls() - before - counts.judging - counts.placing;
    counts.found = search.into_rows().len();
    let schema = &database.schema;
    let words = format!(
        "{} by {}",
        entity.label,
        describe_query(schema, entity.index, query)
    );
    let order = describe_order(schema, entity.index, &query.order);
    Ok(Explanation::of(
        (words, order),
        (entity, &plan, query),
        counts,
    ))
}

/// How a query is run, and whether it is a full scan.
fn permitted_plan<'q>(
    judge: Judge<'q>,
    entity: &'q EntitySchema,
    query: &'q Query,
) -> Result<(Plan<'q>, bool)> {
    let plan = plan(judge, entity, query)?;
    let is_full_scan = plan.is_full_scan(query);
    if is_full_scan && judge.database.settings.forbid_full_scans && !query.allows_full_scan {
        return Err(refuse(judge, entity, query)?);
    }
    Ok((plan, is_full_scan))
}
