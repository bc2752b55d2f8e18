//! Conditions as the query log says them: `slug = "foo" and author.full_name != "Foo Bar"`.

use super::Query;
use super::filter::{Comparison, Condition};
use super::items::Items;
use super::order::Term;
use crate::log;
use crate::schema::{
    DerivedValue, EntityIndex, EntitySchema, FieldIndex, FieldSchema, ResolvedKind, Schema,
};

/// What stands for the values of hidden properties.
const HIDDEN: &str = "<hidden>";

/// The whole query in words: `slug = "foo" order by title desc limit 20`.
pub(crate) fn describe_query(schema: &Schema, entity: EntityIndex, query: &Query) -> String {
    let mut words = match &query.condition {
        Some(condition) => describe(schema, entity, condition),
        None => "all".to_owned(),
    };
    if !query.order.is_empty() {
        let order = describe_order(schema, entity, &query.order);
        words = format!("{words} order by {order}");
    }
    words
}

/// The order in words: `title desc, id`.
pub(crate) fn describe_order(schema: &Schema, entity: EntityIndex, order: &[Term]) -> String {
    let terms = order.iter().map(|term| describe_term(schema, entity, term));
    terms.collect::<Vec<_>>().join(", ")
}

fn describe_term(schema: &Schema, entity: EntityIndex, term: &Term) -> String {
    let (path, _, _) = path(schema, entity, &term.steps, term.field);
    let direction = if term.descending { " desc" } else { "" };
    let nulls = match (term.has_natural_nulls(), term.nulls_last) {
        (true, _) => "",
        (false, true) => " nulls last",
        (false, false) => " nulls first",
    };
    format!("{path}{direction}{nulls}")
}

/// The condition in words. Values of hidden properties are not said.
fn describe(schema: &Schema, entity: EntityIndex, condition: &Condition) -> String {
    match condition {
        Condition::Compare {
            steps,
            field,
            comparison,
        } => compare(schema, entity, steps, *field, comparison),
        Condition::Items(items) => describe_items(schema, entity, items),
        Condition::All(conditions) if conditions.is_empty() => "all".to_owned(),
        Condition::Any(conditions) if conditions.is_empty() => "none".to_owned(),
        Condition::All(conditions) => list(schema, entity, conditions, " and "),
        Condition::Any(conditions) => format!("({})", list(schema, entity, conditions, " or ")),
        Condition::Not(condition) => describe_not(schema, entity, condition),
    }
}

/// `tags any (name = "rust")`, `author.articles count >= 3`.
fn describe_items(schema: &Schema, entity: EntityIndex, items: &Items) -> String {
    let (path, at, _) = path(schema, entity, &items.steps, items.field);
    let target = at.relation(items.field).target;
    let of = |condition: &Condition| format!("({})", describe(schema, target, condition));
    if !at.relation(items.field).is_to_many() {
        let is_none = items.number.contains(&0);
        return format!("{path} is {}", if is_none { "none" } else { "some" });
    }
    match (
        items.number.start(),
        items.number.end(),
        items.of.as_deref(),
    ) {
        (1, &usize::MAX, Some(condition)) => format!("{path} any {}", of(condition)),
        (0, 0, Some(Condition::Not(condition))) => format!("{path} all {}", of(condition)),
        (0, 0, Some(condition)) => format!("{path} none {}", of(condition)),
        (0, 0, None) => format!("{path} is empty"),
        (least, most, condition) => {
            let of = condition.map(|condition| format!(" of {}", of(condition)));
            let number = match (*least, *most) {
                (least, most) if least == most => format!("= {least}"),
                (least, usize::MAX) => format!(">= {least}"),
                (0, most) => format!("<= {most}"),
                (least, most) => format!("between {least} and {most}"),
            };
            format!("{path} count{} {number}", of.unwrap_or_default())
        }
    }
}

fn list(schema: &Schema, entity: EntityIndex, conditions: &[Condition], between: &str) -> String {
    let conditions: Vec<_> = conditions
        .iter()
        .map(|condition| describe(schema, entity, condition))
        .collect();
    conditions.join(between)
}

