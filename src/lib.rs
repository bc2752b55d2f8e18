//! Musher, an embedded, in-process object database: entities with relations, an identity map and
//! a unit of work over sled.
//!
//! Entities are plain structs. A unit of work, the [`EntityManager`], owns every instance that it
//! loads or creates; a program holds [`Id`]s, and reads and changes the instances through them. What
//! was changed is written by [`flush`](EntityManager::flush), as one atomic commit.
//!
//! ```
//! # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
//! use musher::prelude::*;
//!
//! #[derive(Entity, Debug)]
//! struct User {
//!     #[orm(primary_key)]
//!     id: Pk,
//!     #[orm(unique)]
//!     email: String,
//!     #[orm(one_to_many(mapped_by = author))]
//!     articles: Collection<Article>,
//! }
//!
//! #[derive(Entity, Debug)]
//! struct Article {
//!     #[orm(primary_key)]
//!     id: Pk,
//!     title: String,
//!     #[orm(many_to_one)]
//!     author: Id<User>,
//! }
//!
//! let orm = Orm::builder().entities::<(User, Article)>().in_memory()?;
//! let mut em = orm.em();
//! let user = em.create(User::build().email("foo@bar.com"));
//! let article = em.create(Article::build().title("Foo is Bar").author(user));
//! em.flush()?;
//!
//! em.clear();
//! em.find_one(article).populate(|a| a.author()).or_fail()?;
//! assert_eq!(em.view(article).author().email, "foo@bar.com");
//! em[article].title.push('!');
//! em.flush()?;
//! # Ok(()) }
//! # #[cfg(not(feature = "derive"))] fn main() {}
//! ```
//!
//! # Where to find what
//!
//! | to | use |
//! |---|---|
//! | declare entities | the derives [`Entity`](macro@Entity) and [`BaseEntity`](macro@BaseEntity); [`Pk`], [`Id`], [`Lazy`], [`Collection`], [`Inverse`] |
//! | open a database | [`Orm::builder`], [`OrmBuilder`]; [`Durability`], [`FlushMode`], [`LoadStrategy`] |
//! | begin a unit of work | [`Orm::em`], [`EntityManager`] |
//! | create and remove | [`EntityManager::create`], [`persist`](EntityManager::persist), [`remove`](EntityManager::remove), [`detach`](EntityManager::detach) |
//! | read | `em[id]`, [`EntityManager::get`], [`view`](EntityManager::view) |
//! | change | `em[id]`, [`EntityManager::edit`], [`with`](EntityManager::with); [`CollectionEdit`] |
//! | commit several flushes at once | [`EntityManager::transactional`], or [`begin`](EntityManager::begin), [`commit`](EntityManager::commit), [`rollback`](EntityManager::rollback) |
//! | be safe from other units of work | `#[orm(version)]` and [`EntityManager::lock`]; [`Isolation`], [`EntityManager::transactional_with_retries`]; [`Orm::snapshot`] |
//! | query | [`EntityManager::find_one`], [`find`](EntityManager::find); [`Property`], [`Filter`] |
//! | read values instead of entities | [`Find::fields`], [`Find::exclude`], [`Find::aggregate`], [`Find::group_by`] |
//! | load more | [`EntityManager::populate`], [`refresh`](EntityManager::refresh) |
//! | ask for what was populated | [`Loaded`], [`loads!`] |
//! | react to a flush | [`EventArgs`], [`ChangeSet`]; the attributes of [`Entity`](macro@Entity) name the hooks |
//! | follow what is committed | [`Orm::subscribe`], [`FeedItem`], [`RowChange`] |
//! | serialize | a view, or [`EntityManager::serialize`] |
//! | look inside | [`OrmBuilder::debug`], [`EntityManager::statistics`], [`Orm::verify`] |
//! | handle errors | [`Error`] |
//!
//! The repository has a guide (`docs/guide.md`), which tells all of this at length, and the file
//! format (`docs/format.md`).
#![forbid(unsafe_code)]
#![deny(unreachable_pub)]
#![warn(missing_docs)]

// The derives name the crate from outside.
#[cfg(test)]
extern crate self as musher;

mod codec;
mod context;
mod database;
mod entity;
mod error;
mod feed;
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
pub use crossbeam_channel::Receiver;

#[cfg(feature = "serde-json")]
pub use crate::error::AssignProblem;
#[cfg(feature = "serde-json")]
pub use crate::manager::Assign;
#[cfg(feature = "serde-json")]
pub use codec::Json;
pub use codec::{EntityKey, KeyError, OrderedKey};
pub use database::{FlushMode, LoadStrategy};
pub use entity::{
    AnyChangeSet, ChangeKind, ChangeSet, ChangeSets, Collection, Entity, EntityList, Event,
    EventArgs, GeneratedKey, Handle, Id, IntoId, IntoIds, IntoReference, Inverse, KeyField, Lazy,
    LinkChangeSet, Loaded, Pk, Subscriber, Timestamp,
};
pub use error::{Error, Result, Violation};
pub use load::{Exclusion, Hint, Hints, Selection, Statistics};
pub use manager::{
    CollectionEdit, CollectionIter, CollectionPath, CollectionView, DeleteWhere, EntityFilter,
    EntityManager, FilterTargets, Find, FindFields, FindOne, FlushEvent, FlushSubscriber, GroupBy,
    InsertMany, IntoManaged, Isolation, Managed, Matching, Page, PopulateOptions, RowPage,
    RowStream, Selected, SetReference, Stream, UpdateWhere, Upsert, UpsertMany, Upserted,
};
pub use orm::{
    Backup, Check, FeedItem, Finding, Links, Loss, Missed, Orm, OrmBuilder, Progress, Repair,
    Report, RowChange, Verification,
};
pub use query::{
    Aggregate, Assignment, Averaged, Cursor, Estimate, Explanation, Filter, HiddenProperty,
    IntoAssignments, IntoOperand, IntoOrder, ItemCount, Mapped, Measure, NoCursor,
    OptionalProperty, Order, Part, Partial, PlanNode, Projection, Property, Remainder, Revealed,
    Summand, Text,
};
pub use schema::{Elements, OnDelete};
pub use serialize::{PartialSerialization, Serialization};
pub use storage::{CommitPath, Durability};

