//! What is told of commits that the store fails.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use super::FeedItem;
use crate::error::{Error, Result};
use crate::orm::Orm;
use crate::prelude::*;
use crate::storage::{
    Batch, CommitSequence, Durability, MemoryStore, Reader, SnapshotStore, StorageError, Store,
    TreeId,
};

#[derive(Entity, Debug)]
struct Tag {
    #[orm(primary_key)]
    id: Pk,
    name: String,
}

/// How a store fails.
const NOT_AT_ALL: u8 = 0;
const BEFORE_ANYTHING: u8 = 1;
const WHEN_APPLYING: u8 = 2;
const WHEN_CONFIRMING: u8 = 3;

struct Failing {
    below: SnapshotStore,
    fails: Arc<AtomicU8>,
}

impl Failing {
    fn fails(&self, how: u8) -> bool {
        self.fails.load(Ordering::SeqCst) == how
    }
}

impl Store for Failing {
    fn open_tree(&self, name: &str) -> Result<TreeId, StorageError> {
        self.below.open_tree(name)
    }

    fn tree_names(&self) -> Result<Vec<String>, StorageError> {
        self.below.tree_names()
    }

    fn read(&self, query: &mut dyn FnMut(&dyn Reader)) -> Result<(), StorageError> {
        self.below.read(query)
    }

    fn write(
        &self,
        durability: Durability,
        plan: &mut dyn FnMut(&dyn Reader, CommitSequence) -> Option<Batch>,
    ) -> Result<Option<CommitSequence>, StorageError> {
        let failed = || StorageError::Io {
            action: "write",
            path: "the store of a test".into(),
            source: io::Error::other("it fails"),
        };
        if self.fails(BEFORE_ANYTHING) {
            return Err(failed());
        }
        let written = self.below.write(durability, &mut |reader, sequence| {
            let batch = plan(reader, sequence)?;
            (!self.fails(WHEN_APPLYING)).then_some(batch)
        })?;
        match written {
            None if self.fails(WHEN_APPLYING) => Err(failed()),
            Some(sequence) if self.fails(WHEN_CONFIRMING) => Err(StorageError::NotDurable {
                path: "the store of a test".into(),
                sequence,
                source: "it is not confirmed".into(),
            }),
            written => Ok(written),
        }
    }

    fn sync(&self) -> Result<(), StorageError> {
        self.below.sync()
    }

    fn close(&self) -> Result<(), StorageError> {
        self.below.close()
    }

    fn kind(&self) -> &'static str {
        "failing"
    }
}

/// A database in memory, and what makes it fail.
fn database() -> (Orm, Arc<AtomicU8>) {
    let orm = Orm::builder().entities::<Tag>().in_memory().unwrap();
    let fails = Arc::new(AtomicU8::new(NOT_AT_ALL));
    let (filters, database) = (orm.filters, orm.database);
    let mut database = Arc::into_inner(database).expect("nobody else has it");
    let nothing = SnapshotStore::new(Box::new(MemoryStore::new()));
    let failing = Failing {
        below: std::mem::replace(&mut database.store, nothing),
        fails: Arc::clone(&fails),
    };
    database.store = SnapshotStore::new(Box::new(failing));
    let database = Arc::new(database);
    let subscribers = std::sync::Arc::default();
    let orm = Orm {
        database,
        filters,
        subscribers,
    };
    (orm, fails)
}

/// Makes a new tag, and commits it by a flush or by a transaction.
fn commit(orm: &Orm, name: &str, in_transaction: bool) -> Result<()> {
    let mut em = orm.em();
    if in_transaction {
        em.begin();
    }
    em.create(Tag::build().name(name));
    if in_transaction {
        em.commit()
    } else {
        em.flush()
    }
}

/// What was told of tags that were committed around one that fails so.
fn told_around(how: u8, in_transaction: bool) -> (Error, Vec<String>) {
    let (orm, fails) = database();
    let feed = orm.subscribe::<Tag>();
    commit(&orm, "before", in_transaction).unwrap();
    fails.store(how, Ordering::SeqCst);
    let error = commit(&orm, "failed", in_transaction).unwrap_err();
    fails.store(NOT_AT_ALL, Ordering::SeqCst);
    commit(&orm, "after", in_transaction).unwrap();
    let name = |item: FeedItem<Tag>| match item {
        FeedItem::Change(change) => change.payload().name().cloned(),
        FeedItem::Missed(_) => None,
    };
    (error, feed.try_iter().filter_map(name).collect())
}

#[test]
fn a_commit_that_the_store_does_not_apply_is_not_told() {
    for in_transaction in [false, true] {
        let (error, told) = told_around(WHEN_APPLYING, in_transaction);
        assert!(matches!(error, Error::Storage { .. }), "{error}");
        assert_eq!(told, ["before", "after"]);
    }
}

#[test]
fn a_commit_that_the_disk_does_not_confirm_stands_and_is_told() {
    for in_transaction in [false, true] {
        let (error, told) = told_around(WHEN_CONFIRMING, in_transaction);
        assert!(matches!(error, Error::NotDurable { .. }), "{error}");
        assert_eq!(told, ["before", "failed", "after"]);
    }
}

#[test]
fn a_database_that_takes_no_more_commits_has_nothing_to_tell() {
    let (orm, fails) = database();
    fails.store(BEFORE_ANYTHING, Ordering::SeqCst);
    let feed = orm.subscribe::<Tag>();
    assert_eq!(feed.iter().count(), 0, "it ends at once");
}
