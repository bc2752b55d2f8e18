//! The same blog kept by hand on sled 0.34.7: one tree for each kind of row, one for each index,
//! two for the links, the texts apart; rows encoded with bincode; one transaction a commit, which
//! checks unique values and references as Musher does. It is what one would write for just this
//! blog: no checksums, no versions, no identity map beyond a hash map, nothing that could be asked
//! for in another way.

use std::fs::File;
use std::path::Path;

use chrono::{DateTime, Utc};
use rustc_hash::FxHashMap;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sled::transaction::{ConflictableTransactionError, Transactional, TransactionalTree};
use sled::{IVec, Tree};
use tempfile::TempDir;

use super::{Durable, Read, Seen, Size, sample};

#[derive(Serialize, Deserialize)]
pub struct UserRow {
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    full_name: String,
    email: String,
}

#[derive(Serialize, Deserialize)]
pub struct ArticleRow {
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    slug: String,
    title: String,
    description: String,
    author: u64,
}

#[derive(Serialize, Deserialize)]
pub struct TagRow {
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    name: String,
}

/// The trees, in the order in which a transaction lists them.
const NAMES: [&str; 11] = [
    "users",
    "emails",
    "articles",
    "slugs",
    "titles",
    "authors",
    "texts",
    "tags",
    "tags_of",
    "articles_of",
    "sequences",
];
const USERS: usize = 0;
const EMAILS: usize = 1;
const ARTICLES: usize = 2;
const SLUGS: usize = 3;
const TITLES: usize = 4;
const AUTHORS: usize = 5;
const TEXTS: usize = 6;
const TAGS: usize = 7;
const TAGS_OF: usize = 8;
const ARTICLES_OF: usize = 9;
const SEQUENCES: usize = 10;

/// An open blog, in a directory of its own.
pub struct Blog {
    trees: Vec<Tree>,
    db: sled::Db,
    data_file: File,
    durable: Durable,
    size: Size,
    next_article: u64,
    next_user: u64,
    next_version: u64,
    // Dropped last.
    _directory: TempDir,
}

struct NewArticle {
    id: u64,
    row: ArticleRow,
    text: String,
    tags: [u64; sample::TAGS_EACH],
}

/// What one commit inserts.
#[derive(Default)]
struct Commit {
    users: Vec<(u64, UserRow)>,
    articles: Vec<NewArticle>,
}

/// What a read has brought to memory.
#[derive(Default)]
pub struct Loaded {
    /// The articles that were asked for, in the order of their keys.
    ids: Vec<u64>,
    users: FxHashMap<u64, UserRow>,
    articles: FxHashMap<u64, ArticleRow>,
    tags: FxHashMap<u64, TagRow>,
    texts: FxHashMap<u64, String>,
    articles_of: FxHashMap<u64, Vec<u64>>,
    tags_of: FxHashMap<u64, Vec<u64>>,
}

fn encode(row: &impl Serialize) -> Vec<u8> {
    bincode::serde::encode_to_vec(row, bincode::config::standard()).unwrap()
}

fn decode<T: DeserializeOwned>(stored: &[u8]) -> T {
    let decoded = bincode::serde::decode_from_slice(stored, bincode::config::standard());
    decoded.unwrap().0
}

fn number(key: &[u8]) -> u64 {
    u64::from_be_bytes(key.try_into().expect("keys are eight bytes"))
}

fn pair(first: u64, second: u64) -> [u8; 16] {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&first.to_be_bytes());
    key[8..].copy_from_slice(&second.to_be_bytes());
    key
}

impl Blog {
    /// Makes a blog of that size.
    pub fn new(size: Size, durable: Durable) -> Self {
        let directory = TempDir::new().expect("a temporary directory can be made");
        let path = directory.path().join("blog");
        let config = sled::Config::new().path(&path);
        // The settings of Musher's own store.
        let db = config.cache_capacity(256 * 1024 * 1024).open().unwrap();
        let trees = NAMES.map(|name| db.open_tree(name).unwrap());
        let mut blog = Self {
            trees: trees.into(),
            data_file: data_file(&path),
            db,
            durable,
            size,
            next_article: 1,
            next_user: 1,
            next_version: 1,
            _directory: directory,
        };
        blog.populate();
        blog
    }

