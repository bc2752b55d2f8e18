//! R17: whether a query flushes what is pending.

use musher::prelude::*;

use crate::support::*;

fn commits(em: &EntityManager) -> u64 {
    em.statistics().commits
}

#[test]
fn r17_auto_flushes_before_a_query_of_an_entity_with_pending_work() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let label = tag(&mut em, "rust");
        assert_eq!(em.find::<User>().count()?, 0);
        assert_eq!(commits(&em), 0, "users are not concerned");
        assert_eq!(em.find::<Tag>().all()?, [label]);
        assert_eq!(commits(&em), 1);
        em[label].name = "changed".into();
        assert_eq!(
            em.find::<Tag>()
                .filter(|t| t.name().eq("changed"))
                .count()?,
            1
        );
        assert_eq!(commits(&em), 2);
        em.remove(label);
        assert_eq!(em.find::<Tag>().one()?, None);
        assert_eq!(commits(&em), 3);
        Ok(())
    });
}

#[test]
fn r17_auto_looks_at_the_entities_that_a_condition_passes() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let written = article(&mut em, "one", ann);
        em.flush()?;
        em[ann].bio = "changed".into();
        em.find::<Article>().all()?;
        assert_eq!(commits(&em), 1);
        let found = em
            .find::<Article>()
            .filter(|a| a.author().bio().eq("changed"))
            .all()?;
        assert_eq!(found, [written]);
        assert_eq!(commits(&em), 2);
        Ok(())
    });
}

#[test]
fn r17_auto_sees_a_raw_write_and_a_row_given_away_unseen() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (ann, bob) = (user(&mut em, "ann"), user(&mut em, "bob"));
        let written = article(&mut em, "one", ann);
        em.flush()?;
        let by_bob = |em: &mut EntityManager| {
            em.find::<Article>()
                .filter(|a| a.author().id().eq(*bob.key()))
                .all()
        };
        em[written].author = bob;
        assert_eq!(by_bob(&mut em)?, [written]);
        em.edit(written).set_author(ann);
        em.flush()?;
        em.clear();
        em.find_one(bob).or_fail()?;
        em.edit(bob).articles().add(written);
        assert_eq!(by_bob(&mut em)?, [written]);
        Ok(())
    });
}

// Links are in the ledger, and touch no entity: a condition on a collection missed them.
#[test]
fn r17_auto_flushes_pending_links_that_a_condition_looks_at() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let (one, two) = (article(&mut em, "one", ann), article(&mut em, "two", ann));
        let (red, blue) = (tag(&mut em, "red"), tag(&mut em, "blue"));
        em.flush()?;
        let tagged = |em: &mut EntityManager, name: &str| {
            em.find::<Article>()
                .filter(|a| a.tags().any(|t| t.name().eq(name)))
                .all()
        };
        em.edit(one).tags().add(red);
        assert_eq!(em.find::<Article>().count()?, 2);
        assert_eq!(commits(&em), 1, "nothing looks at the links");
        assert_eq!(tagged(&mut em, "red")?, [one]);
        assert_eq!(commits(&em), 2);

        // From the other side, and behind a relation.
        em.edit(blue).articles().add(two);
        let by_tags = em
            .find::<User>()
            .filter(|u| u.articles().any(|a| a.tags().count().eq(1)));
        assert_eq!(by_tags.all()?, [ann]);
        assert_eq!(tagged(&mut em, "blue")?, [two]);
        assert_eq!(commits(&em), 3);

        em.edit(one).tags().remove(red);
        let untagged = em.find::<Article>().filter(|a| a.tags().is_empty());
        assert_eq!(untagged.ids()?, [one]);
        em.populate(two, |a| a.tags())?;
        em.edit(two).tags().remove_all()?;
        assert_eq!(
            em.find::<Tag>()
                .filter(|t| t.articles().count().gt(0))
                .count()?,
            0
        );
        Ok(())
    });
}

#[test]
fn r17_auto_flushes_pending_links_that_a_choice_of_items_looks_at() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let (one, two) = (article(&mut em, "one", ann), article(&mut em, "two", ann));
        let red = tag(&mut em, "red");
        em.flush()?;
        em.clear();
        em.find::<Article>().all()?;
        em.edit(two).tags().add(red);
        em.find_one(ann)
            .populate(|u| {
                u.articles()
                    .filter(|a| a.tags().any(|t| t.name().eq("red")))
            })
            .or_fail()?;
        assert_eq!(em[ann].articles.ids(), [two]);
        em.edit(one).tags().add(red);
        let red_ones = em
            .edit(ann)
            .articles()
            .matching(|a| a.tags().any(|t| t.name().eq("red")))
            .ids()?;
        assert_eq!(red_ones, [one, two]);
        Ok(())
    });
}

