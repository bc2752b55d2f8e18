//! S7 to S11 and S24 to S26: the article's properties.

use musher::Error;

use crate::common::blog::{Article, Tag, User, convert_to_slug, foo_bar, on_each_store, summary};

#[test]
fn s7_a_second_article_with_the_same_slug_fails_and_the_flush_is_rolled_back() {
    on_each_store(|orm, log| {
        let (user, _) = foo_bar(orm, log)?;
        let mut em = orm.em();
        let tag = em.create(Tag::build().name("lost"));
        let article = em.create(
            Article::build()
                .title("foo is bar")
                .text("again")
                .author(user)
                .tags([tag]),
        );
        let error = em.flush().unwrap_err();

        assert!(matches!(
            &error,
            Error::UniqueViolation {
                entity: "Article",
                property: "slug",
                ..
            }
        ));
        assert_eq!(
            error.to_string(),
            r#"Article 2: `slug` must be unique, but Article 1 already has "foo-is-bar"; choose another value or change that row in the same flush"#
        );
        assert_eq!(
            log.take(),
            [""; 0],
            "nothing is told of what was not written"
        );
        let mut other = orm.em();
        assert_eq!(other.find::<Tag>().count()?, 0);
        assert_eq!(other.find::<Article>().count()?, 1);

        em[article].slug = "foo-is-bar-2".into();
        em.flush()?;
        assert_eq!(other.find::<Article>().count()?, 2);
        Ok(())
    });
}

#[test]
fn s8_title_has_an_index_that_is_not_unique() {
    on_each_store(|orm, _| {
        let mut em = orm.em();
        let user = em.persist(User::new("Foo Bar", "foo@bar.com", "123456"));
        let [one, two, _] = ["one", "two", "three"].map(|slug| {
            let title = if slug == "three" { "Other" } else { "Same" };
            em.create(
                Article::build()
                    .slug(slug)
                    .title(title)
                    .text("..")
                    .author(user),
            )
        });
        em.flush()?;

        let found = em
            .find::<Article>()
            .filter(|a| a.title().eq("Same"))
            .all()?;
        assert_eq!(found, [one, two]);
        // One entry for the email; slug, title and author for each article.
        assert_eq!(orm.verify()?.index_entries, 1 + 3 * 3);
        Ok(())
    });
}

#[test]
fn s9_length_limits_description_to_1000_characters_and_a_tags_name_to_20() {
    on_each_store(|orm, log| {
        let (_, article) = foo_bar(orm, log)?;
        let mut em = orm.em();
        em.find_one(article).or_fail()?;
        let tag = em.create(Tag::build().name("é".repeat(20)));
        em[article].description = "é".repeat(1000);
        em.flush()?;

        em[tag].name.push('!');
        em[article].description.push('!');
        let Error::Validation(violations) = em.flush().unwrap_err() else {
            panic!("both are too long");
        };
        let told: Vec<String> = violations.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "Tag 1: `name` has 21 characters, and at most 20 are allowed; shorten it, or raise `length`",
                "Article 1: `description` has 1001 characters, and at most 1000 are allowed; shorten it, or raise `length`",
            ]
        );
        Ok(())
    });
}

#[test]
fn s10_a_lazy_text_is_not_read_with_its_article() {
    on_each_store(|orm, log| {
        let (_, article) = foo_bar(orm, log)?;
        let mut em = orm.em();
        em.find_one(article).or_fail()?;

        assert_eq!(em[article].text.get(), None);
        assert_eq!(em.statistics().rows_read, 1);
        assert_eq!(log.take(), ["[query] select article by id in (1) [1 row]"]);
        Ok(())
    });
}

#[test]
fn s11_the_author_is_stored_as_its_key() {
    on_each_store(|orm, log| {
        let mut em = orm.em();
        let user = em.persist(User::new("Foo Bar", "foo@bar.com", "123456"));
        em.flush()?;
        log.take();
        em.create(Article::build().title("Foo is Bar").text("..").author(user));
        em.flush()?;
        assert_eq!(
            log.take(),
            [
                "[query] begin",
                r#"[query] insert article #1 (created_at: 2022-09-11T15:06:44.371Z, updated_at: 2022-09-11T15:06:44.371Z, slug: "foo-is-bar", title: "Foo is Bar", description: "..…", text: "..", author: 1)"#,
                "[query] commit",
            ]
        );
        Ok(())
    });
}

#[test]
fn s24_a_slug_is_the_title_in_lower_case_without_other_characters() {
    for (title, slug) in [
        ("Foo is Bar", "foo-is-bar"),
        ("Foo", "foo"),
        ("Héllo,  Wörld! a_b", "hllo-wrld-a_b"),
        ("a  -  b", "a-b"),
        (" around ", "-around-"),
        ("1 + 1 = 2", "1-1-2"),
        ("", ""),
    ] {
        assert_eq!(convert_to_slug(title), slug, "{title:?}");
    }
}

#[test]
fn s24_a_new_article_has_the_slug_of_its_title() {
    on_each_store(|orm, log| {
        let (_, article) = foo_bar(orm, log)?;
        let mut em = orm.em();
        let found = em
            .find::<Article>()
            .filter(|a| a.slug().eq("foo-is-bar"))
            .or_fail()?;
        assert_eq!(found, article);
        Ok(())
    });
}

#[test]
fn s25_the_slug_stays_when_the_title_changes() {
    on_each_store(|orm, log| {
        let (_, article) = foo_bar(orm, log)?;
        let mut em = orm.em();
        em.find_one(article).or_fail()?;
        em[article].title = "Bar is Foo".into();
        em.flush()?;
        em.clear();
        em.find_one(article).or_fail()?;
        assert_eq!(em[article].title, "Bar is Foo");
        assert_eq!(em[article].slug, "foo-is-bar");
        Ok(())
    });
}

#[test]
fn s26_the_description_is_the_first_999_characters_of_the_text_and_an_ellipsis() {
    assert_eq!(summary(""), "…");
    assert_eq!(summary(&"ä".repeat(999)), format!("{}…", "ä".repeat(999)));
    assert_eq!(summary(&"ä".repeat(2000)), format!("{}…", "ä".repeat(999)));

    on_each_store(|orm, _| {
        let mut em = orm.em();
        let user = em.persist(User::new("Foo Bar", "foo@bar.com", "123456"));
        let short = em.create(
            Article::build()
                .title("Short")
                .text("Lorem impsum dolor sit amet")
                .author(user),
        );
        let long = em.create(
            Article::build()
                .title("Long")
                .text("ä".repeat(5000))
                .author(user),
        );
        em.flush()?;
        em.clear();
        em.find_one(short).or_fail()?;
        em.find_one(long).or_fail()?;
        assert_eq!(em[short].description, "Lorem impsum dolor sit amet…");
        assert_eq!(em[long].description.chars().count(), 1000);
        assert!(em[long].description.ends_with("ä…"));
        Ok(())
    });
}
