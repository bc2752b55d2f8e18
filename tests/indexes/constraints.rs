//! R6 and R7 for several properties together: what is unique is judged on the final state.

use musher::prelude::*;

use super::{Club, Member, Team, member, team, tenant};
use crate::support::{on_both_stores, refused};

#[test]
fn what_is_unique_together_may_repeat_apart() {
    on_both_stores::<Club>(|orm| {
        let mut em = orm.em();
        let (one, other) = (tenant(&mut em, "one"), tenant(&mut em, "other"));
        member(&mut em, one, "ann");
        member(&mut em, other, "ann");
        member(&mut em, one, "bob");
        em.flush()?;
        let second = member(&mut em, other, "ann");
        let error = refused(em.flush());
        assert_eq!(
            error.to_string(),
            "Member 4: `tenant, email` must be unique, but Member 2 already has (Tenant 2, \"ann\"); choose another value or \
             change that row in the same flush"
        );
        em[second].email = "cid".into();
        em.flush()
    });
}

#[test]
fn two_rows_of_one_flush_can_not_take_the_same() {
    on_both_stores::<Club>(|orm| {
        let mut em = orm.em();
        let one = tenant(&mut em, "one");
        member(&mut em, one, "ann");
        let second = member(&mut em, one, "ann");
        assert!(matches!(
            refused(em.flush()),
            Error::UniqueViolation {
                property: "tenant, email",
                ..
            }
        ));
        em.remove(second);
        em.flush()
    });
}

#[test]
fn with_a_none_in_a_part_nothing_is_unique() {
    on_both_stores::<Club>(|orm| {
        let mut em = orm.em();
        let one = tenant(&mut em, "one");
        let red = team(&mut em, "red");
        for (at, (nick, team)) in [
            (None, None),
            (None, None),
            (None, Some(&red)),
            (None, Some(&red)),
            (Some("x"), None),
            (Some("x"), None),
            (Some("x"), Some(&red)),
        ]
        .into_iter()
        .enumerate()
        {
            let id = member(&mut em, one, &at.to_string());
            em[id].nick = nick.map(str::to_owned);
            em.edit(id).set_team(team.cloned());
        }
        em.flush()?;
        let id = member(&mut em, one, "last");
        em[id].nick = Some("x".into());
        em.edit(id).set_team(Some(red));
        let error = refused(em.flush()).to_string();
        assert!(
            error.contains("`nick, team` must be unique")
                && error.contains("already has (Some(\"x\"), Team red)"),
            "{error}"
        );
        em.edit(id).set_team(None);
        em.flush()
    });
}

#[test]
fn rows_may_swap_rotate_and_hand_on_what_is_unique_together() {
    on_both_stores::<Club>(|orm| {
        let mut em = orm.em();
        let (one, other) = (tenant(&mut em, "one"), tenant(&mut em, "other"));
        let ann = member(&mut em, one, "ann");
        let bob = member(&mut em, other, "bob");
        let cid = member(&mut em, one, "cid");
        em.flush()?;

        em[ann].email = "bob".into();
        em.edit(ann).set_tenant(other);
        em[bob].email = "ann".into();
        em.edit(bob).set_tenant(one);
        em.flush()?;

        for (id, tenant, email) in [(ann, one, "cid"), (bob, other, "bob"), (cid, one, "ann")] {
            em[id].email = email.into();
            em.edit(id).set_tenant(tenant);
        }
        em.flush()?;

        em[cid].email = "fresh".into();
        em[ann].email = "ann".into();
        em.flush()?;
        assert_eq!(who(orm, one, "ann")?, [ann]);
        assert_eq!(who(orm, one, "fresh")?, [cid]);
        assert_eq!(who(orm, other, "bob")?, [bob]);
        assert_eq!(who(orm, one, "cid")?, []);
        Ok(())
    });
}

fn who(orm: &Orm, tenant: Id<super::Tenant>, email: &str) -> musher::Result<Vec<Id<Member>>> {
    let mut em = orm.em();
    em.find::<Member>()
        .filter(|m| m.tenant().id().eq(*tenant.key()).and(m.email().eq(email)))
        .all()
}

