//! A joined read: several look-ups that are counted, and told, as the one that they stand for.
//!
//! Its statement is that of the first look-up, with the relations and lazy properties that were read
//! along: `select article by id in (1) joined with author, text`. Invariant: a read that found
//! everything in memory is no look-up.

use super::Hints;
use crate::schema::{EntityIndex, Schema};

/// What a joined read has done so far.
#[derive(Default)]
pub(crate) struct Joined {
    lookups: u64,
    /// Empty as long as nobody listens.
    statement: String,
}

impl Joined {
    /// Takes in one look-up.
    pub(super) fn add(&mut self, is_told: bool, statement: impl FnOnce() -> String) {
        self.lookups += 1;
        if is_told && self.statement.is_empty() {
            self.statement = statement();
        }
    }

    /// Notes what is read along. Entities that were loaded before have no look-up of their own.
    pub(super) fn with(&mut self, schema: &Schema, entity: EntityIndex, hints: &Hints) {
        if self.statement.is_empty() {
            self.statement = format!("select {}", schema.entity(entity).label);
        }
        let mut names = Vec::new();
        collect_names(schema, entity, hints, "", &mut names);
        self.statement.push_str(" joined with ");
        self.statement.push_str(&names.join(", "));
    }

    /// Whether the store was asked for anything.
    pub(crate) const fn has_read(&self) -> bool {
        self.lookups > 0
    }

    /// The one look-up, as the query log says it.
    pub(crate) fn into_statement(self) -> String {
        self.statement
    }
}

/// `author`, `author.articles`: the ends of the hints, and what is on the way to them.
fn collect_names(
    schema: &Schema,
    entity: EntityIndex,
    hints: &Hints,
    before: &str,
    names: &mut Vec<String>,
) {
    for (field, deeper) in &hints.fields {
        let name = format!("{before}{}", schema.entity(entity).fields[*field].name);
        let inner = format!("{name}.");
        names.push(name);
        if !deeper.is_empty() {
            let target = schema.entity(entity).relation(*field).target;
            collect_names(schema, target, deeper, &inner, names);
        }
    }
}
