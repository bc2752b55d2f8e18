//! Named filters: what programs write, register, turn on and off.

use std::any::{Any, TypeId};
use std::sync::Arc;

use super::{EntityManager, Managed};
use crate::error::{Error, Result};
use crate::query::{
    ActiveFilters, Condition, Filter, FilterBinding, FilterChoices, FilterRegistry, Path, Query,
    filter_name,
};
use crate::schema::{EntityIndex, Schema};

/// A named filter of the entity `T`: a condition that its rows meet in every query, by default or by
/// call. Soft deletion and tenants are made of it. Its name is its type, and its fields are its
/// parameters; a filter can be one of several entities.
///
/// Filters hold for [`find`](EntityManager::find) and [`find_one`](EntityManager::find_one), for what
/// is counted, paged and populated, and for collections: a row that is filtered out is not found, is
/// left out of collections that are loaded, and stays a reference where a to-one relation leads to it.
/// Conditions and orders that lead through relations look at all rows, and so do constraints,
/// `on_delete` and flushes. An instance that is in memory already is read by its id as ever.
///
/// ```
/// # #[cfg(feature = "derive")] fn main() -> musher::Result<()> {
/// use musher::prelude::*;
/// use musher::{EntityFilter, Filter};
///
/// #[derive(Entity, Debug)]
/// struct Note {
///     #[orm(primary_key)]
///     id: Pk,
///     text: String,
///     tenant: u32,
///     #[orm(default)]
///     deleted: bool,
/// }
///
/// struct NotDeleted;
/// impl EntityFilter<Note> for NotDeleted {
///     fn condition(&self, note: NotePath<Note>) -> Filter<Note> {
///         note.deleted().eq(false)
///     }
/// }
///
/// struct Tenant(u32);
/// impl EntityFilter<Note> for Tenant {
///     fn condition(&self, note: NotePath<Note>) -> Filter<Note> {
///         note.tenant().eq(self.0)
///     }
/// }
///
/// let orm = Orm::builder()
///     .entities::<Note>()
///     .filter::<Note, _>(NotDeleted)       // on, unless a query does without
///     .required_filter::<Note, Tenant>()   // to be given, or no query runs
///     .in_memory()?;
/// let mut em = orm.em();
/// for (text, tenant, deleted) in [("a", 3, false), ("b", 3, true), ("c", 4, false)] {
///     em.create(Note::build().text(text).tenant(tenant).deleted(deleted));
/// }
/// em.flush()?;
///
/// assert!(matches!(em.find::<Note>().count(), Err(musher::Error::Query { .. })));
/// em.set_filter(Tenant(3))?;
/// assert_eq!(em.find::<Note>().count()?, 1);
/// assert_eq!(em.find::<Note>().without_filter::<NotDeleted>().count()?, 2);
/// assert_eq!(em.find::<Note>().with_filter(Tenant(4)).count()?, 1);
/// # Ok(()) }
/// # #[cfg(not(feature = "derive"))] fn main() {}
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no filter of `{T}`",
    label = "no filter of `{T}`",
    note = "write `impl EntityFilter<{T}> for {Self}`"
)]
pub trait EntityFilter<T: Managed>: Any + Send + Sync {
    /// What the rows must meet.
    fn condition(&self, path: T::Path<T>) -> Filter<T>;
}

/// The entities of a named filter: one, or a tuple of up to eight.
#[diagnostic::on_unimplemented(
    message = "`{F}` is no filter of `{Self}`",
    label = "expected entities that `{F}` is a filter of",
    note = "a filter implements `EntityFilter<T>` for each of its entities"
)]
pub trait FilterTargets<F> {
    /// Appends how the filter makes its condition for each of them.
    #[doc(hidden)]
    fn collect(bindings: &mut Vec<FilterBinding>);
}

impl<F: EntityFilter<T>, T: Managed> FilterTargets<F> for T {
    fn collect(bindings: &mut Vec<FilterBinding>) {
        bindings.push(binding::<F, T>());
    }
}

