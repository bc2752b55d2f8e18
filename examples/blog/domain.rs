//! The entities of the blog: users write articles, articles have tags.

use chrono::{DateTime, Utc};
use musher::prelude::*;

/// What every entity has.
#[derive(BaseEntity, Debug, Clone)]
pub struct Base {
    #[orm(primary_key)]
    pub id: Pk,
    #[orm(default = Utc::now())]
    pub created_at: DateTime<Utc>,
    #[orm(default = Utc::now(), on_update = Utc::now())]
    pub updated_at: DateTime<Utc>,
}

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
            self.password = musher::password::hash(password)?.into();
        }
        Ok(())
    }

    /// Whether this is the user's password.
    pub fn verify_password(&self, password: &str) -> musher::Result<bool> {
        Ok(musher::password::verify(
            self.password.try_get()?,
            password,
        )?)
    }
}

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
fn summary(text: &str) -> String {
    text.chars().take(999).chain(['…']).collect()
}
