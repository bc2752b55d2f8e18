//! The functions that take the place of the C library's: each does the same by the system call, and
//! records it where it has succeeded on something that is recorded.
//!
//! The only module with `unsafe`: these are the C library's interfaces, with its raw pointers. What
//! they are given is passed on to the system unchanged, and read where the system has just read the
//! same.

#![expect(
    unsafe_code,
    reason = "the functions of a C library cannot be replaced without it"
)]

use std::ffi::{CStr, OsStr, c_char, c_int, c_long, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use libc::{iovec, mode_t, off64_t, size_t, ssize_t};

use crate::event::Event;
use crate::recorder::{Turn, handle, turn};

/// Fails where the linker has taken the C library's functions after all.
pub(crate) fn assert_linked() {
    // The linker has one address for each name, whoever asks.
    let pairs = [
        (
            libc::pwrite64 as *const () as usize,
            pwrite64 as *const () as usize,
        ),
        (
            libc::write as *const () as usize,
            write as *const () as usize,
        ),
        (
            libc::open64 as *const () as usize,
            open64 as *const () as usize,
        ),
        (
            libc::fdatasync as *const () as usize,
            fdatasync as *const () as usize,
        ),
        (
            libc::fsync as *const () as usize,
            fsync as *const () as usize,
        ),
        (
            libc::rename as *const () as usize,
            rename as *const () as usize,
        ),
        (
            libc::unlink as *const () as usize,
            unlink as *const () as usize,
        ),
        (
            libc::unlinkat as *const () as usize,
            unlinkat as *const () as usize,
        ),
        (
            libc::mkdir as *const () as usize,
            mkdir as *const () as usize,
        ),
        (
            libc::ftruncate64 as *const () as usize,
            ftruncate64 as *const () as usize,
        ),
        (
            libc::close as *const () as usize,
            close as *const () as usize,
        ),
        (
            libc::writev as *const () as usize,
            writev as *const () as usize,
        ),
    ];
    for (theirs, ours) in pairs {
        assert_eq!(theirs, ours, "the C library's functions are still in use");
    }
}

/// Writes to the trace itself.
pub(crate) fn append(trace: i32, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        // SAFETY: the pointer and the length are those of a slice.
        let written = unsafe { libc::syscall(libc::SYS_write, trace, bytes.as_ptr(), bytes.len()) };
        let written = usize::try_from(written).expect("the trace can be written");
        bytes = &bytes[written..];
    }
}

