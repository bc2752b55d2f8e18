//! The bytes that this store adds to what callers give it: names of engine trees, the format
//! marker, the commit record, the tag of a value and the header of a value kept in chunks.
//!
//! Pure: it reads and writes nothing. `docs/format.md` draws what is made here. Every decoder takes
//! any bytes and says what is wrong with them; none panics.

use crate::storage::CommitSequence;

/// The storage format that this version writes, and the newest that it reads.
pub(super) const FORMAT_VERSION: u32 = 1;

/// The store's own tree. Callers' trees all have one of the two prefixes below, so that no name a
/// caller can choose is this one, or sled's default tree.
pub(super) const OWN_TREE: &str = "~store";
pub(super) const FORMAT_KEY: &[u8] = b"format";
pub(super) const COMMIT_KEY: &[u8] = b"commit";

const ROWS_PREFIX: &str = "rows/";
const CHUNKS_PREFIX: &str = "chunks/";
const MAGIC: [u8; 8] = *b"musher\r\n";

/// The longest value kept beside its key, and the length of every chunk but the last.
///
/// sled splits a leaf only when it has more than 16 entries, however large they are, and writes a
/// leaf as a whole now and then. One above about 128 KiB goes to a file of its own, which sled never
/// syncs and has been seen to fail on. Seventeen entries of this length stay below.
pub(super) const CHUNK_LENGTH: usize = 6 * 1024;

const TAG_INLINE: u8 = 0;
const TAG_CHUNKED: u8 = 1;

/// What is wrong with bytes that do not decode.
pub(super) type Damage = &'static str;

/// The engine tree of the rows of a caller's tree.
pub(super) fn rows_tree(name: &str) -> String {
    format!("{ROWS_PREFIX}{name}")
}

/// The engine tree of the chunks of a caller's tree.
pub(super) fn chunks_tree(name: &str) -> String {
    format!("{CHUNKS_PREFIX}{name}")
}

/// The caller's name of an engine tree, if it is one of rows.
pub(super) fn caller_name(engine_name: &[u8]) -> Option<&str> {
    let rest = engine_name.strip_prefix(ROWS_PREFIX.as_bytes())?;
    std::str::from_utf8(rest).ok()
}

/// Magic, version, checksum: 16 bytes.
pub(super) fn encode_format(version: u32) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&version.to_le_bytes());
    append_checksum(FORMAT_KEY, bytes)
}

/// The version in a format marker. The marker keeps this shape in every version.
pub(super) fn decode_format(bytes: &[u8]) -> Result<u32, Damage> {
    let content = verify_checksum(FORMAT_KEY, bytes)?;
    let version = content
        .strip_prefix(&MAGIC)
        .ok_or("the format marker does not begin with Musher's magic")?;
    let version = version
        .try_into()
        .map_err(|_| "the format marker has the wrong length")?;
    Ok(u32::from_le_bytes(version))
}

/// Sequence, checksum: 12 bytes.
pub(super) fn encode_commit(sequence: CommitSequence) -> Vec<u8> {
    append_checksum(COMMIT_KEY, sequence.0.to_le_bytes().to_vec())
}

/// The sequence in a commit record.
pub(super) fn decode_commit(bytes: &[u8]) -> Result<CommitSequence, Damage> {
    let content = verify_checksum(COMMIT_KEY, bytes)?;
    let sequence = content
        .try_into()
        .map_err(|_| "the commit record has the wrong length")?;
    Ok(CommitSequence(u64::from_le_bytes(sequence)))
}

/// Appends the CRC-32 of `domain` and `content`. The domain keeps a record from passing for one
/// of another kind.
pub(super) fn append_checksum(domain: &[u8], mut content: Vec<u8>) -> Vec<u8> {
    let checksum = checksum_of(domain, &content);
    content.extend_from_slice(&checksum.to_le_bytes());
    content
}

/// The content before a checksum that [`append_checksum`] made.
pub(super) fn verify_checksum<'a>(domain: &[u8], bytes: &'a [u8]) -> Result<&'a [u8], Damage> {
    let (content, stored) = bytes
        .split_last_chunk::<4>()
        .ok_or("the record is too short")?;
    if checksum_of(domain, content) == u32::from_le_bytes(*stored) {
        Ok(content)
    } else {
        Err("the checksum of the record does not match")
    }
}

fn checksum_of(domain: &[u8], content: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(domain);
    hasher.update(content);
    hasher.finalize()
}

/// A stored value as it stands beside its key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stored<'a> {
    /// The value itself.
    Inline(&'a [u8]),
    /// The value is in the chunks tree.
    Chunked(ChunkHeader),
}

impl Stored<'_> {
    /// Tells how stored bytes are to be read.
    pub(super) fn decode(bytes: &[u8]) -> Result<Stored<'_>, Damage> {
        match bytes.split_first() {
            None => Ok(Stored::Inline(&[])),
            Some((&TAG_INLINE, value)) => Ok(Stored::Inline(value)),
            Some((&TAG_CHUNKED, header)) => ChunkHeader::decode(header).map(Stored::Chunked),
            Some(_) => Err("the tag of a value is unknown"),
        }
    }

    /// How many chunks belong to this value.
    pub(super) fn chunk_count(&self) -> u64 {
        match self {
            Stored::Inline(_) => 0,
            Stored::Chunked(header) => header.chunk_count(),
        }
    }
}

