//! Carrying what can be read of a damaged database into a new one.
//!
//! A row, a lazy value or a link is carried over as it is, or told as lost. None is given up for the
//! sake of another: a row whose reference leads nowhere, or that shares a unique value, is carried
//! over and told as left.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{Loss, Repair, mend};
use crate::codec::RowKey;
use crate::entity::EntityType;
#[cfg(doc)]
use crate::error::Error;
use crate::error::Result;
use crate::keyspace::Keyspace;
use crate::orm::verify::{read_lazy, read_row};
use crate::orm::{OrmBuilder, catalog};
use crate::schema::{EntitySchema, FieldIndex, Schema};
use crate::storage::{
    CommitSequence, Draft, Import, SledStore, StorageError, Store, StoreExt, TreeId,
    remove_rescued, walk,
};

impl OrmBuilder {
    /// Carries everything that can be read of the database in the directory `from` into a new one in
    /// the directory `to`, which must be empty or not exist, and tells what could not be.
    ///
    /// It is meant for a database that [`repair`](Self::repair) can't mend and of which there is no
    /// backup. `from` stays as it is: the salvage works on a copy of its files, in `to`, until it is
    /// done. The entities must be those that the database was last opened with.
    ///
    /// - Rows and lazy values that can be read are carried over; all others, and what the database
    ///   says of commits that are missing, are [`Repair::lost`].
    /// - Indexes, links and sequences are mended as by `repair`.
    /// - What is wrong with rows that can be read is [`Repair::left`].
    ///
    /// ```
    /// # use musher::prelude::*;
    /// # #[derive(Entity, Debug)]
    /// # struct Tag { #[orm(primary_key)] id: Pk, name: String }
    /// # let directory = tempfile::tempdir().unwrap();
    /// # let (path, to) = (directory.path().join("tags.db"), directory.path().join("new.db"));
    /// # Orm::builder().entities::<Tag>().open(&path)?.close()?;
    /// let salvaged = Orm::builder().entities::<Tag>().salvage(&path, &to)?;
    /// assert!(salvaged.lost.is_empty());
    /// let orm = Orm::builder().entities::<Tag>().open(&to)?;
    /// # Ok::<(), musher::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Directory`] if there is no database in `from`, or something in `to`;
    /// [`Error::InUse`] if somebody has it open; [`Error::Corruption`] if nothing can be read, or not
    /// the stored schema, without which rows can't be; [`Error::Schema`] if the entities are not
    /// those that are stored. There is nothing in `to` then.
    pub fn salvage(self, from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<Repair> {
        let mut schema = self.schema()?;
        let options = self.sled;
        let draft = Draft::create(to.as_ref())?;
        let (source, damage) = SledStore::open_rescuing(from.as_ref(), &draft, options)?;
        let mut lost: Vec<Loss> = damage
            .into_iter()
            .map(|reason| Loss {
                place: from.as_ref().display().to_string(),
                key: "the database".to_owned(),
                reason,
            })
            .collect();
        let keyspace = Keyspace::open(&source, &schema)?;
        source.read_with(|reader| catalog::recognize(reader, &keyspace, &mut schema))??;
        let mut salvage = Salvage {
            source: &source,
            names: BTreeMap::new(),
            import: Import::create(&draft)?,
            last: CommitSequence(0),
            lost: Vec::new(),
        };
        salvage.everything(&schema, &keyspace, &self.types)?;
        lost.append(&mut salvage.lost);
        let Salvage { import, last, .. } = salvage;
        import.finish(last)?;
        drop(source);
        remove_rescued(&draft)?;

        let store = SledStore::open_draft(&draft, options)?;
        let database = self.assemble(schema, Box::new(store))?;
        let mended = mend(&database)?;
        database.store.close()?;
        drop(database);
        draft.finish()?;
        Ok(Repair { lost, ..mended })
    }
}

/// What is on its way into the new database.
struct Salvage<'a> {
    source: &'a SledStore,
    /// The name of each tree that nothing was carried over of yet.
    names: BTreeMap<TreeId, String>,
    import: Import,
    /// The last commit that anything is of.
    last: CommitSequence,
    lost: Vec<Loss>,
}

/// Says which commit an entry is of, or why it can't be carried over.
type Judge<'a> = &'a mut dyn FnMut(&[u8], Result<&[u8], &StorageError>) -> Result<u64, String>;

