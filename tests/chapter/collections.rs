//! S47 to S59: reading collections, loading them, changing them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use musher::prelude::*;

use crate::common::Log;
use crate::common::blog::{Article, Tag, foo_bar, on_each_store};

const USER_AND_ARTICLES: &str = r#"User {
    id: 1,
    created_at: 2022-09-11T15:06:44.371Z,
    updated_at: 2022-09-11T15:06:44.371Z,
    full_name: "Foo Bar",
    email: "foo@bar.com",
    password: <hidden>,
    bio: "",
    articles: Collection<Article> {
        '0': Article {
            id: 1,
            created_at: 2022-09-11T15:06:44.371Z,
            updated_at: 2022-09-11T15:06:44.371Z,
            slug: "foo-is-bar",
            title: "Foo is Bar",
            description: "Lorem impsum dolor sit amet…",
            text: <not loaded>,
            author: [User],
            tags: [Collection<Tag>],
        },
        initialized: true,
        dirty: false,
    },
}"#;

const NOT_LOADED: &str = "User.articles of User 1 is not loaded; add `articles` to the populate hint, `.populate(|it| it.articles())`, or call `em.populate(id, |it| it.articles())`";

/// A way to load the tags of an article.
type Load = fn(&mut EntityManager, Id<Article>) -> musher::Result<()>;

/// The chapter's article with the tags `new` and `old`, flushed.
fn tagged(orm: &Orm, log: &Log) -> musher::Result<(Id<Article>, Id<Tag>, Id<Tag>)> {
    let (_, article) = foo_bar(orm, log)?;
    let mut em = orm.em();
    em.find_one(article).or_fail()?;
    let new_tag = em.create(Tag::build().name("new"));
    let old_tag = em.create(Tag::build().name("old"));
    em.edit(article).tags().add([new_tag, old_tag]);
    em.flush()?;
    log.take();
    Ok((article, new_tag, old_tag))
}

#[test]
fn s47_a_collection_is_iterable_and_its_ids_destructure() {
    on_each_store(|orm, log| {
        let (article, ..) = tagged(orm, log)?;
        let mut em = orm.em();
        em.find_one(article).populate(|a| a.tags()).or_fail()?;

        let mut names = Vec::new();
        for tag in em.view(article).tags() {
            names.push(tag.name.clone());
        }
        assert_eq!(names, ["new", "old"]);
        let mut ids = Vec::new();
        for id in &em[article].tags {
            ids.push(*id);
        }
        let [new_tag, old_tag] = ids[..] else {
            panic!("there are two tags, not {ids:?}");
        };
        assert_eq!(em[new_tag].name, "new");
        assert_eq!(em[old_tag].name, "old");
        Ok(())
    });
}

#[test]
fn s48_brackets_read_what_is_loaded_without_asking_for_initialization() {
    on_each_store(|orm, log| {
        let (user, article) = foo_bar(orm, log)?;
        let mut em = orm.em();
        em.find_one(user).or_fail()?;
        assert!(em.view(user).articles().get(0).is_none());
        em.edit(user).articles().add(article);
        assert!(!em[user].articles.is_initialized());
        assert_eq!(em[user].articles[0], article);
        em.populate(user, |u| u.articles())?;
        assert_eq!(em[user].articles[0], article);
        Ok(())
    });
}

#[test]
fn s48_brackets_panic_where_there_is_no_item() {
    on_each_store(|orm, log| {
        let (user, _) = foo_bar(orm, log)?;
        let mut em = orm.em();
        em.find_one(user).or_fail()?;
        let panic = catch_unwind(AssertUnwindSafe(|| em[user].articles[0])).unwrap_err();
        assert_eq!(
            panic.downcast_ref::<String>().map(String::as_str),
            Some("Collection<Article> holds 0 items in memory, there is none at 0")
        );
        Ok(())
    });
}

#[test]
fn s49_get_items_refuses_an_uninitialized_collection() {
    on_each_store(|orm, log| {
        let (user, _) = foo_bar(orm, log)?;
        let mut em = orm.em();
        em.find_one(user).or_fail()?;
        let error = em.view(user).articles().get_items().unwrap_err();
        assert!(matches!(error, Error::NotLoaded { .. }));
        assert_eq!(error.to_string(), NOT_LOADED);
        assert_eq!(em.view(user).articles().get_items_unchecked().len(), 0);
        Ok(())
    });
}

