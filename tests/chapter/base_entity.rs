//! S1 to S6: timestamps, the base entity, the user.

use musher::Collection;

use crate::common::blog::{Article, Base, Tag, User, foo_bar, on_each_store};
use crate::common::clock;

#[test]
fn s1_timestamps_have_values_right_after_construction() {
    clock::reset();
    let user = User::new("Foo Bar", "foo@bar.com", "123456");
    assert_eq!(user.created_at, clock::shown());
    assert_eq!(user.updated_at, clock::shown());

    on_each_store(|orm, _| {
        let mut em = orm.em();
        let tag = em.create(Tag::build().name("new"));
        assert_eq!(em[tag].created_at, clock::shown());
        assert_eq!(em[tag].updated_at, clock::shown());
        Ok(())
    });
}

#[test]
fn s2_on_update_runs_in_the_flush_of_a_change_and_is_part_of_the_same_write() {
    on_each_store(|orm, log| {
        let (user, _) = foo_bar(orm, log)?;
        let created = clock::shown();
        clock::advance();

        let mut em = orm.em();
        em.find_one(user).or_fail()?;
        em[user].bio = "writes".into();
        assert_eq!(
            em[user].updated_at, created,
            "nothing runs before the flush"
        );
        log.take();
        em.flush()?;

        assert_eq!(em[user].created_at, created);
        assert_eq!(em[user].updated_at, clock::shown());
        assert_eq!(
            log.take(),
            [
                "[query] begin",
                r#"[query] update user #1 (updated_at: 2022-09-11T15:06:45.371Z, bio: "writes")"#,
                "[query] commit",
            ]
        );
        let mut other = orm.em();
        other.find_one(user).or_fail()?;
        assert_eq!(other[user].updated_at, clock::shown());
        Ok(())
    });
}

#[test]
fn s2_on_update_does_not_run_for_what_was_touched_and_is_equal() {
    on_each_store(|orm, log| {
        let (user, _) = foo_bar(orm, log)?;
        let created = clock::shown();
        clock::advance();

        let mut em = orm.em();
        em.find_one(user).or_fail()?;
        em[user].bio = String::new();
        em.flush()?;

        assert_eq!(em[user].updated_at, created);
        assert_eq!(em.statistics().commits, 0);
        Ok(())
    });
}

#[test]
fn s3_on_insert_the_values_are_the_initial_ones() {
    on_each_store(|orm, _| {
        let constructed = clock::shown();
        let mut em = orm.em();
        let user = em.persist(User::new("Foo Bar", "foo@bar.com", "123456"));
        clock::advance();
        em.flush()?;

        assert_eq!(em[user].updated_at, constructed);
        let mut other = orm.em();
        other.find_one(user).or_fail()?;
        assert_eq!(other[user].created_at, constructed);
        assert_eq!(other[user].updated_at, constructed);
        Ok(())
    });
}

#[test]
fn s3_a_flush_without_changes_writes_nothing() {
    on_each_store(|orm, log| {
        let (user, article) = foo_bar(orm, log)?;
        clock::advance();
        let mut em = orm.em();
        em.find_one(user).populate(|u| u.articles()).or_fail()?;
        em.populate(article, |a| (a.text(), a.tags()))?;
        let readings = clock::readings();
        log.take();
        em.flush()?;

        assert_eq!(log.take(), [""; 0]);
        assert_eq!(em.statistics().commits, 0);
        assert_eq!(em.statistics().rows_written, 0);
        assert_eq!(clock::readings(), readings);
        Ok(())
    });
}

#[test]
fn s4_instances_from_storage_are_made_without_constructor_and_defaults() {
    on_each_store(|orm, log| {
        let (user, article) = foo_bar(orm, log)?;
        let readings = clock::readings();
        assert!(readings > 0, "a constructor and a default read the clock");

        let mut em = orm.em();
        em.find_one(article)
            .populate(|a| (a.author(), a.text()))
            .or_fail()?;
        assert_eq!(em[user].full_name, "Foo Bar");
        assert_eq!(clock::readings(), readings);
        Ok(())
    });
}

#[test]
fn s5_every_entity_has_the_properties_of_the_base_which_is_no_entity_itself() {
    on_each_store(|orm, log| {
        let (user, article) = foo_bar(orm, log)?;
        let mut em = orm.em();
        let tag = em.create(Tag::build().name("new"));
        em.find_one(article).populate(|a| a.author()).or_fail()?;

        let bases: [&Base; 3] = [&em[user], &em[article], &em[tag]];
        for base in bases {
            assert_eq!(*base.id, 1, "each entity counts by itself");
            assert_eq!(base.created_at, clock::shown());
            assert_eq!(base.updated_at, clock::shown());
        }
        let opened = format!("{orm:?}");
        assert!(
            opened.contains(r#"entities: ["User", "Article", "Tag"]"#),
            "{opened}"
        );
        em.flush()
    });
}

#[test]
fn s6_a_user_has_name_email_and_password_and_a_bio_that_is_empty_by_default() {
    on_each_store(|orm, _| {
        let mut em = orm.em();
        let user = em.create(
            User::build()
                .full_name("Foo Bar")
                .email("foo@bar.com")
                .password("123456"),
        );
        em.flush()?;
        em.clear();
        em.find_one(user).populate(|u| u.password()).or_fail()?;

        let User {
            base,
            full_name,
            email,
            password,
            bio,
            articles,
        } = &em[user];
        assert_eq!(*base.id, 1);
        assert_eq!(full_name, "Foo Bar");
        assert_eq!(email, "foo@bar.com");
        assert!(password.is_loaded());
        assert_eq!(bio, "");
        let _: &Collection<Article> = articles;
        Ok(())
    });
}
