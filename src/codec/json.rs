//! Values that only a format can hold that describes itself.
//!
//! What bincode stores has no types in it, so it can't be read into a `serde_json::Value`. [`Json`] is
//! such a value stored as its JSON text; wherever else it is serialized, it is the value itself.
//! Which of the two it is, the format says: `is_human_readable` is false for bincode.

use std::fmt;
use std::ops::{Deref, DerefMut};

use serde::de::{DeserializeOwned, Error as _};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A property that is stored as JSON: any `serde_json::Value`, or a type of your own that serde reads by
/// what it finds, such as one with `#[serde(untagged)]` or `#[serde(flatten)]`.
///
/// It dereferences to the value, and serializes as the value to all formats for people, as JSON is.
///
/// ```
/// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
/// use musher::prelude::*;
/// use musher::Json;
/// use serde_json::{Value, json};
///
/// #[derive(Entity, Debug)]
/// struct Device {
///     #[orm(primary_key)]
///     id: Pk,
///     settings: Json<Value>,
/// }
///
/// let orm = Orm::builder().entities::<Device>().in_memory()?;
/// let mut em = orm.em();
/// let device = em.create(Device::build().settings(Json(json!({ "volume": 3 }))));
/// em.flush()?;
/// em[device].settings["volume"] = json!(4);
/// em.flush()?;
///
/// let found = em.find::<Device>().filter(|d| d.settings().eq(Json(json!({ "volume": 4 }))));
/// assert_eq!(found.count()?, 1);
/// # Ok(()) }
/// # #[cfg(not(feature = "derive"))] fn main() {}
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Json<T = serde_json::Value>(pub T);

impl<T> Json<T> {
    /// The value.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> From<T> for Json<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> Deref for Json<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Json<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for Json<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: Serialize> Serialize for Json<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return self.0.serialize(serializer);
        }
        let text = serde_json::to_string(&self.0).map_err(S::Error::custom)?;
        serializer.serialize_str(&text)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Json<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return T::deserialize(deserializer).map(Self);
        }
        let text = String::deserialize(deserializer)?;
        serde_json::from_str(&text)
            .map(Self)
            .map_err(D::Error::custom)
    }
}
