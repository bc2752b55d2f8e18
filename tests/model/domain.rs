//! The entities that the model test is about: every kind of relation, key and property.
//!
//! Tags have text as their keys, some the beginning of others; votes have two references; all other keys
//! are numbers.

use musher::prelude::*;

#[derive(Entity, Debug, Clone)]
pub struct User {
    #[orm(primary_key)]
    pub id: Pk,
    #[orm(unique)]
    pub email: String,
    #[orm(unique)]
    pub nickname: Option<String>,
    #[orm(hidden)]
    pub secret: Lazy<String>,
    #[orm(one_to_many(mapped_by = author))]
    pub articles: Collection<Article>,
}

#[derive(Entity, Debug, Clone)]
#[orm(before_create = Article::count, before_update = Article::count)]
pub struct Article {
    #[orm(primary_key)]
    pub id: Pk,
    #[orm(index, length = 6)]
    pub title: String,
    pub text: Lazy<String>,
    /// How often the row was written, counted by a hook: what a failed flush did not take back, or
    /// what was written without need, shows here.
    #[orm(default)]
    pub writes: u64,
    #[orm(many_to_one(inversed_by = articles))]
    pub author: Id<User>,
    #[orm(many_to_one)]
    pub editor: Option<Id<User>>,
    #[orm(one_to_one(inversed_by = article))]
    pub cover: Option<Id<Cover>>,
    #[orm(many_to_many(inversed_by = articles))]
    pub tags: Collection<Tag>,
    #[orm(one_to_many(mapped_by = article, orphan_removal))]
    pub comments: Collection<Comment>,
    #[orm(one_to_many(mapped_by = article))]
    pub votes: Collection<Vote>,
}

/// A title that the hook refuses.
pub const REFUSED: &str = "refuse";

impl Article {
    fn count(&mut self, _: &EventArgs<Self>) -> musher::Result<()> {
        self.writes += 1;
        if self.title == REFUSED {
            return Err(Error::other("the title is refused"));
        }
        Ok(())
    }
}

#[derive(Entity, Debug, Clone)]
pub struct Tag {
    #[orm(primary_key)]
    pub name: String,
    pub colour: String,
    #[orm(many_to_many(mapped_by = tags))]
    pub articles: Collection<Article>,
}

/// The keys of tags; the model knows them by position.
pub const TAG_NAMES: [&str; 6] = ["", "a", "a\0", "ab", "b", "ü"];

#[derive(Entity, Debug, Clone)]
pub struct Cover {
    #[orm(primary_key)]
    pub id: Pk,
    pub label: String,
    #[orm(embedded)]
    pub frame: Option<Frame>,
    #[orm(one_to_one(mapped_by = cover))]
    pub article: Inverse<Article>,
}

#[derive(Embedded, Debug, Clone, PartialEq)]
pub struct Frame {
    #[orm(index)]
    pub colour: String,
    pub width: Option<u64>,
}

/// Its key is made of its references.
#[derive(Entity, Debug, Clone)]
pub struct Vote {
    #[orm(primary_key, many_to_one(on_delete = cascade))]
    pub voter: Id<User>,
    #[orm(primary_key, many_to_one(inversed_by = votes, on_delete = cascade))]
    pub article: Id<Article>,
    #[orm(index)]
    pub stars: u64,
}

/// The number by which the model knows a vote.
pub const fn vote_number(voter: u64, article: u64) -> u64 {
    voter * VOTERS + article
}

/// The keys behind the number of a vote.
pub const fn vote_keys(number: u64) -> (u64, u64) {
    (number / VOTERS, number % VOTERS)
}

/// More than there are articles.
const VOTERS: u64 = 1 << 20;

#[derive(Entity, Debug, Clone)]
pub struct Comment {
    #[orm(primary_key)]
    pub id: Pk,
    pub body: String,
    #[orm(many_to_one(inversed_by = comments, on_delete = cascade))]
    pub article: Id<Article>,
}

#[derive(Entity, Debug, Clone)]
pub struct Node {
    #[orm(primary_key)]
    pub id: Pk,
    #[orm(version)]
    pub version: u64,
    pub label: String,
    #[orm(many_to_one(inversed_by = children))]
    pub parent: Option<Id<Node>>,
    #[orm(one_to_many(mapped_by = parent, cascade(remove)))]
    pub children: Collection<Node>,
}

pub type Everything = (User, Article, Tag, Cover, Comment, Node, Vote);