/// The opposite of a condition: `year > 5` rather than `not (year <= 5)`.
fn describe_not(schema: &Schema, entity: EntityIndex, condition: &Condition) -> String {
    if let Condition::Compare {
        steps,
        field,
        comparison,
    } = condition
    {
        let (path, entity, property) = path(schema, entity, steps, *field);
        match comparison {
            Comparison::IsNone => return format!("{path} is not none"),
            _ if property.hidden => return format!("{path} compared with {HIDDEN}"),
            Comparison::Less { than, or_equal } => {
                let sign = if *or_equal { ">" } else { ">=" };
                return format!("{path} {sign} {}", log::shortened(&than.text));
            }
            Comparison::In(values) => {
                if let [value] = values.as_slice() {
                    let value = operand(entity, property, value.as_deref());
                    return format!("{path} != {value}");
                }
            }
            Comparison::Text(_) | Comparison::Has(_) => {}
        }
    }
    format!("not ({})", describe(schema, entity, condition))
}

/// The first part of a condition that makes no sense, and why.
pub(super) fn problem(
    schema: &Schema,
    entity: EntityIndex,
    condition: &Condition,
) -> Option<String> {
    match condition {
        Condition::Compare {
            steps,
            field,
            comparison: Comparison::Text(text),
        } => {
            let problem = text.pattern.problem()?;
            let (path, ..) = path(schema, entity, steps, *field);
            Some(format!(
                "`{path}` is compared with a pattern, but {problem}"
            ))
        }
        Condition::Compare { .. } => None,
        Condition::Items(items) => {
            let (_, at, _) = path(schema, entity, &items.steps, items.field);
            let target = at.relation(items.field).target;
            problem(schema, target, items.of.as_deref()?)
        }
        Condition::All(conditions) | Condition::Any(conditions) => conditions
            .iter()
            .find_map(|condition| problem(schema, entity, condition)),
        Condition::Not(condition) => problem(schema, entity, condition),
    }
}

fn compare(
    schema: &Schema,
    entity: EntityIndex,
    steps: &[FieldIndex],
    field: FieldIndex,
    comparison: &Comparison,
) -> String {
    let (path, entity, property) = path(schema, entity, steps, field);
    match comparison {
        Comparison::IsNone => format!("{path} is none"),
        _ if property.hidden => format!("{path} compared with {HIDDEN}"),
        Comparison::Text(text) => format!("{path} {}", text.pattern),
        Comparison::Has(has) => format!("{path} {}", has.describe()),
        Comparison::Less { than, or_equal } => {
            format!(
                "{path} {} {}",
                if *or_equal { "<=" } else { "<" },
                log::shortened(&than.text)
            )
        }
        Comparison::In(values) => match values.as_slice() {
            [value] => format!("{path} = {}", operand(entity, property, value.as_deref())),
            values => {
                let values = log::list(
                    values
                        .iter()
                        .map(|value| operand(entity, property, value.as_deref())),
                );
                format!("{path} in ({values})")
            }
        },
    }
}

/// `author.full_name`.
pub(crate) fn describe_path(
    schema: &Schema,
    entity: EntityIndex,
    steps: &[FieldIndex],
    field: FieldIndex,
) -> String {
    path(schema, entity, steps, field).0
}

/// `author.full_name`, with the entity at its end, and the property.
pub(super) fn path<'s>(
    schema: &'s Schema,
    mut entity: EntityIndex,
    steps: &[FieldIndex],
    field: FieldIndex,
) -> (String, &'s EntitySchema, &'s FieldSchema) {
    let mut path = String::new();
    for step in steps {
        let at = schema.entity(entity);
        path.push_str(at.fields[*step].name);
        path.push('.');
        entity = at.relation(*step).target;
    }
    let entity = schema.entity(entity);
    let property = &entity.fields[field];
    path.push_str(property.name);
    (path, entity, property)
}

fn operand(entity: &EntitySchema, property: &FieldSchema, stored: Option<&[u8]>) -> String {
    match (&property.kind, stored) {
        (
            ResolvedKind::Scalar(value_type)
            | ResolvedKind::Derived(DerivedValue { value_type, .. }),
            Some(stored),
        ) => log::shortened(&value_type.display(stored).to_string()),
        (ResolvedKind::PrimaryKey, Some(stored)) => match (entity.key_of_value)(stored) {
            Some(key) => entity.print_key(&key),
            None => "..".to_owned(),
        },
        _ => "..".to_owned(),
    }
}
