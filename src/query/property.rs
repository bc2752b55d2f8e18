//! A property at the end of a typed path, and the comparisons that its type has.

use std::fmt;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Filter;
use super::filter::{Comparison, Condition, Operand};
use super::operand::IntoOperand;
use super::order::Order;
use super::projection::Column;
use super::text::{Pattern, Text, TextMatch};
use crate::codec::OrderedKey;
use crate::codec::value::encode_value;
use crate::schema::{Elements, FieldIndex, PartDescription, ValueType};

/// A property of type `V`, reached from the root entity `R` by to-one relations.
///
/// Comparisons take `None` for the value that it is: `ne(5)` matches rows without a value, and
/// [`Filter::not`] is plain negation.
pub struct Property<R, V> {
    steps: Vec<FieldIndex>,
    field: FieldIndex,
    types: PhantomData<fn() -> (R, V)>,
}

impl<R, V> Property<R, V> {
    pub(crate) const fn new(steps: Vec<FieldIndex>, field: FieldIndex) -> Self {
        Self {
            steps,
            field,
            types: PhantomData,
        }
    }

    pub(super) fn column(&self) -> Column {
        Column {
            steps: self.steps.clone(),
            field: self.field,
        }
    }

    /// The position of the property in its entity.
    pub(super) const fn field(&self) -> FieldIndex {
        self.field
    }

    /// The positions of the relations, and of the property itself.
    pub(super) fn into_steps(mut self) -> Vec<FieldIndex> {
        self.steps.push(self.field);
        self.steps
    }

    pub(super) fn condition(self, comparison: Comparison) -> Filter<R> {
        Filter::of(Condition::Compare {
            steps: self.steps,
            field: self.field,
            comparison,
        })
    }
}

impl<R, V: Serialize + 'static> Property<R, V> {
    /// The property equals the value.
    pub fn eq(self, value: impl IntoOperand<V>) -> Filter<R> {
        let operand = operand(&value.into_operand());
        self.condition(Comparison::In(vec![operand]))
    }

    /// The property differs from the value; so does `None`.
    pub fn ne(self, value: impl IntoOperand<V>) -> Filter<R> {
        self.eq(value).not()
    }

    /// The property equals one of the values.
    pub fn is_in<I: IntoOperand<V>>(self, values: impl IntoIterator<Item = I>) -> Filter<R> {
        let operands = values
            .into_iter()
            .map(|value| operand(&value.into_operand()))
            .collect();
        self.condition(Comparison::In(operands))
    }
}

impl<R, V: OrderedKey + DeserializeOwned + fmt::Debug> Property<R, V> {
    /// The property is less than the value. `None` is less than every value.
    pub fn lt(self, value: impl IntoOperand<V>) -> Filter<R> {
        self.ordered(value, |least| Comparison::Less {
            than: least,
            or_equal: false,
        })
    }

    /// The property is less than the value, or equals it.
    pub fn le(self, value: impl IntoOperand<V>) -> Filter<R> {
        self.ordered(value, |least| Comparison::Less {
            than: least,
            or_equal: true,
        })
    }

    /// The property is greater than the value.
    pub fn gt(self, value: impl IntoOperand<V>) -> Filter<R> {
        self.le(value).not()
    }

    /// The property is greater than the value, or equals it.
    pub fn ge(self, value: impl IntoOperand<V>) -> Filter<R> {
        self.lt(value).not()
    }

    /// The property is neither less than the first value nor greater than the second.
    pub fn between(self, least: impl IntoOperand<V>, most: impl IntoOperand<V>) -> Filter<R> {
        self.clone().ge(least).and(self.le(most))
    }

    /// The smallest first. `None` comes before every value; see [`Order::nulls_last`].
    pub fn asc(self) -> Order<R> {
        Order::by(self.steps, self.field, ValueType::of::<V>().ordered::<V>())
    }

    /// The greatest first. `None` comes after every value; see [`Order::nulls_first`].
    pub fn desc(self) -> Order<R> {
        self.asc().reversed()
    }

    fn ordered(
        self,
        value: impl IntoOperand<V>,
        comparison: impl FnOnce(super::filter::Ordered) -> Comparison,
    ) -> Filter<R> {
        let value = value.into_operand();
        let mut key = Vec::new();
        value.encode_key(&mut key);
        self.condition(comparison(super::filter::Ordered {
            key,
            text: format!("{value:?}"),
            value_type: ValueType::of::<V>().ordered::<V>(),
        }))
    }
}

