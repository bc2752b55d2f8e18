//! Why a query reads all rows, and what to do about it: the refusal of a full scan.

use super::Query;
use super::describe::{describe_query, path};
use super::filter::Comparison;
use super::judge::Judge;
use super::plan::{Atom, Test, atoms_of, best};
use crate::error::{Error, Result};
use crate::schema::{EntityIndex, EntitySchema, FieldIndex, ResolvedKind, Schema};

/// The error of a query that would read all rows where that is forbidden.
///
/// # Errors
/// When what is stored can't be read.
pub(super) fn refuse(judge: Judge<'_>, entity: &EntitySchema, query: &Query) -> Result<Error> {
    let schema = &judge.database.schema;
    let asked = describe_query(schema, entity.index, query);
    let missing = missing_index(judge, entity, &atoms_of(query.condition.as_ref()))?;
    let remedy = match (missing, &query.condition) {
        (Some(remedy), _) => remedy,
        (None, Some(_)) => {
            "no index answers such a condition, so put one beside it that an index answers"
                .to_owned()
        }
        (None, None) => "narrow it with a condition, or with a limit".to_owned(),
    };
    Ok(Error::Query {
        entity: entity.name,
        problem: format!(
            "`{asked}` is a full scan, it reads every row, and full scans are forbidden; {remedy}, or allow it with \
             `.allow_full_scan()`"
        ),
    })
}

/// The index that would answer a part of the condition: of the first of them that one could answer.
fn missing_index(
    judge: Judge<'_>,
    entity: &EntitySchema,
    atoms: &[Atom<'_>],
) -> Result<Option<String>> {
    let schema = &judge.database.schema;
    for atom in atoms {
        let at = end_of(schema, entity.index, atom.steps);
        let remedy = match atom.test {
            Test::Compare(field, comparison) => {
                let helps = is_answered_by_index(comparison, atom.negated);
                let attribute = match comparison {
                    Comparison::Has(_) => "index(each)",
                    _ => "index",
                };
                helps
                    .then(|| declaration(schema, at, field, attribute))
                    .flatten()
            }
            Test::Items(items) => {
                let target = end_of(schema, at, &[items.field]);
                let target = schema.entity(target);
                let asked = items.of.as_deref().filter(|_| !items.number.contains(&0));
                missing_index(judge, target, &atoms_of(asked))?
            }
            Test::OneOf(conditions) => {
                let mut remedy = None;
                for condition in conditions {
                    let atoms = atoms_of(Some(condition));
                    if best(judge, entity, &atoms)?.is_none() {
                        remedy = missing_index(judge, entity, &atoms)?;
                        break;
                    }
                }
                remedy
            }
        };
        if remedy.is_some() {
            return Ok(remedy);
        }
    }
    Ok(None)
}

fn end_of(schema: &Schema, from: EntityIndex, steps: &[FieldIndex]) -> EntityIndex {
    let go = |at, step: &FieldIndex| schema.entity(at).relation(*step).target;
    steps.iter().fold(from, go)
}

fn is_answered_by_index(comparison: &Comparison, negated: bool) -> bool {
    match comparison {
        Comparison::In(_) | Comparison::Has(_) => !negated,
        Comparison::Less { .. } | Comparison::IsNone => true,
        Comparison::Elements(_) => false,
        Comparison::Text(text) => !negated && !text.index_prefix.is_empty(),
    }
}

/// What to write where. Nothing, where there is such an index already.
fn declaration(
    schema: &Schema,
    entity: EntityIndex,
    field: FieldIndex,
    attribute: &str,
) -> Option<String> {
    let at = schema.entity(entity);
    let property = &at.fields[field];
    let is_scalar = matches!(property.kind, ResolvedKind::Scalar(_));
    let (name, ..) = path(schema, entity, &[], field);
    match at.index_on(field) {
        _ if !is_scalar => None,
        None => Some(format!(
            "put `#[orm({attribute})]` on `{name}` of `{}`",
            at.name
        )),
        // A unique index has no entries for `None`.
        Some(index) if index.unique && property.nullable => Some(format!(
            "the unique index on `{name}` of `{}` has no rows without a value, so leave these out with `is_some()`",
            at.name
        )),
        Some(_) => None,
    }
}
