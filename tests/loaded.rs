//! What was populated is in the type of a handle, and the handle is good for all that an id is. That the
//! rest does not compile is in `tests/ui`. On both stores.

mod support;

use std::collections::HashMap;
use std::marker::PhantomData;

use musher::prelude::*;
use support::{
    Article, House, Page, Tag, User, article, on_both_stores, page, panic_of, tag, user,
};

type Graph = (Id<User>, [Id<Article>; 2], [Id<Tag>; 2]);

/// Two articles of Ann's, the first one with tags, a comment of Bob's and Bob for an editor.
fn graph(em: &mut EntityManager) -> musher::Result<Graph> {
    let (ann, bob) = (user(em, "ann"), user(em, "bob"));
    let articles = ["one", "two"].map(|slug| article(em, slug, ann));
    let tags = ["a", "b"].map(|name| tag(em, name));
    em.edit(articles[0]).set_editor(bob).tags().add(tags);
    let comment = support::comment_on(em, articles[0]);
    em.edit(comment).set_writer(bob);
    em.create(support::Profile::build().text("A profile").user(ann));
    em.flush()?;
    em.clear();
    Ok((ann, articles, tags))
}

#[test]
fn a_view_reads_what_the_hint_has_populated() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (_, [one, _], _) = graph(&mut em)?;
        let found = em
            .find_one(one)
            .populate(|a| (a.author(), a.editor(), a.tags(), a.comments(), a.text()))
            .or_fail()?;
        let view = em.view(found);
        assert_eq!(view.slug, "one");
        assert_eq!(view.author().email, "ann@house.org");
        let editor = view.editor().expect("it has one");
        assert_eq!(editor.email, "bob@house.org");
        let names: Vec<_> = view.tags().iter().map(|tag| tag.name.clone()).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(view.comments().len(), 1);
        assert_eq!(view.text(), "The text of one");
        Ok(())
    });
}

#[test]
fn hints_may_be_deep_several_and_begin_alike() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (_, [one, two], _) = graph(&mut em)?;
        let found = em
            .find_one(one)
            .populate(|a| (a.author().articles().tags(), a.author().profile()))
            .populate(|a| (a.comments().writer(), a.author().articles().text()))
            .or_fail()?;
        let view = em.view(found);
        let articles = view.author().articles();
        let slugs: Vec<_> = articles.iter().map(|a| a.slug.clone()).collect();
        assert_eq!(slugs, ["one", "two"]);
        let tags: Vec<_> = articles
            .iter()
            .map(|article| article.tags().len())
            .collect();
        assert_eq!(tags, [2, 0]);
        assert_eq!(
            articles.get(1).map(|a| a.text().clone()),
            Some("The text of two".into())
        );
        let profile = view.author().profile().expect("she has one");
        assert_eq!(profile.text, "A profile");
        let writers: Vec<_> = view
            .comments()
            .iter()
            .map(|c| c.writer().map(|w| w.email.clone()))
            .collect();
        assert_eq!(writers, [Some("bob@house.org".to_owned())]);
        assert!(em.is_initialized(two));
        Ok(())
    });
}

#[test]
fn the_inverse_side_of_what_was_populated_is_populated() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, ..) = graph(&mut em)?;
        let ann = em
            .find_one(ann)
            .populate(|u| (u.articles(), u.profile()))
            .or_fail()?;
        for article in em.view(ann).articles() {
            assert_eq!(article.author().id(), *ann);
            assert_eq!(article.author().email, "ann@house.org");
        }
        let profile = em.view(ann).profile().expect("she has one");
        assert!(profile.user().is_some_and(|user| user.id() == *ann));
        Ok(())
    });
}

/// Takes an article with its author.
fn byline(em: &EntityManager, article: Loaded<Article, loads!(Article { author })>) -> String {
    let article = em.view(article);
    format!("{} by {}", article.slug, article.author().email)
}

type Overview = Loaded<
    Article,
    loads!(Article {
        author: User {
            articles: Article { tags },
            profile
        },
        text
    }),
>;

/// Takes more of it.
fn summary(em: &EntityManager, article: Overview) -> (usize, usize) {
    let view = em.view(article);
    let articles = view.author().articles();
    let tags = articles.iter().map(|article| article.tags().len()).sum();
    (articles.len(), tags)
}

