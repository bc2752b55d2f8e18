//! R5: a failed flush changes nothing, in the store or in memory, and once the cause is mended the
//! same flush succeeds.

use musher::prelude::*;

use crate::support::*;

/// Everything that the store has of users and tasks, as text.
fn stored(orm: &Orm) -> musher::Result<Vec<String>> {
    let mut em = orm.em();
    let users = em.find::<User>().populate(|u| u.password()).all()?;
    let tasks = em.find::<Task>().populate(|t| t.badges()).all()?;
    let users = users.into_iter().map(|id| format!("{:?}", em[id]));
    let users: Vec<_> = users.collect();
    let tasks = tasks.into_iter().map(|id| format!("{:?}", em[id]));
    let all = users.into_iter().chain(tasks).collect();
    events();
    Ok(all)
}

#[test]
fn r5_a_failing_hook_leaves_store_and_memory_as_they_were() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let kept = task(&mut em, "");
        em.flush()?;
        let before = stored(orm)?;
        em[kept].order = "code x".into();
        let author = user(&mut em, "ann");
        let refusing = task(&mut em, "refuse");
        let error = refused(em.flush());
        assert!(matches!(error, Error::Hook { .. }));
        assert_eq!(
            error.to_string(),
            "Task 2: the before_create hook failed: the task refuses"
        );
        assert_eq!(stored(orm)?, before);
        assert_eq!(em[kept].code, None, "what the hook did is taken back");
        assert_eq!((em[kept].hooks, em[kept].stamp), (0, 0));
        assert_eq!(em[author].password.get().unwrap(), "secret");
        em[refusing].order = "obey".into();
        em.flush()?;
        assert_eq!(em[kept].code.as_deref(), Some("x"));
        assert_eq!((em[kept].hooks, em[kept].stamp), (1, 1));
        assert_eq!(em[author].password.get().unwrap(), "hashed secret");
        assert_eq!(stored(orm)?.len(), 3);
        Ok(())
    });
}

#[test]
fn r5_a_unique_violation_is_mended_by_another_value_and_no_password_is_hashed_twice() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        user(&mut em, "ann");
        em.flush()?;
        let before = stored(orm)?;
        let second = user(&mut em, "ann");
        for _ in 0..3 {
            let error = refused(em.flush());
            assert_eq!(
                error.to_string(),
                "User 2: `email` must be unique, but User 1 already has \"ann@house.org\"; \
                 choose another value or change that row in the same flush"
            );
            assert_eq!(em[second].password.get().unwrap(), "secret");
            assert_eq!(stored(orm)?, before);
        }
        assert!(em.is_managed(second));
        em[second].email = "bob@house.org".into();
        em.flush()?;
        em.clear();
        em.find_one(second).populate(|u| u.password()).or_fail()?;
        assert_eq!(em[second].password.get().unwrap(), "hashed secret");
        Ok(())
    });
}

#[test]
fn r5_so_it_is_for_a_password_that_is_changed() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let bob = user(&mut em, "bob");
        em.flush()?;
        em.clear();
        em.find_one(ann).or_fail()?;
        em.find_one(bob).or_fail()?;
        em[ann].password = "new".into();
        em[ann].email = "bob@house.org".into();
        refused(em.flush());
        assert_eq!(em[ann].password.get().unwrap(), "new");
        assert_eq!(em[ann].updates, 0);
        assert!(!em[bob].password.is_loaded());
        em[ann].email = "ann@house.org".into();
        em.flush()?;
        assert_eq!(em[ann].password.get().unwrap(), "hashed new");
        Ok(())
    });
}

#[test]
fn r5_a_foreign_key_violation_is_mended_by_a_reference_that_is_there() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let written = article(&mut em, "one", Id::new(99));
        let error = refused(em.flush());
        assert_eq!(
            error.to_string(),
            "Article 1: `author` refers to User 99, which is not in the database; \
             persist it in the same flush or an earlier one"
        );
        assert_eq!(stored(orm)?, [""; 0]);
        em.edit(written).set_author(ann);
        em.flush()?;
        assert_eq!(em[ann].articles.ids(), [written]);
        assert_eq!(em[ann].password.get().unwrap(), "hashed secret");
        Ok(())
    });
}

#[test]
fn r5_a_foreign_key_violation_is_mended_by_creating_what_is_missing() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let missing: Id<Page> = Id::new("/b".to_owned());
        let first = page(&mut em, "/a");
        em.edit(first.clone()).set_next(Some(missing.clone()));
        assert!(matches!(
            refused(em.flush()),
            Error::ForeignKeyViolation { .. }
        ));
        page(&mut em, "/b");
        em.flush()?;
        assert_eq!(em[first].next, Some(missing));
        Ok(())
    });
}

