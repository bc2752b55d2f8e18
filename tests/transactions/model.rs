//! Random work inside random transactions, against plain maps.
//!
//! The model is what the unit of work shall believe, what it has flushed, and what the database holds;
//! beginning clones the first two, with all that is in memory as text, and rolling back restores them.
//! Flushes that break a rule must fail and change nothing. After every step memory is compared with the
//! model; after every end of a transaction the rows are, through the transaction and from outside.

use std::collections::{BTreeMap, BTreeSet};

use musher::FlushMode;
use musher::prelude::*;
use proptest::collection::vec;
use proptest::prelude::*;

use super::memory;
use crate::support::*;

#[derive(Clone, Debug)]
enum Step {
    NewUser(u8),
    Rename(usize, u8),
    NewArticle(usize),
    Retitle(usize, u8),
    Reword(usize, u8),
    GiveTo(usize, usize),
    NewTag,
    Link(usize, usize),
    Unlink(usize, usize),
    SetTags(usize, Vec<usize>),
    RemoveUser(usize),
    RemoveArticle(usize),
    RemoveTag(usize),
    LoadAll,
    Detach(usize),
    Clear,
    Flush,
    Begin,
    Commit,
    Rollback,
}

fn step() -> impl Strategy<Value = Step> {
    let at = 0..8_usize;
    let pair = (at.clone(), at.clone());
    prop_oneof![
        2 => (0..6_u8).prop_map(Step::NewUser),
        1 => (at.clone(), 0..6_u8).prop_map(|(at, name)| Step::Rename(at, name)),
        3 => at.clone().prop_map(Step::NewArticle),
        2 => (at.clone(), 0..4_u8).prop_map(|(at, title)| Step::Retitle(at, title)),
        2 => (at.clone(), 0..4_u8).prop_map(|(at, text)| Step::Reword(at, text)),
        2 => pair.clone().prop_map(|(at, user)| Step::GiveTo(at, user)),
        2 => Just(Step::NewTag),
        3 => pair.clone().prop_map(|(at, tag)| Step::Link(at, tag)),
        2 => pair.prop_map(|(at, tag)| Step::Unlink(at, tag)),
        1 => (at.clone(), vec(at.clone(), 0..3)).prop_map(|(at, tags)| Step::SetTags(at, tags)),
        1 => at.clone().prop_map(Step::RemoveUser),
        2 => at.clone().prop_map(Step::RemoveArticle),
        1 => at.clone().prop_map(Step::RemoveTag),
        2 => Just(Step::LoadAll),
        1 => at.prop_map(Step::Detach),
        1 => Just(Step::Clear),
        4 => Just(Step::Flush),
        4 => Just(Step::Begin),
        3 => Just(Step::Commit),
        2 => Just(Step::Rollback),
    ]
}

/// What a database holds, or what a unit of work believes that it will.
#[derive(Clone, Default, Debug, PartialEq)]
struct Rows {
    users: BTreeMap<Id<User>, String>,
    articles: BTreeMap<Id<Article>, Written>,
    tags: BTreeSet<Id<Tag>>,
}

#[derive(Clone, Debug, PartialEq)]
struct Written {
    title: String,
    text: String,
    author: Id<User>,
    tags: BTreeSet<Id<Tag>>,
}

impl Rows {
    /// Whether a flush of this would break a rule: emails are unique, and authors exist.
    fn are_refused(&self) -> bool {
        let emails: BTreeSet<_> = self.users.values().collect();
        let orphaned = |article: &Written| !self.users.contains_key(&article.author);
        emails.len() < self.users.len() || self.articles.values().any(orphaned)
    }

    /// All rows, read by a unit of work that has nothing in memory.
    fn read(em: &mut EntityManager) -> musher::Result<Self> {
        let mut rows = Self::default();
        for id in em.find::<User>().all()? {
            rows.users.insert(id, em[id].email.clone());
        }
        for id in em
            .find::<Article>()
            .populate(|a| (a.text(), a.tags()))
            .all()?
        {
            let article = &em[id];
            let written = Written {
                title: article.title.clone(),
                text: article.text.try_get()?.clone(),
                author: article.author,
                tags: article.tags.ids().into_iter().collect(),
            };
            rows.articles.insert(id.id(), written);
        }
        rows.tags = em.find::<Tag>().all()?.into_iter().collect();
        Ok(rows)
    }
}

/// One open transaction: what to go back to.
struct Begun {
    believed: Rows,
    flushed: Rows,
    memory: Vec<String>,
}

struct World {
    orm: Orm,
    em: EntityManager,
    /// With all that is pending.
    believed: Rows,
    /// As of the last flush.
    flushed: Rows,
    /// What others see.
    committed: Rows,
    begun: Vec<Begun>,
    slugs: u32,
}

fn pick<K: Copy, V>(map: &BTreeMap<K, V>, at: usize) -> Option<K> {
    let at = at.checked_rem(map.len())?;
    map.keys().nth(at).copied()
}

