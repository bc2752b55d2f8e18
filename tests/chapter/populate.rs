//! S34 to S42: populate hints, lazy properties, loading strategies, what is not found.

use musher::prelude::*;

use crate::common::blog::{Article, User, builder, foo_bar, on_each_store};
use crate::common::for_each_store;

const ARTICLE_AND_AUTHOR: &str = r#"Article {
    id: 1,
    created_at: 2022-09-11T15:06:44.371Z,
    updated_at: 2022-09-11T15:06:44.371Z,
    slug: "foo-is-bar",
    title: "Foo is Bar",
    description: "Lorem impsum dolor sit amet…",
    text: <not loaded>,
    author: User {
        id: 1,
        created_at: 2022-09-11T15:06:44.371Z,
        updated_at: 2022-09-11T15:06:44.371Z,
        full_name: "Foo Bar",
        email: "foo@bar.com",
        password: <hidden>,
        bio: "",
        articles: [Collection<Article>],
    },
    tags: Collection<Tag> {
        initialized: false,
        dirty: false,
    },
}"#;

#[test]
fn s34_populating_the_author_takes_exactly_two_lookups() {
    on_each_store(|orm, log| {
        let (_, article) = foo_bar(orm, log)?;
        let mut em = orm.em();
        em.find_one(article).populate(|a| a.author()).or_fail()?;
        assert_eq!(
            log.take(),
            [
                "[query] select article by id in (1) [1 row]",
                "[query] select user by id in (1) [1 row]",
            ]
        );
        assert_eq!(em.statistics().lookups, 2);
        assert_eq!(em.statistics().rows_read, 2);
        Ok(())
    });
}

#[test]
fn s34_the_authors_of_many_articles_take_one_lookup_together() {
    on_each_store(|orm, log| {
        let (first, _) = foo_bar(orm, log)?;
        let mut em = orm.em();
        let second = em.persist(User::new("Jane", "jane@bar.com", "secret"));
        for number in 0..10 {
            let author = if number % 2 == 0 { first } else { second };
            em.create(
                Article::build()
                    .title(format!("Article {number}"))
                    .text("..")
                    .author(author),
            );
        }
        em.flush()?;
        log.take();

        let mut em = orm.em();
        em.find::<Article>().populate(|a| a.author()).all()?;
        assert_eq!(
            log.take(),
            [
                "[query] select article by all (full scan) [11 rows]",
                "[query] select user by id in (1, 2) [2 rows]",
            ]
        );
        Ok(())
    });
}

#[test]
fn s35_a_populated_author_is_initialized_and_prints_in_full() {
    on_each_store(|orm, log| {
        let (user, article) = foo_bar(orm, log)?;
        let mut em = orm.em();
        em.find_one(article).populate(|a| a.author()).or_fail()?;
        assert!(em.is_initialized(user));
        assert!(em.view(article).author().is_initialized());
        assert_eq!(em.view(article).author().full_name, "Foo Bar");
        assert_eq!(format!("{:#?}", em.view(article)), ARTICLE_AND_AUTHOR);
        Ok(())
    });
}

#[test]
fn s36_without_a_hint_the_text_is_not_there_and_reading_it_names_the_hint() {
    on_each_store(|orm, log| {
        let (_, article) = foo_bar(orm, log)?;
        let mut em = orm.em();
        em.find_one(article).populate(|a| a.author()).or_fail()?;
        assert_eq!(em[article].text.get(), None);
        assert_eq!(
            em[article].text.try_get().unwrap_err().to_string(),
            "Article.text is not loaded; add `text` to the populate hint, `.populate(|it| it.text())`, or call `em.populate(id, |it| it.text())`"
        );
        Ok(())
    });
}

#[test]
fn s37_a_hint_loads_the_text() {
    on_each_store(|orm, log| {
        let (_, article) = foo_bar(orm, log)?;
        let mut em = orm.em();
        em.find_one(article)
            .populate(|a| (a.author(), a.text()))
            .or_fail()?;
        assert_eq!(em.view(article).text(), "Lorem impsum dolor sit amet");
        assert_eq!(em.view(article).author().full_name, "Foo Bar");
        Ok(())
    });
}

#[test]
fn s38_populate_loads_the_text_of_a_loaded_article() {
    on_each_store(|orm, log| {
        let (_, article) = foo_bar(orm, log)?;
        let mut em = orm.em();
        em.find_one(article).populate(|a| a.author()).or_fail()?;
        log.take();
        em.populate(article, |a| a.text())?;
        assert_eq!(em.view(article).text(), "Lorem impsum dolor sit amet");
        assert_eq!(
            log.take(),
            ["[query] select article.text by id in (1) [1 row]"]
        );

        em.populate(article, |a| a.text())?;
        assert_eq!(log.take(), [""; 0], "what is there is not read again");
        Ok(())
    });
}

