//! The trees that are open, and the reading of one value in either of its two shapes.
//!
//! A caller's tree is one engine tree of rows, and a second one of chunks from the first large
//! value on. Invariant: a row whose value is in chunks exists only where the chunks tree does.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::OnceLock;

use ::sled::{Db, IVec, Tree};

use super::format::{self, ChunkHeader, Stored};
use super::health::Health;
use crate::storage::{StorageError, TreeId};

/// The trees opened so far.
#[derive(Default)]
pub(super) struct Trees {
    opened: Vec<OpenTree>,
    by_name: HashMap<String, TreeId>,
}

impl Trees {
    /// The id of `name`, if it is open.
    pub(super) fn find(&self, name: &str) -> Option<TreeId> {
        self.by_name.get(name).copied()
    }

    /// Adds a tree that is not open yet.
    pub(super) fn add(&mut self, tree: OpenTree) -> TreeId {
        let id = TreeId::from_index(self.opened.len());
        let known = self.by_name.insert(tree.name.clone(), id);
        debug_assert!(known.is_none(), "a name has one id");
        self.opened.push(tree);
        id
    }

    /// # Panics
    ///
    /// If the id is from another store.
    pub(super) fn get(&self, id: TreeId) -> &OpenTree {
        let tree = self.opened.get(id.index());
        tree.expect("a tree is used only with the store that opened it")
    }
}

/// One tree of a caller.
pub(super) struct OpenTree {
    pub(super) name: String,
    pub(super) rows: Tree,
    chunks: OnceLock<Tree>,
}

impl OpenTree {
    /// Opens the engine's trees of `name`; that of rows is created when absent.
    pub(super) fn open(health: &Health, db: &Db, name: &str) -> Result<OpenTree, StorageError> {
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
