//! The stored form of a list of structs whose properties have stored forms of their own.
//!
//! The list names the properties that its elements have, once. So it can be read when the struct has
//! become another: what an element lacks is not there, and what the struct no longer has is passed
//! over. Knows nothing of what the properties are.

use serde::{Deserialize, Serialize};

use super::value::{ValueError, decode_value};

/// A list as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredList {
    /// The names of the properties, in the order in which the elements have them.
    properties: Vec<String>,
    /// The stored forms of each element's properties.
    elements: Vec<Vec<Vec<u8>>>,
}

/// The stored forms of one element's properties, where it has them.
pub(crate) type Columns<'s> = Vec<Option<&'s [u8]>>;

impl StoredList {
    /// A list of elements that have these properties.
    pub(crate) fn new(properties: &[&str], elements: Vec<Vec<Vec<u8>>>) -> Self {
        debug_assert!(
            elements.iter().all(|it| it.len() == properties.len()),
            "each element has every property"
        );
        Self {
            properties: properties.iter().map(ToString::to_string).collect(),
            elements,
        }
    }

    /// The list in a property's bytes; `None`, if it is optional and absent.
    ///
    /// # Errors
    /// When the bytes are no list.
    pub(crate) fn decode(stored: &[u8], optional: bool) -> Result<Option<Self>, ValueError> {
        if optional {
            decode_value(stored)
        } else {
            decode_value(stored).map(Some)
        }
    }

    /// How many elements there are.
    pub(crate) fn len(&self) -> usize {
        self.elements.len()
    }

    /// The elements by what they have of these properties.
    pub(crate) fn elements<'s, 'n>(
        &'s self,
        properties: impl IntoIterator<Item = &'n str>,
    ) -> impl Iterator<Item = Columns<'s>> {
        let place = |name: &str| self.properties.iter().position(|own| own == name);
        let places: Vec<_> = properties.into_iter().map(place).collect();
        self.elements.iter().map(move |element| {
            let column = |place: &Option<usize>| element.get((*place)?).map(Vec::as_slice);
            places.iter().map(column).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_read_by_the_names_of_their_properties() {
        let list = StoredList::new(&["city", "zip"], vec![vec![vec![1], vec![2]]]);
        let read = |names: &[&'static str]| -> Vec<Vec<Option<Vec<u8>>>> {
            let own = |columns: Columns<'_>| {
                let owned = |column: Option<&[u8]>| column.map(<[u8]>::to_vec);
                columns.into_iter().map(owned).collect()
            };
            list.elements(names.iter().copied()).map(own).collect()
        };
        assert_eq!(read(&["zip", "city"]), [[Some(vec![2]), Some(vec![1])]]);
        assert_eq!(read(&["zip", "floor"]), [[Some(vec![2]), None]]);
        assert_eq!(read(&[]), [[]]);
    }

    #[test]
    fn an_element_that_lacks_what_the_list_names_lacks_it() {
        let list = StoredList {
            properties: vec!["city".into(), "zip".into()],
            elements: vec![vec![vec![1]], vec![]],
        };
        let read: Vec<_> = list.elements(["zip", "city"]).collect();
        assert_eq!(read, [[None, Some(&[1][..])], [None, None]]);
    }
}
