//! Musher, an embedded, in-process object database: entities with relations, an identity map and
//! a unit of work over sled.
#![forbid(unsafe_code)]
#![deny(unreachable_pub)]
#![warn(missing_docs)]

mod codec;
mod context;
mod database;
mod entity;
mod error;
mod keyspace;
mod load;
mod log;
mod manager;
mod orm;
mod query;
mod schema;
mod serialize;
mod storage;
mod unit_of_work;

#[cfg(feature = "password")]
pub mod password;

#[cfg(fuzzing)]
#[doc(hidden)]
pub use codec::fuzzing;

#[cfg(feature = "password")]
pub use crate::password::PasswordError;
pub use codec::{EntityKey, KeyError, OrderedKey};
pub use database::{FlushMode, LoadStrategy};
pub use entity::{
    ChangeKind, ChangeSet, Collection, Entity, EntityList, Event, EventArgs, GeneratedKey, Id,
    IntoId, IntoIds, Inverse, KeyField, Lazy, Pk,
};
pub use error::{Error, Result, Violation};
pub use load::{Hint, Statistics};
pub use manager::{
    CollectionEdit, CollectionIter, CollectionView, EntityManager, Find, FindOne, IntoManaged,
    Managed,
};
pub use orm::{Finding, Orm, OrmBuilder, Report};
pub use query::{Filter, IntoOperand, Property};
pub use schema::OnDelete;
pub use serialize::{Exclude, Serialization};
pub use storage::Durability;

#[cfg(feature = "derive")]
pub use musher_derive::{BaseEntity, Entity};

/// Everything that a program with entities needs: `use musher::prelude::*;`.
pub mod prelude {
    pub use crate::{
        Collection, Durability, EntityManager, Error, EventArgs, FlushMode, Id, Inverse, Lazy,
        LoadStrategy, Orm, Pk,
    };
    #[cfg(feature = "derive")]
    pub use musher_derive::{BaseEntity, Entity};
}

/// What derives name. No part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use serde;

    pub use crate::codec::value::{ValueError, decode_value, encode_value};
    pub use crate::codec::{EntityKey, RowKey};
    pub use crate::entity::*;
    pub use crate::error::Result;
    pub use crate::load::{Hint, Hints, LazyPath, Path, PropertyPath};
    pub use crate::manager::{
        CollectionEdit, CollectionView, Edit, EntityManager, IntoManaged, Managed, Pending, View,
    };
    pub use crate::query::Property;
    pub use crate::schema::{CharCount, FieldDescription, FieldSet, OnDelete, Relation, Target};
    pub use crate::serialize::{Exclude, Node, SerializeEntity, serialize_view};
}
