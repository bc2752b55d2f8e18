//! What it costs to load a graph. Every read begins with a new unit of work, and ends with giving it up.

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use musher::LoadStrategy;

use musher_bench::musher::Blog;
use musher_bench::{Durable, Graph, Size, assert_equal, blogs};

fn graphs(criterion: &mut Criterion) {
    let size = Size::of_articles(10_000);
    let mut blogs = blogs(size, Durable::Buffered);
    assert_equal(&mut blogs, size);
    for graph in Graph::ALL {
        let rows = match graph {
            Graph::ArticlesOfUsers | Graph::Deep => 100,
            _ => 1_000,
        };
        let mut group = criterion.benchmark_group(format!("populate/{}", graph.name()));
        group
            .sample_size(20)
            .warm_up_time(Duration::from_millis(500))
            .measurement_time(Duration::from_secs(2))
            // Ten articles of each user.
            .throughput(Throughput::Elements(1_000));
        for blog in &mut blogs {
            group.bench_function(blog.name(), |b| b.iter(|| blog.read(graph, rows)));
        }
        group.finish();
    }
}

/// The two ways in which Musher loads what a hint names.
fn strategies(criterion: &mut Criterion) {
    let blog = Blog::new(Size::of_articles(10_000), Durable::Buffered);
    for graph in [
        Graph::Authors,
        Graph::Tags,
        Graph::ArticlesOfUsers,
        Graph::Deep,
    ] {
        let mut group = criterion.benchmark_group(format!("strategies/{}", graph.name()));
        group
            .sample_size(20)
            .measurement_time(Duration::from_secs(2));
        for strategy in [LoadStrategy::SelectIn, LoadStrategy::Joined] {
            group.bench_function(format!("{strategy:?}"), |b| {
                b.iter(|| drop(blog.load(graph, 100, strategy)));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, graphs, strategies);
criterion_main!(benches);
