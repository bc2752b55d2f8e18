//! What surrounds everything that is stored with a checksum: a format number and a CRC-32.
//!
//! Owns the first five bytes of a row and of a value that is stored outside its row, and knows
//! nothing of what follows them. The engine beneath has been seen to hand back flipped bytes
//! without an error, which is why nothing is read that was not verified once.
//!
//! Invariant: whatever byte of a frame changes, opening it fails.

use super::row_key::RowKey;

/// The format that this version writes, and the only one that it reads.
pub(crate) const FORMAT: u8 = 1;

/// How many bytes precede the body.
pub(crate) const HEADER_LENGTH: usize = 5;

/// Why bytes are not a frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Even the header is cut.
    #[error("only {length} bytes are stored, which is less than a header")]
    Truncated {
        /// How many bytes there are.
        length: usize,
    },
    /// The bytes were written by a later version of this crate, or are damaged.
    #[error(
        "the bytes are of format {found}, and this version of Musher reads none above {FORMAT}: open the database with the version that wrote it"
    )]
    NewerFormat {
        /// The format number found.
        found: u8,
    },
    /// No version writes this format.
    #[error("the bytes are of format {found}, which does not exist")]
    UnknownFormat {
        /// The format number found.
        found: u8,
    },
    /// The body is not what was written.
    #[error(
        "the checksum stored is {stored:08x} and that of the bytes {computed:08x}: the bytes are damaged"
    )]
    ChecksumMismatch {
        /// The checksum in the header.
        stored: u32,
        /// The checksum of the body as it is.
        computed: u32,
    },
}

/// A frame with room for its header, to which a body of `body_length` bytes is to be appended.
pub(crate) fn begin(body_length: usize) -> Vec<u8> {
    let mut frame = Vec::with_capacity(HEADER_LENGTH + body_length);
    frame.extend_from_slice(&[FORMAT, 0, 0, 0, 0]);
    frame
}

/// Writes the checksum of the body that was appended since `begin`, for a frame that is stored
/// under `key`.
pub(crate) fn finish(key: &RowKey, frame: &mut [u8]) {
    debug_assert_eq!(frame[0], FORMAT);
    let checksum = checksum(key, &frame[HEADER_LENGTH..]);
    frame[1..HEADER_LENGTH].copy_from_slice(&checksum.to_le_bytes());
}

/// The body of a frame that was found under `key`, whose format and checksum are right.
pub(crate) fn open<'f>(key: &RowKey, frame: &'f [u8]) -> Result<&'f [u8], FrameError> {
    let (stored, body) = split(frame)?;
    let computed = checksum(key, body);
    if stored != computed {
        return Err(FrameError::ChecksumMismatch { stored, computed });
    }
    Ok(body)
}

/// The body of a frame that was opened before and has been in memory since.
pub(crate) fn open_unverified(frame: &[u8]) -> Result<&[u8], FrameError> {
    split(frame).map(|(_, body)| body)
}

/// Of the key and the body, so that no frame passes for one in another place.
fn checksum(key: &RowKey, body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    key.add_to(&mut hasher);
    hasher.update(body);
    hasher.finalize()
}

fn split(frame: &[u8]) -> Result<(u32, &[u8]), FrameError> {
    let Some((&[format, a, b, c, d], body)) = frame.split_first_chunk::<HEADER_LENGTH>() else {
        let length = frame.len();
        return Err(FrameError::Truncated { length });
    };
    match format {
        FORMAT => Ok((u32::from_le_bytes([a, b, c, d]), body)),
        0 => Err(FrameError::UnknownFormat { found: format }),
        _ => Err(FrameError::NewerFormat { found: format }),
    }
}
