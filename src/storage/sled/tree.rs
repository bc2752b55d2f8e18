//! The trees that are open, and the reading of one value in either of its two shapes.
//!
//! A caller's tree is one engine tree of rows, and a second one of chunks from the first large
//! value on. Invariant: a row whose value is in chunks exists only where the chunks tree does.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use ::sled::{Db, IVec, Tree};

use super::cache::ValueCache;
use super::engine::Engine;
use super::format::{self, ChunkHeader, Stored};
use super::health::Health;
use crate::storage::{Bytes, StorageError, TreeId};

/// The trees opened so far, by callers or for a journal that names them.
///
/// Each has a slot. A slot gets an id when a caller first asks for the tree, so that ids count in
/// the order of the callers, whatever the journal named before.
#[derive(Default)]
pub(super) struct Trees {
    slots: Vec<Arc<OpenTree>>,
    by_name: HashMap<String, usize>,
    /// The slot of each id.
    opened: Vec<usize>,
}

impl Trees {
    /// The id of `name`, whose tree is opened, or created when absent.
    pub(super) fn open(&mut self, engine: &Engine, name: &str) -> Result<TreeId, StorageError> {
        let slot = self.ensure_slot(engine, name)?;
        let known = self.opened.iter().position(|&opened| opened == slot);
        let index = known.unwrap_or_else(|| {
            self.opened.push(slot);
            self.opened.len() - 1
        });
        Ok(TreeId::from_index(index))
    }

    /// The slot of `name`, whose tree is opened, or created when absent.
    pub(super) fn ensure_slot(
        &mut self,
        engine: &Engine,
        name: &str,
    ) -> Result<usize, StorageError> {
        if let Some(&slot) = self.by_name.get(name) {
            return Ok(slot);
        }
        engine.health.check_write()?;
        let slot = u32::try_from(self.slots.len()).expect("a store has fewer than 2^32 trees");
        let cache = TreeCache {
            values: Arc::clone(&engine.cache),
            slot,
        };
        let tree = OpenTree::open(&engine.health, &engine.db, name, cache)?;
        self.by_name.insert(name.to_owned(), self.slots.len());
        self.slots.push(Arc::new(tree));
        debug_assert_eq!(self.by_name.len(), self.slots.len());
        Ok(self.slots.len() - 1)
    }

    /// # Panics
    ///
    /// If the id is from another store.
    pub(super) fn slot(&self, id: TreeId) -> usize {
        let slot = self.opened.get(id.index());
        *slot.expect("a tree is used only with the store that opened it")
    }

    /// # Panics
    ///
    /// If the id is from another store.
    pub(super) fn get(&self, id: TreeId) -> &OpenTree {
        &self.slots[self.slot(id)]
    }

    /// All trees, by slot.
    pub(super) fn slots(&self) -> &[Arc<OpenTree>] {
        &self.slots
    }
}

/// One tree of a caller.
pub(super) struct OpenTree {
    pub(super) name: String,
    pub(super) rows: Tree,
    chunks: OnceLock<Tree>,
    cache: TreeCache,
}

/// The cached values of one tree.
struct TreeCache {
    values: Arc<ValueCache>,
    slot: u32,
}

impl OpenTree {
    /// Opens the engine's trees of `name`; that of rows is created when absent.
    fn open(
        health: &Health,
        db: &Db,
        name: &str,
        cache: TreeCache,
    ) -> Result<OpenTree, StorageError> {
        health.guarded(Some(name), || {
            let chunks = OnceLock::new();
            let chunks_name = format::chunks_tree(name);
            if db.tree_names().iter().any(|known| known == &chunks_name) {
                let chunks_tree = db.open_tree(chunks_name)?;
                chunks.get_or_init(|| chunks_tree);
            }
            Ok(OpenTree {
                name: name.to_owned(),
                rows: db.open_tree(format::rows_tree(name))?,
                chunks,
                cache,
            })
        })
    }

    /// The engine's tree of chunks, if a value was ever large enough.
    pub(super) fn chunks(&self) -> Option<&Tree> {
        self.chunks.get()
    }

