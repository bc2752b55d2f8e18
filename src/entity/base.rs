//! What an entity's derive asks of its base entity. `#[derive(BaseEntity)]` implements it.
//!
//! A base has identity only as a part of an entity: it may hold the primary key, and never a
//! relation. Invariant: the base's properties come first in the entity, so their positions are the
//! same in every entity with this base.

use std::time::SystemTime;

use super::{Entity, Fields};
use crate::codec::EntityKey;

/// Properties that several entities share, in a field marked `#[orm(base)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a base entity",
    label = "not a base entity",
    note = "add `#[derive(BaseEntity)]` to `{Self}`"
)]
pub trait BaseEntity: Fields + Default {
    /// The typed difference that hooks see of the base's properties.
    type Payload<'a>: From<super::Payload<'a>> + AsRef<super::Payload<'a>>;

    /// The query paths to the base's properties.
    type Path<R: Entity>: Clone;

    /// The load paths to the base's properties, and on from the entity `T`.
    type LoadPath<P, T>;

    /// Whether the primary key is here.
    const HAS_KEY: bool;

    /// As [`Default`], with this time in its stamps.
    #[doc(hidden)]
    #[must_use]
    fn made_at(now: SystemTime) -> Self {
        let _ = now;
        Self::default()
    }
}

/// A base that holds the primary key.
#[diagnostic::on_unimplemented(
    message = "an entity with the base `{Self}` has no primary key",
    label = "this base has no primary key",
    note = "add a property `#[orm(primary_key)] id: Pk` to `{Self}` or to the entity"
)]
pub trait KeyedBase: BaseEntity {
    /// The key's type.
    type Key: EntityKey;

    /// [`Entity::key`].
    fn key(&self) -> Option<&Self::Key>;

    /// [`Entity::set_key`].
    fn set_key(&mut self, key: Self::Key);

    /// [`Entity::generate_key`].
    fn generate_key(next_number: &mut dyn FnMut() -> u64) -> Option<Self::Key>;

    /// [`Entity::key_number`].
    fn key_number(key: &Self::Key) -> Option<u64>;
}
