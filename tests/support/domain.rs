//! A publishing house: every kind of relation, every rule of removal, and hooks that can be watched.

#![allow(
    clippy::unnecessary_wraps,
    clippy::unused_self,
    reason = "hooks have the signature that they have"
)]

use std::cell::RefCell;

use musher::prelude::*;

/// All of it.
pub type House = (
    (User, Profile, Article, Tag, Comment),
    (Folder, Note, Page, Cover, Task, Badge),
);

#[derive(Entity, Debug, Clone)]
#[orm(before_create = User::hash_password, before_update = User::hash_password)]
pub struct User {
    #[orm(primary_key)]
    pub id: Pk,
    #[orm(unique)]
    pub email: String,
    #[orm(hidden)]
    pub password: Lazy<String>,
    #[orm(hidden, unique)]
    pub token: Option<String>,
    #[orm(default)]
    pub bio: String,
    pub age: Option<u32>,
    #[orm(default = 0, on_update = *updates + 1)]
    pub updates: u32,
    #[orm(one_to_many(mapped_by = author))]
    pub articles: Collection<Article>,
    #[orm(one_to_one(mapped_by = user))]
    pub profile: Inverse<Profile>,
}

impl User {
    fn hash_password(&mut self, args: &EventArgs<Self>) -> musher::Result<()> {
        if let Some(password) = args.change_set().payload().password() {
            self.password = format!("hashed {password}").into();
        }
        Ok(())
    }
}

/// A user of which only the name matters.
pub fn user(em: &mut EntityManager, name: &str) -> Id<User> {
    em.create(
        User::build()
            .email(format!("{name}@house.org"))
            .password("secret"),
    )
}

/// Says of a user what a user likes to keep. A one-to-one relation that may be absent.
#[derive(Entity, Debug, Clone)]
pub struct Profile {
    #[orm(primary_key)]
    pub id: Pk,
    pub text: String,
    #[orm(one_to_one(inversed_by = profile))]
    pub user: Option<Id<User>>,
}

#[derive(Entity, Debug, Clone)]
pub struct Article {
    #[orm(primary_key)]
    pub id: Pk,
    #[orm(unique)]
    pub slug: String,
    #[orm(index, default = slug.to_uppercase())]
    pub title: String,
    #[orm(length = 10)]
    pub summary: Option<String>,
    #[orm(default, length = 5)]
    pub language: String,
    #[orm(default = format!("The text of {slug}"), length = 100)]
    pub text: Lazy<String>,
    #[orm(many_to_one(inversed_by = articles))]
    pub author: Id<User>,
    #[orm(many_to_one)]
    pub editor: Option<Id<User>>,
    #[orm(many_to_many(inversed_by = articles))]
    pub tags: Collection<Tag>,
    #[orm(one_to_many(mapped_by = article))]
    pub comments: Collection<Comment>,
}

/// An article of which only slug and author matter.
pub fn article(em: &mut EntityManager, slug: &str, author: Id<User>) -> Id<Article> {
    em.create(Article::build().slug(slug).author(author))
}

#[derive(Entity, Debug, Clone)]
pub struct Tag {
    #[orm(primary_key)]
    pub id: Pk,
    pub name: String,
    #[orm(many_to_many(mapped_by = tags))]
    pub articles: Collection<Article>,
}

pub fn tag(em: &mut EntityManager, name: &str) -> Id<Tag> {
    em.create(Tag::build().name(name))
}

/// Goes with its article, and with the comment that it replies to. Its writer must stay.
#[derive(Entity, Debug, Clone)]
pub struct Comment {
    #[orm(primary_key)]
    pub id: Pk,
    pub text: String,
    #[orm(many_to_one(inversed_by = comments, on_delete = cascade))]
    pub article: Id<Article>,
    #[orm(many_to_one(on_delete = cascade))]
    pub reply_to: Option<Id<Comment>>,
    #[orm(many_to_one)]
    pub writer: Option<Id<User>>,
}

/// A comment of which only the article matters.
pub fn comment_on(em: &mut EntityManager, article: Id<Article>) -> Id<Comment> {
    em.create(Comment::build().text("a comment").article(article))
}

/// What is taken out of a folder is removed.
#[derive(Entity, Debug, Clone)]
pub struct Folder {
    #[orm(primary_key)]
    pub id: Pk,
    pub name: String,
    #[orm(one_to_many(mapped_by = folder, orphan_removal))]
    pub notes: Collection<Note>,
}

#[derive(Entity, Debug, Clone)]
pub struct Note {
    #[orm(primary_key)]
    pub id: Pk,
    pub text: String,
    #[orm(many_to_one(inversed_by = notes))]
    pub folder: Id<Folder>,
}

/// Its key is the program's.
#[derive(Entity, Debug, Clone)]
pub struct Page {
    #[orm(primary_key)]
    pub path: String,
    #[orm(unique)]
    pub title: String,
    #[orm(default)]
    pub text: Lazy<String>,
    #[orm(many_to_one)]
    pub next: Option<Id<Page>>,
    #[orm(many_to_one(inversed_by = pages))]
    pub owner: Option<Id<Badge>>,
    #[orm(many_to_many(inversed_by = on))]
    pub badges: Collection<Badge>,
    #[orm(one_to_one(mapped_by = page, orphan_removal))]
    pub cover: Inverse<Cover>,
}

