//! A table of property numbers and lengths, and the bytes it describes.
//!
//! Owns the part of a row that a stored row and a row being built have in common, so that both are
//! read by the same code. It owns no memory.
//!
//! Invariant: the table was verified when it was parsed or built. Reading it again cannot fail, and
//! panics if it does.

use std::ops::Range;

use super::body::{RowBody, RowBodyBuilder};
use super::error::{RecordError, RecordPart};
use super::{PropertyNumber, read};
use crate::codec::varint;

/// Properties in the form in which they are stored, by ascending number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Properties<'a> {
    count: usize,
    /// For each property its number and its length, as varints.
    table: &'a [u8],
    /// The properties' bytes, one after the other.
    values: &'a [u8],
}

impl<'a> Properties<'a> {
    /// Reads a count, a table and values that are all of `input`.
    pub(super) fn parse(mut input: &'a [u8]) -> Result<Self, RecordError> {
        let count = read(&mut input, RecordPart::PropertyCount)?;
        let table_and_values = input;
        let mut previous = None;
        let mut length = 0u64;
        for _ in 0..count {
            previous = Some(read_number(&mut input, previous)?);
            let more = read(&mut input, RecordPart::PropertyLength)?;
            length = length.checked_add(more).ok_or(RecordError::OutOfRange {
                part: RecordPart::PropertyLength,
                value: more,
            })?;
        }
        let table_length = table_and_values.len() - input.len();
        let (table, values) = table_and_values.split_at(table_length);
        match usize::try_from(length) {
            Ok(length) if length == values.len() => {}
            Ok(length) if length < values.len() => {
                let count = values.len() - length;
                return Err(RecordError::TrailingBytes { count });
            }
            _ => {
                let part = RecordPart::Values;
                return Err(RecordError::Truncated { part });
            }
        }
        // Every property took two bytes of the table, so that the count fits as the bytes do.
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        Ok(Self::from_verified(count, table, values))
    }

    /// The parts of a body that was built, which are right by construction.
    pub(super) fn from_verified(count: usize, table: &'a [u8], values: &'a [u8]) -> Self {
        let properties = Self {
            count,
            table,
            values,
        };
        debug_assert_eq!(properties.spans().count(), count);
        debug_assert_eq!(
            properties.spans().last().map_or(0, |(_, span)| span.end),
            values.len()
        );
        properties
    }

    pub(super) fn table(&self) -> &'a [u8] {
        self.table
    }

    pub(super) fn values(&self) -> &'a [u8] {
        self.values
    }

    /// How many properties there are.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// The bytes of one property, or `None` if there is none of that number.
    pub(crate) fn get(&self, number: PropertyNumber) -> Option<&'a [u8]> {
        // A row has few properties, and to search the table by halves it would have to be decoded
        // first. Numbers ascend, which ends a vain search early.
        for (found, span) in self.spans() {
            if found >= number {
                return (found == number).then(|| &self.values[span]);
            }
        }
        None
    }

    /// All properties, by ascending number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (PropertyNumber, &'a [u8])> + use<'a> {
        let values = self.values;
        self.spans()
            .map(move |(number, span)| (number, &values[span]))
    }

    /// Where among the values each property is, by ascending number.
    #[inline]
    pub(super) fn spans(&self) -> Spans<'a> {
        Spans {
            table: self.table,
            end: 0,
        }
    }

    /// These properties with `changes` applied: `Some` sets a property, `None` removes it.
    ///
    /// # Panics
    ///
    /// When the numbers of `changes` do not ascend.
    pub(crate) fn patched<'c>(
        &self,
        changes: impl IntoIterator<Item = (PropertyNumber, Option<&'c [u8]>)>,
    ) -> RowBody {
        let mut builder = RowBodyBuilder::with_capacity(self.values.len());
        let mut kept = self.iter().peekable();
        let mut previous = None;
        for (number, change) in changes {
            assert!(previous < Some(number), "changes are not ascending");
            previous = Some(number);
            while let Some((number, bytes)) = kept.next_if(|(found, _)| *found < number) {
                builder.push(number, bytes);
            }
            kept.next_if(|(found, _)| *found == number);
            if let Some(bytes) = change {
                builder.push(number, bytes);
            }
        }
        for (number, bytes) in kept {
            builder.push(number, bytes);
        }
        builder.finish()
    }
}

/// The table of [`Properties`], read a second time.
#[derive(Debug, Clone)]
pub(super) struct Spans<'a> {
    /// What of the table is still to be read.
    table: &'a [u8],
    /// Where the property before ended.
    end: usize,
}

impl Iterator for Spans<'_> {
    type Item = (PropertyNumber, Range<usize>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        // Nearly all entries are two bytes: a number and a length of at most 240 each.
        let (number, length) = match *self.table {
            [] => return None,
            [number @ 0..=240, length @ 0..=240, ref rest @ ..] => {
                self.table = rest;
                (u16::from(number), usize::from(length))
            }
            _ => read_verified(&mut self.table),
        };
        let start = self.end;
        self.end += length;
        Some((PropertyNumber(number), start..self.end))
    }
}

/// Reads a property number that must be greater than `previous`.
fn read_number(input: &mut &[u8], previous: Option<u16>) -> Result<u16, RecordError> {
    let part = RecordPart::PropertyNumber;
    let value = read(input, part)?;
    let number = u16::try_from(value).map_err(|_| RecordError::OutOfRange { part, value })?;
    match previous {
        Some(previous) if previous >= number => Err(RecordError::NotAscending { previous, number }),
        _ => Ok(number),
    }
}

/// Reads an entry of a verified table, whatever its length.
#[inline(never)]
fn read_verified(table: &mut &[u8]) -> (u16, usize) {
    let mut read = || varint::read(table).expect("a verified table can be read again");
    let number = u16::try_from(read()).expect("a verified table holds small numbers");
    let length = usize::try_from(read()).expect("a verified table describes bytes in memory");
    (number, length)
}
