//! R1 to R4: one instance for one row, and a flush that writes what changed and nothing else.

use musher::prelude::*;

use crate::support::*;

#[test]
fn r1_two_finds_of_one_row_give_equal_handles_and_one_instance() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let author = user(&mut em, "ann");
        em.flush()?;
        em.clear();
        let by_key = em.find_one(author).or_fail()?;
        let by_email = em
            .find::<User>()
            .filter(|u| u.email().eq("ann@house.org"))
            .or_fail()?;
        assert_eq!(by_key, by_email);
        em[by_key].bio = "changed".into();
        assert_eq!(em[by_email].bio, "changed");
        Ok(())
    });
}

#[test]
fn r1_a_loaded_entity_found_by_key_costs_no_look_up() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let author = user(&mut em, "ann");
        em.find_one(author).or_fail()?;
        em.flush()?;
        em.find_one(author).or_fail()?;
        em.find_one::<User>(*author.key()).or_fail()?;
        assert_eq!(em.statistics().lookups, 0, "it was created here");
        em.clear();
        em.find_one(author).or_fail()?;
        assert_eq!(em.statistics().lookups, 1);
        em.find_one(author).or_fail()?;
        assert_eq!((em.statistics().lookups, em.statistics().rows_read), (1, 1));
        Ok(())
    });
}

#[test]
fn r1_what_populating_brought_is_the_instance_that_is_there() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let author = user(&mut em, "ann");
        let text = article(&mut em, "one", author);
        em.flush()?;
        em.clear();
        em.find_one(author).or_fail()?;
        em[author].bio = "kept".into();
        em.find_one(text).populate(|a| a.author()).or_fail()?;
        assert_eq!(em.view(text).author().bio, "kept");
        assert_eq!(em.statistics().lookups, 2, "the author is not read again");
        Ok(())
    });
}

#[test]
fn r1_a_missing_row_is_none_or_not_found() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        assert_eq!(em.find_one::<User>(99).one()?, None);
        let error = refused(em.find_one::<User>(99).or_fail());
        assert_eq!(error.to_string(), "User 99 was not found in the database");
        assert!(!em.is_managed::<User>(Id::new(99)));
        Ok(())
    });
}

#[test]
fn r1_a_fork_has_instances_of_its_own() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let author = user(&mut em, "ann");
        em.flush()?;
        let mut fork = em.fork();
        assert!(!fork.is_managed(author));
        fork.find_one(author).or_fail()?;
        fork[author].bio = "of the fork".into();
        assert_eq!(em[author].bio, "");
        Ok(())
    });
}

#[test]
fn r2_a_second_instance_under_a_managed_key_is_refused_at_the_flush_and_dropped() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let first = page(&mut em, "/a");
        let second = em.create(Page::build().path("/a").title("Another"));
        assert_eq!(first, second);
        let error = refused(em.flush());
        assert!(matches!(error, Error::AlreadyManaged { .. }));
        assert!(error.to_string().starts_with(
            "Page /a is already managed by this unit of work; change the managed instance"
        ));
        assert_eq!(em[first.clone()].title, "Page /a");
        em.flush()?;
        em.clear();
        em.find_one(first.clone()).or_fail()?;
        assert_eq!(em[first].title, "Page /a");
        Ok(())
    });
}

#[test]
fn r2_so_it_is_for_a_row_that_was_loaded() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let author = user(&mut em, "ann");
        em.flush()?;
        em.create(
            User::build()
                .id(Pk::from(*author.key()))
                .email("x")
                .password("y"),
        );
        assert!(matches!(refused(em.flush()), Error::AlreadyManaged { .. }));
        assert_eq!(em[author].email, "ann@house.org");
        em.flush()
    });
}

#[test]
fn r2_a_key_that_the_store_has_is_a_unique_violation() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let first = page(&mut em, "/a");
        em.flush()?;
        em.clear();
        em.create(Page::build().path("/a").title("Another"));
        let error = refused(em.flush());
        assert_eq!(
            error.to_string(),
            "Page /a: `path` must be unique, but Page /a already has /a; choose another value or \
             change that row in the same flush"
        );
        em.detach(first.clone());
        em.flush()?;
        em.find_one(first.clone()).or_fail()?;
        assert_eq!(em[first].title, "Page /a");
        Ok(())
    });
}

