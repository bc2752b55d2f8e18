//! loom's primitives, in the shape of parking_lot's.

use std::ops::{Deref, DerefMut};

pub use loom::sync::atomic::{AtomicU64, Ordering};

#[derive(Default)]
pub struct Mutex<T>(loom::sync::Mutex<T>);

/// The guard is absent only while a condition variable has it.
pub struct MutexGuard<'a, T>(Option<loom::sync::MutexGuard<'a, T>>);

#[derive(Default)]
pub struct Condvar(loom::sync::Condvar);

impl<T> Mutex<T> {
    pub fn new(value: T) -> Mutex<T> {
        Mutex(loom::sync::Mutex::new(value))
    }

    pub fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard(Some(self.0.lock().expect("no thread panics")))
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("nobody waits")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_mut().expect("nobody waits")
    }
}

impl Condvar {
    pub fn wait_while<T>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) {
        while condition(guard) {
            let held = guard.0.take().expect("nobody waits");
            guard.0 = Some(self.0.wait(held).expect("no thread panics"));
        }
    }

    pub fn notify_all(&self) {
        self.0.notify_all();
    }
}
