//! What the child writes, and what so many of its commits must have made.
//!
//! Commit `n` touches whatever can be torn: it inserts a user, an article with a text, and a tag;
//! links and unlinks the article before; counts itself in a row that every commit updates; and
//! removes what has become old, so that the database stays small however long the run is. After
//! `n` commits the database is a function of `n`, keys apart, and that is what is checked.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::Path;

use musher::prelude::*;

/// So many articles, with their authors, are kept.
const ARTICLES: u64 = 20;
/// So many tags are kept: more than articles, so that no article is left without its tags.
const TAGS: u64 = 30;

#[derive(Entity, Debug)]
pub struct Counter {
    #[orm(primary_key)]
    pub id: Pk,
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

/// A commit that has succeeded, and the keys that it gave.
#[derive(Debug, PartialEq, Eq)]
pub struct Written {
    pub number: u64,
    keys: [u64; 3],
}

impl Written {
    pub fn to_line(&self) -> String {
        let [user, article, tag] = self.keys;
        format!("committed {} {user} {article} {tag}", self.number)
    }

    /// Reads what [`to_line`](Self::to_line) has written.
    pub fn from_line(line: &str) -> Option<Self> {
        let mut numbers = line
            .strip_prefix("committed ")?
            .split(' ')
            .map_while(|number| number.parse().ok());
        let written = Self {
            number: numbers.next()?,
            keys: [numbers.next()?, numbers.next()?, numbers.next()?],
        };
        Some(written)
    }

