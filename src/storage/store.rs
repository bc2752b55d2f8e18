//! The interface of a store: [`Store`], the [`Reader`] it hands to closures, and the small types
//! that both speak of.
//!
//! Views live only inside closures. They are never returned, because a store may hold a lock for
//! as long as a view exists, and a view that escapes would be a lock that escapes.

use std::fmt;
use std::ops::{ControlFlow, Deref};
use std::sync::Arc;
use std::time::Duration;

use super::{Batch, KeyRange, StorageError};

/// The longest key that a store takes, in bytes.
///
/// Engines keep several keys in one page and copy them while they rebalance, so a key is not the
/// place for a document.
pub(crate) const MAX_KEY_LENGTH: usize = 16 * 1024;

/// The longest name of a tree, in bytes of UTF-8.
///
/// The sled store keeps all names in one page that is rewritten when a tree is created.
pub(crate) const MAX_TREE_NAME_LENGTH: usize = 512;

/// A value that outlives the view it was read from.
pub(crate) type Bytes = Arc<[u8]>;

/// A value as a view has it for the moment of a call.
#[derive(Clone, Copy)]
pub(crate) enum Lent<'a> {
    /// Shared with what keeps it: to keep it, too, costs no copy.
    Shared(&'a Bytes),
    /// In memory that the call gives back.
    Borrowed(&'a [u8]),
}

impl Deref for Lent<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Lent::Shared(value) => value,
            Lent::Borrowed(value) => value,
        }
    }
}

/// The same bytes print alike, wherever they lie.
impl fmt::Debug for Lent<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, formatter)
    }
}

impl AsRef<[u8]> for Lent<'_> {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl From<Lent<'_>> for Bytes {
    fn from(lent: Lent<'_>) -> Bytes {
        match lent {
            Lent::Shared(value) => Bytes::clone(value),
            Lent::Borrowed(value) => value.into(),
        }
    }
}

/// What a scan calls with each key and value, until it breaks.
pub(crate) type Visit<'a> = &'a mut dyn FnMut(&[u8], Lent<'_>) -> ControlFlow<()>;

/// A tree of one open store: a dense number, in the order in which trees were opened.
///
/// It means nothing to another store, nor after the store was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TreeId(u32);

impl TreeId {
    /// # Panics
    ///
    /// If `index` does not fit in 32 bits.
    pub(super) fn from_index(index: usize) -> TreeId {
        TreeId(u32::try_from(index).expect("a store has fewer than 2^32 trees"))
    }

    /// The position of this tree in the order of opening; usable as an index of a vector.
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// The number of a commit: 1 for the first, one more for each that follows, 0 before any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CommitSequence(pub u64);

impl CommitSequence {
    /// The number of the commit after this one.
    pub(crate) fn next(self) -> CommitSequence {
        CommitSequence(self.0 + 1)
    }
}

impl fmt::Display for CommitSequence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// How safe a commit is when the call that made it returns.
///
/// Whatever is chosen, a commit is seen by others whole or not at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Durability {
    /// The commit is on the disk: it survives the loss of power. Commits made at the same time
    /// share one wait for the disk.
    #[default]
    Immediate,
    /// As [`Os`](Durability::Os) when the call returns; so long after that, at most, a thread of the
    /// database waits for the disk. What commits of one interval share is one such wait. A wait that
    /// fails makes the database refuse writes from then on, and `sync` and `close` report it.
    Interval(Duration),
    /// The commit is given to the operating system. It survives the end of the program, also one
    /// that is killed, but the last commits may be missing after the power is lost. Later durable
    /// commits make earlier ones durable too. A thread of the database syncs them after half a second.
    Os,
}

/// The order in which a scan visits keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Ascending.
    Forward,
    /// Descending.
    Backward,
}

/// One consistent view of all trees.
///
/// # Panics
///
/// All methods panic when `tree` is not from the store that gave the view: that is a bug of the
/// caller, not a state of the data.
pub(crate) trait Reader {
    /// The value of `key`, or `None` where there is none.
    fn get(&self, tree: TreeId, key: &[u8]) -> Result<Option<Bytes>, StorageError>;

    /// Looks `keys` up, which must be ascending, and calls `found` once for each, in their order,
    /// with the index of the key and its value, `None` where absent.
    fn get_many(
        &self,
        tree: TreeId,
        keys: &[&[u8]],
        found: &mut dyn FnMut(usize, Option<Lent<'_>>),
    ) -> Result<(), StorageError>;

    /// Whether `key` is there, without reading its value where that costs more.
    fn contains(&self, tree: TreeId, key: &[u8]) -> Result<bool, StorageError>;

    /// Visits the keys in `range` with their values, in key order or against it, until the range
    /// ends or `visit` breaks. An empty or inverted range visits nothing.
    fn scan(
        &self,
        tree: TreeId,
        range: &KeyRange,
        direction: Direction,
        visit: Visit<'_>,
    ) -> Result<(), StorageError>;

    /// Visits the keys in `range`, ascending, until the range ends or `visit` breaks. Values are
    /// not read, where that costs more or may fail.
    fn scan_keys(
        &self,
        tree: TreeId,
        range: &KeyRange,
        visit: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), StorageError> {
        self.scan(tree, range, Direction::Forward, &mut |key, _| visit(key))
    }

    /// The number of the last commit that this view contains.
    fn sequence(&self) -> CommitSequence;
}

/// Named trees of ordered keys, changed only by atomic batches.
///
/// Keys are up to [`MAX_KEY_LENGTH`] bytes and may be empty; the empty key sorts first. Values may
/// be empty and of any length that fits in memory.
///
/// A closure given to [`read`](Store::read) or [`write`](Store::write) must not call the same
/// store again: a store may hold its lock around the closure. When it panics, nothing is changed,
/// and the store stays usable.
pub(crate) trait Store: Send + Sync {
    /// Opens the tree called `name`, creating it when absent. The same name gives the same id.
    /// Any UTF-8 up to [`MAX_TREE_NAME_LENGTH`] bytes is a name.
    fn open_tree(&self, name: &str) -> Result<TreeId, StorageError>;

