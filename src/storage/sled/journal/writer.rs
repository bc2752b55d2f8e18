//! The end of the journal: where the next record goes, and when it is time for the other file.
//!
//! Invariant: everything before `position` in the active file is the records of the active
//! overlay, consecutive and whole. The other file belongs to the frozen overlay, or to nobody.

use std::io;
use std::sync::Arc;

use super::file::{FIRST_LENGTH, JournalFile, RECORDS_START};
use super::record::HEADER_LENGTH;
use crate::storage::StorageError;
use crate::storage::sled::faults::Faults;

/// A record whose header is this is none.
const BLANK: [u8; HEADER_LENGTH] = [0; HEADER_LENGTH];

/// What a failed append left behind.
pub(super) enum AppendError {
    /// The record is not in the file.
    Absent(StorageError),
    /// It cannot be told whether the record is in the file.
    Unknown(StorageError),
}

/// Who appends: one commit at a time.
pub(super) struct Writer {
    files: [Arc<JournalFile>; 2],
    /// The lengths of the files.
    lengths: [u64; 2],
    active: usize,
    position: u64,
    /// Filled by the caller with the next record; kept so that it need not grow each time.
    pub(super) record: Vec<u8>,
}

impl Writer {
    /// A writer that goes on at `position` in the file `active`.
    pub(super) fn new(
        files: [Arc<JournalFile>; 2],
        active: usize,
        position: u64,
    ) -> Result<Writer, StorageError> {
        Ok(Writer {
            lengths: [files[0].length()?, files[1].length()?],
            files,
            active,
            position,
            record: Vec::new(),
        })
    }

    /// What the checksum of the next record begins with.
    pub(super) fn salt(&self) -> u64 {
        self.files[self.active].salt()
    }

    /// How many bytes of records the active file has.
    pub(super) fn used(&self) -> u64 {
        self.position - RECORDS_START
    }

    /// Appends the record.
    pub(super) fn append(&mut self, faults: &Faults) -> Result<(), AppendError> {
        let file = &self.files[self.active];
        let end = self.position + self.record.len() as u64;
        let length = &mut self.lengths[self.active];
        if end > *length {
            *length = file.grow(*length, end).map_err(AppendError::Absent)?;
        }
        if let Err(error) = file.write(faults, self.position, &self.record) {
            return Err(match file.write(faults, self.position, &BLANK) {
                Ok(()) => AppendError::Absent(error),
                Err(_) => AppendError::Unknown(error),
            });
        }
        self.position = end;
        Ok(())
    }

    /// Returns when all that was appended to the active file is on the disk.
    pub(super) fn sync(&self, faults: &Faults) -> io::Result<()> {
        self.files[self.active].sync(faults)
    }

    /// Goes on in the other file, from its beginning. Whatever it holds is in the engine. One that
    /// an exceptional record has made longer than `usual` becomes shorter again.
    pub(super) fn switch(&mut self, usual: u64) -> Result<(), StorageError> {
        let other = 1 - self.active;
        let usual = usual.next_multiple_of(FIRST_LENGTH).max(FIRST_LENGTH);
        if self.lengths[other] > 4 * usual {
            self.files[other].shrink(usual)?;
            self.lengths[other] = usual;
        }
        // Neither does such a record keep its memory.
        self.record.clear();
        self.record
            .shrink_to(usize::try_from(usual).unwrap_or(usize::MAX));
        self.active = other;
        self.position = RECORDS_START;
        Ok(())
    }
}
