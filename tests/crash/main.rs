//! What a killed process leaves behind.
//!
//! A child process opens a database and commits from several threads, and tells on its standard
//! output when a commit begins and when it was acknowledged. It is killed at random moments: after a
//! random number of commits and a little more, while it closes the database, or while it opens it,
//! also one that the kill before has left. Then the database is opened here, and everything is
//! compared with what so many commits must have made of it.
//!
//! The child is this test's own executable, told by an environment variable what it is. Moments are
//! drawn from a seed, which is printed; `MUSHER_CRASH_SEED` repeats it, as far as a scheduler lets a
//! moment be repeated, and `MUSHER_CRASH_ROUNDS` says how often to kill in each setup.

#[path = "../workload/mod.rs"]
mod workload;

use std::env;
use std::io::{BufRead, BufReader, Write, stdout};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use musher::CommitPath;
use musher::prelude::*;

use workload::history::{History, Line, Promise, WRITERS};
use workload::random::Random;
use workload::setup::Setup;
use workload::{blog, processes, writers};

/// Tells the executable that it is the child, and in which directory.
const DIRECTORY: &str = "MUSHER_CRASH_DIRECTORY";
/// How the child opens the database.
const SETUP: &str = "MUSHER_CRASH_SETUP";
/// How many commits each of its writers makes before it closes the database.
const COMMITS: &str = "MUSHER_CRASH_COMMITS";
/// Enough for any round in which the child is not to close.
const MOST_COMMITS: u64 = 100_000;
/// About what a commit takes, so that the kill comes anywhere within it.
const LONGEST_DELAY: Duration = Duration::from_millis(8);

fn rounds() -> u64 {
    env::var("MUSHER_CRASH_ROUNDS").map_or(8, |rounds| {
        rounds.parse().expect("MUSHER_CRASH_ROUNDS is a number")
    })
}

#[test]
fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    Run::new("Direct/Immediate").kill_and_check(rounds());
}

#[test]
fn buffered_commits_are_lost_from_the_end_only_and_never_by_halves() {
    Run::new("Direct/Os").kill_and_check(rounds());
}

#[test]
fn nothing_that_is_in_the_journal_is_lost() {
    Run::new("Journal/Immediate").kill_and_check(rounds());
}

#[test]
fn buffered_commits_in_the_journal_are_not_lost_either() {
    Run::new("Journal/Os").kill_and_check(rounds());
}

/// No test of its own: the process that is killed.
#[test]
fn child() {
    let Some(directory) = env::var_os(DIRECTORY) else {
        return;
    };
    let setup = Setup::named(&env::var(SETUP).unwrap());
    let commits = env::var(COMMITS).unwrap().parse().unwrap();
    // When nobody listens any more, the child panics, and does not run for ever. A line is written
    // at once, so that none is told by half.
    let tell = |line: Line| {
        let line = format!("\n{line}\n");
        stdout().lock().write_all(line.as_bytes()).unwrap();
    };
    tell(Line::Opening);
    let orm = setup.open(Path::new(&directory)).unwrap();
    tell(Line::Opened);
    writers::run(&orm, commits, &tell);
    tell(Line::Closing);
    drop(orm);
    tell(Line::Closed);
}

/// A database that is written to by children, one after another.
struct Run {
    directory: tempfile::TempDir,
    setup: Setup,
    random: Random,
    history: History,
    tally: Tally,
}

#[derive(Debug, Default)]
struct Tally {
    kills: u64,
    /// Kills before the child could begin a commit.
    while_opening: u64,
    /// Kills after its last one.
    while_closing: u64,
    /// What the last check has found.
    commits: u64,
    /// How many acknowledged commits were lost, where that may be.
    lost: u64,
}

/// When a child is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// As soon as it runs.
    Started,
    /// While it opens the database.
    Opening,
    /// After so many commits.
    Committed(u64),
    /// While it closes the database.
    Closing,
}

impl Moment {
    fn draw(random: &mut Random) -> Self {
        match random.below(8) {
            0 => Self::Started,
            1 => Self::Opening,
            2 => Self::Closing,
            _ => Self::Committed(1 + random.below(40)),
        }
    }
}

