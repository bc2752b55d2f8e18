//! Random operations on two units of work over one database, against a model made of plain maps.
//!
//! The model knows what is committed, and of each unit of work what it read and what it wants. The
//! outcome of a flush is worked out from these two by the rules as they are written: constraints on
//! the final state, `on_delete`, orphans, links as sets. After every operation the unit of work at
//! hand is compared with the model; after every flush, also one that failed, and after reopening,
//! everything stored is, from both ends, and `orm.verify()` finds nothing.
//!
//! What holds at every moment, whatever was done:
//! - Of each row there is at most one instance in a unit of work. Following a relation and asking
//!   for the id give the same one. What is managed and loaded is found without a read.
//! - An instance shows what was read, with the changes made here, and nothing else; a lazy property
//!   that is loaded likewise.
//! - A collection that is initialized holds exactly the rows that refer to its owner, or are linked
//!   with it, in this unit of work; one that is not holds some of them at most. So the two ends of a
//!   relation agree, as far as they are loaded. The exception is a row that was taken out of the
//!   collection of an owner that it needs: its reference stays until the flush refuses or removes it.
//! - A one-to-one relation has one row at either end.
//! - A row to be removed is shown until the flush, and found no more.
//! - A flush that fails for one of the reasons that the model gives has changed nothing, and a flush
//!   that has nothing to do makes no commit. When the reasons are mended the same flush succeeds.
//! - A unit of work that goes back to where a transaction, or a savepoint in it, began is as it was
//!   then, and what it had flushed since is nowhere. Until the commit no other one sees any of it.
//! - A version counts the flushes that wrote its row, and a row that others have written since it was
//!   read is neither written nor removed.
//! - A snapshot shows what was stored when it was taken, whatever has been committed since.
//! - Hooks have run once for each row that was written, as the count that they keep says.
//! - A bulk operation makes of the stored rows what a unit of work without hooks would, and what is
//!   managed follows it, but for what was changed here and is not flushed.
//! - A fork with the identity map has all that is loaded. A merged copy overwrites no changes.
//!
//! Between a plain assignment of a reference and the next query or flush, collections are not
//! compared: they follow only then. Beside that the test is narrow in these places:
//! - A unit of work does not go on over what the other one has committed: it flushes what it has
//!   over that (only what it changed is written), or gives it up, and is cleared. What `find` and
//!   `refresh` do with rows that another unit of work has changed is not modelled.
//! - A unit of work is not flushed over links that the other one has changed: setting or emptying a
//!   collection that is not loaded is about all that is stored by then, and of one that is, about what it
//!   showed.
//! - A one-to-one target is loaded with who has it before it is given to another row.
//! - Only rows that no other row refers to are removed and created anew in one flush, and what was
//!   created so is not removed again: the old row would be shown only where it was read since.
//! - Only rows for which nothing is pending, in their collections neither, are detached, and only
//!   stored ones, which are no orphans, refreshed.
//! - Rows with links are not detached.
//! - A new row is not given up while rows that are not loaded were promised to it: the promise is
//!   forgotten then, where a loaded row would keep its reference to a row that does not come.
//! - While a transaction is open the other unit of work waits; `tests/transactions/conflicts.rs` has
//!   what happens if it does not.
//! - Bulk operations other than updates of scalars begin with a flush.
//! - Which of several reasons a failed flush names is left open, and so is the order of items.
//!
//! `MUSHER_MODEL_CASES` sets how many runs there are: `just model-soak`.

#[path = "model/mod.rs"]
mod model;

use model::{Environment, Operation, Place, Verb};
use proptest::collection::vec;
use proptest::prelude::*;

fn operation() -> impl Strategy<Value = Operation> {
    let verbs = Verb::WEIGHTED
        .iter()
        .map(|(verb, weight)| (*weight, Just(*verb)));
    let verb = proptest::strategy::Union::new_weighted(verbs.collect());
    (verb, any::<u8>(), any::<u8>(), any::<u8>()).prop_map(|(verb, who, whom, value)| Operation {
        verb,
        who,
        whom,
        value,
    })
}

fn run(place: Place, operations: Vec<Operation>) {
    let mut environment = Environment::new(place);
    for operation in operations {
        environment.apply(operation);
    }
    environment.finish();
}

fn cases(default: u32) -> ProptestConfig {
    let cases = std::env::var("MUSHER_MODEL_CASES");
    let cases = cases.ok().and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: cases.unwrap_or(default),
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn the_memory_store_follows_the_model(operations in vec(operation(), 1..50)) {
        run(Place::Memory, operations);
    }
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn the_sled_store_follows_the_model(operations in vec(operation(), 1..50)) {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        run(Place::Directory(directory.path().join("db")), operations);
    }
}