    fn populate(&mut self) {
        for number in 1..=self.size.tags {
            let now = Utc::now();
            let tag = TagRow {
                created_at: now,
                updated_at: now,
                name: sample::tag_name(number),
            };
            self.trees[TAGS]
                .insert(number.to_be_bytes(), encode(&tag))
                .unwrap();
        }
        let mut commit = Commit::default();
        for _ in 0..self.size.users {
            self.add_user(&mut commit);
        }
        self.insert(&commit);
        let mut commit = Commit::default();
        for number in 1..=self.size.articles {
            self.add_article(&mut commit, sample::author_of(number, self.size.users));
            if number % 1000 == 0 || number == self.size.articles {
                self.insert(&std::mem::take(&mut commit));
            }
        }
        self.sync();
    }

    fn add_user(&mut self, commit: &mut Commit) -> u64 {
        let id = self.next_user;
        self.next_user += 1;
        let now = Utc::now();
        let row = UserRow {
            created_at: now,
            updated_at: now,
            full_name: sample::user_name(id),
            email: sample::email(id),
        };
        commit.users.push((id, row));
        id
    }

    fn add_article(&mut self, commit: &mut Commit, author: u64) {
        let id = self.next_article;
        self.next_article += 1;
        let new = sample::article(id, self.size.text);
        let now = Utc::now();
        commit.articles.push(NewArticle {
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
            tags: sample::tags_of(id, self.size.tags),
        });
    }

    fn new_description(&mut self) -> String {
        self.next_version += 1;
        sample::description(self.next_version)
    }

    fn insert(&self, commit: &Commit) {
        let inserted = self
            .trees
            .as_slice()
            .transaction(|trees: &Vec<TransactionalTree>| insert(trees, commit));
        inserted.unwrap();
        self.finish();
    }

    fn finish(&self) {
        match self.durable {
            Durable::Buffered => {}
            Durable::Synced => self.sync(),
        }
    }

    fn sync(&self) {
        self.db.flush().unwrap();
        self.data_file.sync_data().unwrap();
    }

    /// One user with so many articles, in one commit.
    pub fn insert_graph(&mut self, articles: u64) {
        let mut commit = Commit::default();
        let author = self.add_user(&mut commit);
        for _ in 0..articles {
            self.add_article(&mut commit, author);
        }
        self.insert(&commit);
    }

    /// One article of an author who is there.
    pub fn insert_one(&mut self) {
        let mut commit = Commit::default();
        self.add_article(&mut commit, 1);
        self.insert(&commit);
    }

    /// Loads all articles, and changes so many of them.
    pub fn load_and_change(&mut self, count: usize) {
        let mut loaded = self.read(Read::Articles);
        self.change(&mut loaded, count);
    }

    /// Changes so many of the articles that are loaded.
    pub fn change(&mut self, loaded: &mut Loaded, count: usize) {
        if count == 0 {
            return;
        }
        let step = loaded.ids.len() / count;
        let mut rows = Vec::with_capacity(count);
        for at in 0..count {
            let id = loaded.ids[at * step];
            let row = loaded.articles.get_mut(&id).unwrap();
            row.description = self.new_description();
            row.updated_at = Utc::now();
            rows.push((id.to_be_bytes(), IVec::from(encode(row))));
        }
        let written = self.trees[ARTICLES].transaction(|articles| {
            for (key, row) in &rows {
                articles.insert(key, row)?;
            }
            Ok::<_, ConflictableTransactionError<String>>(())
        });
        written.unwrap();
        self.finish();
    }

    pub fn read(&self, read: Read) -> Loaded {
        let mut loaded = Loaded::default();
        match read {
            Read::Articles => self.read_articles(&mut loaded),
            Read::Authors => {
                self.read_articles(&mut loaded);
                let mut authors: Vec<u64> =
                    loaded.articles.values().map(|row| row.author).collect();
                authors.sort_unstable();
                authors.dedup();
                for id in authors {
                    loaded.users.insert(id, self.row(USERS, id));
                }
            }
            Read::ArticlesOfUsers => self.read_users(&mut loaded),
            Read::Tags => {
                self.read_articles(&mut loaded);
                self.read_tags(&mut loaded);
            }
            Read::Deep => {
                self.read_users(&mut loaded);
                self.read_tags(&mut loaded);
            }
            Read::Texts => {
                self.read_articles(&mut loaded);
                for id in &loaded.ids {
                    loaded.texts.insert(*id, self.row(TEXTS, *id));
                }
            }
        }
        loaded
    }

    fn read_articles(&self, loaded: &mut Loaded) {
        for entry in &self.trees[ARTICLES] {
            let (key, row) = entry.unwrap();
            let id = number(&key);
            loaded.ids.push(id);
            loaded.articles.insert(id, decode(&row));
        }
    }

