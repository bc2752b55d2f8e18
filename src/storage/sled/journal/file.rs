//! A journal file: a header, then room for records, which is zeros or what an earlier generation
//! left.
//!
//! The room is written before it is used and grows in steps, because syncing bytes within a file is
//! twice as fast as syncing a file that grows. The header tells how long the file has been at
//! least, so one that was cut short is noticed. It knows nothing of commits.
//!
//! Invariant: `dirty` is set before anyone may rely on what was written, and cleared only by a sync
//! that began later.

use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::storage::StorageError;
use crate::storage::sled::directory::failure;
use crate::storage::sled::faults::{Faults, Operation};
use crate::storage::sled::format::{FORMAT_VERSION, append_checksum, verify_checksum};

const MAGIC: [u8; 8] = *b"mushjrnl";
const DOMAIN: &[u8] = b"journal";
/// Magic, version, salt, length, checksum.
const HEADER_LENGTH: usize = 8 + 4 + 8 + 8 + 4;

/// Where the records begin: no write of one shares a sector with the header.
pub(super) const RECORDS_START: u64 = 4096;

/// The length of a new file. It doubles when it is not enough.
pub(super) const FIRST_LENGTH: u64 = 256 * 1024;

/// An open journal file.
pub(super) struct JournalFile {
    file: File,
    path: PathBuf,
    salt: u64,
    dirty: AtomicBool,
}