pub fn page(em: &mut EntityManager, path: &str) -> Id<Page> {
    em.create(Page::build().path(path).title(format!("Page {path}")))
}

/// What a page is released of is removed.
#[derive(Entity, Debug, Clone)]
pub struct Cover {
    #[orm(primary_key)]
    pub id: Pk,
    pub color: String,
    #[orm(one_to_one(inversed_by = cover))]
    pub page: Id<Page>,
}

#[derive(Entity, Debug, Clone)]
pub struct Badge {
    #[orm(primary_key)]
    pub id: Pk,
    pub name: String,
    #[orm(many_to_many(mapped_by = badges))]
    pub on: Collection<Page>,
    #[orm(one_to_many(mapped_by = owner))]
    pub pages: Collection<Page>,
}

pub fn badge(em: &mut EntityManager, name: &str) -> Id<Badge> {
    em.create(Badge::build().name(name))
}

thread_local! {
    static EVENTS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// The hooks of tasks that ran in this thread since the last call.
pub fn events() -> Vec<String> {
    EVENTS.take()
}

/// Its hooks are watched, and obey its `order`.
#[derive(Entity, Debug, Clone)]
#[orm(
    on_init = Task::on_init,
    on_load = Task::on_load,
    before_create = Task::before_create,
    before_update = [Task::before_update, Task::count],
    before_delete = Task::before_delete,
    after_create = Task::after_create,
    after_update = Task::after_update,
    after_delete = Task::after_delete
)]
pub struct Task {
    #[orm(primary_key)]
    pub id: Pk,
    #[orm(default)]
    pub order: String,
    #[orm(default, unique)]
    pub code: Option<String>,
    #[orm(default)]
    pub hooks: u32,
    #[orm(default = 0, on_update = *stamp + 1)]
    pub stamp: u32,
    #[orm(many_to_one(inversed_by = subtasks, on_delete = cascade))]
    pub parent: Option<Id<Task>>,
    #[orm(one_to_many(mapped_by = parent))]
    pub subtasks: Collection<Task>,
    #[orm(many_to_many)]
    pub badges: Collection<Badge>,
}

impl Task {
    fn record(&self, event: &str, changed: &[&str]) {
        let id = self.id.get().map_or_else(String::new, u64::to_string);
        let line = format!("{event} {id} [{}]", changed.join(" "));
        EVENTS.with_borrow_mut(|events| events.push(line));
    }

    fn on_init(&mut self) {
        self.record("on_init", &[]);
    }

    fn on_load(&mut self) {
        self.record("on_load", &[]);
    }

    fn before_create(&mut self, args: &EventArgs<Self>) -> musher::Result<()> {
        self.record("before_create", &[]);
        self.obey(args)
    }

    fn before_update(&mut self, args: &EventArgs<Self>) -> musher::Result<()> {
        let changed: Vec<_> = args.change_set().changed().collect();
        self.record("before_update", &changed);
        self.obey(args)
    }

    fn before_delete(&mut self, args: &EventArgs<Self>) -> musher::Result<()> {
        self.record("before_delete", &[]);
        self.obey(args)
    }

    fn after_create(&self, args: &EventArgs<Self>) {
        let changed: Vec<_> = args.change_set().changed().collect();
        self.record("after_create", &changed);
    }

    fn after_update(&self, args: &EventArgs<Self>) {
        let changed: Vec<_> = args.change_set().changed().collect();
        self.record("after_update", &changed);
    }

    fn after_delete(&self, _args: &EventArgs<Self>) {
        self.record("after_delete", &[]);
    }

    fn count(&mut self, _args: &EventArgs<Self>) -> musher::Result<()> {
        self.hooks += 1;
        Ok(())
    }

    /// `refuse`, `code x`, `parent 7`, `orphan`, `badge 3`: what a hook shall do.
    fn obey(&mut self, _args: &EventArgs<Self>) -> musher::Result<()> {
        let mut words = self.order.split(' ');
        let order = words.next().unwrap_or_default();
        let word = words.next().unwrap_or_default().to_owned();
        let number = || word.parse().expect("the order has a number");
        match order {
            "refuse" => return Err(musher::Error::other("the task refuses")),
            "code" => self.code = Some(word),
            "parent" => self.parent = Some(Id::new(number())),
            "orphan" => self.parent = None,
            "badge" => self.badges = std::iter::once(Id::new(number())).collect(),
            _ => {}
        }
        Ok(())
    }
}

pub fn task(em: &mut EntityManager, order: &str) -> Id<Task> {
    em.create(Task::build().order(order))
}

/// Two users, two articles by the first, two tags at the first of them.
pub fn fill(orm: &Orm) -> musher::Result<()> {
    let mut em = orm.em();
    let (ann, bob) = (user(&mut em, "ann"), user(&mut em, "bob"));
    let (one, two) = (article(&mut em, "one", ann), article(&mut em, "two", ann));
    em[two].editor = Some(bob);
    let (a, b) = (tag(&mut em, "a"), tag(&mut em, "b"));
    em.edit(one).tags().add([a, b]);
    em.create(Profile::build().text("about").user(ann));
    page(&mut em, "/a");
    em.flush()
}
