//! A copy of a store as a database directory, made while others commit.

use std::ops::ControlFlow;

use super::lasting::LastingView;
use super::sled::{Draft, Import};
use super::snapshot::SnapshotStore;
use super::{
    CommitSequence, Direction, KeyRange, Reader, SledOptions, SledStore, StorageError, Store,
    StoreExt,
};

/// What a copy consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Copied {
    /// The commit whose state it is.
    pub(crate) sequence: CommitSequence,
    /// Its keys, in all trees.
    pub(crate) entries: u64,
    /// The bytes of its keys and values.
    pub(crate) bytes: u64,
}

/// Copies `source` as it is now, and reads the copy back. The draft is whole then, and its caller's
/// to finish.
pub(crate) fn copy(source: &SnapshotStore, draft: &Draft) -> Result<Copied, StorageError> {
    let mut import = Import::create(draft)?;
    let view = LastingView::new(source)?;
    let mut written = Copied {
        sequence: view.sequence(),
        entries: 0,
        bytes: 0,
    };
    for name in source.tree_names()? {
        let tree = source.open_tree(&name)?;
        import.ensure_tree(&name)?;
        let mut failed = None;
        view.scan(
            tree,
            &KeyRange::all(),
            Direction::Forward,
            &mut |key, value| {
                written.count(key, &value);
                match import.put(&name, key, &value) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(error) => {
                        failed = Some(error);
                        ControlFlow::Break(())
                    }
                }
            },
        )?;
        failed.map_or(Ok(()), Err)?;
    }
    drop(view);
    import.finish(written.sequence)?;
    let read = read_back(draft)?;
    if read == written {
        return Ok(read);
    }
    Err(StorageError::Corruption {
        place: draft.path().display().to_string(),
        what: format!("the copy reads {read:?}, and {written:?} was written"),
    })
}

impl Copied {
    fn count(&mut self, key: &[u8], value: &[u8]) {
        self.entries += 1;
        self.bytes += (key.len() + value.len()) as u64;
    }
}

/// Opens the copy and reads every byte of it.
fn read_back(draft: &Draft) -> Result<Copied, StorageError> {
    let store = SledStore::open_draft(draft, SledOptions::default())?;
    let mut trees = Vec::new();
    for name in store.tree_names()? {
        trees.push(store.open_tree(&name)?);
    }
    let copied = store.read_with(|reader| {
        let mut copied = Copied {
            sequence: reader.sequence(),
            entries: 0,
            bytes: 0,
        };
        for tree in trees {
            let range = KeyRange::all();
            reader.scan(tree, &range, Direction::Forward, &mut |key, value| {
                copied.count(key, &value);
                ControlFlow::Continue(())
            })?;
        }
        Ok::<_, StorageError>(copied)
    })??;
    store.close()?;
    Ok(copied)
}
