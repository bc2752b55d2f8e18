//! Processes of a test's own executable, which an environment variable tells what they are.

use std::env;
use std::io;
use std::process::{Child, Command, Stdio};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

/// Exclusive while a process is started, and shared while a database is open here. A process that is
/// being started has all open files of this one until its own program runs, the locks on them
/// included: a database of another test would stay locked for a moment after it was closed.
static FILES: RwLock<()> = RwLock::new(());

/// The test `child` of this executable, with its output in pipes.
pub fn child() -> Command {
    let mut command = Command::new(env::current_exe().expect("this process has an executable"));
    command
        .args(["child", "--exact", "--nocapture", "--test-threads=1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Starts a process.
pub fn start(command: &mut Command) -> io::Result<Child> {
    let _alone = FILES.write().unwrap_or_else(PoisonError::into_inner);
    command.spawn()
}

/// To be held while a database is open here.
pub fn keep_files() -> RwLockReadGuard<'static, ()> {
    FILES.read().unwrap_or_else(PoisonError::into_inner)
}