macro_rules! tuples {
    ($($($name:ident)*;)*) => {
        $(impl<F0, $($name: FilterTargets<F0>),*> FilterTargets<F0> for ($($name,)*) {
            fn collect(bindings: &mut Vec<FilterBinding>) {
                $($name::collect(bindings);)*
            }
        })*
    };
}

tuples! {
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
    A B C D E F G;
    A B C D E F G H;
}

/// Turns a filter on for one call, for an entity of which it need not be registered.
pub(super) fn turn_on<F: EntityFilter<T>, T: Managed>(choices: &mut FilterChoices, filter: F) {
    choices.turn_on(filter, Some(binding::<F, T>()));
}

/// How the filter makes its condition for an entity.
fn binding<F: EntityFilter<T>, T: Managed>() -> FilterBinding {
    fn condition<F: EntityFilter<T>, T: Managed>(filter: &dyn Any) -> Condition {
        let filter = filter.downcast_ref::<F>();
        let filter = filter.expect("a filter's value is kept under its type");
        filter.condition(Path::root().into()).into_condition()
    }
    FilterBinding {
        entity: TypeId::of::<T>(),
        entity_name: T::NAME,
        filter: TypeId::of::<F>(),
        filter_name: filter_name::<F>(),
        condition: condition::<F, T>,
    }
}

/// The filters of a unit of work.
#[derive(Clone, Default)]
pub(crate) struct Filters {
    registry: Arc<FilterRegistry>,
    chosen: FilterChoices,
}

impl Filters {
    pub(crate) fn new(registry: Arc<FilterRegistry>) -> Self {
        Self {
            registry,
            chosen: FilterChoices::default(),
        }
    }

    /// With what a call says of them.
    pub(super) fn active<'a>(
        &'a self,
        schema: &'a Schema,
        called: &'a FilterChoices,
    ) -> ActiveFilters<'a> {
        ActiveFilters {
            schema,
            registry: &self.registry,
            chosen: &self.chosen,
            called,
        }
    }
}

impl EntityManager {
    /// Turns a named filter on for this unit of work, with these parameters, for all entities that it
    /// is registered for: `em.set_filter(Tenant(3))?`.
    ///
    /// # Errors
    /// [`Error::Schema`] if the filter is not registered, for then it would filter nothing.
    pub fn set_filter<F: Any + Send + Sync>(&mut self, filter: F) -> Result<()> {
        if !self.filters.registry.knows(TypeId::of::<F>()) {
            let name = filter_name::<F>();
            return Err(Error::Schema(vec![format!(
                "the filter `{name}` is not registered for any entity, so it would filter nothing; register it with \
                 `Orm::builder().optional_filter::<(..), {name}>()`"
            )]));
        }
        self.filters.chosen.turn_on(filter, None);
        Ok(())
    }

    /// Turns a named filter off for this unit of work, required ones included.
    pub fn disable_filter<F: Any>(&mut self) {
        self.filters.chosen.turn_off::<F>();
    }

    /// Makes a named filter what it was when this unit of work began: on, off or to be given.
    pub fn reset_filter<F: Any>(&mut self) {
        self.filters.chosen.forget::<F>();
    }

    /// Whether any filter of the entity is on.
    pub(super) fn is_filtered(&self, index: EntityIndex) -> Result<bool> {
        let none = FilterChoices::default();
        let active = self.filters.active(&self.database.schema, &none);
        Ok(active.condition(index)?.is_some())
    }

    /// Adds the filters of an entity to a query of it: those that are on, and those of the call.
    ///
    /// # Errors
    /// [`Error::Query`] if a filter has no parameters yet.
    pub(super) fn apply_filters(
        &self,
        index: EntityIndex,
        query: &mut Query,
        called: &FilterChoices,
    ) -> Result<()> {
        let active = self.filters.active(&self.database.schema, called);
        active.apply(index, query)
    }
}
