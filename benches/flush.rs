//! What a flush costs, beside the same work by hand on sled.
//!
//! Commits that insert make the database grow while they are measured, on both sides alike; their
//! samples are few, so that it stays small. What a flush costs that changes some of many loaded
//! articles must not depend on how many are loaded.

mod support;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, SamplingMode, criterion_group, criterion_main};
use musher::LoadStrategy;
use std::time::Duration;

use support::{Durable, Pair, Read, Size};

fn few_samples(group: &mut BenchmarkGroup<'_, WallTime>) {
    group
        .sample_size(10)
        .sampling_mode(SamplingMode::Flat)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
}

fn commits(criterion: &mut Criterion) {
    for durable in Durable::ALL {
        Pair::assert_equal_writes(Size::USUAL, durable);
        let mut pair = Pair::new(Size::USUAL, durable);
        let mut group = criterion.benchmark_group(format!("flush/{}", durable.name()));
        few_samples(&mut group);
        let Pair { musher, by_hand } = &mut pair;
        let name = "load 1,000 articles, change 10";
        group.bench_function(format!("{name}/musher"), |b| {
            b.iter(|| musher.load_and_change(10));
        });
        group.bench_function(format!("{name}/by hand"), |b| {
            b.iter(|| by_hand.load_and_change(10));
        });
        let name = "insert one article";
        group.bench_function(format!("{name}/musher"), |b| b.iter(|| musher.insert_one()));
        group.bench_function(format!("{name}/by hand"), |b| {
            b.iter(|| by_hand.insert_one());
        });
        let name = "insert a user with 100 articles";
        group.bench_function(format!("{name}/musher"), |b| {
            b.iter(|| musher.insert_graph(100));
        });
        group.bench_function(format!("{name}/by hand"), |b| {
            b.iter(|| by_hand.insert_graph(100));
        });
        group.finish();
    }
}

fn touched_of_loaded(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("flush/touched of loaded");
    few_samples(&mut group);
    for articles in [1_000, 10_000, 100_000] {
        let mut pair = Pair::new(Size::of_articles(articles), Durable::Buffered);
        let Pair { musher, by_hand } = &mut pair;
        let mut managed = musher.read(Read::Articles, LoadStrategy::SelectIn);
        let mut rows = by_hand.read(Read::Articles);
        for count in [0, 1, 100] {
            let name = format!("{count} of {articles}");
            group.bench_function(format!("{name}/musher"), |b| {
                b.iter(|| musher.change(&mut managed, count));
            });
            // By hand, there is nothing to do for nothing.
            if count > 0 {
                group.bench_function(format!("{name}/by hand"), |b| {
                    b.iter(|| by_hand.change(&mut rows, count));
                });
            }
        }
    }
    group.finish();
}

criterion_group!(benches, commits, touched_of_loaded);
criterion_main!(benches);
