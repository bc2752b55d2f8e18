//! Every single operation of a store fails, one after the other: afterwards memory and store are as
//! before, and the same call succeeds, with the result of a run without a fault.
//!
//! A run goes through all steps with at most one fault. The first run has none, and says what memory
//! and store are like after each step; a run with a fault is held against it at the step that fails,
//! after the call is made again, and at the end.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::domain::{House, Tag, events, tag, task, user};
use super::memory::{shown, stored};
use super::steps::{STEPS, Step};
use crate::manager::EntityManager;
use crate::storage::failing::{FailingStore, Fault, Operation};
use crate::storage::{CommitPath, MemoryStore, SledOptions, SledStore, Store};
use crate::{Error, FlushMode, Orm, Statistics};

/// What a run without faults has made of one step.
struct Reference {
    /// The operations of all steps so far.
    operations: usize,
    result: String,
    shown: Vec<String>,
    stored: Vec<String>,
    statistics: Statistics,
}

/// Opens a house over a store that fails once.
fn open(store: Box<dyn Store>, fault: &Fault) -> Orm {
    let store = FailingStore::new(store, fault.clone());
    let builder = Orm::builder().entities::<House>();
    let orm = builder.flush_mode(FlushMode::Commit).over(Box::new(store));
    orm.expect("the house opens")
}

/// The same in all runs: the order of hidden maps, keys and numbers.
#[track_caller]
fn assert_same(found: &[String], expected: &[String], what: &str) {
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found, expected, "{what}");
    }
    assert_eq!(found.len(), expected.len(), "{what}");
}

/// What was counted since `before`.
fn since(now: Statistics, before: Statistics) -> Statistics {
    Statistics {
        lookups: now.lookups - before.lookups,
        rows_read: now.rows_read - before.rows_read,
        commits: now.commits - before.commits,
        rows_written: now.rows_written - before.rows_written,
        links_written: now.links_written - before.links_written,
    }
}

/// The run without faults, and its operations.
fn reference(store: Box<dyn Store>) -> (Vec<Reference>, Vec<Operation>) {
    let fault = Fault::default();
    let orm = open(store, &fault);
    let mut em = orm.em();
    let mut references = Vec::new();
    for Step {
        name, edit, call, ..
    } in STEPS
    {
        edit(&mut em).unwrap_or_else(|error| panic!("before {name}: {error}"));
        let before = em.statistics();
        let result = fault.armed(|| call(&mut em));
        references.push(Reference {
            operations: fault.counted().len(),
            result: result.unwrap_or_else(|error| panic!("{name}: {error}")),
            shown: shown(&em),
            stored: stored(&em),
            statistics: since(em.statistics(), before),
        });
    }
    assert!(orm.verify().expect("it can be read").is_clean());
    (references, fault.counted())
}

/// A run in which operation `at` fails. Gives what it was.
fn run_with_fault(store: Box<dyn Store>, references: &[Reference], at: usize) -> Operation {
    let fault = Fault::at(at);
    let orm = open(store, &fault);
    let mut em = orm.em();
    for (step, reference) in STEPS.iter().zip(references) {
        (step.edit)(&mut em).expect("nothing fails before the call");
        let is_due = fault.fired().is_none() && reference.operations >= at;
        if is_due {
            fail(step, reference, &orm, &mut em, &fault);
        } else {
            let result = fault.armed(|| (step.call)(&mut em));
            assert_eq!(result.expect("the fault is elsewhere"), reference.result);
        }
    }
    let last = references.last().expect("there are steps");
    assert_same(&shown(&em), &last.shown, "memory at the end");
    assert_same(&stored(&em), &last.stored, "the store at the end");
    fault.fired().expect("every operation comes")
}

/// The call that fails, what it leaves, and the call made again.
fn fail(step: &Step, reference: &Reference, orm: &Orm, em: &mut EntityManager, fault: &Fault) {
    let before = (shown(em), stored(em));
    let counts = em.statistics();
    let failed = fault.armed(|| (step.call)(em));
    let operation = fault.fired().expect("the fault is in this step");
    let what = |when| format!("{when} {operation:?} failed in {}", step.name);
    let error = failed.expect_err(&what("nothing is said when"));
    if operation == Operation::Sync {
        assert!(matches!(error, Error::NotDurable { .. }), "{error}");
    } else {
        assert!(matches!(error, Error::Storage { .. }), "{error}");
        assert_same(&shown(em), &before.0, &what("memory after"));
        if step.is_one_call {
            assert_eq!(em.statistics(), counts, "{}", what("counts after"));
        }
        assert_same(&stored(em), &before.1, &what("the store after"));
        let result = fault.armed(|| (step.call)(em));
        let result = result.unwrap_or_else(|error| panic!("{}: {error}", what("again after")));
        assert_eq!(result, reference.result, "{}", what("the result after"));
    }
    assert_same(&shown(em), &reference.shown, &what("memory, again, after"));
    assert_same(
        &stored(em),
        &reference.stored,
        &what("the store, again, after"),
    );
    if step.is_one_call {
        let counted = since(em.statistics(), counts);
        assert_eq!(
            counted,
            reference.statistics,
            "{}",
            what("counts, again, after")
        );
    }
    let report = orm.verify().expect("the house can be read");
    assert!(report.is_clean(), "{}: {report}", what("after"));
}