impl World {
    fn new(orm: Orm) -> Self {
        let mut em = orm.em();
        em.set_flush_mode(FlushMode::Commit);
        Self {
            orm,
            em,
            believed: Rows::default(),
            flushed: Rows::default(),
            committed: Rows::default(),
            begun: Vec::new(),
            slugs: 0,
        }
    }

    fn user(&mut self, at: usize) -> musher::Result<Option<Id<User>>> {
        let Some(id) = pick(&self.believed.users, at) else {
            return Ok(None);
        };
        self.em.find_one(id).or_fail().map(Some)
    }

    fn article(&mut self, at: usize) -> musher::Result<Option<Id<Article>>> {
        let Some(id) = pick(&self.believed.articles, at) else {
            return Ok(None);
        };
        self.em.find_one(id).or_fail().map(Some)
    }

    fn tag(&self, at: usize) -> Option<Id<Tag>> {
        let at = at.checked_rem(self.believed.tags.len())?;
        self.believed.tags.iter().nth(at).copied()
    }

    fn believed(&mut self, id: Id<Article>) -> &mut Written {
        self.believed
            .articles
            .get_mut(&id)
            .expect("it was picked from there")
    }

    fn run(&mut self, step: &Step) -> musher::Result<()> {
        match step {
            Step::NewUser(name) => {
                let id = user(&mut self.em, &name.to_string());
                self.believed.users.insert(id, format!("{name}@house.org"));
            }
            Step::Rename(at, name) => {
                if let Some(id) = self.user(*at)? {
                    let email = format!("{name}@house.org");
                    self.em[id].email.clone_from(&email);
                    self.believed.users.insert(id, email);
                }
            }
            Step::RemoveUser(at) => {
                if let Some(id) = pick(&self.believed.users, *at) {
                    self.em.remove(id);
                    self.believed.users.remove(&id);
                }
            }
            Step::NewTag => {
                let id = tag(&mut self.em, "tag");
                self.believed.tags.insert(id);
            }
            Step::RemoveTag(at) => {
                if let Some(id) = self.tag(*at) {
                    self.em.remove(id);
                    self.believed.tags.remove(&id);
                    for article in self.believed.articles.values_mut() {
                        article.tags.remove(&id);
                    }
                }
            }
            Step::LoadAll => {
                self.em.find::<User>().populate(|u| u.articles()).all()?;
                self.em
                    .find::<Article>()
                    .populate(|a| (a.text(), a.tags()))
                    .all()?;
                self.em.find::<Tag>().populate(|t| t.articles()).all()?;
            }
            Step::Clear => {
                self.em.clear();
                self.believed = self.flushed.clone();
            }
            Step::Flush => self.flush()?,
            Step::Begin => {
                self.em.begin();
                self.begun.push(Begun {
                    believed: self.believed.clone(),
                    flushed: self.flushed.clone(),
                    memory: memory(&self.em),
                });
            }
            Step::Commit => self.commit()?,
            Step::Rollback => {
                self.em.rollback();
                self.go_back();
            }
            _ => self.run_on_article(step)?,
        }
        Ok(())
    }

    fn run_on_article(&mut self, step: &Step) -> musher::Result<()> {
        match step {
            Step::NewArticle(at) => {
                let Some(author) = self.user(*at)? else {
                    return Ok(());
                };
                self.slugs += 1;
                let slug = format!("slug {}", self.slugs);
                let id = self.em.create(
                    Article::build()
                        .slug(slug)
                        .author(author)
                        .title("new")
                        .text("new"),
                );
                let written = Written {
                    title: "new".into(),
                    text: "new".into(),
                    author,
                    tags: BTreeSet::new(),
                };
                self.believed.articles.insert(id, written);
            }
            Step::Retitle(at, title) => {
                if let Some(id) = self.article(*at)? {
                    self.em[id].title = title.to_string();
                    self.believed(id).title = title.to_string();
                }
            }
            Step::Reword(at, text) => {
                if let Some(id) = self.article(*at)? {
                    self.em[id].text = text.to_string().into();
                    self.believed(id).text = text.to_string();
                }
            }
            Step::GiveTo(at, author) => {
                if let (Some(id), Some(author)) = (self.article(*at)?, self.user(*author)?) {
                    self.em.edit(id).set_author(author);
                    self.believed(id).author = author;
                }
            }
            Step::RemoveArticle(at) => {
                if let Some(id) = self.article(*at)? {
                    self.em.remove(id);
                    self.believed.articles.remove(&id);
                }
            }
            Step::Detach(at) => {
                // Only of what has nothing pending, so that the model need not know what is lost.
                if self.believed == self.flushed
                    && let Some(id) = pick(&self.believed.articles, *at)
                {
                    self.em.detach(id);
                }
            }
            _ => self.run_on_links(step)?,
        }
        Ok(())
    }

