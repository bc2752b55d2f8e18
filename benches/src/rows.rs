//! What those have in memory who map no objects: a struct for each kind of row, and hash maps of them.

use chrono::serde::ts_microseconds;
use chrono::{DateTime, Utc};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::{Seen, sample};

#[derive(Debug, Serialize, Deserialize)]
pub struct UserRow {
    #[serde(with = "ts_microseconds")]
    pub created_at: DateTime<Utc>,
    #[serde(with = "ts_microseconds")]
    pub updated_at: DateTime<Utc>,
    pub full_name: String,
    pub email: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct ArticleRow {
    #[serde(with = "ts_microseconds")]
    pub created_at: DateTime<Utc>,
    #[serde(with = "ts_microseconds")]
    pub updated_at: DateTime<Utc>,
    pub slug: String,
    pub title: String,
    pub description: String,
    pub author: u64,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct TagRow {
    #[serde(with = "ts_microseconds")]
    pub created_at: DateTime<Utc>,
    #[serde(with = "ts_microseconds")]
    pub updated_at: DateTime<Utc>,
    pub name: String,
}

impl UserRow {
    #[must_use]
    pub fn sample(number: u64) -> Self {
        let now = Utc::now();
        Self {
            created_at: now,
            updated_at: now,
            full_name: sample::user_name(number),
            email: sample::email(number),
        }
    }
}

impl TagRow {
    #[must_use]
    pub fn sample(number: u64) -> Self {
        let now = Utc::now();
        Self {
            created_at: now,
            updated_at: now,
            name: sample::tag_name(number),
        }
    }
}

/// An article that is not stored yet.
#[derive(Debug)]
pub struct NewArticle {
    pub id: u64,
    pub row: ArticleRow,
    pub text: String,
    pub tags: [u64; sample::TAGS_EACH],
}

impl NewArticle {
    #[must_use]
    pub fn sample(id: u64, author: u64, tags: u64, text_length: usize) -> Self {
        let new = sample::article(id, text_length);
        let now = Utc::now();
        Self {
            id,
            row: ArticleRow {
                created_at: now,
                updated_at: now,
                slug: new.slug,
                title: new.title,
                description: new.description,
                author,
            },
            text: new.text,
            tags: sample::tags_of(id, tags),
        }
    }
}

/// What one commit inserts.
#[derive(Debug, Default)]
pub struct Insertion {
    pub users: Vec<(u64, UserRow)>,
    pub articles: Vec<NewArticle>,
}

/// The numbers that are given to new rows.
#[derive(Debug)]
pub struct Numbers {
    pub article: u64,
    pub user: u64,
    version: u64,
}

impl Default for Numbers {
    fn default() -> Self {
        Self {
            article: 1,
            user: 1,
            version: 1,
        }
    }
}

impl Numbers {
    pub fn next_article(&mut self) -> u64 {
        self.article += 1;
        self.article - 1
    }

    pub fn next_user(&mut self) -> u64 {
        self.user += 1;
        self.user - 1
    }

    /// A description that no article has had.
    pub fn next_description(&mut self) -> String {
        self.version += 1;
        sample::description(self.version)
    }
}

/// What a read has brought to memory.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The articles that were asked for, in the order of their keys.
    pub ids: Vec<u64>,
    pub users: FxHashMap<u64, UserRow>,
    pub articles: FxHashMap<u64, ArticleRow>,
    pub tags: FxHashMap<u64, TagRow>,
    pub texts: FxHashMap<u64, String>,
    pub articles_of: FxHashMap<u64, Vec<u64>>,
    pub tags_of: FxHashMap<u64, Vec<u64>>,
}

impl Loaded {
    /// The authors of the articles that are loaded, in the order of their keys.
    #[must_use]
    pub fn authors(&self) -> Vec<u64> {
        let mut authors: Vec<u64> = self.articles.values().map(|row| row.author).collect();
        authors.sort_unstable();
        authors.dedup();
        authors
    }

    /// Changes so many of the articles, evenly spread, and gives their numbers.
    ///
    /// # Panics
    /// If one of them is not loaded.
    pub fn change(&mut self, count: usize, numbers: &mut Numbers) -> Vec<u64> {
        let step = self.ids.len() / count.max(1);
        let changed = (0..count).map(|at| self.ids[at * step]);
        let changed: Vec<u64> = changed.collect();
        for id in &changed {
            let row = self.articles.get_mut(id).expect("the article is loaded");
            row.description = numbers.next_description();
            row.updated_at = Utc::now();
        }
        changed
    }

    /// One step through the hash map for each article.
    #[must_use]
    pub fn sum_of_titles(&self) -> usize {
        let lengths = self.ids.iter().map(|id| self.articles[id].title.len());
        lengths.sum()
    }

    /// A hop from each article to its author.
    #[must_use]
    pub fn sum_of_author_names(&self) -> usize {
        let articles = self.ids.iter().map(|id| &self.articles[id]);
        articles
            .map(|row| self.users[&row.author].full_name.len())
            .sum()
    }

    #[must_use]
    pub fn describe(&self) -> Seen {
        let mut seen = Seen::new();
        for (id, user) in &self.users {
            let (name, email) = (&user.full_name, &user.email);
            seen.insert(format!("user {id}: {name} {email}"));
        }
        for (id, article) in &self.articles {
            let (slug, title, description) = (&article.slug, &article.title, &article.description);
            let author = article.author;
            seen.insert(format!(
                "article {id}: {slug} {title} {description} {author}"
            ));
        }
        for (id, text) in &self.texts {
            seen.insert(format!("text {id}: {text}"));
        }
        for (user, articles) in &self.articles_of {
            seen.extend(articles.iter().map(|id| format!("user {user} wrote {id}")));
        }
        for (article, tags) in &self.tags_of {
            seen.extend(tags.iter().map(|id| format!("article {article} has {id}")));
        }
        for (id, tag) in &self.tags {
            seen.insert(format!("tag {id}: {}", tag.name));
        }
        seen
    }
}
