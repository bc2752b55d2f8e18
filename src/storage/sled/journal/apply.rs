//! One overlay into the engine, key by key, in slices.
//!
//! No transaction: the journal holds every commit of the overlay, so a crash in between is mended
//! by applying all of them again. What the journal cannot mend is an engine whose own unsynced
//! writes were half lost with the power, so little is left unsynced at any time.
//!
//! Refused: beginning before the journal of the overlay is on the disk. The caller has seen to it.
//!
//! Invariant: the commit record is written when everything before is on the disk. The chunks of a
//! value are changed before its row is, so that the row tells, however often this is repeated,
//! which chunks there were.

use std::sync::Arc;

use ::sled::{IVec, Tree};

use super::overlay::Overlay;
use crate::storage::StorageError;
use crate::storage::error::Cause;
use crate::storage::sled::engine::Engine;
use crate::storage::sled::faults::Operation;
use crate::storage::sled::format::{self, CHUNK_LENGTH, Stored};
use crate::storage::sled::tree::OpenTree;

/// How many bytes the engine takes between two syncs.
const SLICE_LENGTH: usize = 64 * 1024;

/// What the engine writes for a key beside the key and the value, roughly.
const WRITE_WEIGHT: usize = 64;

/// How an application ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Applied {
    /// All of it is in the engine, and on the disk.
    Whole,
    /// It was interrupted; the rest is in the journal.
    InPart,
}

/// Applies `overlay`, asking before every slice whether to go on. `trees` are by slot.
pub(super) fn apply(
    engine: &Engine,
    trees: &[Arc<OpenTree>],
    overlay: &Overlay,
    go_on: &dyn Fn() -> bool,
) -> Result<Applied, Cause> {
    let mut slice = Slice { engine, length: 0 };
    for (slot, layer) in overlay.layers() {
        let tree = &trees[slot];
        for (key, value) in layer {
            if slice.length == 0 && !go_on() {
                return Ok(Applied::InPart);
            }
            write(&mut slice, tree, key, value.as_deref())?;
            slice.end_if_full()?;
        }
    }
    slice.end()?;
    engine.faults.check(Operation::EngineWrite)?;
    engine.write_sequence(overlay.last())?;
    engine.sync()?;
    Ok(Applied::Whole)
}

/// Writes since the last sync of the engine.
struct Slice<'a> {
    engine: &'a Engine,
    length: usize,
}

impl Slice<'_> {
    fn set(
        &mut self,
        tree: (&OpenTree, &Tree),
        key: &[u8],
        value: Option<IVec>,
    ) -> Result<(), Cause> {
        let (OpenTree { name, .. }, tree) = tree;
        self.engine.faults.check(Operation::EngineWrite)?;
        self.length += key.len() + value.as_ref().map_or(0, |value| value.len()) + WRITE_WEIGHT;
        self.engine.health.guarded(Some(name), || match value {
            Some(value) => tree.insert(key, value).map(|_| ()),
            // The engine would log the deletion of a key that is not there.
            None if tree.contains_key(key)? => tree.remove(key).map(|_| ()),
            None => Ok(()),
        })?;
        Ok(())
    }

    fn end_if_full(&mut self) -> Result<(), Cause> {
        if self.length >= SLICE_LENGTH {
            self.end()?;
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Cause> {
        self.length = 0;
        self.engine.sync()
    }
}

fn write(
    slice: &mut Slice<'_>,
    tree: &OpenTree,
    key: &[u8],
    value: Option<&[u8]>,
) -> Result<(), Cause> {
    let chunked = value.filter(|value| format::is_chunked(value));
    if chunked.is_some() {
        tree.ensure_chunks(&slice.engine.health, &slice.engine.db)?;
    }
    // Without a tree of chunks no row has any, the replaced one included.
    if let Some(chunks) = tree.chunks() {
        let replaced = count_chunks(slice.engine, tree, key)?;
        write_chunks(
            slice,
            (tree, chunks),
            key,
            chunked.unwrap_or_default(),
            replaced,
        )?;
    }
    let stored = value.map(|value| format::encode_stored(value).into());
    slice.set((tree, &tree.rows), key, stored)
}

/// How many chunks belong to the row that is stored.
fn count_chunks(engine: &Engine, tree: &OpenTree, key: &[u8]) -> Result<u64, StorageError> {
    let name = Some(tree.name.as_str());
    let Some(stored) = engine.health.guarded(name, || tree.rows.get(key))? else {
        return Ok(0);
    };
    match Stored::decode(&stored) {
        Ok(stored) => Ok(stored.chunk_count()),
        Err(what) => Err(engine.health.corruption(name, what)),
    }
}

/// Writes the chunks of a value, and removes those of its predecessor that are beyond them.
fn write_chunks(
    slice: &mut Slice<'_>,
    chunks: (&OpenTree, &Tree),
    key: &[u8],
    value: &[u8],
    replaced: u64,
) -> Result<(), Cause> {
    let mut count = 0;
    for chunk in value.chunks(CHUNK_LENGTH) {
        slice.set(chunks, &format::chunk_key(key, count), Some(chunk.into()))?;
        slice.end_if_full()?;
        count += 1;
    }
    for index in count..replaced {
        slice.set(chunks, &format::chunk_key(key, index), None)?;
        slice.end_if_full()?;
    }
    Ok(())
}