    fn run_on_links(&mut self, step: &Step) -> musher::Result<()> {
        match step {
            Step::Link(at, tag) => {
                if let (Some(id), Some(tag)) = (self.article(*at)?, self.tag(*tag)) {
                    self.em.edit(id).tags().add(tag);
                    self.believed(id).tags.insert(tag);
                }
            }
            Step::Unlink(at, tag) => {
                if let (Some(id), Some(tag)) = (self.article(*at)?, self.tag(*tag)) {
                    self.em.edit(id).tags().remove(tag);
                    self.believed(id).tags.remove(&tag);
                }
            }
            Step::SetTags(at, tags) => {
                let tags: BTreeSet<_> = tags.iter().filter_map(|tag| self.tag(*tag)).collect();
                if let Some(id) = self.article(*at)? {
                    self.em[id].tags = tags.iter().copied().collect();
                    self.believed(id).tags = tags;
                }
            }
            _ => unreachable!("the others are no work on links"),
        }
        Ok(())
    }

    fn flush(&mut self) -> musher::Result<()> {
        if self.believed.are_refused() {
            refused(self.em.flush());
            return Ok(());
        }
        self.em.flush()?;
        self.flushed = self.believed.clone();
        if self.begun.is_empty() {
            self.committed = self.flushed.clone();
        }
        Ok(())
    }

    fn commit(&mut self) -> musher::Result<()> {
        if self.begun.is_empty() || self.believed.are_refused() {
            refused(self.em.commit());
            self.go_back();
            return Ok(());
        }
        self.em.commit()?;
        self.flushed = self.believed.clone();
        self.begun.pop();
        if self.begun.is_empty() {
            self.committed = self.flushed.clone();
        }
        Ok(())
    }

    fn go_back(&mut self) {
        if let Some(begun) = self.begun.pop() {
            assert_eq!(memory(&self.em), begun.memory);
            self.believed = begun.believed;
            self.flushed = begun.flushed;
        }
    }

    /// Whatever is in memory is as the model believes; whatever is asked of the store is as flushed.
    fn verify(&mut self) -> musher::Result<()> {
        assert_eq!(self.em.is_in_transaction(), !self.begun.is_empty());
        for (id, email) in &self.believed.users {
            if let Some(user) = self.em.get(*id) {
                assert_eq!(user.email, *email);
                let of = |article: &&Written| article.author == *id;
                let count = self.believed.articles.values().filter(of).count();
                if user.articles.is_initialized() && self.articles_are_removed_by_now() {
                    assert_eq!(user.articles.len(), count, "{user:?}");
                }
            }
        }
        for (id, written) in &self.believed.articles {
            if let Some(article) = self.em.get(*id) {
                assert_eq!(article.title, written.title);
                assert_eq!(article.author, written.author);
                assert!(article.text.get().is_none_or(|text| *text == written.text));
            }
        }
        let emails = self.flushed.users.values().collect::<BTreeSet<_>>();
        for email in emails {
            let found = self
                .em
                .find::<User>()
                .filter(|u| u.email().eq(email.as_str()))
                .count()?;
            assert_eq!(found, 1);
        }
        let titles = self.flushed.articles.values().map(|article| &article.title);
        let count = |title: &str| titles.clone().filter(|other| **other == *title).count();
        for title in ["new", "0", "1"] {
            let found = self
                .em
                .find::<Article>()
                .filter(|a| a.title().eq(title))
                .count()?;
            assert_eq!(found, count(title));
        }
        assert_eq!(self.em.find::<Tag>().count()?, self.flushed.tags.len());
        Ok(())
    }

    /// Until the flush a removed article is still among its author's.
    fn articles_are_removed_by_now(&self) -> bool {
        let flushed = self.flushed.articles.keys();
        flushed
            .copied()
            .all(|id| self.believed.articles.contains_key(&id))
    }

    /// The rows, from outside and, once more, through the transaction.
    fn verify_rows(&mut self) -> musher::Result<()> {
        assert_eq!(Rows::read(&mut self.orm.em())?, self.committed);
        self.em.begin();
        self.em.clear();
        assert_eq!(Rows::read(&mut self.em)?, self.flushed);
        self.em.rollback();
        Ok(())
    }
}

fn play(orm: Orm, steps: &[Step]) -> musher::Result<()> {
    let mut world = World::new(orm);
    for step in steps {
        world.run(step)?;
        world.verify()?;
        if matches!(step, Step::Flush | Step::Commit | Step::Rollback) {
            world.verify_rows()?;
        }
    }
    while !world.begun.is_empty() {
        world.commit()?;
        world.verify()?;
        world.verify_rows()?;
    }
    assert!(world.orm.verify()?.is_clean());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn transactions_in_memory_equal_the_model(steps in vec(step(), 1..60)) {
        let orm = Orm::builder().entities::<House>().in_memory().expect("the schema is valid");
        play(orm, &steps).unwrap_or_else(|error| panic!("{error}"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn transactions_on_sled_equal_the_model(steps in vec(step(), 1..60)) {
        let directory = tempfile::tempdir().expect("there is room for a directory");
        play(open::<House>(directory.path()), &steps).unwrap_or_else(|error| panic!("{error}"));
    }
}
