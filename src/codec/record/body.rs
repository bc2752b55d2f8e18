//! A row being written.
//!
//! Owns building the properties of a row and sealing them into the bytes that are stored. It
//! refuses properties out of order, by a panic, since only a broken caller has them.
//!
//! Invariant: a [`RowBody`] is one buffer, the properties' bytes followed by their table. The table
//! is last because it is complete last.

use super::{Properties, PropertyNumber};
use crate::codec::{RowKey, frame, varint};

/// What most rows have room in without growing.
const USUAL_LENGTH: usize = 128;
/// Two bytes for each of sixteen properties of usual length.
const USUAL_TABLE_LENGTH: usize = 32;

/// The properties of a row, ready to be compared or sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowBody {
    buffer: Vec<u8>,
    table_start: usize,
    count: usize,
}

impl RowBody {
    /// The body as what a stored row and it have in common.
    pub(crate) fn properties(&self) -> Properties<'_> {
        let (values, table) = self.buffer.split_at(self.table_start);
        Properties::from_verified(self.count, table, values)
    }

    /// The bytes of one property, or `None` if the body has none of that number.
    pub(crate) fn get(&self, number: PropertyNumber) -> Option<&[u8]> {
        self.properties().get(number)
    }

    /// All properties, by ascending number.
    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (PropertyNumber, &[u8])> {
        self.properties().iter()
    }

    /// The bytes to store: the body with its format, checksum, revision and schema version.
    pub(crate) fn seal(&self, key: &RowKey, revision: u64, schema_version: u32) -> Vec<u8> {
        let schema_version = u64::from(schema_version);
        let properties = self.properties();
        let count = properties.len() as u64;
        let head =
            varint::length(revision) + varint::length(schema_version) + varint::length(count);
        let mut record = frame::begin(head + self.buffer.len());
        varint::write(revision, &mut record);
        varint::write(schema_version, &mut record);
        varint::write(count, &mut record);
        record.extend_from_slice(properties.table());
        record.extend_from_slice(properties.values());
        debug_assert_eq!(
            record.len(),
            frame::HEADER_LENGTH + head + self.buffer.len()
        );
        frame::finish(key, &mut record);
        record
    }
}

/// Gathers the properties of a row in ascending order. Allocates twice, however many there are.
#[derive(Debug)]
pub(crate) struct RowBodyBuilder {
    values: Vec<u8>,
    table: Vec<u8>,
    count: usize,
    last: Option<PropertyNumber>,
}

impl RowBodyBuilder {
    /// A builder with room for a usual row.
    pub(crate) fn new() -> Self {
        Self::with_capacity(USUAL_LENGTH)
    }

    /// A builder with room for properties of `length` bytes altogether.
    pub(crate) fn with_capacity(length: usize) -> Self {
        Self {
            values: Vec::with_capacity(length + USUAL_TABLE_LENGTH),
            table: Vec::with_capacity(USUAL_TABLE_LENGTH),
            count: 0,
            last: None,
        }
    }

    /// Adds a property, whose bytes `write` appends to the buffer that it is given.
    ///
    /// # Errors
    ///
    /// Those of `write`; the builder is then as it was before.
    ///
    /// # Panics
    ///
    /// When `number` is not greater than the one before, or `write` shortens the buffer.
    pub(crate) fn property<E>(
        &mut self,
        number: PropertyNumber,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        assert!(
            self.last < Some(number),
            "property {} was added out of order",
            number.0
        );
        let start = self.values.len();
        let written = write(&mut self.values);
        assert!(self.values.len() >= start, "a property removed bytes");
        if written.is_err() {
            self.values.truncate(start);
            return written;
        }
        varint::write(u64::from(number.0), &mut self.table);
        varint::write((self.values.len() - start) as u64, &mut self.table);
        self.count += 1;
        self.last = Some(number);
        Ok(())
    }

    /// Adds a property whose bytes are there already.
    ///
    /// # Panics
    ///
    /// When `number` is not greater than the one before.
    pub(crate) fn push(&mut self, number: PropertyNumber, bytes: &[u8]) {
        let Ok(()) = self.property(number, |out| {
            out.extend_from_slice(bytes);
            Ok::<(), std::convert::Infallible>(())
        });
    }

    /// The body made of the properties added.
    pub(crate) fn finish(self) -> RowBody {
        let Self {
            values: mut buffer,
            table,
            count,
            ..
        } = self;
        let table_start = buffer.len();
        buffer.extend_from_slice(&table);
        RowBody {
            buffer,
            table_start,
            count,
        }
    }
}
