//! What the writers write, and what so many of their commits must have made.
//!
//! Each writer has rows of its own. Its commit `n` is a transaction of two flushes and touches
//! whatever can be torn: it inserts a user, an article with a text, often a long one, and a tag;
//! links and unlinks the article before, gives that another title and now and then another text;
//! counts itself in a row that all its commits update; and removes what has become old, so that the
//! database stays small however long the run is. After `n` commits the writer's rows are a function
//! of `n`, keys apart, and that is what is checked.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use musher::prelude::*;

use super::history::{Commits, WRITERS};

/// So many articles of a writer, with their authors, are kept.
const ARTICLES: u64 = 8;
/// So many tags of a writer are kept: more than articles, so that no article is left without its
/// tags.
const TAGS: u64 = 12;
/// So many titles a writer uses.
const TITLES: u64 = 5;

#[derive(Entity, Debug)]
pub struct Counter {
    #[orm(primary_key)]
    pub id: Pk,
    #[orm(unique)]
    pub writer: u64,
    pub commits: u64,
    pub note: String,
}

#[derive(Entity, Debug)]
pub struct User {
    #[orm(primary_key)]
    pub id: Pk,
    #[orm(unique)]
    pub email: String,
    #[orm(one_to_many(mapped_by = author))]
    pub articles: Collection<Article>,
}

#[derive(Entity, Debug)]
pub struct Article {
    #[orm(primary_key)]
    pub id: Pk,
    #[orm(unique)]
    pub slug: String,
    #[orm(index)]
    pub title: String,
    pub text: Lazy<String>,
    #[orm(many_to_one)]
    pub author: Id<User>,
    #[orm(many_to_many(inversed_by = articles))]
    pub tags: Collection<Tag>,
}

#[derive(Entity, Debug)]
pub struct Tag {
    #[orm(primary_key)]
    pub id: Pk,
    #[orm(unique)]
    pub name: String,
    #[orm(many_to_many(mapped_by = tags))]
    pub articles: Collection<Article>,
}

/// The keys that a commit gave: of a user, an article and a tag.
pub type Keys = [u64; 3];

/// Keys of a writer grow as long as the database is open.
pub fn assert_newer(keys: Keys, older: Keys) {
    for (new, old) in keys.iter().zip(&older) {
        assert!(new > old, "a key was given again: {keys:?} after {older:?}");
    }
}

/// The names of things, by the writer that they belong to.
#[derive(Clone, Copy)]
struct Names(usize);

impl Names {
    fn email(self, number: u64) -> String {
        format!("user-{}-{number}@example.com", self.0)
    }

    fn slug(self, number: u64) -> String {
        format!("article-{}-{number}", self.0)
    }

    fn title(self, kind: u64) -> String {
        format!("Title {} of {}", kind % TITLES, self.0)
    }

    fn tag(self, number: u64) -> String {
        format!("tag-{}-{number}", self.0)
    }

    fn note(self, number: u64) -> String {
        format!("{number} commits of {}", self.0).repeat(small(number % 9))
    }

    /// Texts of all lengths, every fourth of hundreds of kilobytes.
    fn text(self, number: u64, edition: u64) -> String {
        let seed = number * 7919 + edition * 104_729 + self.0 as u64;
        let length = if seed.is_multiple_of(4) {
            100_000 + seed % 400_000
        } else {
            seed % 5000
        };
        let words = format!("{number} of {}, edition {edition}; ", self.0);
        let mut text = words.repeat(small(length) / words.len() + 1);
        text.truncate(small(length));
        text
    }
}

fn small(number: u64) -> usize {
    usize::try_from(number).expect("lengths are small")
}

/// Those of the first `number` of a kind that are kept, when `most` are.
const fn kept(number: u64, most: u64) -> RangeInclusive<u64> {
    number.saturating_sub(most) + 1..=number
}

/// Which title an article has after so many commits: the next one changes it.
fn title_of(article: u64, commits: u64) -> u64 {
    article + u64::from(article < commits)
}