#[test]
fn a_function_takes_what_it_needs_and_no_less() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (_, [one, _], _) = graph(&mut em)?;
        let exactly = em.find_one(one).populate(|a| a.author()).or_fail()?;
        assert_eq!(byline(&em, exactly), "one by ann@house.org");
        let more = em
            .find_one(one)
            .populate(|a| (a.text(), a.author().articles().tags(), a.author().profile()))
            .or_fail()?;
        assert_eq!(byline(&em, more.narrow()), "one by ann@house.org");
        assert_eq!(summary(&em, more.narrow()), (2, 2));
        // What is behind a populated collection is a handle, too.
        let bylines: Vec<_> = em
            .view(more)
            .author()
            .articles()
            .iter()
            .map(|article| byline(&em, article.loaded().narrow()))
            .collect();
        assert_eq!(bylines, ["one by ann@house.org", "two by ann@house.org"]);
        Ok(())
    });
}

#[test]
fn lists_pages_counts_and_matches_give_handles_that_know_it() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, articles, _) = graph(&mut em)?;
        let all = em.find::<Article>().populate(|a| a.author()).all()?;
        assert_eq!(all, articles);
        let bylines: Vec<_> = all.iter().map(|article| byline(&em, *article)).collect();
        assert_eq!(bylines, ["one by ann@house.org", "two by ann@house.org"]);

        let page = em.find::<Article>().populate(|a| a.author()).page(1)?;
        assert_eq!(byline(&em, page.ids[0]), "one by ann@house.org");
        let (found, count) = em
            .find::<Article>()
            .populate(|a| a.author())
            .limit(1)
            .all_and_count()?;
        assert_eq!(
            (byline(&em, found[0]), count),
            ("one by ann@house.org".into(), 2)
        );
        let first = em.find::<Article>().populate(|a| a.author()).first()?;
        assert_eq!(first.map(|first| first.id()), Some(articles[0]));

        em.find_one(ann).or_fail()?;
        let matching = em
            .edit(ann)
            .articles()
            .matching(|a| a.slug().eq("two"))
            .populate(|a| a.author())
            .all()?;
        assert_eq!(byline(&em, matching[0]), "two by ann@house.org");
        Ok(())
    });
}

#[test]
fn populating_gives_as_many_handles_as_it_was_given() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (_, articles, _) = graph(&mut em)?;
        em.find::<Article>().all()?;
        let one = em.populate(articles[0], |a| a.text())?;
        assert_eq!(em.view(one).text(), "The text of one");
        let one = em.populate(one, |a| a.author())?;
        assert_eq!(em.view(one).text(), "The text of one");
        assert_eq!(em.view(one).author().email, "ann@house.org");
        let [_, two] = em.populate(articles, |a| a.author())?;
        assert_eq!(byline(&em, two), "two by ann@house.org");
        let list = em.populate(articles.to_vec(), |a| a.author())?;
        assert_eq!(byline(&em, list[1]), "two by ann@house.org");
        let list = em.populate(&list, |a| a.text())?;
        let [_, again] = em.populate([list[0], list[1]], |a| a.tags())?;
        assert_eq!(em.view(again).tags().len(), 0);
        assert_eq!(em.view(again).text(), "The text of two");
        let [one, _] = em.populate(&articles, |a| a.author())?;
        assert_eq!(byline(&em, one), "one by ann@house.org");
        assert_eq!(em.view(list[1]).text(), "The text of two");
        assert_eq!(byline(&em, list[1].narrow()), "two by ann@house.org");
        Ok(())
    });
}

#[test]
fn a_choice_of_items_is_populated_too() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, ..) = graph(&mut em)?;
        let ann = em
            .find_one(ann)
            .populate(|u| {
                u.articles()
                    .filter(|a| a.slug().eq("one"))
                    .populate(|a| a.tags())
            })
            .or_fail()?;
        let articles = em.view(ann).articles();
        let tags: Vec<_> = articles
            .iter()
            .map(|article| article.tags().len())
            .collect();
        assert_eq!(tags, [2]);
        Ok(())
    });
}

/// Takes a user with all articles.
fn article_count(em: &EntityManager, user: Loaded<User, loads!(User { articles })>) -> usize {
    em.view(user).articles().len()
}

#[test]
fn a_choice_is_a_part_until_a_later_hint_asks_for_all() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, ..) = graph(&mut em)?;
        let part = em
            .find_one(ann)
            .populate(|u| u.articles().limit(1).populate(|a| a.text()))
            .populate(|u| u.articles().tags())
            .or_fail()?;
        let articles = em.view(part).articles();
        assert!(articles.is_partial());
        let read: Vec<_> = articles
            .iter()
            .map(|a| (a.text().clone(), a.tags().len()))
            .collect();
        assert_eq!(read, [("The text of one".to_owned(), 2)]);

        let whole = em.populate(part, |u| u.articles().author())?;
        assert_eq!(article_count(&em, whole.narrow()), 2);
        let ordered = em.populate(part, |u| u.articles().order_by(|a| a.slug().desc()))?;
        assert_eq!(
            article_count(&em, ordered.narrow()),
            2,
            "an order leaves nothing out"
        );
        Ok(())
    });
}

