//! What it costs to come by what is loaded already: by its id in the identity map, and by a hop along a
//! relation, beside a hash map that holds rows of one type. One iteration is a walk over 1,000 articles.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use musher::LoadStrategy;

use musher_bench::{Durable, Graph, Size, musher as by_musher, sled};

fn memory(criterion: &mut Criterion) {
    let size = Size::of_articles(1_000);
    let managed = by_musher::Blog::new(size, Durable::Buffered);
    let managed = managed.load(Graph::Authors, 1_000, LoadStrategy::SelectIn);
    let rows = sled::Blog::new(size, Durable::Buffered).load(Graph::Authors, 1_000);
    assert_eq!(managed.sum_of_titles(), rows.sum_of_titles());
    assert_eq!(managed.sum_of_author_names(), rows.sum_of_author_names());
    let mut group = criterion.benchmark_group("identity/by id");
    group.throughput(Throughput::Elements(1_000));
    group.bench_function("Musher", |b| b.iter(|| managed.sum_of_titles()));
    group.bench_function("a hash map", |b| b.iter(|| rows.sum_of_titles()));
    group.finish();
    let mut group = criterion.benchmark_group("identity/to the author");
    group.throughput(Throughput::Elements(1_000));
    group.bench_function("Musher", |b| b.iter(|| managed.sum_of_author_names()));
    group.bench_function("hash maps", |b| b.iter(|| rows.sum_of_author_names()));
    group.finish();
}

criterion_group!(benches, memory);
criterion_main!(benches);
