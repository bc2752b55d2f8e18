//! What the benchmarks have in common: one blog, kept by Musher and kept by hand on sled, and the
//! pieces of work that are done to both.
//!
//! [`musher`] and [`by_hand`] have methods of the same names that do the same work. What a read
//! gives can be described in words, [`Seen`], and the benchmarks assert once, outside of what they
//! measure, that both sides have seen the same.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each benchmark is a crate of its own and uses a part of this"
)]

pub mod by_hand;
pub mod musher;
pub mod sample;

use std::collections::BTreeSet;

use ::musher::LoadStrategy;

/// When a commit counts as done, on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durable {
    /// As soon as the engine has it.
    Buffered,
    /// When the disk has it: after sled's flush, and an fdatasync of its file.
    Synced,
}

impl Durable {
    pub const ALL: [Self; 2] = [Self::Buffered, Self::Synced];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Buffered => "buffered",
            Self::Synced => "synced",
        }
    }
}

/// What is read into memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// All articles, and nothing with them.
    Articles,
    /// All articles, each with its author.
    Authors,
    /// All users, each with its articles.
    ArticlesOfUsers,
    /// All articles, each with its tags.
    Tags,
    /// All users, each with its articles, each with its tags.
    Deep,
    /// All articles, each with its text.
    Texts,
}

impl Read {
    pub const POPULATED: [Self; 5] = [
        Self::Authors,
        Self::ArticlesOfUsers,
        Self::Tags,
        Self::Deep,
        Self::Texts,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Articles => "articles",
            Self::Authors => "to-one: articles with author",
            Self::ArticlesOfUsers => "to-many: users with articles",
            Self::Tags => "many-to-many: articles with tags",
            Self::Deep => "deep: users with articles with tags",
            Self::Texts => "lazy: articles with text",
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
    /// 100 users with 10 articles each.
    pub const USUAL: Self = Self {
        users: 100,
        articles: 1000,
        tags: 50,
        text: 2000,
    };

    /// So many articles, whose texts are short: nobody reads them here.
    pub const fn of_articles(articles: u64) -> Self {
        Self {
            users: 100,
            articles,
            tags: 50,
            text: 10,
        }
    }
}

/// The same blog twice, and nothing in one that is not in the other.
pub struct Pair {
    pub musher: musher::Blog,
    pub by_hand: by_hand::Blog,
}

impl Pair {
    pub fn new(size: Size, durable: Durable) -> Self {
        let pair = Self {
            musher: musher::Blog::new(size, durable),
            by_hand: by_hand::Blog::new(size, durable),
        };
        pair.assert_equal();
        pair
    }

    /// Compares all that is stored, read in both ways.
    pub fn assert_equal(&self) {
        for read in Read::POPULATED {
            let expected = self.by_hand.read(read).describe();
            for strategy in [LoadStrategy::SelectIn, LoadStrategy::Joined] {
                let seen = self.musher.read(read, strategy).describe();
                assert!(
                    seen == expected,
                    "{} by {strategy:?} gives {} facts, and {} by hand, such as {:?}",
                    read.name(),
                    seen.len(),
                    expected.len(),
                    seen.symmetric_difference(&expected).next()
                );
            }
        }
        let report = self.musher.orm.verify().unwrap();
        assert!(report.is_clean(), "{report}");
    }

    /// Does all writes once on both sides, and compares what they have left.
    pub fn assert_equal_writes(size: Size, durable: Durable) {
        let mut pair = Self::new(size, durable);
        let Self { musher, by_hand } = &mut pair;
        musher.insert_graph(10);
        by_hand.insert_graph(10);
        musher.insert_one();
        by_hand.insert_one();
        musher.load_and_change(10);
        by_hand.load_and_change(10);
        pair.assert_equal();
    }
}