#[test]
fn s49_get_items_gives_the_instances_of_the_identity_map() {
    on_each_store(|orm, log| {
        let (user, article) = foo_bar(orm, log)?;
        let mut em = orm.em();
        em.find_one(article).or_fail()?;
        em[article].title = "Changed in memory".into();
        em.find_one(user).populate(|u| u.articles()).or_fail()?;
        let [checked] = em.view(user).articles().get_items()?[..] else {
            panic!("there is one article");
        };
        assert_eq!(checked.title, "Changed in memory");
        assert!(std::ptr::eq(checked.try_get()?, &raw const em[article]));
        assert_eq!(em.view(user).articles().get_items_unchecked().len(), 1);
        Ok(())
    });
}

#[test]
fn s50_to_vec_gives_copies_that_change_no_entity() {
    on_each_store(|orm, log| {
        let (user, article) = foo_bar(orm, log)?;
        let mut em = orm.em();
        em.find_one(user).populate(|u| u.articles()).or_fail()?;
        let mut copies = em.view(user).articles().to_vec()?;
        copies[0].title = "Changed".into();
        assert_eq!(em[article].title, "Foo is Bar");
        em.flush()?;
        assert_eq!(em.statistics().commits, 0);
        Ok(())
    });
}

#[test]
fn s51_a_populate_hint_initializes_the_collection() {
    on_each_store(|orm, log| {
        let (user, _) = foo_bar(orm, log)?;
        let mut em = orm.em();
        em.find_one(user).populate(|u| u.articles()).or_fail()?;
        assert!(em[user].articles.is_initialized());
        assert!(!em[user].articles.is_dirty());
        assert_eq!(
            log.take(),
            [
                "[query] select user by id in (1) [1 row]",
                "[query] select article by user.articles of (1) [1 row]",
            ]
        );
        assert_eq!(format!("{:#?}", em.view(user)), USER_AND_ARTICLES);
        Ok(())
    });
}

#[test]
fn s52_init_always_queries_and_load_items_only_if_it_has_to() {
    on_each_store(|orm, log| {
        let (user, article) = foo_bar(orm, log)?;
        let mut em = orm.em();
        em.find_one(user).or_fail()?;
        let lookups = |em: &EntityManager| em.statistics().lookups;
        assert_eq!(lookups(&em), 1);

        em.edit(user).articles().load_items()?;
        assert_eq!(lookups(&em), 2);
        em.edit(user).articles().load_items()?;
        assert_eq!(lookups(&em), 2);
        em.edit(user).articles().init()?;
        assert_eq!(lookups(&em), 3);

        let mut other = orm.em();
        let second = other.create(Article::build().title("Second").text("..").author(user));
        other.flush()?;
        em.edit(user).articles().load_items()?;
        assert_eq!(em[user].articles.ids(), [article]);
        em.edit(user).articles().init()?;
        assert_eq!(em[user].articles.ids(), [article, second]);
        Ok(())
    });
}

#[test]
fn s53_the_author_of_a_populated_article_is_the_loaded_user() {
    on_each_store(|orm, log| {
        let (user, _) = foo_bar(orm, log)?;
        let mut em = orm.em();
        em.find_one(user).populate(|u| u.articles()).or_fail()?;
        let lookups = em.statistics().lookups;
        for article in em.view(user).articles() {
            assert_eq!(article.author().full_name, "Foo Bar");
            assert!(std::ptr::eq(
                article.author().try_get()?,
                &raw const em[user]
            ));
        }
        assert_eq!(em.statistics().lookups, lookups);
        Ok(())
    });
}

#[test]
fn s54_a_nested_collection_prints_in_brackets() {
    on_each_store(|orm, log| {
        let (user, _) = foo_bar(orm, log)?;
        let mut em = orm.em();
        em.find_one(user).populate(|u| u.articles()).or_fail()?;
        let printed = format!("{:?}", em.view(user));
        assert!(printed.contains("tags: [Collection<Tag>]"), "{printed}");
        Ok(())
    });
}

