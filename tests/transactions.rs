//! Transactions and savepoints: several flushes that are stored together or not at all, and memory
//! that goes back with them. On both stores.

mod support;

use musher::prelude::*;
use support::*;

#[path = "transactions/calls.rs"]
mod calls;
#[path = "transactions/commit.rs"]
mod commit;
#[path = "transactions/conflicts.rs"]
mod conflicts;
#[path = "transactions/memory.rs"]
mod memory;
#[path = "transactions/model.rs"]
mod model;
#[path = "transactions/nesting.rs"]
mod nesting;
#[path = "transactions/rollback.rs"]
mod rollback;

/// Everything that a unit of work has in memory of the house, as text: whether it is managed, all
/// properties, and what collections hold and are.
fn memory(em: &EntityManager) -> Vec<String> {
    fn numbered<T: musher::Entity<Key = u64> + std::fmt::Debug>(
        em: &EntityManager,
        lines: &mut Vec<String>,
    ) {
        lines.extend((1..20).map(Id::<T>::new).filter_map(|id| line(em, &id)));
    }
    fn line<T: musher::Entity + std::fmt::Debug>(em: &EntityManager, id: &Id<T>) -> Option<String> {
        let is_managed = em.is_managed(id.clone());
        is_managed.then(|| format!("{id:?}: {:?}", em.get(id.clone())))
    }
    let mut lines = Vec::new();
    numbered::<User>(em, &mut lines);
    numbered::<Profile>(em, &mut lines);
    numbered::<Article>(em, &mut lines);
    numbered::<Tag>(em, &mut lines);
    numbered::<Comment>(em, &mut lines);
    numbered::<Folder>(em, &mut lines);
    numbered::<Note>(em, &mut lines);
    numbered::<Cover>(em, &mut lines);
    numbered::<Task>(em, &mut lines);
    numbered::<Badge>(em, &mut lines);
    let pages = ["/a", "/b", "/c"].map(|path| Id::<Page>::new(path.to_owned()));
    lines.extend(pages.iter().filter_map(|id| line(em, id)));
    lines
}

/// Everything that the store has of users, articles, tags and tasks, as text.
fn stored(orm: &Orm) -> musher::Result<Vec<String>> {
    let mut em = orm.em();
    em.find::<User>()
        .populate(|u| (u.password(), u.articles(), u.profile()))
        .all()?;
    em.find::<Article>()
        .populate(|a| (a.text(), a.tags(), a.comments()))
        .all()?;
    em.find::<Tag>().populate(|t| t.articles()).all()?;
    em.find::<Task>().populate(|t| t.badges()).all()?;
    let lines = memory(&em);
    events();
    Ok(lines)
}

/// The error with which a test ends a transaction.
fn give_up<T>() -> musher::Result<T> {
    Err(Error::other("the transaction is given up"))
}
