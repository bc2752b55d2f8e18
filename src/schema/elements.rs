//! Values that have several elements, each of which an index has a key of.

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::hash::{BuildHasher, Hash};

use serde::de::DeserializeOwned;

use super::ValueType;
use crate::codec::OrderedKey;
use crate::codec::value::{ValueError, decode_value};

/// The type of a property with elements that an index can have: `Vec<T>`, `BTreeSet<T>`, `HashSet<T>`,
/// and an `Option` of one. `None` has no elements.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no elements that can be found by an index",
    label = "no list or set of keys",
    note = "`each` goes with `Vec<T>`, `BTreeSet<T>`, `HashSet<T>` and `Option`s of these, where `T` is an `OrderedKey`"
)]
pub trait Elements: DeserializeOwned + 'static {
    /// What the elements are.
    type Element: OrderedKey + DeserializeOwned + fmt::Debug;

    /// Visits each element.
    fn visit(&self, visit: &mut dyn FnMut(&Self::Element));
}

impl<T: OrderedKey + DeserializeOwned + fmt::Debug> Elements for Vec<T> {
    type Element = T;

    fn visit(&self, visit: &mut dyn FnMut(&T)) {
        self.iter().for_each(visit);
    }
}

impl<T: OrderedKey + DeserializeOwned + fmt::Debug + Ord> Elements for BTreeSet<T> {
    type Element = T;

    fn visit(&self, visit: &mut dyn FnMut(&T)) {
        self.iter().for_each(visit);
    }
}

impl<T, S> Elements for HashSet<T, S>
where
    T: OrderedKey + DeserializeOwned + fmt::Debug + Eq + Hash,
    S: BuildHasher + Default + 'static,
{
    type Element = T;

    fn visit(&self, visit: &mut dyn FnMut(&T)) {
        self.iter().for_each(visit);
    }
}

impl<E: Elements> Elements for Option<E> {
    type Element = E::Element;

    fn visit(&self, visit: &mut dyn FnMut(&E::Element)) {
        if let Some(elements) = self {
            elements.visit(visit);
        }
    }
}

/// Index keys, ascending, each once.
type Keys = Vec<Vec<u8>>;

/// What the type-erased core can do with the elements of a stored value.
#[derive(Clone, Copy)]
pub(crate) struct ElementType {
    keys: fn(&[u8]) -> Result<Keys, ValueError>,
    /// One element.
    pub(crate) element: ValueType,
}

impl ElementType {
    /// The operations on the elements of `V`.
    pub(crate) const fn of<V: Elements>() -> Self {
        Self {
            keys: keys::<V>,
            element: ValueType::of::<V::Element>().ordered::<V::Element>(),
        }
    }

    /// The index keys of the elements of a stored value, ascending, each once.
    pub(crate) fn keys(&self, stored: &[u8]) -> Result<Keys, ValueError> {
        (self.keys)(stored)
    }
}

impl fmt::Debug for ElementType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "each {:?}", self.element)
    }
}

fn keys<V: Elements>(stored: &[u8]) -> Result<Keys, ValueError> {
    let mut keys = Vec::new();
    decode_value::<V>(stored)?.visit(&mut |element| {
        let mut key = Vec::new();
        element.encode_key(&mut key);
        keys.push(key);
    });
    keys.sort_unstable();
    keys.dedup();
    Ok(keys)
}