/// Whether `value` is kept in chunks.
pub(super) fn is_chunked(value: &[u8]) -> bool {
    value.len() > CHUNK_LENGTH
}

/// The bytes that stand beside the key of `value`: itself with a tag, or the header of its chunks.
/// An empty value stays empty.
pub(super) fn encode_stored(value: &[u8]) -> Vec<u8> {
    if is_chunked(value) {
        return ChunkHeader::of(value).encode();
    }
    let mut bytes = Vec::with_capacity(value.len() + 1);
    if !value.is_empty() {
        bytes.push(TAG_INLINE);
        bytes.extend_from_slice(value);
    }
    bytes
}

/// What stands beside the key of a value that is kept in chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ChunkHeader {
    /// The length of the whole value in bytes.
    pub(super) length: u64,
    /// The CRC-32 of the whole value.
    pub(super) checksum: u32,
}

impl ChunkHeader {
    /// The header of `value`.
    pub(super) fn of(value: &[u8]) -> ChunkHeader {
        ChunkHeader {
            length: value.len() as u64,
            checksum: crc32fast::hash(value),
        }
    }

    /// The number of chunks, the last of which may be shorter.
    pub(super) fn chunk_count(self) -> u64 {
        self.length.div_ceil(CHUNK_LENGTH as u64)
    }

    fn encode(self) -> Vec<u8> {
        let mut bytes = vec![TAG_CHUNKED];
        bytes.extend_from_slice(&self.length.to_le_bytes());
        bytes.extend_from_slice(&self.checksum.to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Result<ChunkHeader, Damage> {
        let wrong_length = "the header of a value in chunks has the wrong length";
        let (length, checksum) = bytes.split_first_chunk().ok_or(wrong_length)?;
        let header = ChunkHeader {
            length: u64::from_le_bytes(*length),
            checksum: u32::from_le_bytes(checksum.try_into().map_err(|_| wrong_length)?),
        };
        // A shorter value would have been kept inline, and a longer one has more chunks than
        // their keys can number: either length is damage.
        let possible = CHUNK_LENGTH as u64 + 1..=CHUNK_LENGTH as u64 * u64::from(u32::MAX);
        if possible.contains(&header.length) {
            Ok(header)
        } else {
            Err("the header of a value in chunks has an impossible length")
        }
    }
}

/// The key of one chunk: the row's key, then the number of the chunk. The number has a fixed
/// length, so chunks of different rows never meet, whatever the rows' keys are.
///
/// # Panics
///
/// If the value has 2^32 chunks or more, which no memory holds.
pub(super) fn chunk_key(key: &[u8], index: u64) -> Vec<u8> {
    let index = u32::try_from(index).expect("a value in memory has fewer than 2^32 chunks");
    let mut bytes = Vec::with_capacity(key.len() + 4);
    bytes.extend_from_slice(key);
    bytes.extend_from_slice(&index.to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_decode_to_what_was_encoded_and_notice_every_flipped_bit() {
        let sequence = CommitSequence(0x0102_0304_0506_0708);
        let commit = encode_commit(sequence);
        let format = encode_format(7);
        assert_eq!(decode_commit(&commit), Ok(sequence));
        assert_eq!(decode_format(&format), Ok(7));
        assert!(decode_commit(&format).is_err());
        assert!(decode_format(&commit).is_err());

        for bit in 0..commit.len() * 8 {
            let mut damaged = commit.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(decode_commit(&damaged).is_err(), "bit {bit}");
        }
        for length in 0..format.len() {
            assert!(decode_format(&format[..length]).is_err(), "length {length}");
        }
    }

    #[test]
    fn values_up_to_the_limit_stay_beside_their_key() {
        for length in [0, 1, 2, CHUNK_LENGTH] {
            let value = vec![1; length];
            let stored = encode_stored(&value);
            assert!(stored.len() <= length + 1);
            assert_eq!(Stored::decode(&stored), Ok(Stored::Inline(&value)));
        }
        assert!(encode_stored(b"").is_empty());
        for (length, chunks) in [(CHUNK_LENGTH + 1, 2), (CHUNK_LENGTH * 3, 3)] {
            let value = vec![1; length];
            let stored = encode_stored(&value);
            let decoded = Stored::decode(&stored).unwrap();
            assert_eq!(decoded, Stored::Chunked(ChunkHeader::of(&value)));
            assert_eq!(decoded.chunk_count(), chunks);
        }
    }

    #[test]
    fn impossible_values_are_damage() {
        let header = |length| {
            ChunkHeader {
                length,
                checksum: 0,
            }
            .encode()
        };
        let damaged = [
            vec![2],
            vec![TAG_CHUNKED],
            header(CHUNK_LENGTH as u64),
            header(u64::MAX),
            [header(1 << 20), vec![0]].concat(),
        ];
        for bytes in damaged {
            assert!(Stored::decode(&bytes).is_err(), "{bytes:?}");
        }
    }
}
