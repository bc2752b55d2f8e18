//! `upsert` and `upsert_many`.

use musher::prelude::*;
use musher::{Error, Upserted};

use crate::support::*;

fn stored(orm: &Orm, id: Id<User>) -> musher::Result<(String, String, Option<u32>, u32)> {
    let mut em = orm.em();
    em.find_one(id).or_fail()?;
    let user = &em[id];
    Ok((user.email.clone(), user.bio.clone(), user.age, user.updates))
}

#[test]
fn by_a_unique_property_a_row_is_inserted_once_and_then_takes_over_what_was_given() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let build = || User::build().email("a@house.org").password("x");
        let first = em
            .upsert(build().age(Some(1)).bio("bio"))
            .on(|u| u.email())
            .execute()?;
        let id = first.id();
        assert_eq!(first, Upserted::Inserted(id));
        let again = em
            .upsert(build().age(Some(2)))
            .on(|u| u.email())
            .execute()?;
        assert_eq!(again, Upserted::Updated(id));
        assert_eq!(
            stored(orm, id)?,
            ("a@house.org".into(), "bio".into(), Some(2), 1)
        );
        Ok(())
    });
}

#[test]
fn a_row_that_is_like_that_already_is_not_written() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let build = || Page::build().path("/").title("Title");
        let first = em.upsert(build()).execute()?.id();
        let commits = em.statistics().commits;
        assert_eq!(em.upsert(build()).execute()?, Upserted::Unchanged(first));
        assert_eq!(em.statistics().commits, commits);
        Ok(())
    });
}

#[test]
fn merge_keep_and_ignore_say_what_is_taken_over() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let build = || User::build().email("a@house.org").password("x");
        let id = em
            .upsert(build().bio("old").age(Some(1)))
            .on(|u| u.email())
            .execute()?
            .id();
        let new = || build().bio("new").age(Some(2));
        assert_eq!(
            em.upsert(new()).on(|u| u.email()).ignore().execute()?,
            Upserted::Unchanged(id)
        );
        assert_eq!(stored(orm, id)?.1, "old");
        em.upsert(new())
            .on(|u| u.email())
            .merge(|u| u.bio())
            .execute()?;
        assert_eq!(
            stored(orm, id)?,
            ("a@house.org".into(), "new".into(), Some(1), 1)
        );
        em.upsert(build().age(Some(3)))
            .on(|u| u.email())
            .keep(|u| (u.bio(), u.updates(), u.token()))
            .execute()?;
        assert_eq!(
            stored(orm, id)?,
            ("a@house.org".into(), "new".into(), Some(3), 2)
        );
        Ok(())
    });
}

#[test]
fn many_rows_are_inserted_or_changed_in_one_commit() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let build = |path: &str, title: &str| Page::build().path(path).title(title);
        em.upsert_many([build("/a", "A"), build("/b", "B")])
            .execute()?;
        let commits = em.statistics().commits;
        let told = em
            .upsert_many([build("/b", "A"), build("/a", "B"), build("/c", "C")])
            .execute()?;
        let [a, b, c] = ["/a", "/b", "/c"].map(|path| Id::<Page>::new(path.to_owned()));
        assert_eq!(
            told,
            [
                Upserted::Updated(b),
                Upserted::Updated(a),
                Upserted::Inserted(c)
            ]
        );
        assert_eq!(
            em.statistics().commits,
            commits + 1,
            "and unique values have swapped"
        );
        let mut told = Vec::new();
        let many = (0..5).map(|number| build(&format!("/{number}"), &number.to_string()));
        em.upsert_many(many)
            .in_slices(2, |done| told.push(done))
            .execute()?;
        assert_eq!(told, [2, 4, 5]);
        Ok(())
    });
}

#[test]
fn what_makes_no_sense_is_told() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let user = || User::build().email("a@house.org").password("x");
        let error = refused(em.upsert(user()).on(|u| u.bio()).execute());
        assert!(
            error
                .to_string()
                .contains("several rows may have the same value"),
            "{error}"
        );
        let error = refused(em.upsert(user()).execute());
        assert!(
            error.to_string().contains("has no key to be found by"),
            "{error}"
        );
        let error = refused(
            em.upsert(Article::build().slug("a").author(user()))
                .on(|a| a.slug())
                .execute(),
        );
        assert!(error.to_string().contains("create them first"), "{error}");
        let twice = [user(), user()];
        let error = refused(em.upsert_many(twice).on(|u| u.email()).execute());
        assert!(matches!(error, Error::UniqueViolation { .. }), "{error}");
        user_with_token(&mut em)?;
        let error = refused(
            em.upsert_many([user(), user().bio("twice")])
                .on(|u| u.email())
                .execute(),
        );
        assert!(matches!(error, Error::UniqueViolation { .. }), "{error}");
        Ok(())
    });
}

fn user_with_token(em: &mut EntityManager) -> musher::Result<()> {
    em.insert_many([User::build()
        .email("a@house.org")
        .password("x")
        .token(Some("t".into()))])
        .execute()
        .map(drop)
}

#[test]
fn the_only_unique_property_is_used_where_nothing_is_said_and_the_row_has_no_key() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let author = user(&mut em, "author");
        let build = || Article::build().slug("slug").author(author);
        let first = em.upsert(build()).execute()?.id();
        assert_eq!(
            em.upsert(build().title("Title")).execute()?,
            Upserted::Updated(first)
        );
        let error = refused(em.upsert(build().id(77_u64)).execute());
        assert!(
            matches!(
                error,
                Error::UniqueViolation {
                    property: "slug",
                    ..
                }
            ),
            "the key comes first: {error}"
        );
        Ok(())
    });
}
