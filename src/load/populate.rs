//! Population: the relations and lazy properties that hints name, level by level.
//!
//! `SelectIn` handles all instances of a level at once: for each relation one batched look-up, keys
//! sorted and deduplicated, what is loaded skipped. `Joined` does the same for one parent after
//! another, so that related rows are read while the parents are walked.

use std::collections::BTreeSet;
use std::time::Instant;

use rustc_hash::FxHashSet;

use super::{Hints, Loader};
use crate::codec::RowKey;
use crate::codec::value::open_value;
use crate::context::Instance;
use crate::database::LoadStrategy;
use crate::error::{Error, Result};
use crate::log;
use crate::schema::{
    EntityIndex, EntitySchema, FieldIndex, RelationKind, RelationSchema, ResolvedKind,
};

impl Loader<'_> {
    /// Populates instances of one entity.
    pub(crate) fn populate(
        &mut self,
        instances: &[Instance],
        hints: &Hints,
        strategy: LoadStrategy,
    ) -> Result<()> {
        let Some(first) = instances.first() else {
            return Ok(());
        };
        let schema = &self.database.schema;
        let with_eager = schema
            .has_eager
            .then(|| hints.with_eager(schema, first.entity));
        let hints = with_eager.as_ref().unwrap_or(hints);
        if hints.is_empty() {
            return Ok(());
        }
        match strategy {
            LoadStrategy::SelectIn => self.populate_levels(instances, hints),
            LoadStrategy::Joined => {
                let joined = self.joined.get_or_insert_default();
                if self.database.log.is_enabled() {
                    joined.with(&self.database.schema, instances[0].entity, hints);
                }
                instances.iter().try_for_each(|instance| {
                    self.populate_levels(std::slice::from_ref(instance), hints)
                })
            }
        }
    }

    /// Goes as deep as the hints do, without recursion: a program can build a path of any length.
    fn populate_levels(&mut self, instances: &[Instance], hints: &Hints) -> Result<()> {
        let mut levels = vec![(instances.to_vec(), hints.fields.iter())];
        while let Some((instances, fields)) = levels.last_mut() {
            let Some((field, deeper)) = fields.next() else {
                levels.pop();
                continue;
            };
            let related = self.populate_property(instances, *field, deeper)?;
            if !related.is_empty() {
                levels.push((related, deeper.fields.iter()));
            }
        }
        Ok(())
    }

    /// Loads one property of instances of one entity, and gives what it leads to.
    fn populate_property(
        &mut self,
        instances: &[Instance],
        field: FieldIndex,
        hints: &Hints,
    ) -> Result<Vec<Instance>> {
        let entity = self.database.schema.entity(instances[0].entity);
        match &entity.fields[field].kind {
            ResolvedKind::Lazy(_) => {
                self.load_lazy(instances, entity, field)?;
                Ok(Vec::new())
            }
            ResolvedKind::Relation(relation) if relation.is_to_one_owner() => {
                hints.refuse_choice(entity, field)?;
                self.load_to_one(instances, relation, field)
            }
            ResolvedKind::Relation(relation) => {
                if matches!(relation.kind, RelationKind::OneToOneInverse { .. }) {
                    hints.refuse_choice(entity, field)?;
                }
                self.load_to_many(instances, (entity, field, relation), hints)
            }
            ResolvedKind::PrimaryKey | ResolvedKind::Scalar(_) | ResolvedKind::Derived(_) => {
                unreachable!("hints name relations and lazy properties")
            }
        }
    }

    fn load_lazy(
        &mut self,
        instances: &[Instance],
        entity: &EntitySchema,
        field: FieldIndex,
    ) -> Result<()> {
        let missing = |instance: &&Instance| {
            let slot = self.context.slot(**instance);
            slot.body.is_some()
                && !slot.is_new()
                && (self.overwrite || !self.has_value(**instance, field))
        };
        let mut wanted: Vec<(RowKey, Instance)> = instances
            .iter()
            .filter(missing)
            .map(|instance| (self.context.slot(*instance).key.clone(), *instance))
            .collect();
        wanted.sort_unstable();
        wanted.dedup();
        if wanted.is_empty() {
            return Ok(());
        }
        let started = self.database.log.start();
        let keys: Vec<Vec<u8>> = wanted.iter().map(|(key, _)| key.to_vec()).collect();
        let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
        let tree = self.database.keyspace.lazy(entity.index, field);
        let mut found = Ok(());
        let context = &mut *self.context;
        self.reader.get_many(tree, &keys, &mut |at, stored| {
            let (key, instance) = &wanted[at];
            if found.is_ok() {
                found = accept_lazy(context, entity, *instance, key, field, stored.as_deref());
            }
        })?;
        found?;
        let what = || format!("{}.{}", entity.label, entity.fields[field].name);
        let by = || by_id(entity, wanted.iter().map(|(key, _)| key));
        self.count(started, wanted.len(), what, by);
        Ok(())
    }

    /// The lazy properties of an instance that are in memory.
    pub(crate) fn loaded_lazies(&self, instance: Instance) -> Hints {
        let mut hints = Hints::default();
        for field in &self.database.schema.entity(instance.entity).lazies {
            if self.has_value(instance, *field) {
                hints.add(&[*field]);
            }
        }
        hints
    }

    fn has_value(&self, instance: Instance, field: FieldIndex) -> bool {
        // Encoding says whether the value is there; what it writes is not needed.
        self.context
            .body(instance)
            .encode(field, &mut Vec::new())
            .unwrap_or(true)
    }

    fn load_to_one(
        &mut self,
        instances: &[Instance],
        relation: &RelationSchema,
        field: FieldIndex,
    ) -> Result<Vec<Instance>> {
        let keys: BTreeSet<RowKey> = instances
            .iter()
            .filter_map(|instance| self.context.body(*instance).to_one(field))
            .collect();
        if let Some(condition) = self.filters.condition(relation.target)? {
            // What is filtered out stays a reference.
            self.load_rows_that_meet(relation.target, &keys, condition)?;
        } else {
            self.load_rows(relation.target, keys.iter())?;
        }
        Ok(keys
            .iter()
            .filter_map(|key| self.context.find_loaded(relation.target, key))
            .collect())
    }

    /// Loads the rows of the keys, ascending, that are not loaded. One look-up, or none. Gives the
    /// number of rows found.
    pub(crate) fn load_rows<'k>(
        &mut self,
        entity: EntityIndex,
        keys: impl Iterator<Item = &'k RowKey>,
    ) -> Result<usize> {
        self.look_up(entity, keys, LookUp::ById)
    }

    pub(super) fn look_up<'k>(
        &mut self,
        entity: EntityIndex,
        keys: impl Iterator<Item = &'k RowKey>,
        kind: LookUp<'_>,
    ) -> Result<usize> {
        let is_wanted = |key: &&RowKey| {
            self.overwrite || self.context.find(entity, key).is_none() || kind.reads_anew(key)
        };
        let wanted: Vec<&RowKey> = keys.filter(is_wanted).collect();
        if wanted.is_empty() && matches!(kind, LookUp::ById) {
            return Ok(0);
        }
        let started = self.database.log.start();
        let encoded: Vec<Vec<u8>> = wanted.iter().map(|key| key.to_vec()).collect();
        let encoded: Vec<&[u8]> = encoded.iter().map(Vec::as_slice).collect();
        let tree = self.database.keyspace.rows(entity);
        let mut outcome = Ok(0);
        let reader = self.reader;
        self.context.reserve(entity, wanted.len());
        reader.get_many(tree, &encoded, &mut |at, row| {
            if let (Ok(found), Some(row)) = (&outcome, row) {
                outcome = self.admit(entity, wanted[at], row).map(|_| found + 1);
            }
        })?;
        let found = outcome?;
        let schema = self.database.schema.entity(entity);
        let by = || match kind {
            LookUp::ById => by_id(schema, wanted.iter().copied()),
            LookUp::Linked { by, .. } => by(),
        };
        self.count(started, found, || schema.label.clone(), by);
        Ok(found)
    }

    /// Counts and tells a look-up that loads nothing.
    pub(crate) fn tell_count(&mut self, started: Option<Instant>, what: impl FnOnce() -> String) {
        self.statistics.lookups += 1;
        self.database
            .log
            .tell(started, None, || format!("count {}", what()));
    }

    /// Counts and tells a look-up: what was read, by what.
    pub(crate) fn count(
        &mut self,
        started: Option<Instant>,
        rows: usize,
        what: impl FnOnce() -> String,
        by: impl FnOnce() -> String,
    ) {
        self.statistics.rows_read += rows as u64;
        let statement = || format!("select {} by {}", what(), by());
        if let Some(joined) = &mut self.joined {
            joined.add(started.is_some(), statement);
        } else {
            self.statistics.lookups += 1;
            self.database.log.tell(started, Some(rows), statement);
        }
    }
}

