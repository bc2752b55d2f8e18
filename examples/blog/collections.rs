//! Collections: one user has many articles, many articles have many tags.

use musher::prelude::*;

use super::domain::{Article, Tag, User};

/// Walks over a user's articles, and gives the first of them.
pub fn the_articles(em: &mut EntityManager, user: Id<User>) -> musher::Result<Id<Article>> {
    em.clear();
    let user = em.find_one(user).populate(|u| u.articles()).or_fail()?;
    println!("{:#?}", em.view(user));

    // Without the hint, the collection can be loaded later.
    if !em[user].articles.is_initialized() {
        em.edit(user).articles().init()?; // always reads
    }
    em.edit(user).articles().load_items()?; // reads only what is not there: here, nothing

    for article in em.view(user).articles() {
        // The identity map knows the author: it is the user that we came from.
        println!("{} by {}", article.title, article.author().full_name);
    }
    Ok(em[user].articles[0])
}

/// Both ends of a relation follow at once; the flush writes the links.
pub fn the_tags(em: &mut EntityManager, article: Id<Article>) -> musher::Result<()> {
    let known = em
        .find::<Tag>()
        .filter(|t| t.name().is_in(["new", "old"]))
        .all()?;
    let new_tag = tag(em, &known, "new");
    let old_tag = tag(em, &known, "old");

    // Adding does not need the collection to be loaded. A link that is there is not written again.
    em.edit(article).tags().add([new_tag, old_tag]);
    em.flush()?;
    println!("{:?}", em.view(article).tags());

    // Removing by condition does: it has to look at the items.
    let article = em.populate(article, |a| a.tags())?;
    em.edit(article).tags().remove(old_tag);
    em.edit(article).tags().remove_if(|tag| tag.name == "old")?; // nothing is left to remove
    em.flush()?;

    println!("{:#?}", em.view(article).tags());
    Ok(())
}

/// The tag of an earlier run, or a new one.
fn tag(em: &mut EntityManager, known: &[Id<Tag>], name: &str) -> Id<Tag> {
    match known.iter().find(|tag| em[**tag].name == name) {
        Some(tag) => *tag,
        None => em.create(Tag::build().name(name)),
    }
}
