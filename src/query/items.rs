//! Conditions on the items of a collection: how many of them meet a condition of their own.
//!
//! Whether any, all or none do is a number, too, so there is one condition, [`Items`], for all of them.

use std::fmt;
use std::marker::PhantomData;
use std::ops::RangeInclusive;

use super::filter::Condition;
use super::{Filter, embedded_list};
use crate::schema::FieldIndex;

/// So many items of a collection, which to-one relations lead to, meet a condition. A to-one relation
/// counts as a collection of one item or none.
#[derive(Debug, Clone)]
pub(crate) struct Items {
    pub(super) steps: Vec<FieldIndex>,
    pub(super) field: FieldIndex,
    /// What is asked of an item; without it, every item counts.
    pub(super) of: Option<Box<Condition>>,
    /// How many may be so.
    pub(super) number: RangeInclusive<usize>,
}

impl Items {
    /// Whether so many are too many already, or enough for good.
    pub(super) fn is_decided_by(&self, count: usize) -> bool {
        let (least, most) = (*self.number.start(), *self.number.end());
        count > most || count >= least && most == usize::MAX
    }

    /// The numbers that are not meant, where they are one range.
    pub(super) fn opposite(&self) -> Option<RangeInclusive<usize>> {
        match (*self.number.start(), *self.number.end()) {
            (0, most) => Some(most.checked_add(1)?..=usize::MAX),
            (least, usize::MAX) => Some(0..=least - 1),
            _ => None,
        }
    }
}

/// How many items a collection has that meet a condition, as a number to compare:
/// `a.tags().count().ge(3)`.
#[must_use = "a number of items is no condition until it is compared"]
pub struct ItemCount<R> {
    steps: Vec<FieldIndex>,
    field: FieldIndex,
    of: Option<Condition>,
    counted: Counted,
    root: PhantomData<fn() -> R>,
}

/// What is counted.
#[derive(Debug, Clone, Copy)]
enum Counted {
    Items,
    /// The elements of a list of embedded values.
    Elements,
}

impl<R> ItemCount<R> {
    /// The number of items at the end of a path, of which the last step is the collection.
    ///
    /// # Panics
    /// If the path has no step.
    pub(crate) fn at<T>(mut path: Vec<FieldIndex>, of: Option<Filter<T>>) -> Self {
        let field = path.pop().expect("a path to a collection has a step");
        Self {
            steps: path,
            field,
            of: of.map(Filter::into_condition),
            counted: Counted::Items,
            root: PhantomData,
        }
    }

    /// The number of elements in the list of embedded values at the end of a path.
    pub(super) fn of_elements<T>(path: Vec<FieldIndex>, of: Option<Filter<T>>) -> Self {
        let counted = Counted::Elements;
        Self {
            counted,
            ..Self::at(path, of)
        }
    }

    /// There are exactly so many.
    pub fn eq(self, number: usize) -> Filter<R> {
        self.within(number..=number)
    }

    /// There are not exactly so many.
    pub fn ne(self, number: usize) -> Filter<R> {
        self.eq(number).not()
    }

    /// There are fewer.
    pub fn lt(self, number: usize) -> Filter<R> {
        self.ge(number).not()
    }

    /// There are so many at most.
    pub fn le(self, number: usize) -> Filter<R> {
        self.within(0..=number)
    }

    /// There are more.
    pub fn gt(self, number: usize) -> Filter<R> {
        self.le(number).not()
    }

    /// There are so many at least.
    pub fn ge(self, number: usize) -> Filter<R> {
        self.within(number..=usize::MAX)
    }

    /// There are neither fewer than the first number nor more than the second.
    pub fn between(self, least: usize, most: usize) -> Filter<R> {
        self.within(least..=most)
    }

    /// There are as many as one of the numbers says.
    pub fn is_in(self, numbers: impl IntoIterator<Item = usize>) -> Filter<R> {
        Filter::any(numbers.into_iter().map(|number| self.clone().eq(number)))
    }

    fn within(self, number: RangeInclusive<usize>) -> Filter<R> {
        let Self {
            steps, field, of, ..
        } = self;
        Filter::of(match self.counted {
            Counted::Items => Condition::Items(Items {
                steps,
                field,
                of: of.map(Box::new),
                number,
            }),
            Counted::Elements => Condition::Compare {
                steps,
                field,
                comparison: embedded_list::comparison(of, number),
            },
        })
    }
}

impl<R> Clone for ItemCount<R> {
    fn clone(&self) -> Self {
        Self {
            steps: self.steps.clone(),
            field: self.field,
            of: self.of.clone(),
            counted: self.counted,
            root: PhantomData,
        }
    }
}

impl<R> fmt::Debug for ItemCount<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemCount")
            .field("steps", &self.steps)
            .field("field", &self.field)
            .field("of", &self.of)
            .finish_non_exhaustive()
    }
}