/// # Safety
///
/// As for the C library's function of this name; so it is for all of them here.
#[unsafe(no_mangle)]
unsafe extern "C" fn open64(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: the caller keeps the rules of `open`, which are those of `openat`.
    unsafe { openat64(libc::AT_FDCWD, path, flags, mode) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn open(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: as above.
    unsafe { openat64(libc::AT_FDCWD, path, flags, mode) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn openat64(
    directory: c_int,
    path: *const c_char,
    flags: c_int,
    mode: mode_t,
) -> c_int {
    let mut turn = turn();
    // SAFETY: what the caller gives is passed on.
    let opened = unsafe { libc::syscall(libc::SYS_openat, directory, path, flags, mode) };
    let opened = narrow(opened);
    if let (Some(turn), true) = (&mut turn, opened >= 0)
        // SAFETY: the system has just read the path.
        && let Some(path) = unsafe { recorded_path(turn, directory, path) }
    {
        turn.add(opened, path.clone());
        turn.record(&Event::Open {
            handle: handle(opened),
            path,
            create: flags & libc::O_CREAT != 0,
            truncate: flags & libc::O_TRUNC != 0,
        });
    }
    opened
}

#[unsafe(no_mangle)]
unsafe extern "C" fn close(descriptor: c_int) -> c_int {
    let mut turn = turn();
    if let Some(turn) = &mut turn
        && turn.knows(descriptor)
    {
        turn.remove(descriptor);
        turn.record(&Event::Close {
            handle: handle(descriptor),
        });
    }
    // SAFETY: what the caller gives is passed on.
    narrow(unsafe { libc::syscall(libc::SYS_close, descriptor) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn write(descriptor: c_int, bytes: *const c_void, count: size_t) -> ssize_t {
    let mut turn = turn();
    // SAFETY: what the caller gives is passed on.
    let written = unsafe { libc::syscall(libc::SYS_write, descriptor, bytes, count) };
    if let Some(turn) = &mut turn {
        // SAFETY: the system has just read so many bytes there.
        unsafe { record_at_position(turn, descriptor, bytes, written) };
    }
    wide(written)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn writev(descriptor: c_int, parts: *const iovec, count: c_int) -> ssize_t {
    if turn().is_none_or(|turn| !turn.knows(descriptor)) {
        // SAFETY: what the caller gives is passed on.
        return wide(unsafe { libc::syscall(libc::SYS_writev, descriptor, parts, count) });
    }
    // Writing only the first part of many is what the function may do.
    // SAFETY: the caller gives an array of so many parts.
    let parts = unsafe { std::slice::from_raw_parts(parts, usize::try_from(count).unwrap_or(0)) };
    match parts.iter().find(|part| part.iov_len > 0) {
        // SAFETY: each part is a place that may be read.
        Some(part) => unsafe { write(descriptor, part.iov_base, part.iov_len) },
        None => 0,
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pwrite64(
    descriptor: c_int,
    bytes: *const c_void,
    count: size_t,
    offset: off64_t,
) -> ssize_t {
    let mut turn = turn();
    // SAFETY: what the caller gives is passed on.
    let written = unsafe { libc::syscall(libc::SYS_pwrite64, descriptor, bytes, count, offset) };
    if let Some(turn) = &mut turn {
        // SAFETY: the system has just read so many bytes there.
        unsafe { record_write(turn, descriptor, bytes, written, offset) };
    }
    wide(written)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pwrite(
    descriptor: c_int,
    bytes: *const c_void,
    count: size_t,
    offset: off64_t,
) -> ssize_t {
    // SAFETY: the caller keeps the rules of `pwrite`, which are the same.
    unsafe { pwrite64(descriptor, bytes, count, offset) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn ftruncate64(descriptor: c_int, length: off64_t) -> c_int {
    let mut turn = turn();
    // SAFETY: what the caller gives is passed on.
    let done = narrow(unsafe { libc::syscall(libc::SYS_ftruncate, descriptor, length) });
    if let (Some(turn), 0, Ok(length)) = (&mut turn, done, u64::try_from(length))
        && turn.knows(descriptor)
    {
        turn.record(&Event::SetLength {
            handle: handle(descriptor),
            length,
        });
    }
    done
}

#[unsafe(no_mangle)]
unsafe extern "C" fn ftruncate(descriptor: c_int, length: off64_t) -> c_int {
    // SAFETY: the caller keeps the rules of `ftruncate`, which are the same.
    unsafe { ftruncate64(descriptor, length) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn fsync(descriptor: c_int) -> c_int {
    // SAFETY: what the caller gives is passed on.
    synced(descriptor, false, || unsafe {
        libc::syscall(libc::SYS_fsync, descriptor)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn fdatasync(descriptor: c_int) -> c_int {
    // SAFETY: what the caller gives is passed on.
    synced(descriptor, true, || unsafe {
        libc::syscall(libc::SYS_fdatasync, descriptor)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rename(from: *const c_char, to: *const c_char) -> c_int {
    let mut turn = turn();
    let here = libc::AT_FDCWD;
    // SAFETY: what the caller gives is passed on.
    let done = unsafe { libc::syscall(libc::SYS_renameat2, here, from, here, to, 0) };
    if let (Some(turn), 0) = (&mut turn, done) {
        // SAFETY: the system has just read both paths.
        let paths = unsafe {
            (
                recorded_path(turn, here, from),
                recorded_path(turn, here, to),
            )
        };
        match paths {
            (Some(from), Some(to)) => turn.record(&Event::Rename { from, to }),
            (None, None) => {}
            _ => panic!("a file was moved across the border of what is recorded"),
        }
    }
    narrow(done)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn unlink(path: *const c_char) -> c_int {
    // SAFETY: the caller keeps the rules of `unlink`, which are those of `unlinkat`.
    unsafe { unlinkat(libc::AT_FDCWD, path, 0) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rmdir(path: *const c_char) -> c_int {
    // SAFETY: as above.
    unsafe { unlinkat(libc::AT_FDCWD, path, libc::AT_REMOVEDIR) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn unlinkat(directory: c_int, path: *const c_char, flags: c_int) -> c_int {
    let mut turn = turn();
    // SAFETY: what the caller gives is passed on.
    let done = unsafe { libc::syscall(libc::SYS_unlinkat, directory, path, flags) };
    if let (Some(turn), 0) = (&mut turn, done)
        // SAFETY: the system has just read the path.
        && let Some(path) = unsafe { recorded_path(turn, directory, path) }
    {
        turn.record(&Event::Unlink { path });
    }
    narrow(done)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn mkdir(path: *const c_char, mode: mode_t) -> c_int {
    let mut turn = turn();
    // SAFETY: what the caller gives is passed on.
    let done = unsafe { libc::syscall(libc::SYS_mkdirat, libc::AT_FDCWD, path, mode) };
    if let (Some(turn), 0) = (&mut turn, done)
        // SAFETY: the system has just read the path.
        && let Some(path) = unsafe { recorded_path(turn, libc::AT_FDCWD, path) }
    {
        turn.record(&Event::MakeDirectory { path });
    }
    narrow(done)
}

/// Syncs without keeping the others from their turn.
fn synced(descriptor: c_int, data_only: bool, sync: impl FnOnce() -> c_long) -> c_int {
    let begun = turn()
        .filter(|turn| turn.knows(descriptor))
        .map(|mut turn| {
            let number = turn.next_sync();
            turn.record(&Event::SyncBegin {
                sync: number,
                handle: handle(descriptor),
                data_only,
            });
            number
        });
    let done = sync();
    if let (Some(number), 0) = (begun, done) {
        let mut turn = turn().expect("it has recorded before");
        turn.record(&Event::SyncEnd { sync: number });
    }
    narrow(done)
}

/// # Safety
///
/// `bytes` points to at least `written` bytes, if that is not negative.
unsafe fn record_at_position(
    turn: &mut Turn,
    descriptor: c_int,
    bytes: *const c_void,
    written: c_long,
) {
    if written <= 0 || !turn.knows(descriptor) {
        return;
    }
    // Where the system stands now is the end of what was written, also for a file that is only
    // appended to.
    // SAFETY: no pointers are given.
    let end = unsafe { libc::syscall(libc::SYS_lseek, descriptor, 0, libc::SEEK_CUR) };
    // SAFETY: the caller's rule is the same.
    unsafe { record_write(turn, descriptor, bytes, written, end - written) };
}

/// # Safety
///
/// `bytes` points to at least `written` bytes, if that is not negative.
unsafe fn record_write(
    turn: &mut Turn,
    descriptor: c_int,
    bytes: *const c_void,
    written: c_long,
    offset: off64_t,
) {
    if let (Ok(count), Ok(offset)) = (usize::try_from(written), u64::try_from(offset))
        && turn.knows(descriptor)
    {
        // SAFETY: the caller's rule.
        let bytes = unsafe { std::slice::from_raw_parts(bytes.cast::<u8>(), count) };
        turn.record(&Event::Write {
            handle: handle(descriptor),
            offset,
            bytes: bytes.to_vec(),
        });
    }
}

/// The whole path of what is named, if that is recorded.
///
/// # Safety
///
/// `path` is a C string.
unsafe fn recorded_path(turn: &Turn, directory: c_int, path: *const c_char) -> Option<PathBuf> {
    // SAFETY: the caller's rule.
    let path = unsafe { CStr::from_ptr(path) };
    turn.locate(directory, Path::new(OsStr::from_bytes(path.to_bytes())))
}

/// What a system call gives, as the C library gives it.
fn narrow(result: c_long) -> c_int {
    c_int::try_from(result).expect("descriptors and errors are small")
}

/// What a system call that writes gives, as the C library gives it.
fn wide(result: c_long) -> ssize_t {
    ssize_t::try_from(result).expect("both have 64 bits")
}
