//! Rows that a flush writes though no instance of theirs was changed: what `on_delete` makes of the
//! referrers of removed rows, and one-to-one partners that are released. Loaded or not, they are
//! found by the stored index.

use super::Change;
use super::plan::{Planner, Write};
use crate::codec::RowKey;
use crate::codec::record::patch;
use crate::error::{Error, Result};
use crate::schema::{EntityIndex, FieldIndex, OnDelete, RelationKind};

/// What the removal of a row means for one that refers to it.
enum Follow {
    /// The row stays as it is, or without the reference.
    Nothing,
    /// The row is removed too.
    Removed,
    /// The row forbids the removal, unless it goes itself.
    Restricts,
}

impl<'a> Planner<'a> {
    /// Applies `on_delete` to the rows that refer to what is removed, loaded or not, until no more
    /// rows follow.
    pub(super) fn follow_removals(&mut self) -> Result<()> {
        let removed = |(key, write): (&(EntityIndex, RowKey), &Write<'_>)| {
            write.new.is_none().then(|| key.clone())
        };
        let mut worklist: Vec<(EntityIndex, RowKey)> =
            self.writes.iter().filter_map(removed).collect();
        let mut restricted = Vec::new();
        while let Some((target, target_key)) = worklist.pop() {
            for (entity, field) in &self.entity(target).referrers {
                for key in self.referrers(*entity, *field, &target_key)? {
                    match self.follow_removal(&target_key, *entity, *field, &key)? {
                        Follow::Nothing => {}
                        Follow::Removed => worklist.push((*entity, key)),
                        Follow::Restricts => {
                            restricted.push((target, target_key.clone(), *entity, *field, key));
                        }
                    }
                }
            }
        }
        // A row that restricts may itself go by a cascade that was found later (R6).
        let remains = restricted.iter().find(|(_, _, entity, _, key)| {
            let write = self.writes.get(&(*entity, key.clone()));
            write.is_none_or(|write| write.new.is_some())
        });
        remains.map_or(Ok(()), |(target, target_key, entity, field, key)| {
            Err(self.restriction(*target, target_key, *entity, *field, key))
        })
    }

    fn restriction(
        &self,
        target: EntityIndex,
        target_key: &RowKey,
        entity: EntityIndex,
        field: FieldIndex,
        key: &RowKey,
    ) -> Error {
        let (schema, target) = (self.entity(entity), self.entity(target));
        Error::ForeignKeyViolation {
            entity: schema.name,
            key: schema.print_key(key),
            property: schema.fields[field].name,
            target: target.name,
            target_key: target.print_key(target_key),
            problem: "which this flush removes; remove or change the referring row first, or declare `on_delete = cascade` \
                      or, with an `Option`, `on_delete = set_null`",
        }
    }

    /// The rows whose stored to-one relation refers to the key.
    fn referrers(
        &self,
        entity: EntityIndex,
        field: FieldIndex,
        target: &RowKey,
    ) -> Result<Vec<RowKey>> {
        let (keyspace, schema) = (&self.database.keyspace, self.entity(entity));
        let index = schema.index_on(field);
        let index = index.expect("an owning relation has an index");
        keyspace.indexed(self.reader, schema, index, &target.to_vec())
    }

    /// Applies the rule of one referrer.
    fn follow_removal(
        &mut self,
        target_key: &RowKey,
        entity: EntityIndex,
        field: FieldIndex,
        key: &RowKey,
    ) -> Result<Follow> {
        let schema = self.entity(entity);
        let number = schema.fields[field].number;
        let write = self.write_of(entity, field, key)?;
        let Some(body) = &write.new else {
            return Ok(Follow::Nothing);
        };
        if write.replaces() {
            // The row that referred is gone. The new one is judged as any other new row.
            return Ok(Follow::Nothing);
        }
        let refers = body
            .get(number)
            .is_some_and(|stored| *stored == *target_key.to_vec());
        let RelationKind::ToOne { on_delete, .. } = schema.relation(field).kind else {
            unreachable!("referrers are to-one relations")
        };
        match on_delete {
            _ if !refers => Ok(Follow::Nothing),
            OnDelete::SetNull => {
                write.new = Some(body.properties().patched([(number, Some(&[][..]))]));
                write.follows = true;
                Ok(Follow::Nothing)
            }
            OnDelete::Cascade => {
                write.new = None;
                write.purge = true;
                Ok(Follow::Removed)
            }
            OnDelete::Restrict => Ok(Follow::Restricts),
        }
    }

    /// One-to-one: who holds a reference that another row is given now gives it up, if it may. A
    /// holder that this flush writes anyway is left to the program.
    pub(super) fn release_partners(&mut self) -> Result<()> {
        let mut holders = Vec::new();
        for ((entity, key), write) in &self.writes {
            let schema = self.entity(*entity);
            let Some(body) = &write.new else { continue };
            let is_given = |field: &&FieldIndex| {
                let changed = |change: &Change| change.changed.contains(**field);
                schema.fields[**field].nullable
                    && write.change.is_some_and(changed)
                    && schema.index_on(**field).is_some_and(|index| index.unique)
            };
            for field in schema.to_ones.iter().filter(is_given) {
                let Some(target) = self.reference(schema, body, *field)? else {
                    continue;
                };
                for holder in self.referrers(*entity, *field, &target)? {
                    if holder != *key && !self.writes.contains_key(&(*entity, holder.clone())) {
                        holders.push((*entity, *field, holder));
                    }
                }
            }
        }
        for (entity, field, holder) in holders {
            let number = self.entity(entity).fields[field].number;
            let write = self.write_of(entity, field, &holder)?;
            let body = write.new.as_ref().expect("a row that is not written stays");
            write.new = Some(body.properties().patched([(number, Some(&[][..]))]));
            write.follows = true;
        }
        Ok(())
    }

    /// What this flush writes of a row that an index names; so far, what is stored.
    fn write_of(
        &mut self,
        entity: EntityIndex,
        field: FieldIndex,
        key: &RowKey,
    ) -> Result<&mut Write<'a>> {
        let at = (entity, key.clone());
        if !self.writes.contains_key(&at) {
            let schema = self.entity(entity);
            let Some(old) = self.stored(entity, key)? else {
                return Err(Error::corruption(format!(
                    "the index {}.{} names a row that is not there: {}",
                    schema.name,
                    schema.fields[field].name,
                    schema.print_key(key)
                )));
            };
            let new = patch(&self.record(entity, key, &old)?, []);
            let write = Write {
                old: Some(old),
                new: Some(new),
                change: None,
                purge: false,
                follows: true,
            };
            self.writes.insert(at.clone(), write);
        }
        Ok(self.writes.get_mut(&at).expect("it was just added"))
    }
}
