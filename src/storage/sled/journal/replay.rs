//! Opening the journal of a database: reading it, holding it against the proofs, and giving what
//! the engine lacks to whichever commit path goes on.
//!
//! The journal path takes it as overlays, and writes nothing to the engine before it opens. The
//! direct path has it applied, and the journal removed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::apply;
use super::file::JournalFile;
use super::overlay::Overlay;
use super::record;
use super::recovery::{Content, Recovery, Run, recover};
use crate::storage::sled::directory::failure;
use crate::storage::sled::engine::Engine;
use crate::storage::sled::open::Tolerate;
use crate::storage::sled::tree::Trees;
use crate::storage::sled::witness::Witness;
use crate::storage::{CommitSequence, StorageError};

/// The journal of a database that is being opened.
pub(in crate::storage::sled) struct Replay {
    files: [Option<JournalFile>; 2],
    /// The older one first. What both hold follows what the engine holds.
    pub(super) generations: Vec<Generation>,
    /// The trees that the journal names.
    pub(super) trees: Trees,
    /// The last commit of the database.
    pub(in crate::storage::sled) last: CommitSequence,
}

/// What one file has that the engine has not.
pub(super) struct Generation {
    pub(super) file: usize,
    /// Where the next record goes.
    pub(super) end: u64,
    pub(super) overlay: Overlay,
}

impl Replay {
    /// Reads the journal. The engine holds every commit up to `applied`; `witnessed` was on the
    /// disk. What is missing or damaged is an error, unless it is tolerated.
    ///
    /// # Errors
    ///
    /// `Corruption` when a commit is missing that was on the disk. Nothing has been changed then.
    pub(in crate::storage::sled) fn read(
        engine: &Engine,
        applied: CommitSequence,
        witnessed: CommitSequence,
        tolerate: Tolerate<'_>,
    ) -> Result<Replay, StorageError> {
        let mut open = |path: &Path| match JournalFile::open(path) {
            Err(damage @ StorageError::Corruption { .. }) => tolerate(damage).map(|()| None),
            opened => opened,
        };
        let [first, second] = paths(engine);
        let opened = [open(&first)?, open(&second)?];
        let contents = opened.each_ref().map(|opened| {
            let (file, bytes) = opened.as_ref()?;
            let salt = file.salt();
            Some(Content { bytes, salt })
        });
        let recovery = recover(contents, applied, witnessed);
        check_whole(engine, &recovery).or_else(tolerate)?;
        let mut trees = Trees::default();
        let mut generations = Vec::new();
        for run in &recovery.runs {
            generations.push(load(engine, &mut trees, run)?);
        }
        for &(file, position) in &recovery.wipes {
            if let Some((file, _)) = &opened[file] {
                file.wipe(position)?;
            }
        }
        let last = recovery.last;
        Ok(Replay {
            files: opened.map(|opened| opened.map(|(file, _)| file)),
            generations,
            trees,
            last,
        })
    }

    /// Both files, created when absent, and on the disk by name.
    pub(super) fn take_files(
        &mut self,
        engine: &Engine,
    ) -> Result<[Arc<JournalFile>; 2], StorageError> {
        ensure_files(engine, std::mem::take(&mut self.files))
    }

    /// Puts everything into the engine, and removes the journal.
    pub(in crate::storage::sled) fn settle(
        self,
        engine: &Engine,
        witness: &mut Witness,
    ) -> Result<(), StorageError> {
        for generation in &self.generations {
            let trees = self.trees.slots();
            apply::apply(engine, trees, &generation.overlay, &|| true).map_err(|source| {
                StorageError::Engine {
                    place: format!(
                        "the journal of the database {}",
                        engine.health.path().display()
                    ),
                    source,
                }
            })?;
        }
        if !self.generations.is_empty() {
            // Without the journal only the witness knows that these commits were there.
            witness
                .record(self.last)
                .and_then(|()| witness.sync())
                .map_err(|error| engine.failure("write the witness of", error))?;
        }
        if self.files.iter().all(Option::is_none) {
            return Ok(());
        }
        drop(self.files);
        for path in paths(engine) {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(failure("remove the journal file", &path)(error));
                }
                _ => {}
            }
        }
        engine.directory.sync_journal()
    }
}

/// Both files, those that are missing created, and on the disk by name.
pub(super) fn ensure_files(
    engine: &Engine,
    files: [Option<JournalFile>; 2],
) -> Result<[Arc<JournalFile>; 2], StorageError> {
    let directory = engine.directory.journal();
    fs::create_dir_all(&directory).map_err(failure("create the directory", &directory))?;
    let is_complete = files.iter().all(Option::is_some);
    let [first, second] = paths(engine);
    let ensure = |file: Option<JournalFile>, path: PathBuf| match file {
        Some(file) => Ok(file),
        None => JournalFile::create(&path),
    };
    let [first_file, second_file] = files;
    let files = [
        Arc::new(ensure(first_file, first)?),
        Arc::new(ensure(second_file, second)?),
    ];
    if !is_complete {
        engine.directory.sync_journal()?;
    }
    Ok(files)
}

fn paths(engine: &Engine) -> [PathBuf; 2] {
    ["0", "1"].map(|name| engine.directory.journal().join(name))
}

fn check_whole(engine: &Engine, recovery: &Recovery<'_>) -> Result<(), StorageError> {
    let (last, proven) = (recovery.last, recovery.proven);
    if last >= proven {
        return Ok(());
    }
    let what = format!(
        "it ends at commit {last}, and commit {proven} was on the disk: the commits from {} to \
         {proven} are missing",
        last.next()
    );
    Err(engine.health.corruption(None, what))
}

fn load(engine: &Engine, trees: &mut Trees, run: &Run<'_>) -> Result<Generation, StorageError> {
    let mut overlay = Overlay::default();
    for record in &run.records {
        let writes = record::decode_writes(record.payload);
        let writes = writes.map_err(|what| engine.health.corruption(None, what))?;
        for (name, writes) in writes {
            overlay.write(trees.ensure_slot(engine, &name)?, writes);
        }
        overlay.finish(record.sequence);
    }
    Ok(Generation {
        file: run.file,
        end: run.end,
        overlay,
    })
}