/// Whether the commit after an article's own rewrites its text.
const fn is_rewritten(article: u64) -> bool {
    article.is_multiple_of(3)
}

/// Which text it has.
fn edition_of(article: u64, commits: u64) -> u64 {
    u64::from(article < commits && is_rewritten(article))
}

/// The tags of an article after so many commits: it begins with its own and the one before; the
/// next commit takes its own away, and gives it the next.
fn tags_of(article: u64, commits: u64) -> BTreeSet<u64> {
    let other = article + u64::from(article < commits);
    [article - 1, other]
        .into_iter()
        .filter(|tag| *tag > 0)
        .collect()
}

fn counter_of(em: &mut EntityManager, writer: usize) -> musher::Result<Option<Id<Counter>>> {
    em.find::<Counter>()
        .filter(|c| c.writer().eq(writer as u64))
        .one()
}

fn article_of(em: &mut EntityManager, names: Names, number: u64) -> musher::Result<Id<Article>> {
    em.find::<Article>()
        .filter(|a| a.slug().eq(names.slug(number)))
        .or_fail()
}

fn tag_of(em: &mut EntityManager, names: Names, number: u64) -> musher::Result<Id<Tag>> {
    em.find::<Tag>()
        .filter(|t| t.name().eq(names.tag(number)))
        .or_fail()
}

/// Makes commit `number` of a writer, which has made all before.
pub fn commit(orm: &Orm, writer: usize, number: u64) -> musher::Result<Keys> {
    let mut em = orm.em();
    em.set_flush_mode(FlushMode::Commit);
    em.transactional(|em| {
        let names = Names(writer);
        let keys = add(em, names, number)?;
        em.flush()?;
        count(em, names, number)?;
        remove_old(em, names, number)?;
        em.flush()?;
        Ok(keys)
    })
}

/// Adds what is new, and changes the article before.
fn add(em: &mut EntityManager, names: Names, number: u64) -> musher::Result<Keys> {
    let user = em.create(User::build().email(names.email(number)));
    let tag = em.create(Tag::build().name(names.tag(number)));
    let article = em.create(
        Article::build()
            .slug(names.slug(number))
            .title(names.title(title_of(number, number)))
            .text(names.text(number, 0))
            .author(user)
            .tags([tag]),
    );
    if number > 1 {
        let before = article_of(em, names, number - 1)?;
        let tag_before = tag_of(em, names, number - 1)?;
        if number.is_multiple_of(2) {
            em.populate(before, |a| a.tags())?;
        }
        em.edit(before).tags().remove(tag_before).add(tag);
        em.edit(article).tags().add(tag_before);
        em[before].title = names.title(title_of(number - 1, number));
        if is_rewritten(number - 1) {
            em[before].text = names.text(number - 1, 1).into();
        }
    }
    Ok([*user.key(), *article.key(), *tag.key()])
}

fn count(em: &mut EntityManager, names: Names, number: u64) -> musher::Result<()> {
    let counter = match counter_of(em, names.0)? {
        Some(counter) => counter,
        None => em.create(
            Counter::build()
                .writer(names.0 as u64)
                .commits(0)
                .note(String::new()),
        ),
    };
    assert_eq!(em[counter].commits + 1, number, "commits follow each other");
    em[counter].commits = number;
    em[counter].note = names.note(number);
    Ok(())
}

fn remove_old(em: &mut EntityManager, names: Names, number: u64) -> musher::Result<()> {
    if number > ARTICLES {
        let old = article_of(em, names, number - ARTICLES)?;
        let author = em[old].author;
        em.remove(old);
        em.remove(author);
    }
    if number > TAGS {
        let old = tag_of(em, names, number - TAGS)?;
        em.remove(old);
    }
    Ok(())
}

/// How many commits the writer's counter has seen.
pub fn count_commits(orm: &Orm, writer: usize) -> u64 {
    let mut em = orm.em();
    let counter = counter_of(&mut em, writer).expect("the counter can be read");
    counter.map_or(0, |counter| em[counter].commits)
}

