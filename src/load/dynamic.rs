//! Populate paths that come from outside, as texts: `author.tags`.
//!
//! Invariant: a path is resolved as a whole before anything is loaded, and what is hidden is no step of
//! one, nor told of.

use super::Hints;
use crate::error::{Error, Result};
use crate::schema::{EntityIndex, EntitySchema, FieldSchema, ResolvedKind, Schema};

/// A suggestion is as near as this, of 1 for the same and 0 for nothing in common.
const NEAR: f64 = 0.7;

impl Hints {
    /// Adds a path of names with dots between them, from an entity.
    ///
    /// # Errors
    /// [`Error::Query`] if a step is no relation or lazy property, or is hidden.
    pub(crate) fn add_named(
        &mut self,
        schema: &Schema,
        root: EntityIndex,
        path: &str,
    ) -> Result<()> {
        let mut steps = Vec::new();
        let mut at = Some(schema.entity(root));
        for name in path.split('.') {
            let problem = |problem: String| Error::Query {
                entity: schema.entity(root).name,
                problem: format!(
                    "the populate path `{path}` can't be followed at `{name}`: {problem}"
                ),
            };
            let Some(entity) = at else {
                return Err(problem(
                    "what is before it is a lazy property, and leads nowhere".to_owned(),
                ));
            };
            let known = |field: &FieldSchema| field.name == name && !field.hidden;
            let found = entity.fields.iter().position(known);
            let Some(field) = found else {
                return Err(problem(unknown(entity, name)));
            };
            at = match &entity.fields[field].kind {
                ResolvedKind::Relation(relation) => Some(schema.entity(relation.target)),
                ResolvedKind::Lazy(_) => None,
                ResolvedKind::Derived(_) => {
                    return Err(problem(format!(
                        "it is what an index of {entity} computes, and no instance has it; {}",
                        choices(entity)
                    )));
                }
                ResolvedKind::PrimaryKey | ResolvedKind::Scalar(_) => {
                    return Err(problem(format!(
                        "it is a plain property of {entity}, and is loaded with it; {}",
                        choices(entity)
                    )));
                }
            };
            steps.push(field);
        }
        self.add(&steps);
        Ok(())
    }
}

/// What may follow an entity in a path.
fn names(entity: &EntitySchema) -> impl Iterator<Item = &'static str> {
    let can_follow = |field: &&FieldSchema| {
        let leads_on = matches!(
            field.kind,
            ResolvedKind::Relation(_) | ResolvedKind::Lazy(_)
        );
        leads_on && !field.hidden
    };
    entity
        .fields
        .iter()
        .filter(can_follow)
        .map(|field| field.name)
}

fn choices(entity: &EntitySchema) -> String {
    let names: Vec<_> = names(entity).map(|name| format!("`{name}`")).collect();
    if names.is_empty() {
        format!("{entity} has nothing to populate")
    } else {
        format!("what can be populated of {entity} is {}", names.join(", "))
    }
}

fn unknown(entity: &EntitySchema, name: &str) -> String {
    let likeness = |known: &'static str| (strsim::jaro_winkler(name, known), known);
    let nearest = names(entity)
        .map(likeness)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let suggestion = match nearest {
        Some((likeness, known)) if likeness >= NEAR => format!(" (did you mean `{known}`?)"),
        _ => String::new(),
    };
    format!(
        "{entity} has no such relation or lazy property{suggestion}; {}",
        choices(entity)
    )
}
