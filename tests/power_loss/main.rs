//! What a loss of power leaves behind.
//!
//! A child process opens a database, writes to it from several threads and closes it, while every
//! operation on a file is recorded ([`file_trace`]). For a random moment of that trace a disk is
//! built ([`disk`]) that has everything which was synced by then, and of the rest whatever a disk may
//! have. What is opened from it is compared with what had been acknowledged at that moment. Some of
//! these disks are opened by another child, whose trace is cut anew: the power goes again while the
//! database recovers.
//!
//! `MUSHER_POWER_ROUNDS` says how often the power goes in each setup, and `MUSHER_POWER_SEED` repeats
//! the choices of a run, though not the scheduling of its threads.

#![cfg(target_os = "linux")]

mod disk;
#[path = "../workload/mod.rs"]
mod workload;

use std::collections::BTreeMap;
use std::env;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use file_trace::Event;
use musher::prelude::*;

use disk::{Disk, Image, Loss, Syncs};
use workload::history::{Commits, History, Line, Promise, WRITERS};
use workload::random::Random;
use workload::setup::Setup;
use workload::{blog, processes, writers};

/// Tells the executable that it is the child, and in which directory.
const DIRECTORY: &str = "MUSHER_POWER_DIRECTORY";
/// How the child opens the database.
const SETUP: &str = "MUSHER_POWER_SETUP";
/// How many commits each of its writers makes.
const COMMITS: &str = "MUSHER_POWER_COMMITS";
/// The engine's log consists of segments of this length.
const SEGMENT: usize = 2 * 1024 * 1024;
/// A new recording begins after so many rounds.
const ROUNDS_A_RECORDING: u64 = 25;

fn rounds() -> u64 {
    env::var("MUSHER_POWER_ROUNDS").map_or(8, |rounds| {
        rounds.parse().expect("MUSHER_POWER_ROUNDS is a number")
    })
}

#[test]
fn direct_commits_survive_that_were_on_the_disk() {
    Run::new("Direct/Immediate", Syncs::Heard).pass(rounds());
}

#[test]
fn direct_commits_that_did_not_wait_are_lost_from_the_end_only() {
    Run::new("Direct/Os", Syncs::Heard).pass(rounds());
}

#[test]
fn journaled_commits_survive_that_were_on_the_disk() {
    Run::new("Journal/Immediate", Syncs::Heard).pass(rounds());
}

#[test]
fn journaled_commits_that_did_not_wait_are_lost_from_the_end_only() {
    Run::new("Journal/Os", Syncs::Heard).pass(rounds());
}

/// What makes the other tests pass: the same with a disk that does not hear of Musher's own syncs
/// goes wrong, and soon.
#[test]
fn without_our_syncs_commits_are_lost() {
    for setup in ["Direct/Immediate", "Journal/Immediate"] {
        let failures = Run::new(setup, Syncs::DataUnheard).lose_power(20).failures;
        println!(
            "{setup} without syncs: {} of 20 rounds failed",
            failures.len()
        );
        assert!(!failures.is_empty(), "{setup}");
    }
}

/// No test of its own: the process that is recorded.
#[test]
fn child() {
    let Some(root) = env::var_os(DIRECTORY) else {
        return;
    };
    let root = PathBuf::from(root);
    let setup = Setup::named(&env::var(SETUP).unwrap());
    let commits = env::var(COMMITS).unwrap().parse().unwrap();
    file_trace::start(&root, &root.with_extension("trace")).unwrap();
    let told = OpenOptions::new()
        .create(true)
        .append(true)
        .open(told_in(&root))
        .unwrap();
    let tell = |line: Line| (&told).write_all(format!("{line}\n").as_bytes()).unwrap();
    tell(Line::Opening);
    let orm = setup.open(&database_in(&root)).unwrap();
    tell(Line::Opened);
    writers::run(&orm, commits, &tell);
    tell(Line::Closing);
    drop(orm);
    tell(Line::Closed);
}

fn told_in(root: &Path) -> PathBuf {
    root.join("told")
}

fn database_in(root: &Path) -> PathBuf {
    root.join("blog")
}

/// What a child did, and on what disk.
struct Recording {
    root: PathBuf,
    events: Vec<Event>,
    /// The events by what the child was doing: opening, writing, closing.
    phases: [std::ops::Range<usize>; 3],
}

/// Lets a child open, write and close the database in `root`, and gives what it did.
fn record(setup: Setup, root: &Path, commits: u64) -> Result<Recording, String> {
    let trace = root.with_extension("trace");
    let mut child = processes::child();
    child.env(DIRECTORY, root).env(SETUP, setup.name());
    child.env(COMMITS, commits.to_string());
    let output = processes::start(&mut child)
        .unwrap()
        .wait_with_output()
        .unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let events = file_trace::read(&trace).unwrap();
    fs::remove_file(&trace).unwrap();
    let position = |line: Line| {
        let told = format!("{line}\n");
        let is_it = |event: &Event| matches!(event, Event::Write { bytes, .. } if *bytes == told.as_bytes());
        events
            .iter()
            .rposition(is_it)
            .expect("the child tells what it does")
    };
    let (opened, closing) = (position(Line::Opened), position(Line::Closing));
    Ok(Recording {
        root: root.to_owned(),
        phases: [0..opened, opened..closing, closing..events.len()],
        events,
    })
}

