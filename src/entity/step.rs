//! The relations and lazy properties of an entity, as types, and where lists of what was populated have
//! them.

use std::marker::PhantomData;

use super::{List, Partly, Slot, With, Without};

/// Where a list has a relation: [`First`], or [`Next`] to another.
pub trait Place {
    /// What a list has there.
    type Of<L: List>: Slot;
    /// The list that has this there and nothing else.
    type Only<S: Slot>: List;
}

/// The first place.
pub enum First {}

/// The place after `P`.
pub struct Next<P>(PhantomData<P>);

impl Place for First {
    type Of<L: List> = L::Head;
    type Only<S: Slot> = (S, ());
}

impl<P: Place> Place for Next<P> {
    type Of<L: List> = P::Of<L::Tail>;
    type Only<S: Slot> = (Without, P::Only<S>);
}

/// A relation or lazy property of an entity, as a type: generated, with the property's name.
pub trait Step {
    /// Where lists of the entity have it.
    type Place: Place;
}

/// A relation to many rows, among which a hint can choose.
#[diagnostic::on_unimplemented(
    message = "`{Self}` leads to one row, so a populate hint can't choose among its items",
    label = "no collection",
    note = "write the hint without `filter`, `order_by`, `limit`, `offset` and `references`"
)]
pub trait ToMany: Step {}

/// What the list `L` has for the step.
pub type At<L, S> = <<S as Step>::Place as Place>::Of<L>;

/// What the list `L` has behind the step.
pub type Below<L, S> = <At<L, S> as Slot>::Below;

/// The list that has the step, `B` behind it, and nothing else.
pub type Only<S, B> = <<S as Step>::Place as Place>::Only<With<S, B>>;

/// The list that has a part of the items of the step, `B` behind them, and nothing else.
pub type OnlyPartly<S, B> = <<S as Step>::Place as Place>::Only<Partly<S, B>>;

/// An entity with a relation or lazy property whose [`name_number`] is `NAME`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no relation or lazy property of this name",
    label = "no relation or lazy property of `{Self}`"
)]
pub trait Named<const NAME: u64> {
    /// The property.
    type Step: Step;
}

/// What is populated of `E` by coming from a relation that its property `NAME` is the other end of,
/// and that property refers to one row: the property, for that row is where one came from.
pub struct BackTo<E, const NAME: u64>(PhantomData<E>);

/// What is populated of an entity by coming from a relation to it.
pub trait Implied {
    /// The list.
    type List: List;
}

impl Implied for () {
    type List = ();
}

impl<const NAME: u64, E: Named<NAME>> Implied for BackTo<E, NAME> {
    type List = Only<E::Step, ()>;
}

/// The number that stands for the name of a property where the compiler takes no text: FNV-1a, whose
/// constants are at <http://www.isthe.com/chongo/tech/comp/fnv/>. `r#` does not count.
#[must_use]
pub const fn name_number(name: &str) -> u64 {
    let name = name.as_bytes();
    let mut at = match name {
        [b'r', b'#', ..] => 2,
        _ => 0,
    };
    let mut hash = 0xcbf2_9ce4_8422_2325;
    while at < name.len() {
        hash ^= name[at] as u64;
        hash = hash.wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    hash
}
