//! The contents of the blog, made up from numbers, so that both sides get the same.

/// The tags of an article.
pub const TAGS_EACH: usize = 3;

/// What a new article consists of, but for its relations.
pub struct Article {
    pub slug: String,
    pub title: String,
    pub description: String,
    pub text: String,
}

#[must_use]
pub fn article(number: u64, text_length: usize) -> Article {
    Article {
        slug: format!("article-number-{number}"),
        // Some titles are those of several articles.
        title: format!("Article about subject {}", number % 400),
        description: description(number),
        text: filled(&format!("The text of article {number}. "), text_length),
    }
}

/// A description of 200 bytes that no other version has.
#[must_use]
pub fn description(version: u64) -> String {
    filled(&format!("Description {version}: "), 200)
}

#[must_use]
pub fn user_name(number: u64) -> String {
    format!("Jane Doe the {number}th")
}

#[must_use]
pub fn email(number: u64) -> String {
    format!("jane.doe.{number}@example.com")
}

#[must_use]
pub fn tag_name(number: u64) -> String {
    format!("tag {number}")
}

/// The author of an article of the first population, of so many users.
#[must_use]
pub const fn author_of(article: u64, users: u64) -> u64 {
    (article - 1) % users + 1
}

/// The tags of an article, of so many; no two alike.
#[must_use]
pub fn tags_of(article: u64, tags: u64) -> [u64; TAGS_EACH] {
    [0, 7, 19].map(|step| (article + step) % tags + 1)
}

/// The first tag that an article does not have, and the first that it has.
///
/// # Panics
/// If the article has no tag, or all.
#[must_use]
pub fn other_tag(of_article: &[u64], tags: u64) -> (u64, u64) {
    let given = (1..=tags).find(|tag| !of_article.contains(tag));
    let taken = of_article.iter().min();
    (
        given.expect("some tag is left"),
        *taken.expect("it has tags"),
    )
}

/// A pseudo-random walk through `1..=of` that comes by each number.
pub fn scattered(of: u64) -> impl FnMut() -> u64 {
    // Prime, and larger than half of any size that is measured.
    const STEP: u64 = 7_368_787;
    let mut at = 0;
    move || {
        at = (at + STEP) % of;
        at + 1
    }
}

fn filled(start: &str, length: usize) -> String {
    start.chars().cycle().take(length).collect()
}
