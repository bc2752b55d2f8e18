//! The blog kept by hand on sled 0.34.7: one tree for each kind of row, one for each index, two for the
//! links, the texts apart; rows encoded with bincode; one transaction a commit, which checks unique values
//! and references as Musher does. It is what one would write for just this blog: no checksums, no versions,
//! no identity map beyond a hash map, nothing that could be asked for in another way.

use std::fs::File;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sled::transaction::{ConflictableTransactionError, Transactional, TransactionalTree};
use sled::{IVec, Tree};
use tempfile::TempDir;

use crate::rows::{ArticleRow, Insertion, Loaded, NewArticle, Numbers, TagRow, UserRow};
use crate::{Durable, Graph, Seen, Size, sample};

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
    numbers: Numbers,
    held: Loaded,
    /// The last entry of the last page.
    page: Option<IVec>,
    // Dropped last.
    directory: TempDir,
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

fn title_entry(title: &str, id: u64) -> Vec<u8> {
    [title.as_bytes(), &[0], &id.to_be_bytes()].concat()
}

impl Blog {
    /// Makes a blog of that size.
    ///
    /// # Panics
    /// If sled fails.
    #[must_use]
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
            numbers: Numbers::default(),
            held: Loaded::default(),
            page: None,
            directory,
        };
        blog.populate();
        blog
    }

    fn populate(&mut self) {
        for number in 1..=self.size.tags {
            let tag = encode(&TagRow::sample(number));
            self.trees[TAGS].insert(number.to_be_bytes(), tag).unwrap();
        }
        let mut commit = Insertion::default();
        for _ in 0..self.size.users {
            self.add_user(&mut commit);
        }
        self.insert(&commit);
        let mut commit = Insertion::default();
        for number in 1..=self.size.articles {
            self.add_article(&mut commit, sample::author_of(number, self.size.users));
            if number % 1000 == 0 || number == self.size.articles {
                self.insert(&std::mem::take(&mut commit));
            }
        }
        self.sync();
    }

    fn add_user(&mut self, commit: &mut Insertion) -> u64 {
        let id = self.numbers.next_user();
        commit.users.push((id, UserRow::sample(id)));
        id
    }

    fn add_article(&mut self, commit: &mut Insertion, author: u64) {
        let id = self.numbers.next_article();
        let new = NewArticle::sample(id, author, self.size.tags, self.size.text);
        commit.articles.push(new);
    }

    fn insert(&self, commit: &Insertion) {
        self.commit(|trees| insert(trees, commit));
    }

    /// One transaction over all trees.
    fn commit(&self, work: impl Fn(&[TransactionalTree]) -> InTransaction<()>) {
        let trees = self.trees.as_slice();
        let done = trees.transaction(|trees: &Vec<TransactionalTree>| work(trees));
        done.unwrap();
        if self.durable == Durable::Synced {
            self.sync();
        }
    }

    fn sync(&self) {
        self.db.flush().unwrap();
        self.data_file.sync_data().unwrap();
    }

    /// Reads the first rows, with what belongs to them.
    ///
    /// # Panics
    /// If sled fails.
    #[must_use]
    pub fn load(&self, graph: Graph, rows: u64) -> Loaded {
        let mut loaded = Loaded::default();
        match graph {
            Graph::ArticlesOfUsers | Graph::Deep => self.load_users(rows, &mut loaded),
            _ => self.load_articles(rows, &mut loaded),
        }
        if matches!(graph, Graph::Authors | Graph::AuthorsAndTags) {
            for id in loaded.authors() {
                loaded.users.insert(id, self.row(USERS, id));
            }
        }
        if matches!(graph, Graph::Tags | Graph::AuthorsAndTags | Graph::Deep) {
            self.load_tags(&mut loaded);
        }
        if graph == Graph::Texts {
            for id in &loaded.ids {
                loaded.texts.insert(*id, self.row(TEXTS, *id));
            }
        }
        loaded
    }

    fn load_articles(&self, rows: u64, loaded: &mut Loaded) {
        for entry in self.trees[ARTICLES].iter().take(count(rows)) {
            let (key, row) = entry.unwrap();
            let id = number(&key);
            loaded.ids.push(id);
            loaded.articles.insert(id, decode(&row));
        }
    }

    /// Users with their articles.
    fn load_users(&self, rows: u64, loaded: &mut Loaded) {
        for entry in self.trees[USERS].iter().take(count(rows)) {
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
    fn load_tags(&self, loaded: &mut Loaded) {
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

    fn load_by_id(&self, id: u64) -> Loaded {
        let mut loaded = Loaded::default();
        loaded.ids.push(id);
        loaded.articles.insert(id, self.row(ARTICLES, id));
        loaded
    }

    fn load_by_slug(&self, slug: &str) -> Loaded {
        let id = self.trees[SLUGS].get(slug).unwrap();
        self.load_by_id(number(&id.expect("the slug is there")))
    }
}

impl crate::Blog for Blog {
    fn name(&self) -> &'static str {
        "sled"
    }

    fn insert_graph(&mut self, articles: u64) {
        let mut commit = Insertion::default();
        let author = self.add_user(&mut commit);
        for _ in 0..articles {
            self.add_article(&mut commit, author);
        }
        self.insert(&commit);
    }

    fn insert_one(&mut self) {
        let mut commit = Insertion::default();
        self.add_article(&mut commit, 1);
        self.insert(&commit);
    }

    fn edit_tags(&mut self, article: u64) {
        let mut loaded = self.load_by_id(article);
        self.load_tags(&mut loaded);
        let (given, taken) = sample::other_tag(&loaded.tags_of[&article], self.size.tags);
        self.commit(|trees| {
            trees[TAGS_OF].remove(&pair(article, taken))?;
            trees[ARTICLES_OF].remove(&pair(taken, article))?;
            link(trees, article, given)
        });
    }

    fn delete_user(&mut self, user: u64) {
        let email = self.row::<UserRow>(USERS, user).email;
        let articles = self.linked(AUTHORS, user).into_iter().map(|id| {
            let row: ArticleRow = self.row(ARTICLES, id);
            (id, row, self.linked(TAGS_OF, id))
        });
        let articles: Vec<_> = articles.collect();
        self.commit(|trees| {
            for (id, row, tags) in &articles {
                let key = id.to_be_bytes();
                trees[ARTICLES].remove(&key)?;
                trees[TEXTS].remove(&key)?;
                trees[SLUGS].remove(row.slug.as_bytes())?;
                trees[TITLES].remove(title_entry(&row.title, *id))?;
                trees[AUTHORS].remove(&pair(user, *id))?;
                for tag in tags {
                    trees[TAGS_OF].remove(&pair(*id, *tag))?;
                    trees[ARTICLES_OF].remove(&pair(*tag, *id))?;
                }
            }
            trees[EMAILS].remove(email.as_bytes())?;
            trees[USERS].remove(&user.to_be_bytes())?;
            Ok(())
        });
    }

    fn hold(&mut self, articles: u64) {
        self.held = self.load(Graph::Articles, articles);
    }

    fn change(&mut self, count: usize) {
        let changed = self.held.change(count, &mut self.numbers);
        let rows = changed.into_iter().map(|id| {
            let row = encode(&self.held.articles[&id]);
            (id.to_be_bytes(), IVec::from(row))
        });
        let rows: Vec<_> = rows.collect();
        if rows.is_empty() {
            return;
        }
        let written = self.trees[ARTICLES].transaction(|articles| {
            for (key, row) in &rows {
                articles.insert(key, row)?;
            }
            Ok::<_, ConflictableTransactionError<String>>(())
        });
        written.unwrap();
        if self.durable == Durable::Synced {
            self.sync();
        }
    }

    fn read(&mut self, graph: Graph, rows: u64) {
        drop(self.load(graph, rows));
    }

    fn see(&mut self, graph: Graph, rows: u64) -> Seen {
        self.load(graph, rows).describe()
    }

    fn find_by_id(&mut self, article: u64) {
        drop(self.load_by_id(article));
    }

    fn find_by_slug(&mut self, slug: &str) {
        drop(self.load_by_slug(slug));
    }

    fn see_by_slug(&mut self, slug: &str) -> Seen {
        self.load_by_slug(slug).describe()
    }

    fn next_page(&mut self, rows: usize) -> Vec<u64> {
        let titles = &self.trees[TITLES];
        let entries = match self.page.take() {
            Some(last) => {
                titles.range((std::ops::Bound::Excluded(last), std::ops::Bound::Unbounded))
            }
            None => titles.iter(),
        };
        let mut loaded = Loaded::default();
        for entry in entries.take(rows) {
            let (entry, _) = entry.unwrap();
            let id = number(&entry[entry.len() - 8..]);
            loaded.ids.push(id);
            loaded.articles.insert(id, self.row(ARTICLES, id));
            self.page = Some(entry);
        }
        if loaded.ids.len() < rows {
            self.page = None;
        }
        loaded.ids
    }

    fn settle(&mut self) {
        self.sync();
    }

    fn stored_bytes(&self) -> u64 {
        crate::bytes_in(self.directory.path())
    }
}

fn count(rows: u64) -> usize {
    rows.try_into().expect("rows fit into memory")
}

fn data_file(directory: &Path) -> File {
    let options = File::options().write(true).open(directory.join("db"));
    options.expect("sled keeps its data in this file")
}

type InTransaction<T> = Result<T, ConflictableTransactionError<String>>;

fn refuse<T>(why: String) -> InTransaction<T> {
    Err(ConflictableTransactionError::Abort(why))
}

fn insert(trees: &[TransactionalTree], commit: &Insertion) -> InTransaction<()> {
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
    trees[TITLES].insert(title_entry(&row.title, *id), &[])?;
    trees[AUTHORS].insert(&pair(row.author, *id), &[])?;
    trees[TEXTS].insert(&key, encode(text))?;
    for tag in tags {
        link(trees, *id, *tag)?;
    }
    Ok(())
}

fn link(trees: &[TransactionalTree], article: u64, tag: u64) -> InTransaction<()> {
    if trees[TAGS].get(tag.to_be_bytes())?.is_none() {
        return refuse(format!("there is no tag {tag}"));
    }
    trees[TAGS_OF].insert(&pair(article, tag), &[])?;
    trees[ARTICLES_OF].insert(&pair(tag, article), &[])?;
    Ok(())
}
