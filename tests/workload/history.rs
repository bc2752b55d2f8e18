//! What writers have told, and what must be there because of it.
//!
//! Every line is told on its own, in the order in which things happened: before a commit begins,
//! and after it was acknowledged. So a line that comes before another is about something that
//! happened before it.

use std::fmt;

/// So many threads write.
pub const WRITERS: usize = 3;

/// How many commits of each writer there are.
pub type Commits = [u64; WRITERS];

/// Something that was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// The database is about to be opened.
    Opening,
    /// It is open.
    Opened,
    /// These commits were found in it, and nobody writes yet.
    Found(Commits),
    /// A commit is about to begin.
    Begun { writer: usize, number: u64 },
    /// A commit was acknowledged.
    Done { writer: usize, number: u64 },
    /// A writer is about to call `sync`.
    Syncing { writer: usize },
    /// That call has succeeded.
    Synced { writer: usize },
    /// The database is about to be closed.
    Closing,
    /// It is closed.
    Closed,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opening => write!(f, "told opening"),
            Self::Opened => write!(f, "told opened"),
            Self::Found([a, b, c]) => write!(f, "told found {a} {b} {c}"),
            Self::Begun { writer, number } => write!(f, "told begun {writer} {number}"),
            Self::Done { writer, number } => write!(f, "told done {writer} {number}"),
            Self::Syncing { writer } => write!(f, "told syncing {writer}"),
            Self::Synced { writer } => write!(f, "told synced {writer}"),
            Self::Closing => write!(f, "told closing"),
            Self::Closed => write!(f, "told closed"),
        }
    }
}

impl Line {
    /// Reads what was displayed; `None` for anything else, as a test harness prints too.
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.trim_end().strip_prefix("told ")?.split(' ');
        let kind = words.next()?;
        let numbers: Vec<u64> = words.map_while(|word| word.parse().ok()).collect();
        let number = |at: usize| numbers.get(at).copied();
        let writer = || usize::try_from(number(0)?).ok();
        Some(match kind {
            "opening" => Self::Opening,
            "opened" => Self::Opened,
            "found" => Self::Found([number(0)?, number(1)?, number(2)?]),
            "syncing" => Self::Syncing { writer: writer()? },
            "synced" => Self::Synced { writer: writer()? },
            "closing" => Self::Closing,
            "closed" => Self::Closed,
            "begun" => Self::Begun {
                writer: writer()?,
                number: number(1)?,
            },
            "done" => Self::Done {
                writer: writer()?,
                number: number(1)?,
            },
            _ => return None,
        })
    }
}

/// What acknowledged commits are safe from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// All of them are there.
    All,
    /// Those are there that were acknowledged before a `sync`, or the closing, that has succeeded.
    Synced,
}

/// The lines since a state that is known.
#[derive(Clone, Debug)]
pub struct History {
    promise: Promise,
    lines: Vec<Line>,
    begun: Commits,
    done: Commits,
    /// What was acknowledged when the `sync` of each writer began.
    syncing: [Commits; WRITERS],
    synced: Commits,
}

impl History {
    /// After a look at a database that had these commits, and has them for good.
    pub const fn since(start: Commits, promise: Promise) -> Self {
        Self {
            promise,
            lines: Vec::new(),
            begun: start,
            done: start,
            syncing: [start; WRITERS],
            synced: start,
        }
    }

    /// How many commits were acknowledged.
    pub fn count_done(&self) -> u64 {
        self.done.iter().sum()
    }

    /// Takes note of a line, and says what is wrong with it, if anything is.
    pub fn hear(&mut self, line: Line) -> Result<(), String> {
        match line {
            Line::Found(found) => {
                self.judge(found)?;
                *self = Self::since(found, self.promise);
            }
            Line::Begun { writer, number } => self.begun[writer] = number,
            Line::Done { writer, number } => {
                assert_eq!(number, self.begun[writer], "a writer does one at a time");
                self.done[writer] = number;
            }
            Line::Syncing { writer } => self.syncing[writer] = self.done,
            Line::Synced { writer } => {
                let sure = self.syncing[writer];
                self.synced = std::array::from_fn(|at| sure[at].max(self.synced[at]));
            }
            Line::Closed => self.synced = self.done,
            Line::Opening | Line::Opened | Line::Closing => {}
        }
        self.lines.push(line);
        Ok(())
    }

    /// Says what is wrong with finding these commits, if anything is.
    pub fn judge(&self, found: Commits) -> Result<(), String> {
        let least = match self.promise {
            Promise::All => self.done,
            Promise::Synced => self.synced,
        };
        for writer in 0..WRITERS {
            let possible = least[writer]..=self.begun[writer];
            if !possible.contains(&found[writer]) {
                return Err(format!(
                    "writer {writer} has {} commits, and must have {possible:?}",
                    found[writer]
                ));
            }
        }
        self.judge_tail(found)
    }

    /// What is lost is a tail: nothing is there that began after something lost was acknowledged.
    fn judge_tail(&self, found: Commits) -> Result<(), String> {
        let mut lost = None;
        for line in &self.lines {
            match *line {
                Line::Done { writer, number } if number > found[writer] => {
                    lost.get_or_insert((writer, number));
                }
                Line::Begun { writer, number } if number <= found[writer] => {
                    if let Some((loser, lost)) = lost {
                        return Err(format!(
                            "commit {lost} of writer {loser} is lost, and commit {number} of \
                             writer {writer} is there, which began after it"
                        ));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// The judge finds what it is there to find: a test of the tests.
#[test]
fn a_history_is_judged_by_what_was_told() {
    let begun = |writer, number| Line::Begun { writer, number };
    let done = |writer, number| Line::Done { writer, number };
    let lines = [
        begun(0, 1),
        begun(1, 1),
        done(0, 1),
        Line::Syncing { writer: 0 },
        done(1, 1),
        begun(2, 1),
        Line::Synced { writer: 0 },
    ];
    let judge = |found, promise| {
        let mut history = History::since([0; WRITERS], promise);
        for line in lines {
            assert_eq!(Line::parse(&line.to_string()), Some(line));
            history.hear(line).expect("nothing was found yet");
        }
        let judged = history.judge(found).is_ok();
        assert_eq!(history.hear(Line::Found(found)).is_ok(), judged);
        judged
    };
    assert!(judge([1, 1, 0], Promise::All));
    assert!(judge([1, 1, 1], Promise::All));
    assert!(judge([1, 0, 0], Promise::Synced));
    assert!(
        !judge([1, 0, 0], Promise::All),
        "an acknowledged one is lost"
    );
    assert!(!judge([0, 0, 0], Promise::Synced), "a synced one is lost");
    assert!(!judge([1, 2, 0], Promise::All), "nobody has begun it");
    assert!(!judge([1, 0, 1], Promise::Synced), "a gap is no tail");
}
