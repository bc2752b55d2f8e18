//! Prints what the planner's choices are worth: the same condition where an index could answer it, and
//! where none can, so that all rows are read; all that it leaves, and the first 20 in another order.
//!
//! That stepping along the rows costs two thirds of a look-up (`src/query/gather.rs`) was read off this table,
//! of a run in which every row was looked up: that took as long as reading all rows where the condition
//! left between 40 % (50,000 rows in sled) and 60 % (1,000) of them.

use std::hint::black_box;
use std::time::{Duration, Instant};

use musher::prelude::*;
use tempfile::TempDir;

/// What is asked for by `indexed` or by `plain`, which hold the same.
#[derive(Entity, Debug)]
struct Entry {
    #[orm(primary_key)]
    id: Pk,
    #[orm(index)]
    indexed: u32,
    plain: u32,
    #[orm(index)]
    place: u32,
    text: String,
}

const KEPT: [u32; 10] = [1, 5, 10, 15, 20, 25, 30, 40, 60, 100];

fn main() {
    // Other than as a benchmark, it is only tried.
    let tried = !std::env::args().any(|argument| argument == "--bench");
    let (rounds, sizes) = if tried {
        (1, &[100][..])
    } else {
        (21, &[1_000, 50_000][..])
    };
    println!(
        "| store, rows, length of a text, asked for | kept | with an index | without | ratio |"
    );
    println!("|---|---:|---:|---:|---:|");
    for rows in sizes {
        for length in [20, 500] {
            let directory = TempDir::new().expect("a temporary directory can be made");
            let stored = Orm::builder()
                .entities::<Entry>()
                .open(directory.path().join("entries"));
            let in_memory = Orm::builder().entities::<Entry>().in_memory();
            for (store, orm) in [("sled", stored), ("memory", in_memory)] {
                let orm = orm.expect("the database can be made");
                write(&orm, *rows, length);
                for kept in KEPT {
                    let below = *rows * kept / 100;
                    let what = format!("{store}, {rows}, {length}, all | {kept} %");
                    compare(&orm, &what, rounds, all, below);
                    let what = format!("{store}, {rows}, {length}, first | {kept} %");
                    compare(&orm, &what, rounds, first, below);
                }
            }
        }
    }
}

type Entries<'em> = musher::Find<'em, Entry>;

fn all(entries: Entries<'_>) -> Entries<'_> {
    entries
}

fn first(entries: Entries<'_>) -> Entries<'_> {
    entries.order_by(|e| e.place().asc()).limit(20)
}

/// Rows whose values are scattered over the keys.
fn write(orm: &Orm, rows: u32, length: usize) {
    let mut em = orm.em();
    let entries = (0..rows).map(|at| {
        let (value, place) = (scattered(at) % rows, scattered(at + rows));
        let entry = Entry::build().indexed(value).plain(value).place(place);
        entry.text("x".repeat(length))
    });
    em.insert_many(entries)
        .execute()
        .expect("the rows are stored");
}

/// A number that has nothing to do with this one (`lowbias32` of
/// <https://github.com/skeeto/hash-prospector>).
fn scattered(number: u32) -> u32 {
    let mixed = (number ^ (number >> 16)).wrapping_mul(0x7feb_352d);
    let mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x846c_a68b);
    mixed ^ (mixed >> 16)
}

fn compare(orm: &Orm, what: &str, rounds: usize, page: fn(Entries<'_>) -> Entries<'_>, below: u32) {
    let mut em = orm.em();
    let (mut with, mut without, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let started = Instant::now();
        let found = page(em.find::<Entry>().filter(|e| e.indexed().lt(below))).ids();
        with.push(started.elapsed());
        black_box(found.expect("the query can be run"));
        let started = Instant::now();
        let found = page(em.find::<Entry>().filter(|e| e.plain().lt(below))).ids();
        without.push(started.elapsed());
        black_box(found.expect("the query can be run"));
        let last = with.len() - 1;
        ratios.push(with[last].as_secs_f64() / without[last].as_secs_f64());
    }
    ratios.sort_unstable_by(f64::total_cmp);
    let ratio = ratios[ratios.len() / 2];
    println!(
        "| {what} | {:.1?} | {:.1?} | {ratio:.2} |",
        median(with),
        median(without)
    );
}

fn median(mut durations: Vec<Duration>) -> Duration {
    durations.sort_unstable();
    durations[durations.len() / 2]
}
