//! What lies below a closed database, for tests that damage it: the trees of sled. `docs/format.md`
//! draws what is where.

use std::path::Path;

/// A tree of the engine, by the name that the keyspace gives it.
pub struct Tree(sled::Tree);

impl Tree {
    pub fn entries(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let entries = self.0.iter().map(|entry| entry.expect("it can be read"));
        entries
            .map(|(key, value)| (key.to_vec(), value.to_vec()))
            .collect()
    }

    pub fn put(&self, key: &[u8], value: &[u8]) {
        self.0.insert(key, value).expect("it can be written");
    }

    pub fn remove(&self, key: &[u8]) {
        let before = self.0.remove(key).expect("it can be written");
        assert!(before.is_some(), "there is something to be removed");
    }

    /// The key and value at a position.
    pub fn at(&self, position: usize) -> (Vec<u8>, Vec<u8>) {
        self.entries().swap_remove(position)
    }
}

/// The engine of a closed database.
pub struct Engine(pub sled::Db);

impl Engine {
    pub fn open(path: &Path) -> Self {
        let config = sled::Config::new().path(path.join("sled"));
        let config = config.segment_size(2 << 20);
        for _ in 0..500 {
            match config.open() {
                Ok(db) => return Self(db),
                // sled lets go of its lock a moment after the last handle is dropped.
                Err(_) => std::thread::yield_now(),
            }
        }
        Self(config.open().expect("the database was closed"))
    }

    pub fn tree(&self, name: &str) -> Tree {
        let name = format!("rows/{name}");
        let known = self
            .0
            .tree_names()
            .iter()
            .any(|known| known == name.as_bytes());
        assert!(known, "there is no tree {name}");
        Tree(self.0.open_tree(name).expect("it can be opened"))
    }

    /// Flips a bit in each chunk of the large values whose keys begin so.
    pub fn damage_chunks(&self, name: &str, prefix: &[u8]) {
        let chunks = self.0.open_tree(format!("chunks/{name}"));
        let chunks = chunks.expect("it can be opened");
        let mut damaged = 0;
        for (key, chunk) in chunks
            .scan_prefix(prefix)
            .map(|it| it.expect("it can be read"))
        {
            let mut chunk = chunk.to_vec();
            chunk[0] ^= 1;
            chunks.insert(key, chunk).expect("it can be written");
            damaged += 1;
        }
        assert!(damaged > 0, "there is a large value to be damaged");
    }
}
