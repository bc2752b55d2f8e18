//! What a read looks at, and the pending work that is flushed before it (R17).

use std::collections::BTreeSet;

use super::EntityManager;
use super::find::Options;
use crate::context::LinkChange;
use crate::database::FlushMode;
use crate::error::Result;
use crate::query::{Column, Query};
use crate::schema::{EntityIndex, FieldIndex, JoinIndex, RelationKind, ResolvedKind, Schema};

/// What a read looks at in the store.
#[derive(Default)]
pub(super) struct Asked {
    /// Rows of these.
    entities: BTreeSet<EntityIndex>,
    /// Links of these many-to-many relations.
    joins: BTreeSet<JoinIndex>,
}

impl Asked {
    /// Rows of these entities.
    pub(super) fn rows_of(entities: BTreeSet<EntityIndex>) -> Self {
        Self {
            entities,
            ..Self::default()
        }
    }

    /// Rows of these entities, and all links that they may have.
    pub(super) fn rows_and_links_of(schema: &Schema, entities: BTreeSet<EntityIndex>) -> Self {
        let joins = (0..).zip(&schema.joins).filter_map(|(at, join)| {
            let ends = [join.owner, join.target];
            let has = ends.iter().any(|end| entities.contains(end));
            has.then_some(JoinIndex(at))
        });
        Self {
            joins: joins.collect(),
            entities,
        }
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.entities.is_empty()
    }
}

impl EntityManager {
    pub(super) fn wants_flush(&self, asked: &Asked) -> bool {
        match self.flush_mode {
            FlushMode::Commit => false,
            FlushMode::Always => true,
            FlushMode::Auto => {
                let mut joins = self.context.ledger.joins();
                joins.any(|join| asked.joins.contains(&join))
                    || !self.pending_entities().is_disjoint(&asked.entities)
            }
        }
    }

    /// The entities whose rows pending work may change: its own, and what removals reach.
    fn pending_entities(&self) -> BTreeSet<EntityIndex> {
        let schema = &self.database.schema;
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
        for adoption in self.context.ledger.adopted.iter() {
            pending.insert(adoption.entity);
            // It may turn out to be an orphan that goes.
            if adoption.change == LinkChange::Remove {
                removed.insert(adoption.entity);
            }
        }
        pending.extend(schema.reached_by_removal(removed));
        pending
    }

    /// What a query looks at, with what choosing what it populates looks at.
    pub(super) fn asked_by(
        &self,
        index: EntityIndex,
        query: &Query,
        options: &Options,
    ) -> Result<Asked> {
        let mut asked = self.asked_by_hints(index, options)?;
        self.add_query(index, query, &mut asked);
        Ok(asked)
    }

    /// What is looked at to choose what of a collection is populated.
    pub(super) fn asked_by_hints(&self, index: EntityIndex, options: &Options) -> Result<Asked> {
        let schema = &self.database.schema;
        let filters = self.filters.active(schema, &options.filters);
        let mut asked = Asked::default();
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
                    self.add_query(relation.target, &choice, &mut asked);
                }
                open.push((relation.target, deeper));
            }
        }
        Ok(asked)
    }

    /// Adds the entity of a query, and what its paths lead to.
    pub(super) fn add_query(&self, index: EntityIndex, query: &Query, to: &mut Asked) {
        to.entities.insert(index);
        query.paths(&mut |steps| self.add_path(index, steps, to));
    }

    /// Adds what leads to columns.
    pub(super) fn add_columns(&self, index: EntityIndex, columns: &[Column], to: &mut Asked) {
        for column in columns {
            self.add_path(index, &column.steps, to);
        }
    }

    /// Adds what relations lead to.
    pub(super) fn add_path(&self, mut index: EntityIndex, steps: &[FieldIndex], to: &mut Asked) {
        for step in steps {
            let relation = self.database.schema.entity(index).relation(*step);
            if let RelationKind::ManyToMany { join, .. } = relation.kind {
                to.joins.insert(join);
            }
            index = relation.target;
            to.entities.insert(index);
        }
    }

    /// Flushes pending work that changes what a read looks at (R17). The flush is a call of its own: it
    /// stands, whatever becomes of the read.
    pub(super) fn flush_before(&mut self, asked: &Asked) -> Result<()> {
        if asked.is_nothing() {
            return Ok(());
        }
        self.attempt(Self::reconcile)?;
        if self.wants_flush(asked) {
            self.flush()?;
        }
        Ok(())
    }
}
