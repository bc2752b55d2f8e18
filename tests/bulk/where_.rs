//! `update_where` and `delete_where`.

use musher::prelude::*;
use musher::{EntityFilter, Error, Filter};

use crate::support::*;

fn users(em: &mut EntityManager, ages: &[Option<u32>]) -> musher::Result<Vec<Id<User>>> {
    let build = |(number, age): (usize, &Option<u32>)| {
        User::build()
            .email(format!("{number}@house.org"))
            .password("secret")
            .age(*age)
    };
    let users = em.insert_many(ages.iter().enumerate().map(build)).execute();
    em.clear();
    users
}

#[test]
fn an_update_sets_and_computes_properties_of_the_rows_that_meet_the_condition() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let users = users(&mut em, &[Some(10), None, Some(30)])?;
        let count = em
            .update_where::<User>(|u| u.age().is_some())
            .set(|u| {
                (
                    u.bio().set("of age"),
                    u.age().update(|age| age.map(|age| age + 1)),
                )
            })
            .execute()?;
        assert_eq!(count, 2);
        em.find::<User>().all()?;
        assert_eq!(
            users.iter().map(|id| em[*id].age).collect::<Vec<_>>(),
            [Some(11), None, Some(31)]
        );
        assert_eq!(
            users
                .iter()
                .map(|id| em[*id].bio.as_str())
                .collect::<Vec<_>>(),
            ["of age", "", "of age"]
        );
        assert_eq!(
            users.iter().map(|id| em[*id].updates).collect::<Vec<_>>(),
            [1, 0, 1],
            "`on_update` runs where something changed"
        );
        Ok(())
    });
}

#[test]
fn a_row_that_is_like_that_already_is_counted_and_not_written() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        users(&mut em, &[Some(1), Some(2)])?;
        let before = em.statistics().rows_written;
        let all = em
            .update_where::<User>(|_| Filter::all([]))
            .set(|u| u.age().set(1))
            .execute()?;
        assert_eq!(all, 2);
        assert_eq!(em.statistics().rows_written - before, 1);
        Ok(())
    });
}

#[test]
fn an_update_obeys_constraints_and_lengths_and_changes_nothing_if_one_fails() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let author = user(&mut em, "author");
        let first = article(&mut em, "first", author);
        article(&mut em, "second", author);
        em.flush()?;
        let everything = |_| Filter::all([]);
        let error = refused(
            em.update_where::<Article>(everything)
                .set(|a| a.slug().set("same"))
                .execute(),
        );
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
        let error = refused(
            em.update_where::<Article>(everything)
                .set(|a| a.language().set("longer"))
                .execute(),
        );
        assert!(
            matches!(&error, Error::Validation(all) if all.len() == 2),
            "{error}"
        );
        let error = refused(
            em.update_where::<Article>(everything)
                .set(|a| a.author().id().set(99))
                .execute(),
        );
        assert!(
            matches!(error, Error::ForeignKeyViolation { .. }),
            "{error}"
        );
        assert_eq!(em[first].slug, "first");
        // Unique values may change places: the final state is judged.
        let swap = |slug: String| {
            if slug == "first" {
                "second".into()
            } else {
                "first".into()
            }
        };
        em.update_where::<Article>(everything)
            .set(|a| a.slug().update(swap))
            .execute()?;
        assert_eq!(em[first].slug, "second");
        Ok(())
    });
}

#[test]
fn an_update_changes_references_and_indexes_follow() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (one, other) = (user(&mut em, "one"), user(&mut em, "other"));
        article(&mut em, "a", one);
        article(&mut em, "b", one);
        em.flush()?;
        em.clear();
        let moved = em
            .update_where::<Article>(|a| a.author().email().eq("one@house.org"))
            .set(|a| (a.author().id().set(*other.key()), a.title().set("moved")))
            .execute()?;
        assert_eq!(moved, 2);
        let of_other = em
            .find::<Article>()
            .filter(|a| a.author().id().eq(*other.key()))
            .count()?;
        assert_eq!(of_other, 2);
        assert_eq!(
            em.find::<Article>()
                .filter(|a| a.title().eq("moved"))
                .count()?,
            2
        );
        Ok(())
    });
}

