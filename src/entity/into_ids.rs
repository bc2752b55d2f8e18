//! One entity or several: what many functions take.

use super::loaded::handles;
use super::{Entity, Handle, Id, List, Loaded};

/// One id or several: what [`add`](crate::CollectionEdit::add) and its like take.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an id of `{T}`, nor several",
    label = "expected an `Id<{T}>`, an array, slice or `Vec` of them"
)]
pub trait IntoIds<T: Entity> {
    /// The same, one or several, with what was populated in the type.
    #[doc(hidden)]
    type Populated<M: List>;

    /// The ids, in order.
    fn into_ids(self) -> Vec<Id<T>>;

    /// What these ids are now that `M` was populated.
    #[doc(hidden)]
    fn populated<M: List>(ids: Vec<Id<T>>) -> Self::Populated<M>;
}

macro_rules! one {
    ($(($($list:ident)?) $handle:ty => $populated:ty;)*) => {$(
        impl<T: Entity $(, $list: List)?> IntoIds<T> for $handle {
            type Populated<M: List> = $populated;

            fn into_ids(self) -> Vec<Id<T>> {
                vec![self.into()]
            }

            fn populated<M: List>(ids: Vec<Id<T>>) -> Self::Populated<M> {
                let [id] = ids.try_into().expect("there is one id");
                Handle::of(id)
            }
        }
    )*};
}

one! {
    () Id<T> => Loaded<T, M>;
    () &Id<T> => Loaded<T, M>;
    (L) Loaded<T, L> => Loaded<T, L::Then<M>>;
    (L) &Loaded<T, L> => Loaded<T, L::Then<M>>;
}

macro_rules! several {
    ($($several:ty),*) => {$(
        impl<T: Entity, H: Handle<Entity = T> + Clone> IntoIds<T> for $several {
            type Populated<M: List> = Vec<H::Then<M>>;

            fn into_ids(self) -> Vec<Id<T>> {
                self.iter().cloned().map(Handle::into_bare_id).collect()
            }

            fn populated<M: List>(ids: Vec<Id<T>>) -> Self::Populated<M> {
                handles(ids)
            }
        }
    )*};
}

several!(Vec<H>, &Vec<H>, &[H]);

macro_rules! array {
    ($($array:ty),*) => {$(
        impl<T: Entity, H: Handle<Entity = T> + Clone, const N: usize> IntoIds<T> for $array {
            type Populated<M: List> = [H::Then<M>; N];

            fn into_ids(self) -> Vec<Id<T>> {
                self.as_slice().into_ids()
            }

            fn populated<M: List>(ids: Vec<Id<T>>) -> Self::Populated<M> {
                let ids: [_; N] = ids.try_into().expect("there are as many ids");
                ids.map(Handle::of)
            }
        }
    )*};
}

array!([H; N], &[H; N]);
