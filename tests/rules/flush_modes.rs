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