#[test]
fn s55_add_takes_several_and_works_on_an_uninitialized_collection() {
    on_each_store(|orm, log| {
        let (user, article) = foo_bar(orm, log)?;
        let mut em = orm.em();
        em.find_one(user).populate(|u| u.articles()).or_fail()?;
        log.take();
        assert!(!em[article].tags.is_initialized());
        let new_tag = em.create(Tag::build().name("new"));
        let old_tag = em.create(Tag::build().name("old"));
        em.edit(article).tags().add([new_tag, old_tag]);
        assert!(em[article].tags.is_dirty());
        em.flush()?;

        let created = "created_at: 2022-09-11T15:06:44.371Z, updated_at: 2022-09-11T15:06:44.371Z";
        assert_eq!(
            log.take(),
            [
                "[query] begin".to_owned(),
                format!(r#"[query] insert tag #1 ({created}, name: "new")"#),
                format!(r#"[query] insert tag #2 ({created}, name: "old")"#),
                "[query] link article #1.tags tag #1".to_owned(),
                "[query] link article #1.tags tag #2".to_owned(),
                "[query] commit".to_owned(),
            ]
        );
        assert_eq!(
            em.statistics().rows_written,
            2,
            "the article is not written"
        );
        assert_eq!(em.statistics().links_written, 2);
        assert_eq!(orm.verify()?.links, 2);
        Ok(())
    });
}

#[test]
fn s55_a_collection_prints_by_itself_as_it_does_within_its_owner() {
    on_each_store(|orm, log| {
        let (article, ..) = tagged(orm, log)?;
        let mut em = orm.em();
        em.find_one(article).populate(|a| a.tags()).or_fail()?;
        let tags = format!("{:#?}", em.view(article).tags());
        assert_eq!(
            tags,
            r#"Collection<Tag> {
    '0': Tag {
        id: 1,
        created_at: 2022-09-11T15:06:44.371Z,
        updated_at: 2022-09-11T15:06:44.371Z,
        name: "new",
        articles: [Collection<Article>],
    },
    '1': Tag {
        id: 2,
        created_at: 2022-09-11T15:06:44.371Z,
        updated_at: 2022-09-11T15:06:44.371Z,
        name: "old",
        articles: [Collection<Article>],
    },
    initialized: true,
    dirty: false,
}"#
        );
        let whole = format!("{:#?}", em.view(article));
        assert!(whole.contains(&tags.replace('\n', "\n    ")), "{whole}");
        Ok(())
    });
}

#[test]
fn s56_after_the_flush_the_collection_is_clean_and_still_not_initialized() {
    on_each_store(|orm, log| {
        let (_, article) = foo_bar(orm, log)?;
        let mut em = orm.em();
        em.find_one(article).or_fail()?;
        let tag = em.create(Tag::build().name("new"));
        em.edit(article).tags().add(tag);
        assert!(em[article].tags.is_dirty());
        em.flush()?;
        assert!(!em[article].tags.is_dirty());
        assert!(!em[article].tags.is_initialized());
        assert_eq!(em[article].tags.ids_unchecked(), [tag]);

        em.flush()?;
        assert_eq!(em.statistics().commits, 1);
        Ok(())
    });
}

#[test]
fn s56_collections_that_lost_a_removed_entity_are_clean_too() {
    on_each_store(|orm, log| {
        let (user, article) = foo_bar(orm, log)?;
        let mut em = orm.em();
        em.find_one(user)
            .populate(|u| u.articles().tags())
            .or_fail()?;
        let tag = em.create(Tag::build().name("given up"));
        em.edit(article).tags().add(tag);
        em.remove(tag);
        assert_eq!(em[article].tags.ids(), []);
        em.flush()?;
        assert!(!em[article].tags.is_dirty());

        em.remove(article);
        em.flush()?;
        assert_eq!(em[user].articles.ids(), []);
        assert!(!em[user].articles.is_dirty());
        Ok(())
    });
}

#[test]
fn s57_removing_by_condition_needs_an_initialized_collection() {
    on_each_store(|orm, log| {
        let (article, ..) = tagged(orm, log)?;
        let mut em = orm.em();
        em.find_one(article).or_fail()?;
        let error = em
            .edit(article)
            .tags()
            .remove_if(|tag| tag.name == "old")
            .map(drop)
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "Article.tags is not loaded; add `tags` to the populate hint, `.populate(|it| it.tags())`, or call `em.populate(id, |it| it.tags())`"
        );
        assert!(!em[article].tags.is_dirty());
        Ok(())
    });
}