#[test]
fn s39_joined_gives_the_same_graph_by_one_query() {
    on_each_store(|orm, log| {
        let (_, article) = foo_bar(orm, log)?;
        let load = |strategy| -> musher::Result<(String, u64)> {
            let mut em = orm.em();
            em.find_one(article)
                .populate(|a| (a.author(), a.text(), a.tags()))
                .strategy(strategy)
                .or_fail()?;
            let printed = format!("{:#?}", em.view(article));
            Ok((printed, em.statistics().lookups))
        };
        let (select_in, lookups) = load(LoadStrategy::SelectIn)?;
        assert_eq!(lookups, 4);
        log.take();
        let (joined, lookups) = load(LoadStrategy::Joined)?;
        assert_eq!(lookups, 1);
        assert_eq!(log.take().len(), 1);
        assert_eq!(joined, select_in);
        Ok(())
    });
}

#[test]
fn s39_the_joined_query_is_told_with_what_it_joins() {
    on_each_store(|orm, log| {
        let (_, article) = foo_bar(orm, log)?;
        let mut em = orm.em();
        em.find_one(article)
            .populate(|a| (a.author(), a.text()))
            .strategy(LoadStrategy::Joined)
            .or_fail()?;
        assert_eq!(
            log.take(),
            ["[query] select article by id in (1) joined with text, author [3 rows]"]
        );
        em.find_one(article)
            .populate(|a| a.author().articles())
            .strategy(LoadStrategy::Joined)
            .or_fail()?;
        assert_eq!(
            log.take(),
            ["[query] select article joined with author, author.articles [0 rows]"]
        );
        Ok(())
    });
}

#[test]
fn s39_a_joined_query_for_what_is_loaded_is_no_lookup() {
    for_each_store(
        || builder().load_strategy(LoadStrategy::Joined),
        |orm, log| {
            let (_, article) = foo_bar(orm, log)?;
            let mut em = orm.em();
            em.find_one(article).populate(|a| a.text()).or_fail()?;
            assert_eq!(em.statistics().lookups, 1);
            log.take();
            em.populate(article, |a| a.text())?;
            assert_eq!(em.statistics().lookups, 1);
            assert_eq!(log.take(), [""; 0]);
            Ok(())
        },
    );
}

#[test]
fn s40_the_strategy_is_select_in_if_nothing_is_said() {
    on_each_store(|orm, log| {
        let (_, article) = foo_bar(orm, log)?;
        let mut em = orm.em();
        em.find_one(article).populate(|a| a.author()).or_fail()?;
        assert_eq!(em.statistics().lookups, 2);
        Ok(())
    });
}

#[test]
fn s40_the_strategy_can_be_set_for_the_database_and_overridden_by_a_query() {
    for_each_store(
        || builder().load_strategy(LoadStrategy::Joined),
        |orm, log| {
            let (_, article) = foo_bar(orm, log)?;
            let mut em = orm.em();
            em.find_one(article).populate(|a| a.author()).or_fail()?;
            assert_eq!(em.statistics().lookups, 1);

            let mut em = orm.em();
            em.find_one(article)
                .populate(|a| a.author())
                .strategy(LoadStrategy::SelectIn)
                .or_fail()?;
            assert_eq!(em.statistics().lookups, 2);
            Ok(())
        },
    );
}

#[test]
fn s41_find_one_gives_none_for_what_is_absent() {
    on_each_store(|orm, log| {
        foo_bar(orm, log)?;
        let mut em = orm.em();
        assert_eq!(em.find_one::<User>(99).one()?, None);
        assert!(!em.is_managed(Id::<User>::new(99)));
        let nobody = em
            .find::<User>()
            .filter(|u| u.email().eq("nobody@bar.com"))
            .one()?;
        assert_eq!(nobody, None);
        Ok(())
    });
}

#[test]
fn s42_or_fail_gives_the_entity_or_a_not_found_error() {
    on_each_store(|orm, log| {
        let (user, _) = foo_bar(orm, log)?;
        let mut em = orm.em();
        assert_eq!(em.find_one::<User>(1).or_fail()?, user);
        let error = em.find_one::<User>(99).or_fail().unwrap_err();
        assert!(matches!(error, Error::NotFound { entity: "User", .. }));
        assert_eq!(error.to_string(), "User 99 was not found in the database");
        Ok(())
    });
}
