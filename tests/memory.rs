//! What units of work hold is given back: instances, snapshots and pending work, in graphs with cycles
//! too, however a unit of work ends, and 10,000 of them one after the other leave no byte behind.
//!
//! The allocator of this binary counts. So all of it is one test: another one beside it would be counted
//! too.

use std::alloc::System;
use std::sync::atomic::{AtomicUsize, Ordering};

use musher::prelude::*;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const UNITS: usize = 10_000;

/// How many instances there are.
static LIVE: AtomicUsize = AtomicUsize::new(0);

/// Counts the instance that has it.
#[derive(Debug)]
struct Counted;

impl Default for Counted {
    fn default() -> Self {
        LIVE.fetch_add(1, Ordering::Relaxed);
        Counted
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Knows others, who know it: each relation goes in circles.
#[derive(Entity, Debug)]
struct Person {
    #[orm(primary_key)]
    id: Pk,
    name: String,
    life: Lazy<String>,
    #[orm(many_to_one(inversed_by = taught))]
    teacher: Option<Id<Person>>,
    #[orm(one_to_many(mapped_by = teacher))]
    taught: Collection<Person>,
    #[orm(one_to_one(inversed_by = admirer))]
    admires: Option<Id<Person>>,
    #[orm(one_to_one(mapped_by = admires))]
    admirer: Inverse<Person>,
    #[orm(many_to_many(inversed_by = known_by))]
    knows: Collection<Person>,
    #[orm(many_to_many(mapped_by = knows))]
    known_by: Collection<Person>,
    #[orm(skip)]
    #[expect(dead_code, reason = "it is there to be dropped")]
    counted: Counted,
}

const PEOPLE: usize = 4;

/// A circle of people who all refer to each other.
fn circle(em: &mut EntityManager) -> Vec<Id<Person>> {
    let person = |at: usize| Person::build().name(format!("person {at}")).life("long");
    let people: Vec<_> = (0..PEOPLE).map(|at| em.create(person(at))).collect();
    for (at, id) in people.iter().enumerate() {
        let next = people[(at + 1) % PEOPLE];
        em.edit(*id).set_teacher(Some(next));
        em.edit(*id).set_admires(Some(next));
        em.edit(*id).knows().add(&people);
    }
    people
}

/// Loads all of them, with all that leads from one to the others.
fn load(em: &mut EntityManager) -> musher::Result<Vec<Id<Person>>> {
    let people = em.find::<Person>();
    let people = people.populate(|p| (p.teacher().taught(), p.admires().admirer(), p.life()));
    let ids = people.unchecked().all()?;
    em.populate(&ids, |p| (p.knows().known_by(), p.known_by()))?;
    assert_eq!(LIVE.load(Ordering::Relaxed), PEOPLE);
    Ok(ids)
}

fn live() -> usize {
    LIVE.load(Ordering::Relaxed)
}

/// What is allocated and not given back, in bytes.
fn held() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

/// However a unit of work gives up a graph with cycles, its instances go at once.
fn every_end_frees_what_was_managed(orm: &Orm) -> musher::Result<()> {
    let mut em = orm.em();
    load(&mut em)?;
    drop(em);
    assert_eq!(live(), 0, "dropped");

    let mut em = orm.em();
    load(&mut em)?;
    em.clear();
    assert_eq!(live(), 0, "cleared");

    for id in load(&mut em)? {
        em.detach(id);
    }
    assert_eq!(live(), 0, "detached");

    let taken_back = em.transactional(|em| {
        load(em)?;
        Err::<(), _>(Error::other("not this time"))
    });
    assert!(taken_back.is_err());
    assert_eq!(live(), 0, "rolled back");

    circle(&mut em);
    assert_eq!(live(), PEOPLE);
    em.clear();
    assert_eq!(live(), 0, "never flushed");

    // Inside a transaction, what is given up can come back as long as it is open.
    em.transactional(|em| {
        load(em)?;
        em.clear();
        Ok(())
    })?;
    assert_eq!(live(), 0, "cleared in a transaction");

    let people = circle(&mut em);
    em.flush()?;
    for id in people {
        em.edit(id).set_teacher(None).set_admires(None);
        em.remove(id);
    }
    em.flush()?;
    assert_eq!(live(), 0, "removed");
    Ok(())
}

/// One unit of work: it loads everything, writes a little, and is gone.
fn unit_of_work(orm: &Orm, number: usize) -> musher::Result<()> {
    let mut em = orm.em();
    let people = load(&mut em)?;
    em[people[number % PEOPLE]].name = format!("person {:05}", number % 100);
    match number % 4 {
        0 => em.flush()?,
        1 => em.transactional(|em| {
            em[people[0]].life = "short".into();
            em.flush()?;
            em.transactional(EntityManager::flush)
        })?,
        2 => {
            let same = people[0];
            em[people[1]].id = Pk::from(*same.key());
            em.flush().expect_err("a key never changes");
        }
        _ => {}
    }
    Ok(())
}

#[test]
fn units_of_work_leave_nothing_behind() -> musher::Result<()> {
    let orm = Orm::builder().entities::<Person>().in_memory()?;
    let mut em = orm.em();
    circle(&mut em);
    em.flush()?;
    drop(em);
    assert_eq!(live(), 0);
    every_end_frees_what_was_managed(&orm)?;
    // What is made once, as are the rows in their final length, is made now.
    (0..1000).try_for_each(|number| unit_of_work(&orm, number))?;
    let before = held();
    (0..UNITS).try_for_each(|number| unit_of_work(&orm, number))?;
    assert_eq!(held(), before, "bytes after {UNITS} units of work");
    assert_eq!(live(), 0);
    assert!(orm.verify()?.is_clean());

    let mut em = orm.em();
    load(&mut em)?;
    std::mem::forget(em);
    assert!(held() > before, "what is left behind is seen");
    assert_eq!(live(), PEOPLE);
    Ok(())
}
