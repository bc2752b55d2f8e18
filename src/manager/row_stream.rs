//! Values over more rows than memory holds, one row after the other.

use std::fmt;
use std::marker::PhantomData;
use std::vec::IntoIter;

use super::stream::Rows;
use crate::codec::RowKey;
use crate::entity::Entity;
use crate::error::Result;
use crate::load::{Projected, Projector, Statistics};
use crate::query::{Absent, Columns, Projection, Values};

/// The values of the rows that a query finds. See [`FindFields::stream`](crate::FindFields::stream).
#[must_use = "a stream reads nothing until it is asked for the next"]
pub struct RowStream<T: Entity, P> {
    rows: Rows,
    fields: P,
    columns: Columns,
    slice: IntoIter<(RowKey, Projected)>,
    entity: PhantomData<fn() -> T>,
}

impl<T: Entity, P: Projection<T>> RowStream<T, P> {
    pub(super) fn new(rows: Rows, fields: P, columns: Columns) -> Self {
        Self {
            rows,
            fields,
            columns,
            slice: Vec::new().into_iter(),
            entity: PhantomData,
        }
    }

    fn next_row(&mut self) -> Result<Option<P::Row>> {
        if self.slice.len() == 0 {
            self.slice = self.next_slice()?.into_iter();
        }
        let Some((key, values)) = self.slice.next() else {
            return Ok(None);
        };
        let (schema, index) = (&self.rows.database.schema, self.rows.index);
        let describe = |at: usize| Absent::of(schema, index, &key, &self.columns.0[at]);
        let row = self.fields.row(&mut Values::new(values, &describe));
        row.map(Some)
    }

    fn next_slice(&mut self) -> Result<Vec<(RowKey, Projected)>> {
        let found = self.rows.next_slice()?;
        let values = self.rows.look(|reader| {
            let mut projector = Projector {
                database: &self.rows.database,
                reader,
                // Those of no unit of work.
                statistics: &mut Statistics::default(),
            };
            projector.project(self.rows.index, &found, &self.columns.0)
        })?;
        let keys = found.into_iter().map(|found| found.key);
        Ok(keys.zip(values).collect())
    }
}

impl<T: Entity, P: Projection<T>> Iterator for RowStream<T, P> {
    type Item = Result<P::Row>;

    fn next(&mut self) -> Option<Result<P::Row>> {
        let row = self.next_row();
        if row.is_err() {
            self.rows.end();
            self.slice = Vec::new().into_iter();
        }
        row.transpose()
    }
}

impl<T: Entity, P> fmt::Debug for RowStream<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowStream").field("of", &T::NAME).finish()
    }
}
