//! The events of a trace, and their bytes. Pure, but for reading a whole trace.
//!
//! Each is its kind, then its fields in order: numbers as eight bytes, little-endian; paths and
//! bytes after their length.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The handle of an open file, which a later one may have again once it is closed.
pub type Handle = u64;

/// Something that was done, told when it had succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A file, or a directory, was opened.
    Open {
        handle: Handle,
        path: PathBuf,
        /// It was created if it was not there.
        create: bool,
        /// It was emptied.
        truncate: bool,
    },
    /// A handle was closed.
    Close { handle: Handle },
    /// Bytes were written.
    Write {
        handle: Handle,
        offset: u64,
        bytes: Vec<u8>,
    },
    /// A file was given another length.
    SetLength { handle: Handle, length: u64 },
    /// A sync began: what was written before is on the disk when the end of `sync` is told.
    SyncBegin {
        sync: u64,
        handle: Handle,
        /// It was asked for the data alone (`fdatasync`).
        data_only: bool,
    },
    /// A sync has succeeded.
    SyncEnd { sync: u64 },
    /// A file got another name.
    Rename { from: PathBuf, to: PathBuf },
    /// A file, or an empty directory, lost its name.
    Unlink { path: PathBuf },
    /// A directory was made.
    MakeDirectory { path: PathBuf },
}

/// Reads a trace.
///
/// # Errors
///
/// When the file cannot be read, or holds anything but events.
pub fn read(trace: &Path) -> io::Result<Vec<Event>> {
    let bytes = fs::read(trace)?;
    let mut rest = bytes.as_slice();
    let mut events = Vec::new();
    while !rest.is_empty() {
        let event = decode(&mut rest).ok_or(io::ErrorKind::InvalidData)?;
        events.push(event);
    }
    Ok(events)
}

/// Appends the bytes of `event`.
pub(crate) fn encode(event: &Event, buffer: &mut Vec<u8>) {
    let mut put = |kind: u8, numbers: &[u64], blocks: &[&[u8]]| {
        buffer.push(kind);
        for number in numbers {
            buffer.extend_from_slice(&number.to_le_bytes());
        }
        for block in blocks {
            buffer.extend_from_slice(&(block.len() as u64).to_le_bytes());
            buffer.extend_from_slice(block);
        }
    };
    match event {
        Event::Open {
            handle,
            path,
            create,
            truncate,
        } => {
            let flags = [*handle, u64::from(*create), u64::from(*truncate)];
            put(0, &flags, &[bytes_of(path)]);
        }
        Event::Close { handle } => put(1, &[*handle], &[]),
        Event::Write {
            handle,
            offset,
            bytes,
        } => put(2, &[*handle, *offset], &[bytes]),
        Event::SetLength { handle, length } => put(3, &[*handle, *length], &[]),
        Event::SyncBegin {
            sync,
            handle,
            data_only,
        } => put(4, &[*sync, *handle, u64::from(*data_only)], &[]),
        Event::SyncEnd { sync } => put(5, &[*sync], &[]),
        Event::Rename { from, to } => put(6, &[], &[bytes_of(from), bytes_of(to)]),
        Event::Unlink { path } => put(7, &[], &[bytes_of(path)]),
        Event::MakeDirectory { path } => put(8, &[], &[bytes_of(path)]),
    }
}

fn bytes_of(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}

fn decode(rest: &mut &[u8]) -> Option<Event> {
    let (kind, others) = rest.split_first()?;
    *rest = others;
    Some(match kind {
        0 => Event::Open {
            handle: take_number(rest)?,
            create: take_number(rest)? == 1,
            truncate: take_number(rest)? == 1,
            path: take_path(rest)?,
        },
        1 => Event::Close {
            handle: take_number(rest)?,
        },
        2 => Event::Write {
            handle: take_number(rest)?,
            offset: take_number(rest)?,
            bytes: take_bytes(rest)?.to_vec(),
        },
        3 => Event::SetLength {
            handle: take_number(rest)?,
            length: take_number(rest)?,
        },
        4 => Event::SyncBegin {
            sync: take_number(rest)?,
            handle: take_number(rest)?,
            data_only: take_number(rest)? == 1,
        },
        5 => Event::SyncEnd {
            sync: take_number(rest)?,
        },
        6 => Event::Rename {
            from: take_path(rest)?,
            to: take_path(rest)?,
        },
        7 => Event::Unlink {
            path: take_path(rest)?,
        },
        8 => Event::MakeDirectory {
            path: take_path(rest)?,
        },
        _ => return None,
    })
}

fn take_number(rest: &mut &[u8]) -> Option<u64> {
    let (number, others) = rest.split_first_chunk()?;
    *rest = others;
    Some(u64::from_le_bytes(*number))
}

fn take_bytes<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(take_number(rest)?).ok()?;
    let (bytes, others) = rest.split_at_checked(length)?;
    *rest = others;
    Some(bytes)
}

fn take_path(rest: &mut &[u8]) -> Option<PathBuf> {
    Some(PathBuf::from(OsStr::from_bytes(take_bytes(rest)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_decode_to_what_was_encoded() {
        let path = PathBuf::from("/a/b");
        let events = [
            Event::Open {
                handle: 3,
                path: path.clone(),
                create: true,
                truncate: false,
            },
            Event::Close { handle: 3 },
            Event::Write {
                handle: 3,
                offset: 1 << 40,
                bytes: vec![1, 2, 3],
            },
            Event::SetLength {
                handle: 3,
                length: 9,
            },
            Event::SyncBegin {
                sync: 1,
                handle: 3,
                data_only: true,
            },
            Event::SyncEnd { sync: 1 },
            Event::Rename {
                from: path.clone(),
                to: PathBuf::from("/a/c"),
            },
            Event::Unlink { path: path.clone() },
            Event::MakeDirectory { path },
        ];
        let mut bytes = Vec::new();
        for event in &events {
            encode(event, &mut bytes);
        }
        let mut rest = bytes.as_slice();
        for event in events {
            assert_eq!(decode(&mut rest), Some(event));
        }
        assert!(rest.is_empty());
        assert_eq!(decode(&mut &bytes[..20]), None);
    }
}
