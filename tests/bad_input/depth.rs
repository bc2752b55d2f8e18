//! Graphs, hints and conditions that are deeper than anybody writes by hand.

use musher::prelude::*;

use crate::support::*;

#[derive(Entity, Debug)]
struct Link {
    #[orm(primary_key)]
    id: Pk,
    #[orm(many_to_one(on_delete = cascade, inversed_by = before))]
    next: Option<Id<Link>>,
    #[orm(one_to_many(mapped_by = next))]
    before: Collection<Link>,
}

/// A circle of so many links.
fn circle(em: &mut EntityManager, length: usize) -> Vec<Id<Link>> {
    let ids: Vec<_> = (0..length).map(|_| em.create(Link::build())).collect();
    for (at, id) in ids.iter().enumerate() {
        em[*id].next = Some(ids[(at + 1) % length]);
    }
    ids
}

#[test]
fn a_hint_may_go_around_a_circle_many_times() {
    on_both_stores::<Link>(|orm| {
        let mut em = orm.em();
        let ids = circle(&mut em, 3);
        em.flush()?;
        em.clear();
        let before = em.statistics().lookups;
        em.find_one(ids[0])
            .populate(|link| {
                let mut path = link.next().unchecked();
                for _ in 0..2000 {
                    path = path.before().next().unchecked();
                }
                path
            })
            .or_fail()?;
        assert!(
            em.statistics().lookups - before < 10,
            "what is loaded is not read again"
        );
        assert!(ids.iter().take(2).all(|id| em.is_initialized(*id)));
        Ok(())
    });
}

#[test]
fn a_cascade_goes_as_far_as_the_graph_does() {
    on_both_stores::<Link>(|orm| {
        let mut em = orm.em();
        let ids = circle(&mut em, 5000);
        em.flush()?;
        em.clear();
        em.remove(ids[0]);
        em.flush()?;
        assert_eq!(em.find::<Link>().count()?, 0);
        Ok(())
    });
}

#[test]
fn a_serialization_of_a_deep_graph_ends() {
    on_both_stores::<Link>(|orm| {
        let mut em = orm.em();
        let ids = circle(&mut em, 5000);
        em.flush()?;
        let text = serde_json::to_string(&em.view(ids[0])).expect("it can be serialized");
        assert!(text.len() < 1_000_000);
        Ok(())
    });
}

#[test]
fn a_condition_may_have_many_parts() {
    on_both_stores::<Link>(|orm| {
        let mut em = orm.em();
        let ids = circle(&mut em, 3);
        em.flush()?;
        let any = em.find::<Link>().filter(|link| {
            (0..20_000_u64).fold(link.id().eq(1_u64), |any, id| any.or(link.id().eq(id)))
        });
        assert_eq!(any.all()?, ids);
        let all = em.find::<Link>().filter(|link| {
            (7..20_000_u64).fold(link.id().eq(1_u64), |all, id| all.and(link.id().ne(id)))
        });
        assert_eq!(all.all()?, [ids[0]]);
        let negated = em
            .find::<Link>()
            .filter(|link| (0..20_000).fold(link.id().eq(1_u64), |condition, _| condition.not()));
        assert_eq!(negated.all()?, [ids[0]]);
        Ok(())
    });
}
