//! The blog kept by Musher.

use chrono::{DateTime, Utc};
use musher::CommitPath;
use musher::prelude::*;
use tempfile::TempDir;

use super::{Durable, Read, Seen, Size, sample};

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
    #[orm(many_to_one)]
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
    next_article: u64,
    next_user: u64,
    next_version: u64,
    // Dropped last.
    _directory: TempDir,
}

/// What a read has brought to memory.
pub struct Loaded {
    em: EntityManager,
    users: Vec<Id<User>>,
    articles: Vec<Id<Article>>,
}

impl Blog {
    /// Makes a blog of that size.
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
            next_article: 1,
            next_user: 1,
            next_version: 1,
            _directory: directory,
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
        let number = self.next_user;
        self.next_user += 1;
        em.create(
            User::build()
                .full_name(sample::user_name(number))
                .email(sample::email(number)),
        )
    }

    fn add_article(&mut self, em: &mut EntityManager, author: Id<User>) -> Id<Article> {
        let number = self.next_article;
        self.next_article += 1;
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

    fn new_description(&mut self) -> String {
        self.next_version += 1;
        sample::description(self.next_version)
    }

    /// One user with so many articles, in one commit.
    pub fn insert_graph(&mut self, articles: u64) {
        let mut em = self.orm.em();
        let author = self.add_user(&mut em);
        for _ in 0..articles {
            self.add_article(&mut em, author);
        }
        em.flush().unwrap();
    }

    /// One article of an author who is there.
    pub fn insert_one(&mut self) {
        let mut em = self.orm.em();
        self.add_article(&mut em, Id::new(1));
        em.flush().unwrap();
    }

    /// Loads all articles, and changes so many of them.
    pub fn load_and_change(&mut self, count: usize) {
        let mut loaded = self.read(Read::Articles, LoadStrategy::SelectIn);
        self.change(&mut loaded, count);
    }

    /// Changes so many of the articles that are loaded.
    pub fn change(&mut self, loaded: &mut Loaded, count: usize) {
        let step = loaded.articles.len() / count.max(1);
        for at in 0..count {
            let article = loaded.articles[at * step];
            loaded.em[article].description = self.new_description();
        }
        loaded.em.flush().unwrap();
    }

    pub fn read(&self, read: Read, strategy: LoadStrategy) -> Loaded {
        let mut em = self.orm.em();
        let (mut users, mut articles) = (Vec::new(), Vec::new());
        match read {
            Read::Articles => articles = em.find::<Article>().all().unwrap(),
            Read::Authors => {
                let found = em.find::<Article>().populate(|a| a.author());
                articles = found.strategy(strategy).unchecked().all().unwrap();
            }
            Read::ArticlesOfUsers => {
                let found = em.find::<User>().populate(|u| u.articles());
                users = found.strategy(strategy).unchecked().all().unwrap();
            }
            Read::Tags => {
                let found = em.find::<Article>().populate(|a| a.tags());
                articles = found.strategy(strategy).unchecked().all().unwrap();
            }
            Read::Deep => {
                let found = em.find::<User>().populate(|u| u.articles().tags());
                users = found.strategy(strategy).unchecked().all().unwrap();
            }
            Read::Texts => {
                let found = em.find::<Article>().populate(|a| a.text());
                articles = found.strategy(strategy).unchecked().all().unwrap();
            }
        }
        Loaded {
            em,
            users,
            articles,
        }
    }

    pub fn find_by_id(&self, id: u64) -> Loaded {
        let mut em = self.orm.em();
        let found = em.find_one(Id::<Article>::new(id)).or_fail().unwrap();
        Loaded {
            em,
            users: Vec::new(),
            articles: vec![found],
        }
    }

    pub fn find_by_slug(&self, slug: &str) -> Loaded {
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

impl Loaded {
    /// One step through the identity map for each article.
    pub fn sum_of_titles(&self) -> usize {
        let lengths = self.articles.iter().map(|id| self.em[*id].title.len());
        lengths.sum()
    }

    /// A hop from each article to its author.
    pub fn sum_of_author_names(&self) -> usize {
        let articles = self.articles.iter().map(|id| self.em.view(*id));
        articles.map(|view| view.author().full_name.len()).sum()
    }

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
