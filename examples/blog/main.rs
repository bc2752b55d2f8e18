//! A first look.
mod domain;
use domain::{Article, Tag, User};
use musher::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let orm = Orm::builder()
        .entities::<(User, Article, Tag)>()
        .debug(true)
        .in_memory()?;
    let mut em = orm.em();
    let user = em.persist(User::new("Foo Bar", "foo@bar.com", "123456"));
    em.flush()?;
    em.clear();
    let article = em.create(
        Article::build()
            .title("Foo is Bar")
            .text("Lorem impsum dolor sit amet")
            .author(user),
    );
    em.flush()?;
    println!("{:#?}", em.view(article));
    em.clear();
    let article = em.find_one(article).populate(|a| a.author()).or_fail()?;
    println!("{}", em.view(article).author().full_name);
    em.clear();
    let article = em
        .find_one(article)
        .populate(|a| (a.author(), a.text()))
        .strategy(LoadStrategy::Joined)
        .or_fail()?;
    em.populate(article, |a| a.text())?;
    println!("{}", serde_json::to_string_pretty(&em.view(article))?);
    em.clear();
    let user = em.find_one(user).populate(|u| u.articles()).or_fail()?;
    println!("{:#?}", em.view(user));
    for article in em.view(user).articles() {
        println!("{} by {}", article.title, article.author().full_name);
    }
    let article = em[user].articles[0];
    let new_tag = em.create(Tag::build().name("new"));
    let old_tag = em.create(Tag::build().name("old"));
    em.edit(article).tags().add([new_tag, old_tag]);
    em.flush()?;
    em.populate(article, |a| a.tags())?;
    em.edit(article).tags().remove(old_tag);
    em.edit(article)
        .tags()
        .remove_if(|tag| tag.id() == old_tag)?;
    em.flush()?;
    em.create(
        Article::build()
            .title("Graph")
            .text("..")
            .author(User::new("Jane", "jane@bar.com", "secret"))
            .tags([Tag::build().name("a"), Tag::build().name("b")]),
    );
    em.flush()?;
    println!("{}", orm.verify()?);
    Ok(())
}
