//! The entities of the blog, as in `examples/blog`, with a clock that stands still and passwords
//! that are hashed cheaply.

use chrono::{DateTime, Utc};
use musher::password::PasswordHasher;
use musher::prelude::*;
use musher::{OrmBuilder, password};

use super::{Log, clock, for_each_store};

/// What every entity has.
#[derive(BaseEntity, Debug, Clone)]
pub struct Base {
    #[orm(primary_key)]
    pub id: Pk,
    #[orm(default = clock::now())]
    pub created_at: DateTime<Utc>,
    #[orm(default = clock::now(), on_update = clock::now())]
    pub updated_at: DateTime<Utc>,
}

/// Who writes articles.
#[derive(Entity, Debug, Clone)]
#[orm(before_create = User::hash_password, before_update = User::hash_password)]
pub struct User {
    #[orm(base)]
    pub base: Base,
    pub full_name: String,
    #[orm(unique)]
    pub email: String,
    #[orm(hidden)]
    pub password: Lazy<String>,
    #[orm(default)]
    pub bio: String,
    #[orm(one_to_many(mapped_by = author))]
    pub articles: Collection<Article>,
}

impl User {
    /// A user whose password is still in plain text: it is hashed when it is flushed.
    pub fn new(full_name: &str, email: &str, password: &str) -> Self {
        Self {
            base: Base::default(),
            full_name: full_name.to_owned(),
            email: email.to_owned(),
            password: password.into(),
            bio: String::new(),
            articles: Collection::new(),
        }
    }

    /// Hashes the password, if this flush changes it.
    fn hash_password(&mut self, args: &EventArgs<Self>) -> musher::Result<()> {
        if let Some(password) = args.change_set().payload().password() {
            self.password = PasswordHasher::cheap_for_tests().hash(password)?.into();
        }
        Ok(())
    }

    /// Whether this is the user's password.
    pub fn verify_password(&self, password: &str) -> musher::Result<bool> {
        Ok(password::verify(self.password.try_get()?, password)?)
    }
}

/// What users write.
#[derive(Entity, Debug, Clone)]
pub struct Article {
    #[orm(base)]
    pub base: Base,
    #[orm(unique, default = convert_to_slug(title))]
    pub slug: String,
    #[orm(index)]
    pub title: String,
    #[orm(length = 1000, default = summary(text))]
    pub description: String,
    pub text: Lazy<String>,
    #[orm(many_to_one)]
    pub author: Id<User>,
    #[orm(many_to_many(inversed_by = articles))]
    pub tags: Collection<Tag>,
}

/// What articles are about.
#[derive(Entity, Debug, Clone)]
pub struct Tag {
    #[orm(base)]
    pub base: Base,
    #[orm(length = 20)]
    pub name: String,
    #[orm(many_to_many(mapped_by = tags))]
    pub articles: Collection<Article>,
}

/// `Foo is Bar` becomes `foo-is-bar`.
pub fn convert_to_slug(title: &str) -> String {
    let kept: String = title
        .to_lowercase()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ' '))
        .collect();
    let mut slug = String::with_capacity(kept.len());
    for c in kept.chars() {
        match c {
            ' ' if slug.ends_with('-') => {}
            ' ' => slug.push('-'),
            c => slug.push(c),
        }
    }
    slug
}

/// The first 999 characters of a text, and an ellipsis.
pub fn summary(text: &str) -> String {
    text.chars().take(999).chain(['…']).collect()
}

/// The settings of an empty blog.
pub fn builder() -> OrmBuilder {
    Orm::builder().entities::<(User, Article, Tag)>()
}

/// Runs a test on an empty blog in each store.
pub fn on_each_store(test: impl Fn(&Orm, &Log) -> musher::Result<()>) {
    for_each_store(builder, test);
}

/// The user and the article of the chapter, flushed; the log is empty again.
pub fn foo_bar(orm: &Orm, log: &Log) -> musher::Result<(Id<User>, Id<Article>)> {
    let mut em = orm.em();
    let user = em.persist(User::new("Foo Bar", "foo@bar.com", "123456"));
    let article = em.create(
        Article::build()
            .title("Foo is Bar")
            .text("Lorem impsum dolor sit amet")
            .author(user),
    );
    em.flush()?;
    log.take();
    Ok((user, article))
}
