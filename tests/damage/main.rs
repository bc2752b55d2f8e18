//! What damaged files do: each damage is harmless, or an error or a finding of `verify` says what is
//! damaged. Silently missing or wrong rows are what must not be.
//!
//! Databases of both commit paths, closed and as a killed process leaves them, are copied, and one
//! file of each copy is damaged at random: a byte is changed, the file is cut, or a page is filled with
//! zeros. A child process opens the copy and reads everything, so that one which is killed by it, or
//! does not come to an end, is told apart too. All commits were durable, so all of them must be there.
//!
//! `MUSHER_DAMAGE_CASES` says how many damages there are in all, and `MUSHER_DAMAGE_SEED` repeats a
//! run.

#[path = "../workload/mod.rs"]
mod workload;

use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use workload::history::WRITERS;
use workload::random::Random;
use workload::setup::Setup;
use workload::{blog, processes};

/// Tells the executable that it is the child, and in which directory.
const DIRECTORY: &str = "MUSHER_DAMAGE_DIRECTORY";
/// How the child opens the database.
const SETUP: &str = "MUSHER_DAMAGE_SETUP";
/// How many commits each writer has made.
const COMMITS: u64 = 10;
/// A page of a file system.
const PAGE: usize = 4096;
/// What the child tells begins with this.
const OUTCOME: &str = "outcome: ";
/// Many times of what a child takes: who is not done by then hangs.
const PATIENCE: Duration = Duration::from_mins(2);

fn cases() -> usize {
    env::var("MUSHER_DAMAGE_CASES").map_or(40, |cases| {
        cases.parse().expect("MUSHER_DAMAGE_CASES is a number")
    })
}

#[test]
fn damage_is_harmless_or_told() {
    let mut random = Random::from_environment("MUSHER_DAMAGE_SEED");
    println!("MUSHER_DAMAGE_SEED={}", random.seed());
    let bases = Base::all();
    for base in &bases {
        // A copy, since opening it is what makes a killed one a closed one.
        let outcome = base.copy().open();
        assert_eq!(outcome, Outcome::Harmless, "undamaged");
    }
    let mut table = Table::default();
    let mut failures = Vec::new();
    for case in 0..cases() {
        let base = &bases[case % bases.len()];
        let copy = base.copy();
        let damage = Damage::draw(&copy.database(), &mut random);
        damage.inflict(&copy.database());
        let outcome = copy.open();
        println!("{}, {damage}: {outcome}", base.name());
        if matches!(outcome, Outcome::Silent(_) | Outcome::Died(_)) {
            failures.push(format!("{}, {damage}: {outcome}", base.name()));
        }
        table.count(&damage, &outcome);
    }
    println!("{table}");
    assert!(failures.is_empty(), "{failures:#?}");
    assert!(table.has_told(), "no damage was large enough to be told");
}

/// No test of its own: the process that opens what is damaged.
#[test]
fn child() {
    let Some(directory) = env::var_os(DIRECTORY) else {
        return;
    };
    let setup = Setup::named(&env::var(SETUP).unwrap());
    let outcome = look(setup, Path::new(&directory));
    println!("\n{OUTCOME}{}", outcome.to_string().replace('\n', " "));
}

