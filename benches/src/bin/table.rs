//! Prints one table: each operation by Musher, and the ratio to the same by hand on sled and on `SQLite`.
//!
//! A round does an operation once on each, one right after the other, so that what else the machine does
//! meanwhile meets all; the table has the medians, and the medians of the rounds' ratios. Ratios can be
//! compared between machines and days, durations can't.
//!
//! ```text
//! table [ARTICLES] [FILTER]
//! ```
//!
//! `ARTICLES` is how many the blogs have, 10,000 unless told; of the rows whose names do not contain `FILTER`
//! none is measured.

use std::time::{Duration, Instant};

use musher_bench::{Blog, Durable, Graph, Size, assert_equal, assert_equal_writes, blogs, sample};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut articles = 10_000;
    let mut filter = None;
    for argument in arguments {
        match argument.parse() {
            Ok(number) => articles = number,
            Err(_) => filter = Some(argument).filter(|text| !text.is_empty()),
        }
    }
    for durable in Durable::ALL {
        assert_equal_writes(durable);
    }
    let size = Size::of_articles(articles);
    let mut table = Table {
        filter,
        size,
        blogs: blogs(size, Durable::Buffered),
    };
    if articles <= 10_000 {
        assert_equal(&mut table.blogs, size);
    }
    table.head();
    table.reads();
    table.changes();
    table.writes("buffered");
    table.stored();
    table.sustained();
    table.blogs = blogs(size, Durable::Synced);
    table.writes("synced");
}

struct Table {
    filter: Option<String>,
    size: Size,
    blogs: Vec<Box<dyn Blog>>,
}

impl Table {
    fn head(&self) {
        let (first, others) = self.blogs.split_first().expect("there is a blog");
        print!(
            "| {} articles | unit | {} |",
            self.size.articles,
            first.name()
        );
        for blog in others {
            print!(" {} | ratio |", blog.name());
        }
        println!();
        println!("|---|---|---:|{}", "---:|---:|".repeat(others.len()));
    }

    fn reads(&mut self) {
        let all = self.size.articles;
        self.row("load all articles", "article", all, 11, |blog| {
            blog.read(Graph::Articles, all);
        });
        let (articles, users) = (1_000.min(all), 100.min(self.size.users));
        for graph in Graph::ALL {
            let (rows, units) = match graph {
                Graph::Deep | Graph::ArticlesOfUsers => (users, users * 10),
                _ => (articles, articles),
            };
            let name = format!("{rows} {}", graph.name());
            self.row(&name, "article", units, 31, |blog| blog.read(graph, rows));
        }
        let mut next = sample::scattered(all);
        self.row_of("find by key", 100, 101, &mut next, |blog, number| {
            blog.find_by_id(number);
        });
        let mut slug = sample::scattered(all);
        let mut next = move || sample::article(slug(), 0).slug;
        self.row_of("find by slug", 100, 101, &mut next, |blog, slug| {
            blog.find_by_slug(&slug);
        });
        self.row("page of 20 by title", "page", 1, 201, |blog| {
            blog.next_page(20);
        });
    }

    fn changes(&mut self) {
        for held in [1_000, 100_000] {
            if held > self.size.articles {
                continue;
            }
            for blog in &mut self.blogs {
                blog.hold(held);
            }
            for count in [0, 1, 10, 100] {
                let name = format!("flush {count} changed of {held} loaded");
                self.row(&name, "flush", 1, 101, |blog| blog.change(count));
            }
            for blog in &mut self.blogs {
                blog.hold(1);
            }
        }
    }

    fn writes(&mut self, durable: &str) {
        let name = |what: &str| format!("{what}, {durable}");
        // A user, 1,000 articles and 3,000 links.
        self.row(&name("insert a graph"), "row", 4_001, 11, |blog| {
            blog.insert_graph(1_000);
        });
        self.settle();
        self.row(&name("insert one article"), "commit", 1, 401, |blog| {
            blog.insert_one();
        });
        self.settle();
        let mut next = sample::scattered(self.size.articles);
        let edit = name("edit the tags of an article");
        self.row_of(&edit, 1, 201, &mut next, |blog, article| {
            blog.edit_tags(article);
        });
        self.settle();
        let mut user = self.size.users + 1;
        let mut next = || {
            user -= 1;
            user
        };
        let delete = name("delete a user with 10 articles");
        self.row_of(&delete, 1, 51, &mut next, |blog, user| {
            blog.delete_user(user);
        });
        self.settle();
    }