#[test]
fn r2_a_key_chosen_by_the_program_is_taken_out_of_the_sequence() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        em.create(Tag::build().id(Pk::from(7)).name("seven"));
        let next = tag(&mut em, "eight");
        assert_eq!(next.key(), &8);
        em.flush()
    });
}

#[test]
fn r3_a_flush_of_nothing_is_no_commit() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let author = user(&mut em, "ann");
        em.flush()?;
        assert_eq!(em.statistics().commits, 1);
        em.flush()?;
        em.clear();
        em.find_one(author)
            .populate(|u| (u.articles(), u.password(), u.profile()))
            .or_fail()?;
        em.flush()?;
        assert_eq!(em.statistics().commits, 1);
        Ok(())
    });
}

#[test]
fn r3_touching_and_changing_back_writes_nothing_and_runs_no_hook() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let watched = task(&mut em, "");
        em.flush()?;
        events();
        em[watched].order = "changed".into();
        em[watched].order = String::new();
        em.flush()?;
        em.edit(watched).set_parent(None);
        let _touched = &mut em[watched];
        em.flush()?;
        assert_eq!(events(), [""; 0]);
        assert_eq!(em[watched].stamp, 0);
        assert_eq!(em.statistics().commits, 1);
        assert_eq!(em.statistics().rows_written, 1);
        Ok(())
    });
}

#[test]
fn r3_an_instance_assigned_a_copy_of_itself_writes_nothing() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let author = user(&mut em, "ann");
        let written = article(&mut em, "one", author);
        let label = tag(&mut em, "rust");
        em.edit(written).tags().add(label);
        em.flush()?;
        em[written] = em[written].clone();
        em.flush()?;
        em.clear();
        em.find_one(written).populate(|a| a.tags()).or_fail()?;
        em[written] = em[written].clone();
        em.flush()?;
        assert_eq!(em.statistics().commits, 1);
        assert_eq!(em[written].tags.ids(), [label]);
        Ok(())
    });
}

#[test]
fn r3_only_what_was_touched_is_written() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let all: Vec<_> = (0..20).map(|at| tag(&mut em, &at.to_string())).collect();
        em.flush()?;
        let before = em.statistics().rows_written;
        em[all[7]].name = "changed".into();
        em[all[9]].name = "9".into();
        em.flush()?;
        assert_eq!(em.statistics().rows_written, before + 1);
        Ok(())
    });
}

#[test]
fn r3_links_that_are_there_are_not_written_again() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let author = user(&mut em, "ann");
        let written = article(&mut em, "one", author);
        let (kept, other) = (tag(&mut em, "kept"), tag(&mut em, "other"));
        em.edit(written).tags().add(kept);
        em.flush()?;
        em.clear();
        em.find_one(written).or_fail()?;
        em.edit(written).tags().add(kept);
        em.edit(written).tags().remove(other);
        em.flush()?;
        em.edit(written).tags().set([kept])?;
        em.flush()?;
        assert_eq!(em.statistics().commits, 1);
        assert_eq!(em.statistics().links_written, 1);
        assert!(!em[written].tags.is_dirty());
        Ok(())
    });
}

#[test]
fn r4_on_update_runs_when_another_property_changed_and_never_on_insert() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let author = user(&mut em, "ann");
        em.flush()?;
        assert_eq!(em[author].updates, 0);
        em[author].bio = "new".into();
        assert_eq!(em[author].updates, 0, "it runs within the flush");
        em.flush()?;
        assert_eq!(em[author].updates, 1);
        em[author].updates = 50;
        em.flush()?;
        assert_eq!(em[author].updates, 50, "an explicit value is kept");
        em.clear();
        em.find_one(author).or_fail()?;
        assert_eq!(em[author].updates, 50);
        Ok(())
    });
}

#[test]
fn r4_a_lazy_value_and_a_reference_are_properties_but_a_collection_is_none() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let author = user(&mut em, "ann");
        let first = task(&mut em, "");
        let second = task(&mut em, "");
        let label = badge(&mut em, "gold");
        em.flush()?;
        em[author].password = "other".into();
        em.edit(second).set_parent(Some(first));
        em.flush()?;
        assert_eq!(em[author].updates, 1);
        assert_eq!((em[first].stamp, em[second].stamp), (0, 1));
        em.edit(second).badges().add(label);
        em.flush()?;
        assert_eq!(em[second].stamp, 1, "links are not in the row");
        Ok(())
    });
}