#[test]
fn r5_a_validation_error_is_mended_by_a_shorter_text() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let written = article(&mut em, "one", ann);
        em[written].language = "too long".into();
        assert!(matches!(refused(em.flush()), Error::Validation(_)));
        assert_eq!(stored(orm)?, [""; 0]);
        assert_eq!(em[ann].password.get().unwrap(), "secret");
        em[written].language = "en".into();
        em.flush()?;
        assert_eq!(stored(orm)?.len(), 1);
        assert_eq!(em[ann].password.get().unwrap(), "hashed secret");
        Ok(())
    });
}

#[test]
fn r5_a_refused_removal_keeps_everything_and_the_removal_stays_pending() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let written = article(&mut em, "one", ann);
        em.flush()?;
        em.remove(ann);
        let error = refused(em.flush());
        assert!(matches!(error, Error::ForeignKeyViolation { .. }));
        assert_eq!(stored(orm)?.len(), 1);
        assert_eq!(em[written].author, ann);
        assert_eq!(em[ann].articles.ids(), [written]);
        em.remove(written);
        em.flush()?;
        assert_eq!(stored(orm)?, [""; 0]);
        assert!(!em.is_managed(ann) && !em.is_managed(written));
        Ok(())
    });
}

#[test]
fn r5_relations_changed_by_a_hook_are_taken_back_on_both_sides() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let first = task(&mut em, "");
        let second = task(&mut em, "");
        let child = task(&mut em, "");
        em.edit(child).set_parent(Some(first));
        em.flush()?;
        em[child].order = format!("parent {}", second.key());
        let refusing = task(&mut em, "refuse");
        refused(em.flush());
        assert_eq!(em[child].parent, Some(first));
        assert_eq!(em[first].subtasks.ids(), [child]);
        assert_eq!(em[second].subtasks.ids(), []);
        em.remove(refusing);
        em.flush()?;
        assert_eq!(em[child].parent, Some(second));
        assert_eq!(em[first].subtasks.ids(), []);
        assert_eq!(em[second].subtasks.ids(), [child]);
        em.clear();
        em.find_one(second).populate(|t| t.subtasks()).or_fail()?;
        assert_eq!(em[second].subtasks.ids(), [child]);
        Ok(())
    });
}

#[test]
fn r5_pending_links_survive_a_failed_flush() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let written = article(&mut em, "one", ann);
        let (old, new) = (tag(&mut em, "old"), tag(&mut em, "new"));
        em.edit(written).tags().add(old);
        em.flush()?;
        em.clear();
        em.find_one(written).or_fail()?;
        em.edit(written).tags().add(new).remove(old);
        let clash = user(&mut em, "ann");
        refused(em.flush());
        assert!(em[written].tags.is_dirty());
        em.remove(clash);
        em.flush()?;
        assert!(!em[written].tags.is_dirty());
        em.populate(written, |a| a.tags())?;
        assert_eq!(em[written].tags.ids(), [new]);
        Ok(())
    });
}

#[test]
fn r5_a_row_given_to_a_collection_unseen_is_given_once_the_flush_succeeds() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, bob) = (user(&mut em, "ann"), user(&mut em, "bob"));
        let written = article(&mut em, "one", ann);
        em.flush()?;
        em.clear();
        em.find_one(bob).or_fail()?;
        em.edit(bob).articles().add(written);
        let clash = user(&mut em, "ann");
        refused(em.flush());
        refused(em.flush());
        em.detach(clash);
        em.flush()?;
        assert_eq!(em[written].author, bob);
        em.clear();
        em.find_one(ann).populate(|u| u.articles()).or_fail()?;
        assert_eq!(em[ann].articles.ids(), []);
        Ok(())
    });
}

#[test]
fn r5_an_unknown_row_put_into_a_collection_can_be_taken_out_again() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        em.flush()?;
        em.edit(ann).articles().add(Id::new(99));
        let error = refused(em.flush());
        assert_eq!(
            error.to_string(),
            "Article 99 was not found in the database"
        );
        em.edit(ann).articles().remove(Id::new(99));
        em.flush()?;
        assert_eq!(em[ann].articles.ids(), []);
        Ok(())
    });
}

#[test]
fn r5_a_row_that_is_gone_can_be_given_up() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let label = tag(&mut em, "rust");
        let other = tag(&mut em, "other");
        em.flush()?;
        let mut rival = orm.em();
        rival.remove(label);
        rival.flush()?;
        em[label].name = "changed".into();
        em[other].name = "changed too".into();
        let error = refused(em.flush());
        assert!(matches!(error, Error::RowGone { .. }));
        assert_eq!(
            error.to_string(),
            "Tag 1 was removed by another unit of work since it was read; \
             `em.detach(id)` gives it up, `em.persist(..)` creates it anew"
        );
        em.detach(label);
        em.flush()?;
        em.clear();
        assert_eq!(em.find_one(label).one()?, None);
        em.find_one(other).or_fail()?;
        assert_eq!(em[other].name, "changed too");
        Ok(())
    });
}
