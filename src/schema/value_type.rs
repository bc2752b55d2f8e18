//! What the type-erased core can do with a stored value: print it, count its characters, and turn
//! it into an index key. One static table per value type, shared by all properties of that type.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Equal, Readability};
use crate::codec::value::{ValueError, decode_value, encode_value};
use crate::codec::{KeyError, OrderedKey};

type Print = fn(&[u8], &mut fmt::Formatter<'_>) -> fmt::Result;
type Count = fn(&[u8]) -> Result<usize, ValueError>;
type Order = fn(&[u8], &mut Vec<u8>) -> Result<(), ValueError>;
#[cfg(feature = "serde-json")]
type OfJson = fn(&serde_json::Value) -> Result<Vec<u8>, String>;
type Skip = fn(&mut &[u8]) -> Result<(), KeyError>;

/// Operations on the stored bytes of one type of value.
#[derive(Clone, Copy)]
pub(crate) struct ValueType {
    name: fn() -> &'static str,
    print: Print,
    check: fn(&[u8]) -> Result<(), ValueError>,
    readability: Readability,
    equal: Equal,
    count: Option<Count>,
    order: Option<Order>,
    skip: Option<Skip>,
    print_key: Print,
    version: Option<VersionType>,
    #[cfg(feature = "serde-json")]
    of_json: Option<OfJson>,
}

/// Operations on the stored bytes of a version.
#[derive(Debug, Clone, Copy)]
pub(crate) struct VersionType {
    read: fn(&[u8]) -> Result<u64, ValueError>,
    next: fn(&[u8]) -> Result<Vec<u8>, ValueError>,
}

impl VersionType {
    /// The number that a row has; 0 where it was stored before its entity had a version.
    pub(crate) fn number(&self, stored: Option<&[u8]>) -> Result<u64, ValueError> {
        stored.map_or(Ok(0), self.read)
    }

    /// The stored form of the version after this one. The first is 1.
    pub(crate) fn after(&self, stored: Option<&[u8]>) -> Result<Vec<u8>, ValueError> {
        (self.next)(stored.unwrap_or_default())
    }
}

impl ValueType {
    /// The operations that every property's type has.
    #[must_use]
    pub(crate) const fn of<V: DeserializeOwned + fmt::Debug + 'static>() -> Self {
        Self {
            name: std::any::type_name::<V>,
            print: print::<V>,
            check: check::<V>,
            readability: Readability::Always,
            equal: |_, _| false,
            count: None,
            order: None,
            skip: None,
            print_key: |_, _| unreachable!("the type has no order"),
            version: None,
            #[cfg(feature = "serde-json")]
            of_json: None,
        }
    }

    /// Adds the equality of values that are stored otherwise, for conditions.
    #[must_use]
    pub(crate) const fn compared(mut self, equal: Equal) -> Self {
        self.equal = equal;
        self
    }

    /// Adds what is known of whether stored values can be read.
    #[must_use]
    pub(crate) const fn readable(mut self, readability: Readability) -> Self {
        self.readability = readability;
        self
    }

    /// Adds the counting of characters, for `length`.
    #[must_use]
    pub(crate) const fn counted<V: DeserializeOwned + CharCount + 'static>(mut self) -> Self {
        self.count = Some(count::<V>);
        self
    }

    /// Adds the order of values, for `index` and `unique`.
    #[must_use]
    pub(crate) const fn ordered<V: DeserializeOwned + OrderedKey + fmt::Debug + 'static>(
        mut self,
    ) -> Self {
        self.order = Some(order::<V>);
        self.skip = Some(|key| V::decode_key(key).map(drop));
        self.print_key = print_key::<V>;
        self
    }

    /// Adds the reading of JSON, for `em.assign`.
    #[must_use]
    #[cfg_attr(
        not(feature = "serde-json"),
        allow(
            clippy::extra_unused_type_parameters,
            reason = "there is no JSON to be read then"
        )
    )]
    pub(crate) const fn assigned<V: Serialize + DeserializeOwned + 'static>(self) -> Self {
        Self {
            #[cfg(feature = "serde-json")]
            of_json: Some(of_json::<V>),
            ..self
        }
    }

    /// The stored form of the value that JSON stands for.
    ///
    /// # Errors
    /// Why it is no value of the type.
    #[cfg(feature = "serde-json")]
    pub(crate) fn of_json(&self, value: &serde_json::Value) -> Result<Vec<u8>, String> {
        let of_json = self.of_json.expect("the type is one of a property");
        of_json(value)
    }

    /// Adds the counting, for `version`.
    #[must_use]
    pub(crate) const fn versioned<V: VersionNumber>(mut self) -> Self {
        self.version = Some(VersionType {
            read: |stored| decode_value::<V>(stored).map(VersionNumber::number),
            next: next_version::<V>,
        });
        self
    }

    pub(crate) const fn version(&self) -> Option<VersionType> {
        self.version
    }

    /// The type's name with the module paths cut off, as the catalog keeps it.
    pub(crate) fn name(&self) -> String {
        short_type_name((self.name)())
    }

    /// Whether the stored value can be read.
    pub(crate) fn check(&self, stored: &[u8]) -> Result<(), ValueError> {
        (self.check)(stored)
    }

    /// Whether a value that is about to be stored can be read again. Most types are known to be such.
    pub(crate) fn check_written(&self, stored: &[u8]) -> Result<(), ValueError> {
        match self.readability {
            Readability::Always => Ok(()),
            Readability::Unknown | Readability::Never => self.check(stored),
        }
    }

    /// Whether two stored values are equal. Equal values are stored alike, but for those with floats or
    /// decimals in them: a zero may have a sign, and `1.5` be `1.50`, which are one value to an index
    /// and to a program.
    pub(crate) fn equal(&self, one: &[u8], other: &[u8]) -> bool {
        one == other || (self.equal)(one, other)
    }

    pub(crate) fn char_count(&self, stored: &[u8]) -> Result<Option<usize>, ValueError> {
        self.count.map(|count| count(stored)).transpose()
    }

    /// Appends the index key of a stored value.
    ///
    /// # Panics
    /// If the type has no order: derives index, and filters compare, only types that have one.
    pub(crate) fn append_order_key(
        &self,
        stored: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), ValueError> {
        let order = self
            .order
            .expect("an indexed or compared type has an order");
        order(stored, out)
    }

    /// What comes after the index key that the bytes begin with.
    ///
    /// # Panics
    /// If the type has no order.
    pub(crate) fn after_order_key<'k>(&self, mut key: &'k [u8]) -> Result<&'k [u8], KeyError> {
        let skip = self.skip.expect("an indexed type has an order");
        skip(&mut key)?;
        Ok(key)
    }

    /// The stored value as it prints with `{:?}`.
    pub(crate) fn display<'a>(&self, stored: &'a [u8]) -> impl fmt::Display + 'a {
        Printed(stored, self.print)
    }

    /// The value of an index key as it prints with `{:?}`.
    ///
    /// # Panics
    /// If the type has no order.
    pub(crate) fn display_order_key<'a>(&self, key: &'a [u8]) -> impl fmt::Display + 'a {
        Printed(key, self.print_key)
    }
}