/// A disk to which the events of a recording happen, and what was told meanwhile.
struct Playback<'a> {
    recording: &'a Recording,
    disk: Disk,
    history: History,
    next: usize,
    /// The most segments of the engine's log that were begun and not synced at any time.
    most_segments: usize,
    most_bytes: usize,
}

impl<'a> Playback<'a> {
    fn new(recording: &'a Recording, disk: Disk, history: History) -> Self {
        Self {
            recording,
            disk,
            history,
            next: 0,
            most_segments: 0,
            most_bytes: 0,
        }
    }

    /// Lets all events before `end` happen, and says what is wrong with what was told by then.
    fn play_until(&mut self, end: usize) -> Result<(), String> {
        let log = database_in(&self.recording.root).join("sled/db");
        for (at, event) in self.recording.events[..end]
            .iter()
            .enumerate()
            .skip(self.next)
        {
            let is_open = at >= self.recording.phases[1].start;
            self.disk.apply(event);
            if let Event::Write { handle, bytes, .. } = event
                && self.disk.path(*handle) == told_in(&self.recording.root)
            {
                let line = std::str::from_utf8(bytes).unwrap();
                self.history.hear(Line::parse(line).unwrap())?;
            } else if let Event::Write { handle, .. } = event
                && self.disk.path(*handle) == log
            {
                let segments = self.disk.unsynced_blocks(&log, SEGMENT);
                self.most_segments = self.most_segments.max(segments);
                if is_open {
                    self.most_bytes = self.most_bytes.max(self.disk.unsynced_bytes(&log));
                }
            }
        }
        self.next = end;
        Ok(())
    }

    fn unsynced_bytes(&self, name: &str) -> usize {
        let path = database_in(&self.recording.root).join(name);
        self.disk.unsynced_bytes(&path)
    }
}

/// What happened in so many rounds.
#[derive(Default, Debug)]
struct Tally {
    rounds: u64,
    /// Rounds in which something was lost.
    losing: u64,
    lost_sectors: usize,
    lost_names: usize,
    /// Rounds in which a file had writes that were not synced.
    unsynced: BTreeMap<&'static str, u64>,
    /// The most segments of the engine's log that were begun and not synced at any time.
    most_segments: usize,
    /// The most bytes of it that were written and not synced while the child wrote and closed.
    most_bytes: usize,
    /// Rounds by what the child was doing.
    phases: [u64; 3],
    /// Rounds in which the power went while a database recovered.
    recovering: u64,
}

/// Recordings and losses of power in one setup.
struct Run {
    setup: Setup,
    syncs: Syncs,
    random: Random,
    tally: Tally,
    failures: Vec<String>,
}

impl Run {
    fn new(setup: &str, syncs: Syncs) -> Self {
        let random = Random::from_environment("MUSHER_POWER_SEED");
        println!("{setup}: MUSHER_POWER_SEED={}", random.seed());
        Self {
            setup: Setup::named(setup),
            syncs,
            random,
            tally: Tally::default(),
            failures: Vec::new(),
        }
    }

    /// Takes the power away so often, and expects all to be well.
    fn pass(self, rounds: u64) {
        let Self {
            setup,
            tally,
            failures,
            ..
        } = self.lose_power(rounds);
        println!("{}: {tally:#?}", setup.name());
        assert!(
            failures.is_empty(),
            "{} of {} rounds: {failures:#?}",
            failures.len(),
            tally.rounds
        );
        assert!(
            tally.losing > tally.rounds / 3,
            "little was lost: {tally:?}"
        );
        assert!(
            tally.most_segments <= 1,
            "the engine is safe with one segment that was begun and not synced: {tally:?}"
        );
    }

    fn lose_power(mut self, rounds: u64) -> Self {
        while self.tally.rounds < rounds {
            self.record_and_lose_power(ROUNDS_A_RECORDING.min(rounds - self.tally.rounds));
        }
        self
    }

