//! One commit as it stands in a journal file. `docs/format-journal.md` draws the bytes.
//!
//! Pure: it reads and writes nothing. A record carries its own length, its commit's number, the
//! number of the last commit that was known to be on the disk when it was written, and a checksum
//! over all of these, its writes and the salt of its file.
//!
//! Invariant: what [`encode`] makes, [`find`] and [`decode_writes`] give back, and `find` takes no
//! other bytes for a record, but by a chance of one in 2^32.

use crate::storage::batch::{Batch, TreeWrites};
use crate::storage::sled::format::Damage;
use crate::storage::{CommitSequence, TreeId};

/// Checksum, length, commit, durable commit.
pub(super) const HEADER_LENGTH: usize = 4 + 3 * 8;

/// Records begin at multiples of this.
pub(super) const ALIGNMENT: usize = 8;

/// A valid record among the bytes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record<'a> {
    pub(super) sequence: CommitSequence,
    /// The last commit that was known to be on the disk.
    pub(super) durable: CommitSequence,
    /// The writes, encoded.
    pub(super) payload: &'a [u8],
}

impl Record<'_> {
    /// How many bytes of the file it takes.
    pub(super) fn length(&self) -> usize {
        padded(HEADER_LENGTH + self.payload.len())
    }
}

/// Fills `buffer` with the record of `batch`.
pub(super) fn encode<'a>(
    buffer: &mut Vec<u8>,
    salt: u64,
    (sequence, durable): (CommitSequence, CommitSequence),
    batch: &Batch,
    name: impl Fn(TreeId) -> &'a str,
) {
    debug_assert!(
        durable < sequence,
        "a commit is durable after it is written"
    );
    buffer.clear();
    buffer.resize(HEADER_LENGTH, 0);
    put_number(buffer, batch.trees().count());
    for (tree, writes) in batch.trees() {
        put_bytes(buffer, name(tree).as_bytes());
        put_number(buffer, writes.len());
        for (key, value) in writes {
            put_bytes(buffer, key);
            match value {
                None => put_number(buffer, 0),
                Some(value) => {
                    put_number(buffer, value.len() + 1);
                    buffer.extend_from_slice(value);
                }
            }
        }
    }
    let length = (buffer.len() - HEADER_LENGTH) as u64;
    buffer[4..12].copy_from_slice(&length.to_le_bytes());
    buffer[12..20].copy_from_slice(&sequence.0.to_le_bytes());
    buffer[20..28].copy_from_slice(&durable.0.to_le_bytes());
    let checksum = checksum_of(salt, &buffer[4..]);
    buffer[..4].copy_from_slice(&checksum.to_le_bytes());
    buffer.resize(padded(buffer.len()), 0);
}

/// The record that begins at `offset`, if its commit is after `after` and it is whole.
pub(super) fn find(
    bytes: &[u8],
    offset: usize,
    salt: u64,
    after: CommitSequence,
) -> Option<Record<'_>> {
    let bytes = bytes.get(offset..)?;
    let (header, rest) = bytes.split_first_chunk::<HEADER_LENGTH>()?;
    // The cheap questions first: this is asked at every place where a record could begin.
    let sequence = CommitSequence(number_at(header, 12));
    if sequence <= after {
        return None;
    }
    let length = usize::try_from(number_at(header, 4)).ok()?;
    let payload = rest.get(..length)?;
    let durable = CommitSequence(number_at(header, 20));
    let checksum = header.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
    let checked = &bytes[4..HEADER_LENGTH + length];
    let valid = durable < sequence && checksum == Some(checksum_of(salt, checked));
    valid.then_some(Record {
        sequence,
        durable,
        payload,
    })
}

/// The writes of a record, tree by tree, each with its name.
pub(super) fn decode_writes(payload: &[u8]) -> Result<Vec<(String, TreeWrites)>, Damage> {
    let mut rest = payload;
    let count = take_number(&mut rest)?;
    let mut trees = Vec::new();
    for _ in 0..count {
        let name = String::from_utf8(take_bytes(&mut rest)?.to_vec());
        let name = name.map_err(|_| "a tree in the journal has a name that is no text")?;
        let mut writes = TreeWrites::new();
        for _ in 0..take_number(&mut rest)? {
            let key = take_bytes(&mut rest)?.to_vec();
            let value = match take_number(&mut rest)?.checked_sub(1) {
                None => None,
                Some(length) => Some(take(&mut rest, length)?.to_vec()),
            };
            writes.insert(key, value);
        }
        trees.push((name, writes));
    }
    if rest.is_empty() {
        Ok(trees)
    } else {
        Err("a record of the journal is longer than its writes")
    }
}