    /// Commits without a pause, until all of them are where they stay: with a journal, what was acknowledged
    /// has to be carried into the engine yet. Closing waits for that.
    fn sustained(&self) {
        const COMMITS: u64 = 5_000;
        let name = format!("insert {COMMITS} articles one by one, and close, buffered");
        if !self.wants(&name) {
            return;
        }
        let mut times: Vec<Vec<f64>> = vec![Vec::new(); self.blogs.len()];
        for _ in 0..3 {
            let fresh = blogs(Size::of_articles(1_000), Durable::Buffered);
            for (mut blog, times) in fresh.into_iter().zip(&mut times) {
                let started = Instant::now();
                (0..COMMITS).for_each(|_| blog.insert_one());
                drop(blog);
                times.push(started.elapsed().as_secs_f64());
            }
        }
        print_row(&name, "commit", COMMITS, &times);
    }

    fn wants(&self, name: &str) -> bool {
        let filter = self.filter.as_ref();
        filter.is_none_or(|filter| name.contains(filter))
    }

    fn stored(&self) {
        print!("| stored | MiB |");
        let sizes = self.blogs.iter().map(|blog| mib(blog.stored_bytes()));
        let sizes: Vec<f64> = sizes.collect();
        print!(" {:.1} |", sizes[0]);
        for other in &sizes[1..] {
            print!(" {other:.1} | {:.2} |", sizes[0] / other);
        }
        println!();
    }

    fn settle(&mut self) {
        self.blogs.iter_mut().for_each(|blog| blog.settle());
    }

    /// Measures so many units of work, done at once.
    fn row(
        &mut self,
        name: &str,
        unit: &str,
        units: u64,
        rounds: usize,
        mut work: impl FnMut(&mut dyn Blog),
    ) {
        self.measure(name, unit, units, rounds, &mut || (), |blog, ()| work(blog));
    }

    /// Measures so many units of work, each with another argument, the same for all blogs.
    fn row_of<A: Clone>(
        &mut self,
        name: &str,
        units: u64,
        rounds: usize,
        next: &mut dyn FnMut() -> A,
        mut work: impl FnMut(&mut dyn Blog, A),
    ) {
        let mut arguments = || (0..units).map(|_| next()).collect::<Vec<_>>();
        self.measure(name, "one", units, rounds, &mut arguments, |blog, all| {
            for argument in all {
                work(blog, argument);
            }
        });
    }

    fn measure<A: Clone>(
        &mut self,
        name: &str,
        unit: &str,
        units: u64,
        rounds: usize,
        next: &mut dyn FnMut() -> A,
        mut work: impl FnMut(&mut dyn Blog, A),
    ) {
        if !self.wants(name) {
            return;
        }
        let mut times: Vec<Vec<f64>> = vec![Vec::new(); self.blogs.len()];
        // The first round warms up.
        for round in 0..=rounds {
            let argument = next();
            for (blog, times) in self.blogs.iter_mut().zip(&mut times) {
                let argument = argument.clone();
                let started = Instant::now();
                work(blog.as_mut(), argument);
                let elapsed = started.elapsed();
                if round > 0 {
                    times.push(elapsed.as_secs_f64());
                }
            }
        }
        print_row(name, unit, units, &times);
    }
}

/// Seconds of each blog, by round.
fn print_row(name: &str, unit: &str, units: u64, times: &[Vec<f64>]) {
    let (ours, others) = times.split_first().expect("there is a blog");
    print!("| {name} | {unit} | {} |", duration(median(ours), units));
    for theirs in others {
        let ratios = ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs);
        let ratio = median(&ratios.collect::<Vec<f64>>());
        print!(" {} | {ratio:.2} |", duration(median(theirs), units));
    }
    println!();
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

#[expect(clippy::cast_precision_loss, reason = "it is printed with two digits")]
fn duration(seconds: f64, units: u64) -> String {
    format!("{:.2?}", Duration::from_secs_f64(seconds / units as f64))
}

#[expect(clippy::cast_precision_loss, reason = "it is printed with one digit")]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}