/// How the rows of a look-up were found, in words for the log.
#[derive(Clone, Copy)]
pub(super) enum LookUp<'a> {
    ById,
    /// By links, which were read too: that counts though all the rows may be loaded already.
    Linked {
        by: &'a dyn Fn() -> String,
        moved: &'a FxHashSet<RowKey>,
    },
}

impl LookUp<'_> {
    fn reads_anew(&self, key: &RowKey) -> bool {
        match self {
            Self::ById => false,
            Self::Linked { moved, .. } => moved.contains(key),
        }
    }
}

pub(super) fn by_id<'k>(
    entity: &EntitySchema,
    keys: impl ExactSizeIterator<Item = &'k RowKey>,
) -> String {
    format!(
        "id in ({})",
        log::list(keys.map(|key| entity.print_key(key)))
    )
}

/// Puts the stored value of a lazy property into its instance.
pub(super) fn accept_lazy(
    context: &mut crate::context::Context,
    entity: &EntitySchema,
    instance: Instance,
    key: &RowKey,
    field: FieldIndex,
    stored: Option<&[u8]>,
) -> Result<()> {
    let property = &entity.fields[field];
    let damaged = |what: &dyn std::fmt::Display| {
        Error::corruption(format!(
            "{}.{} of {} {}: {what}",
            entity.name,
            property.name,
            entity.name,
            entity.print_key(key)
        ))
    };
    let value = match stored {
        Some(sealed) => open_value(key, sealed).map_err(|error| damaged(&error))?.1,
        // The property is younger than the row. `None` is what an optional value is then.
        None if property.nullable => &[0],
        None => return Err(damaged(&"the value is missing")),
    };
    context
        .body_mut(instance)
        .decode(field, Some(value))
        .map_err(|error| damaged(&error))?;
    context.slot_mut(instance).set_lazy(field, value.into());
    Ok(())
}
