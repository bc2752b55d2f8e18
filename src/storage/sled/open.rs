//! Opening: sled under guard, then the proof that what it shows is ours, of a format we know, and
//! whole.
//!
//! A database comes to be in this order, each step durable before the next: sled's files with the
//! format marker and commit 0, the place of these files, the witness. Hence a database without a
//! witness has no commits, and a witness without a format marker is the rest of a database that
//! lost its data.

use std::fs;
use std::io;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use ::sled::{Db, Tree};

use super::SledOptions;
use super::cache::ValueCache;
use super::directory::Directory;
use super::engine::Engine;
use super::faults::Faults;
use super::format::{self, FORMAT_VERSION};
use super::health::{Health, catch};
use super::journal::Replay;
use super::pace::SEGMENT_LENGTH;
use super::witness::Witness;
use crate::storage::{CommitSequence, StorageError};

const DATA_MISSING: &str = "all of its data is missing, though there is a witness of it";

/// What an open database consists of.
pub(super) struct Opened {
    pub(super) engine: Engine,
    /// With the commit that it knew to be on the disk.
    pub(super) witness: (Witness, CommitSequence),
    /// What the journal adds to the engine.
    pub(super) replay: Replay,
}

/// What is asked about damage that was met: whether opening goes on without what is damaged.
pub(super) type Tolerate<'a> = &'a mut dyn FnMut(StorageError) -> Result<(), StorageError>;

/// Opens the database in `path`, creating it when absent.
pub(super) fn open(
    path: &Path,
    options: SledOptions,
    faults: Faults,
) -> Result<Opened, StorageError> {
    open_tolerating(path, options, faults, &mut Err)
}

/// As [`open`], without what `tolerate` bears the loss of.
pub(super) fn open_tolerating(
    path: &Path,
    options: SledOptions,
    faults: Faults,
    tolerate: Tolerate<'_>,
) -> Result<Opened, StorageError> {
    let directory = Directory::open(path)?;
    let witness = Witness::open(&directory.witness()).or_else(|error| {
        tolerate(error)?;
        Ok::<_, StorageError>(None)
    })?;
    let health = Health::new(path);
    if !directory.engine().exists() {
        create_engine(&health, &directory, options, witness.is_some())?;
    }
    let segment_length = read_segment_length(&directory);
    let db = open_engine(&health, &directory.engine(), options, segment_length)?;
    let marker = read_own(&health, &db, format::FORMAT_KEY)?;
    let checked = match &marker {
        Some(marker) => check_format(&health, marker),
        None => check_unused(&health, &db, witness.is_some()),
    };
    match checked {
        Err(damage @ StorageError::Corruption { .. }) => tolerate(damage)?,
        other => other?,
    }
    let own_tree = health.guarded(None, || db.open_tree(format::OWN_TREE))?;
    if marker.is_none() {
        write_format(&health, &own_tree)?;
    }
    let engine = Engine::new(
        health,
        faults,
        (db, own_tree),
        ValueCache::new(options.value_cache_capacity),
        directory,
        segment_length,
    )?;
    let applied = engine.read_sequence().or_else(|error| {
        tolerate(error)?;
        Ok::<_, StorageError>(CommitSequence(0))
    })?;
    let witnessed = witness.as_ref().map_or(CommitSequence(0), |known| known.1);
    let replay = Replay::read(&engine, applied, witnessed, tolerate)?;
    let witness = if let Some(witness) = witness {
        witness
    } else {
        if replay.last > CommitSequence(0) {
            let what = "the file \"witness\" is missing";
            tolerate(engine.health.corruption(None, what))?;
        }
        (create_witness(&engine)?, replay.last)
    };
    Ok(Opened {
        engine,
        witness,
        replay,
    })
}

/// Makes the files of an engine that holds nothing but the format marker.
fn create_engine(
    health: &Health,
    directory: &Directory,
    options: SledOptions,
    has_witness: bool,
) -> Result<(), StorageError> {
    if has_witness {
        return Err(health.corruption(None, DATA_MISSING));
    }
    let path = directory.unfinished_engine();
    let db = open_engine(health, &path, options, SEGMENT_LENGTH)?;
    let own_tree = health.guarded(None, || db.open_tree(format::OWN_TREE))?;
    write_format(health, &own_tree)?;
    health.guarded(None, || db.flush())?;
    drop((own_tree, db));
    directory.finish_engine()
}