/// Makes each operation of the kinds fail, and says how many of each there were.
fn fail_each(store: impl Fn() -> Box<dyn Store>, kinds: &[Operation]) {
    let (references, operations) = reference(store());
    let mut failed: BTreeMap<Operation, usize> = BTreeMap::new();
    for (at, operation) in (1..).zip(&operations) {
        if kinds.contains(operation) {
            let fired = run_with_fault(store(), &references, at);
            assert_eq!(fired, *operation, "every run does the same");
            *failed.entry(fired).or_default() += 1;
        }
    }
    for kind in kinds {
        assert!(failed.contains_key(kind), "{kind:?} is among {failed:?}");
    }
    println!("{} steps, failed: {failed:?}", STEPS.len());
}

/// Makes each commit fail at its begin, before it is applied and when it is.
fn fail_each_commit_in_sled(commit_path: CommitPath, overlay_capacity: usize) {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let number = Cell::new(0);
    let options = SledOptions {
        commit_path,
        overlay_capacity,
        ..SledOptions::default()
    };
    let open = || -> Box<dyn Store> {
        number.set(number.get() + 1);
        let path = directory.path().join(number.get().to_string());
        Box::new(SledStore::open(path, options).expect("the store opens"))
    };
    fail_each(open, &[Operation::Write, Operation::Apply, Operation::Sync]);
}

#[test]
fn every_operation_of_the_memory_store_may_fail() {
    use Operation::{Apply, Read, Sync, View, Write};
    let store = || -> Box<dyn Store> { Box::new(MemoryStore::new()) };
    fail_each(store, &[View, Read, Write, Apply, Sync]);
}

#[test]
fn every_commit_to_sled_may_fail() {
    fail_each_commit_in_sled(CommitPath::Direct, 0);
}

#[test]
fn every_commit_through_the_journal_may_fail() {
    fail_each_commit_in_sled(CommitPath::Journal, 1000);
}

#[test]
fn a_commit_that_the_disk_has_not_confirmed_stands_and_is_not_made_again() {
    for in_transaction in [false, true] {
        let fault = Fault::first(Operation::Sync);
        let orm = open(Box::new(MemoryStore::new()), &fault);
        let mut em = orm.em();
        let (new, label) = (task(&mut em, "code x"), tag(&mut em, "new"));
        events();
        let committed = fault.armed(|| {
            if in_transaction {
                em.transactional(EntityManager::flush)
            } else {
                em.flush()
            }
        });
        let error = committed.expect_err("the disk does not confirm it");
        assert!(matches!(error, Error::NotDurable { .. }), "{error}");
        assert!(!em.is_in_transaction());
        // It is applied, so memory and hooks are told.
        let heard = events();
        let created = format!("after_create {new} ");
        assert!(
            heard.iter().any(|event| event.starts_with(&created)),
            "{heard:?}"
        );
        assert_eq!(
            orm.em().find::<Tag>().all().expect("it is visible"),
            [label]
        );
        em.flush().expect("nothing is pending");
        assert_eq!(em.statistics().commits, 1);
        em[label].name = "newer".to_owned();
        em.flush().expect("the store goes on");
        assert_eq!(em.statistics().commits, 2);
        assert!(orm.verify().expect("it can be read").is_clean());
    }
}

#[test]
fn a_query_that_flushes_first_keeps_the_flush_when_it_fails() {
    let fault = Fault::first(Operation::View);
    let orm = open(Box::new(MemoryStore::new()), &fault);
    let mut em = orm.em();
    em.set_flush_mode(FlushMode::Auto);
    let label = tag(&mut em, "new");
    let found = fault.armed(|| em.find::<Tag>().all());
    assert!(matches!(found, Err(Error::Storage { .. })));
    assert_eq!(em.statistics().commits, 1);
    assert_eq!(em.statistics().lookups, 0);
    assert_eq!(em.find::<Tag>().all().expect("the fault is over"), [label]);
    assert_eq!(em.statistics().commits, 1);
}

#[test]
fn a_query_whose_flush_fails_leaves_everything_pending() {
    let fault = Fault::first(Operation::Apply);
    let orm = open(Box::new(MemoryStore::new()), &fault);
    let mut em = orm.em();
    em.set_flush_mode(FlushMode::Auto);
    let label = tag(&mut em, "new");
    let before = shown(&em);
    let found = fault.armed(|| em.find::<Tag>().all());
    assert!(matches!(found, Err(Error::Storage { .. })));
    assert_eq!(shown(&em), before);
    assert_eq!(em.find::<Tag>().all().expect("the fault is over"), [label]);
}

#[test]
fn a_hook_that_panics_leaves_everything_pending() {
    let fault = Fault::default();
    let orm = open(Box::new(MemoryStore::new()), &fault);
    let mut em = orm.em();
    user(&mut em, "ann");
    task(&mut em, "parent nobody");
    let before = shown(&em);
    let flushed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| em.flush()));
    assert!(flushed.is_err(), "`nobody` is no number");
    assert_eq!(shown(&em), before);
}