#[test]
fn r17_auto_flushes_pending_links_before_bulk_work_on_their_rows() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        let (one, two) = (article(&mut em, "one", ann), article(&mut em, "two", ann));
        let red = tag(&mut em, "red");
        em.flush()?;
        em.edit(one).tags().add(red);
        em.update_where::<Article>(|a| a.tags().any(|t| t.id().eq(*red.key())))
            .set(|a| a.title().set("Red"))
            .execute()?;
        assert_eq!(em[one].title, "Red");
        em.edit(two).tags().add(red);
        em.delete_where::<Article>(|a| a.slug().eq("two"))
            .execute()?;
        em.flush()?;
        em.populate(red, |t| t.articles())?;
        assert_eq!(em[red].articles.ids(), [one]);
        Ok(())
    });
}

#[test]
fn r17_auto_follows_what_a_row_taken_out_unseen_takes_with_it() {
    on_both_stores::<Shelf>(|orm| {
        let mut em = orm.em();
        let shelf = em.create(Rack::build().name("a"));
        let box_ = em.create(Crate::build().rack(shelf));
        em.create(Label::build().text("fragile").of(box_));
        em.flush()?;
        em.clear();
        em.find_one(shelf).or_fail()?;
        em.edit(shelf).crates().remove(box_);
        assert_eq!(em.find::<Label>().count()?, 0);
        Ok(())
    });
}

type Shelf = (Rack, Crate, Label);

#[derive(Entity, Debug)]
struct Rack {
    #[orm(primary_key)]
    id: Pk,
    name: String,
    #[orm(one_to_many(mapped_by = rack, orphan_removal))]
    crates: Collection<Crate>,
}

#[derive(Entity, Debug)]
struct Crate {
    #[orm(primary_key)]
    id: Pk,
    #[orm(many_to_one(inversed_by = crates))]
    rack: Id<Rack>,
}

#[derive(Entity, Debug)]
struct Label {
    #[orm(primary_key)]
    id: Pk,
    text: String,
    #[orm(many_to_one(on_delete = cascade))]
    of: Id<Crate>,
}

#[test]
fn r17_auto_does_not_flush_for_a_query_by_key_nor_for_populating() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let ann = user(&mut em, "ann");
        em.flush()?;
        let written = article(&mut em, "one", ann);
        em.find_one(ann).populate(|u| u.articles()).or_fail()?;
        em.populate(written, |a| (a.author(), a.text(), a.tags()))?;
        assert_eq!(em.find_one(written).one()?, Some(written));
        assert_eq!(commits(&em), 1);
        assert_eq!(em[ann].articles.ids(), [written]);
        Ok(())
    });
}

#[test]
fn r17_commit_never_flushes_and_hides_what_is_removed() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        let (a, b) = (tag(&mut em, "a"), tag(&mut em, "b"));
        em.flush()?;
        em.set_flush_mode(FlushMode::Commit);
        em[a].name = "changed".into();
        em.remove(b);
        tag(&mut em, "c");
        assert_eq!(em.find::<Tag>().all()?, [a]);
        assert_eq!(em[a].name, "changed");
        assert_eq!(em.find_one(b).one()?, None);
        assert_eq!(commits(&em), 1);
        em.flush()?;
        assert_eq!(em.find::<Tag>().count()?, 2);
        Ok(())
    });
}

#[test]
fn r17_always_flushes_before_every_query() {
    let orm = Orm::builder()
        .entities::<House>()
        .flush_mode(FlushMode::Always)
        .in_memory()
        .expect("the schema is valid");
    let mut em = orm.em();
    tag(&mut em, "rust");
    em.find::<User>().count().expect("it can be read");
    assert_eq!(commits(&em), 1);
    let mut fork = em.fork();
    tag(&mut fork, "of the fork");
    fork.find::<User>().all().expect("it can be read");
    assert_eq!(commits(&fork), 1, "a fork keeps the mode");
}

#[test]
fn r17_a_flush_that_fails_fails_the_query() {
    on_both_stores::<House>(|orm| {
        let mut em = orm.em();
        user(&mut em, "ann");
        let clash = user(&mut em, "ann");
        assert!(matches!(
            refused(em.find::<User>().all()),
            Error::UniqueViolation { .. }
        ));
        em.remove(clash);
        assert_eq!(em.find::<User>().count()?, 1);
        Ok(())
    });
}