impl<R, V: Text> Property<R, V> {
    /// The text begins so. Upper and lower case differ, here and below; `None` matches nothing.
    pub fn starts_with(self, text: impl Into<String>) -> Filter<R> {
        self.text(Pattern::StartsWith(text.into()))
    }

    /// The text ends so.
    pub fn ends_with(self, text: impl Into<String>) -> Filter<R> {
        self.text(Pattern::EndsWith(text.into()))
    }

    /// The text has this in it.
    pub fn contains(self, text: impl Into<String>) -> Filter<R> {
        self.text(Pattern::Contains(text.into()))
    }

    /// The text is like an SQL pattern: `%` stands for any characters or none, `_` for any one, and a
    /// backslash takes the meaning from the character after it.
    pub fn like(self, pattern: impl AsRef<str>) -> Filter<R> {
        self.text(Pattern::like(pattern.as_ref()))
    }

    /// The text has a part that the regular expression matches, in the syntax of the crate
    /// [`regex`](https://docs.rs/regex/latest/regex/#syntax); `^` and `$` stand for the ends of the text.
    /// What is no regular expression is [`Error::Query`](crate::Error::Query) when the query ends. An
    /// expression that begins with `^` and literal characters uses an index.
    ///
    /// ```
    /// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
    /// # use musher::prelude::*;
    /// # #[derive(Entity, Debug)]
    /// # struct Article { #[orm(primary_key)] id: Pk, #[orm(index)] slug: String }
    /// # let orm = Orm::builder().entities::<Article>().in_memory()?;
    /// let mut em = orm.em();
    /// for slug in ["foo-1", "foo-b", "bar-2"] {
    ///     em.create(Article::build().slug(slug));
    /// }
    /// let numbered = em.find::<Article>().filter(|a| a.slug().matches(r"^foo-\d+$"));
    /// assert_eq!(numbered.count()?, 1);
    ///
    /// let wrong = em.find::<Article>().filter(|a| a.slug().matches("(foo")).count();
    /// assert!(matches!(wrong, Err(Error::Query { .. })));
    /// # Ok(()) }
    /// # #[cfg(not(feature = "derive"))] fn main() {}
    /// ```
    #[cfg(feature = "regex")]
    pub fn matches(self, pattern: impl AsRef<str>) -> Filter<R> {
        self.text(Pattern::regex(pattern.as_ref()))
    }

    fn text(self, pattern: Pattern) -> Filter<R> {
        self.condition(Comparison::Text(TextMatch::new::<V>(pattern)))
    }
}

impl<R, V> Clone for Property<R, V> {
    fn clone(&self) -> Self {
        Self::new(self.steps.clone(), self.field)
    }
}

impl<R, V> AsRef<Self> for Property<R, V> {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl<R, V> Property<R, Option<V>> {
    /// The property is `None`.
    pub fn is_none(self) -> Filter<R> {
        self.condition(Comparison::IsNone)
    }

    /// The property is not `None`.
    pub fn is_some(self) -> Filter<R> {
        self.is_none().not()
    }
}

/// The property as a part of an index of its entity.
#[must_use]
pub fn index_part<R, V>(property: &impl AsRef<Property<R, V>>) -> PartDescription
where
    V: OrderedKey + DeserializeOwned + fmt::Debug,
{
    let property = property.as_ref();
    debug_assert!(property.steps.is_empty(), "an index is on own properties");
    PartDescription::value::<V>(property.field)
}

/// Each element of the property as a part of an index of its entity.
#[must_use]
pub fn index_part_of_each<R, V: Elements>(
    property: &impl AsRef<Property<R, V>>,
) -> PartDescription {
    let property = property.as_ref();
    debug_assert!(property.steps.is_empty(), "an index is on own properties");
    PartDescription::each::<V>(property.field)
}

/// The stored form of a value. A value that serde refuses equals nothing that is stored.
fn operand<V: Serialize + 'static>(value: &V) -> Operand {
    let mut stored = Vec::new();
    encode_value(value, &mut stored).ok().map(|()| stored)
}