#[cfg(feature = "derive")]
pub use musher_derive::{BaseEntity, Embedded, Entity, EntityKey, OrderedKey};

/// Everything that a program with entities needs: `use musher::prelude::*;`.
pub mod prelude {
    pub use crate::{
        Collection, Durability, EntityManager, Error, EventArgs, Filter, Find, FlushMode, Id,
        IntoId, IntoManaged, Inverse, Isolation, Lazy, LoadStrategy, Loaded, Managed, Measure as _,
        Orm, Pk, PopulateOptions, Projection as _, SetReference as _, loads,
    };
    #[cfg(feature = "derive")]
    pub use musher_derive::{BaseEntity, Embedded, Entity, EntityKey, OrderedKey};
}

/// The aggregates that [`Measure`] makes. Programs seldom name their types.
pub mod aggregates {
    pub use crate::query::{
        Average, Count, CountDistinct, End, Extreme, Greatest, Least, Present, Sum,
    };
}

/// What was populated, as types. Programs seldom name them: queries make them of their hints, and the
/// compiler shows them in its messages.
///
/// A list has a place for each relation and lazy property of an entity, in the order of declaration:
/// `(Without, (With<tags>, ()))` says that the second was populated, and nothing behind it.
pub mod populated {
    pub use crate::entity::{
        BackTo, Checked, Covers, First, Implied, List, Named, Next, OfRows, Partly, Place,
        Populated, References, Slot, Step, ToMany, Unchecked, Whole, With, Without,
    };
    pub use crate::load::{
        All, Anywhere, Choice, KeyProperty, LoadPath, Loads, Part, PlainProperty, Root, Route,
        Then, ToCollection,
    };
}

/// The list of what was populated, for the type of a parameter or field that asks for it:
/// `Loaded<Article, loads!(Article { author, tags })>`. Behind a relation, the entity that it leads to is
/// named: `loads!(Article { author: User { articles } })`.
///
/// What has more is made to fit with [`narrow`](crate::Loaded::narrow). See [`Loaded`](crate::Loaded).
#[macro_export]
macro_rules! loads {
    (@list $entity:ty;) => { () };
    (@list $entity:ty; $name:ident : $target:ty { $($below:tt)* } $(, $($more:tt)*)?) => {
        <$crate::__private::Only<
            $crate::loads!(@step $entity; $name),
            $crate::loads!(@list $target; $($below)*)
        > as $crate::__private::List>::And<$crate::loads!(@list $entity; $($($more)*)?)>
    };
    (@list $entity:ty; $name:ident $(, $($more:tt)*)?) => {
        <$crate::__private::Only<
            $crate::loads!(@step $entity; $name),
            ()
        > as $crate::__private::List>::And<$crate::loads!(@list $entity; $($($more)*)?)>
    };
    (@step $entity:ty; $name:ident) => {
        <$entity as $crate::__private::Named<{ $crate::__private::name_number(stringify!($name)) }>>::Step
    };
    ($entity:ty { $($names:tt)* }) => { $crate::loads!(@list $entity; $($names)*) };
}

/// What derives name. No part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use serde;

    pub use crate::codec::value::{ValueError, decode_value, encode_value};
    pub use crate::codec::{EntityKey, RowKey};
    pub use crate::entity::*;
    pub use crate::error::Result;
    pub use crate::load::{KeyProperty, LoadPath, Loads, PlainProperty, Route, Then};
    pub use crate::manager::{
        CollectionEdit, CollectionPath, CollectionView, Creation, Defer, Edit, EntityManager,
        IntoManaged, Managed, Pending, Steps, View, root_path,
    };
    pub use crate::query::{
        Columns, EmbeddedListPath, EmbeddedPath, FilterBinding, HiddenProperty, OptionalPath,
        OrderProperty, Path, Property, PropertyPath, QueryPath, Terms, Values, index_part,
        index_part_of_each,
    };
    pub use crate::schema::{
        ByDefault, CharCount, Equal, Equality, FieldDescription, FieldSet, IndexDescription,
        OfAnyType, OnDelete, OrderTerm, PartDescription, Readability, Readable, Relation, Target,
        VersionNumber, concatenated, prefixed, prefixed_length, split,
    };
    pub use crate::serialize::{Node, SerializeEntity, serialize_view};
}

/// The code blocks of the README and of the guide, compiled and run as this crate's own.
#[cfg(all(doctest, feature = "derive", feature = "password"))]
mod documents {
    #[doc = include_str!("../README.md")]
    struct Readme;

    #[doc = include_str!("../docs/guide.md")]
    struct Guide;
}
