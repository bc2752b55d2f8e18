//! What is read is what a query asks for: relations and lazy properties are named by typed paths. A view
//! of what is found follows these, and no others.

use musher::prelude::*;

use super::domain::Article;

/// The article and its author, by two look-ups.
pub fn the_author(em: &mut EntityManager, article: Id<Article>) -> musher::Result<()> {
    em.clear();
    let article = em.find_one(article).populate(|a| a.author()).or_fail()?;
    println!("{:#?}", em.view(article));

    // A view follows relations through the entities that are loaded.
    println!("{}", em.view(article).author().full_name);
    Ok(())
}

/// `Article.text` is stored apart and not read unless it is asked for.
pub fn the_text(em: &mut EntityManager, article: Id<Article>) -> musher::Result<()> {
    if let Err(error) = em[article].text.try_get() {
        println!("{error}");
    }
    // The article is loaded already, so this reads the text alone.
    let article = em.populate(article, |a| a.text())?;
    println!("{}", em.view(article).text());
    Ok(())
}

/// The same graph, read in one pass.
pub fn joined(em: &mut EntityManager, article: Id<Article>) -> musher::Result<()> {
    em.clear();
    let article = em
        .find_one(article)
        .populate(|a| (a.author(), a.text()))
        .strategy(LoadStrategy::Joined)
        .or_fail()?;
    let article = em.view(article);
    println!(
        "{}, by {}: {}",
        article.title,
        article.author().full_name,
        article.text()
    );
    Ok(())
}