impl Run {
    fn new(setup: &str) -> Self {
        let random = Random::from_environment("MUSHER_CRASH_SEED");
        println!("{setup}: MUSHER_CRASH_SEED={}", random.seed());
        let setup = Setup::named(setup);
        let promise = match (setup.commit_path, setup.durability) {
            // What the system has been given, it writes, whatever becomes of the process.
            (_, Durability::Immediate) | (CommitPath::Journal, _) => Promise::All,
            _ => Promise::Synced,
        };
        Self {
            directory: tempfile::tempdir().unwrap(),
            setup,
            random,
            history: History::since([0; WRITERS], promise),
            tally: Tally::default(),
        }
    }

    fn database(&self) -> PathBuf {
        self.directory.path().join("blog")
    }

    fn kill_and_check(mut self, rounds: u64) {
        while self.tally.kills < rounds {
            // Without a check in between, a child opens what a killed one has left.
            for _ in 0..=self.random.below(2) {
                let moment = Moment::draw(&mut self.random);
                self.run_and_kill(moment);
            }
            self.check();
        }
        println!("{}: {:?}", self.setup.name(), self.tally);
        assert!(self.tally.commits > 0, "no child came to commit");
    }

    /// Lets a child run until the moment, and a little longer.
    fn run_and_kill(&mut self, moment: Moment) {
        let (mut child, mut lines) = self.start(moment);
        let mut done = 0;
        let has_come = |line: Option<Line>, done: u64| match moment {
            Moment::Started => true,
            Moment::Opening => line == Some(Line::Opening),
            Moment::Committed(count) => done == count,
            Moment::Closing => line == Some(Line::Closing),
        };
        let mut last = None;
        while !has_come(last, done) {
            last = next_line(&mut lines);
            let line = last.expect("the child has ended on its own, see its output");
            done += u64::from(matches!(line, Line::Done { .. }));
            self.hear(line);
        }
        self.delay();
        child.kill().unwrap();
        // What was told before the kill is still in the pipe.
        while let Some(line) = next_line(&mut lines) {
            done += u64::from(matches!(line, Line::Done { .. }));
            self.hear(line);
        }
        child.wait().unwrap();
        self.tally.kills += 1;
        self.tally.while_opening += u64::from(done == 0);
        self.tally.while_closing += u64::from(moment == Moment::Closing);
    }

    fn start(&self, moment: Moment) -> (Child, BufReader<ChildStdout>) {
        let commits = match moment {
            Moment::Closing => 8,
            _ => MOST_COMMITS,
        };
        let mut command = processes::child();
        command.stderr(Stdio::inherit());
        command.env(DIRECTORY, self.database());
        command.env(SETUP, self.setup.name());
        command.env(COMMITS, commits.to_string());
        let mut child = processes::start(&mut command).unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        (child, lines)
    }

    /// Spends a random time. Nothing is expected of it but that it differs.
    fn delay(&mut self) {
        let longest = u64::try_from(LONGEST_DELAY.as_nanos()).unwrap();
        let end = Instant::now() + Duration::from_nanos(self.random.below(longest));
        while Instant::now() < end {
            std::hint::spin_loop();
        }
    }

    /// Takes note of what a child told. One that opens what another has left tells what is there.
    fn hear(&mut self, line: Line) {
        if let Line::Found(found) = line {
            self.count_lost(found.iter().sum());
        }
        self.history.hear(line).unwrap();
    }

    fn count_lost(&mut self, found: u64) {
        self.tally.lost += self.history.count_done().saturating_sub(found);
        self.tally.commits = found;
    }

    /// Opens what is left, and compares it with what it must be.
    fn check(&mut self) {
        let _open = processes::keep_files();
        let orm = self.setup.open(&self.database()).unwrap();
        let found = blog::check(&orm).unwrap();
        self.hear(Line::Found(found));
    }
}

/// The next line that a child told; what the test harness itself prints is skipped.
fn next_line(lines: &mut impl BufRead) -> Option<Line> {
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line).unwrap() == 0 {
            return None;
        }
        if let Some(line) = Line::parse(&line) {
            return Some(line);
        }
    }
}