fn look(setup: Setup, database: &Path) -> Outcome {
    let orm = match setup.open(database) {
        Ok(orm) => orm,
        Err(error) => return Outcome::Refused(with_causes(&error)),
    };
    match catch_unwind(AssertUnwindSafe(|| blog::check(&orm))) {
        Ok(Ok(found)) if found == [COMMITS; WRITERS] => Outcome::Harmless,
        Ok(Ok(found)) => Outcome::Silent(format!("{found:?} commits of {COMMITS} each are there")),
        Ok(Err(error)) => Outcome::Told(with_causes(error.as_ref())),
        Err(_) => Outcome::Silent("what was read is wrong".to_owned()),
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    /// Everything is there.
    Harmless,
    /// The database does not open, and says why.
    Refused(String),
    /// A read or `verify` says what is damaged.
    Told(String),
    /// Something is missing or wrong, and nothing says so.
    Silent(String),
    /// The process ended, or did not come to an end.
    Died(String),
}

impl Outcome {
    const NAMES: [&str; 5] = ["harmless", "refused", "told", "silent", "died"];

    const fn index(&self) -> usize {
        match self {
            Self::Harmless => 0,
            Self::Refused(_) => 1,
            Self::Told(_) => 2,
            Self::Silent(_) => 3,
            Self::Died(_) => 4,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (name, what) = text.split_once(' ').unwrap_or((text, ""));
        let what = what.to_owned();
        Some(match Self::NAMES.iter().position(|known| *known == name)? {
            0 => Self::Harmless,
            1 => Self::Refused(what),
            2 => Self::Told(what),
            3 => Self::Silent(what),
            _ => Self::Died(what),
        })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::NAMES[self.index()])?;
        match self {
            Self::Harmless => Ok(()),
            Self::Refused(what) | Self::Told(what) | Self::Silent(what) | Self::Died(what) => {
                write!(f, " {what}")
            }
        }
    }
}

/// A database to be damaged, or a copy of one.
struct Base {
    directory: tempfile::TempDir,
    setup: Setup,
    is_closed: bool,
}

impl Base {
    fn all() -> Vec<Self> {
        let setups = ["Direct/Immediate", "Journal/Immediate"].map(Setup::named);
        let both = setups.into_iter();
        both.flat_map(|setup| [true, false].map(|is_closed| Self::new(setup, is_closed)))
            .collect()
    }

    fn new(setup: Setup, is_closed: bool) -> Self {
        let written = Self {
            directory: tempfile::tempdir().unwrap(),
            setup,
            is_closed,
        };
        let _open = processes::keep_files();
        // Opened twice, so that the engine's snapshot is there.
        let mut orm = setup.open(&written.database()).unwrap();
        for number in 1..=COMMITS {
            if number == COMMITS / 2 {
                drop(orm);
                orm = setup.open(&written.database()).unwrap();
            }
            for writer in 0..WRITERS {
                blog::commit(&orm, writer, number).unwrap();
            }
        }
        // The files of an open database are what a killed process leaves.
        let killed = written.copy();
        drop(orm);
        if is_closed { written } else { killed }
    }

    fn name(&self) -> String {
        let state = if self.is_closed { "closed" } else { "killed" };
        format!("{}, {state}", self.setup.name())
    }

    fn database(&self) -> PathBuf {
        self.directory.path().join("blog")
    }

    fn copy(&self) -> Self {
        let copy = Self {
            directory: tempfile::tempdir().unwrap(),
            ..*self
        };
        copy_directory(&self.database(), &copy.database());
        copy
    }

    /// Lets a child open it and read everything.
    fn open(&self) -> Outcome {
        let mut command = processes::child();
        command.env(DIRECTORY, self.database());
        command.env(SETUP, self.setup.name());
        let mut child = processes::start(&mut command).unwrap();
        let end = Instant::now() + PATIENCE;
        while child.try_wait().unwrap().is_none() {
            if Instant::now() > end {
                child.kill().unwrap();
                child.wait().unwrap();
                return Outcome::Died("it does not come to an end".to_owned());
            }
            thread::sleep(Duration::from_millis(2));
        }
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        let told = told.lines().find_map(|line| line.strip_prefix(OUTCOME));
        let outcome = told.and_then(Outcome::parse);
        outcome.unwrap_or_else(|| {
            let errors = String::from_utf8_lossy(&output.stderr);
            Outcome::Died(format!("{}: {errors}", output.status))
        })
    }
}

fn copy_directory(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_directory(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// What is done to one file.
struct Damage {
    /// The name of the file, from the directory of the database on.
    file: PathBuf,
    kind: Kind,
}

enum Kind {
    /// The bits of a byte are changed.
    Flip { position: usize, bits: u8 },
    /// The file ends here.
    Cut { length: usize },
    /// A page is filled with zeros.
    ZeroPage { start: usize },
}

impl Damage {
    /// Something that changes a file: not one that is empty, and not only zeros to zeros.
    fn draw(database: &Path, random: &mut Random) -> Self {
        let files = damageable(database);
        loop {
            let file = files[random.position(files.len())].clone();
            let content = fs::read(database.join(&file)).unwrap();
            let used = content.iter().rposition(|byte| *byte != 0);
            let used = used.expect("no file is empty") + 1;
            let position = random.position(used);
            let kind = match random.below(3) {
                0 => Kind::Flip {
                    position,
                    bits: u8::try_from(1 + random.below(255)).unwrap(),
                },
                1 => Kind::Cut { length: position },
                _ => Kind::ZeroPage {
                    start: position / PAGE * PAGE,
                },
            };
            let damage = Self { file, kind };
            if damage.apply(content.clone()) != content {
                return damage;
            }
        }
    }

    fn apply(&self, mut content: Vec<u8>) -> Vec<u8> {
        match self.kind {
            Kind::Flip { position, bits } => content[position] ^= bits,
            Kind::Cut { length } => content.truncate(length),
            Kind::ZeroPage { start } => {
                let end = content.len().min(start + PAGE);
                content[start..end].fill(0);
            }
        }
        content
    }

    fn inflict(&self, database: &Path) {
        let path = database.join(&self.file);
        let content = fs::read(&path).unwrap();
        fs::write(&path, self.apply(content)).unwrap();
    }

    const fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::Flip { .. } => "byte changed",
            Kind::Cut { .. } => "file cut",
            Kind::ZeroPage { .. } => "page of zeros",
        }
    }

    /// What the file is, whatever number is in its name.
    fn file_name(&self) -> String {
        let name = self.file.display().to_string();
        let kind = name.split(".0").next().unwrap_or(&name);
        kind.to_owned()
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = match self.kind {
            Kind::Flip { position, .. } => position,
            Kind::Cut { length } => length,
            Kind::ZeroPage { start } => start,
        };
        write!(f, "{}: {} at {at}", self.file.display(), self.kind_name())
    }
}

/// All files with content.
fn damageable(database: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for directory in ["", "sled", "journal"] {
        let Ok(entries) = fs::read_dir(database.join(directory)) else {
            continue;
        };
        let names = entries.map(|entry| entry.unwrap().file_name());
        let paths = names.map(|name| Path::new(directory).join(name));
        files.extend(paths.filter(|path| {
            let metadata = fs::metadata(database.join(path)).unwrap();
            metadata.is_file() && metadata.len() > 0
        }));
    }
    files.sort();
    files
}

/// How often each damage had each outcome.
#[derive(Default)]
struct Table(BTreeMap<(String, &'static str), [u64; 5]>);

impl Table {
    fn count(&mut self, damage: &Damage, outcome: &Outcome) {
        let key = (damage.file_name(), damage.kind_name());
        self.0.entry(key).or_default()[outcome.index()] += 1;
    }

    fn has_told(&self) -> bool {
        self.0.values().any(|counts| counts[1] + counts[2] > 0)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| file | damage | {} |", Outcome::NAMES.join(" | "))?;
        writeln!(f, "|---|---|{}", "--:|".repeat(Outcome::NAMES.len()))?;
        for ((file, kind), counts) in &self.0 {
            let counts = counts.map(|count| count.to_string()).join(" | ");
            writeln!(f, "| `{file}` | {kind} | {counts} |")?;
        }
        Ok(())
    }
}
