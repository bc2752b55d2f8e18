//! Stored values to serde without an instance: what derives write of rows that are there in parts.

use serde::de::DeserializeOwned;
use serde::ser::{Error, SerializeMap};

use super::Entity;
use crate::codec::value::decode_value;

/// The value that is stored so.
///
/// # Errors
/// If the bytes can't be read.
pub fn stored_value<V: DeserializeOwned + 'static, E: Error>(
    stored: Option<&[u8]>,
) -> Result<V, E> {
    let stored = stored.ok_or_else(|| E::custom("nothing is stored"))?;
    decode_value(stored).map_err(E::custom)
}

/// Writes what a to-one relation refers to, by the stored value of its key.
///
/// # Errors
/// What the serializer says, or that the bytes can't be read.
pub fn serialize_reference<T: Entity, M: SerializeMap>(
    stored: Option<&[u8]>,
    name: &'static str,
    map: &mut M,
) -> Result<(), M::Error> {
    match stored {
        None => map.serialize_entry(name, &()),
        Some(_) => map.serialize_entry(name, &stored_value::<T::Key, M::Error>(stored)?),
    }
}
