//! Conditions as the query log says them: `slug = "foo" and author.full_name != "Foo Bar"`.

use std::ops::RangeInclusive;

use super::Query;
use super::filter::{Comparison, Condition};
use super::items::Items;
use super::order::Term;
use crate::log;
use crate::schema::{
    DerivedValue, EntityIndex, EntitySchema, FieldIndex, FieldSchema, ListSchema, ResolvedKind,
    Schema,
};

/// What stands for the values of hidden properties.
const HIDDEN: &str = "<hidden>";

/// The whole query in words: `slug = "foo" order by title desc limit 20`.
pub(crate) fn describe_query(schema: &Schema, entity: EntityIndex, query: &Query) -> String {
    let mut words = match &query.condition {
        Some(condition) => describe(Subject::Entity(schema, entity), condition),
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

/// What a condition is about.
#[derive(Clone, Copy)]
enum Subject<'s> {
    Entity(&'s Schema, EntityIndex),
    /// An element of a list of embedded values.
    Element(&'s ListSchema),
}

impl<'s> Subject<'s> {
    /// The path to a property, the property, and the entity that has it, if one does.
    fn property(
        self,
        steps: &[FieldIndex],
        field: FieldIndex,
    ) -> (String, &'s FieldSchema, Option<&'s EntitySchema>) {
        match self {
            Self::Entity(schema, entity) => {
                let (path, entity, property) = path(schema, entity, steps, field);
                (path, property, Some(entity))
            }
            Self::Element(list) => {
                let property = &list.fields[field];
                (property.name.to_owned(), property, None)
            }
        }
    }
}

/// The condition in words. Values of hidden properties are not said.
fn describe(of: Subject<'_>, condition: &Condition) -> String {
    match condition {
        Condition::Compare {
            steps,
            field,
            comparison,
        } => compare(of, steps, *field, comparison),
        Condition::Items(items) => describe_items(of, items),
        Condition::All(conditions) if conditions.is_empty() => "all".to_owned(),
        Condition::Any(conditions) if conditions.is_empty() => "none".to_owned(),
        Condition::All(conditions) => list(of, conditions, " and "),
        Condition::Any(conditions) => format!("({})", list(of, conditions, " or ")),
        Condition::Not(condition) => describe_not(of, condition),
    }
}

/// `tags any (name = "rust")`, `author.articles count >= 3`.
fn describe_items(of: Subject<'_>, items: &Items) -> String {
    let Subject::Entity(schema, entity) = of else {
        unreachable!("an embedded value has no relations")
    };
    let (path, at, _) = path(schema, entity, &items.steps, items.field);
    let relation = at.relation(items.field);
    if !relation.is_to_many() {
        let is_none = items.number.contains(&0);
        return format!("{path} is {}", if is_none { "none" } else { "some" });
    }
    let item = Subject::Entity(schema, relation.target);
    describe_count(&path, item, items.of.as_deref(), &items.number)
}

/// How many items or elements there are, of which each is what `of` says.
fn describe_count(
    path: &str,
    of: Subject<'_>,
    condition: Option<&Condition>,
    number: &RangeInclusive<usize>,
) -> String {
    let words = |condition: &Condition| format!("({})", describe(of, condition));
    match (number.start(), number.end(), condition) {
        (1, &usize::MAX, Some(condition)) => format!("{path} any {}", words(condition)),
        (0, 0, Some(Condition::Not(condition))) => format!("{path} all {}", words(condition)),
        (0, 0, Some(condition)) => format!("{path} none {}", words(condition)),
        (0, 0, None) => format!("{path} is empty"),
        (least, most, condition) => {
            let of = condition.map(|condition| format!(" of {}", words(condition)));
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

fn list(of: Subject<'_>, conditions: &[Condition], between: &str) -> String {
    let conditions: Vec<_> = conditions
        .iter()
        .map(|condition| describe(of, condition))
        .collect();
    conditions.join(between)
}

/// The opposite of a condition: `year > 5` rather than `not (year <= 5)`.
fn describe_not(of: Subject<'_>, condition: &Condition) -> String {
    if let Condition::Compare {
        steps,
        field,
        comparison,
    } = condition
    {
        let (path, property, entity) = of.property(steps, *field);
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
            Comparison::Text(_) | Comparison::Has(_) | Comparison::Elements(_) => {}
        }
    }
    format!("not ({})", describe(of, condition))
}

/// The first part of a condition that makes no sense, and why.
pub(super) fn problem(
    schema: &Schema,
    entity: EntityIndex,
    condition: &Condition,
) -> Option<String> {
    problem_of(Subject::Entity(schema, entity), condition)
}

fn problem_of(of: Subject<'_>, condition: &Condition) -> Option<String> {
    match condition {
        Condition::Compare {
            steps,
            field,
            comparison,
        } => {
            let (path, property, _) = of.property(steps, *field);
            match comparison {
                Comparison::Text(text) => {
                    let problem = text.pattern.problem()?;
                    Some(format!(
                        "`{path}` is compared with a pattern, but {problem}"
                    ))
                }
                Comparison::Elements(elements) => {
                    let element = Subject::Element(property.list.as_ref()?);
                    problem_of(element, elements.of.as_deref()?)
                }
                _ => None,
            }
        }
        Condition::Items(items) => {
            let Subject::Entity(schema, entity) = of else {
                unreachable!("an embedded value has no relations")
            };
            let (_, at, _) = path(schema, entity, &items.steps, items.field);
            let target = at.relation(items.field).target;
            problem(schema, target, items.of.as_deref()?)
        }
        Condition::All(conditions) | Condition::Any(conditions) => conditions
            .iter()
            .find_map(|condition| problem_of(of, condition)),
        Condition::Not(condition) => problem_of(of, condition),
    }
}

fn compare(
    of: Subject<'_>,
    steps: &[FieldIndex],
    field: FieldIndex,
    comparison: &Comparison,
) -> String {
    let (path, property, entity) = of.property(steps, field);
    match comparison {
        Comparison::IsNone => format!("{path} is none"),
        _ if property.hidden => format!("{path} compared with {HIDDEN}"),
        Comparison::Text(text) => format!("{path} {}", text.pattern),
        Comparison::Has(has) => format!("{path} {}", has.describe()),
        Comparison::Elements(elements) => {
            let list = property.list.as_ref();
            let element = Subject::Element(list.expect("only lists are asked so"));
            describe_count(&path, element, elements.of.as_deref(), &elements.number)
        }
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

fn operand(entity: Option<&EntitySchema>, property: &FieldSchema, stored: Option<&[u8]>) -> String {
    match (&property.kind, stored) {
        (
            ResolvedKind::Scalar(value_type)
            | ResolvedKind::Derived(DerivedValue { value_type, .. }),
            Some(stored),
        ) => log::shortened(&value_type.display(stored).to_string()),
        (ResolvedKind::PrimaryKey, Some(stored)) => {
            let print = |entity: &EntitySchema| {
                let key = (entity.key_of_value)(stored)?;
                Some(entity.print_key(&key))
            };
            entity.and_then(print).unwrap_or_else(|| "..".to_owned())
        }
        _ => "..".to_owned(),
    }
}