impl Salvage<'_> {
    fn everything(
        &mut self,
        schema: &Schema,
        keyspace: &Keyspace,
        types: &[EntityType],
    ) -> Result<()> {
        self.last = self.source.read_with(|reader| reader.sequence())?;
        for name in self.source.tree_names()? {
            self.names.insert(self.source.open_tree(&name)?, name);
        }
        for entity in &schema.entities {
            let known = types.iter().find(|it| it.description.name == entity.name);
            let entity_type = known.expect("the schema was built of these types");
            let rows = keyspace.rows(entity.index);
            let kept = self.rows(entity, entity_type, rows)?;
            for field in &entity.lazies {
                let values = keyspace.lazy(entity.index, *field);
                self.lazies(entity, *field, values, &kept)?;
            }
        }
        let others = self.names.clone();
        others
            .iter()
            .try_for_each(|(tree, name)| self.other(*tree, name))
    }

    /// Carries over the rows that can be read; gives their keys.
    fn rows(
        &mut self,
        entity: &EntitySchema,
        entity_type: &EntityType,
        tree: TreeId,
    ) -> Result<BTreeSet<RowKey>> {
        let mut kept = BTreeSet::new();
        let print = |stored: &[u8]| print_key(entity, stored);
        self.carry(entity.name, tree, &print, &mut |stored, row| {
            let key = RowKey::from_encoded(entity.key_kind, stored);
            let key = key.map_err(|error| error.to_string())?;
            let row = row.map_err(ToString::to_string)?;
            let revision = read_row(entity, entity_type, &key, row)?.revision;
            kept.insert(key);
            Ok(revision)
        })?;
        Ok(kept)
    }

    /// Carries over the values that can be read, of rows that were carried over.
    fn lazies(
        &mut self,
        entity: &EntitySchema,
        field: FieldIndex,
        tree: TreeId,
        kept: &BTreeSet<RowKey>,
    ) -> Result<()> {
        let place = format!("{}.{}", entity.name, entity.fields[field].name);
        let print = |stored: &[u8]| print_key(entity, stored);
        self.carry(&place, tree, &print, &mut |stored, sealed| {
            let key = RowKey::from_encoded(entity.key_kind, stored);
            let key = key.map_err(|error| error.to_string())?;
            let sealed = sealed.map_err(ToString::to_string)?;
            let revision = read_lazy(entity, field, &key, sealed)?;
            if kept.contains(&key) {
                Ok(revision)
            } else {
                Err("its row is lost".to_owned())
            }
        })
    }

    /// Carries over a tree of which nothing is known, or that is mended afterwards.
    fn other(&mut self, tree: TreeId, name: &str) -> Result<()> {
        self.carry(name, tree, &print_bytes, &mut |_, value| match value {
            Ok(_) => Ok(0),
            Err(error) => Err(error.to_string()),
        })
    }

    /// Carries over the entries of a tree that `judge` gives the commit of, and tells the others.
    fn carry(
        &mut self,
        place: &str,
        tree: TreeId,
        print: &dyn Fn(&[u8]) -> String,
        judge: Judge<'_>,
    ) -> Result<()> {
        let Self {
            source,
            names,
            import,
            last,
            lost,
        } = self;
        let name = names.remove(&tree).expect("each tree is carried over once");
        import.ensure_tree(&name)?;
        let mut lose = |key, reason| {
            lost.push(Loss {
                place: place.to_owned(),
                key,
                reason,
            });
        };
        let mut written = Ok(());
        let gap = source.read_with(|reader| {
            walk(
                reader,
                tree,
                &mut |key, value| match judge(key, value.as_ref().copied()) {
                    Err(reason) => lose(print(key), reason),
                    Ok(revision) => {
                        *last = CommitSequence(revision).max(*last);
                        if written.is_ok() {
                            written = import.put(&name, key, value.unwrap_or_default());
                        }
                    }
                },
            )
        })??;
        if let Some(gap) = gap {
            let after = gap.after.map(|key| format!(" after {}", print(&key)));
            let before = gap.before.map(|key| format!(" before {}", print(&key)));
            let ends = [after, before].into_iter().flatten();
            let keys = ["everything".to_owned()].into_iter().chain(ends).collect();
            lose(keys, gap.damage.to_string());
        }
        Ok(written?)
    }
}

fn print_bytes(key: &[u8]) -> String {
    format!("{key:?}")
}

fn print_key(entity: &EntitySchema, stored: &[u8]) -> String {
    let key = RowKey::from_encoded(entity.key_kind, stored);
    key.map_or_else(|_| print_bytes(stored), |key| entity.print_key(&key))
}