    /// All users with their articles.
    fn read_users(&self, loaded: &mut Loaded) {
        for entry in &self.trees[USERS] {
            let (key, row) = entry.unwrap();
            let user = number(&key);
            loaded.users.insert(user, decode(&row));
            let articles = self.linked(AUTHORS, user);
            loaded.ids.extend(&articles);
            loaded.articles_of.insert(user, articles);
        }
        loaded.ids.sort_unstable();
        for id in &loaded.ids {
            loaded.articles.insert(*id, self.row(ARTICLES, *id));
        }
    }

    /// The tags of all articles that are loaded.
    fn read_tags(&self, loaded: &mut Loaded) {
        for article in &loaded.ids {
            let tags = self.linked(TAGS_OF, *article);
            for tag in &tags {
                let row = loaded.tags.entry(*tag);
                row.or_insert_with(|| self.row(TAGS, *tag));
            }
            loaded.tags_of.insert(*article, tags);
        }
    }

    fn row<T: DeserializeOwned>(&self, tree: usize, id: u64) -> T {
        let stored = self.trees[tree].get(id.to_be_bytes()).unwrap();
        decode(&stored.expect("the row is there"))
    }

    fn linked(&self, tree: usize, first: u64) -> Vec<u64> {
        let entries = self.trees[tree].scan_prefix(first.to_be_bytes());
        entries
            .map(|entry| number(&entry.unwrap().0[8..]))
            .collect()
    }

    pub fn find_by_id(&self, id: u64) -> Loaded {
        let mut loaded = Loaded::default();
        loaded.ids.push(id);
        loaded.articles.insert(id, self.row(ARTICLES, id));
        loaded
    }

    pub fn find_by_slug(&self, slug: &str) -> Loaded {
        let id = self.trees[SLUGS].get(slug).unwrap();
        self.find_by_id(number(&id.expect("the slug is there")))
    }
}

fn data_file(directory: &Path) -> File {
    let options = File::options().write(true).open(directory.join("db"));
    options.expect("sled keeps its data in this file")
}

type InTransaction<T> = Result<T, ConflictableTransactionError<String>>;

fn refuse<T>(why: String) -> InTransaction<T> {
    Err(ConflictableTransactionError::Abort(why))
}

fn insert(trees: &[TransactionalTree], commit: &Commit) -> InTransaction<()> {
    for (id, user) in &commit.users {
        let key = id.to_be_bytes();
        if trees[USERS].insert(&key, encode(user))?.is_some() {
            return refuse(format!("user {id} is there already"));
        }
        if trees[EMAILS].insert(user.email.as_bytes(), &key)?.is_some() {
            return refuse(format!("the email {} is taken", user.email));
        }
    }
    for article in &commit.articles {
        insert_article(trees, article)?;
    }
    if let Some((id, _)) = commit.users.last() {
        trees[SEQUENCES].insert("users", &id.to_be_bytes())?;
    }
    if let Some(article) = commit.articles.last() {
        trees[SEQUENCES].insert("articles", &article.id.to_be_bytes())?;
    }
    Ok(())
}

fn insert_article(trees: &[TransactionalTree], article: &NewArticle) -> InTransaction<()> {
    let NewArticle {
        id,
        row,
        text,
        tags,
    } = article;
    let key = id.to_be_bytes();
    if trees[USERS].get(row.author.to_be_bytes())?.is_none() {
        return refuse(format!("there is no author {}", row.author));
    }
    if trees[ARTICLES].insert(&key, encode(row))?.is_some() {
        return refuse(format!("article {id} is there already"));
    }
    if trees[SLUGS].insert(row.slug.as_bytes(), &key)?.is_some() {
        return refuse(format!("the slug {} is taken", row.slug));
    }
    trees[TITLES].insert([row.title.as_bytes(), &[0], &key].concat(), &[])?;
    trees[AUTHORS].insert(&pair(row.author, *id), &[])?;
    trees[TEXTS].insert(&key, encode(text))?;
    for tag in tags {
        if trees[TAGS].get(tag.to_be_bytes())?.is_none() {
            return refuse(format!("there is no tag {tag}"));
        }
        trees[TAGS_OF].insert(&pair(*id, *tag), &[])?;
        trees[ARTICLES_OF].insert(&pair(*tag, *id), &[])?;
    }
    Ok(())
}

impl Loaded {
    /// One step through the hash map for each article.
    pub fn sum_of_titles(&self) -> usize {
        self.ids
            .iter()
            .map(|id| self.articles[id].title.len())
            .sum()
    }

    /// A hop from each article to its author.
    pub fn sum_of_author_names(&self) -> usize {
        let articles = self.ids.iter().map(|id| &self.articles[id]);
        articles
            .map(|row| self.users[&row.author].full_name.len())
            .sum()
    }

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
