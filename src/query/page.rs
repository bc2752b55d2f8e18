//! Pages by cursor: rows behind a place in the order, and the places at both ends of what was found.

use super::cursor::Cursor;
use super::describe::describe_order;
use super::execute::{Answer, execute};
use super::judge::{Judge, Memory};
use super::kept::Found;
use super::order::Term;
use super::{Query, describe};
use crate::database::{CursorKey, Database};
use crate::error::{Error, Result};
use crate::keyspace::parse_row;
use crate::schema::{EntitySchema, Schema};
use crate::storage::Reader;

/// A page of rows, with the cursors that lead on from it.
pub(crate) struct Rows {
    pub(crate) found: Vec<Found>,
    pub(crate) previous: Option<Cursor>,
    pub(crate) next: Option<Cursor>,
    pub(crate) is_full_scan: bool,
}

impl Query {
    /// Makes the order one in which every row has a place of its own that may be told.
    pub(crate) fn prepare_for_pages(
        &mut self,
        schema: &Schema,
        entity: &EntitySchema,
    ) -> Result<()> {
        if self.order.is_empty() {
            self.order.push(Term::key(entity));
        }
        let hidden = self.order.iter().find_map(|term| {
            let (path, _, property) = describe::path(schema, entity.index, &term.steps, term.field);
            property.hidden.then_some(path)
        });
        hidden.map_or(Ok(()), |path| {
            Err(Error::Query {
                entity: entity.name,
                problem: format!(
                    "a cursor holds the values that rows are ordered by, and `{path}` is hidden; order by another property"
                ),
            })
        })
    }

    /// Begins behind a cursor: after it, or before it where the query reads backward.
    pub(crate) fn begin_behind(
        &mut self,
        schema: &Schema,
        entity: &EntitySchema,
        key: &CursorKey,
        cursor: &Cursor,
    ) -> Result<()> {
        let order = order_of(schema, entity, self);
        let position = cursor.open(key, &order).ok_or_else(|| Error::Query {
            entity: entity.name,
            problem: format!(
                "the cursor is not one of `{order}`, or it was changed; give it back as it was given out, to a query for \
                 the same entity in the same order"
            ),
        })?;
        self.behind = Some(position.to_vec());
        Ok(())
    }
}

/// What cursors are made for, in words.
fn order_of(schema: &Schema, entity: &EntitySchema, query: &Query) -> String {
    let order = describe_order(schema, entity.index, &query.order);
    format!("{} by {order}", entity.name)
}

/// Runs a query that is prepared for pages, of which `take` rows are the page.
///
/// # Errors
/// As [`execute`].
pub(crate) fn page(
    database: &Database,
    reader: &dyn Reader,
    entity: &EntitySchema,
    key: &CursorKey,
    query: Query,
) -> Result<Rows> {
    let most = query.take.unwrap_or(usize::MAX);
    let query = Query {
        // One more tells whether there are more.
        take: Some(most.saturating_add(1)),
        ..query
    };
    let Answer {
        rows: mut found,
        is_full_scan,
    } = execute(database, reader, entity, &query)?;
    let has_more = found.len() > most;
    if has_more && query.backward {
        found.remove(0);
    }
    found.truncate(most);
    let order = order_of(&database.schema, entity, &query);
    let memory = Memory::default();
    let judge = Judge::new(database, reader, &memory);
    let cursor = |found: &Found| -> Result<Cursor> {
        let record = parse_row(entity, &found.key, &found.row)?;
        let position = judge.position(&query.order, entity, &found.key, &record)?;
        Ok(Cursor::seal(key, &order, &position))
    };
    // Where it came from there are rows, or have been.
    let (has_previous, has_next) = if query.backward {
        (has_more, query.behind.is_some())
    } else {
        (query.behind.is_some(), has_more)
    };
    let previous = found.first().filter(|_| has_previous).map(cursor);
    let next = found.last().filter(|_| has_next).map(cursor);
    Ok(Rows {
        previous: previous.transpose()?,
        next: next.transpose()?,
        found,
        is_full_scan,
    })
}
