//! Projections are of properties, named filters of entities, and options of a hint behind a collection.

use musher::prelude::*;
use musher::{EntityFilter, Filter};

#[derive(Entity, Debug)]
struct User {
    #[orm(primary_key)]
    id: Pk,
    name: String,
}

#[derive(Entity, Debug)]
struct Article {
    #[orm(primary_key)]
    id: Pk,
    title: String,
    text: Lazy<String>,
    #[orm(many_to_one)]
    author: Id<User>,
    #[orm(many_to_many)]
    readers: Collection<User>,
}

struct Named(String);

impl EntityFilter<User> for Named {
    fn condition(&self, user: UserPath<User>) -> Filter<User> {
        user.name().eq(self.0.clone())
    }
}

fn main() {}

fn no_projection(em: &mut EntityManager) {
    let _ = em.find::<Article>().fields(|a| (a.title(), a.author()));
    let _ = em.find::<Article>().fields(|a| a.readers());
    let _ = em.find::<Article>().fields(|a| a.text()).all();
}

fn not_what_was_asked_for(em: &mut EntityManager) -> musher::Result<()> {
    let _: Vec<(String, String)> = em.find::<Article>().fields(|a| (a.title(), a.author().id())).all()?;
    Ok(())
}

fn no_filter_of_the_entity(em: &mut EntityManager) {
    let _ = em.find::<Article>().with_filter(Named("Ann".into())).all();
    let _ = Orm::builder().filter::<(User, Article), _>(Named("Ann".into()));
}

fn nothing_to_choose(em: &mut EntityManager, article: Id<Article>) {
    let _ = em.find_one(article).populate(|a| a.text().limit(1)).one();
    let _ = em.find_one(article).populate(|a| a.readers().filter(|u| u.title().eq("x"))).one();
}
