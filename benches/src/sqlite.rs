//! The blog kept by hand in `SQLite`, with prepared statements: what a careful user of rusqlite writes.
//!
//! The write-ahead log is on, as everybody advises. A buffered commit is `synchronous = NORMAL`, which syncs
//! at a checkpoint only; a synced one is `FULL`. Texts have a table of their own, so that pages of articles
//! hold articles; links have no row ids. Dates are integers. A page cache of 256 MiB is what the others have.

use std::rc::Rc;

use chrono::{DateTime, Utc};
use rusqlite::types::Value;
use rusqlite::vtab::array;
use rusqlite::{Connection, Row, Transaction, params};
use tempfile::TempDir;

use crate::rows::{ArticleRow, Insertion, Loaded, NewArticle, Numbers, TagRow, UserRow};
use crate::{Durable, Graph, Seen, Size, sample};

const SCHEMA: &str = "
    CREATE TABLE users (
        id INTEGER PRIMARY KEY, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
        full_name TEXT NOT NULL, email TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE articles (
        id INTEGER PRIMARY KEY, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
        slug TEXT NOT NULL UNIQUE, title TEXT NOT NULL, description TEXT NOT NULL,
        author INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE) STRICT;
    CREATE INDEX titles ON articles (title);
    CREATE INDEX authors ON articles (author);
    CREATE TABLE texts (
        article INTEGER PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE,
        text TEXT NOT NULL) STRICT;
    CREATE TABLE tags (
        id INTEGER PRIMARY KEY, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
        name TEXT NOT NULL) STRICT;
    CREATE TABLE links (
        article INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
        tag INTEGER NOT NULL REFERENCES tags (id),
        PRIMARY KEY (article, tag)) STRICT, WITHOUT ROWID;
    CREATE INDEX articles_of ON links (tag, article);
";

/// The columns of an [`ArticleRow`], in the order in which [`article`] reads them.
macro_rules! articles {
    ($rest:literal) => {
        concat!(
            "SELECT id, created_at, updated_at, slug, title, description, author FROM articles ",
            $rest
        )
    };
}

/// An open blog, in a directory of its own.
pub struct Blog {
    connection: Connection,
    size: Size,
    numbers: Numbers,
    held: Loaded,
    /// Title and key of the last article of the last page.
    page: Option<(String, u64)>,
    // Dropped last.
    directory: TempDir,
}

impl Blog {
    /// Makes a blog of that size.
    ///
    /// # Panics
    /// If `SQLite` fails.
    #[must_use]
    pub fn new(size: Size, durable: Durable) -> Self {
        let directory = TempDir::new().expect("a temporary directory can be made");
        let connection = Connection::open(directory.path().join("blog.db")).unwrap();
        let synchronous = match durable {
            Durable::Buffered => "NORMAL",
            Durable::Synced => "FULL",
        };
        for (name, value) in [
            ("journal_mode", "WAL"),
            ("synchronous", synchronous),
            ("foreign_keys", "ON"),
            ("cache_size", "-262144"),
            ("temp_store", "MEMORY"),
        ] {
            connection.pragma_update(None, name, value).unwrap();
        }
        connection.set_prepared_statement_cache_capacity(64);
        array::load_module(&connection).unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        let mut blog = Self {
            connection,
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
        let transaction = self.connection.transaction().unwrap();
        for id in 1..=self.size.tags {
            let tag = TagRow::sample(id);
            let sql = "INSERT INTO tags VALUES (?1, ?2, ?3, ?4)";
            let mut insert = transaction.prepare_cached(sql).unwrap();
            let (created, updated) = (micros(tag.created_at), micros(tag.updated_at));
            insert
                .execute(params![id, created, updated, tag.name])
                .unwrap();
        }
        transaction.commit().unwrap();
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
        // What a program does from time to time; without it the planner guesses.
        self.connection.execute_batch("PRAGMA optimize").unwrap();
        self.checkpoint();
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

    fn insert(&mut self, commit: &Insertion) {
        let transaction = self.connection.transaction().unwrap();
        insert(&transaction, commit).unwrap();
        transaction.commit().unwrap();
    }

    fn checkpoint(&self) {
        let moved = "PRAGMA wal_checkpoint(TRUNCATE)";
        self.connection.query_row(moved, [], |_| Ok(())).unwrap();
    }

    fn load(&self, graph: Graph, rows: u64) -> Loaded {
        let mut loaded = Loaded::default();
        match graph {
            Graph::ArticlesOfUsers | Graph::Deep => self.load_users(rows, &mut loaded),
            _ => self.load_articles(rows, &mut loaded),
        }
        if matches!(graph, Graph::Authors | Graph::AuthorsAndTags) {
            self.load_authors(&mut loaded);
        }
        if matches!(graph, Graph::Tags | Graph::AuthorsAndTags | Graph::Deep) {
            self.load_tags(&mut loaded);
        }
        if graph == Graph::Texts {
            let sql = "SELECT article, text FROM texts WHERE article IN rarray(?1)";
            self.each(sql, [list(&loaded.ids)], |row| {
                loaded.texts.insert(row.get(0)?, row.get(1)?);
                Ok(())
            });
        }
        loaded
    }

    fn load_articles(&self, rows: u64, loaded: &mut Loaded) {
        self.each(articles!("ORDER BY id LIMIT ?1"), [rows], |row| {
            let (id, article) = article(row)?;
            loaded.ids.push(id);
            loaded.articles.insert(id, article);
            Ok(())
        });
    }

    fn load_authors(&self, loaded: &mut Loaded) {
        let sql = "SELECT id, created_at, updated_at, full_name, email FROM users
            WHERE id IN rarray(?1)";
        self.each(sql, [list(&loaded.authors())], |row| {
            let (id, user) = user(row)?;
            loaded.users.insert(id, user);
            Ok(())
        });
    }

    /// Users with their articles.
    fn load_users(&self, rows: u64, loaded: &mut Loaded) {
        let sql = "SELECT id, created_at, updated_at, full_name, email FROM users
            ORDER BY id LIMIT ?1";
        let mut users = Vec::new();
        self.each(sql, [rows], |row| {
            let (id, user) = user(row)?;
            users.push(id);
            loaded.users.insert(id, user);
            loaded.articles_of.insert(id, Vec::new());
            Ok(())
        });
        self.each(
            articles!("WHERE author IN rarray(?1)"),
            [list(&users)],
            |row| {
                let (id, article) = article(row)?;
                let of_author = loaded.articles_of.entry(article.author);
                of_author.or_default().push(id);
                loaded.ids.push(id);
                loaded.articles.insert(id, article);
                Ok(())
            },
        );
        loaded.ids.sort_unstable();
    }

    /// The tags of all articles that are loaded.
    fn load_tags(&self, loaded: &mut Loaded) {
        let sql = "SELECT article, tag FROM links WHERE article IN rarray(?1)";
        let mut tags = rustc_hash::FxHashSet::default();
        self.each(sql, [list(&loaded.ids)], |row| {
            let (article, tag) = (row.get(0)?, row.get(1)?);
            loaded.tags_of.entry(article).or_default().push(tag);
            tags.insert(tag);
            Ok(())
        });
        let tags: Vec<u64> = tags.into_iter().collect();
        let sql = "SELECT id, created_at, updated_at, name FROM tags WHERE id IN rarray(?1)";
        self.each(sql, [list(&tags)], |row| {
            let tag = TagRow {
                created_at: date(row, 1)?,
                updated_at: date(row, 2)?,
                name: row.get(3)?,
            };
            loaded.tags.insert(row.get(0)?, tag);
            Ok(())
        });
    }

    fn each(
        &self,
        sql: &str,
        parameters: impl rusqlite::Params,
        mut take: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
    ) {
        let mut statement = self.connection.prepare_cached(sql).unwrap();
        let mut rows = statement.query(parameters).unwrap();
        while let Some(row) = rows.next().unwrap() {
            take(row).unwrap();
        }
    }

    fn load_one(&self, sql: &str, parameter: impl rusqlite::ToSql) -> Loaded {
        let mut statement = self.connection.prepare_cached(sql).unwrap();
        let (id, article) = statement.query_row([parameter], article).unwrap();
        let mut loaded = Loaded::default();
        loaded.ids.push(id);
        loaded.articles.insert(id, article);
        loaded
    }

    fn load_by_id(&self, id: u64) -> Loaded {
        self.load_one(articles!("WHERE id = ?1"), id)
    }

    fn load_by_slug(&self, slug: &str) -> Loaded {
        self.load_one(articles!("WHERE slug = ?1"), slug)
    }
}

impl crate::Blog for Blog {
    fn name(&self) -> &'static str {
        "SQLite"
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
        let transaction = self.connection.transaction().unwrap();
        execute(
            &transaction,
            "DELETE FROM links WHERE article = ?1 AND tag = ?2",
            (article, taken),
        )
        .unwrap();
        execute(
            &transaction,
            "INSERT INTO links VALUES (?1, ?2)",
            (article, given),
        )
        .unwrap();
        transaction.commit().unwrap();
    }

    fn delete_user(&mut self, user: u64) {
        let transaction = self.connection.transaction().unwrap();
        execute(&transaction, "DELETE FROM users WHERE id = ?1", [user]).unwrap();
        transaction.commit().unwrap();
    }

    fn hold(&mut self, articles: u64) {
        self.held = self.load(Graph::Articles, articles);
    }

    fn change(&mut self, count: usize) {
        let changed = self.held.change(count, &mut self.numbers);
        if changed.is_empty() {
            return;
        }
        let transaction = self.connection.transaction().unwrap();
        for id in changed {
            let row = &self.held.articles[&id];
            execute(
                &transaction,
                "UPDATE articles SET description = ?2, updated_at = ?3 WHERE id = ?1",
                params![id, row.description, micros(row.updated_at)],
            )
            .unwrap();
        }
        transaction.commit().unwrap();
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
        let (title, id) = self.page.take().unwrap_or_default();
        let mut loaded = Loaded::default();
        let sql = articles!("WHERE (title, id) > (?1, ?2) ORDER BY title, id LIMIT ?3");
        self.each(sql, params![title, id, rows], |row| {
            let (id, article) = article(row)?;
            loaded.ids.push(id);
            loaded.articles.insert(id, article);
            Ok(())
        });
        if loaded.ids.len() == rows {
            let last = *loaded.ids.last().expect("a page has rows");
            self.page = Some((loaded.articles[&last].title.clone(), last));
        }
        loaded.ids
    }

    fn settle(&mut self) {
        self.checkpoint();
    }

    fn stored_bytes(&self) -> u64 {
        crate::bytes_in(self.directory.path())
    }
}

fn insert(transaction: &Transaction<'_>, commit: &Insertion) -> rusqlite::Result<()> {
    for (id, user) in &commit.users {
        let (created, updated) = (micros(user.created_at), micros(user.updated_at));
        execute(
            transaction,
            "INSERT INTO users VALUES (?1, ?2, ?3, ?4, ?5)",
            params![id, created, updated, user.full_name, user.email],
        )?;
    }
    for NewArticle {
        id,
        row,
        text,
        tags,
    } in &commit.articles
    {
        let (created, updated) = (micros(row.created_at), micros(row.updated_at));
        execute(
            transaction,
            "INSERT INTO articles VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                id,
                created,
                updated,
                row.slug,
                row.title,
                row.description,
                row.author
            ],
        )?;
        execute(
            transaction,
            "INSERT INTO texts VALUES (?1, ?2)",
            params![id, text],
        )?;
        for tag in tags {
            execute(transaction, "INSERT INTO links VALUES (?1, ?2)", [id, tag])?;
        }
    }
    Ok(())
}

fn execute(
    connection: &Connection,
    sql: &str,
    parameters: impl rusqlite::Params,
) -> rusqlite::Result<()> {
    let changed = connection.prepare_cached(sql)?.execute(parameters)?;
    assert_eq!(changed, 1, "{sql}");
    Ok(())
}

fn article(row: &Row<'_>) -> rusqlite::Result<(u64, ArticleRow)> {
    let article = ArticleRow {
        created_at: date(row, 1)?,
        updated_at: date(row, 2)?,
        slug: row.get(3)?,
        title: row.get(4)?,
        description: row.get(5)?,
        author: row.get(6)?,
    };
    Ok((row.get(0)?, article))
}

fn user(row: &Row<'_>) -> rusqlite::Result<(u64, UserRow)> {
    let user = UserRow {
        created_at: date(row, 1)?,
        updated_at: date(row, 2)?,
        full_name: row.get(3)?,
        email: row.get(4)?,
    };
    Ok((row.get(0)?, user))
}

fn micros(date: DateTime<Utc>) -> i64 {
    date.timestamp_micros()
}

fn date(row: &Row<'_>, column: usize) -> rusqlite::Result<DateTime<Utc>> {
    let date = DateTime::from_timestamp_micros(row.get(column)?);
    Ok(date.expect("a date that was stored"))
}

fn list(ids: &[u64]) -> Rc<Vec<Value>> {
    let values = ids.iter().map(|id| {
        let id = i64::try_from(*id).expect("keys are small");
        Value::Integer(id)
    });
    Rc::new(values.collect())
}
