//! Conditions on the rows of one entity.

use std::marker::PhantomData;

use serde::Serialize;

use super::elements::HasElement;
use super::embedded_list::ElementCount;
use super::items::Items;
use super::text::TextMatch;
use crate::codec::value::encode_value;
use crate::schema::{FieldIndex, ValueType};

/// A condition on rows of the entity `R`, made from a typed path: `|a| a.title().eq("Foo")`.
#[must_use = "a filter does nothing until a query takes it"]
pub struct Filter<R> {
    condition: Condition,
    root: PhantomData<fn() -> R>,
}

impl<R> Filter<R> {
    pub(super) const fn of(condition: Condition) -> Self {
        Self {
            condition,
            root: PhantomData,
        }
    }

    /// All conditions hold. Without one, everything meets it.
    pub fn all(filters: impl IntoIterator<Item = Self>) -> Self {
        Self::of(Condition::All(conditions(filters)))
    }

    /// At least one condition holds. Without one, nothing meets it.
    pub fn any(filters: impl IntoIterator<Item = Self>) -> Self {
        Self::of(Condition::Any(conditions(filters)))
    }

    /// Both conditions hold.
    pub fn and(self, other: Self) -> Self {
        let mut all = match self.condition {
            Condition::All(conditions) => conditions,
            first => vec![first],
        };
        // What is chained stands side by side, so that a long chain is not a deep tree.
        match other.condition {
            Condition::All(conditions) => all.extend(conditions),
            last => all.push(last),
        }
        Self::of(Condition::All(all))
    }

    /// At least one condition holds.
    pub fn or(self, other: Self) -> Self {
        let mut any = match self.condition {
            Condition::Any(conditions) => conditions,
            first => vec![first],
        };
        match other.condition {
            Condition::Any(conditions) => any.extend(conditions),
            last => any.push(last),
        }
        Self::of(Condition::Any(any))
    }

    /// The condition does not hold.
    #[expect(
        clippy::should_implement_trait,
        reason = "reads as the other combinators do"
    )]
    pub fn not(self) -> Self {
        Self::of(match self.condition {
            Condition::Not(condition) => *condition,
            Condition::Items(items) => match items.opposite() {
                Some(number) => Condition::Items(Items { number, ..items }),
                None => Condition::Not(Box::new(Condition::Items(items))),
            },
            condition => Condition::Not(Box::new(condition)),
        })
    }

    pub(crate) fn into_condition(self) -> Condition {
        self.condition
    }
}

fn conditions<R>(filters: impl IntoIterator<Item = Filter<R>>) -> Vec<Condition> {
    filters.into_iter().map(Filter::into_condition).collect()
}

/// A condition, with the types erased.
#[derive(Debug, Clone)]
pub(crate) enum Condition {
    /// A property, reached over to-one relations, compares so.
    Compare {
        steps: Vec<FieldIndex>,
        field: FieldIndex,
        comparison: Comparison,
    },
    Items(Items),
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
}

/// The stored form of a value; `None` where it has none.
pub(super) type Operand = Option<Vec<u8>>;

#[derive(Debug, Clone)]
pub(crate) enum Comparison {
    /// Equals one of the stored forms.
    In(Vec<Operand>),
    IsNone,
    Less {
        than: Ordered,
        or_equal: bool,
    },
    Text(TextMatch),
    Has(HasElement),
    Elements(ElementCount),
}

/// A value by its index key, and how stored values become index keys.
#[derive(Debug, Clone)]
pub(crate) struct Ordered {
    pub(super) key: Vec<u8>,
    /// The value as the log says it.
    pub(super) text: String,
    pub(super) value_type: ValueType,
}

impl Condition {
    /// The primary key is one of these.
    pub(crate) fn is_one_of<K: Serialize + 'static>(key_field: FieldIndex, keys: &[K]) -> Self {
        let operand = |key: &K| {
            let mut stored = Vec::new();
            encode_value(key, &mut stored).ok().map(|()| stored)
        };
        Self::Compare {
            steps: Vec::new(),
            field: key_field,
            comparison: Comparison::In(keys.iter().map(operand).collect()),
        }
    }

    /// The to-one relation leads to this key.
    pub(crate) fn refers_to<K: Serialize + 'static>(
        relation: FieldIndex,
        key_field: FieldIndex,
        key: &K,
    ) -> Self {
        match Self::is_one_of(key_field, std::slice::from_ref(key)) {
            Self::Compare {
                field, comparison, ..
            } => Self::Compare {
                steps: vec![relation],
                field,
                comparison,
            },
            other => other,
        }
    }

    /// The relations that the condition follows, from where `path` has come to.
    pub(crate) fn paths(&self, path: &mut Vec<FieldIndex>, visit: &mut dyn FnMut(&[FieldIndex])) {
        let before = path.len();
        match self {
            Self::Compare { steps, .. } => {
                path.extend(steps);
                visit(path);
            }
            Self::Items(items) => {
                path.extend(&items.steps);
                path.push(items.field);
                visit(path);
                if let Some(of) = &items.of {
                    of.paths(path, visit);
                }
            }
            Self::All(conditions) | Self::Any(conditions) => {
                for condition in conditions {
                    condition.paths(path, visit);
                }
            }
            Self::Not(condition) => condition.paths(path, visit),
        }
        path.truncate(before);
    }
}
