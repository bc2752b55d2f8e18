//! A row becomes an instance, or brings the instance that is there up to date.

use std::sync::Arc;
use std::time::Instant;

use super::populate::{accept_lazy, by_id};
use super::{Hints, Loader};
use crate::codec::RowKey;
use crate::codec::record::Record;
use crate::context::{Instance, Life, Slot};
use crate::database::LoadStrategy;
use crate::entity::{AnyEntity, Event, embed};
use crate::error::Result;
use crate::keyspace::parse_row;
use crate::query::Found;
use crate::schema::{EntityIndex, EntitySchema, FieldIndex, FieldSet, ResolvedKind};
use crate::storage::Bytes;
use crate::unit_of_work::agree;

impl Loader<'_> {
    /// The instance of a row that was read.
    ///
    /// # Errors
    /// [`Error::Corruption`] if the row can't be read.
    pub(crate) fn admit(
        &mut self,
        entity: EntityIndex,
        key: &RowKey,
        row: impl AsRef<[u8]> + Into<Bytes>,
    ) -> Result<Instance> {
        let Some(instance) = self.context.find(entity, key) else {
            let body = self.hydrate(entity, key, row.as_ref())?;
            let slot = Slot::loaded(key.clone(), body, row.into());
            let instance = self.context.insert(entity, slot);
            self.context.settle_adoptions(instance);
            return Ok(instance);
        };
        let slot = self.context.slot(instance);
        match (slot.life, &slot.body) {
            (Life::Managed, Some(_)) => self.bring_up_to_date(instance, row.as_ref())?,
            // What this unit of work created or removed it knows better than the store.
            (Life::New { .. } | Life::Removed, _) | (Life::Managed, None) => {}
        }
        Ok(instance)
    }

    /// Loads the rows of instances that are to be removed and were not loaded, as far as they are there.
    ///
    /// # Errors
    /// [`Error::Corruption`](crate::Error::Corruption) if a row can't be read.
    pub(crate) fn load_removed(&mut self, entity: EntityIndex, unseen: &[Instance]) -> Result<()> {
        let keys = unseen
            .iter()
            .map(|instance| &self.context.slot(*instance).key);
        let mut wanted: Vec<_> = keys.cloned().zip(unseen).collect();
        wanted.sort_unstable();
        let started = self.database.log.start();
        let encoded: Vec<Vec<u8>> = wanted.iter().map(|(key, _)| key.to_vec()).collect();
        let encoded: Vec<&[u8]> = encoded.iter().map(Vec::as_slice).collect();
        let tree = self.database.keyspace.rows(entity);
        let mut outcome = Ok(0);
        let reader = self.reader;
        reader.get_many(tree, &encoded, &mut |at, row| {
            if let (Ok(found), Some(row)) = (&outcome, row) {
                let (key, instance) = &wanted[at];
                outcome = self.hydrate(entity, key, &row).map(|body| {
                    self.context.load_removed(**instance, body, row.into());
                    found + 1
                });
            }
        })?;
        let found = outcome?;
        // They may be shown by others than their rows refer to, and nobody will ask when they go.
        let keys = wanted.iter().map(|(key, _)| key.clone()).collect();
        self.context.unlink_unseen(entity, &keys);
        let schema = self.database.schema.entity(entity);
        let by = || by_id(schema, wanted.iter().map(|(key, _)| key));
        self.count(started, found, || schema.label.clone(), by);
        Ok(())
    }

    /// The instances of rows that a query has found, populated; those that are about to be removed are
    /// left out. `told`: when the query began, and what it was, if anybody listens.
    ///
    /// # Errors
    /// [`Error::Corruption`](crate::Error::Corruption) if a row can't be read.
    pub(crate) fn admit_found(
        &mut self,
        entity: EntityIndex,
        found: &[Found],
        (started, by): (Option<Instant>, Option<String>),
        hints: &Hints,
        strategy: LoadStrategy,
    ) -> Result<Vec<RowKey>> {
        let mut instances = Vec::with_capacity(found.len());
        self.context.reserve(entity, found.len());
        for found in found {
            instances.push(self.admit(entity, &found.key, Bytes::clone(&found.row))?);
        }
        let label = || self.database.schema.entity(entity).label.clone();
        let label = started.map(|_| label()).unwrap_or_default();
        self.count(started, found.len(), || label, || by.unwrap_or_default());
        instances.retain(|instance| !self.context.slot(*instance).is_removed());
        self.populate(&instances, hints, strategy)?;
        let key = |instance: &Instance| self.context.slot(*instance).key.clone();
        Ok(instances.iter().map(key).collect())
    }

    fn hydrate(&self, entity: EntityIndex, key: &RowKey, row: &[u8]) -> Result<Box<dyn AnyEntity>> {
        let entity_type = self.database.entity_type(entity);
        let mut body = self.database.hydrate(entity, key, row)?;
        for event in [Event::OnInit, Event::OnLoad] {
            if entity_type.hooks.contains(event) {
                body.on_instance(event);
            }
        }
        Ok(body)
    }

    /// R8: properties that equal the snapshot take the stored value, changed ones are kept.
    fn bring_up_to_date(&mut self, instance: Instance, row: &[u8]) -> Result<()> {
        let slot = self.context.slot(instance);
        let unchanged = slot.row.as_deref() == Some(row) && !slot.has_stale_lazies;
        if unchanged && !(self.overwrite && slot.is_touched()) {
            return Ok(());
        }
        let schema = Arc::clone(&self.database.schema);
        let entity = schema.entity(instance.entity);
        let key = slot.key.clone();
        let fresh = parse_row(entity, &key, row)?;
        let agrees = |read: Record<'_>| agree(entity, &read, &fresh);
        if !self.overwrite
            && !slot.record().is_none_or(agrees)
            && self.has_changes(instance, entity)?
        {
            // What was decided here was decided on the row that was read: the flush compares them.
            return Ok(());
        }
        for field in entity.to_ones.iter().filter(|_| self.overwrite) {
            self.context.cancel_orphan(instance, *field);
        }
        let kept = if self.overwrite {
            FieldSet::new()
        } else {
            self.changed(instance, entity)?
        };
        let stored = |field: FieldIndex| fresh.get(entity.fields[field].number);
        embed(entity, &key, self.context.body_mut(instance), |field| {
            stored(field).filter(|_| !kept.contains(field))
        })?;
        for field in entity
            .columns
            .iter()
            .filter(|field| !kept.contains(**field))
        {
            self.replace(instance, entity, *field, stored(*field))?;
        }
        self.context.slot_mut(instance).row = Some(Bytes::from(row));
        self.bring_lazies_up_to_date(instance)
    }

    /// The row has changed since it was read, so its loaded lazy values may have, too. Those that
    /// were changed here are kept.
    ///
    /// # Errors
    /// [`Error::Corruption`](crate::Error::Corruption) if a value can't be read.
    pub(crate) fn bring_lazies_up_to_date(&mut self, instance: Instance) -> Result<()> {
        self.context.slot_mut(instance).has_stale_lazies = false;
        if self.overwrite {
            // Whoever overwrites reads them anew by a hint.
            return Ok(());
        }
        let schema = Arc::clone(&self.database.schema);
        let entity = schema.entity(instance.entity);
        for field in &entity.lazies {
            let slot = self.context.slot(instance);
            if slot.lazy(*field).is_none() || self.is_lazy_changed(instance, *field)? {
                continue;
            }
            let key = slot.key.clone();
            let tree = self.database.keyspace.lazy(entity.index, *field);
            let stored = self.reader.get(tree, &key.to_vec())?;
            accept_lazy(
                self.context,
                entity,
                instance,
                &key,
                *field,
                stored.as_deref(),
            )?;
            self.statistics.rows_read += 1;
        }
        Ok(())
    }

    /// Whether the next flush would write the row.
    fn has_changes(&self, instance: Instance, entity: &EntitySchema) -> Result<bool> {
        if !self.context.slot(instance).is_touched() {
            return Ok(false);
        }
        for field in &entity.columns {
            if self.is_changed(instance, entity, *field)? {
                return Ok(true);
            }
        }
        for field in &entity.lazies {
            if self.is_lazy_changed(instance, *field)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a lazy property has a value in memory that differs from what was loaded.
    fn is_lazy_changed(&self, instance: Instance, field: FieldIndex) -> Result<bool> {
        let mut now = Vec::new();
        let has_value = self.context.body(instance).encode(field, &mut now)?;
        let loaded = self.context.slot(instance).lazy(field);
        Ok(has_value && loaded.is_none_or(|loaded| **loaded != *now))
    }

    /// The properties in memory that differ from the snapshot, and what is written with them.
    fn changed(&self, instance: Instance, entity: &EntitySchema) -> Result<FieldSet> {
        let mut changed = FieldSet::new();
        for field in &entity.columns {
            if self.is_changed(instance, entity, *field)? {
                changed.insert(*field);
            }
        }
        Ok(entity.with_units(changed))
    }

    /// Whether a property in memory differs from the snapshot.
    fn is_changed(
        &self,
        instance: Instance,
        entity: &EntitySchema,
        field: FieldIndex,
    ) -> Result<bool> {
        let slot = self.context.slot(instance);
        if !slot.is_touched() {
            return Ok(false);
        }
        let mut now = Vec::new();
        let body = self.context.body(instance);
        if matches!(entity.fields[field].kind, ResolvedKind::Relation(_)) {
            if let Some(key) = body.to_one(field) {
                key.write_to(&mut now);
            }
        } else {
            body.encode(field, &mut now)?;
        }
        let snapshot = slot
            .record()
            .and_then(|record| record.get(entity.fields[field].number).map(<[u8]>::to_vec));
        Ok(snapshot.as_deref() != Some(&now))
    }

    /// Puts a stored value in memory.
    fn replace(
        &mut self,
        instance: Instance,
        entity: &EntitySchema,
        field: FieldIndex,
        stored: Option<&[u8]>,
    ) -> Result<()> {
        let ResolvedKind::Relation(relation) = &entity.fields[field].kind else {
            return Ok(self.context.body_mut(instance).decode(field, stored)?);
        };
        let target = self.database.schema.entity(relation.target);
        let key = RowKey::decode_reference(target.key_kind, stored.unwrap_or_default())?;
        self.context.refresh_to_one(instance, field, key.as_ref());
        Ok(())
    }
}