/// What is read, if it is there or cannot be read. Not to find what was not even missed is wrong.
#[track_caller]
fn present<T>(read: musher::Result<T>) -> musher::Result<T> {
    if let Err(error @ musher::Error::NotFound { .. }) = &read {
        panic!("{error}");
    }
    read
}

/// Reads everything, and compares it with what the commits that are counted must have made.
///
/// # Errors
///
/// Where a read fails, or `verify` finds something.
///
/// # Panics
///
/// If what is read is anything but that: silently wrong.
pub fn check(orm: &Orm) -> Result<Commits, Box<dyn std::error::Error>> {
    let report = orm.verify()?;
    if !report.is_clean() {
        return Err(report.to_string().into());
    }
    let mut em = orm.em();
    let mut found = [0; WRITERS];
    for (writer, commits) in found.iter_mut().enumerate() {
        if let Some(counter) = counter_of(&mut em, writer)? {
            *commits = em[counter].commits;
            assert_eq!(em[counter].note, Names(writer).note(*commits));
        }
    }
    let sum = |most| -> usize {
        found
            .map(|commits| kept(commits, most).count())
            .iter()
            .sum()
    };
    assert_eq!(em.find::<User>().count()?, sum(ARTICLES), "users");
    assert_eq!(em.find::<Article>().count()?, sum(ARTICLES), "articles");
    assert_eq!(em.find::<Tag>().count()?, sum(TAGS), "tags");
    for (writer, commits) in found.into_iter().enumerate() {
        check_writer(&mut em, Names(writer), commits)?;
    }
    Ok(found)
}

fn check_writer(em: &mut EntityManager, names: Names, commits: u64) -> musher::Result<()> {
    let articles = kept(commits, ARTICLES);
    for number in articles.clone() {
        check_article(em, names, number, commits)?;
    }
    for number in kept(commits, TAGS) {
        check_tag(em, names, number, commits)?;
    }
    for kind in 0..TITLES {
        let found = em
            .find::<Article>()
            .filter(|a| a.title().eq(names.title(kind)));
        let of_this_title = articles
            .clone()
            .filter(|article| title_of(*article, commits) % TITLES == kind);
        assert_eq!(found.count()?, of_this_title.count(), "articles by title");
    }
    Ok(())
}

/// Finds the article by its slug, its author by the email, and both by each other.
fn check_article(
    em: &mut EntityManager,
    names: Names,
    number: u64,
    commits: u64,
) -> musher::Result<()> {
    let id = present(article_of(em, names, number))?;
    present(em.populate(id, |a| (a.text(), a.author().articles(), a.tags())))?;
    let author = em
        .find::<User>()
        .filter(|u| u.email().eq(names.email(number)));
    let author = present(author.or_fail())?;
    let article = &em[id];
    assert_eq!(article.title, names.title(title_of(number, commits)));
    assert_eq!(article.author, author);
    assert_eq!(em[author].articles.ids(), [id]);
    let text = names.text(number, edition_of(number, commits));
    assert!(
        *article.text.try_get()? == text,
        "the text of article {number} is another one"
    );
    let tags = tags_of(number, commits)
        .into_iter()
        .map(|tag| names.tag(tag));
    let found = article.tags.iter().map(|tag| em[*tag].name.clone());
    assert_eq!(found.collect::<BTreeSet<_>>(), tags.collect());
    Ok(())
}

/// Looks at the links from the other side.
fn check_tag(
    em: &mut EntityManager,
    names: Names,
    number: u64,
    commits: u64,
) -> musher::Result<()> {
    let id = present(tag_of(em, names, number))?;
    present(em.populate(id, |t| t.articles()))?;
    let linked = kept(commits, ARTICLES)
        .filter(|article| tags_of(*article, commits).contains(&number))
        .map(|article| names.slug(article));
    let found = em[id]
        .articles
        .iter()
        .map(|article| em[*article].slug.clone());
    assert_eq!(found.collect::<BTreeSet<_>>(), linked.collect());
    Ok(())
}