#[test]
fn what_a_removed_row_had_is_free_in_the_same_flush() {
    on_both_stores::<Club>(|orm| {
        let mut em = orm.em();
        let one = tenant(&mut em, "one");
        let old = member(&mut em, one, "ann");
        em.flush()?;
        em.remove(old);
        let new = member(&mut em, one, "ann");
        em.flush()?;
        assert_eq!(who(orm, one, "ann")?, [new]);
        em.remove(one);
        em.flush()?;
        assert_eq!(
            who(orm, one, "ann")?,
            [],
            "the tenant's members went with it"
        );
        Ok(())
    });
}

#[test]
fn a_reference_that_a_removal_sets_to_none_leaves_the_index() {
    on_both_stores::<Club>(|orm| {
        let mut em = orm.em();
        let one = tenant(&mut em, "one");
        let red = team(&mut em, "red");
        let ids = ["ann", "bob"].map(|email| member(&mut em, one, email));
        for (id, nick) in ids.into_iter().zip(["a", "b"]) {
            em[id].nick = Some(nick.into());
            em.edit(id).set_team(Some(red.clone()));
        }
        em.flush()?;
        em.clear();
        em.remove::<Team>(red);
        em.flush()?;
        // Both may have the same name now that neither has a team.
        for id in ids {
            em.find_one(id).or_fail()?;
            assert_eq!(em[id].team, None);
            em[id].nick = Some("same".into());
        }
        em.flush()
    });
}

// R14: each unit of work changes one part, and only the row that both make of it is a violation.
#[test]
fn what_two_units_of_work_make_of_a_row_is_judged_and_indexed() {
    on_both_stores::<Club>(|orm| {
        let mut em = orm.em();
        let (one, other) = (tenant(&mut em, "one"), tenant(&mut em, "other"));
        let ann = member(&mut em, one, "ann");
        let bob = member(&mut em, other, "bob");
        em.flush()?;
        let (mut first, mut second) = (orm.em(), orm.em());
        first.find_one(ann).or_fail()?;
        second.find_one(ann).or_fail()?;

        first.edit(ann).set_tenant(other);
        first.flush()?;
        second[ann].email = "bob".into();
        let error = refused(second.flush());
        assert!(
            matches!(&error, Error::UniqueViolation { key, existing, .. } if *key == ann.to_string() && *existing == bob.to_string()),
            "{error}"
        );
        second[ann].email = "cid".into();
        second.flush()?;
        assert_eq!(who(orm, other, "cid")?, [ann]);
        assert_eq!(who(orm, one, "cid")?, []);
        Ok(())
    });
}

#[test]
fn of_many_threads_that_want_the_same_one_has_it() {
    on_both_stores::<Club>(|orm| {
        let mut em = orm.em();
        let one = tenant(&mut em, "one");
        em.flush()?;
        let won: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(move || {
                        let wants = |name: u32| {
                            let mut em = orm.em();
                            member(&mut em, one, &name.to_string());
                            match em.flush() {
                                Ok(()) => 1,
                                Err(Error::UniqueViolation { .. }) => 0,
                                Err(other) => panic!("{other}"),
                            }
                        };
                        (0..20).map(wants).sum::<usize>()
                    })
                })
                .collect();
            let won = threads
                .into_iter()
                .map(|it| it.join().expect("it does not panic"));
            won.sum()
        });
        assert_eq!(won, 20);
        Ok(())
    });
}

#[test]
fn the_value_of_a_hidden_part_is_told_to_nobody() {
    #[derive(Entity, Debug)]
    #[orm(unique(name, pin))]
    struct Card {
        #[orm(primary_key)]
        id: Pk,
        name: String,
        #[orm(hidden)]
        pin: u16,
    }
    on_both_stores::<Card>(|orm| {
        let mut em = orm.em();
        em.create(Card::build().name("ann").pin(1234_u16));
        em.create(Card::build().name("ann").pin(1234_u16));
        let error = refused(em.flush()).to_string();
        assert!(error.contains("(\"ann\", <hidden>)"), "{error}");
        em.clear();
        Ok(())
    });
}

#[test]
fn two_indexes_can_not_share_a_name() {
    #[derive(Entity, Debug)]
    #[orm(index(name, size, name = "size"))]
    struct Thing {
        #[orm(primary_key)]
        id: Pk,
        name: String,
        #[orm(index)]
        size: u8,
    }
    let error = refused(Orm::builder().entities::<Thing>().in_memory());
    assert!(
        error.to_string().contains(
            "Thing has two indexes named `size`, on `size` and on `name, size`; remove one, or name it with `name = \"..\"`"
        ),
        "{error}"
    );
}
