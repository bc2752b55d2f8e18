//! `merge`, `refresh_with`, `reference` and `fork_with_identity_map`.

use musher::Error;
use musher::prelude::*;

use crate::support::*;

#[derive(Entity, Debug, Clone)]
struct Memo {
    #[orm(primary_key)]
    id: Pk,
    text: String,
    #[orm(default)]
    note: Lazy<Option<String>>,
    #[orm(version)]
    version: u64,
}

#[test]
fn a_detached_value_becomes_managed_and_what_differs_from_its_row_is_written() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, bob) = (user(&mut em, "ann"), user(&mut em, "bob"));
        let tag = tag(&mut em, "tag");
        let id = article(&mut em, "article", ann);
        em.edit(id).tags().add(tag);
        em.flush()?;
        let mut detached = em[id].clone();
        detached.title = "merged".into();
        detached.author = bob;

        let mut em = orm.em();
        em.find_one(ann).populate(|u| u.articles()).or_fail()?;
        assert_eq!(em.merge(detached.clone())?, id);
        assert_eq!(em[id].title, "merged");
        let changed: Vec<_> = em
            .change_sets()?
            .of::<Article>()
            .flat_map(|change| change.changed().map(str::to_owned).collect::<Vec<_>>())
            .collect();
        assert_eq!(changed, ["title", "author"]);
        em.flush()?;
        assert!(em[ann].articles.is_empty(), "both ends have followed");
        let commits = em.statistics().commits;
        em.merge(detached)?;
        em.flush()?;
        assert_eq!(em.statistics().commits, commits, "it is like that already");
        assert_eq!(em.edit(id).tags().load_count()?, 1, "links stay");
        Ok(())
    });
}

#[test]
fn the_snapshot_is_the_row_as_it_is_read_so_nothing_that_differs_is_lost() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        em.flush()?;
        let detached = em[ann].clone();
        em[ann].bio = "changed meanwhile".into();
        em.flush()?;
        let mut other = orm.em();
        other.merge(detached)?;
        other.flush()?;
        em.refresh(ann)?;
        assert_eq!(
            em[ann].bio, "",
            "the value counts as a whole, and was written"
        );
        Ok(())
    });
}

#[test]
fn a_value_of_another_version_is_refused() {
    on_both_stores::<Memo>(|orm| {
        let mut em = orm.em();
        let memo = em.create(Memo::build().text("first"));
        em.flush()?;
        let detached = em[memo].clone();
        em[memo].text = "second".into();
        em.flush()?;
        let mut other = orm.em();
        let error = refused(other.merge(detached));
        assert!(
            matches!(
                &error,
                Error::OptimisticLock {
                    property: "version",
                    ..
                }
            ),
            "{error}"
        );
        assert!(!other.is_managed(memo), "nothing has changed");
        let mut fresh = em[memo].clone();
        fresh.text = "third".into();
        fresh.note = Some("lazy".to_owned()).into();
        other.merge(fresh)?;
        other.flush()?;
        assert_eq!(other[memo].version, 3);
        other.clear();
        other.find_one(memo).populate(|m| m.note()).or_fail()?;
        assert_eq!(other[memo].note.get(), Some(&Some("lazy".to_owned())));
        Ok(())
    });
}

#[test]
fn changes_that_are_pending_are_not_overwritten_and_what_has_no_row_is_told() {
    on_both_stores::<Memo>(|orm| {
        let mut em = orm.em();
        let memo = em.create(Memo::build().text("first"));
        em.flush()?;
        let mut detached = em[memo].clone();
        em[memo].text = "pending".into();
        assert!(matches!(
            refused(em.merge(detached.clone())),
            Error::AlreadyManaged { .. }
        ));
        assert_eq!(em[memo].text, "pending");
        em[memo].text = "first".into();
        em.merge(detached.clone())?;

        detached.id = Pk::from(77);
        assert!(matches!(
            refused(em.merge(detached.clone())),
            Error::NotFound { .. }
        ));
        detached.id = Pk::unset();
        let error = refused(em.merge(detached));
        assert!(
            error.to_string().contains("a new entity is persisted"),
            "{error}"
        );
        Ok(())
    });
}

#[test]
fn a_refresh_with_a_hint_reads_collections_and_related_rows_anew() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let one = article(&mut em, "one", ann);
        em.flush()?;
        em.find_one(ann).populate(|u| u.articles()).or_fail()?;
        let mut other = orm.em();
        let two = article(&mut other, "two", ann);
        other.find_one(one).or_fail()?;
        other[one].title = "changed".into();
        other.flush()?;

        em.refresh(ann)?;
        assert_eq!(
            em[ann].articles.ids(),
            [one],
            "collections stay as they are"
        );
        em.refresh_with(ann, |u| u.articles())?;
        assert_eq!(em[ann].articles.ids(), [one, two]);
        assert_eq!(em[one].title, "changed");
        Ok(())
    });
}

#[test]
fn a_refresh_whose_hint_is_refused_has_overwritten_nothing() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let one = article(&mut em, "one", ann);
        em.flush()?;
        em[one].title = "pending".into();
        let refreshed = em.refresh_with(one, |a| (a.tags().offset(1), a.tags().limit(1)));
        assert!(matches!(refused(refreshed), Error::Query { .. }));
        assert_eq!(em[one].title, "pending");
        em.refresh_with(one, |a| a.tags().limit(1))?;
        assert_ne!(em[one].title, "pending");
        assert!(em[one].tags.is_partial());
        Ok(())
    });
}

#[test]
fn a_reference_needs_no_row_until_the_flush() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = em.reference::<User>(7);
        article(&mut em, "article", ann);
        assert!(!em.is_managed(ann));
        assert_eq!(em.statistics().lookups, 0);
        assert!(matches!(
            refused(em.flush()),
            Error::ForeignKeyViolation { .. }
        ));
        Ok(())
    });
}

#[test]
fn a_fork_with_the_identity_map_has_what_is_clean_and_the_two_know_nothing_of_each_other() {
    on_both_stores::<House>(|orm| {
        fill(orm)?;
        let mut em = orm.em();
        let articles = em
            .find::<Article>()
            .populate(|a| (a.tags(), a.text()))
            .all()?;
        let mut fork = em.fork_with_identity_map();
        assert_eq!(fork.statistics().lookups, 0);
        assert_eq!(fork[articles[0]].tags.ids(), em[articles[0]].tags.ids());
        assert_eq!(fork[articles[0]].text.get(), em[articles[0]].text.get());
        fork.find_one(articles[0]).or_fail()?;
        assert_eq!(fork.statistics().lookups, 0, "it is loaded");
        fork[articles[0]].title = "forked".into();
        assert_eq!(em[articles[0]].title, "ONE");
        fork.flush()?;

        em[articles[1]].title = "pending".into();
        let new = tag(&mut em, "new");
        let fork = em.fork_with_identity_map();
        assert!(
            fork.is_initialized(articles[0])
                && !fork.is_managed(articles[1])
                && !fork.is_managed(new)
        );
        assert!(
            fork[articles[0]].tags.try_iter().is_err(),
            "something is pending, and might concern it"
        );
        em.begin();
        assert!(!em.fork_with_identity_map().is_managed(articles[0]));
        em.rollback();
        assert!(!em.fork().is_managed(articles[0]));
        Ok(())
    });
}

#[test]
fn what_is_detached_is_no_longer_written() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        em.flush()?;
        em[ann].bio = "lost".into();
        em.detach(ann);
        assert!(!em.is_managed(ann));
        em.flush()?;
        em.find_one(ann).or_fail()?;
        assert_eq!(em[ann].bio, "");
        Ok(())
    });
}
