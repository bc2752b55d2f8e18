//! What users' structs are made of, and the traits through which the core reads and writes them.
//!
//! The derives implement [`Fields`] and [`Entity`]; the core works on [`AnyEntity`], the same thing
//! with the type erased. Nothing here knows a unit of work. Invariant: a property's position
//! ([`Fields`]) is its position in the entity's description.

mod any;
mod base;
mod binding;
mod builder;
mod change_sets;
mod collection;
mod embedded;
mod embedded_list;
mod entity_type;
mod fields;
mod groups;
mod hooks;
mod hydrate;
mod id;
mod into_ids;
mod inverse;
mod key_field;
mod lazy;
mod list;
mod loaded;
mod populated;
mod step;
mod stored;
mod subscriber;
mod timestamp;

pub(crate) use any::has_value;
pub use any::{AnyEntity, Entity};
pub use base::{BaseEntity, KeyedBase};
pub use binding::{Binding, Membership};
pub use builder::{Missing, Set};
pub use change_sets::{AnyChangeSet, ChangeSets, LinkChangeSet};
pub(crate) use change_sets::{LinkData, display};
pub use collection::{AnyCollection, Collection};
pub use embedded::Embedded;
pub use embedded_list::{EmbeddedList, Packed, Written, WrittenList, encode_list, list};
pub use entity_type::{EntityList, EntityType};
pub use fields::{Fields, Unversioned, misplaced};
pub use groups::Groups;
pub use hooks::{
    ChangeKind, ChangeSet, ChangeSetData, EmbeddedPayload, Event, EventArgs, EventSet, Payload,
};
pub use hydrate::HydrateRow;
pub(crate) use hydrate::embed;
pub use id::{Id, IntoId, IntoReference};
pub use into_ids::IntoIds;
pub use inverse::Inverse;
pub use key_field::{GeneratedKey, KeyField, Pk};
pub use lazy::{Lazy, Origin};
pub(crate) use list::{Item, OrderedSet};
pub(crate) use loaded::handles;
pub use loaded::{Handle, Loaded};
pub use populated::{
    Checked, Covers, List, OfRows, Partly, Populated, References, Slot, Unchecked, Whole, With,
    Without,
};
pub use step::{
    At, BackTo, Below, First, Implied, Named, Next, Only, OnlyPartly, Place, Step, ToMany,
    name_number,
};
pub use stored::{serialize_reference, stored_value};
pub(crate) use subscriber::Erased;
pub use subscriber::{AnySubscriber, Subscriber};
pub use timestamp::{Timestamp, stamped};