    pub fn assert_newer_than(&self, other: &Self) {
        for (new, old) in self.keys.iter().zip(&other.keys) {
            assert!(new > old, "a key was given again: {self:?} after {other:?}");
        }
    }
}

pub fn open(path: &Path, durability: Durability) -> musher::Result<Orm> {
    Orm::builder()
        .entities::<(Counter, User, Article, Tag)>()
        .durability(durability)
        .open(path)
}

fn email(number: u64) -> String {
    format!("user-{number}@example.com")
}

fn slug(number: u64) -> String {
    format!("article-{number}")
}

fn title(number: u64) -> String {
    format!("Title {}", number % 7)
}

fn tag_name(number: u64) -> String {
    format!("tag-{number}")
}

fn note(number: u64) -> String {
    format!("{number} commits").repeat(usize::try_from(number % 9).unwrap())
}

/// Texts of all lengths, now and then one that the store has to cut into pieces.
fn text(number: u64) -> String {
    let length = if number.is_multiple_of(25) {
        250_000
    } else {
        number * 37 % 5000
    };
    format!("{number}, ")
        .chars()
        .cycle()
        .take(usize::try_from(length).unwrap())
        .collect()
}

/// Those of the first `number` of a kind that are kept, when `most` are.
fn kept(number: u64, most: u64) -> RangeInclusive<u64> {
    number.saturating_sub(most) + 1..=number
}

/// The tags of an article after so many commits: it begins with its own and the one before; the
/// next commit takes its own away, and gives it the next.
fn tags_of(article: u64, commits: u64) -> BTreeSet<u64> {
    let other = if article == commits {
        article
    } else {
        article + 1
    };
    [article - 1, other]
        .into_iter()
        .filter(|tag| *tag > 0)
        .collect()
}

fn article_of(em: &mut EntityManager, number: u64) -> musher::Result<Id<Article>> {
    em.find::<Article>()
        .filter(|a| a.slug().eq(slug(number)))
        .or_fail()
}

fn tag_of(em: &mut EntityManager, number: u64) -> musher::Result<Id<Tag>> {
    em.find::<Tag>()
        .filter(|t| t.name().eq(tag_name(number)))
        .or_fail()
}

/// Makes the commit that follows.
pub fn commit_next(orm: &Orm) -> musher::Result<Written> {
    let mut em = orm.em();
    em.set_flush_mode(FlushMode::Commit);
    let counter = match em.find::<Counter>().one()? {
        Some(counter) => counter,
        None => em.create(Counter::build().commits(0).note(note(0))),
    };
    let number = em[counter].commits + 1;
    em[counter].commits = number;
    em[counter].note = note(number);
    let user = em.create(User::build().email(email(number)));
    let tag = em.create(Tag::build().name(tag_name(number)));
    let article = em.create(
        Article::build()
            .slug(slug(number))
            .title(title(number))
            .text(text(number))
            .author(user)
            .tags([tag]),
    );
    if number > 1 {
        let before = article_of(&mut em, number - 1)?;
        let tag_before = tag_of(&mut em, number - 1)?;
        if number.is_multiple_of(2) {
            em.populate(before, |a| a.tags())?;
        }
        em.edit(before).tags().remove(tag_before).add(tag);
        em.edit(article).tags().add(tag_before);
    }
    if number > ARTICLES {
        let old = article_of(&mut em, number - ARTICLES)?;
        let author = em[old].author;
        em.remove(old);
        em.remove(author);
    }
    if number > TAGS {
        let old = tag_of(&mut em, number - TAGS)?;
        em.remove(old);
    }
    em.flush()?;
    Ok(Written {
        number,
        keys: [*user.key(), *article.key(), *tag.key()],
    })
}

/// How many commits the counter has seen.
pub fn count_commits(orm: &Orm) -> u64 {
    let mut em = orm.em();
    let counter = em.find::<Counter>().one().unwrap();
    counter.map_or(0, |counter| em[counter].commits)
}

/// Compares everything that is stored with what so many commits must have made.
pub fn assert_commits(orm: &Orm, commits: u64) {
    let report = orm.verify().unwrap();
    assert!(report.is_clean(), "{report}");
    let mut em = orm.em();
    if let Some(counter) = em.find::<Counter>().one().unwrap() {
        assert_eq!(em[counter].note, note(commits));
    }
    let articles = kept(commits, ARTICLES);
    let tags = kept(commits, TAGS);
    let count = |range: &RangeInclusive<u64>| range.clone().count();
    assert_eq!(em.find::<User>().count().unwrap(), count(&articles));
    assert_eq!(em.find::<Article>().count().unwrap(), count(&articles));
    assert_eq!(em.find::<Tag>().count().unwrap(), count(&tags));
    for number in articles.clone() {
        assert_article(&mut em, number, commits);
    }
    for number in tags {
        assert_tag(&mut em, number, &articles, commits);
    }
    for (kind, number) in (0..7).map(|kind| (title(kind), kind)) {
        let found = em.find::<Article>().filter(|a| a.title().eq(kind));
        let of_this_title = articles.clone().filter(|article| article % 7 == number);
        assert_eq!(found.count().unwrap(), of_this_title.count());
    }
}

/// Finds the article by its slug, its author by the email, and both by each other.
fn assert_article(em: &mut EntityManager, number: u64, commits: u64) {
    let id = article_of(em, number).unwrap();
    em.populate(id, |a| (a.text(), a.author().articles(), a.tags()))
        .unwrap();
    let author = em
        .find::<User>()
        .filter(|u| u.email().eq(email(number)))
        .or_fail()
        .unwrap();
    let article = &em[id];
    assert_eq!(article.title, title(number));
    assert_eq!(article.author, author);
    assert_eq!(em[author].articles.ids(), [id]);
    assert!(
        *article.text.try_get().unwrap() == text(number),
        "the text of article {number} is another one"
    );
    let tags = tags_of(number, commits).into_iter().map(tag_name);
    let found = article.tags.iter().map(|tag| em[*tag].name.clone());
    assert_eq!(found.collect::<BTreeSet<_>>(), tags.collect());
}

/// Looks at the links from the other side.
fn assert_tag(em: &mut EntityManager, number: u64, articles: &RangeInclusive<u64>, commits: u64) {
    let id = tag_of(em, number).unwrap();
    em.populate(id, |t| t.articles()).unwrap();
    let linked = articles
        .clone()
        .filter(|article| tags_of(*article, commits).contains(&number))
        .map(slug);
    let found = em[id]
        .articles
        .iter()
        .map(|article| em[*article].slug.clone());
    assert_eq!(found.collect::<BTreeSet<_>>(), linked.collect());
}
