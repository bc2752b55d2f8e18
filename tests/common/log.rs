//! The query log of a test: its lines without the times that statements took.

use std::sync::{Arc, Mutex};

/// Collects the lines of a query log.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(super) fn push(&self, line: &str) {
        self.0
            .lock()
            .expect("no test panics while it logs")
            .push(without_time(line));
    }

    /// The lines since the last call. `[took 3 ms, 1 row]` reads `[1 row]`, and `[took 3 ms]` is
    /// left out.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().expect("no test panics while it logs"))
    }
}

fn without_time(line: &str) -> String {
    let Some((statement, took)) = line.rsplit_once(" [took ") else {
        return line.to_owned();
    };
    match took.split_once(", ") {
        Some((_, rows)) => format!("{statement} [{rows}"),
        None => statement.to_owned(),
    }
}
