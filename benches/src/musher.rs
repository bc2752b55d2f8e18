//! The blog kept by Musher.

use chrono::{DateTime, Utc};
use musher::prelude::*;
use musher::{CommitPath, Cursor, LoadStrategy};
use tempfile::TempDir;

use crate::rows::Numbers;
use crate::{Durable, Graph, Seen, Size, sample};

#[derive(BaseEntity, Debug)]
pub struct Base {
    #[orm(primary_key)]
    pub id: Pk,
    #[orm(default = Utc::now())]
    pub created_at: DateTime<Utc>,
    #[orm(default = Utc::now(), on_update = Utc::now())]
    pub updated_at: DateTime<Utc>,
}

#[derive(Entity, Debug)]
pub struct User {
    #[orm(base)]
    pub base: Base,
    pub full_name: String,
    #[orm(unique)]
    pub email: String,
    #[orm(one_to_many(mapped_by = author))]
    pub articles: Collection<Article>,
}

#[derive(Entity, Debug)]
pub struct Article {
    #[orm(base)]
    pub base: Base,
    #[orm(unique)]
    pub slug: String,
    #[orm(index)]
    pub title: String,
    pub description: String,
    pub text: Lazy<String>,
    #[orm(many_to_one(on_delete = cascade))]
    pub author: Id<User>,
    #[orm(many_to_many(inversed_by = articles))]
    pub tags: Collection<Tag>,
}

#[derive(Entity, Debug)]
pub struct Tag {
    #[orm(base)]
    pub base: Base,
    pub name: String,
    #[orm(many_to_many(mapped_by = tags))]
    pub articles: Collection<Article>,
}

/// How commits get into sled: by way of the journal, or as `MUSHER_COMMIT_PATH=direct` says.
fn commit_path() -> CommitPath {
    match std::env::var("MUSHER_COMMIT_PATH").as_deref() {
        Ok("direct") => CommitPath::Direct,
        _ => CommitPath::Journal,
    }
}

/// An open blog, in a directory of its own.
pub struct Blog {
    pub orm: Orm,
    size: Size,
    numbers: Numbers,
    held: Option<Loaded>,
    /// Where the last page ended.
    page: Option<Cursor>,
    // Dropped last.
    directory: TempDir,
}

/// What a read has brought to memory.
pub struct Loaded {
    pub em: EntityManager,
    users: Vec<Id<User>>,
    articles: Vec<Id<Article>>,
}

impl Blog {
    /// Makes a blog of that size.
    ///
    /// # Panics
    /// If Musher fails.
    #[must_use]
    pub fn new(size: Size, durable: Durable) -> Self {
        let directory = TempDir::new().expect("a temporary directory can be made");
        let orm = Orm::builder()
            .entities::<(User, Article, Tag)>()
            .durability(match durable {
                Durable::Buffered => Durability::Os,
                Durable::Synced => Durability::Immediate,
            })
            .commit_path(commit_path())
            .open(directory.path().join("blog"))
            .unwrap();
        let mut blog = Self {
            orm,
            size,
            numbers: Numbers::default(),
            held: None,
            page: None,
            directory,
        };
        blog.populate();
        blog
    }

    fn populate(&mut self) {
        let mut em = self.orm.em();
        for number in 1..=self.size.tags {
            em.create(Tag::build().name(sample::tag_name(number)));
        }
        for _ in 0..self.size.users {
            self.add_user(&mut em);
        }
        em.flush().unwrap();
        for number in 1..=self.size.articles {
            let author = sample::author_of(number, self.size.users);
            self.add_article(&mut em, Id::new(author));
            if number % 1000 == 0 || number == self.size.articles {
                em.flush().unwrap();
                em.clear();
            }
        }
        self.orm.sync().unwrap();
    }

    fn add_user(&mut self, em: &mut EntityManager) -> Id<User> {
        let number = self.numbers.next_user();
        em.create(
            User::build()
                .full_name(sample::user_name(number))
                .email(sample::email(number)),
        )
    }

    fn add_article(&mut self, em: &mut EntityManager, author: Id<User>) -> Id<Article> {
        let number = self.numbers.next_article();
        let new = sample::article(number, self.size.text);
        em.create(
            Article::build()
                .slug(new.slug)
                .title(new.title)
                .description(new.description)
                .text(new.text)
                .author(author)
                .tags(sample::tags_of(number, self.size.tags).map(Id::<Tag>::new)),
        )
    }

    /// Reads the first rows, with what belongs to them.
    ///
    /// # Panics
    /// If Musher fails.
    #[must_use]
    pub fn load(&self, graph: Graph, rows: u64, strategy: LoadStrategy) -> Loaded {
        let mut em = self.orm.em();
        let rows = rows.try_into().expect("rows fit into memory");
        let (mut users, mut articles) = (Vec::new(), Vec::new());
        match graph {
            Graph::ArticlesOfUsers | Graph::Deep => {
                let found = em.find::<User>().limit(rows).strategy(strategy).unchecked();
                users = match graph {
                    Graph::Deep => found.populate(|u| u.articles().tags()).unchecked().all(),
                    _ => found.populate(|u| u.articles()).unchecked().all(),
                }
                .unwrap();
            }
            _ => {
                let found = em.find::<Article>().limit(rows).strategy(strategy);
                articles = match graph {
                    Graph::Authors => found.populate(|a| a.author()).unchecked().all(),
                    Graph::Tags => found.populate(|a| a.tags()).unchecked().all(),
                    Graph::Texts => found.populate(|a| a.text()).unchecked().all(),
                    Graph::AuthorsAndTags => {
                        let hints = found.populate(|a| (a.author(), a.tags()));
                        hints.unchecked().all()
                    }
                    _ => found.all(),
                }
                .unwrap();
            }
        }
        Loaded {
            em,
            users,
            articles,
        }
    }

