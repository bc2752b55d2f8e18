//! What was not populated can't be read through a view that knows what was.

use musher::prelude::*;

#[derive(Entity, Debug)]
struct User {
    #[orm(primary_key)]
    id: Pk,
    name: String,
    #[orm(one_to_many(mapped_by = author))]
    articles: Collection<Article>,
}

#[derive(Entity, Debug)]
struct Article {
    #[orm(primary_key)]
    id: Pk,
    title: String,
    text: Lazy<String>,
    #[orm(many_to_one(inversed_by = articles))]
    author: Id<User>,
    #[orm(many_to_many)]
    tags: Collection<Tag>,
}

#[derive(Entity, Debug)]
struct Tag {
    #[orm(primary_key)]
    id: Pk,
    name: String,
}

fn main() {}

fn relation(em: &mut EntityManager, article: Id<Article>) {
    let article = em.find_one(article).populate(|a| a.tags()).or_fail().unwrap();
    em.view(article).author();
}

fn lazy_property(em: &mut EntityManager, article: Id<Article>) {
    let article = em.find_one(article).populate(|a| a.tags()).or_fail().unwrap();
    em.view(article).text();
}

fn deeper(em: &mut EntityManager, article: Id<Article>) {
    let article = em.find_one(article).populate(|a| a.author()).or_fail().unwrap();
    em.view(article).author().articles();
}

fn of_an_item(em: &mut EntityManager, user: Id<User>) {
    let user = em.find_one(user).populate(|u| u.articles()).or_fail().unwrap();
    for article in em.view(user).articles() {
        article.author();
        article.tags();
    }
}

fn byline(em: &EntityManager, article: Loaded<Article, loads!(Article { author })>) -> String {
    em.view(article).author().name.clone()
}

fn too_little(em: &mut EntityManager, article: Id<Article>) {
    let article = em.find_one(article).populate(|a| a.tags()).or_fail().unwrap();
    byline(em, article.narrow());
}

fn too_little_unchanged(em: &mut EntityManager, article: Id<Article>) {
    let article = em.find_one(article).populate(|a| a.tags()).or_fail().unwrap();
    byline(em, article);
}

fn bare(em: &mut EntityManager, article: Id<Article>) {
    byline(em, article);
    em.view(article).loaded();
}

fn misspelt(_: Loaded<Article, loads!(Article { autor })>) {}
