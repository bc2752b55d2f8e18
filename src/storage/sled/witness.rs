//! A file beside the engine's that knows the number of the last durable commit.
//!
//! sled takes a log that was cut short for one that simply ends earlier, and opens without a word.
//! The witness is how that is noticed: it is written only after a commit is on the disk, so a
//! database that is behind its witness has lost something that was acknowledged.
//!
//! Invariant: the witness is never ahead of the disk. It may be behind, since it is synced only
//! when the store is, and then notices less, but never accuses wrongly.
//!
//! Two slots take turns, far enough apart that no torn write damages both.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::directory::failure;
use super::format::{append_checksum, verify_checksum};
use crate::storage::{CommitSequence, StorageError};

const DOMAIN: &[u8] = b"witness";
/// Sequence and checksum.
const RECORD_LENGTH: usize = 12;
/// A sector of a disk is no longer than this.
const SLOT_LENGTH: usize = 4096;

/// The open witness file.
pub(super) struct Witness {
    file: File,
    /// The slot that the next record goes to: the one with the older record.
    next_slot: u64,
}

impl Witness {
    /// Opens the witness at `path` and reads it; `None` where there is no such file.
    pub(super) fn open(path: &Path) -> Result<Option<(Witness, CommitSequence)>, StorageError> {
        let mut file = match OpenOptions::new().read(true).write(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failure("open", path)(error)),
        };
        let mut content = Vec::new();
        file.read_to_end(&mut content)
            .map_err(failure("read", path))?;
        let slots = [0, 1].map(|slot: usize| decode(&content, slot));
        let next_slot = u64::from(slots[0] > slots[1]);
        let Some(sequence) = slots.into_iter().flatten().max() else {
            return Err(StorageError::Corruption {
                place: path.display().to_string(),
                what: "it holds no number of a commit with a valid checksum".to_owned(),
            });
        };
        Ok(Some((Witness { file, next_slot }, sequence)))
    }

    /// Creates the witness of a database that has no commit yet, and syncs it. It gets its name
    /// only when it is complete: one that was cut short would count as damage.
    pub(super) fn create(path: &Path) -> Result<Witness, StorageError> {
        let unfinished = path.with_extension("unfinished");
        let file = File::create(&unfinished).map_err(failure("create", &unfinished))?;
        let mut witness = Witness { file, next_slot: 0 };
        witness
            .record(CommitSequence(0))
            .and_then(|()| witness.sync())
            .and_then(|()| fs::rename(&unfinished, path))
            .map_err(failure("write", path))?;
        Ok(witness)
    }

    /// Remembers that `sequence` and all before are on the disk.
    pub(super) fn record(&mut self, sequence: CommitSequence) -> io::Result<()> {
        let record = append_checksum(DOMAIN, sequence.0.to_le_bytes().to_vec());
        debug_assert_eq!(record.len(), RECORD_LENGTH);
        self.file
            .seek(SeekFrom::Start(self.next_slot * SLOT_LENGTH as u64))?;
        self.file.write_all(&record)?;
        self.next_slot = 1 - self.next_slot;
        Ok(())
    }

    /// Makes what was recorded durable itself.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

fn decode(content: &[u8], slot: usize) -> Option<CommitSequence> {
    let record = content.get(slot * SLOT_LENGTH..)?.get(..RECORD_LENGTH)?;
    let sequence = verify_checksum(DOMAIN, record).ok()?.try_into().ok()?;
    Some(CommitSequence(u64::from_le_bytes(sequence)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reread(path: &Path) -> u64 {
        let (_, sequence) = Witness::open(path).unwrap().unwrap();
        sequence.0
    }

    #[test]
    fn the_newest_valid_record_counts() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("witness");
        assert!(Witness::open(&path).unwrap().is_none());
        let mut witness = Witness::create(&path).unwrap();
        for sequence in 1..6 {
            witness.record(CommitSequence(sequence)).unwrap();
            assert_eq!(reread(&path), sequence);
        }
        // Commit 5 went to the second slot; without it, commit 4 in the first is what is known.
        let mut content = std::fs::read(&path).unwrap();
        content[SLOT_LENGTH + 2] ^= 1;
        std::fs::write(&path, &content).unwrap();
        assert_eq!(reread(&path), 4);

        let (mut witness, _) = Witness::open(&path).unwrap().unwrap();
        witness.record(CommitSequence(6)).unwrap();
        assert_eq!(reread(&path), 6);

        std::fs::write(&path, b"").unwrap();
        let error = Witness::open(&path).err().unwrap();
        assert!(matches!(error, StorageError::Corruption { .. }), "{error}");
    }
}
