//! Reading an entity together with its relations.

use std::fmt;

use super::{CollectionView, EntityManager, Managed, debug, not_loaded};
use crate::codec::RowKey;
use crate::context::Instance;
use crate::entity::{Checked, Handle, Id, Lazy, List, Loaded, Origin};
use crate::error::Result;

impl EntityManager {
    /// Reads an entity, and navigates its relations through the identity map:
    /// `em.view(article).author().full_name`.
    ///
    /// The view of a [`Loaded`](crate::Loaded) follows those relations that were populated, which the
    /// compiler sees to; the view of an [`Id`] follows any, and panics where something is not loaded.
    ///
    /// # Panics
    /// If the entity is not managed here, or not loaded; [`EntityManager::try_view`] is the checked
    /// way.
    #[must_use]
    #[track_caller]
    pub fn view<H: Handle<Entity: Managed>>(
        &self,
        handle: H,
    ) -> <H::Entity as Managed>::View<'_, H::Populated> {
        match self.try_view(handle) {
            Ok(view) => view,
            Err(error) => panic!("{error}"),
        }
    }

    /// As [`EntityManager::view`].
    ///
    /// # Errors
    /// [`NotLoaded`](crate::Error::NotLoaded) if the entity is not loaded.
    pub fn try_view<H: Handle<Entity: Managed>>(
        &self,
        handle: H,
    ) -> Result<<H::Entity as Managed>::View<'_, H::Populated>> {
        let id = handle.into_bare_id();
        let instance = self.loaded(&id).ok_or_else(|| not_loaded(&id))?;
        Ok(View {
            em: self,
            at: At::Loaded(instance, self.entity_at(instance)),
        }
        .into())
    }
}

/// What the generated views wrap: an entity, or a reference to one that is not loaded, together with
/// the unit of work.
pub struct View<'em, T: Managed> {
    em: &'em EntityManager,
    at: At<'em, T>,
}

enum At<'em, T: Managed> {
    Loaded(Instance, &'em T),
    /// Reached by a relation of a loaded entity, which holds the id.
    Reference(&'em Id<T>),
}

impl<T: Managed> Clone for View<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Managed> Copy for View<'_, T> {}

impl<T: Managed> Clone for At<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Managed> Copy for At<'_, T> {}

impl<'em, T: Managed> View<'em, T> {
    /// The view of what a relation refers to.
    pub(super) fn of(em: &'em EntityManager, id: &'em Id<T>) -> Self {
        let at = match em.loaded(id) {
            Some(instance) => At::Loaded(instance, em.entity_at(instance)),
            None => At::Reference(id),
        };
        Self { em, at }
    }

    /// The view of an instance.
    pub(crate) fn at(em: &'em EntityManager, instance: Instance) -> Self {
        Self {
            em,
            at: At::Loaded(instance, em.entity_at(instance)),
        }
    }

    pub(crate) fn em(&self) -> &'em EntityManager {
        self.em
    }

    pub(crate) fn instance(&self) -> Option<Instance> {
        match self.at {
            At::Loaded(instance, _) => Some(instance),
            At::Reference(_) => None,
        }
    }

    pub(crate) fn row_key(&self) -> RowKey {
        match self.at {
            At::Loaded(instance, _) => self.em.context.slot(instance).key.clone(),
            At::Reference(id) => id.row_key(),
        }
    }

    /// The id.
    #[must_use]
    pub fn id(&self) -> Id<T> {
        match self.at {
            At::Loaded(instance, _) => Id::from_own(&self.em.context.slot(instance).key),
            At::Reference(id) => id.clone(),
        }
    }

    /// The handle, with what the view is known to have populated.
    #[must_use]
    pub fn loaded<L: Checked>(&self) -> Loaded<T, L> {
        Loaded::new(self.id())
    }

    /// Whether the entity is loaded, and not just a reference.
    #[must_use]
    pub const fn is_initialized(&self) -> bool {
        matches!(self.at, At::Loaded(..))
    }

    /// The entity.
    ///
    /// # Panics
    /// If it is not loaded.
    #[track_caller]
    #[must_use]
    pub fn entity(&self) -> &'em T {
        match self.at {
            At::Loaded(_, entity) => entity,
            At::Reference(id) => panic!("{}", not_loaded(id)),
        }
    }

    /// The entity.
    ///
    /// # Errors
    /// [`NotLoaded`](crate::Error::NotLoaded) if it is not loaded.
    pub fn try_entity(&self) -> Result<&'em T> {
        match self.at {
            At::Loaded(_, entity) => Ok(entity),
            At::Reference(id) => Err(not_loaded(id)),
        }
    }

    /// The view of what a to-one relation refers to.
    pub fn to_one<U: Managed, L: List>(&self, id: &'em Id<U>) -> U::View<'em, L> {
        View::of(self.em, id).into()
    }

    /// The view of a collection.
    ///
    /// # Panics
    /// If the entity is not loaded.
    #[track_caller]
    #[must_use]
    pub fn to_many<U: Managed, L>(
        &self,
        items: &'em crate::entity::Collection<U>,
        field: usize,
    ) -> CollectionView<'em, U, L> {
        CollectionView::new(self.em, items, self.origin(field), self.id_text())
    }

    /// The view of who refers here.
    ///
    /// # Panics
    /// If that is not initialized.
    #[track_caller]
    pub fn inverse<U: Managed, L: List>(
        &self,
        item: &'em crate::entity::Inverse<U>,
        field: usize,
    ) -> Option<U::View<'em, L>> {
        assert!(
            item.is_initialized(),
            "{}",
            self.origin(field).not_loaded(Some(&self.id_text()))
        );
        item.as_id().map(|id| self.to_one(id))
    }

    /// The value of a lazy property.
    ///
    /// # Panics
    /// If it is not loaded.
    #[track_caller]
    pub fn lazy<V>(&self, value: &'em Lazy<V>, field: usize) -> &'em V {
        match value.get() {
            Some(value) => value,
            None => panic!("{}", self.origin(field).not_loaded(Some(&self.id_text()))),
        }
    }

    /// Prints as [`Debug`](fmt::Debug) does.
    ///
    /// # Errors
    /// What the formatter says.
    pub fn fmt_debug(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            At::Loaded(instance, _) => debug::fmt_instance(self.em, instance, f),
            At::Reference(_) => {
                debug::fmt_reference(self.em, self.em.entity_index::<T>(), &self.row_key(), f)
            }
        }
    }

    fn origin(&self, field: usize) -> Origin {
        let entity = self.em.database.schema.entity(self.em.entity_index::<T>());
        Origin {
            entity: entity.name,
            property: entity.fields[field].name,
        }
    }

    fn id_text(&self) -> String {
        self.id().to_string()
    }
}
