// The entities of the guide. Its code blocks include this file, so that each can be compiled on its
// own; what the guide shows of these entities is shown there in full.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use musher::password::PasswordHasher;
use musher::prelude::*;

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
    pub settings: BTreeMap<String, String>,
    #[orm(one_to_many(mapped_by = author))]
    pub articles: Collection<Article>,
    #[orm(one_to_one(mapped_by = user))]
    pub profile: Inverse<Profile>,
}

impl User {
    pub fn new(full_name: &str, email: &str, password: &str) -> Self {
        Self {
            base: Base::default(),
            full_name: full_name.to_owned(),
            email: email.to_owned(),
            password: password.into(),
            settings: BTreeMap::new(),
            articles: Collection::new(),
            profile: Inverse::new(),
        }
    }

    fn hash_password(&mut self, args: &EventArgs<Self>) -> musher::Result<()> {
        if let Some(password) = args.change_set().payload().password() {
            self.password = PasswordHasher::cheap_for_tests().hash(password)?.into();
        }
        Ok(())
    }

    pub fn verify_password(&self, password: &str) -> musher::Result<bool> {
        Ok(musher::password::verify(self.password.try_get()?, password)?)
    }
}

#[derive(Entity, Debug, Clone)]
pub struct Profile {
    #[orm(base)]
    pub base: Base,
    pub city: Option<String>,
    #[orm(one_to_one(inversed_by = profile, on_delete = cascade))]
    pub user: Id<User>,
}

#[derive(Entity, Debug, Clone)]
pub struct Article {
    #[orm(base)]
    pub base: Base,
    #[orm(unique, default = title.to_lowercase().replace(' ', "-"))]
    pub slug: String,
    #[orm(index)]
    pub title: String,
    #[orm(length = 100, default)]
    pub description: String,
    pub text: Lazy<String>,
    pub rating: Option<u32>,
    #[orm(many_to_one)]
    pub author: Id<User>,
    #[orm(many_to_one)]
    pub editor: Option<Id<User>>,
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

/// A database in memory, with a user who has written an article with one tag; and a unit of work
/// that has nothing of it loaded.
fn sample() -> musher::Result<(Orm, EntityManager, Id<User>, Id<Article>)> {
    let orm = Orm::builder()
        .entities::<(User, Profile, Article, Tag)>()
        .in_memory()?;
    let mut em = orm.em();
    let user = em.persist(User::new("Foo Bar", "foo@bar.com", "123456"));
    let article = em.create(
        Article::build()
            .title("Foo is Bar")
            .text("Lorem ipsum")
            .author(user)
            .tags([Tag::build().name("news")]),
    );
    em.flush()?;
    em.clear();
    Ok((orm, em, user, article))
}
