//! One batch to one transaction of the engine over all its trees.
//!
//! Everything is encoded before the transaction begins. Its closure only writes: reading a tree
//! directly inside it would wait for the transaction itself. The value that a write replaces comes
//! back from the write, which is how old chunks are found without a read of their own.

use ::sled::transaction::{
    ConflictableTransactionError, TransactionError, Transactional, TransactionalTree,
};
use ::sled::{Db, IVec, Tree};

use super::format::{self, CHUNK_LENGTH, Stored};
use super::health::{Health, catch};
use super::pace::Load;
use super::tree::{OpenTree, Trees};
use crate::storage::batch::TreeWrites;
use crate::storage::{Batch, CommitSequence, StorageError, TreeId};

type InTransaction<T> = Result<T, ConflictableTransactionError<StorageError>>;

/// The writes to one caller's tree, encoded.
struct TreePlan<'a> {
    tree: &'a OpenTree,
    /// Where the transaction's list has the trees of this one.
    rows: usize,
    chunks: Option<usize>,
    writes: Vec<EncodedWrite<'a>>,
}

struct EncodedWrite<'a> {
    key: &'a [u8],
    /// The bytes to stand beside the key; `None` deletes it.
    stored: Option<IVec>,
    /// The value to cut into chunks; empty where it is none.
    chunked: &'a [u8],
}

/// How much the engine would be given for `batch`.
pub(super) fn measure(health: &Health, trees: &Trees, batch: &Batch) -> Result<Load, StorageError> {
    let mut load = Load::default();
    for (id, writes) in batch.trees() {
        let tree = trees.get(id);
        for (key, value) in writes {
            let new = value.as_ref().map_or(0, Vec::len);
            load = load.and(Load::of_write(key.len(), new));
            // What is replaced weighs more than what replaces it if that is nothing, or if it is in
            // chunks.
            if value.is_none() || tree.chunks().is_some() {
                let old = tree.extent(health, key)?;
                let chunk = Load::of_write(key.len(), CHUNK_LENGTH);
                load = load
                    .and(Load::of_replaced(old.length))
                    .and(chunk.times(old.chunks));
            }
        }
    }
    Ok(load)
}

/// Applies `batch` and records that it was commit `sequence`, both or neither.
pub(super) fn apply(
    health: &Health,
    db: &Db,
    own_tree: &Tree,
    trees: &Trees,
    batch: &Batch,
    sequence: CommitSequence,
) -> Result<(), StorageError> {
    let mut engine_trees = vec![own_tree];
    let mut plans = Vec::new();
    for (id, writes) in batch.trees() {
        plans.push(plan_tree(
            health,
            db,
            trees,
            (id, writes),
            &mut engine_trees,
        )?);
    }
    let record = IVec::from(format::encode_commit(sequence));
    let outcome = catch(|| {
        engine_trees
            .as_slice()
            .transaction(|views: &Vec<TransactionalTree>| {
                views[0].insert(format::COMMIT_KEY, record.clone())?;
                for plan in &plans {
                    let chunks = plan.chunks.map(|index| &views[index]);
                    write_tree(health, plan, &views[plan.rows], chunks)?;
                }
                Ok(())
            })
    });
    let error = match outcome {
        Ok(Ok(())) => return Ok(()),
        // Nothing was applied: the closure itself gave up.
        Ok(Err(TransactionError::Abort(error))) => return Err(error),
        Ok(Err(TransactionError::Storage(error))) => health.translate(None, error),
        Err(what) => health.corruption(None, what),
    };
    // The engine may have applied a part of the batch in memory, so nobody may look any more. On
    // the disk the batch has no end, so that opening the database again finds none of it.
    health.close(format!("applying commit {sequence} failed: {error}"));
    Err(error)
}

fn plan_tree<'a>(
    health: &Health,
    db: &Db,
    trees: &'a Trees,
    (id, writes): (TreeId, &'a TreeWrites),
    engine_trees: &mut Vec<&'a Tree>,
) -> Result<TreePlan<'a>, StorageError> {
    let tree = trees.get(id);
    let mut encoded = Vec::with_capacity(writes.len());
    for (key, value) in writes {
        let value = value.as_deref();
        let chunked = value.filter(|value| format::is_chunked(value));
        if chunked.is_some() {
            tree.ensure_chunks(health, db)?;
        }
        encoded.push(EncodedWrite {
            key,
            stored: value.map(|value| format::encode_stored(value).into()),
            chunked: chunked.unwrap_or_default(),
        });
    }
    let mut list = |engine_tree| {
        engine_trees.push(engine_tree);
        engine_trees.len() - 1
    };
    Ok(TreePlan {
        tree,
        rows: list(&tree.rows),
        chunks: tree.chunks().map(list),
        writes: encoded,
    })
}

fn write_tree(
    health: &Health,
    plan: &TreePlan<'_>,
    rows: &TransactionalTree,
    chunks: Option<&TransactionalTree>,
) -> InTransaction<()> {
    for write in &plan.writes {
        let replaced = match &write.stored {
            Some(stored) => rows.insert(write.key, stored.clone())?,
            // The engine would log the deletion of a key that is not there.
            None if rows.get(write.key)?.is_none() => continue,
            None => rows.remove(write.key)?,
        };
        // Without a tree of chunks no row has any, the replaced one included.
        let Some(chunks) = chunks else { continue };
        let replaced = chunks_of(replaced.as_ref()).map_err(|what| {
            let error = health.corruption(Some(&plan.tree.name), what);
            ConflictableTransactionError::Abort(error)
        })?;
        write_chunks(chunks, write, replaced)?;
    }
    Ok(())
}

fn chunks_of(stored: Option<&IVec>) -> Result<u64, format::Damage> {
    match stored {
        None => Ok(0),
        Some(stored) => Ok(Stored::decode(stored)?.chunk_count()),
    }
}

/// Writes the chunks of a value, and removes those of its predecessor that are beyond them.
fn write_chunks(
    chunks: &TransactionalTree,
    write: &EncodedWrite<'_>,
    replaced: u64,
) -> InTransaction<()> {
    let mut count = 0;
    for chunk in write.chunked.chunks(CHUNK_LENGTH) {
        chunks.insert(format::chunk_key(write.key, count), chunk)?;
        count += 1;
    }
    for index in count..replaced {
        chunks.remove(format::chunk_key(write.key, index))?;
    }
    Ok(())
}
