//! What a killed process leaves behind.
//!
//! A child process commits in a loop, and tells each commit on its standard output once `flush` has
//! returned. It is killed at random moments: after a random number of commits and a little more, or
//! while it opens the database, also one that the kill before has left. Then the database is opened
//! here, and everything is compared with what so many commits must have made of it.
//!
//! The child is this test's own executable, told by an environment variable what it is. Moments are
//! drawn from a seed, which is printed; `MUSHER_CRASH_SEED` repeats it, as far as a scheduler lets a
//! moment be repeated, and `MUSHER_CRASH_ROUNDS` says how often to kill.

mod blog;
mod random;

use std::env;
use std::io::{BufRead, BufReader, Write, stdout};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use musher::prelude::*;

use blog::Written;
use random::Random;

/// Tells the executable that it is the child, and in which directory.
const DIRECTORY: &str = "MUSHER_CRASH_DIRECTORY";
/// How safe the child's commits are.
const DURABILITY: &str = "MUSHER_CRASH_DURABILITY";
/// Held while a process is started, and while a database is open here. A process that is being
/// started has all open files of this one until its own program runs, the locks on them included:
/// the other test's database would stay locked for a moment after it was closed.
static NO_FORK: Mutex<()> = Mutex::new(());
/// Enough for any round; nobody waits for the child to come to its end.
const MOST_COMMITS: u64 = 100_000;
/// About what a commit takes, so that the kill comes anywhere within it.
const LONGEST_DELAY: Duration = Duration::from_millis(4);

fn rounds() -> u64 {
    env::var("MUSHER_CRASH_ROUNDS").map_or(50, |rounds| {
        rounds.parse().expect("MUSHER_CRASH_ROUNDS is a number")
    })
}

#[test]
fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    let run = Run::new(Durability::Immediate);
    run.kill_and_check(rounds());
}

#[test]
fn buffered_commits_are_lost_from_the_end_only_and_never_by_halves() {
    let run = Run::new(Durability::Os);
    run.kill_and_check(rounds() / 2);
}

/// No test of its own: the process that is killed.
#[test]
fn child() {
    let Some(directory) = env::var_os(DIRECTORY) else {
        return;
    };
    let durability = match env::var(DURABILITY).as_deref() {
        Ok("os") => Durability::Os,
        _ => Durability::Immediate,
    };
    // When nobody listens any more, the child panics, and does not run for ever.
    let tell = |line: &str| writeln!(stdout(), "\n{line}").unwrap();
    tell("opening");
    let orm = blog::open(Path::new(&directory), durability).unwrap();
    for _ in 0..MOST_COMMITS {
        let written = blog::commit_next(&orm).unwrap();
        tell(&written.to_line());
    }
}

/// A database that is written to by children, one after another.
struct Run {
    directory: tempfile::TempDir,
    durability: Durability,
    random: Random,
    /// The number of commits that the last check found.
    checked: u64,
    /// The highest number of a commit that was ever told.
    told: u64,
    /// The last commit that was told since a child began.
    last: Option<Written>,
    kills: u64,
    kills_in_open: u64,
    unacknowledged: u64,
    lost: u64,
}

/// When a child is killed.
enum Moment {
    /// As soon as it runs.
    Started,
    /// While it opens the database.
    Opening,
    /// After so many commits.
    Committed(u64),
}

impl Run {
    fn new(durability: Durability) -> Self {
        let random = Random::from_environment();
        println!("{durability:?}: MUSHER_CRASH_SEED={}", random.seed());
        Self {
            directory: tempfile::tempdir().unwrap(),
            durability,
            random,
            checked: 0,
            told: 0,
            last: None,
            kills: 0,
            kills_in_open: 0,
            unacknowledged: 0,
            lost: 0,
        }
    }

    fn kill_and_check(mut self, rounds: u64) {
        while self.kills < rounds {
            // Without a check in between, a child opens what a killed one has left.
            for _ in 0..=self.random.below(2) {
                let moment = self.moment();
                self.run_and_kill(&moment);
            }
            self.check();
        }
        println!(
            "{:?}: {} kills, {} of them while opening; {} commits stand, {} of those that were cut short; {} told ones are lost",
            self.durability,
            self.kills,
            self.kills_in_open,
            self.checked,
            self.unacknowledged,
            self.lost
        );
        assert!(self.checked > 0, "no child came to commit");
    }

    fn moment(&mut self) -> Moment {
        match self.random.below(6) {
            0 => Moment::Started,
            1 => Moment::Opening,
            _ => Moment::Committed(1 + self.random.below(30)),
        }
    }

    /// Lets a child run until the moment, and a little longer.
    fn run_and_kill(&mut self, moment: &Moment) {
        let (mut child, mut lines) = self.start();
        self.last = None;
        let mut awaited = match moment {
            Moment::Started => 0,
            Moment::Opening => 1,
            Moment::Committed(count) => 1 + *count,
        };
        while awaited > 0 {
            let line =
                next_line(&mut lines).expect("the child has ended on its own, see its output");
            awaited -= 1;
            self.hear(&line);
        }
        self.delay();
        child.kill().unwrap();
        // What was told before the kill is still in the pipe.
        while let Some(line) = next_line(&mut lines) {
            self.hear(&line);
        }
        child.wait().unwrap();
        self.kills += 1;
        self.kills_in_open += u64::from(self.last.is_none());
    }

    fn start(&self) -> (Child, BufReader<ChildStdout>) {
        let _alone = NO_FORK.lock().unwrap_or_else(PoisonError::into_inner);
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["child", "--exact", "--nocapture", "--test-threads=1"])
            .env(DIRECTORY, self.directory.path().join("blog"))
            .env(
                DURABILITY,
                match self.durability {
                    Durability::Os => "os",
                    Durability::Immediate => "immediate",
                },
            )
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
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

    /// Takes note of what a child told.
    fn hear(&mut self, line: &str) {
        let Some(written) = Written::from_line(line) else {
            return;
        };
        if let Some(last) = &self.last {
            assert_eq!(written.number, last.number + 1, "commits follow each other");
            written.assert_newer_than(last);
        } else if self.durability == Durability::Immediate {
            // One commit may have succeeded that nobody could tell any more.
            let first = self.told + 1..=self.told + 2;
            assert!(first.contains(&written.number), "{first:?}: {written:?}");
        }
        self.told = self.told.max(written.number);
        self.last = Some(written);
    }

    /// Opens what is left, and compares it with what it must be.
    fn check(&mut self) {
        let _alone = NO_FORK.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.directory.path().join("blog");
        let orm = blog::open(&path, self.durability).unwrap();
        let found = blog::count_commits(&orm);
        let least = match self.durability {
            Durability::Immediate => self.told,
            Durability::Os => self.checked,
        };
        let expected = least..=self.told + 1;
        assert!(
            expected.contains(&found),
            "of {} commits told there are {found}, expected are {expected:?}",
            self.told
        );
        blog::assert_commits(&orm, found);
        self.unacknowledged += found.saturating_sub(self.told);
        self.lost += self.told.saturating_sub(found);
        self.checked = found;
        self.told = found;
    }
}

/// The next line that is not empty; what the test harness itself prints is among them.
fn next_line(lines: &mut impl BufRead) -> Option<String> {
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line).unwrap() == 0 {
            return None;
        }
        let line = line.trim_end();
        if line == "opening" || Written::from_line(line).is_some() {
            return Some(line.to_owned());
        }
    }
}
