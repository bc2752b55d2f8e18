//! Measures how long a program with many entities takes to build, with Musher and with `SeaORM`.
//!
//! It generates one program for each from `templates/`, builds their dependencies, and then measures
//! four builds of the program itself, each several times: all of it, and again after the change of
//! one entity, for debugging and for release. It prints a table of the medians, in seconds: on the wall,
//! and, in brackets, of all processors together, which tells more on a machine that does other work.
//!
//! ```text
//! build-time [ENTITIES [ROUNDS [PROGRAM..]]]     50 entities, 3 rounds, all programs
//! ```

mod program;

use std::env;
use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use program::{Cost, Profile, Program};

const PROGRAMS: [&str; 2] = ["musher", "sea_orm"];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let entities: usize = arguments.next().map_or(Ok(50), |n| n.parse())?;
    let rounds: usize = arguments.next().map_or(Ok(3), |n| n.parse())?;
    let chosen: Vec<String> = arguments.collect();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));

    println!("| {entities} entities | debug | after a change | release | after a change |");
    println!("|---|---:|---:|---:|---:|");
    for name in PROGRAMS {
        if !chosen.is_empty() && !chosen.iter().any(|known| known == name) {
            continue;
        }
        let program = Program::generate(here, name, entities)?;
        print!("| {name} |");
        for profile in [Profile::Debug, Profile::Release] {
            program.build(profile)?; // the dependencies, too
            let mut whole = Vec::new();
            let mut changed = Vec::new();
            for round in 0..rounds {
                program.clean(profile)?;
                whole.push(program.build(profile)?);
                program.change_entity(round)?;
                changed.push(program.build(profile)?);
            }
            print!(" {} | {} |", cell(&whole), cell(&changed));
            io::stdout().flush()?;
        }
        println!();
    }
    Ok(())
}

/// The medians: the time on the wall, and that of the processors.
fn cell(costs: &[Cost]) -> String {
    let wall = median(costs.iter().map(|cost| cost.wall).collect());
    let processors: Option<Vec<_>> = costs.iter().map(|cost| cost.processors).collect();
    match processors {
        Some(times) => format!("{wall:.1} ({:.1})", median(times)),
        None => format!("{wall:.1}"),
    }
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64()
}
