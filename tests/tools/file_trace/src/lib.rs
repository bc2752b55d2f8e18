//! Records what this process does to the files below one directory: every write with its bytes,
//! every sync, and every change of a name, in the order in which they took effect.
//!
//! Linked into a test, it takes the place of the C library's functions that open, write, sync and
//! rename: the definitions of an executable come before those of the libraries that it loads, so
//! the standard library and the storage engine call the functions of `hooks`, which do the same
//! and write an [`Event`] to the trace. Until [`start`] is called they only do the same.
//!
//! It judges nothing: what a disk makes of such a trace is the business of who reads it. Functions
//! that nobody here calls (`mmap`, `copy_file_range`, ..) are not recorded; the reader can tell, since
//! the trace of a process that has ended must lead to the files that it has left.
//!
//! Linux alone, with 64-bit file offsets.

#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

mod event;
mod hooks;
mod recorder;

pub use event::{Event, Handle, read};

use std::fs::{self, OpenOptions};
use std::io;
use std::os::fd::IntoRawFd;
use std::path::Path;

/// Records all that happens below `root` from now on, until the process ends, in the new file
/// `trace`, which lies elsewhere.
///
/// # Errors
///
/// When `root` is no directory, or `trace` cannot be created.
///
/// # Panics
///
/// If it records already, or if the functions that it needs are not in their place.
pub fn start(root: &Path, trace: &Path) -> io::Result<()> {
    let root = fs::canonicalize(root)?;
    let file = OpenOptions::new()
        .append(true)
        .create_new(true)
        .open(trace)?;
    hooks::assert_linked();
    recorder::start(root, file.into_raw_fd());
    Ok(())
}
