//! A row as it is stored: properties that are found by number, each on its own.
//!
//! Owns the layout of a row's bytes. It refuses to know what a property means or how its bytes are
//! encoded, and keeps no schema: what a number stands for, and what a missing one defaults to, is
//! its callers' business.
//!
//! Invariant: a [`Record`] that exists has a table that was read to its end, with ascending numbers
//! and lengths that sum up to the bytes that follow it.

mod body;
mod error;
mod properties;
#[cfg(test)]
mod tests;

#[cfg(any(test, fuzzing))]
use std::ops::Range;

pub(crate) use body::{RowBody, RowBodyBuilder};
pub(crate) use error::{RecordError, RecordPart};
pub(crate) use properties::Properties;

use super::row_key::RowKey;
use super::{frame, varint};

/// The number under which a property of an entity is stored. It never changes and is never given
/// to another property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PropertyNumber(pub(crate) u16);

/// A stored row, read in place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record<'a> {
    revision: u64,
    schema_version: u32,
    /// Where in the row's bytes the properties' bytes begin.
    #[cfg(any(test, fuzzing))]
    values_start: usize,
    properties: Properties<'a>,
}

impl<'a> Record<'a> {
    /// Reads a row that was found under `key`. Allocates nothing.
    ///
    /// # Errors
    ///
    /// When `bytes` is not, to the last bit, a row that [`RowBody::seal`] wrote.
    pub(crate) fn parse(key: &RowKey, bytes: &'a [u8]) -> Result<Self, RecordError> {
        Self::parse_body(frame::open(key, bytes)?)
    }

    /// Reads a row that was parsed before and has been in memory since, without computing its
    /// checksum again.
    ///
    /// # Errors
    ///
    /// As [`Record::parse`], except that damage within a property is not noticed.
    pub(crate) fn parse_unverified(bytes: &'a [u8]) -> Result<Self, RecordError> {
        Self::parse_body(frame::open_unverified(bytes)?)
    }

    fn parse_body(body: &'a [u8]) -> Result<Self, RecordError> {
        let mut input = body;
        let revision = read(&mut input, RecordPart::Revision)?;
        let schema_version = read(&mut input, RecordPart::SchemaVersion)?;
        let schema_version =
            u32::try_from(schema_version).map_err(|_| RecordError::OutOfRange {
                part: RecordPart::SchemaVersion,
                value: schema_version,
            })?;
        let properties = Properties::parse(input)?;
        Ok(Self {
            revision,
            schema_version,
            #[cfg(any(test, fuzzing))]
            values_start: frame::HEADER_LENGTH + body.len() - properties.values().len(),
            properties,
        })
    }

    /// The commit sequence of the row's last write.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// The version of the schema that the row was written under.
    pub(crate) fn schema_version(&self) -> u32 {
        self.schema_version
    }

    /// The row's properties without what surrounds them.
    pub(crate) fn properties(&self) -> Properties<'a> {
        self.properties
    }

    /// The bytes of one property, or `None` if the row has none of that number.
    pub(crate) fn get(&self, number: PropertyNumber) -> Option<&'a [u8]> {
        self.properties.get(number)
    }

    /// All properties, by ascending number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (PropertyNumber, &'a [u8])> + use<'a> {
        self.properties.iter()
    }

    /// Where in the row's bytes each property is, by ascending number, so that a holder of the
    /// bytes can index them in one pass.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn spans(&self) -> impl Iterator<Item = (PropertyNumber, Range<usize>)> + use<'a> {
        let start = self.values_start;
        self.properties
            .spans()
            .map(move |(number, span)| (number, start + span.start..start + span.end))
    }
}

/// The properties of `record` with `changes` applied: `Some` sets a property, `None` removes it.
///
/// # Panics
///
/// When the numbers of `changes` do not ascend.
pub(crate) fn patch<'c>(
    record: &Record<'_>,
    changes: impl IntoIterator<Item = (PropertyNumber, Option<&'c [u8]>)>,
) -> RowBody {
    record.properties.patched(changes)
}

/// Reads one number of a row's head or table.
fn read(input: &mut &[u8], part: RecordPart) -> Result<u64, RecordError> {
    varint::read(input).map_err(|error| match error {
        varint::VarintError::Truncated => RecordError::Truncated { part },
        varint::VarintError::NotCanonical => RecordError::NotCanonical { part },
    })
}
