//! Entities become managed, and a flush writes them.

use musher::prelude::*;

use super::domain::{Article, Tag, User};

/// The user of this story: found by the email, which is unique, or made by its constructor.
pub fn the_user(em: &mut EntityManager) -> musher::Result<Id<User>> {
    let found = em
        .find::<User>()
        .filter(|u| u.email().eq("foo@bar.com"))
        .one()?;
    if let Some(user) = found {
        println!("{} is here from an earlier run.", em[user].full_name);
        return Ok(user);
    }

    let user = User::new("Foo Bar", "foo@bar.com", "123456");
    println!("The id of a new user is {}.", user.id);

    // First it is marked, then it is written. What is left is its id, the key of its row.
    let user = em.persist(user);
    em.flush()?;

    // Forgets all entities, as if a new request had come in. The id still names the row.
    em.clear();
    Ok(user)
}

/// An article from a builder. Leaving out `.text(..)` would not compile; slug, description and
/// timestamps have defaults.
pub fn the_article(em: &mut EntityManager, user: Id<User>) -> musher::Result<Id<Article>> {
    let found = em
        .find::<Article>()
        .filter(|a| a.slug().eq("foo-is-bar"))
        .one()?;
    let article = match found {
        Some(article) => article,
        None => em.create(
            Article::build()
                .title("Foo is Bar")
                .text("Lorem impsum dolor sit amet")
                .author(user),
        ),
    };
    em.flush()?;
    println!("{:#?}", em.view(article));

    // The author is a reference: its key is known, its row is not loaded here.
    let author: Id<User> = em[article].author;
    println!(
        "The author is {author:?}, and {}.",
        if em.is_initialized(author) {
            "initialized"
        } else {
            "not initialized"
        }
    );
    Ok(article)
}

/// Relations take builders and entities too: one call makes the article, its author and its tags.
pub fn the_graph(em: &mut EntityManager) -> musher::Result<()> {
    em.clear();
    let jane = em
        .find::<User>()
        .filter(|u| u.email().eq("jane@bar.com"))
        .one()?;
    if jane.is_some() {
        println!("Jane and her article are here from an earlier run.");
        return Ok(());
    }
    em.create(
        Article::build()
            .title("Graph")
            .text("..")
            .author(User::new("Jane", "jane@bar.com", "secret"))
            .tags([Tag::build().name("a"), Tag::build().name("b")]),
    );
    em.flush()
}
