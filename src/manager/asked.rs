//! What a read looks at, and the pending work that is flushed before it (R17).

use std::collections::BTreeSet;

use super::EntityManager;
use super::find::Options;
use crate::database::FlushMode;
use crate::error::Result;
use crate::query::Query;
use crate::schema::{EntityIndex, FieldIndex, ResolvedKind};

impl EntityManager {
    pub(super) fn wants_flush(&self, asked: &BTreeSet<EntityIndex>) -> bool {
        match self.flush_mode {
            FlushMode::Commit => false,
            FlushMode::Always => true,
            FlushMode::Auto => !self.pending_entities().is_disjoint(asked),
        }
    }

    /// The entities whose rows pending work may change: its own, and what removals reach.
    fn pending_entities(&self) -> BTreeSet<EntityIndex> {
        let mut removed = BTreeSet::new();
        let mut pending = BTreeSet::new();
        for instance in self.context.touched() {
            pending.insert(instance.entity);
            let goes = self.context.slot(*instance).is_removed()
                || self.context.ledger.orphans.contains_key(instance);
            if goes {
                removed.insert(instance.entity);
            }
        }
        pending.extend(
            self.context
                .ledger
                .adopted
                .iter()
                .map(|adoption| adoption.entity),
        );
        pending.extend(self.database.schema.reached_by_removal(removed));
        pending
    }

    /// The entities whose rows a query looks at, with those that choosing what it populates looks at.
    pub(super) fn entities_of(
        &self,
        index: EntityIndex,
        query: &Query,
        options: &Options,
    ) -> Result<BTreeSet<EntityIndex>> {
        let mut entities = self.entities_of_hints(index, options)?;
        self.add_entities(index, query, &mut entities);
        Ok(entities)
    }

    /// The entities whose rows are looked at to choose what of a collection is populated.
    pub(super) fn entities_of_hints(
        &self,
        index: EntityIndex,
        options: &Options,
    ) -> Result<BTreeSet<EntityIndex>> {
        let schema = &self.database.schema;
        let filters = self.filters.active(schema, &options.filters);
        let mut entities = BTreeSet::new();
        let mut open = vec![(index, &options.hints)];
        while let Some((index, hints)) = open.pop() {
            for (field, deeper) in &hints.fields {
                let ResolvedKind::Relation(relation) = &schema.entity(index).fields[*field].kind
                else {
                    continue;
                };
                let mut choice = deeper.selection.as_deref().cloned().unwrap_or_default();
                filters.apply(relation.target, &mut choice)?;
                if !choice.is_all() {
                    self.add_entities(relation.target, &choice, &mut entities);
                }
                open.push((relation.target, deeper));
            }
        }
        Ok(entities)
    }

    /// Adds the entity of a query, and those that its paths lead to.
    pub(super) fn add_entities(
        &self,
        index: EntityIndex,
        query: &Query,
        to: &mut BTreeSet<EntityIndex>,
    ) {
        to.insert(index);
        query.paths(&mut |steps| self.add_path(index, steps, to));
    }

    /// Adds the entities that relations lead to.
    pub(super) fn add_path(
        &self,
        mut index: EntityIndex,
        steps: &[FieldIndex],
        to: &mut BTreeSet<EntityIndex>,
    ) {
        for step in steps {
            index = self.database.schema.entity(index).relation(*step).target;
            to.insert(index);
        }
    }

    /// Flushes pending work of the entities, if a read looks at the rows of any (R17). The flush is a
    /// call of its own: it stands, whatever becomes of the read.
    pub(super) fn flush_before(&mut self, asked: &BTreeSet<EntityIndex>) -> Result<()> {
        if asked.is_empty() {
            return Ok(());
        }
        self.attempt(Self::reconcile)?;
        if self.wants_flush(asked) {
            self.flush()?;
        }
        Ok(())
    }
}
