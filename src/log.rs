//! The query log: what is read and written, as `tracing` events and, on request, as lines for people.
//!
//! Nothing is formatted unless somebody listens. Hidden values never get here: whoever describes a
//! statement replaces them.

use std::ffi::OsStr;
use std::fmt::Display;
use std::io::IsTerminal;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The target of Musher's `tracing` events.
pub(crate) const TARGET: &str = "musher::query";

/// Receives finished lines.
pub(crate) type Sink = Arc<dyn Fn(&str) + Send + Sync>;

/// Where statements are told.
#[derive(Clone, Default)]
pub(crate) struct QueryLog {
    sink: Option<Sink>,
    colors: bool,
}

impl QueryLog {
    /// Lines on standard output, coloured if that is a terminal and `NO_COLOR` is not set.
    pub(crate) fn to_stdout() -> Self {
        let no_color = std::env::var_os("NO_COLOR");
        Self {
            sink: Some(Arc::new(|line| println!("{line}"))),
            colors: wants_colors(std::io::stdout().is_terminal(), no_color.as_deref()),
        }
    }

    /// Lines without colours.
    pub(crate) fn to_sink(sink: Sink) -> Self {
        Self {
            sink: Some(sink),
            colors: false,
        }
    }

    /// Whether anybody listens.
    pub(crate) fn is_enabled(&self) -> bool {
        self.sink.is_some() || tracing::enabled!(target: TARGET, tracing::Level::DEBUG)
    }

    /// The time at which a statement begins, if anybody listens.
    pub(crate) fn start(&self) -> Option<Instant> {
        self.is_enabled().then(Instant::now)
    }

    /// Tells a statement that has no duration of its own.
    pub(crate) fn mark(&self, statement: &str) {
        if self.is_enabled() {
            tracing::debug!(target: TARGET, "{statement}");
            self.print(statement, "");
        }
    }

    /// Tells a statement that began at `started`, and how many rows it read or wrote.
    pub(crate) fn tell(
        &self,
        started: Option<Instant>,
        rows: Option<usize>,
        statement: impl FnOnce() -> String,
    ) {
        if let Some(started) = started {
            let took = started.elapsed();
            self.tell_took(took, rows, &statement());
        }
    }

    /// Tells a statement that took so long, and how many rows it read or wrote.
    pub(crate) fn tell_took(&self, took: Duration, rows: Option<usize>, statement: &str) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        if let Some(rows) = rows {
            tracing::debug!(target: TARGET, took_us = micros, rows, "{statement}");
        } else {
            tracing::debug!(target: TARGET, took_us = micros, "{statement}");
        }
        self.print(statement, &suffix(took, rows));
    }

    fn print(&self, statement: &str, suffix: &str) {
        let Some(sink) = &self.sink else { return };
        if self.colors {
            sink(&format!(
                "\x1b[90m[query]\x1b[0m {statement}\x1b[90m{suffix}\x1b[0m"
            ));
        } else {
            sink(&format!("[query] {statement}{suffix}"));
        }
    }
}

/// <https://no-color.org>: set and not empty means no colours, whatever it is set to.
fn wants_colors(is_terminal: bool, no_color: Option<&OsStr>) -> bool {
    is_terminal && no_color.is_none_or(OsStr::is_empty)
}

fn suffix(took: Duration, rows: Option<usize>) -> String {
    let took = took.as_millis();
    match rows {
        None => format!(" [took {took} ms]"),
        Some(1) => format!(" [took {took} ms, 1 row]"),
        Some(rows) => format!(" [took {took} ms, {rows} rows]"),
    }
}

/// Items with commas between, cut off after a few, for lines that people read.
pub(crate) fn list(items: impl ExactSizeIterator<Item = impl Display>) -> String {
    const SHOWN: usize = 8;
    let total = items.len();
    let mut text = String::new();
    for (at, item) in items.take(SHOWN).enumerate() {
        if at > 0 {
            text.push_str(", ");
        }
        text.push_str(&item.to_string());
    }
    if total > SHOWN {
        text.push_str(", .. ");
        text.push_str(&(total - SHOWN).to_string());
        text.push_str(" more");
    }
    text
}

/// A value as the log shows it: long texts are cut.
pub(crate) fn shortened(value: &str) -> String {
    const SHOWN: usize = 60;
    match value.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}..", &value[..end]),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parking_lot::Mutex;

    #[test]
    fn a_line_says_statement_duration_and_rows() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        let log = QueryLog::to_sink(Arc::new(move |line| kept.lock().push(line.to_owned())));
        log.mark("begin");
        log.tell(log.start(), Some(1), || {
            "select user by id in (1)".to_owned()
        });
        assert_eq!(lines.lock()[0], "[query] begin");
        assert_eq!(
            lines.lock()[1],
            "[query] select user by id in (1) [took 0 ms, 1 row]"
        );
    }

    #[test]
    fn colours_are_for_terminals_and_no_color_is_respected() {
        assert!(wants_colors(true, None));
        assert!(wants_colors(true, Some(OsStr::new(""))));
        assert!(!wants_colors(true, Some(OsStr::new("0"))));
        assert!(!wants_colors(false, None));
    }

    #[test]
    fn without_a_listener_nothing_is_formatted() {
        let log = QueryLog::default();
        log.tell(log.start(), None, || unreachable!("nobody listens"));
    }

    #[test]
    fn long_lists_are_cut() {
        assert_eq!(list([1, 2].iter()), "1, 2");
        assert_eq!(
            list((1..=10).collect::<Vec<_>>().iter()),
            "1, 2, 3, 4, 5, 6, 7, 8, .. 2 more"
        );
    }
}
