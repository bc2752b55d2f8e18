//! Lists of embedded values: a `Vec` of them, or an `Option` of one, in a property marked
//! `#[orm(embedded)]`.
//!
//! A list is one value of the row, in which the elements keep their properties apart
//! ([`StoredList`]). So what the attributes of an element's properties say holds in a list as well.

use std::any::TypeId;
use std::fmt;

use serde::de::{DeserializeOwned, Error as _};
use serde::ser::{Error as _, SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Embedded, Fields, Groups, HydrateRow};
use crate::codec::list::StoredList;
use crate::codec::value::{ValueError, encode_by_serde};
use crate::error::Result;
use crate::schema::{
    FieldDescription, FieldIndex, FieldKind, FieldSchema, ListDescription, ListSchema, ValueType,
    properties_of,
};

/// The type of a property that holds a list of embedded values.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of embedded values",
    label = "not a list of embedded values",
    note = "`embedded` goes on a struct with `#[derive(Embedded)]`, and on a `Vec` or an `Option` of one"
)]
pub trait EmbeddedList: Sized + Send + Sync + 'static {
    /// What the elements are.
    type Element: Embedded;

    /// What is stored.
    #[doc(hidden)]
    type Stored: Serialize + DeserializeOwned;

    /// The elements, where there is a list.
    fn elements(&self) -> Option<&[Self::Element]>;

    /// What is stored of the list.
    ///
    /// # Errors
    /// When serde refuses a property of an element.
    #[doc(hidden)]
    fn to_stored(&self) -> Result<Self::Stored, ValueError>;

    /// The list that is stored.
    ///
    /// # Errors
    /// When a property of an element can't be read.
    #[doc(hidden)]
    fn from_stored(stored: Self::Stored) -> Result<Self>;

    /// The list of these elements.
    #[doc(hidden)]
    fn of_elements(elements: Vec<Self::Element>) -> Self;
}

impl<T: Embedded> EmbeddedList for Vec<T> {
    type Element = T;
    type Stored = StoredList;

    fn elements(&self) -> Option<&[T]> {
        Some(self)
    }

    fn to_stored(&self) -> Result<StoredList, ValueError> {
        let elements = self.iter().map(columns);
        let elements = elements.collect::<Result<_, _>>()?;
        Ok(StoredList::new(T::PROPERTIES, elements))
    }

    fn from_stored(stored: StoredList) -> Result<Self> {
        let elements = stored.elements(T::PROPERTIES.iter().copied());
        elements
            .map(|columns| T::hydrate(&HydrateRow::of_element(T::PROPERTIES, &columns), 0))
            .collect()
    }

    fn of_elements(elements: Self) -> Self {
        elements
    }
}

impl<L: EmbeddedList> EmbeddedList for Option<L> {
    type Element = L::Element;
    type Stored = Option<L::Stored>;

    fn elements(&self) -> Option<&[L::Element]> {
        self.as_ref()?.elements()
    }

    fn to_stored(&self) -> Result<Self::Stored, ValueError> {
        self.as_ref().map(L::to_stored).transpose()
    }

    fn from_stored(stored: Self::Stored) -> Result<Self> {
        stored.map(L::from_stored).transpose()
    }

    fn of_elements(elements: Vec<L::Element>) -> Self {
        Some(L::of_elements(elements))
    }
}

/// The stored forms of an element's properties; of what is absent, nothing.
fn columns(element: &impl Embedded) -> Result<Vec<Vec<u8>>, ValueError> {
    let column = |field| stored_of(element, field);
    (0..properties_count(element)).map(column).collect()
}

const fn properties_count<T: Embedded>(_: &T) -> usize {
    T::COUNT
}

fn stored_of(element: &impl Fields, field: FieldIndex) -> Result<Vec<u8>, ValueError> {
    let mut stored = Vec::new();
    element.encode(field, &mut stored)?;
    Ok(stored)
}

/// A list that is read from its stored form.
pub struct Packed<L>(pub L);

/// A list that is written in its stored form.
struct PackedRef<'a, L>(&'a L);

impl<L: EmbeddedList> Serialize for PackedRef<'_, L> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let stored = self.0.to_stored().map_err(S::Error::custom)?;
        stored.serialize(serializer)
    }
}

impl<'de, L: EmbeddedList> Deserialize<'de> for Packed<L> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = L::Stored::deserialize(deserializer)?;
        L::from_stored(stored).map(Self).map_err(D::Error::custom)
    }
}

/// Appends the stored form of a list.
///
/// # Errors
/// When serde refuses a property of an element, or the bytes are more than 128 MiB.
pub fn encode_list<L: EmbeddedList>(list: &L, out: &mut Vec<u8>) -> Result<(), ValueError> {
    encode_by_serde(&PackedRef(list), out)
}

