//! A part of a collection is not the whole, a key no row, and one row no collection.

use musher::prelude::*;

#[derive(Entity, Debug)]
struct User {
    #[orm(primary_key)]
    id: Pk,
    name: String,
    #[orm(one_to_many(mapped_by = author))]
    articles: Collection<Article>,
    #[orm(one_to_one(mapped_by = user))]
    profile: Inverse<Profile>,
}

#[derive(Entity, Debug)]
struct Profile {
    #[orm(primary_key)]
    id: Pk,
    #[orm(one_to_one(inversed_by = profile))]
    user: Id<User>,
}

#[derive(Entity, Debug)]
struct Article {
    #[orm(primary_key)]
    id: Pk,
    title: String,
    #[orm(many_to_one(inversed_by = articles))]
    author: Id<User>,
}

fn main() {}

fn count(em: &EntityManager, user: Loaded<User, loads!(User { articles })>) -> usize {
    em.view(user).articles().len()
}

fn a_part(em: &mut EntityManager, user: Id<User>) {
    let user = em.find_one(user).populate(|u| u.articles().limit(3)).or_fail().unwrap();
    count(em, user.narrow());
}

fn keys(em: &mut EntityManager, user: Id<User>) {
    let user = em.find_one(user).populate(|u| u.articles().references()).or_fail().unwrap();
    for article in em.view(user).articles() {
        article.get();
        article.author();
        article.loaded();
        println!("{}", article.title);
    }
}

fn one_row(em: &mut EntityManager, article: Id<Article>, user: Id<User>) {
    let _ = em.find_one(article).populate(|a| a.author().limit(1)).one();
    let _ = em.find_one(article).populate(|a| a.author().articles().author().references()).one();
    let _ = em.find_one(user).populate(|u| u.profile().filter(|p| p.id().eq(1))).one();
    let _ = em.find_one(user).populate(|u| u.profile().populate(|p| p.user()).limit(1)).one();
}

fn behind_a_key(em: &mut EntityManager, user: Id<User>) {
    let _ = em.find_one(user).populate(|u| u.articles().references().populate(|a| a.author())).one();
}
