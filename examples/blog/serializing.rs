//! Views serialize with serde: what is loaded, and never what is hidden.

use std::error::Error;

use musher::prelude::*;

use super::domain::Article;

/// `User.password` is hidden: it is not in the result even though it is loaded here.
pub fn the_article(em: &mut EntityManager, article: Id<Article>) -> Result<(), Box<dyn Error>> {
    em.populate(article, |a| a.author().password())?;
    println!("{}", serde_json::to_string_pretty(&em.view(article))?);

    // By choice instead: the author in full, without the email; no text.
    let chosen = em
        .serialize(article)
        .populate(|a| a.author())
        .exclude(|a| (a.author().email(), a.text()));
    println!("{}", serde_json::to_string_pretty(&chosen)?);
    Ok(())
}