#[test]
fn of_references_a_view_tells_the_ids_until_a_hint_asks_for_the_rows() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, articles, _) = graph(&mut em)?;
        let user = em
            .find_one(ann)
            .populate(|u| u.articles().references())
            .or_fail()?;
        let items = em.view(user).articles();
        assert_eq!(items.len(), articles.len());
        assert!(items.iter().zip(articles).all(|(item, id)| item.id() == id));
        assert!(
            items
                .iter()
                .all(|a| !a.is_initialized() && a.try_get().is_err())
        );
        assert!(items.iter().all(|a| a.unchecked().try_get().is_err()));

        let user = em.populate(user, |u| u.articles())?;
        let slugs = |em: &EntityManager, user: Loaded<User, loads!(User { articles })>| {
            let slugs = em.view(user).articles().iter().map(|a| a.slug.clone());
            slugs.collect::<Vec<_>>()
        };
        assert_eq!(slugs(&em, user.narrow()), ["one", "two"]);

        let mut em = orm.em();
        let user = em
            .find_one(ann)
            .populate(|u| (u.articles().references(), u.articles().tags()))
            .or_fail()?;
        assert_eq!(
            slugs(&em, user.narrow()),
            ["one", "two"],
            "either hint is met"
        );
        Ok(())
    });
}

#[test]
fn a_handle_is_good_for_what_an_id_is_good_for() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, [one, two], tags) = graph(&mut em)?;
        let user = em.find_one(ann).populate(|u| u.articles()).or_fail()?;
        let tag = em.find_one(tags[0]).populate(|t| t.articles()).or_fail()?;
        let article = em.find_one(one).populate(|a| a.tags()).or_fail()?;

        em[user].bio = "Writes".into();
        em.get_mut(user).expect("it is loaded").bio.push('.');
        em.with(user, |user, _| user.bio.push('!'));
        assert_eq!(em[&user].bio, "Writes.!");
        assert_eq!(
            em.get(user).map(|user| user.bio.len()),
            em.try_get(user).map(|u| u.bio.len()).ok()
        );
        assert!(em.is_managed(user) && em.is_initialized(user));

        // in builders, setters and collections
        let three = em.create(Article::build().slug("three").author(user).tags([tag]));
        em.edit(two)
            .set_author(user)
            .set_editor(user)
            .tags()
            .add(tag);
        em.edit(article).tags().remove(tag);
        em.edit(article).tags().add([tag, tag]).remove([tag]);
        em.edit(article).set_editor(None);
        assert!(!em[article].tags.contains(&tag));
        em.flush()?;
        em.refresh(user)?;
        assert_eq!(em.edit(tag).articles().load_items()?.ids(), [three, two]);
        let articles = em.find::<Article>().populate(|a| a.tags()).all()?;
        em.edit(tag).articles().set(articles)?;
        em.flush()?;

        // as a value
        assert_eq!(user, ann);
        assert_eq!(ann, *user);
        let again = em.find_one(user).populate(|u| u.profile()).or_fail()?;
        assert_eq!(user, again);
        assert_eq!(
            (user.to_string(), format!("{user:?}")),
            (ann.to_string(), format!("{ann:?}"))
        );
        assert_eq!(
            serde_json::to_value(user).ok(),
            serde_json::to_value(ann).ok()
        );
        let json = serde_json::to_value(em.serialize(user)).expect("it can be serialized");
        assert_eq!(json["email"], "ann@house.org");
        let map = HashMap::from([(user, 1)]);
        assert_eq!(map.get(&ann), Some(&1));
        let ids: Vec<Id<User>> = vec![user.into(), user.id()];
        assert_eq!(ids, [ann, ann]);

        em.detach(user);
        let three_found = em.find_one(three).populate(|a| a.tags()).or_fail()?;
        em.remove(three_found);
        em.flush()?;
        assert_eq!(em.find_one(three).one()?, None);
        Ok(())
    });
}

