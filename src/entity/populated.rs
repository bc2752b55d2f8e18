//! What was populated, as a type: a list with a place for each relation and lazy property of an
//! entity, in the order of declaration.
//!
//! A place holds [`With`] what lies behind the relation, [`Partly`] what lies behind some of its items, or
//! nothing, [`Without`]; places at the end that hold nothing are left out. So `(Without, (With<tags>, ()))` says that of an article the second
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
    /// What is in either list, of hints of one query.
    type And<M: List>: List;
    /// This list, and then what a later query has populated beside it.
    type Then<M: List>: List;
    /// The same of rows that are loaded.
    #[doc(hidden)]
    type Rows: List;
    /// With what is known of the rows by where they were reached from.
    #[doc(hidden)]
    type Knowing<B: List>: List;
    /// This list and one that begins with `H`.
    #[doc(hidden)]
    type AndSlot<H: Slot, T: List>: List;
    /// This list after one that begins with `H`.
    #[doc(hidden)]
    type AfterSlot<H: Slot, T: List>: List;
}

/// A place in a [`List`].
pub trait Slot {
    /// What was populated behind the relation.
    type Below: List;
    /// What is in either place.
    type And<S: Slot>: Slot;
    /// What is in this place, and then in a later one.
    type Then<S: Slot>: Slot;
    /// This place and one that holds a relation.
    #[doc(hidden)]
    type AndWith<R, B: List>: Slot;
    /// This place and one that holds a part of a relation.
    #[doc(hidden)]
    type AndPartly<R, B: List>: Slot;
    /// This place after one that held a relation.
    #[doc(hidden)]
    type AfterWith<R, B: List>: Slot;
    /// This place after one that held a part of a relation.
    #[doc(hidden)]
    type AfterPartly<R, B: List>: Slot;
}

/// The relation or lazy property `R` was populated, and `Below` it what that list says.
pub struct With<R, Below = ()>(PhantomData<(R, Below)>);

/// Some items of the collection `R` were populated, those that a hint has chosen, and `Below` them what
/// that list says.
pub struct Partly<R, Below = ()>(PhantomData<(R, Below)>);

/// The relation or lazy property was not populated.
pub enum Without {}

/// What was populated is not known to the compiler: reading what was not is an error at run time.
pub enum Unchecked {}

/// Only keys were populated, and not the rows.
pub enum References {}

impl List for () {
    type Head = Without;
    type Tail = ();
    type And<M: List> = M::Rows;
    type Then<M: List> = M::Rows;
    type Rows = ();
    type Knowing<B: List> = B;
    type AndSlot<H: Slot, T: List> = (H, T);
    type AfterSlot<H: Slot, T: List> = (H, T);
}

impl<H: Slot, T: List> List for (H, T) {
    type Head = H;
    type Tail = T;
    type And<M: List> = M::AndSlot<H, T>;
    type Then<M: List> = M::AfterSlot<H, T>;
    type Rows = Self;
    type Knowing<B: List> = B::AndSlot<H, T>;
    type AndSlot<H2: Slot, T2: List> = (H2::And<H>, T2::And<T>);
    type AfterSlot<H2: Slot, T2: List> = (H2::Then<H>, T2::Then<T>);
}

impl List for Unchecked {
    type Head = Self;
    type Tail = Self;
    type And<M: List> = Self;
    type Then<M: List> = Self;
    type Rows = Self;
    type Knowing<B: List> = Self;
    type AndSlot<H: Slot, T: List> = Self;
    type AfterSlot<H: Slot, T: List> = Self;
}

/// Hints that ask for rows are met, so beside another list this says nothing.
impl List for References {
    type Head = Self;
    type Tail = Self;
    type And<M: List> = M;
    type Then<M: List> = M;
    type Rows = ();
    type Knowing<B: List> = Self;
    type AndSlot<H: Slot, T: List> = (H, T);
    type AfterSlot<H: Slot, T: List> = (H, T);
}

impl Slot for Without {
    type Below = ();
    type And<S: Slot> = S;
    type Then<S: Slot> = S;
    type AndWith<R, B: List> = With<R, B>;
    type AndPartly<R, B: List> = Partly<R, B>;
    type AfterWith<R, B: List> = With<R, B>;
    type AfterPartly<R, B: List> = Partly<R, B>;
}

/// What is loaded as a whole has no items that were not there when it was populated before.
impl<R, B: List> Slot for With<R, B> {
    type Below = B;
    type And<S: Slot> = S::AndWith<R, B>;
    type Then<S: Slot> = S::AfterWith<R, B>;
    type AndWith<R2, B2: List> = With<R, B2::And<B>>;
    type AndPartly<R2, B2: List> = Partly<R, B2::And<B>>;
    type AfterWith<R2, B2: List> = With<R, B2::Then<B>>;
    type AfterPartly<R2, B2: List> = Self;
}

/// A choice among the items is made anew, and may be of others than before.
impl<R, B: List> Slot for Partly<R, B> {
    type Below = B;
    type And<S: Slot> = S::AndPartly<R, B>;
    type Then<S: Slot> = S::AfterPartly<R, B>;
    type AndWith<R2, B2: List> = Partly<R, B2::And<B>>;
    type AndPartly<R2, B2: List> = Partly<R, B2::And<B>>;
    type AfterWith<R2, B2: List> = Self;
    type AfterPartly<R2, B2: List> = Self;
}

