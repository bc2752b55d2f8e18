//! Items of collections that a hint chooses, or that named filters let through, and queries among the
//! items of one collection.
//!
//! Invariant: what is chosen from is what the collection holds, corrected by what is pending.

use std::collections::BTreeSet;

use super::collections::{Property, describe};
use super::{Hints, Loader};
use crate::codec::RowKey;
use crate::context::Instance;
use crate::entity::Membership;
use crate::error::{Error, Result};
use crate::query::{self, Condition, Found, Query};
use crate::schema::{EntityIndex, EntitySchema, FieldIndex, OrderTerm, RelationSchema};
use crate::storage::Bytes;

/// One collection whose items are asked.
pub(crate) struct ItemsOf {
    pub(crate) owner: Instance,
    pub(crate) field: FieldIndex,
    /// What rows meet that refer to the owner, where those are the items.
    pub(crate) refers: Option<Condition>,
}

impl Loader<'_> {
    /// What a query chooses of the items of one collection, and how many rows were read for that.
    fn choose_of(&self, collection: &ItemsOf, query: &Query) -> Result<(Vec<Found>, usize)> {
        let (database, reader) = (self.database, self.reader);
        let relation = self.relation_of(collection);
        let target = database.schema.entity(relation.target);
        if let Some(query) = self.stored_items(collection, query) {
            let found = query::execute(database, reader, target, &query)?.rows;
            let read = found.len();
            return Ok((found, read));
        }
        let mut items = self.items_of(collection.owner, collection.field)?;
        let is_removed = |key: &RowKey| {
            let instance = self.context.find(target.index, key);
            instance.is_some_and(|instance| self.context.slot(instance).is_removed())
        };
        items.retain(|key| !is_removed(key));
        let keys: BTreeSet<&RowKey> = items.iter().collect();
        let keys: Vec<&RowKey> = keys.into_iter().collect();
        let chosen = query::choose(database, reader, target, query, &keys)?;
        let found = chosen.among(&items).into_iter().map(|key| Found {
            row: Bytes::clone(chosen.row(&key)),
            key,
        });
        Ok((found.collect(), chosen.examined()))
    }

    fn relation_of(&self, collection: &ItemsOf) -> &RelationSchema {
        let owner = self.database.schema.entity(collection.owner.entity);
        owner.relation(collection.field)
    }

    /// The query as one of all rows, which an index of theirs may answer: where the items are those that
    /// refer to the owner, and nothing that is pending may change which.
    fn stored_items(&self, collection: &ItemsOf, query: &Query) -> Option<Query> {
        let target = self.relation_of(collection).target;
        let refers = collection.refers.as_ref()?;
        let mut touched = self.context.touched().iter();
        let mut adopted = self.context.ledger.adopted.iter();
        let is_pending = touched.any(|instance| instance.entity == target)
            || adopted.any(|adoption| adoption.entity == target);
        (!is_pending).then(|| {
            let mut query = query.clone();
            query.must_meet(refers.clone());
            query
        })
    }

    /// How many of the items of one collection a query chooses.
    ///
    /// # Errors
    /// When what is stored can't be read.
    pub(crate) fn count_items(&self, collection: &ItemsOf, query: &Query) -> Result<usize> {
        let Some(stored) = self.stored_items(collection, query) else {
            return Ok(self.choose_of(collection, query)?.0.len());
        };
        let target = self
            .database
            .schema
            .entity(self.relation_of(collection).target);
        let counted = query::count(self.database, self.reader, target, &stored);
        counted.map(|(count, _)| count)
    }

    /// What a query chooses of the items of one collection, told as a look-up; `admit`: the items become
    /// instances.
    pub(crate) fn find_items(
        &mut self,
        collection: &ItemsOf,
        query: &Query,
        admit: bool,
    ) -> Result<Vec<RowKey>> {
        let started = self.database.log.start();
        let (found, read) = self.choose_of(collection, query)?;
        let entity = self.database.schema.entity(collection.owner.entity);
        let target = self
            .database
            .schema
            .entity(entity.relation(collection.field).target);
        let owners = [(
            self.context.slot(collection.owner).key.clone(),
            collection.owner,
        )];
        let by = || self.describe_choice(&owners, entity, collection.field, query);
        let by = started.map(|_| by()).unwrap_or_default();
        self.count(started, read, || target.label.clone(), || by);
        let mut keys = Vec::with_capacity(found.len());
        for Found { key, row } in found {
            if admit {
                self.admit(target.index, &key, row)?;
            }
            keys.push(key);
        }
        Ok(keys)
    }

    fn describe_choice(
        &self,
        owners: &[(RowKey, Instance)],
        entity: &EntitySchema,
        field: FieldIndex,
        query: &Query,
    ) -> String {
        let owners = describe(owners, entity, field);
        let (schema, target) = (&self.database.schema, entity.relation(field).target);
        format!("{owners}, {}", query::describe_query(schema, target, query))
    }

    /// The order of a collection's items: its own, or that of the entity that they are.
    fn declared_order<'s>(&'s self, (entity, field, relation): Property<'s>) -> &'s [OrderTerm] {
        let own = &entity.fields[field].order;
        if own.is_empty() && !relation.has_fixed_order(&self.database.schema) {
            &self.database.schema.entity(relation.target).order
        } else {
            own
        }
    }

    /// Puts the items of collections that were filled in the declared order, if there is one. Those that
    /// are not stored come last.
    pub(super) fn order_collections(
        &mut self,
        owners: &[(RowKey, Instance)],
        (entity, field, relation): Property<'_>,
    ) -> Result<()> {
        let order = query::declared(self.declared_order((entity, field, relation)));
        if order.is_empty() {
            return Ok(());
        }
        let query = Query {
            order,
            ..Query::default()
        };
        let of = |owner: Instance| self.context.body(owner).to_many(field).keys();
        let items: BTreeSet<RowKey> = owners.iter().flat_map(|(_, owner)| of(*owner)).collect();
        let keys: Vec<&RowKey> = items.iter().collect();
        let target = self.database.schema.entity(relation.target);
        let chosen = query::choose(self.database, self.reader, target, &query, &keys)?;
        for (_, owner) in owners {
            let collection = self.context.body(*owner).to_many(field);
            let (shown, dirty) = (collection.keys(), collection.dirty());
            let mut ordered = chosen.among(&shown);
            ordered.extend(shown.into_iter().filter(|key| !chosen.has(key)));
            let membership = Membership::Initialized;
            self.context
                .show(*owner, field, membership, (ordered, dirty));
        }
        Ok(())
    }

    /// Which items of a collection are asked for, where it is not all of them, and what the collection
    /// is then.
    pub(super) fn choice(
        &self,
        entity: &EntitySchema,
        field: FieldIndex,
        relation: &RelationSchema,
        hints: &Hints,
    ) -> Result<Option<(Query, Membership)>> {
        if hints.is_contradictory {
            return Err(Error::Query {
                entity: entity.name,
                problem: format!(
                    "two populate hints choose among the items of `{0}`, and a collection shows one choice; put both \
                     into one hint, or ask for the second with `em.edit(id).{0}().matching(..)`",
                    entity.fields[field].name
                ),
            });
        }
        let filter = self.filters.condition(relation.target)?;
        let membership = match (&hints.selection, &filter) {
            (None, None) => return Ok(None),
            (Some(selection), _) if selection.cuts() => Membership::Partial,
            (_, Some(_)) => Membership::Filtered,
            (Some(_), None) => Membership::Initialized,
        };
        let mut query = hints.selection.as_deref().cloned().unwrap_or_default();
        if let Some(condition) = filter {
            query.must_meet(condition);
        }
        query.order_by_default(self.declared_order((entity, field, relation)));
        Ok(Some((query, membership)))
    }

    /// Shows in each owner's collection what a query chooses of its items, and loads these.
    pub(super) fn choose_items(
        &mut self,
        owners: &[(RowKey, Instance)],
        (entity, field, relation): Property<'_>,
        query: &Query,
        (membership, references): (Membership, bool),
    ) -> Result<()> {
        let started = self.database.log.start();
        let stored = self.links_of(owners, relation)?;
        let corrected = self.corrected_all(owners, (field, relation), &stored)?;
        let keys = corrected.iter().flat_map(|(items, _)| items);
        let keys: BTreeSet<&RowKey> = keys.collect();
        let target = self.database.schema.entity(relation.target);
        let keys: Vec<&RowKey> = keys.into_iter().collect();
        let chosen = query::choose(self.database, self.reader, target, query, &keys)?;
        self.check_links(owners, (entity, field, relation), &stored, |key| {
            chosen.has_read(key) || self.context.find(relation.target, key).is_some()
        })?;
        let by = || self.describe_choice(owners, entity, field, query);
        let by = started.map(|_| by()).unwrap_or_default();
        self.count(started, chosen.examined(), || target.label.clone(), || by);
        for ((_, owner), (items, dirty)) in owners.iter().zip(corrected) {
            let items = chosen.among(&items);
            for key in items.iter().filter(|_| !references) {
                self.admit(target.index, key, Bytes::clone(chosen.row(key)))?;
            }
            self.context.show(*owner, field, membership, (items, dirty));
        }
        Ok(())
    }

    /// Loads those of the rows, ascending, that meet a condition, unless they are loaded.
    pub(super) fn load_rows_that_meet(
        &mut self,
        entity: EntityIndex,
        keys: &BTreeSet<RowKey>,
        condition: Condition,
    ) -> Result<()> {
        let started = self.database.log.start();
        let is_wanted = |key: &&RowKey| self.overwrite || self.context.find(entity, key).is_none();
        let wanted: Vec<&RowKey> = keys.iter().filter(is_wanted).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let mut query = Query::default();
        query.must_meet(condition);
        let target = self.database.schema.entity(entity);
        let chosen = query::choose(self.database, self.reader, target, &query, &wanted)?;
        for key in wanted.iter().filter(|key| chosen.has(key)) {
            self.admit(entity, key, Bytes::clone(chosen.row(key)))?;
        }
        let by = || query::describe_query(&self.database.schema, entity, &query);
        let by = started.map(|_| by()).unwrap_or_default();
        self.count(started, chosen.examined(), || target.label.clone(), || by);
        Ok(())
    }
}