/// As views print it: without what is hidden.
impl<L: EmbeddedList> fmt::Debug for Packed<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(elements) = self.0.elements() else {
            return f.write_str("None");
        };
        let fields = L::Element::describe();
        let printed = elements.iter().map(|element| Printed {
            element,
            name: L::Element::NAME,
            fields: &fields,
            value: None,
        });
        f.debug_list().entries(printed).finish()
    }
}

/// An element as it prints, or an embedded value in one.
struct Printed<'a, T> {
    element: &'a T,
    name: &'static str,
    fields: &'a [FieldDescription],
    value: Option<FieldIndex>,
}

impl<T: Embedded> fmt::Debug for Printed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut printed = f.debug_struct(self.name);
        let fields = self.fields.iter().enumerate();
        for (at, field) in fields.filter(|(_, field)| field.part_of == self.value) {
            let name = field.name.rsplit('.').next().unwrap_or(field.name);
            let stored = stored_of(self.element, at).unwrap_or_default();
            match (&field.kind, field.embedded) {
                _ if field.hidden => printed.field(name, &format_args!("<hidden>")),
                (_, Some(_)) if is_absent(&stored) => printed.field(name, &format_args!("None")),
                (_, Some(of)) => printed.field(
                    name,
                    &Printed {
                        name: of,
                        value: Some(at),
                        ..*self
                    },
                ),
                (FieldKind::Scalar(value_type), None) => {
                    printed.field(name, &format_args!("{}", value_type.display(&stored)))
                }
                _ => unreachable!("an embedded value has scalars and embedded values"),
            };
        }
        printed.finish()
    }
}

/// Whether what is stored of an embedded value says that it is not there.
fn is_absent(stored: &[u8]) -> bool {
    matches!(stored, [] | [0])
}

/// The description of a list.
#[doc(hidden)]
#[must_use]
pub fn list<L: EmbeddedList>(name: &'static str) -> FieldDescription {
    let description = ListDescription {
        of: L::Element::NAME,
        type_id: TypeId::of::<L::Element>(),
        fields: L::Element::describe,
        pack: pack::<L>,
    };
    FieldDescription::list(name, ValueType::of::<Packed<L>>(), description)
}

fn pack<L: EmbeddedList>(elements: &[Vec<Option<Vec<u8>>>]) -> Result<Vec<u8>> {
    let properties = <L::Element as Embedded>::PROPERTIES;
    let elements = elements.iter().map(|element| {
        let columns: Vec<_> = element.iter().map(Option::as_deref).collect();
        L::Element::hydrate(&HydrateRow::of_element(properties, &columns), 0)
    });
    let list = L::of_elements(elements.collect::<Result<_>>()?);
    let mut stored = Vec::new();
    encode_list(&list, &mut stored)?;
    Ok(stored)
}

/// What the serializer of a property knows beside its value.
#[derive(Clone, Copy)]
pub struct Written<'a> {
    pub(crate) property: &'a FieldSchema,
    pub(crate) groups: &'a Groups,
}

/// A list on its way to a serializer.
pub struct WrittenList<'a, L> {
    list: &'a L,
    written: Written<'a>,
}

impl<'a, L: EmbeddedList> WrittenList<'a, L> {
    /// The list, as its property is written.
    #[must_use]
    pub const fn new(list: &'a L, written: Written<'a>) -> Self {
        Self { list, written }
    }
}

impl<L: EmbeddedList> Serialize for WrittenList<'_, L> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let schema = self.written.property.list.as_ref();
        let schema = schema.expect("the property was described as a list");
        let Some(elements) = self.list.elements() else {
            return serializer.serialize_none();
        };
        let mut list = serializer.serialize_seq(Some(elements.len()))?;
        for element in elements {
            list.serialize_element(&WrittenElement {
                element,
                schema,
                groups: self.written.groups,
                value: None,
            })?;
        }
        list.end()
    }
}

/// An element, or an embedded value in one, written as a map of its properties.
struct WrittenElement<'a, T> {
    element: &'a T,
    schema: &'a ListSchema,
    groups: &'a Groups,
    value: Option<FieldIndex>,
}

impl<T: Embedded> Serialize for WrittenElement<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for field in properties_of(&self.schema.fields, self.value) {
            let property = &self.schema.fields[field];
            if property.hidden || !self.groups.admit(property.groups) {
                continue;
            }
            let name = property.serialized_name;
            if property.embedded.is_none() {
                let groups = self.groups;
                self.element
                    .serialize(field, name, Written { property, groups }, &mut map)?;
            } else if is_absent(&stored_of(self.element, field).map_err(S::Error::custom)?) {
                map.serialize_entry(name, &())?;
            } else {
                let value = Some(field);
                map.serialize_entry(name, &Self { value, ..*self })?;
            }
        }
        map.end()
    }
}
