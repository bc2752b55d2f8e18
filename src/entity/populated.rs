//! What was populated, as a type: a list with a place for each relation and lazy property of an
//! entity, in the order of declaration.
//!
//! A place holds [`With`] what lies behind the relation, or nothing, [`Without`]; places at the end that
//! hold nothing are left out. So `(Without, (With<tags>, ()))` says that of an article the second
//! relation was populated, and nothing behind it. A derive gives each relation a type that stands for
//! it, a [`Step`], whose [`Place`] is where the list has it. Lists are joined place by place, so no type
//! has to be compared with another, and nothing is left to be inferred.
//!
//! Invariant: every function on types here is total. What a program may not do, [`Populated`] alone
//! says, whose message the user reads.

use std::marker::PhantomData;

/// A list of what was populated.
pub trait List {
    /// The first place.
    type Head: Slot;
    /// The other places.
    type Tail: List;
    /// What is in either list.
    type And<M: List>: List;
    /// This list and one that begins with `H`.
    #[doc(hidden)]
    type AndSlot<H: Slot, T: List>: List;
}

/// A place in a [`List`].
pub trait Slot {
    /// What was populated behind the relation.
    type Below: List;
    /// What is in either place.
    type And<S: Slot>: Slot;
    /// This place and one that holds a relation.
    #[doc(hidden)]
    type AndWith<R, B: List>: Slot;
}

/// The relation or lazy property `R` was populated, and `Below` it what that list says.
pub struct With<R, Below = ()>(PhantomData<(R, Below)>);

/// The relation or lazy property was not populated.
pub enum Without {}

/// What was populated is not known to the compiler: reading what was not is an error at run time.
pub enum Unchecked {}

impl List for () {
    type Head = Without;
    type Tail = ();
    type And<M: List> = M;
    type AndSlot<H: Slot, T: List> = (H, T);
}

impl<H: Slot, T: List> List for (H, T) {
    type Head = H;
    type Tail = T;
    type And<M: List> = M::AndSlot<H, T>;
    type AndSlot<H2: Slot, T2: List> = (H2::And<H>, T2::And<T>);
}

impl List for Unchecked {
    type Head = Self;
    type Tail = Self;
    type And<M: List> = Self;
    type AndSlot<H: Slot, T: List> = Self;
}

impl Slot for Without {
    type Below = ();
    type And<S: Slot> = S;
    type AndWith<R, B: List> = With<R, B>;
}

impl<R, B: List> Slot for With<R, B> {
    type Below = B;
    type And<S: Slot> = S::AndWith<R, B>;
    type AndWith<R2, B2: List> = With<R, B2::And<B>>;
}

impl Slot for Unchecked {
    type Below = Self;
    type And<S: Slot> = Self;
    type AndWith<R, B: List> = Self;
}

/// A list that says what was populated, and is not [`Unchecked`].
#[diagnostic::on_unimplemented(
    message = "it is not known here what was populated",
    label = "this comes from a bare id",
    note = "begin with what a query with a populate hint gives, or what `em.populate(..)` does"
)]
pub trait Checked: List {}

impl Checked for () {}
impl<H: Slot, T: List> Checked for (H, T) {}

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

/// What the list `L` has for the step.
pub type At<L, S> = <<S as Step>::Place as Place>::Of<L>;

/// What the list `L` has behind the step.
pub type Below<L, S> = <At<L, S> as Slot>::Below;

/// The list that has the step, `B` behind it, and nothing else.
pub type Only<S, B> = <<S as Step>::Place as Place>::Only<With<S, B>>;

/// A place of a list that has the relation or lazy property `R`.
#[diagnostic::on_unimplemented(
    message = "`{R}` was not populated",
    label = "`{R}` is not in the populate hint that this comes from",
    note = "add `{R}` to the hint, `.populate(|it| it.{R}())`, or load it now with `em.populate(..)`, whose \
            result has it",
    note = "`.id()` gives the bare id: its view lets everything through, and panics where something is not loaded"
)]
pub trait Populated<R>: Slot {}

#[diagnostic::do_not_recommend]
impl<R, B: List> Populated<R> for With<R, B> {}

#[diagnostic::do_not_recommend]
impl<R> Populated<R> for Unchecked {}

/// A list that has all that the list `M` has.
pub trait Covers<M> {}

impl<L: List> Covers<()> for L {}

impl<L: List, T> Covers<(Without, T)> for L where L::Tail: Covers<T> {}

impl<L: List, R, B, T> Covers<(With<R, B>, T)> for L
where
    L::Head: Populated<R>,
    <L::Head as Slot>::Below: Covers<B>,
    L::Tail: Covers<T>,
{
}

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

#[cfg(test)]
mod tests {
    use super::*;

    enum Author {}
    enum Tags {}
    enum Articles {}

    impl Step for Author {
        type Place = First;
    }

    impl Step for Tags {
        type Place = Next<First>;
    }

    impl Step for Articles {
        type Place = First;
    }

    trait Same<T> {}
    impl<T> Same<T> for T {}

    const fn same<A: Same<B>, B>() {}

    type Joined = <Only<Tags, ()> as List>::And<Only<Author, ()>>;
    type Deep = <Only<Author, Only<Articles, ()>> as List>::And<Only<Author, Only<Tags, ()>>>;

    #[test]
    fn lists_join_place_by_place() {
        same::<Only<Author, ()>, (With<Author>, ())>();
        same::<Only<Tags, ()>, (Without, (With<Tags>, ()))>();
        same::<Joined, (With<Author>, (With<Tags>, ()))>();
        // A relation that is named twice is one, with what either has behind it.
        same::<Deep, (With<Author, (With<Articles>, (With<Tags>, ()))>, ())>();
    }

    #[test]
    fn a_name_is_the_same_raw_or_not() {
        assert_eq!(name_number("r#type"), name_number("type"));
        assert_ne!(name_number("tags"), name_number("text"));
    }
}
