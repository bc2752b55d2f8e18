//! Graphs as deep as they are large: what a program creates, removes, loads and gives up along a chain of
//! 100,000 entities needs no more of the stack than along a short one.

mod support;

use musher::EntityList;
use musher::prelude::*;
use support::refused;

const LENGTH: usize = 100_000;

/// The stack of a thread where nobody says otherwise.
const STACK: usize = 2 * 1024 * 1024;

/// A link of the chain. It goes with the one before it.
#[derive(Entity, Debug)]
struct Link {
    #[orm(primary_key)]
    id: Pk,
    label: String,
    #[orm(many_to_one(inversed_by = after, on_delete = cascade))]
    before: Option<Id<Link>>,
    #[orm(one_to_many(mapped_by = before))]
    after: Collection<Link>,
}

/// Runs a test in a thread with a stack of the usual size. Depth is a matter of memory, so the store is
/// the one in memory.
fn in_a_usual_thread(test: fn(&Orm) -> musher::Result<()>) {
    in_a_thread_over::<Link>(test);
}

fn in_a_thread_over<L: EntityList>(test: fn(&Orm) -> musher::Result<()>) {
    let run = move || {
        let orm = Orm::builder().entities::<L>().in_memory()?;
        test(&orm)?;
        let report = orm.verify()?;
        assert!(report.is_clean(), "{report}");
        Ok::<_, Error>(())
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(run);
    let thread = thread.expect("there is room for a thread");
    let result = thread.join().expect("the thread does not panic");
    result.unwrap_or_else(|error| panic!("{error}"));
}

/// The ids of a stored chain, from its first link to its last.
fn stored_chain(orm: &Orm) -> musher::Result<Vec<Id<Link>>> {
    let mut em = orm.em();
    let mut chain: Vec<Id<Link>> = Vec::with_capacity(LENGTH);
    for at in 0..LENGTH {
        let link = em.create(Link::build().label(at.to_string()));
        em[link].before = chain.last().copied();
        chain.push(link);
    }
    em.flush()?;
    Ok(chain)
}

#[test]
fn a_chain_is_created_by_one_nested_builder() {
    in_a_usual_thread(|orm| {
        let mut em = orm.em();
        let nested = || {
            let first = Link::build().label("0");
            (1..LENGTH).fold(first, |before, at| {
                Link::build().label(at.to_string()).before(before)
            })
        };
        drop(nested());
        let last = em.create(nested());
        em.flush()?;
        assert_eq!(em[last].label, (LENGTH - 1).to_string());
        assert_eq!(em.statistics().rows_written, LENGTH as u64);
        let before = em[last].before.expect("it is not the first");
        assert_eq!(em[before].after.ids(), [last], "both ends agree");
        Ok(())
    });
}

#[test]
fn a_chain_is_created_by_one_builder_that_is_nested_the_other_way() {
    in_a_usual_thread(|orm| {
        let mut em = orm.em();
        let last = Link::build().label("last");
        let chain = (1..LENGTH).fold(last, |after, at| {
            Link::build().label(at.to_string()).after([after])
        });
        let first = em.create(chain);
        em.flush()?;
        assert_eq!(em.statistics().rows_written, LENGTH as u64);
        assert_eq!(em[first].after.len(), 1);
        Ok(())
    });
}

#[test]
fn a_chain_is_removed_by_cascade_loaded_or_not() {
    in_a_usual_thread(|orm| {
        for is_loaded in [false, true] {
            let chain = stored_chain(orm)?;
            let mut em = orm.em();
            if is_loaded {
                em.find::<Link>().populate(|link| link.after()).all()?;
            }
            em.remove(chain[0]);
            em.flush()?;
            assert_eq!(em.statistics().rows_written, LENGTH as u64);
            assert_eq!(orm.em().find::<Link>().count()?, 0);
            assert!(chain.iter().all(|link| !em.is_managed(*link)));
        }
        Ok(())
    });
}

/// A tree whose subtrees go with their root, through the unit of work.
mod trees {
    use super::*;

    #[derive(Entity, Debug)]
    struct Category {
        #[orm(primary_key)]
        id: Pk,
        #[orm(many_to_one(inversed_by = children))]
        parent: Option<Id<Category>>,
        #[orm(one_to_many(mapped_by = parent, cascade(remove)))]
        children: Collection<Category>,
    }

    #[test]
    fn a_subtree_is_removed_with_its_root_through_the_unit_of_work() {
        in_a_thread_over::<Category>(|orm| {
            let mut em = orm.em();
            let mut chain: Vec<Id<Category>> = Vec::with_capacity(LENGTH);
            for _ in 0..LENGTH {
                let category = em.create(Category::build());
                em[category].parent = chain.last().copied();
                chain.push(category);
            }
            em.flush()?;
            em.clear();
            em.remove(chain[1]);
            em.flush()?;
            assert_eq!(orm.em().find::<Category>().all()?, [chain[0]]);
            assert_eq!(em.statistics().rows_written, 2 * LENGTH as u64 - 1);
            Ok(())
        });
    }
}

#[test]
fn a_chain_is_loaded_walked_and_given_up() {
    in_a_usual_thread(|orm| {
        let chain = stored_chain(orm)?;
        let mut em = orm.em();
        let all = em.find::<Link>();
        let found = all.populate(|link| (link.before(), link.after())).all()?;
        assert_eq!(found, chain);
        let mut at = chain[0];
        for next in &chain[1..] {
            assert_eq!(em[at].after.ids(), [*next]);
            at = *next;
        }
        em.transactional(|em| {
            em.remove(chain[0]);
            em.flush()?;
            Err::<(), _>(Error::other("keep it"))
        })
        .expect_err("it is given up");
        assert!(em.is_managed(at));
        em.clear();
        Ok(())
    });
}

#[test]
fn a_chain_that_may_not_go_is_refused_and_stays() {
    in_a_usual_thread(|orm| {
        let chain = stored_chain(orm)?;
        let mut em = orm.em();
        em.find::<Link>().all()?;
        em[chain[LENGTH - 1]].before = Some(Id::new(u64::MAX));
        assert!(matches!(
            refused(em.flush()),
            Error::ForeignKeyViolation { .. }
        ));
        em[chain[LENGTH - 1]].before = None;
        em.flush()
    });
}