#[test]
fn a_key_that_is_not_copied_makes_a_handle_that_is_not() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (a, b) = (page(&mut em, "a"), page(&mut em, "b"));
        em.edit(&a).set_next(b.clone());
        em.flush()?;
        em.clear();
        let found = em
            .find_one(&a)
            .populate(|p| (p.next(), p.text()))
            .or_fail()?;
        assert_eq!(em[&found].title, "Page a");
        let view = em.view(found.clone());
        assert_eq!(
            view.next().map(|next| next.title.clone()),
            Some("Page b".into())
        );
        assert_eq!(view.text(), "");
        let found = em.populate(&found, |p| p.badges())?;
        assert_eq!(em.view(found.clone()).text(), "");
        em.remove(&found);
        em.flush()?;
        assert_eq!(em.find::<Page>().all()?, [b]);
        Ok(())
    });
}

#[test]
fn a_relation_that_was_changed_since_is_checked_when_it_is_read() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, [one, _], _) = graph(&mut em)?;
        let bob = em
            .find::<User>()
            .filter(|u| u.email().eq("bob@house.org"))
            .ids()?[0];
        let found = em
            .find_one(one)
            .populate(|a| (a.author(), a.tags()))
            .or_fail()?;
        em[found].author = bob;
        assert_eq!(em.view(found).author().id(), bob);
        assert!(!em.view(found).author().is_initialized());
        assert!(em.view(found).author().try_get().is_err());
        let message = panic_of(|| em.view(found).author().email.clone());
        assert!(
            message.contains("User") && message.contains("not loaded"),
            "{message}"
        );

        em.clear();
        assert!(em.try_view(found).is_err());
        em.find_one(one).or_fail()?;
        let message = panic_of(|| em.view(found).tags().len());
        assert!(message.contains("tags"), "{message}");
        em.find_one(ann).or_fail()?;
        assert_eq!(em.view(found).author().id(), ann);
        Ok(())
    });
}

#[test]
fn a_query_that_is_put_together_step_by_step_gives_bare_ids() {
    fn with_author(find: Find<'_, Article>, is_wanted: bool) -> Find<'_, Article> {
        if is_wanted {
            find.populate(|a| a.author()).unchecked()
        } else {
            find
        }
    }
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, [one, two], _) = graph(&mut em)?;
        assert_eq!(with_author(em.find(), false).all()?, [one, two]);
        assert!(!em.is_initialized(ann));
        assert_eq!(with_author(em.find(), true).all()?, [one, two]);
        assert_eq!(em.view(one).author().email, "ann@house.org");
        // A path that only the program knows leaves the type as it is.
        let found = em
            .find_one(two)
            .populate(|a| a.author().profile().unchecked())
            .or_fail()?;
        assert!(em.view(found).author().profile().is_some());
        Ok(())
    });
}

/// What a program does with every entity, written once.
struct Repository<'em, T> {
    em: &'em mut EntityManager,
    entity: PhantomData<T>,
}

impl<'em, T: Managed> Repository<'em, T> {
    fn new(em: &'em mut EntityManager) -> Self {
        let entity = PhantomData;
        Self { em, entity }
    }

    fn all(&mut self) -> musher::Result<Vec<Id<T>>> {
        self.em.find().all()
    }

    fn get(&mut self, id: impl IntoId<T>) -> musher::Result<&mut T> {
        let id = self.em.find_one(id).or_fail()?;
        Ok(&mut self.em[id])
    }

    fn matching(&mut self, filter: impl FnOnce(T::Path<T>) -> Filter<T>) -> Find<'_, T> {
        self.em.find().filter(filter)
    }

    fn add(&mut self, new: impl IntoManaged<Entity = T>) -> musher::Result<Id<T>> {
        let id = self.em.create(new);
        self.em.flush()?;
        Ok(id)
    }

    fn remove(&mut self, id: impl IntoId<T>) -> musher::Result<()> {
        self.em.remove(id);
        self.em.flush()
    }
}

#[test]
fn generic_code_needs_to_know_nothing_of_it() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, articles, [tag, other]) = graph(&mut em)?;
        let mut of_articles = Repository::<Article>::new(&mut em);
        assert_eq!(of_articles.all()?, articles);
        let found = of_articles
            .matching(|a| a.slug().eq("one"))
            .populate(|a| a.author())
            .or_fail()?;
        assert_eq!(byline(&em, found), "one by ann@house.org");
        Repository::<User>::new(&mut em).get(ann)?.bio = "Writes".into();
        let mut of_tags = Repository::<Tag>::new(&mut em);
        of_tags.remove(tag)?;
        let third = of_tags.add(Tag::build().name("third"))?;
        assert_eq!(of_tags.all()?, [other, third]);
        assert_eq!(orm.em().find_one(ann).or_fail()?, ann);
        Ok(())
    });
}
