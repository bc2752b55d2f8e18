//! A commit of the direct path that is too large for a transaction of the engine.
//!
//! The engine would write more for it than it may between two syncs. So it goes into a journal file
//! first, is synced there, and is then carried into the engine as commits of the journal path are. If
//! that is cut short, opening the database carries on.
//!
//! Invariant: whatever the files hold when a commit begins is in the engine.

use super::apply;
use super::file::{FIRST_LENGTH, RECORDS_START};
use super::overlay::Overlay;
use super::record;
use super::replay::ensure_files;
use super::writer::{AppendError, Writer};
use crate::storage::error::Cause;
use crate::storage::sled::engine::Engine;
use crate::storage::sled::tree::Trees;
use crate::storage::{Batch, CommitSequence, StorageError};

/// The journal files, once there was a large commit.
#[derive(Default)]
pub(in crate::storage::sled) struct Redo {
    writer: Option<Writer>,
}

/// What has become of a commit that failed.
pub(in crate::storage::sled) enum RedoError {
    /// Nothing is left of it.
    Absent(StorageError),
    /// It is in the journal, or may be, and the engine has nothing of it.
    Unknown(StorageError),
    /// It is in the journal, and the engine has a part of it.
    InPart(Cause),
}

impl Redo {
    /// Makes `batch` commit `sequence`. `durable` is known to be on the disk.
    pub(in crate::storage::sled) fn apply(
        &mut self,
        engine: &Engine,
        trees: &Trees,
        batch: Batch,
        (sequence, durable): (CommitSequence, CommitSequence),
    ) -> Result<(), RedoError> {
        let writer = self.begin(engine).map_err(RedoError::Absent)?;
        let name = |tree| trees.get(tree).name.as_str();
        let (salt, numbers) = (writer.salt(), (sequence, durable));
        record::encode(&mut writer.record, salt, numbers, &batch, name);
        writer.append(&engine.faults).map_err(|error| match error {
            AppendError::Absent(error) => RedoError::Absent(error),
            AppendError::Unknown(error) => RedoError::Unknown(error),
        })?;
        writer
            .sync(&engine.faults)
            .map_err(|error| RedoError::Unknown(engine.failure("sync the journal of", error)))?;
        let mut overlay = Overlay::default();
        for (tree, writes) in batch.into_trees() {
            overlay.write(trees.slot(tree), writes);
        }
        overlay.finish(sequence);
        apply::apply(engine, trees.slots(), &overlay, &|| true)
            .map(|_| ())
            .map_err(RedoError::InPart)
    }

    /// The writer, at the beginning of a file.
    fn begin(&mut self, engine: &Engine) -> Result<&mut Writer, StorageError> {
        if let Some(writer) = &mut self.writer {
            writer.switch(FIRST_LENGTH)?;
        } else {
            let files = ensure_files(engine, [None, None])?;
            self.writer = Some(Writer::new(files, 0, RECORDS_START)?);
        }
        Ok(self.writer.as_mut().expect("it is there by now"))
    }
}
