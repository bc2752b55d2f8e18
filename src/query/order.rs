//! The order of what a query finds: properties at the end of typed paths, each up or down.

use std::fmt;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use super::Property;
use crate::codec::OrderedKey;
use crate::schema::{EntitySchema, FieldIndex, OrderTerm, ValueType};

/// An order of rows of the entity `R`, made from typed paths: `|a| a.title().asc()`, or a tuple of
/// them.
#[must_use = "an order does nothing until a query takes it"]
pub struct Order<R> {
    terms: Vec<Term>,
    root: PhantomData<fn() -> R>,
}

/// One property that rows are ordered by.
#[derive(Debug, Clone)]
pub(crate) struct Term {
    pub(super) steps: Vec<FieldIndex>,
    pub(super) field: FieldIndex,
    pub(super) value_type: ValueType,
    pub(super) descending: bool,
    /// Where rows without a value come.
    pub(super) nulls_last: bool,
}

impl Term {
    /// The primary key, upwards.
    pub(super) fn key(entity: &EntitySchema) -> Self {
        Self {
            steps: Vec::new(),
            field: entity.key_field,
            // Row keys are in their order as they are.
            value_type: ValueType::of::<()>(),
            descending: false,
            nulls_last: false,
        }
    }

    /// A term of a declared order.
    fn declared(term: &OrderTerm) -> Self {
        Self {
            steps: Vec::new(),
            field: term.field,
            value_type: term.value_type,
            descending: term.descending,
            nulls_last: term.descending,
        }
    }

    /// Whether it is the primary key, upwards.
    pub(super) fn is_key_upward(&self, entity: &EntitySchema) -> bool {
        self.steps.is_empty() && self.field == entity.key_field && !self.descending
    }

    /// Whether rows without a value stand where an index has them.
    pub(super) const fn has_natural_nulls(&self) -> bool {
        self.nulls_last == self.descending
    }
}

/// The terms of a declared order.
pub(crate) fn declared(order: &[OrderTerm]) -> Vec<Term> {
    order.iter().map(Term::declared).collect()
}

/// What a declared order can be by: a property at the end of a path.
#[diagnostic::on_unimplemented(
    message = "rows can't be ordered by `{Self}`",
    label = "not a property that has an order",
    note = "`order_by` names properties of the entity itself: `order_by(created_at desc, id)`"
)]
pub trait OrderProperty {
    /// The term of the order.
    fn order_term(self, descending: bool) -> OrderTerm;
}

impl<R, V: OrderedKey + DeserializeOwned + fmt::Debug> OrderProperty for Property<R, V> {
    fn order_term(self, descending: bool) -> OrderTerm {
        OrderTerm {
            field: self.field(),
            value_type: ValueType::of::<V>().ordered::<V>(),
            descending,
        }
    }
}

impl<R> Order<R> {
    pub(super) fn by(steps: Vec<FieldIndex>, field: FieldIndex, value_type: ValueType) -> Self {
        Self {
            terms: vec![Term {
                steps,
                field,
                value_type,
                descending: false,
                nulls_last: false,
            }],
            root: PhantomData,
        }
    }

    pub(super) fn reversed(mut self) -> Self {
        for term in &mut self.terms {
            term.descending = !term.descending;
            term.nulls_last = !term.nulls_last;
        }
        self
    }

    /// Rows without a value come before all others.
    pub fn nulls_first(self) -> Self {
        self.with_nulls_last(false)
    }

    /// Rows without a value come after all others.
    pub fn nulls_last(self) -> Self {
        self.with_nulls_last(true)
    }

    fn with_nulls_last(mut self, nulls_last: bool) -> Self {
        for term in &mut self.terms {
            term.nulls_last = nulls_last;
        }
        self
    }

    /// Among rows that are equal so far, another order.
    pub fn then(mut self, next: Self) -> Self {
        self.terms.extend(next.terms);
        self
    }
}

/// What `order_by` takes: an [`Order`], or a tuple or list of them, the first of which counts most.
pub trait IntoOrder<R> {
    /// Appends the terms.
    #[doc(hidden)]
    fn into_terms(self, terms: &mut Terms);
}

/// The terms of an order.
#[derive(Debug, Default)]
pub struct Terms(pub(crate) Vec<Term>);

impl<R> IntoOrder<R> for Order<R> {
    fn into_terms(self, terms: &mut Terms) {
        terms.0.extend(self.terms);
    }
}

impl<R, O: IntoOrder<R>> IntoOrder<R> for Vec<O> {
    fn into_terms(self, terms: &mut Terms) {
        for order in self {
            order.into_terms(terms);
        }
    }
}

macro_rules! tuples {
    ($($($name:ident)*;)*) => {
        $(impl<R, $($name: IntoOrder<R>),*> IntoOrder<R> for ($($name,)*) {
            #[expect(non_snake_case, reason = "a variable for each type")]
            fn into_terms(self, terms: &mut Terms) {
                let ($($name,)*) = self;
                $($name.into_terms(terms);)*
            }
        })*
    };
}

tuples! {
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
}