    fn load_by_slug(&self, slug: &str) -> Loaded {
        let mut em = self.orm.em();
        let query = em.find::<Article>().filter(|a| a.slug().eq(slug));
        let found = query.or_fail().unwrap();
        Loaded {
            em,
            users: Vec::new(),
            articles: vec![found],
        }
    }
}

impl crate::Blog for Blog {
    fn name(&self) -> &'static str {
        "Musher"
    }

    fn insert_graph(&mut self, articles: u64) {
        let mut em = self.orm.em();
        let author = self.add_user(&mut em);
        for _ in 0..articles {
            self.add_article(&mut em, author);
        }
        em.flush().unwrap();
    }

    fn insert_one(&mut self) {
        let mut em = self.orm.em();
        self.add_article(&mut em, Id::new(1));
        em.flush().unwrap();
    }

    fn edit_tags(&mut self, article: u64) {
        let mut em = self.orm.em();
        let found = em.find_one(Id::<Article>::new(article));
        let id = found.populate(|a| a.tags()).unchecked().or_fail().unwrap();
        let of_article: Vec<u64> = em[id]
            .tags
            .ids_unchecked()
            .iter()
            .map(|tag| *tag.key())
            .collect();
        let (given, taken) = sample::other_tag(&of_article, self.size.tags);
        em.edit(id)
            .tags()
            .remove(Id::new(taken))
            .add(Id::new(given));
        em.flush().unwrap();
    }

    fn delete_user(&mut self, user: u64) {
        let mut em = self.orm.em();
        em.remove(Id::<User>::new(user));
        em.flush().unwrap();
    }

    fn hold(&mut self, articles: u64) {
        self.held = Some(self.load(Graph::Articles, articles, LoadStrategy::SelectIn));
    }

    fn change(&mut self, count: usize) {
        let loaded = self.held.as_mut().expect("articles are held");
        let step = loaded.articles.len() / count.max(1);
        for at in 0..count {
            let article = loaded.articles[at * step];
            loaded.em[article].description = self.numbers.next_description();
        }
        loaded.em.flush().unwrap();
    }

    fn read(&mut self, graph: Graph, rows: u64) {
        drop(self.load(graph, rows, LoadStrategy::SelectIn));
    }

    fn see(&mut self, graph: Graph, rows: u64) -> Seen {
        self.load(graph, rows, LoadStrategy::SelectIn).describe()
    }

    fn find_by_id(&mut self, article: u64) {
        let mut em = self.orm.em();
        em.find_one(Id::<Article>::new(article)).or_fail().unwrap();
    }

    fn find_by_slug(&mut self, slug: &str) {
        drop(self.load_by_slug(slug));
    }

    fn see_by_slug(&mut self, slug: &str) -> Seen {
        self.load_by_slug(slug).describe()
    }

    fn next_page(&mut self, rows: usize) -> Vec<u64> {
        let mut em = self.orm.em();
        let query = em.find::<Article>().order_by(|a| a.title().asc());
        let page = match &self.page {
            Some(cursor) => query.after(cursor).page(rows),
            None => query.page(rows),
        }
        .unwrap();
        self.page = page.next;
        page.ids.iter().map(|id| *id.key()).collect()
    }

    fn settle(&mut self) {
        self.orm.sync().unwrap();
    }

    fn stored_bytes(&self) -> u64 {
        crate::bytes_in(self.directory.path())
    }
}

impl Loaded {
    /// One step through the identity map for each article.
    #[must_use]
    pub fn sum_of_titles(&self) -> usize {
        let lengths = self.articles.iter().map(|id| self.em[*id].title.len());
        lengths.sum()
    }

    /// A hop from each article to its author.
    #[must_use]
    pub fn sum_of_author_names(&self) -> usize {
        let articles = self.articles.iter().map(|id| self.em.view(*id));
        articles.map(|view| view.author().full_name.len()).sum()
    }

    #[must_use]
    pub fn describe(&self) -> Seen {
        let mut seen = Seen::new();
        for user in &self.users {
            self.describe_user(*user, &mut seen);
            if !self.em[*user].articles.is_initialized() {
                continue;
            }
            for article in &self.em[*user].articles {
                seen.insert(format!("user {user} wrote {article}"));
                self.describe_article(*article, &mut seen);
            }
        }
        for article in &self.articles {
            self.describe_article(*article, &mut seen);
        }
        seen
    }

    fn describe_user(&self, id: Id<User>, seen: &mut Seen) {
        if let Some(user) = self.em.get(id) {
            let (name, email) = (&user.full_name, &user.email);
            seen.insert(format!("user {id}: {name} {email}"));
        }
    }

    fn describe_article(&self, id: Id<Article>, seen: &mut Seen) {
        let article = &self.em[id];
        let (slug, title, description) = (&article.slug, &article.title, &article.description);
        let author = article.author;
        seen.insert(format!(
            "article {id}: {slug} {title} {description} {author}"
        ));
        self.describe_user(author, seen);
        if let Some(text) = article.text.get() {
            seen.insert(format!("text {id}: {text}"));
        }
        for tag in article.tags.ids_unchecked() {
            seen.insert(format!("article {id} has {tag}"));
            seen.insert(format!("tag {tag}: {}", self.em[*tag].name));
        }
    }
}
