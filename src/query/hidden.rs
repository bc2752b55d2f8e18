//! Hidden properties in conditions, orders and projections.

use serde::Serialize;

use super::{Assignment, Filter, IntoOperand, Order, Property};

/// A `hidden` property. What asks about its value tells something of it, to whoever chooses the condition
/// or reads the order of the results, so no condition, order or projection is about it unless the program
/// says so with [`reveal`](Self::reveal).
///
/// ```
/// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
/// # use musher::prelude::*;
/// #[derive(Entity, Debug)]
/// struct Session {
///     #[orm(primary_key)]
///     id: Pk,
///     #[orm(hidden, unique)]
///     token: String,
/// }
/// # let orm = Orm::builder().entities::<Session>().in_memory()?;
/// # let mut em = orm.em();
/// # let session = em.create(Session::build().token("c2VjcmV0"));
/// let found = em.find::<Session>().filter(|s| s.token().reveal().eq("c2VjcmV0")).one()?;
/// # assert_eq!(found, Some(session));
/// # Ok(()) }
/// # #[cfg(not(feature = "derive"))] fn main() {}
/// ```
pub struct HiddenProperty<R, V>(Property<R, V>);

impl<R, V> HiddenProperty<R, V> {
    /// The property as any other. Its value stays out of the log.
    #[must_use]
    pub fn reveal(self) -> Property<R, V> {
        self.0
    }
}

impl<R, V: Serialize + 'static> HiddenProperty<R, V> {
    /// The property shall be this, in every row of a bulk update. That reveals nothing.
    pub fn set(self, value: impl IntoOperand<V>) -> Assignment<R> {
        self.0.set(value)
    }
}

/// What no hidden property is: the bound of operators, so that the compiler says what to write instead.
#[diagnostic::on_unimplemented(
    message = "the property is `hidden`, so no condition and no order is about it",
    label = "write `.reveal()` before this, if it may tell something of the value"
)]
pub trait Revealed {
    #[doc(hidden)]
    fn never<X>(&self) -> X;
}

macro_rules! operators {
    ($($operator:ident($($operand:ident)?) -> $result:ident;)*) => {
        impl<R, V> HiddenProperty<R, V> {
            $(
                /// Not of a hidden property: [`reveal`](Self::reveal) it.
                #[doc(hidden)]
                pub fn $operator$(<$operand>)?(self, $(_: $operand)?) -> $result<R>
                where
                    Self: Revealed,
                {
                    self.never()
                }
            )*
        }
    };
}

operators! {
    eq(A) -> Filter;
    ne(A) -> Filter;
    lt(A) -> Filter;
    le(A) -> Filter;
    gt(A) -> Filter;
    ge(A) -> Filter;
    between(A) -> Filter;
    is_in(A) -> Filter;
    is_none() -> Filter;
    is_some() -> Filter;
    starts_with(A) -> Filter;
    ends_with(A) -> Filter;
    contains(A) -> Filter;
    like(A) -> Filter;
    asc() -> Order;
    desc() -> Order;
}

impl<R, V> From<Property<R, V>> for HiddenProperty<R, V> {
    fn from(property: Property<R, V>) -> Self {
        Self(property)
    }
}

impl<R, V> Clone for HiddenProperty<R, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<R, V> AsRef<Property<R, V>> for HiddenProperty<R, V> {
    fn as_ref(&self) -> &Property<R, V> {
        &self.0
    }
}