impl JournalFile {
    /// Opens the file at `path` and reads it; `None` where there is none.
    pub(super) fn open(path: &Path) -> Result<Option<(JournalFile, Vec<u8>)>, StorageError> {
        let mut file = match OpenOptions::new().read(true).write(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failure("open", path)(error)),
        };
        let mut content = Vec::new();
        file.read_to_end(&mut content)
            .map_err(failure("read", path))?;
        let corruption = |what: &str| StorageError::Corruption {
            place: path.display().to_string(),
            what: what.to_owned(),
        };
        let header = Header::decode(&content).map_err(corruption)?;
        if header.version > FORMAT_VERSION {
            return Err(StorageError::Version {
                path: path.to_owned(),
                found: header.version,
                supported: FORMAT_VERSION,
            });
        }
        if (content.len() as u64) < header.length {
            let what = format!(
                "it has {} bytes, and had {} once",
                content.len(),
                header.length
            );
            return Err(corruption(&what));
        }
        let file = JournalFile {
            file,
            path: path.to_owned(),
            salt: header.salt,
            // A process that was killed may have written what it never synced.
            dirty: AtomicBool::new(true),
        };
        Ok(Some((file, content)))
    }

    /// Creates the file at `path`, whole before it gets its name. The caller syncs the directory.
    pub(super) fn create(path: &Path) -> Result<JournalFile, StorageError> {
        let unfinished = path.with_extension("unfinished");
        let file = File::create(&unfinished).map_err(failure("create", &unfinished))?;
        let journal = JournalFile {
            file,
            path: path.to_owned(),
            salt: RandomState::new().hash_one(path),
            dirty: AtomicBool::new(false),
        };
        journal
            .write_zeros(0, FIRST_LENGTH)
            .and_then(|()| journal.write_header(FIRST_LENGTH))
            .and_then(|()| journal.file.sync_all())
            .and_then(|()| fs::rename(&unfinished, path))
            .map_err(failure("write", path))?;
        Ok(journal)
    }

    /// What the checksums of its records begin with.
    pub(super) fn salt(&self) -> u64 {
        self.salt
    }

    /// The length of the file in bytes.
    pub(super) fn length(&self) -> Result<u64, StorageError> {
        let metadata = self.file.metadata();
        Ok(metadata.map_err(failure("inspect", &self.path))?.len())
    }

    /// Writes one record at `position`, which is within the file.
    ///
    /// # Errors
    ///
    /// The file may hold a part of the record.
    pub(super) fn write(
        &self,
        faults: &Faults,
        position: u64,
        record: &[u8],
    ) -> Result<(), StorageError> {
        debug_assert!(position >= RECORDS_START, "records keep off the header");
        let written = faults
            .check(Operation::JournalWrite)
            .and_then(|()| self.write_at(position, record));
        // Only now: a sync that clears the mark any earlier has not seen the record.
        self.dirty.store(true, Ordering::Release);
        written.map_err(failure("write", &self.path))
    }

    /// Returns when all that was written before the call is on the disk.
    pub(super) fn sync(&self, faults: &Faults) -> io::Result<()> {
        if self.dirty.swap(false, Ordering::AcqRel) {
            faults.check(Operation::JournalSync)?;
            self.file.sync_data()?;
        }
        Ok(())
    }

    /// Makes the file at least `needed` bytes long, and gives its new length.
    pub(super) fn grow(&self, length: u64, needed: u64) -> Result<u64, StorageError> {
        debug_assert!(needed > length, "growing is for records that do not fit");
        let grown = needed.next_multiple_of(FIRST_LENGTH).max(length * 2);
        // The header may speak of the new length only when that is on the disk.
        self.write_zeros(length, grown - length)
            .and_then(|()| self.file.sync_all())
            .and_then(|()| self.write_header(grown))
            .map_err(failure("extend", &self.path))?;
        self.dirty.store(true, Ordering::Release);
        Ok(grown)
    }

    /// Cuts the file down to `length`, which is less than it has.
    pub(super) fn shrink(&self, length: u64) -> Result<(), StorageError> {
        self.write_header(length)
            .and_then(|()| self.file.sync_data())
            .and_then(|()| self.file.set_len(length))
            .map_err(failure("shorten", &self.path))
    }

    /// Overwrites everything from `position` on, so that no record is ever found there again.
    pub(super) fn wipe(&self, position: u64) -> Result<(), StorageError> {
        let length = self.length()?;
        self.write_zeros(position, length.saturating_sub(position))
            .and_then(|()| self.file.sync_data())
            .map_err(failure("write", &self.path))
    }

    fn write_header(&self, length: u64) -> io::Result<()> {
        let header = Header {
            version: FORMAT_VERSION,
            salt: self.salt,
            length,
        };
        self.write_at(0, &header.encode())
    }

    fn write_zeros(&self, mut position: u64, mut count: u64) -> io::Result<()> {
        let zeros = vec![0; 64 * 1024];
        while count > 0 {
            let part = count.min(zeros.len() as u64);
            let part_length = usize::try_from(part).expect("it is no longer than the buffer");
            self.write_at(position, &zeros[..part_length])?;
            position += part;
            count -= part;
        }
        Ok(())
    }

    /// One thread at a time writes: the position of the file is shared.
    fn write_at(&self, position: u64, bytes: &[u8]) -> io::Result<()> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(position))?;
        file.write_all(bytes)
    }
}

struct Header {
    version: u32,
    salt: u64,
    length: u64,
}

impl Header {
    fn encode(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&self.version.to_le_bytes());
        bytes.extend_from_slice(&self.salt.to_le_bytes());
        bytes.extend_from_slice(&self.length.to_le_bytes());
        let bytes = append_checksum(DOMAIN, bytes);
        debug_assert_eq!(bytes.len(), HEADER_LENGTH);
        bytes
    }

    fn decode(content: &[u8]) -> Result<Header, &'static str> {
        let header = content
            .first_chunk::<HEADER_LENGTH>()
            .ok_or("it ends within its header")?;
        let fields = verify_checksum(DOMAIN, header)?;
        let fields = fields
            .strip_prefix(&MAGIC)
            .ok_or("it does not begin with the journal's magic")?;
        let take = |from: usize| {
            let bytes = fields[from..].first_chunk();
            u64::from_le_bytes(*bytes.expect("the header has a fixed length"))
        };
        let version = fields.first_chunk().expect("the header has a fixed length");
        Ok(Header {
            version: u32::from_le_bytes(*version),
            salt: take(4),
            length: take(12),
        })
    }
}
