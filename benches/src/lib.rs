//! What is measured: one blog, kept by Musher, by hand on sled, and by hand on `SQLite`, and the pieces of
//! work that are done to each.
//!
//! All of them are a [`Blog`], whose methods do the same work. What a read gives can be described in words,
//! [`Seen`], and whoever measures asserts once, outside of what is measured, that all have seen the same.

pub mod musher;
pub mod rows;
pub mod sample;
pub mod sled;
pub mod sqlite;

use std::collections::BTreeSet;
use std::path::Path;

/// When a commit counts as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durable {
    /// As soon as the engine has it: it survives the end of the process, and not a loss of power.
    Buffered,
    /// When the disk has it: after an `fdatasync` of what holds it.
    Synced,
}

impl Durable {
    pub const ALL: [Self; 2] = [Self::Buffered, Self::Synced];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Buffered => "buffered",
            Self::Synced => "synced",
        }
    }
}

/// What is read into memory with the rows that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Graph {
    /// Articles, and nothing with them.
    Articles,
    /// Articles, each with its author.
    Authors,
    /// Articles, each with its tags.
    Tags,
    /// Articles, each with its author and its tags.
    AuthorsAndTags,
    /// Articles, each with its text.
    Texts,
    /// Users, each with its articles.
    ArticlesOfUsers,
    /// Users, each with its articles, each with its tags.
    Deep,
}

impl Graph {
    pub const ALL: [Self; 7] = [
        Self::Articles,
        Self::Authors,
        Self::Tags,
        Self::AuthorsAndTags,
        Self::Texts,
        Self::ArticlesOfUsers,
        Self::Deep,
    ];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Articles => "articles",
            Self::Authors => "articles with author",
            Self::Tags => "articles with tags",
            Self::AuthorsAndTags => "articles with author and tags",
            Self::Texts => "articles with text",
            Self::ArticlesOfUsers => "users with articles",
            Self::Deep => "users with articles with tags",
        }
    }
}

/// What a read has brought to memory, one line for each fact.
pub type Seen = BTreeSet<String>;

/// How large the blog is.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub users: u64,
    pub articles: u64,
    pub tags: u64,
    pub text: usize,
}

impl Size {
    /// So many articles, ten of each user, with texts of 2,000 bytes.
    #[must_use]
    pub const fn of_articles(articles: u64) -> Self {
        Self {
            users: articles.div_ceil(10),
            articles,
            tags: 50,
            text: 2000,
        }
    }
}

/// One blog, and all that is done to it. What a method reads it gives up again before it returns, unless it
/// says otherwise; what it writes is one commit.
pub trait Blog {
    /// What keeps it.
    fn name(&self) -> &'static str;

    /// Inserts a user with so many articles, of three tags each.
    fn insert_graph(&mut self, articles: u64);

    /// Inserts an article of an author who is there.
    fn insert_one(&mut self);

    /// Loads an article with its tags, takes one away, and adds one that it does not have.
    fn edit_tags(&mut self, article: u64);

    /// Deletes a user with its articles, their texts and their links.
    fn delete_user(&mut self, user: u64);

    /// Loads the first articles, and holds them for [`change`](Self::change).
    fn hold(&mut self, articles: u64);

    /// Changes the descriptions of so many of the articles that are held, evenly spread.
    fn change(&mut self, count: usize);

    /// Reads the first rows, by key, with what belongs to them.
    fn read(&mut self, graph: Graph, rows: u64);

    /// As [`read`](Self::read), and describes what it has seen.
    fn see(&mut self, graph: Graph, rows: u64) -> Seen;

    fn find_by_id(&mut self, article: u64);

    fn find_by_slug(&mut self, slug: &str);

    /// As [`find_by_slug`](Self::find_by_slug), and describes what it has seen.
    fn see_by_slug(&mut self, slug: &str) -> Seen;

    /// Reads the next so many articles in the order of their titles, and behind the last of them begins
    /// again. Gives their keys.
    fn next_page(&mut self, rows: usize) -> Vec<u64>;

    /// Waits until all commits are durable. `SQLite` moves its log into its file, too; Musher's journal goes into
    /// sled behind, whenever that is.
    fn settle(&mut self);

    /// The bytes of its files.
    fn stored_bytes(&self) -> u64;
}

/// The same blog, kept by each of those that are compared, Musher first.
#[must_use]
pub fn blogs(size: Size, durable: Durable) -> Vec<Box<dyn Blog>> {
    vec![
        Box::new(musher::Blog::new(size, durable)),
        Box::new(sled::Blog::new(size, durable)),
        Box::new(sqlite::Blog::new(size, durable)),
    ]
}

/// Compares all that the blogs have, read in every way.
///
/// # Panics
/// If they differ.
pub fn assert_equal(blogs: &mut [Box<dyn Blog>], size: Size) {
    let (first, others) = blogs.split_first_mut().expect("there is a blog");
    for graph in Graph::ALL {
        let expected = first.see(graph, size.articles);
        for blog in &mut *others {
            let seen = blog.see(graph, size.articles);
            assert!(
                seen == expected,
                "{} gives {} facts of {}, and {} gives {}, such as {:?}",
                graph.name(),
                seen.len(),
                blog.name(),
                first.name(),
                expected.len(),
                seen.symmetric_difference(&expected).next()
            );
        }
    }
    for number in [1, size.articles / 2, size.articles] {
        let slug = sample::article(number, 0).slug;
        let expected = first.see_by_slug(&slug);
        for blog in &mut *others {
            assert_eq!(blog.see_by_slug(&slug), expected, "{} {slug}", blog.name());
        }
    }
    for _ in 0..3 {
        let expected = first.next_page(20);
        for blog in &mut *others {
            assert_eq!(blog.next_page(20), expected, "{}", blog.name());
        }
    }
}

/// Does all writes to small blogs, and compares what they have left.
///
/// # Panics
/// If they differ.
pub fn assert_equal_writes(durable: Durable) {
    let size = Size::of_articles(300);
    let mut blogs = blogs(size, durable);
    assert_equal(&mut blogs, size);
    for blog in &mut blogs {
        blog.insert_graph(10);
        blog.insert_one();
        blog.edit_tags(7);
        blog.hold(100);
        blog.change(10);
        blog.delete_user(3);
        blog.settle();
    }
    let more = Size {
        articles: size.articles + 11,
        ..size
    };
    assert_equal(&mut blogs, more);
}

/// The bytes of the files in a directory, also deeper.
///
/// # Panics
/// If it cannot be read.
#[must_use]
pub fn bytes_in(directory: &Path) -> u64 {
    let entries = std::fs::read_dir(directory).expect("the directory can be read");
    let sizes = entries.map(|entry| {
        let entry = entry.expect("the directory can be read");
        let meta = entry.metadata().expect("the file is there");
        if meta.is_dir() {
            bytes_in(&entry.path())
        } else {
            meta.len()
        }
    });
    sizes.sum()
}
