//! What a flush costs: commits that insert, edit and delete, and changes of few among many that are loaded.
//!
//! What is inserted makes the database grow while it is measured, for all alike; the samples are few, so that
//! it stays small. What a flush costs that changes some of many loaded articles must not depend on how many
//! are loaded.

use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, criterion_group, criterion_main,
};

use musher_bench::{Durable, Size, assert_equal_writes, blogs};

fn few_samples(group: &mut BenchmarkGroup<'_, WallTime>) {
    group
        .sample_size(10)
        .sampling_mode(SamplingMode::Flat)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
}

fn commits(criterion: &mut Criterion) {
    for durable in Durable::ALL {
        assert_equal_writes(durable);
        let mut blogs = blogs(Size::of_articles(1_000), durable);
        let name = |what: &str| format!("flush/{what}, {}", durable.name());
        let mut one = criterion.benchmark_group(name("insert one article"));
        few_samples(&mut one);
        for blog in &mut blogs {
            one.bench_function(blog.name(), |b| b.iter(|| blog.insert_one()));
        }
        one.finish();
        let mut graph = criterion.benchmark_group(name("insert a user with 100 articles"));
        few_samples(&mut graph);
        for blog in &mut blogs {
            graph.bench_function(blog.name(), |b| b.iter(|| blog.insert_graph(100)));
        }
        graph.finish();
        let mut edit = criterion.benchmark_group(name("edit the tags of an article"));
        few_samples(&mut edit);
        for blog in &mut blogs {
            let mut article = 0;
            edit.bench_function(blog.name(), |b| {
                b.iter(|| {
                    article = article % 1_000 + 1;
                    blog.edit_tags(article);
                });
            });
        }
        edit.finish();
    }
}

fn changed_of_loaded(criterion: &mut Criterion) {
    for articles in [1_000, 10_000, 100_000] {
        let mut blogs = blogs(Size::of_articles(articles), Durable::Buffered);
        let mut group = criterion.benchmark_group(format!("flush/changed of {articles} loaded"));
        few_samples(&mut group);
        for blog in &mut blogs {
            blog.hold(articles);
            for count in [0, 1, 100] {
                group.bench_function(BenchmarkId::new(blog.name(), count), |b| {
                    b.iter(|| blog.change(count));
                });
            }
            blog.hold(1);
        }
        group.finish();
    }
}

criterion_group!(benches, commits, changed_of_loaded);
criterion_main!(benches);
