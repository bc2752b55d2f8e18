//! `insert_many`.

use musher::Error;
use musher::prelude::*;

use crate::support::*;

#[test]
fn inserted_rows_are_found_and_nothing_is_managed() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let tags = em
            .insert_many(["a", "b", "c"].map(|name| Tag::build().name(name)))
            .execute()?;
        assert!(tags.iter().all(|tag| !em.is_managed(*tag)));
        assert_eq!(em.statistics().commits, 1);
        assert_eq!(em.find::<Tag>().all()?, tags);
        assert_eq!(em[tags[1]].name, "b");
        Ok(())
    });
}

#[test]
fn a_builder_inserts_its_whole_graph_with_links() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let tag = tag(&mut em, "pending");
        let rows = (1..=3).map(|number| {
            Article::build()
                .slug(format!("article-{number}"))
                .author(
                    User::build()
                        .email(format!("{number}@house.org"))
                        .password("x"),
                )
                .tags([tag])
        });
        let articles = em.insert_many(rows).execute()?;
        assert_eq!(em.find::<User>().count()?, 3);
        em.find_one(tag)
            .populate(|t| t.articles().author())
            .or_fail()?;
        assert_eq!(em[tag].articles.ids(), articles);
        assert_eq!(em.view(articles[2]).author().email, "3@house.org");
        assert_eq!(em[articles[0]].title, "ARTICLE-1", "defaults are filled in");
        Ok(())
    });
}

#[test]
fn hooks_do_not_run() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let users = em
            .insert_many([User::build().email("a@house.org").password("plain")])
            .execute()?;
        em.find_one(users[0]).populate(|u| u.password()).or_fail()?;
        assert_eq!(
            em[users[0]].password.get().map(String::as_str),
            Some("plain")
        );
        Ok(())
    });
}

#[test]
fn constraints_are_judged_and_a_failed_batch_stores_nothing() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let author = user(&mut em, "author");
        article(&mut em, "taken", author);
        em.flush()?;
        let build = |slug: &str| Article::build().slug(slug).author(author);

        let error = refused(em.insert_many([build("free"), build("taken")]).execute());
        assert!(
            matches!(
                error,
                Error::UniqueViolation {
                    property: "slug",
                    ..
                }
            ),
            "{error}"
        );
        let error = refused(em.insert_many([build("twice"), build("twice")]).execute());
        assert!(
            matches!(
                error,
                Error::UniqueViolation {
                    property: "slug",
                    ..
                }
            ),
            "{error}"
        );
        let error = refused(em.insert_many([build("x").author(Id::new(77))]).execute());
        assert!(
            matches!(error, Error::ForeignKeyViolation { .. }),
            "{error}"
        );
        let long = build("long")
            .language("too long".to_owned())
            .summary(Some("much too long".into()));
        let error = refused(em.insert_many([long]).execute());
        assert!(
            matches!(&error, Error::Validation(all) if all.len() == 2),
            "{error}"
        );
        let page = || Page::build().path("/same").title("Page");
        let error = refused(em.insert_many([page(), page().title("Other")]).execute());
        assert!(
            matches!(
                error,
                Error::UniqueViolation {
                    property: "path",
                    ..
                }
            ),
            "{error}"
        );
        assert_eq!(em.find::<Article>().count()?, 1);
        assert_eq!(em.find::<Page>().count()?, 0);
        Ok(())
    });
}

#[test]
fn a_lazy_property_without_a_value_is_a_violation() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let page = Page {
            path: "/".into(),
            title: "Page".into(),
            text: Lazy::default(),
            next: None,
            owner: None,
            badges: Collection::new(),
            cover: Inverse::new(),
        };
        let error = refused(em.insert_many([page]).execute());
        assert!(error.to_string().contains("`text` has no value"), "{error}");
        Ok(())
    });
}

#[test]
fn items_of_a_one_to_many_collection_and_ids_are_refused() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let badge = badge(&mut em, "badge");
        let holding = Badge::build()
            .name("holding")
            .pages([Page::build().path("/").title("t")]);
        let error = refused(em.insert_many([holding]).execute());
        assert!(
            error.to_string().contains("set the reference of the items"),
            "{error}"
        );
        let error = refused(em.insert_many([badge]).execute());
        assert!(
            error.to_string().contains("give an entity or a builder"),
            "{error}"
        );
        Ok(())
    });
}

#[test]
fn a_key_that_the_program_sets_is_taken_out_of_the_sequence() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        em.insert_many([Tag::build().id(7_u64).name("seven")])
            .execute()?;
        let next = em.insert_many([Tag::build().name("next")]).execute()?;
        assert_eq!(next, [Id::new(8)]);
        Ok(())
    });
}