#[test]
fn s57_init_load_items_and_populate_each_make_removing_possible() {
    on_each_store(|orm, log| {
        let (article, new_tag, old_tag) = tagged(orm, log)?;
        let ways: [Load; 3] = [
            |em, article| em.edit(article).tags().init().map(drop),
            |em, article| em.edit(article).tags().load_items().map(drop),
            |em, article| em.populate(article, |a| a.tags()).map(drop),
        ];
        for load in ways {
            let mut em = orm.em();
            em.find_one(article).or_fail()?;
            load(&mut em, article)?;
            assert_eq!(em[article].tags.ids(), [new_tag, old_tag]);
            em.edit(article).tags().remove_if(|tag| tag.name == "old")?;
            assert_eq!(em[article].tags.ids(), [new_tag]);
        }
        Ok(())
    });
}

/// The chapter refuses this; by id nothing needs to be loaded for it.
#[test]
fn s57_removing_by_id_works_on_an_uninitialized_collection() {
    on_each_store(|orm, log| {
        let (article, new_tag, old_tag) = tagged(orm, log)?;
        let mut em = orm.em();
        em.find_one(article).or_fail()?;
        em.edit(article).tags().remove(old_tag);
        em.flush()?;
        em.populate(article, |a| a.tags())?;
        assert_eq!(em[article].tags.ids(), [new_tag]);
        Ok(())
    });
}

#[test]
fn s58_removing_by_id_and_by_condition_deletes_the_link_only() {
    on_each_store(|orm, log| {
        let (article, new_tag, old_tag) = tagged(orm, log)?;
        let mut em = orm.em();
        em.find_one(article).populate(|a| a.tags()).or_fail()?;
        log.take();
        em.edit(article).tags().remove(old_tag);
        em.edit(article)
            .tags()
            .remove_if(|tag| tag.id() == old_tag)?;
        em.flush()?;
        assert_eq!(
            log.take(),
            [
                "[query] begin",
                "[query] unlink article #1.tags tag #2",
                "[query] commit",
            ]
        );
        assert_eq!(em.statistics().rows_written, 0);
        assert_eq!(em.statistics().links_written, 1);

        let mut other = orm.em();
        assert_eq!(other.find::<Tag>().all()?, [new_tag, old_tag]);
        other.find_one(article).populate(|a| a.tags()).or_fail()?;
        assert_eq!(other[article].tags.ids(), [new_tag]);
        Ok(())
    });
}

#[test]
fn s58_removing_by_condition_alone_deletes_the_link() {
    on_each_store(|orm, log| {
        let (article, new_tag, old_tag) = tagged(orm, log)?;
        let mut em = orm.em();
        em.find_one(article).populate(|a| a.tags()).or_fail()?;
        em.edit(article)
            .tags()
            .remove_if(|tag| tag.id() == old_tag)?;
        em.flush()?;
        em.clear();
        em.find_one(article).populate(|a| a.tags()).or_fail()?;
        assert_eq!(em[article].tags.ids(), [new_tag]);
        Ok(())
    });
}

#[test]
fn s59_the_inverse_side_follows_add_and_remove() {
    on_each_store(|orm, log| {
        let (_, article) = foo_bar(orm, log)?;
        let mut em = orm.em();
        em.find_one(article).or_fail()?;
        let tag = em.create(Tag::build().name("new"));
        assert_eq!(em[tag].articles.ids(), []);
        em.edit(article).tags().add(tag);
        assert_eq!(em[tag].articles.ids(), [article]);
        em.flush()?;
        assert_eq!(em[tag].articles.ids(), [article]);
        em.edit(article).tags().remove(tag);
        assert_eq!(em[tag].articles.ids(), []);
        em.flush()?;

        em.clear();
        em.find_one(tag).populate(|t| t.articles()).or_fail()?;
        assert_eq!(em[tag].articles.ids(), []);
        Ok(())
    });
}
