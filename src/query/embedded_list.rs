//! Conditions on the elements of lists of embedded values: how many of them meet a condition of their
//! own, as it is with the items of a collection. The elements are in the row, and no index has them.

use std::ops::RangeInclusive;

use super::assign::Assignment;
use super::embedded::EmbeddedPath;
use super::filter::{Comparison, Condition, Filter};
use super::items::ItemCount;
use super::judge::{holds_for_none, meets_value};
use super::partial::{Part, Partial};
use super::projection::{Columns, Projection, Values};
use super::property::Property;
use crate::entity::{Embedded, EmbeddedList, Entity, Packed, encode_list};
use crate::error::Result;
use crate::schema::{FieldSchema, ListSchema};

/// A path from the root entity `R` to a list of embedded values: `c.addresses()`.
///
/// It is asked how many of its elements meet a condition of their own. A list that is absent is empty.
///
/// ```
/// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
/// # use musher::prelude::*;
/// # #[derive(Embedded, Debug)] struct Address { city: String, floor: i32 }
/// # #[derive(Entity, Debug)]
/// # struct Customer { #[orm(primary_key)] id: Pk, #[orm(embedded)] addresses: Vec<Address> }
/// # let orm = Orm::builder().entities::<Customer>().in_memory()?;
/// let mut em = orm.em();
/// let at = |city: &str, floor| Address { city: city.into(), floor };
/// em.create(Customer::build().addresses(vec![at("Wien", 1), at("Graz", 4)]));
/// em.create(Customer::build().addresses(vec![at("Wien", 4)]));
///
/// let in_graz = em.find::<Customer>().filter(|c| c.addresses().any(|a| a.city().eq("Graz")));
/// assert_eq!(in_graz.count()?, 1);
/// let high_up = em.find::<Customer>()
///     .filter(|c| c.addresses().any(|a| a.city().eq("Wien").and(a.floor().gt(2))));
/// assert_eq!(high_up.count()?, 1);
/// let several = em.find::<Customer>().filter(|c| c.addresses().count().ge(2));
/// assert_eq!(several.count()?, 1);
/// # Ok(()) }
/// # #[cfg(not(feature = "derive"))] fn main() {}
/// ```
pub struct EmbeddedListPath<R, L> {
    property: Property<R, Packed<L>>,
}

/// The path that a condition on an element begins with.
type ElementPath<L> = <Element<L> as Embedded>::Path<Element<L>>;
type Element<L> = <L as EmbeddedList>::Element;

impl<R, L: EmbeddedList> EmbeddedListPath<R, L>
where
    ElementPath<L>: From<EmbeddedPath<Element<L>>>,
{
    /// At least one element meets the condition.
    pub fn any(&self, condition: impl FnOnce(ElementPath<L>) -> Filter<Element<L>>) -> Filter<R> {
        self.count_of(condition).ge(1)
    }

    /// Every element meets the condition; so it is where there is none.
    pub fn all(&self, condition: impl FnOnce(ElementPath<L>) -> Filter<Element<L>>) -> Filter<R> {
        self.none(|element| condition(element).not())
    }

    /// No element meets the condition.
    pub fn none(&self, condition: impl FnOnce(ElementPath<L>) -> Filter<Element<L>>) -> Filter<R> {
        self.count_of(condition).eq(0)
    }

    /// How many elements meet the condition: `.count_of(|a| a.floor().gt(2)).ge(3)`.
    pub fn count_of(
        &self,
        condition: impl FnOnce(ElementPath<L>) -> Filter<Element<L>>,
    ) -> ItemCount<R> {
        let condition = condition(EmbeddedPath::of_element().into());
        ItemCount::of_elements(self.property.clone().into_steps(), Some(condition))
    }
}

impl<R, L: EmbeddedList> EmbeddedListPath<R, L> {
    /// How many elements there are: `.count().ge(3)`.
    pub fn count(&self) -> ItemCount<R> {
        ItemCount::of_elements::<R>(self.property.clone().into_steps(), None)
    }