    fn record_and_lose_power(&mut self, rounds: u64) {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("disk");
        fs::create_dir(&root).unwrap();
        let before = Disk::open(&root, self.syncs);
        let commits = 20 + self.random.below(60);
        let recording = record(self.setup, &root, commits).unwrap();
        let history = History::since([0; WRITERS], self.promise());
        let mut playback = Playback::new(&recording, before, history);
        for end in self.moments(&recording, rounds) {
            playback.play_until(end).unwrap();
            self.lose_power_at(&playback, directory.path());
        }
        playback.play_until(recording.events.len()).unwrap();
        self.tally.most_segments = self.tally.most_segments.max(playback.most_segments);
        self.tally.most_bytes = self.tally.most_bytes.max(playback.most_bytes);
        assert!(
            playback.disk.intact() == Image::of(&root),
            "the trace does not lead to what the child has left: a way to write is not recorded"
        );
    }

    /// Moments of the recording, ascending.
    fn moments(&mut self, recording: &Recording, rounds: u64) -> Vec<usize> {
        let mut moments: Vec<usize> = (0..rounds)
            .map(|_| {
                let phase = match self.random.below(6) {
                    0 => 0,
                    1 => 2,
                    _ => 1,
                };
                let range = recording.phases[phase].clone();
                self.tally.phases[phase] += 1;
                range.start + self.random.position(range.len()) + 1
            })
            .collect();
        moments.sort_unstable();
        moments
    }

    fn loss(&mut self) -> Loss {
        match self.random.below(8) {
            0 => Loss::All,
            1 => Loss::OneWrite,
            2 => Loss::Percent(0),
            3 | 4 => Loss::Percent(50),
            _ => Loss::Percent(1 + self.random.below(99)),
        }
    }

    fn lose_power_at(&mut self, playback: &Playback<'_>, scratch: &Path) {
        let loss = self.loss();
        let image = playback.disk.lose_power(loss, &mut self.random);
        self.count(&image);
        for name in ["sled/db", "journal/0", "journal/1", "witness"] {
            let unsynced = u64::from(playback.unsynced_bytes(name) > 0);
            *self.tally.unsynced.entry(name).or_default() += unsynced;
        }
        let place = format!(
            "event {} of {}, {loss:?}, {} sectors and {} names lost",
            playback.next,
            playback.recording.events.len(),
            image.lost_sectors,
            image.lost_names
        );
        if self.random.percent(20) {
            self.lose_power_again(&image, &playback.history, scratch, &place);
        } else {
            self.check(&image, &playback.history, scratch, &place);
        }
    }

    fn count(&mut self, image: &Image) {
        self.tally.rounds += 1;
        self.tally.losing += u64::from(image.lost_sectors + image.lost_names > 0);
        self.tally.lost_sectors += image.lost_sectors;
        self.tally.lost_names += image.lost_names;
    }

    /// Opens the image, and takes the power away while that is being done, or while the database is
    /// closed after it.
    fn lose_power_again(&mut self, image: &Image, history: &History, scratch: &Path, place: &str) {
        let directory = tempfile::tempdir_in(scratch).unwrap();
        let root = directory.path().join("disk");
        fs::create_dir(&root).unwrap();
        image.write(&root);
        let _ = fs::remove_file(told_in(&root));
        let before = Disk::open(&root, self.syncs);
        let recording = match record(self.setup, &root, 0) {
            Ok(recording) => recording,
            Err(error) => {
                self.failures.push(format!("{place}: {error}"));
                return;
            }
        };
        let mut playback = Playback::new(&recording, before, history.clone());
        let mut moments: Vec<usize> = (0..3)
            .map(|_| 1 + self.random.position(recording.events.len()))
            .collect();
        moments.sort_unstable();
        for end in moments {
            let loss = self.loss();
            let place = format!("{place}, then event {end} of the recovery, {loss:?}");
            if let Err(error) = playback.play_until(end) {
                self.failures.push(format!("{place}: {error}"));
                return;
            }
            let image = playback.disk.lose_power(loss, &mut self.random);
            self.count(&image);
            self.tally.recovering += 1;
            self.check(&image, &playback.history, scratch, &place);
        }
    }

    /// Opens what is left, and compares it with what was told.
    fn check(&mut self, image: &Image, history: &History, scratch: &Path, place: &str) {
        let directory = tempfile::tempdir_in(scratch).unwrap();
        image.write(directory.path());
        let _open = processes::keep_files();
        let found = catch_unwind(AssertUnwindSafe(|| look(self.setup, directory.path())));
        let problem = match found {
            Ok(Ok(found)) => history.judge(found).err(),
            Ok(Err(error)) => Some(error),
            Err(_) => Some("what was read is wrong".to_owned()),
        };
        self.failures
            .extend(problem.map(|problem| format!("{place}: {problem}")));
    }

    const fn promise(&self) -> Promise {
        match self.setup.durability {
            Durability::Immediate => Promise::All,
            Durability::Interval(_) | Durability::Os => Promise::Synced,
        }
    }
}

fn look(setup: Setup, root: &Path) -> Result<Commits, String> {
    let orm = setup
        .open(&database_in(root))
        .map_err(|error| error.to_string())?;
    blog::check(&orm).map_err(|error| error.to_string())
}
