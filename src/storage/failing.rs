//! A store for tests, around another one, that fails at one operation: a read, a write or a sync.
//!
//! Operations are counted while the fault is armed, so a test can make each one of a call fail, one
//! after the other. A read that fails may have given a part of what was asked for. Invariant: a write
//! that fails has changed nothing, but for one that [`Operation::Sync`] fails, which is applied.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use parking_lot::Mutex;

use super::{
    Batch, Bytes, CommitSequence, Direction, Durability, KeyRange, Lent, Reader, StorageError,
    Store, TreeId, Visit,
};

/// What can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    /// A view is opened.
    View,
    /// A key is looked up, or a look-up or scan begins, or goes on after its first result.
    Read,
    /// A commit begins.
    Write,
    /// A planned batch is applied.
    Apply,
    /// An applied commit is confirmed by the disk.
    Sync,
}

/// The fault of one store, in the hands of a test.
#[derive(Clone, Default)]
pub(crate) struct Fault(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    armed: bool,
    /// The number of the operation that fails; 0 is none.
    at: usize,
    /// The kind of which the first fails.
    kind: Option<Operation>,
    counted: Vec<Operation>,
    fired: Option<Operation>,
}

impl Fault {
    /// Makes the operation number `at` fail, from 1 on; 0 is none.
    pub(crate) fn at(at: usize) -> Fault {
        let fault = Fault::default();
        fault.0.lock().at = at;
        fault
    }

    /// Makes the first operation of a kind fail.
    pub(crate) fn first(kind: Operation) -> Fault {
        let fault = Fault::default();
        fault.0.lock().kind = Some(kind);
        fault
    }

    /// Counts the operations of `call`, and fails at its turn.
    pub(crate) fn armed<R>(&self, call: impl FnOnce() -> R) -> R {
        self.0.lock().armed = true;
        let result = call();
        self.0.lock().armed = false;
        result
    }

    /// The operations that were counted, in their order.
    pub(crate) fn counted(&self) -> Vec<Operation> {
        self.0.lock().counted.clone()
    }

    /// The operation that has failed.
    pub(crate) fn fired(&self) -> Option<Operation> {
        self.0.lock().fired
    }

    fn check(&self, operation: Operation) -> io::Result<()> {
        let mut state = self.0.lock();
        if !state.armed {
            return Ok(());
        }
        state.counted.push(operation);
        let is_due = state.counted.len() == state.at || state.kind == Some(operation);
        if state.fired.is_none() && is_due {
            state.fired = Some(operation);
            return Err(io::Error::other(format!("the {operation:?} fails")));
        }
        Ok(())
    }

    fn fail(&self, operation: Operation) -> Result<(), StorageError> {
        self.check(operation).map_err(|source| StorageError::Io {
            action: "read or write",
            path: "the store of a test".into(),
            source,
        })
    }
}

/// A store that fails where its fault says.
pub(crate) struct FailingStore {
    inner: Box<dyn Store>,
    fault: Fault,
}

impl FailingStore {
    pub(crate) fn new(inner: Box<dyn Store>, fault: Fault) -> FailingStore {
        FailingStore { inner, fault }
    }
}

impl Store for FailingStore {
    fn open_tree(&self, name: &str) -> Result<TreeId, StorageError> {
        self.inner.open_tree(name)
    }

    fn tree_names(&self) -> Result<Vec<String>, StorageError> {
        self.inner.tree_names()
    }

    fn read(&self, query: &mut dyn FnMut(&dyn Reader)) -> Result<(), StorageError> {
        let fault = &self.fault;
        fault.fail(Operation::View)?;
        self.inner
            .read(&mut |inner| query(&FailingReader { inner, fault }))
    }

    fn write(
        &self,
        durability: Durability,
        plan: &mut dyn FnMut(&dyn Reader, CommitSequence) -> Option<Batch>,
    ) -> Result<Option<CommitSequence>, StorageError> {
        let fault = &self.fault;
        fault.fail(Operation::Write)?;
        let mut refused = Ok(());
        let written = self.inner.write(durability, &mut |inner, sequence| {
            let batch = plan(&FailingReader { inner, fault }, sequence)?;
            if !batch.is_empty() {
                refused = fault.fail(Operation::Apply);
            }
            refused.is_ok().then_some(batch)
        })?;
        refused?;
        if let Some(sequence) = written {
            self.fault
                .check(Operation::Sync)
                .map_err(|error| StorageError::NotDurable {
                    path: "the store of a test".into(),
                    sequence,
                    source: error.into(),
                })?;
        }
        Ok(written)
    }

    fn sync(&self) -> Result<(), StorageError> {
        self.fault.fail(Operation::Sync)?;
        self.inner.sync()
    }

    fn close(&self) -> Result<(), StorageError> {
        self.fault.fail(Operation::Sync)?;
        self.inner.close()
    }

    fn kind(&self) -> &'static str {
        self.inner.kind()
    }
}

struct FailingReader<'a> {
    inner: &'a dyn Reader,
    fault: &'a Fault,
}

impl Reader for FailingReader<'_> {
    fn get(&self, tree: TreeId, key: &[u8]) -> Result<Option<Bytes>, StorageError> {
        self.fault.fail(Operation::Read)?;
        self.inner.get(tree, key)
    }

    fn get_many(
        &self,
        tree: TreeId,
        keys: &[&[u8]],
        found: &mut dyn FnMut(usize, Option<Lent<'_>>),
    ) -> Result<(), StorageError> {
        self.fault.fail(Operation::Read)?;
        let (first, rest) = keys.split_at(keys.len().min(1));
        self.inner.get_many(tree, first, found)?;
        if rest.is_empty() {
            return Ok(());
        }
        self.fault.fail(Operation::Read)?;
        self.inner
            .get_many(tree, rest, &mut |at, value| found(at + 1, value))
    }

    fn contains(&self, tree: TreeId, key: &[u8]) -> Result<bool, StorageError> {
        self.fault.fail(Operation::Read)?;
        self.inner.contains(tree, key)
    }

    fn scan(
        &self,
        tree: TreeId,
        range: &KeyRange,
        direction: Direction,
        visit: Visit<'_>,
    ) -> Result<(), StorageError> {
        self.fault.fail(Operation::Read)?;
        let mut failed = Ok(());
        let mut visited = 0;
        self.inner.scan(tree, range, direction, &mut |key, value| {
            visited += 1;
            if visited == 2 {
                failed = self.fault.fail(Operation::Read);
                if failed.is_err() {
                    return ControlFlow::Break(());
                }
            }
            visit(key, value)
        })?;
        failed
    }

    fn sequence(&self) -> CommitSequence {
        self.inner.sequence()
    }
}
