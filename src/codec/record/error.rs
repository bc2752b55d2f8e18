//! Why stored bytes are not a row.
//!
//! Owns the errors of reading a row. They say what is wrong with the bytes; which row it is, the
//! caller knows and adds.

use std::fmt;

use crate::codec::frame::FrameError;

/// Why stored bytes are not a row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RecordError {
    /// Format or checksum is wrong.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The bytes end too early.
    #[error("the row ends inside {part}")]
    Truncated {
        /// What is cut.
        part: RecordPart,
    },
    /// A number is written longer than it has to be.
    #[error("{part} of the row is not written in the one way in which it can be")]
    NotCanonical {
        /// What is written so.
        part: RecordPart,
    },
    /// A number is larger than its type.
    #[error("{part} of the row is {value}, which is out of range")]
    OutOfRange {
        /// What is too large.
        part: RecordPart,
        /// The number that was found.
        value: u64,
    },
    /// A property number is not greater than the one before it.
    #[error("the row lists property {number} after property {previous}")]
    NotAscending {
        /// The number before.
        previous: u16,
        /// The number that was found.
        number: u16,
    },
    /// More bytes are stored than the properties have.
    #[error("{count} bytes follow the end of the row")]
    TrailingBytes {
        /// How many bytes follow.
        count: usize,
    },
}

/// A part of a row, in the order in which they are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecordPart {
    /// The commit sequence of the last write.
    Revision,
    /// The version of the schema.
    SchemaVersion,
    /// The number of properties.
    PropertyCount,
    /// The number of one property.
    PropertyNumber,
    /// The length of one property.
    PropertyLength,
    /// The properties' bytes.
    Values,
}

impl fmt::Display for RecordPart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Revision => "the revision",
            Self::SchemaVersion => "the schema version",
            Self::PropertyCount => "the count of properties",
            Self::PropertyNumber => "a property number",
            Self::PropertyLength => "a property length",
            Self::Values => "the properties",
        })
    }
}
