//! A query that is read slice by slice, so that no more than a slice of its rows is in memory.
//!
//! Where keys or an index have the order, each slice goes on behind the last row of the one before, as a
//! page does. Else the keys of what is found are kept, and nothing else; they are sorted, where they do
//! not come in order. Invariant: all slices are read of one moment.

use std::vec::IntoIter;

use super::Query;
use super::execute::{execute, found_keys};
use super::judge::{Judge, Memory};
use super::kept::Found;
use super::order::Term;
use crate::codec::RowKey;
use crate::database::Database;
use crate::error::{Error, Result};
use crate::keyspace::parse_row;
use crate::schema::EntitySchema;
use crate::storage::Reader;

/// So many rows are read at once.
const SLICE: usize = 256;

/// What is left of a query.
pub(crate) struct Slices {
    query: Query,
    rest: Rest,
    is_full_scan: bool,
}

enum Rest {
    /// What comes behind the cursor of the query, of which `take` is what is left of the limit.
    Behind,
    /// The rows of these keys.
    Keys(IntoIter<RowKey>),
    Nothing,
}

impl Slices {
    /// # Errors
    /// When a row can't be read, the query makes no sense, or it is a full scan and these are forbidden.
    pub(crate) fn begin(
        database: &Database,
        reader: &dyn Reader,
        entity: &EntitySchema,
        query: Query,
    ) -> Result<Self> {
        let mut query = Query {
            is_sliced: true,
            ..query
        };
        if query.take == Some(0) {
            query.check(&database.schema, entity)?;
            return Ok(Self {
                query,
                rest: Rest::Nothing,
                is_full_scan: false,
            });
        }
        if query.order.is_empty() {
            query.order.push(Term::key(entity));
        }
        let (keys, is_full_scan) = found_keys(database, reader, entity, &query)?;
        // What reads on behind a row was judged here, and has all the permission that it needs.
        query.allows_full_scan = true;
        let rest = keys.map_or(Rest::Behind, |keys| Rest::Keys(keys.into_iter()));
        Ok(Self {
            query,
            rest,
            is_full_scan,
        })
    }

    /// Whether all rows are read for it.
    pub(crate) const fn is_full_scan(&self) -> bool {
        self.is_full_scan
    }

    /// Of which there is nothing left.
    pub(crate) fn ended() -> Self {
        Self {
            query: Query::default(),
            rest: Rest::Nothing,
            is_full_scan: false,
        }
    }

    /// The next rows; none where there are no more.
    ///
    /// # Errors
    /// When a row can't be read.
    pub(crate) fn next(
        &mut self,
        database: &Database,
        reader: &dyn Reader,
        entity: &EntitySchema,
    ) -> Result<Vec<Found>> {
        match &mut self.rest {
            Rest::Nothing => Ok(Vec::new()),
            Rest::Behind => self.next_behind(database, reader, entity),
            Rest::Keys(keys) => {
                let keys: Vec<_> = keys.take(SLICE).collect();
                let memory = Memory::default();
                let judge = Judge::new(database, reader, &memory);
                let found = keys.into_iter().map(|key| {
                    let row = judge.row_if_there(entity, &key)?.ok_or_else(|| {
                        let key = entity.print_key(&key);
                        Error::corruption(format!("{} {key} is gone from its moment", entity.name))
                    })?;
                    Ok(Found { key, row })
                });
                found.collect()
            }
        }
    }

    fn next_behind(
        &mut self,
        database: &Database,
        reader: &dyn Reader,
        entity: &EntitySchema,
    ) -> Result<Vec<Found>> {
        let left = self.query.take.unwrap_or(usize::MAX);
        let most = left.min(SLICE);
        let slice = Query {
            take: Some(most),
            ..self.query.clone()
        };
        let found = execute(database, reader, entity, &slice)?.rows;
        let Some(last) = found.last().filter(|_| found.len() == most && left > most) else {
            self.rest = Rest::Nothing;
            return Ok(found);
        };
        let memory = Memory::default();
        let judge = Judge::new(database, reader, &memory);
        let record = parse_row(entity, &last.key, &last.row)?;
        let position = judge.position(&self.query.order, entity, &last.key, &record)?;
        self.query.behind = Some(position);
        self.query.skip = 0;
        self.query.take = self.query.take.map(|_| left - most);
        Ok(found)
    }
}
