//! S19 to S33, but for the slug: entity graphs, persist and flush, references, contexts.

use std::thread;

use musher::prelude::*;

use crate::common::blog::{Article, Tag, User, foo_bar, on_each_store};

const FOO_IS_BAR: &str = r#"Article {
    id: 1,
    created_at: 2022-09-11T15:06:44.371Z,
    updated_at: 2022-09-11T15:06:44.371Z,
    slug: "foo-is-bar",
    title: "Foo is Bar",
    description: "Lorem impsum dolor sit amet…",
    text: "Lorem impsum dolor sit amet",
    author: (User) { id: 1 },
    tags: Collection<Tag> {
        initialized: true,
        dirty: false,
    },
}"#;

#[test]
fn s19_create_gives_the_article_at_once_and_stores_nothing() {
    on_each_store(|orm, log| {
        let mut em = orm.em();
        let user = em.persist(User::new("Foo Bar", "foo@bar.com", "123456"));
        em.flush()?;
        log.take();
        let article = em.create(Article::build().title("Foo").text("..").author(user));

        // The key is assigned at once: there is no managed entity without one.
        assert_eq!(article, Id::new(1));
        assert_eq!(em[article].title, "Foo");
        assert_eq!(log.take(), [""; 0]);
        assert_eq!(orm.em().find_one(article).one()?, None);
        Ok(())
    });
}

#[test]
fn s20_create_builds_a_whole_graph() {
    on_each_store(|orm, _| {
        let mut em = orm.em();
        let article = em.create(
            Article::build()
                .title("Graph")
                .text("..")
                .author(User::new("Jane", "jane@bar.com", "secret"))
                .tags([Tag::build().name("a"), Tag::build().name("b")]),
        );
        em.flush()?;
        assert_eq!(em.statistics().commits, 1);
        assert_eq!(em.statistics().rows_written, 4);
        assert_eq!(em.statistics().links_written, 2);

        em.clear();
        em.find_one(article)
            .populate(|a| (a.author(), a.tags()))
            .or_fail()?;
        let article = em.view(article);
        assert_eq!(article.author().full_name, "Jane");
        let tags: Vec<_> = article.tags().iter().map(|tag| tag.name.clone()).collect();
        assert_eq!(tags, ["a", "b"]);
        Ok(())
    });
}

#[test]
fn s20_a_key_becomes_a_reference_to_an_entity_of_the_right_type() {
    on_each_store(|orm, log| {
        let (user, _) = foo_bar(orm, log)?;
        let key: u64 = *user.key();
        let mut em = orm.em();
        let article = em.create(
            Article::build()
                .title("By key")
                .text("..")
                .author(Id::new(key)),
        );
        assert_eq!(em[article].author, user);
        em.flush()?;
        assert!(!em.is_initialized(user), "the author was never read");
        em.find_one(user).populate(|u| u.articles()).or_fail()?;
        assert!(em[user].articles.contains(&article));
        Ok(())
    });
}

#[test]
fn s22_properties_of_the_base_and_of_the_entity_may_have_defaults() {
    on_each_store(|orm, log| {
        let (user, article) = foo_bar(orm, log)?;
        let mut em = orm.em();
        em.find_one(article).or_fail()?;
        // Neither timestamps nor slug and description were given; here the slug is.
        let given = em.create(
            Article::build()
                .title("Foo is Bar")
                .text("..")
                .author(user)
                .slug("given"),
        );
        em.flush()?;
        assert_eq!(em[article].slug, "foo-is-bar");
        assert_eq!(em[given].slug, "given");
        assert_eq!(em[given].created_at, em[article].created_at);
        Ok(())
    });
}

#[test]
fn s23_defaults_see_what_was_given_and_the_author_arrives_as_a_reference() {
    on_each_store(|orm, log| {
        let (user, _) = foo_bar(orm, log)?;
        let mut em = orm.em();
        let article = em.create(
            Article::build()
                .author(user)
                .text("Given first")
                .title("Given last"),
        );
        assert_eq!(em[article].slug, "given-last");
        assert_eq!(em[article].description, "Given first…");
        assert_eq!(em[article].author, user);
        assert!(!em.view(article).author().is_initialized());
        assert_eq!(em.statistics().lookups, 0);
        Ok(())
    });
}

#[test]
fn s27_persist_only_marks() {
    on_each_store(|orm, log| {
        let mut em = orm.em();
        let user = em.persist(User::new("Foo Bar", "foo@bar.com", "123456"));
        assert!(em.is_managed(user));
        assert_eq!(log.take(), [""; 0]);
        assert_eq!(orm.em().find::<User>().count()?, 0);
        em.flush()?;
        assert_eq!(orm.em().find::<User>().count()?, 1);
        Ok(())
    });
}

