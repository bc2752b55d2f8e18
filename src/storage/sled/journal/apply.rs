//! One overlay into the engine, key by key.
//!
//! No transaction: the journal holds every commit of the overlay, so a crash in between is mended
//! by applying all of them again. What the journal cannot mend is an engine whose own unsynced
//! writes were half lost with the power, so little is left unsynced at any time: see `pace`.
//!
//! Refused: beginning before the journal of the overlay is on the disk. The caller has seen to it.
//!
//! Invariant: the commit record is written when everything before is on the disk. The chunks of a
//! value are changed before its row is, so that the row tells, however often this is repeated,
//! which chunks there were.

use std::sync::Arc;

use ::sled::{IVec, Tree};

use super::overlay::Overlay;
use crate::storage::error::Cause;
use crate::storage::sled::engine::Engine;
use crate::storage::sled::faults::Operation;
use crate::storage::sled::format::{self, CHUNK_LENGTH};
use crate::storage::sled::pace::Load;
use crate::storage::sled::tree::OpenTree;

/// How an application ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::storage::sled) enum Applied {
    /// All of it is in the engine, and on the disk.
    Whole,
    /// It was interrupted; the rest is in the journal.
    InPart,
}

/// Applies `overlay`, asking before every key whether to go on. `trees` are by slot.
pub(in crate::storage::sled) fn apply(
    engine: &Engine,
    trees: &[Arc<OpenTree>],
    overlay: &Overlay,
    go_on: &dyn Fn() -> bool,
) -> Result<Applied, Cause> {
    for (slot, layer) in overlay.layers() {
        let tree = &trees[slot];
        for (key, value) in layer {
            if !go_on() {
                return Ok(Applied::InPart);
            }
            write(engine, tree, key, value.as_deref())?;
        }
    }
    engine.sync()?;
    engine.faults.check(Operation::EngineWrite)?;
    engine.write_sequence(overlay.last())?;
    engine.sync()?;
    Ok(Applied::Whole)
}

fn write(engine: &Engine, tree: &OpenTree, key: &[u8], value: Option<&[u8]>) -> Result<(), Cause> {
    let chunked = value.filter(|value| format::is_chunked(value));
    if chunked.is_some() {
        tree.ensure_chunks(&engine.health, &engine.db)?;
    }
    // Without a tree of chunks no row has any, the replaced one included.
    if let Some(chunks) = tree.chunks() {
        let replaced = tree.extent(&engine.health, key)?.chunks;
        let chunked = chunked.unwrap_or_default();
        write_chunks(engine, (tree, chunks), key, chunked, replaced)?;
    }
    let stored = value.map(|value| format::encode_stored(value).into());
    set(engine, (tree, &tree.rows), key, stored)
}

/// Writes the chunks of a value, and removes those of its predecessor that are beyond them.
fn write_chunks(
    engine: &Engine,
    chunks: (&OpenTree, &Tree),
    key: &[u8],
    value: &[u8],
    replaced: u64,
) -> Result<(), Cause> {
    let mut count = 0;
    for chunk in value.chunks(CHUNK_LENGTH) {
        let chunk_key = format::chunk_key(key, count);
        set(engine, chunks, &chunk_key, Some(chunk.into()))?;
        count += 1;
    }
    for index in count..replaced {
        set(engine, chunks, &format::chunk_key(key, index), None)?;
    }
    Ok(())
}

/// Sets or removes one key of the engine.
fn set(
    engine: &Engine,
    (OpenTree { name, .. }, tree): (&OpenTree, &Tree),
    key: &[u8],
    value: Option<IVec>,
) -> Result<(), Cause> {
    engine.faults.check(Operation::EngineWrite)?;
    let new = value.as_ref().map_or(0, |value| value.len());
    let old = engine.health.guarded(Some(name), || match value {
        Some(value) => tree.insert(key, value),
        // The engine would log the deletion of a key that is not there.
        None if tree.contains_key(key)? => tree.remove(key),
        None => Ok(None),
    })?;
    let old = old.map_or(0, |old| old.len());
    engine.wrote(Load::of_write(key.len(), new).and(Load::of_replaced(old)))
}
