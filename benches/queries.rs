//! What it costs to find single rows, and pages. Every query begins with a new unit of work.

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};

use musher_bench::{Durable, Size, assert_equal, blogs, sample};

const ARTICLES: u64 = 10_000;

fn single_rows(criterion: &mut Criterion) {
    let size = Size::of_articles(ARTICLES);
    let mut blogs = blogs(size, Durable::Buffered);
    assert_equal(&mut blogs, size);
    let mut group = criterion.benchmark_group("queries/by key");
    group.measurement_time(Duration::from_secs(2));
    for blog in &mut blogs {
        let mut next = sample::scattered(ARTICLES);
        group.bench_function(blog.name(), |b| b.iter(|| blog.find_by_id(next())));
    }
    group.finish();
    let slugs = (1..=ARTICLES).map(|number| sample::article(number, 0).slug);
    let slugs: Vec<String> = slugs.collect();
    let mut group = criterion.benchmark_group("queries/by slug");
    group.measurement_time(Duration::from_secs(2));
    for blog in &mut blogs {
        let mut next = sample::scattered(ARTICLES);
        group.bench_function(blog.name(), |b| {
            b.iter(|| {
                let number = usize::try_from(next() - 1).expect("articles fit into memory");
                blog.find_by_slug(&slugs[number]);
            });
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("queries/page of 20 by title");
    group.measurement_time(Duration::from_secs(2));
    for blog in &mut blogs {
        group.bench_function(blog.name(), |b| b.iter(|| blog.next_page(20)));
    }
    group.finish();
}

criterion_group!(benches, single_rows);
criterion_main!(benches);