    /// The engine's tree of chunks, created when absent.
    pub(super) fn ensure_chunks(&self, health: &Health, db: &Db) -> Result<&Tree, StorageError> {
        if let Some(chunks) = self.chunks.get() {
            return Ok(chunks);
        }
        let name = format::chunks_tree(&self.name);
        let chunks = health.guarded(Some(&self.name), || db.open_tree(name))?;
        Ok(self.chunks.get_or_init(|| chunks))
    }

    /// The value of `key`. A view must be held, since what is read is cached.
    pub(super) fn get(&self, health: &Health, key: &[u8]) -> Result<Option<Bytes>, StorageError> {
        let TreeCache { values, slot } = &self.cache;
        if let Some(value) = values.get(*slot, key) {
            return Ok(Some(value));
        }
        let stored = health.guarded(Some(&self.name), || self.rows.get(key))?;
        let Some(stored) = stored else {
            return Ok(None);
        };
        let value = self.load(health, key, stored)?;
        let bytes = Bytes::from(&*value);
        if let Value::Inline(_) = value {
            values.keep(*slot, key, &bytes);
        }
        Ok(Some(bytes))
    }

    /// Forgets the value of `key`, because a commit writes it. No view may be held.
    pub(super) fn forget(&self, key: &[u8]) {
        self.cache.values.forget(self.cache.slot, key);
    }

    /// Whether there is a value of `key`.
    pub(super) fn contains(&self, health: &Health, key: &[u8]) -> Result<bool, StorageError> {
        let TreeCache { values, slot } = &self.cache;
        if values.get(*slot, key).is_some() {
            return Ok(true);
        }
        health.guarded(Some(&self.name), || self.rows.contains_key(key))
    }

    /// How much is stored for `key`.
    pub(super) fn extent(&self, health: &Health, key: &[u8]) -> Result<Extent, StorageError> {
        let stored = health.guarded(Some(&self.name), || self.rows.get(key))?;
        let Some(stored) = stored else {
            return Ok(Extent::default());
        };
        match Stored::decode(&stored) {
            Err(what) => Err(health.corruption(Some(&self.name), what)),
            Ok(decoded) => Ok(Extent {
                length: stored.len(),
                chunks: decoded.chunk_count(),
            }),
        }
    }

    /// The value that `stored`, found beside `key`, stands for.
    pub(super) fn load(
        &self,
        health: &Health,
        key: &[u8],
        stored: IVec,
    ) -> Result<Value, StorageError> {
        let damage = |what| Err(health.corruption(Some(&self.name), what));
        match Stored::decode(&stored) {
            Err(what) => damage(what),
            Ok(Stored::Inline(_)) => Ok(Value::Inline(stored)),
            Ok(Stored::Chunked(header)) => self.assemble(health, key, header).map(Value::Assembled),
        }
    }

    fn assemble(
        &self,
        health: &Health,
        key: &[u8],
        header: ChunkHeader,
    ) -> Result<Vec<u8>, StorageError> {
        let damage = |what| Err(health.corruption(Some(&self.name), what));
        let Some(chunks) = self.chunks.get() else {
            return damage("a value is in chunks, and there are none");
        };
        let mut value = Vec::new();
        for index in 0..header.chunk_count() {
            let chunk_key = format::chunk_key(key, index);
            let chunk = health.guarded(Some(&self.name), || chunks.get(&chunk_key))?;
            let Some(chunk) = chunk else {
                return damage("a chunk of a value is missing");
            };
            value.extend_from_slice(&chunk);
        }
        if ChunkHeader::of(&value) == header {
            Ok(value)
        } else {
            damage("the chunks of a value do not match its checksum")
        }
    }
}

/// How much is stored for a key.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extent {
    /// The bytes beside the key.
    pub(super) length: usize,
    pub(super) chunks: u64,
}

/// A value read from a tree. It derefs to the caller's bytes.
pub(super) enum Value {
    /// As stored beside the key, tag and all.
    Inline(IVec),
    /// Put together from chunks.
    Assembled(Vec<u8>),
}

impl Deref for Value {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            // An empty value has no tag.
            Value::Inline(stored) => stored.get(1..).unwrap_or_default(),
            Value::Assembled(value) => value,
        }
    }
}
