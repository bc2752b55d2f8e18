//! A clock that stands still, so that what a test prints can be compared to the letter.
//!
//! Each thread has one; a test is a thread.

use std::cell::Cell;

use chrono::{DateTime, TimeDelta, Utc};

/// 2022-09-11T15:06:44.371Z.
const START: i64 = 1_662_908_804_371;

thread_local! {
    static NOW: Cell<i64> = const { Cell::new(START) };
    static READINGS: Cell<usize> = const { Cell::new(0) };
}

/// The time that the clock shows.
pub fn now() -> DateTime<Utc> {
    READINGS.set(READINGS.get() + 1);
    shown()
}

/// The time that the clock shows, for assertions: no reading is counted.
pub fn shown() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(NOW.get()).expect("the clock shows a time")
}

/// How often defaults and `on_update` have read the clock.
pub fn readings() -> usize {
    READINGS.get()
}

/// Moves the clock on by a second.
pub fn advance() {
    NOW.set(NOW.get() + TimeDelta::seconds(1).num_milliseconds());
}

/// Sets the clock back to where every test begins.
pub fn reset() {
    NOW.set(START);
    READINGS.set(0);
}
