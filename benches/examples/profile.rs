//! Does one kind of work on one blog, over and over, for a profiler: `one_blog load 300`.
use musher::LoadStrategy;
use musher_bench::{Blog as _, Durable, Graph, Size, musher::Blog, sample};
fn main() {
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next().unwrap();
    let rounds: u64 = arguments.next().unwrap().parse().unwrap();
    let articles: u64 = arguments.next().map_or(1_000, |a| a.parse().unwrap());
    let mut blog = Blog::new(Size::of_articles(articles), Durable::Buffered);
    for round in 0..rounds {
        match what.as_str() {
            "load" => drop(blog.load(Graph::Articles, 1_000, LoadStrategy::SelectIn)),
            "authortags" => drop(blog.load(Graph::AuthorsAndTags, 1_000, LoadStrategy::SelectIn)),
            "deep" => drop(blog.load(Graph::Deep, 100, LoadStrategy::SelectIn)),
            "users" => drop(blog.load(Graph::ArticlesOfUsers, 100, LoadStrategy::SelectIn)),
            "slug" => for n in 1..=1000 { blog.find_by_slug(&sample::article(n, 0).slug) },
            "id" => for n in 1..=1000 { blog.find_by_id(n) },
            "page" => for _ in 0..50 { blog.next_page(20); },
            _ => panic!("{round}"),
        }
    }
}