fn padded(length: usize) -> usize {
    length.next_multiple_of(ALIGNMENT)
}

fn checksum_of(salt: u64, content: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&salt.to_le_bytes());
    hasher.update(content);
    hasher.finalize()
}

fn number_at(header: &[u8; HEADER_LENGTH], position: usize) -> u64 {
    let bytes = header[position..].first_chunk();
    u64::from_le_bytes(*bytes.expect("the positions lie within the header"))
}

/// Seven bits a byte, the lowest first (LEB128): most lengths take one byte.
fn put_number(buffer: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        buffer.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    buffer.push(number.to_le_bytes()[0]);
}

fn put_bytes(buffer: &mut Vec<u8>, bytes: &[u8]) {
    put_number(buffer, bytes.len());
    buffer.extend_from_slice(bytes);
}

fn take_number(rest: &mut &[u8]) -> Result<usize, Damage> {
    let mut number = 0_u64;
    for shift in (0..63).step_by(7) {
        let byte = take(rest, 1)?[0];
        number |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return usize::try_from(number).map_err(|_| "a length in the journal is impossible");
        }
    }
    Err("a length in the journal is impossible")
}

fn take_bytes<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Damage> {
    let length = take_number(rest)?;
    take(rest, length)
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], Damage> {
    let (taken, others) = rest
        .split_at_checked(length)
        .ok_or("a record of the journal ends within its writes")?;
    *rest = others;
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 2] = ["", "second"];
    const NUMBERS: (CommitSequence, CommitSequence) = (CommitSequence(9), CommitSequence(7));

    fn batch() -> Batch {
        let (first, second) = (TreeId::from_index(0), TreeId::from_index(1));
        let mut batch = Batch::new();
        batch.put(first, "", "");
        batch.put(first, "key", vec![7; 300]);
        batch.delete(second, "gone");
        batch
    }

    fn encoded() -> Vec<u8> {
        let mut bytes = b"left over".to_vec();
        encode(&mut bytes, 3, NUMBERS, &batch(), |tree| NAMES[tree.index()]);
        bytes
    }

    #[test]
    fn a_record_decodes_to_the_batch_it_was_made_of() {
        let bytes = encoded();
        let record = find(&bytes, 0, 3, CommitSequence(8)).unwrap();
        assert_eq!((record.sequence, record.durable), NUMBERS);
        assert_eq!(record.length(), bytes.len());
        let mut decoded = Batch::new();
        for (name, writes) in decode_writes(record.payload).unwrap() {
            let index = NAMES.iter().position(|&known| known == name).unwrap();
            let tree = TreeId::from_index(index);
            for (key, value) in writes {
                match value {
                    Some(value) => decoded.put(tree, key, value),
                    None => decoded.delete(tree, key),
                }
            }
        }
        assert_eq!(decoded, batch());
    }

    #[test]
    fn records_of_others_and_damaged_ones_are_not_found() {
        let bytes = encoded();
        assert_eq!(find(&bytes, 0, 4, CommitSequence(0)), None);
        assert_eq!(find(&bytes, 0, 3, CommitSequence(9)), None);
        assert_eq!(find(&bytes, 8, 3, CommitSequence(0)), None);
        let payload = find(&bytes, 0, 3, CommitSequence(0)).unwrap().payload;
        for length in 0..HEADER_LENGTH + payload.len() {
            assert_eq!(find(&bytes[..length], 0, 3, CommitSequence(0)), None);
        }
        for bit in 0..(HEADER_LENGTH + payload.len()) * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(find(&damaged, 0, 3, CommitSequence(0)), None, "bit {bit}");
        }
        for length in 0..payload.len() {
            assert!(decode_writes(&payload[..length]).is_err(), "{length}");
        }
    }
}