    /// There is no element.
    pub fn is_empty(&self) -> Filter<R> {
        self.count().eq(0)
    }

    /// The list shall be this, in every row of a bulk update.
    pub fn set(self, list: impl Into<L>) -> Assignment<R> {
        let list = list.into();
        Assignment::of_encoded(self.property.into_steps(), |stored| {
            encode_list(&list, stored)
        })
    }
}

impl<R, L: EmbeddedList> EmbeddedListPath<R, Option<L>> {
    /// There is no list, not even an empty one.
    pub fn is_none(&self) -> Filter<R> {
        self.property.clone().condition(Comparison::IsNone)
    }

    /// There is a list, which may be empty.
    pub fn is_some(&self) -> Filter<R> {
        self.is_none().not()
    }
}

impl<R, L> From<Property<R, Packed<L>>> for EmbeddedListPath<R, L> {
    fn from(property: Property<R, Packed<L>>) -> Self {
        Self { property }
    }
}

impl<R, L> Clone for EmbeddedListPath<R, L> {
    fn clone(&self) -> Self {
        self.property.clone().into()
    }
}

impl<R, L: EmbeddedList> Projection<R> for EmbeddedListPath<R, L> {
    type Row = L;

    fn columns(&self, columns: &mut Columns) -> Result<()> {
        self.property.columns(columns)
    }

    fn row_if_there(&self, values: &mut Values<'_>) -> Result<Option<L>> {
        let list = self.property.row_if_there(values)?;
        Ok(list.map(|list| list.0))
    }
}

impl<T: Entity, L: EmbeddedList> Part<T> for EmbeddedListPath<T, L> {
    type Value<'p> = &'p L;

    fn of(self, partial: &Partial<T>) -> Result<&L> {
        self.property.of(partial).map(|list| &list.0)
    }
}

/// So many elements of a list meet a condition.
#[derive(Debug, Clone)]
pub(crate) struct ElementCount {
    /// What is asked of an element; without it, every element counts.
    pub(super) of: Option<Box<Condition>>,
    /// How many may be so.
    pub(super) number: RangeInclusive<usize>,
}

impl ElementCount {
    /// Whether a stored list has so many.
    pub(super) fn is_met(&self, property: &FieldSchema, stored: &[u8]) -> Result<bool> {
        let schema = property.list.as_ref();
        let schema = schema.expect("only lists of embedded values are asked so");
        let Some(list) = property.stored_list(stored)? else {
            return Ok(self.number.contains(&0));
        };
        let Some(condition) = &self.of else {
            return Ok(self.number.contains(&list.len()));
        };
        let mut count = 0;
        for columns in list.elements(schema.names()) {
            count += usize::from(meets(condition, schema, &columns)?);
        }
        Ok(self.number.contains(&count))
    }
}

/// Whether an element meets a condition.
fn meets(condition: &Condition, schema: &ListSchema, columns: &[Option<&[u8]>]) -> Result<bool> {
    let meets = |condition| meets(condition, schema, columns);
    match condition {
        Condition::Compare {
            field, comparison, ..
        } => {
            let property = &schema.fields[*field];
            match property.present(columns[*field]) {
                Some(stored) => meets_value(comparison, property, stored),
                None => Ok(holds_for_none(comparison, property.nullable)),
            }
        }
        Condition::All(conditions) => {
            for condition in conditions {
                if !meets(condition)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Condition::Any(conditions) => {
            for condition in conditions {
                if meets(condition)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Condition::Not(condition) => Ok(!meets(condition)?),
        Condition::Items(_) => unreachable!("an embedded value has no relations"),
    }
}

/// The comparison that a number of elements is.
pub(super) fn comparison(of: Option<Condition>, number: RangeInclusive<usize>) -> Comparison {
    let of = of.map(Box::new);
    Comparison::Elements(ElementCount { of, number })
}
