//! Conditions on the elements of a property: a list has one of some. To have all of them is to have the
//! first, and the second, and so on.

use super::filter::{Comparison, Filter};
use super::operand::IntoOperand;
use super::property::Property;
use crate::codec::OrderedKey;
use crate::codec::key::decode_whole;
use crate::codec::value::ValueError;
use crate::log;
use crate::schema::{ElementType, Elements};

/// Elements of which a value must have one, by their index keys.
#[derive(Debug, Clone)]
pub(crate) struct HasElement {
    /// Ascending, each once.
    pub(super) keys: Vec<Vec<u8>>,
    elements: ElementType,
}

impl HasElement {
    fn new<V: Elements>(elements: impl IntoIterator<Item = impl IntoOperand<V::Element>>) -> Self {
        let elements = elements.into_iter().map(IntoOperand::into_operand);
        let mut keys: Vec<_> = elements
            .map(|element: V::Element| key_of(&element))
            .collect();
        keys.sort_unstable();
        keys.dedup();
        Self {
            keys,
            elements: ElementType::of::<V>(),
        }
    }

    /// Whether a stored value has one.
    pub(super) fn is_met(&self, stored: &[u8]) -> Result<bool, ValueError> {
        Ok(self.is_met_by(&self.elements.keys(stored)?))
    }

    /// Whether a primary key has one: bytes are the one list that can be a key.
    pub(super) fn is_met_by_key(&self, key: &[u8]) -> bool {
        let bytes = decode_whole::<Vec<u8>>(key).unwrap_or_default();
        let keys: Vec<_> = bytes.iter().map(key_of).collect();
        self.is_met_by(&keys)
    }

    fn is_met_by(&self, found: &[Vec<u8>]) -> bool {
        found.iter().any(|key| self.keys.binary_search(key).is_ok())
    }

    /// What is asked for, as the log says it.
    pub(super) fn describe(&self) -> String {
        let element = |key: &Vec<u8>| {
            log::shortened(&self.elements.element.display_order_key(key).to_string())
        };
        match self.keys.as_slice() {
            [key] => format!("has {}", element(key)),
            keys => format!("has any of ({})", log::list(keys.iter().map(element))),
        }
    }
}

fn key_of(element: &impl OrderedKey) -> Vec<u8> {
    let mut key = Vec::new();
    element.encode_key(&mut key);
    key
}

/// Conditions on elements. `None` has none.
impl<R, V: Elements> Property<R, V> {
    /// The element is among those of the property.
    pub fn has(self, element: impl IntoOperand<V::Element>) -> Filter<R> {
        self.has_any([element])
    }

    /// At least one of these is among the elements of the property.
    pub fn has_any<I: IntoOperand<V::Element>>(
        self,
        elements: impl IntoIterator<Item = I>,
    ) -> Filter<R> {
        self.condition(Comparison::Has(HasElement::new::<V>(elements)))
    }

    /// All of these are among the elements of the property, in any order; others may be, too.
    pub fn has_all<I: IntoOperand<V::Element>>(
        self,
        elements: impl IntoIterator<Item = I>,
    ) -> Filter<R> {
        let elements = elements.into_iter();
        Filter::all(elements.map(|element| self.clone().has(element)))
    }
}
