//! Prints one table: each operation by Musher, the same by hand on sled, and the ratio.
//!
//! A round does both, one right after the other, so that what else the machine does meanwhile meets
//! both; the table has the medians, and the median of the rounds' ratios. `just ratios FILTER` prints the rows whose names contain
//! `FILTER`. Ratios can be compared between machines and days, durations can't.

mod support;

use std::hint::black_box;
use std::time::{Duration, Instant};

use musher::LoadStrategy;

use support::{Durable, Pair, Read, Size, sample};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let table = Table {
        filter: arguments.iter().find(|a| !a.starts_with('-')).cloned(),
        // Other than as a benchmark, it is only tried.
        tried: !arguments.iter().any(|argument| argument == "--bench"),
    };
    println!("| operation | Musher | by hand | ratio |");
    println!("|---|---:|---:|---:|");
    commits(&table);
    sustained(&table);
    touched_of_loaded(&table);
    reads(&table);
}

struct Table {
    filter: Option<String>,
    tried: bool,
}

impl Table {
    fn wants(&self, name: &str) -> bool {
        let filter = self.filter.as_deref();
        filter.is_none_or(|filter| name.contains(filter))
    }

    fn wants_any(&self, names: &[String]) -> bool {
        names.iter().any(|name| self.wants(name))
    }

    /// Measures a pair. A duration is that of one call.
    fn row(&self, name: &str, rounds: usize, mut musher: impl FnMut(), mut by_hand: impl FnMut()) {
        if !self.wants(name) {
            return;
        }
        let rounds = if self.tried { 1 } else { rounds };
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        // The first round warms up.
        for _ in 0..=rounds {
            ours.push(measure(&mut musher));
            theirs.push(measure(&mut by_hand));
        }
        let (ours, theirs) = (&mut ours[1..], &mut theirs[1..]);
        let pairs = ours.iter().zip(&*theirs);
        let mut ratios: Vec<f64> = pairs
            .map(|(ours, theirs)| ours.as_secs_f64() / theirs.as_secs_f64())
            .collect();
        ratios.sort_unstable_by(f64::total_cmp);
        let ratio = ratios[ratios.len() / 2];
        let (ours, theirs) = (median(ours), median(theirs));
        println!("| {name} | {ours:.1?} | {theirs:.1?} | {ratio:.2} |");
    }

    /// Measures what is nothing by hand.
    fn row_alone(&self, name: &str, rounds: usize, mut musher: impl FnMut()) {
        if self.wants(name) {
            let rounds = if self.tried { 1 } else { rounds };
            let mut ours: Vec<Duration> = (0..=rounds).map(|_| measure(&mut musher)).collect();
            println!("| {name} | {:.1?} | | |", median(&mut ours[1..]));
        }
    }
}

fn measure(work: &mut impl FnMut()) -> Duration {
    let started = Instant::now();
    work();
    started.elapsed()
}

fn median(durations: &mut [Duration]) -> Duration {
    durations.sort_unstable();
    durations[durations.len() / 2]
}

fn commits(table: &Table) {
    for durable in Durable::ALL {
        let name = |what: &str| format!("{what}, {}", durable.name());
        let graph = name("insert a user with 100 articles");
        let one = name("insert one article");
        let change = name("load 1,000 articles, change 10");
        if !table.wants_any(&[graph.clone(), one.clone(), change.clone()]) {
            continue;
        }
        Pair::assert_equal_writes(Size::USUAL, durable);
        let Pair {
            mut musher,
            mut by_hand,
        } = Pair::new(Size::USUAL, durable);
        table.row(
            &change,
            101,
            || musher.load_and_change(10),
            || by_hand.load_and_change(10),
        );
        table.row(&one, 401, || musher.insert_one(), || by_hand.insert_one());
        table.row(
            &graph,
            51,
            || musher.insert_graph(100),
            || by_hand.insert_graph(100),
        );
    }
}

