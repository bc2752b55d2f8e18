//! What it costs to load a graph, to find one row, and to walk what is loaded, beside the same work
//! by hand on sled. Every read begins with a new unit of work, and ends with giving it up.

mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use musher::LoadStrategy;
use std::hint::black_box;
use std::time::Duration;

use support::{Durable, Pair, Read, Size, sample};

fn graphs(criterion: &mut Criterion) {
    let pair = Pair::new(Size::USUAL, Durable::Buffered);
    let mut group = criterion.benchmark_group("populate");
    group
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    for read in [Read::Articles].into_iter().chain(Read::POPULATED) {
        let name = read.name();
        for strategy in [LoadStrategy::SelectIn, LoadStrategy::Joined] {
            group.bench_function(format!("{name}/musher {strategy:?}"), |b| {
                b.iter(|| drop(pair.musher.read(read, strategy)));
            });
        }
        group.bench_function(format!("{name}/by hand"), |b| {
            b.iter(|| drop(pair.by_hand.read(read)));
        });
    }
    group.finish();
}

fn single_rows(criterion: &mut Criterion) {
    let pair = Pair::new(Size::USUAL, Durable::Buffered);
    let mut group = criterion.benchmark_group("find");
    group
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    let slugs: Vec<String> = (1..=Size::USUAL.articles)
        .map(|number| sample::article(number, 0).slug)
        .collect();
    for (at, slug) in slugs.iter().enumerate() {
        let expected = pair.by_hand.find_by_slug(slug).describe();
        let id = at as u64 + 1;
        assert_eq!(pair.by_hand.find_by_id(id).describe(), expected);
        assert_eq!(pair.musher.find_by_id(id).describe(), expected);
        assert_eq!(pair.musher.find_by_slug(slug).describe(), expected);
    }
    let ids = 1..=Size::USUAL.articles;
    let mut next = ids.clone().cycle();
    group.bench_function("by id/musher", |b| {
        b.iter(|| drop(pair.musher.find_by_id(next.next().unwrap())));
    });
    let mut next = ids.cycle();
    group.bench_function("by id/by hand", |b| {
        b.iter(|| drop(pair.by_hand.find_by_id(next.next().unwrap())));
    });
    let mut next = slugs.iter().cycle();
    group.bench_function("by slug/musher", |b| {
        b.iter(|| drop(pair.musher.find_by_slug(next.next().unwrap())));
    });
    let mut next = slugs.iter().cycle();
    group.bench_function("by slug/by hand", |b| {
        b.iter(|| drop(pair.by_hand.find_by_slug(next.next().unwrap())));
    });
    group.finish();
}

/// What is loaded is walked; one iteration is a walk over 1,000 articles.
fn memory(criterion: &mut Criterion) {
    let pair = Pair::new(Size::USUAL, Durable::Buffered);
    let managed = pair.musher.read(Read::Authors, LoadStrategy::SelectIn);
    let rows = pair.by_hand.read(Read::Authors);
    assert_eq!(managed.sum_of_titles(), rows.sum_of_titles());
    assert_eq!(managed.sum_of_author_names(), rows.sum_of_author_names());
    let mut group = criterion.benchmark_group("1,000 steps in memory");
    group
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    group.bench_function("by id/musher", |b| {
        b.iter(|| black_box(managed.sum_of_titles()));
    });
    group.bench_function("by id/by hand", |b| {
        b.iter(|| black_box(rows.sum_of_titles()));
    });
    group.bench_function("to the author/musher", |b| {
        b.iter(|| black_box(managed.sum_of_author_names()));
    });
    group.bench_function("to the author/by hand", |b| {
        b.iter(|| black_box(rows.sum_of_author_names()));
    });
    group.finish();
}

criterion_group!(benches, graphs, single_rows, memory);
criterion_main!(benches);
