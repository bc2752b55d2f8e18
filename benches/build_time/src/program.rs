//! A generated program: a package of its own with one file for each entity.
//!
//! Each entity refers to the next one, in a ring, which has the inverse side; and to a parent, in a
//! tree. A function beside it uses it as programs do: creates, finds with a condition and an order,
//! loads the relations, changes, removes. So what is generic is compiled for each entity, too.

use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a build takes.
#[derive(Clone, Copy)]
pub struct Cost {
    /// By the clock on the wall, which also goes while other programs have the processors.
    pub wall: Duration,
    /// The time of all processors together, if the system tells.
    pub processors: Option<Duration>,
}

pub struct Program {
    directory: PathBuf,
    template: String,
    entities: usize,
}

#[derive(Clone, Copy)]
pub enum Profile {
    Debug,
    Release,
}

/// A tuple of entities holds 16.
const TUPLE: usize = 16;

impl Program {
    /// Writes the sources of the program whose templates have this name.
    pub fn generate(here: &Path, name: &str, entities: usize) -> io::Result<Self> {
        let template = here.join("templates").join(name);
        let program = Self {
            directory: here.join("target/programs").join(name),
            template: fs::read_to_string(template.join("entity.rs"))?,
            entities,
        };
        fs::create_dir_all(program.directory.join("src"))?;

        let repository = here.join("../..").canonicalize()?;
        let manifest = fs::read_to_string(template.join("Cargo.toml"))?;
        let manifest = manifest.replace("{repository}", &repository.display().to_string());
        fs::write(program.directory.join("Cargo.toml"), manifest)?;
        let main = fs::read_to_string(template.join("main.rs"))?;
        fs::write(program.directory.join("src/main.rs"), program.main(&main))?;
        for number in 0..entities {
            program.write_entity(number, 100)?;
        }
        Ok(program)
    }

    /// The crate's root.
    fn main(&self, template: &str) -> String {
        let lines = |line: &dyn Fn(usize) -> String| -> String {
            (0..self.entities).map(line).collect::<Vec<_>>().join("\n")
        };
        let tuples: Vec<String> = (0..self.entities)
            .collect::<Vec<_>>()
            .chunks(TUPLE)
            .map(|numbers| {
                let paths = numbers.iter().map(|n| format!("entity{n}::Entity{n}, "));
                format!("({})", paths.collect::<String>())
            })
            .collect();
        let create = "db.execute(backend.build(&schema.create_table_from_entity(";
        let suffix = if template.contains("async fn main") {
            "(db).await?;"
        } else {
            "(em)?;"
        };
        template
            .replace("{count}", &self.entities.to_string())
            .replace("{modules}", &lines(&|n| format!("mod entity{n};")))
            .replace("{all}", &format!("({})", tuples.join(", ")))
            .replace(
                "{tables}",
                &lines(&|n| format!("    {create}entity{n}::Entity))).await?;")),
            )
            .replace(
                "{calls}",
                &lines(&|n| format!("    entity{n}::exercise{suffix}")),
            )
    }

    /// One entity, whose name may have so many characters: what a change changes.
    fn write_entity(&self, number: usize, length: usize) -> io::Result<()> {
        let next = (number + 1) % self.entities;
        let previous = (number + self.entities - 1) % self.entities;
        let parent = number.saturating_sub(1) / 2;
        let text = self
            .template
            .replace("{name}", &format!("entity{number}"))
            .replace("{Name}", &format!("Entity{number}"))
            .replace("{next}", &format!("entity{next}"))
            .replace("{Next}", &format!("Entity{next}"))
            .replace("{previous}", &format!("entity{previous}"))
            .replace("{Previous}", &format!("Entity{previous}"))
            .replace("{parent}", &format!("entity{parent}"))
            .replace("{Parent}", &format!("Entity{parent}"))
            .replace("{length}", &length.to_string());
        fs::write(self.directory.join(format!("src/entity{number}.rs")), text)
    }

    /// Changes the entity in the middle, each round otherwise.
    pub fn change_entity(&self, round: usize) -> io::Result<()> {
        self.write_entity(self.entities / 2, 101 + round)
    }

    /// Forgets what was built of the program, but not of its dependencies.
    pub fn clean(&self, profile: Profile) -> Result<(), Box<dyn Error>> {
        self.write_entity(self.entities / 2, 100)?;
        self.cargo("clean", profile, &["--package", "program"])
    }

    /// Builds it, and says what that took.
    pub fn build(&self, profile: Profile) -> Result<Cost, Box<dyn Error>> {
        let (begin, before) = (Instant::now(), processor_time());
        self.cargo("build", profile, &[])?;
        let processors = processor_time().zip(before).map(|(now, then)| now - then);
        Ok(Cost {
            wall: begin.elapsed(),
            processors,
        })
    }

    fn cargo(
        &self,
        command: &str,
        profile: Profile,
        arguments: &[&str],
    ) -> Result<(), Box<dyn Error>> {
        let mut cargo = Command::new("cargo");
        cargo
            .args([command, "--quiet"])
            .args(arguments)
            .current_dir(&self.directory)
            .env("CARGO_TARGET_DIR", self.directory.join("target"))
            .stderr(Stdio::inherit());
        if let Profile::Release = profile {
            cargo.arg("--release");
        }
        if cargo.status()?.success() {
            Ok(())
        } else {
            Err(format!("`cargo {command}` failed in {}", self.directory.display()).into())
        }
    }
}

/// The processor time of all child processes that have ended: the 14th and 15th number of
/// `/proc/self/stat` after the name, in hundredths of a second.
fn processor_time() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let numbers = stat.rsplit_once(')')?.1.split_whitespace();
    let ticks: Vec<u64> = numbers.skip(13).take(2).flat_map(str::parse).collect();
    (ticks.len() == 2).then(|| Duration::from_millis(10 * (ticks[0] + ticks[1])))
}