/// The bytes of a value, and how it prints.
struct Printed<'a>(&'a [u8], Print);

impl fmt::Display for Printed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.1)(self.0, f)
    }
}

impl fmt::Debug for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

#[cfg(feature = "serde-json")]
fn of_json<V: Serialize + DeserializeOwned + 'static>(
    value: &serde_json::Value,
) -> Result<Vec<u8>, String> {
    let value = V::deserialize(value).map_err(|error| error.to_string())?;
    let mut stored = Vec::new();
    encode_value(&value, &mut stored).map_err(|error| error.to_string())?;
    Ok(stored)
}

fn print<V: DeserializeOwned + fmt::Debug + 'static>(
    stored: &[u8],
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    match decode_value::<V>(stored) {
        Ok(value) => fmt::Debug::fmt(&value, f),
        Err(_) => f.write_str("<unreadable>"),
    }
}

fn print_key<V: OrderedKey + fmt::Debug + 'static>(
    mut key: &[u8],
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    match V::decode_key(&mut key) {
        Ok(value) => fmt::Debug::fmt(&value, f),
        Err(_) => f.write_str("<unreadable>"),
    }
}

fn check<V: DeserializeOwned + 'static>(stored: &[u8]) -> Result<(), ValueError> {
    decode_value::<V>(stored).map(drop)
}

fn count<V: DeserializeOwned + CharCount + 'static>(stored: &[u8]) -> Result<usize, ValueError> {
    decode_value::<V>(stored).map(|value| value.char_count())
}

fn order<V: DeserializeOwned + OrderedKey>(
    stored: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), ValueError> {
    decode_value::<V>(stored).map(|value| value.encode_key(out))
}

fn next_version<V: VersionNumber>(stored: &[u8]) -> Result<Vec<u8>, ValueError> {
    let before = if stored.is_empty() {
        V::default()
    } else {
        decode_value(stored)?
    };
    let mut next = Vec::new();
    encode_value(&before.next(), &mut next)?;
    Ok(next)
}

/// The type's name with the module paths cut off.
pub(super) fn short_type_name(full: &str) -> String {
    let mut short = String::with_capacity(full.len());
    let mut start = 0;
    for (at, character) in full.char_indices() {
        if !(character.is_alphanumeric() || character == '_' || character == ':') {
            short.push_str(last_segment(&full[start..at]));
            short.push(character);
            start = at + character.len_utf8();
        }
    }
    short.push_str(last_segment(&full[start..]));
    short
}

fn last_segment(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

/// Text whose characters `#[orm(length = ..)]` can count.
#[diagnostic::on_unimplemented(
    message = "`length` counts characters, and `{Self}` has none",
    label = "not a text",
    note = "`length` goes with `String`, `Option<String>` and `Lazy<String>`"
)]
pub trait CharCount {
    /// The number of Unicode scalar values.
    fn char_count(&self) -> usize;
}

impl CharCount for String {
    fn char_count(&self) -> usize {
        self.chars().count()
    }
}

impl<T: CharCount + 'static> CharCount for Option<T> {
    fn char_count(&self) -> usize {
        self.as_ref().map_or(0, CharCount::char_count)
    }
}

/// What can be the version of a row: `#[orm(version)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no version",
    label = "not a version",
    note = "an entity with a version has a property `#[orm(version)] version: u64`; `u32`, `i64` and `i32` do, too"
)]
pub trait VersionNumber: Copy + Default + Serialize + DeserializeOwned + 'static {
    /// The one after this.
    #[must_use]
    fn next(self) -> Self;

    /// As [`Error::OptimisticLock`](crate::Error::OptimisticLock) tells it.
    fn number(self) -> u64;
}

macro_rules! version_numbers {
    ($($number:ty)*) => {
        $(impl VersionNumber for $number {
            fn next(self) -> Self {
                self.wrapping_add(1)
            }

            #[allow(clippy::cast_sign_loss, clippy::cast_lossless, reason = "only compared")]
            fn number(self) -> u64 {
                self as u64
            }
        })*
    };
}

version_numbers!(u64 u32 i64 i32);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_names_lose_their_paths() {
        assert_eq!(
            short_type_name("core::option::Option<alloc::string::String>"),
            "Option<String>"
        );
        assert_eq!(short_type_name("(u8, my_app::tags::Kind)"), "(u8, Kind)");
    }
}