/// The length of the segments of the engine's log, which is for good that of its first opening.
/// Where it cannot be read, the engine will say so.
fn read_segment_length(directory: &Directory) -> usize {
    let stored = fs::read(directory.engine().join("conf")).unwrap_or_default();
    let stored = String::from_utf8_lossy(&stored);
    let length = stored
        .lines()
        .find_map(|line| line.strip_prefix("segment_size: "));
    length
        .and_then(|length| length.parse().ok())
        .unwrap_or(SEGMENT_LENGTH)
}

fn open_engine(
    health: &Health,
    path: &Path,
    options: SledOptions,
    segment_length: usize,
) -> Result<Db, StorageError> {
    // The directory's lock is ours, so another holder of sled's own lock is either a program that
    // uses sled directly, or the tail of a database that this process has just closed: sled's
    // threads let go of the file a moment after the last handle is dropped.
    const ATTEMPTS: u32 = 100;
    let config = ::sled::Config::new()
        .path(path)
        .cache_capacity(options.cache_capacity)
        .segment_size(segment_length)
        // Its own thread would write to make room for as long as a quarter of a second, and sync then.
        .flush_every_ms(None);
    for _ in 0..ATTEMPTS {
        match catch(|| config.open()) {
            Ok(Ok(db)) => return Ok(db),
            Ok(Err(::sled::Error::Io(error))) if is_lock_refusal(&error) => {
                sleep(Duration::from_millis(10));
            }
            Ok(Err(error)) => return Err(health.translate(None, error)),
            Err(what) => return Err(health.corruption(None, what)),
        }
    }
    Err(StorageError::Locked {
        path: health.path().to_owned(),
    })
}

/// sled reports its lock as an error of no kind, known by its words.
fn is_lock_refusal(error: &io::Error) -> bool {
    error.to_string().starts_with("could not acquire lock")
}

/// A record of the store's own tree, without creating that tree in a database that is not ours.
fn read_own(health: &Health, db: &Db, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
    let value = health.guarded(None, || {
        if !db.tree_names().iter().any(|name| *name == format::OWN_TREE) {
            return Ok(None);
        }
        db.open_tree(format::OWN_TREE)?.get(key)
    })?;
    Ok(value.map(|value| value.to_vec()))
}

fn check_format(health: &Health, marker: &[u8]) -> Result<(), StorageError> {
    let version = format::decode_format(marker).map_err(|what| health.corruption(None, what))?;
    if version == FORMAT_VERSION {
        return Ok(());
    }
    Err(StorageError::Version {
        path: health.path().to_owned(),
        found: version,
        supported: FORMAT_VERSION,
    })
}

/// A database without a format marker may be made ours only if it holds nothing at all.
fn check_unused(health: &Health, db: &Db, has_witness: bool) -> Result<(), StorageError> {
    if has_witness {
        return Err(health.corruption(None, DATA_MISSING));
    }
    let unused = health.guarded(None, || {
        for name in db.tree_names() {
            if !db.open_tree(name)?.is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    })?;
    if unused {
        return Ok(());
    }
    Err(StorageError::NotADatabase {
        path: health.path().to_owned(),
    })
}

fn write_format(health: &Health, own_tree: &Tree) -> Result<(), StorageError> {
    let mut batch = ::sled::Batch::default();
    batch.insert(format::FORMAT_KEY, format::encode_format(FORMAT_VERSION));
    batch.insert(format::COMMIT_KEY, format::encode_commit(CommitSequence(0)));
    health.guarded(None, || own_tree.apply_batch(batch))
}

fn create_witness(engine: &Engine) -> Result<Witness, StorageError> {
    let Engine {
        health, directory, ..
    } = engine;
    health.guarded(None, || engine.db.flush())?;
    directory.sync()?;
    let witness = Witness::create(&directory.witness())?;
    directory.sync()?;
    Ok(witness)
}
