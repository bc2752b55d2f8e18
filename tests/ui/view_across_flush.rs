//! Neither a view nor a reference outlives a flush.

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

fn view(em: &mut EntityManager, article: Id<Article>) -> musher::Result<()> {
    let view = em.view(article);
    em.flush()?;
    println!("{}", view.title);
    Ok(())
}

fn reference(em: &mut EntityManager, article: Id<Article>) {
    let article = &em[article];
    em.clear();
    println!("{}", article.title);
}
