//! Opening: sled under guard, then the proof that what it shows is ours, of a format we know, and
//! whole.
//!
//! A database comes to be in this order, each step durable before the next: sled's files, the
//! format marker with commit 0, the witness. Hence a database without a witness has no commits,
//! and a witness without a format marker is the rest of a database that lost its data.

use std::io;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use ::sled::{Db, Tree};

use super::SledOptions;
use super::directory::Directory;
use super::durable::Durable;
use super::format::{self, FORMAT_VERSION};
use super::health::{Health, catch};
use super::witness::Witness;
use crate::storage::{CommitSequence, StorageError};

/// What an open database consists of.
pub(super) struct Opened {
    pub(super) db: Db,
    pub(super) own_tree: Tree,
    pub(super) durable: Durable,
    pub(super) sequence: CommitSequence,
    pub(super) directory: Directory,
}

/// Opens the database in `path`, creating it when absent.
pub(super) fn open(
    health: &Health,
    path: &Path,
    options: SledOptions,
) -> Result<Opened, StorageError> {
    let directory = Directory::open(path)?;
    let witness = Witness::open(&directory.witness())?;
    let db = open_engine(health, &directory, options)?;
    let marker = read_own(health, &db, format::FORMAT_KEY)?;
    if let Some(marker) = &marker {
        check_format(health, marker)?;
    } else {
        check_unused(health, &db, witness.is_some())?;
    }
    let own_tree = health.guarded(None, || db.open_tree(format::OWN_TREE))?;
    if marker.is_none() {
        write_format(health, &own_tree)?;
    }
    let sequence = read_sequence(health, &db)?;
    let (witness, synced) = match witness {
        Some((witness, durable)) => {
            check_whole(health, sequence, durable)?;
            (witness, durable)
        }
        None => (create_witness(health, &db, &directory, sequence)?, sequence),
    };
    Ok(Opened {
        durable: Durable::open(&directory.data_file(), witness, synced)?,
        db,
        own_tree,
        sequence,
        directory,
    })
}

fn open_engine(
    health: &Health,
    directory: &Directory,
    options: SledOptions,
) -> Result<Db, StorageError> {
    // The directory's lock is ours, so another holder of sled's own lock is either a program that
    // uses sled directly, or the tail of a database that this process has just closed: sled's
    // threads let go of the file a moment after the last handle is dropped.
    const ATTEMPTS: u32 = 100;
    let config = ::sled::Config::new()
        .path(directory.engine())
        .cache_capacity(options.cache_capacity);
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
        let what = "all of its data is missing, though there is a witness of it";
        return Err(health.corruption(None, what));
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

fn read_sequence(health: &Health, db: &Db) -> Result<CommitSequence, StorageError> {
    let record = read_own(health, db, format::COMMIT_KEY)?;
    let decoded = match &record {
        None => Err("the commit record is missing"),
        Some(record) => format::decode_commit(record),
    };
    decoded.map_err(|what| health.corruption(None, what))
}

/// Compares what the database has with what it is known to have had on the disk.
fn check_whole(
    health: &Health,
    sequence: CommitSequence,
    durable: CommitSequence,
) -> Result<(), StorageError> {
    if sequence >= durable {
        return Ok(());
    }
    let what = format!("it ends at commit {sequence}, and commit {durable} was on the disk");
    Err(health.corruption(None, what))
}

fn create_witness(
    health: &Health,
    db: &Db,
    directory: &Directory,
    sequence: CommitSequence,
) -> Result<Witness, StorageError> {
    if sequence > CommitSequence(0) {
        let what = "the file \"witness\" is missing";
        return Err(health.corruption(None, what));
    }
    health.guarded(None, || db.flush())?;
    directory.sync()?;
    let witness = Witness::create(&directory.witness())?;
    directory.sync()?;
    Ok(witness)
}