/// Commits without a pause, until all of them are in the engine: with a journal, what was
/// acknowledged may have to be carried there yet.
fn sustained(table: &Table) {
    const ARTICLES: usize = 5_000;
    let name = format!("insert {ARTICLES} articles one by one, buffered, and close");
    if !table.wants(&name) {
        return;
    }
    let rounds = if table.tried { 1 } else { 5 };
    let articles = if table.tried { 10 } else { ARTICLES };
    let (mut written, mut closed, mut by_hand_closed) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let Pair {
            mut musher,
            mut by_hand,
        } = Pair::new(Size::of_articles(1_000), Durable::Buffered);
        let started = Instant::now();
        (0..articles).for_each(|_| musher.insert_one());
        written.push(started.elapsed());
        drop(musher);
        closed.push(started.elapsed());
        let started = Instant::now();
        (0..articles).for_each(|_| by_hand.insert_one());
        drop(by_hand);
        by_hand_closed.push(started.elapsed());
    }
    let pairs = closed.iter().zip(&by_hand_closed);
    let mut ratios: Vec<f64> = pairs
        .map(|(ours, theirs)| ours.as_secs_f64() / theirs.as_secs_f64())
        .collect();
    ratios.sort_unstable_by(f64::total_cmp);
    let ratio = ratios[ratios.len() / 2];
    let (ours, theirs) = (median(&mut closed), median(&mut by_hand_closed));
    println!("| {name} | {ours:.1?} | {theirs:.1?} | {ratio:.2} |");
    let written = median(&mut written);
    println!("| of that, until the last is acknowledged | {written:.1?} | | |");
}

fn touched_of_loaded(table: &Table) {
    for articles in [1_000, 10_000, 100_000] {
        let name = |count: usize| format!("flush {count} changed of {articles} loaded");
        if !table.wants_any(&[name(0), name(1), name(100)]) {
            continue;
        }
        let Pair {
            mut musher,
            mut by_hand,
        } = Pair::new(Size::of_articles(articles), Durable::Buffered);
        let mut managed = musher.read(Read::Articles, LoadStrategy::SelectIn);
        let mut rows = by_hand.read(Read::Articles);
        table.row_alone(&name(0), 1001, || musher.change(&mut managed, 0));
        for (count, rounds) in [(1, 1001), (100, 101)] {
            table.row(
                &name(count),
                rounds,
                || musher.change(&mut managed, count),
                || by_hand.change(&mut rows, count),
            );
        }
    }
}

fn reads(table: &Table) {
    let pair = Pair::new(Size::USUAL, Durable::Buffered);
    let Pair { musher, by_hand } = &pair;
    for read in [Read::Articles].into_iter().chain(Read::POPULATED) {
        for strategy in [LoadStrategy::SelectIn, LoadStrategy::Joined] {
            table.row(
                &format!("{}, {strategy:?}", read.name()),
                51,
                || drop(musher.read(read, strategy)),
                || drop(by_hand.read(read)),
            );
        }
    }
    let ids = 1..=Size::USUAL.articles;
    table.row(
        "find 1,000 articles one by one, by id",
        51,
        || ids.clone().for_each(|id| drop(musher.find_by_id(id))),
        || ids.clone().for_each(|id| drop(by_hand.find_by_id(id))),
    );
    let slugs = ids.clone().map(|number| sample::article(number, 0).slug);
    let slugs: Vec<String> = slugs.collect();
    table.row(
        "find 1,000 articles one by one, by slug",
        51,
        || {
            for slug in &slugs {
                drop(musher.find_by_slug(slug));
            }
        },
        || {
            for slug in &slugs {
                drop(by_hand.find_by_slug(slug));
            }
        },
    );
    let managed = musher.read(Read::Authors, LoadStrategy::SelectIn);
    let rows = by_hand.read(Read::Authors);
    assert_eq!(managed.sum_of_titles(), rows.sum_of_titles());
    assert_eq!(managed.sum_of_author_names(), rows.sum_of_author_names());
    table.row(
        "1,000 articles in memory, by id",
        501,
        || _ = black_box(managed.sum_of_titles()),
        || _ = black_box(rows.sum_of_titles()),
    );
    table.row(
        "1,000 articles in memory, to the author",
        501,
        || _ = black_box(managed.sum_of_author_names()),
        || _ = black_box(rows.sum_of_author_names()),
    );
}