#[test]
fn what_an_update_can_not_set_is_told() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let error = refused(em.update_where::<Tag>(|_| Filter::all([])).execute());
        assert!(error.to_string().contains("sets nothing"), "{error}");
        let error = refused(
            em.update_where::<Tag>(|_| Filter::all([]))
                .set(|t| t.id().set(1))
                .execute(),
        );
        assert!(error.to_string().contains("keys never change"), "{error}");
        let elsewhere = em
            .update_where::<Article>(|_| Filter::all([]))
            .set(|a| a.author().bio().set("x"));
        let error = refused(elsewhere.execute());
        assert!(
            error.to_string().contains("update that entity instead"),
            "{error}"
        );
        Ok(())
    });
}

#[test]
fn a_removal_obeys_on_delete() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let author = user(&mut em, "author");
        let editor = user(&mut em, "editor");
        let article = article(&mut em, "article", author);
        em.edit(article).set_editor(Some(editor));
        comment_on(&mut em, article);
        em.flush()?;
        em.clear();
        let by_name = |name: &'static str| move |u: UserPath<User>| u.email().starts_with(name);

        let error = refused(em.delete_where::<User>(by_name("author")).execute());
        assert!(
            matches!(error, Error::ForeignKeyViolation { .. }),
            "{error}"
        );
        assert_eq!(em.delete_where::<User>(by_name("editor")).execute()?, 1);
        em.find_one(article).or_fail()?;
        assert_eq!(em[article].editor, None);
        assert_eq!(
            em.delete_where::<Article>(|_| Filter::all([])).execute()?,
            1
        );
        assert_eq!(em.find::<Comment>().count()?, 0, "it goes with its article");
        assert_eq!(em.delete_where::<User>(by_name("author")).execute()?, 1);
        Ok(())
    });
}

#[test]
fn what_is_pending_is_flushed_before() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let author = user(&mut em, "author");
        assert_eq!(
            em.update_where::<User>(|u| u.email().starts_with("author"))
                .set(|u| u.bio().set("x"))
                .execute()?,
            1
        );
        em[author].age = Some(1);
        assert_eq!(em.delete_where::<User>(|u| u.age().eq(1)).execute()?, 1);
        Ok(())
    });
}

#[test]
fn a_snapshot_takes_no_bulk_operation() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.snapshot()?;
        let error = refused(em.delete_where::<Tag>(|_| Filter::all([])).execute());
        assert!(
            error.to_string().contains("a snapshot can't be written to"),
            "{error}"
        );
        let error = refused(em.insert_many([Tag::build().name("x")]).execute());
        assert!(
            error.to_string().contains("a snapshot can't be written to"),
            "{error}"
        );
        Ok(())
    });
}

#[test]
fn a_panic_in_a_computed_value_changes_nothing_and_the_database_goes_on() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let users = users(&mut em, &[Some(1)])?;
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let explode = |_: Option<u32>| -> Option<u32> { panic!("as it was told") };
            em.update_where::<User>(|_| Filter::all([]))
                .set(|u| u.age().update(explode))
                .execute()
        }));
        assert!(panicked.is_err());
        let mut em = orm.em();
        em.find_one(users[0]).or_fail()?;
        assert_eq!(em[users[0]].age, Some(1));
        em[users[0]].age = Some(2);
        em.flush()
    });
}

#[derive(Entity, Debug)]
struct Memo {
    #[orm(primary_key)]
    id: Pk,
    text: String,
    #[orm(default)]
    deleted: bool,
}

struct NotDeleted;

impl EntityFilter<Memo> for NotDeleted {
    fn condition(&self, memo: MemoPath<Memo>) -> Filter<Memo> {
        memo.deleted().eq(false)
    }
}

#[test]
fn named_filters_hold_unless_the_operation_does_without() -> musher::Result<()> {
    let builder = Orm::builder().entities::<Memo>();
    let orm = builder.filter::<Memo, _>(NotDeleted).in_memory()?;
    let mut em = orm.em();
    let memo = |deleted| Memo::build().text("x").deleted(deleted);
    em.insert_many([memo(false), memo(true)]).execute()?;
    let all = |_| Filter::all([]);
    let rename = |em: &mut EntityManager| {
        em.update_where::<Memo>(all)
            .set(|m| m.text().set("y"))
            .execute()
    };
    assert_eq!(rename(&mut em)?, 1);
    let everything = em.update_where::<Memo>(all).without_filter::<NotDeleted>();
    assert_eq!(everything.set(|m| m.text().set("z")).execute()?, 2);
    assert_eq!(
        em.delete_where::<Memo>(all)
            .in_slices(1, |_| {})
            .execute()?,
        1
    );
    assert_eq!(
        em.delete_where::<Memo>(all)
            .without_filter::<NotDeleted>()
            .execute()?,
        1
    );
    Ok(())
}