    /// The names of all trees there are, opened or not, ascending.
    fn tree_names(&self) -> Result<Vec<String>, StorageError>;

    /// Calls `query` exactly once with a view that does not change while it runs.
    fn read(&self, query: &mut dyn FnMut(&dyn Reader)) -> Result<(), StorageError>;

    /// Calls `plan` with a view and with the number that this commit will have, and applies the
    /// batch it returns, all or nothing. What the plan read still holds when the batch is applied.
    ///
    /// The plan must be repeatable: an engine may call it again, with a newer view, when another
    /// commit came first. Returning `None` abandons; that, like an empty batch, commits nothing,
    /// uses up no number and returns `None`.
    ///
    /// # Errors
    ///
    /// Nothing has been changed, except where the error is [`StorageError::NotDurable`]: then the
    /// commit is applied and visible, but it may be gone after a loss of power, and the store
    /// takes no further writes.
    fn write(
        &self,
        durability: Durability,
        plan: &mut dyn FnMut(&dyn Reader, CommitSequence) -> Option<Batch>,
    ) -> Result<Option<CommitSequence>, StorageError>;

    /// Makes every commit so far durable.
    fn sync(&self) -> Result<(), StorageError>;

    /// Does what dropping the store would do, and tells what fails of it. The store is not used
    /// afterwards.
    fn close(&self) -> Result<(), StorageError>;

    /// The name of the engine, for logs: `sled` or `memory`.
    fn kind(&self) -> &'static str;
}

/// What callers use: [`Store`]'s object-safe closures with results of any type.
pub(crate) trait StoreExt: Store {
    /// The result of `query`, run on a consistent view.
    fn read_with<R>(&self, query: impl FnOnce(&dyn Reader) -> R) -> Result<R, StorageError> {
        let mut query = Some(query);
        let mut result = None;
        self.read(&mut |reader| {
            let query = query.take().expect("a store calls a query once");
            result = Some(query(reader));
        })?;
        Ok(result.expect("a store that succeeds has called the query"))
    }

    /// Commits the batch that `plan` returns, and gives what it returned beside it. An error of
    /// the plan abandons the commit and is returned as it is; an empty batch commits nothing.
    fn write_with<R, E: From<StorageError>>(
        &self,
        durability: Durability,
        plan: impl FnMut(&dyn Reader, CommitSequence) -> Result<(Batch, R), E>,
    ) -> Result<R, E> {
        Ok(self.commit_with(durability, plan)?.confirmed()?)
    }

    /// As [`write_with`](Self::write_with), for callers that go on with a commit which the disk has
    /// not confirmed: it stands, so it is no error here.
    ///
    /// # Errors
    ///
    /// Nothing has been changed.
    fn commit_with<R, E: From<StorageError>>(
        &self,
        durability: Durability,
        mut plan: impl FnMut(&dyn Reader, CommitSequence) -> Result<(Batch, R), E>,
    ) -> Result<Committed<R>, E> {
        let mut result = None;
        let written = self.write(durability, &mut |reader, sequence| {
            let (batch, planned) = match plan(reader, sequence) {
                Ok((batch, value)) => (Some(batch), Ok(value)),
                Err(error) => (None, Err(error)),
            };
            result = Some(planned);
            batch
        });
        let unconfirmed = match written {
            Ok(_) => None,
            Err(error @ StorageError::NotDurable { .. }) => Some(error),
            Err(error) => return Err(error.into()),
        };
        let value = result.expect("a store that has committed has called the plan")?;
        Ok(Committed { value, unconfirmed })
    }
}

/// A commit that is applied and visible.
#[must_use = "the disk may not have confirmed the commit"]
pub(crate) struct Committed<R> {
    /// What the plan returned beside its batch.
    pub(crate) value: R,
    /// [`StorageError::NotDurable`], where the disk has not confirmed the commit.
    pub(crate) unconfirmed: Option<StorageError>,
}

impl<R> Committed<R> {
    /// Where there is nothing to wait for.
    pub(crate) const fn confirmed_now(value: R) -> Self {
        Self {
            value,
            unconfirmed: None,
        }
    }

    /// What the plan returned.
    ///
    /// # Errors
    ///
    /// The disk has not confirmed the commit.
    pub(crate) fn confirmed(self) -> Result<R, StorageError> {
        self.unconfirmed.map_or(Ok(self.value), Err)
    }
}

impl<S: Store + ?Sized> StoreExt for S {}

/// Refuses a name that no store takes.
pub(super) fn check_tree_name(name: &str) -> Result<(), StorageError> {
    if name.len() <= MAX_TREE_NAME_LENGTH {
        return Ok(());
    }
    Err(StorageError::TreeNameTooLong {
        length: name.len(),
        limit: MAX_TREE_NAME_LENGTH,
    })
}