macro_rules! slot {
    ($($slot:ty)*) => {$(
        impl Slot for $slot {
            type Below = Self;
            type And<S: Slot> = Self;
            type Then<S: Slot> = Self;
            type AndWith<R, B: List> = Self;
            type AndPartly<R, B: List> = Self;
            type AfterWith<R, B: List> = Self;
            type AfterPartly<R, B: List> = Self;
        }
    )*};
}

slot!(Unchecked References);

/// A list that says what was populated, and is not [`Unchecked`].
#[diagnostic::on_unimplemented(
    message = "it is not known here what was populated",
    label = "this comes from a bare id, or from a hint for keys only",
    note = "begin with what a query with a populate hint gives, or what `em.populate(..)` does"
)]
pub trait Checked: List {}

impl Checked for () {}
impl<H: Slot, T: List> Checked for (H, T) {}

/// A list of rows that are loaded, as far as it is known: any but [`References`].
#[diagnostic::on_unimplemented(
    message = "only the key of this entity was populated",
    label = "a hint with `references()` loads no rows",
    note = "ask for the `id()`, or populate the items themselves, without `references()`",
    note = "`.unchecked()` gives a view that lets everything through, and panics where something is not loaded"
)]
pub trait OfRows: List {}

impl OfRows for () {}
impl<H: Slot, T: List> OfRows for (H, T) {}
impl OfRows for Unchecked {}

/// A place of a list that has the relation or lazy property `R`. For a relation that is eager, which
/// needs no hint, the derive implements it for [`Without`] too.
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
impl<R, B: List> Populated<R> for Partly<R, B> {}

#[diagnostic::do_not_recommend]
impl<R> Populated<R> for Unchecked {}

/// A place of a list that has the relation `R` as a whole, if it has it.
#[diagnostic::on_unimplemented(
    message = "only a part of `{R}` was populated",
    label = "a populate hint has chosen among the items of `{R}`",
    note = "here all of them are asked for: populate `{R}` without `filter`, `limit` and `offset`, or with \
            `em.populate(..)`, whose result has it",
    note = "`.id()` gives the bare id: its view lets everything through"
)]
pub trait Whole<R>: Slot {}

#[diagnostic::do_not_recommend]
impl<R, R2, B: List> Whole<R> for With<R2, B> {}

#[diagnostic::do_not_recommend]
impl<R> Whole<R> for Without {}

#[diagnostic::do_not_recommend]
impl<R> Whole<R> for Unchecked {}

#[diagnostic::do_not_recommend]
impl<R> Whole<R> for References {}

/// A list that has all that the list `M` has.
pub trait Covers<M> {}

impl<L: List> Covers<()> for L {}

impl<L: List, T> Covers<(Without, T)> for L where L::Tail: Covers<T> {}

impl<L: List, R, B, T> Covers<(With<R, B>, T)> for L
where
    L::Head: Populated<R> + Whole<R>,
    <L::Head as Slot>::Below: Covers<B>,
    L::Tail: Covers<T>,
{
}

#[cfg(test)]
mod tests {
    use super::super::{First, Next, Only, OnlyPartly, Step, name_number};
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

    type Chosen = OnlyPartly<Tags, Only<Author, ()>>;

    #[test]
    fn one_query_shows_what_any_hint_has_chosen_and_a_later_one_shows_its_own() {
        type Whole = Only<Tags, Only<Articles, ()>>;
        type Both = (With<Author>, ());
        same::<<Chosen as List>::And<Only<Tags, ()>>, Chosen>();
        same::<<Whole as List>::And<OnlyPartly<Tags, ()>>, OnlyPartly<Tags, Only<Articles, ()>>>();
        // What is chosen anew may be of items that were not there before.
        same::<<Chosen as List>::Then<Only<Tags, ()>>, Only<Tags, ()>>();
        same::<<Whole as List>::Then<OnlyPartly<Tags, Both>>, OnlyPartly<Tags, Both>>();
        same::<
            <Only<Tags, Both> as List>::Then<Whole>,
            Only<Tags, <Both as List>::And<Only<Articles, ()>>>,
        >();
        same::<
            <Chosen as List>::Then<Only<Author, ()>>,
            (With<Author>, (Partly<Tags, Only<Author, ()>>, ())),
        >();
    }

    #[test]
    fn keys_are_known_until_a_hint_asks_for_rows() {
        type Keys = Only<Tags, References>;
        same::<<Keys as List>::And<Only<Author, ()>>, (With<Author>, (With<Tags, References>, ()))>(
        );
        same::<<Keys as List>::And<Only<Tags, ()>>, Only<Tags, ()>>();
        same::<<Only<Tags, ()> as List>::And<Keys>, Only<Tags, ()>>();
        same::<<Keys as List>::Then<Only<Tags, ()>>, Only<Tags, ()>>();
        same::<<Only<Tags, Only<Author, ()>> as List>::Then<Keys>, Only<Tags, Only<Author, ()>>>();
        same::<<References as List>::Knowing<Only<Author, ()>>, References>();
    }

    #[test]
    fn a_name_is_the_same_raw_or_not() {
        assert_eq!(name_number("r#type"), name_number("type"));
        assert_ne!(name_number("tags"), name_number("text"));
    }
}