#[test]
fn s28_a_flush_is_one_transaction() {
    on_each_store(|orm, log| {
        let mut em = orm.em();
        let user = em.persist(User::new("Foo Bar", "foo@bar.com", "123456"));
        em.flush()?;
        assert_eq!(
            log.take(),
            [
                "[query] begin",
                r#"[query] insert user #1 (created_at: 2022-09-11T15:06:44.371Z, updated_at: 2022-09-11T15:06:44.371Z, full_name: "Foo Bar", email: "foo@bar.com", password: <hidden>, bio: "")"#,
                "[query] commit",
            ]
        );

        em.create(Tag::build().name("a"));
        em.create(Tag::build().name("b"));
        em[user].bio = "x".into();
        em.flush()?;
        let lines = log.take();
        assert_eq!(lines.len(), 5, "{lines:#?}");
        assert_eq!(lines[0], "[query] begin");
        assert_eq!(lines[4], "[query] commit");
        assert_eq!(em.statistics().commits, 2);
        Ok(())
    });
}

#[test]
fn s29_after_the_flush_the_same_instance_has_its_generated_id() {
    on_each_store(|orm, _| {
        let mut em = orm.em();
        let user = em.persist(User::new("Foo Bar", "foo@bar.com", "123456"));
        em.flush()?;
        assert_eq!(user, Id::new(1));
        assert_eq!(*em[user].id, 1);
        assert_eq!(em[user].full_name, "Foo Bar");
        assert_eq!(em.statistics().lookups, 0, "nothing is read back");
        Ok(())
    });
}

#[test]
fn s30_the_author_is_a_user_and_not_initialized() {
    on_each_store(|orm, log| {
        let (user, article) = foo_bar(orm, log)?;
        let mut em = orm.em();
        em.find_one(article).or_fail()?;
        let author: Id<User> = em[article].author;
        assert_eq!(author, user);
        assert!(!em.is_initialized(author));
        assert_eq!(
            em.view(article).author().try_get().unwrap_err().to_string(),
            "User 1 is not loaded; find it with `em.find_one(id)`, or populate the relation that refers to this User"
        );
        Ok(())
    });
}

#[test]
fn s31_an_entity_that_is_not_loaded_prints_in_parentheses_with_its_key() {
    on_each_store(|orm, _| {
        let mut em = orm.em();
        let user = em.persist(User::new("Foo Bar", "foo@bar.com", "123456"));
        em.flush()?;
        em.clear();
        let article = em.create(
            Article::build()
                .title("Foo is Bar")
                .text("Lorem impsum dolor sit amet")
                .author(user),
        );
        em.flush()?;
        assert_eq!(format!("{:#?}", em.view(article)), FOO_IS_BAR);
        assert_eq!(
            format!("{:?}", em.view(article).author()),
            "(User) { id: 1 }"
        );
        Ok(())
    });
}

#[test]
fn s32_a_fork_is_a_context_of_its_own() {
    on_each_store(|orm, log| {
        let (user, _) = foo_bar(orm, log)?;
        let mut em = orm.em();
        em.find_one(user).or_fail()?;
        em[user].bio = "mine".into();

        let mut fork = em.fork();
        assert!(!fork.is_managed(user));
        fork.find_one(user).or_fail()?;
        assert_eq!(fork[user].bio, "");
        fork.flush()?;
        assert_eq!(fork.statistics().commits, 0, "the change is not the fork's");
        Ok(())
    });
}

#[test]
fn s32_clear_detaches_everything_as_if_the_context_were_fresh() {
    on_each_store(|orm, log| {
        let (user, article) = foo_bar(orm, log)?;
        let mut em = orm.em();
        em.find_one(article).populate(|a| a.author()).or_fail()?;
        em[user].bio = "forgotten".into();
        em.create(Tag::build().name("forgotten"));
        em.remove(article);
        em.clear();

        assert!(!em.is_managed(user));
        assert!(!em.is_managed(article));
        log.take();
        em.flush()?;
        assert_eq!(log.take(), [""; 0]);
        em.find_one(user).or_fail()?;
        assert_eq!(em[user].bio, "");
        assert_eq!(log.take(), ["[query] select user by id in (1) [1 row]"]);
        assert_eq!(em.find::<Tag>().count()?, 0);
        Ok(())
    });
}

#[test]
fn s33_every_thread_works_in_a_context_of_its_own() {
    on_each_store(|orm, log| {
        let (user, _) = foo_bar(orm, log)?;
        let workers: Vec<_> = (0..4)
            .map(|number| {
                let orm = orm.clone();
                thread::spawn(move || {
                    let mut em = orm.em();
                    em.create(
                        Article::build()
                            .title(format!("Article {number}"))
                            .text("..")
                            .author(user),
                    );
                    em.flush()
                })
            })
            .collect();
        for worker in workers {
            worker.join().expect("the worker does not panic")?;
        }
        assert_eq!(orm.em().find::<Article>().count()?, 5);
        Ok(())
    });
}
